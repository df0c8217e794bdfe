"""Whether a command failed, as far as its output says: by the exit code that tools print at its beginning or end."""

from __future__ import annotations

import re

_EXIT = re.compile(
    r'(?:exit(?:ed)?(?: with)?(?: code| status)?|return ?code|exit_code"?)\s*[:=]?\s*(-?\d+)', re.IGNORECASE
)
_EDGE = 300
"""Characters at each end in which tools report the code; in between, the words may be anybody's."""


def failed_by(text: str) -> bool | None:
    """True or False by the exit code, None where none is told."""
    found = _EXIT.search(text[:_EDGE]) or _EXIT.search(text[-_EDGE:])
    return None if found is None else found[1] != '0'
