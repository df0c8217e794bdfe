"""Whether something was left out of a history that an archive may give back.

What says so has a seal, or is held by the archive: a result that looks like a shortened one is a page's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.prints import noted
from compactor.history.seal import Seal
from compactor.outputs.notes import handles_in, names_an_output
from compactor.run.cut import holds


def was_cut(messages: Sequence[ModelMessage], seal: Seal) -> bool:
    """Whether a history was cut, by what is noted with it and by its marks."""
    noted_here = (value for message in reversed(messages) if (value := noted(message)) is not None)
    return any(holds(value, seal) for value in noted_here) or newest_handle(messages, seal) is not None


def outputs_named(messages: Sequence[ModelMessage]) -> list[str]:
    """The handles of whole outputs that results name, the newest first: as many as are worth asking for."""
    texts = (
        part.content
        for message in reversed(messages)
        if message.kind == 'request'
        for part in message.parts
        if part.part_kind in ('tool-return', 'retry-prompt') and isinstance(part.content, str)
    )
    named = (handle for text in texts if names_an_output(text) for handle in handles_in(text))
    return list(islice(dict.fromkeys(islice(named, 10 * ASKED)), ASKED))


ASKED = 32
"""Outputs that an archive is asked for at most: one that it holds is enough."""
