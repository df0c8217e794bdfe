"""Notices what an agent gets again that a compaction has taken: only what is new in a history is looked at.

A result that was taken is known by its call: the tool and its arguments, whatever their order, and the files that the
call shows. What was got again stands in the history again, and counts once more only when it was taken once more. That
a call was needed again because the world had changed cannot be told: what is booked is the most that was lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compactor.bounded import Bounded
from compactor.digest.commands import arguments
from compactor.digest.reads import reads
from compactor.history.message import CALL, RESULT, Message, Part
from compactor.ledger.reacquired import Reacquired
from compactor.locks import new_lock
from compactor.run.tool_names import RECALL
from compactor.tokens.memo import TextMemo

CONVERSATIONS = 256
"""Conversations of which it is known what was taken, the newest."""
MOST = 20_000
"""Calls of a conversation, and files, that are known at most; the oldest go first."""


@dataclass(slots=True)
class Taken:
    """What compactions have taken of one conversation.

    Attributes:
        calls: fingerprints of calls whose results are gone.
        files: files that were shown by such calls.
        seen: messages of the history that were looked at; None before the first look.
    """

    calls: Bounded[str, bool] = field(default_factory=lambda: Bounded(MOST))
    files: Bounded[str, bool] = field(default_factory=lambda: Bounded(MOST))
    seen: int | None = None

    def take(self, before: Sequence[Message], after: Sequence[Message]) -> None:
        """Notes whose results stood in a history whole, and do not after its compaction."""
        whole = {id(part.raw) for message in after for part in message.parts if part.kind is RESULT and not part.edited}
        for call, result in _pairs(before):
            if id(result.raw) not in whole and call.tool != RECALL:
                print, files = _known(call)
                self.calls[print] = True
                for file in files:
                    self.files[file] = True

    def again(self, messages: Sequence[Message]) -> Iterator[tuple[Reacquired, Part]]:
        """What was got again in the messages that are new, each with its result."""
        seen, self.seen = self.seen, len(messages)
        if seen is None or seen >= len(messages) or not (self.calls or self.files):
            return
        for call, result in _pairs(messages[seen:]):
            if call.tool == RECALL:
                yield Reacquired(call.tool, 'recall', result.tokens), result
                continue
            print, files = _known(call)
            known = self.calls.pop(print, False)
            shown = [self.files.pop(file, False) for file in files]
            if known or any(shown):
                yield Reacquired(call.tool, 'reread' if files else 'rerun', result.tokens), result


class Reacquiring:
    """What was taken of the conversations of one `Compactor`, as long as the process lives."""

    def __init__(self) -> None:
        self._taken: Bounded[str, Taken] = Bounded(CONVERSATIONS)
        self._lock = new_lock()

    def of(self, conversation: str | None, run: str | None) -> Taken:
        """What was taken of a conversation, as a run of it goes on; nothing of its history is new to that run yet."""
        name = conversation or run
        if not name:
            return Taken()
        with self._lock:
            known = self._taken.of(name, Taken)
        return Taken(known.calls, known.files)


def _known(call: Part) -> tuple[str, tuple[str, ...]]:
    """A call's fingerprint and the files that it shows; remembered, as the same calls are taken again and again."""
    key = f'{call.tool} {call.text}'
    found = _remembered.get(key)
    if found is None:
        found = fingerprint(call), tuple(read.path for read in reads(call))
        _remembered.put(key, found)
    return found


_remembered: TextMemo[tuple[str, tuple[str, ...]]] = TextMemo(2 * 1024 * 1024)


def fingerprint(call: Part) -> str:
    """A call by its tool and its arguments, in any order and spacing."""
    values = arguments(call.text)
    try:
        said = json.dumps(values, sort_keys=True, separators=(',', ':'))
    except (TypeError, ValueError, RecursionError):
        said = call.text
    told = f'{call.tool}\0{said}'.encode('utf-8', 'surrogatepass')
    return hashlib.blake2b(told, digest_size=12).hexdigest()


def _pairs(messages: Sequence[Message]) -> Iterator[tuple[Part, Part]]:
    """Calls with their results, paired in the order in which they stand."""
    waiting: dict[str, list[Part]] = {}
    for message in messages:
        for part in message.parts:
            if part.kind is CALL:
                waiting.setdefault(part.call_id, []).append(part)
            elif part.kind is RESULT and (calls := waiting.get(part.call_id)):
                yield calls.pop(0), part
