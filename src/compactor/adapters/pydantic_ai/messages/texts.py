"""The messages of a history as texts: for counting them one by one, and for searching in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic_ai.messages import ModelMessage

from compactor import offline
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.archive.archive import Archive
from compactor.archive.entry import text_of
from compactor.history.format import Format
from compactor.history.marks import spoken
from compactor.history.message import MARK
from compactor.run.keys import key_for
from compactor.tokens.counter import counter_for


class MessageText(NamedTuple):
    """A message: its number from 1, its role, and its text as the archive would show it."""

    number: int
    role: str
    text: str


def texts_of(messages: Sequence[ModelMessage]) -> Iterator[MessageText]:
    """Every message that says something; thinking and the framework's bookkeeping are left out."""
    form: Format[ModelMessage] = FORMAT
    tracker = offline.tracked(form, messages, counter_for(None))
    for number, message in enumerate(tracker.messages, 1):
        text = text_of(message.parts)
        if text:
            yield MessageText(number, message.role, text)


def handle_in(messages: Sequence[ModelMessage], archive: Archive) -> str | None:
    """The handle under which an archive keeps what was left out of a history; None where nothing was."""
    return newest_handle(messages, FORMAT.seal(messages, key_for(None, archive)))


def marks_in(messages: Sequence[ModelMessage], archive: Archive) -> list[str]:
    """What the notes in a history say that compactions have left in it, oldest first."""
    form: Format[ModelMessage] = FORMAT
    tracker = offline.tracked(form, messages, counter_for(None), FORMAT.seal(messages, key_for(None, archive)))
    return [spoken(part.text) for message in tracker.messages for part in message.parts if part.kind is MARK]
