"""The note in an output that was made smaller, by which its whole is asked for again (see `Allowance`)."""

from __future__ import annotations

import re

from compactor.history.handles import HANDLE

_RECALL = re.compile(rf'\brecall ([0-9a-f]{{{HANDLE}}})\]')


def handles_in(text: str) -> list[str]:
    """The handles of whole outputs that the notes in a text name."""
    return _RECALL.findall(text)


def names_an_output(text: str) -> bool:
    """Whether a text has such a note."""
    return '; recall ' in text and _RECALL.search(text) is not None
