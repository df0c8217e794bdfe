"""What a request is made of, by kind of part: each message of a growing history is looked at once."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compactor.compaction import Compaction
from compactor.history.message import Message
from compactor.ledger.context import PARTS, Context
from compactor.run.counted import Counted
from compactor.tokens.counter import Counter


@dataclass(slots=True)
class ByPart:
    """Sums over one run's history, in the units of the local tokenizer; goes on where it has grown."""

    _messages: Sequence[Message] = ()
    _seen: int = 0
    _sums: Tally[str] = field(default_factory=Tally)

    def of(self, messages: Sequence[Message]) -> Tally[str]:
        """Units by name (`ledger.context.PARTS`).

        Args:
            messages: the view of a history. One that is the very list of the last time has only grown since.
        """
        if messages is not self._messages or len(messages) < self._seen:
            self._messages, self._seen, self._sums = messages, 0, Tally()
        for message in messages[self._seen :]:
            for part in message.parts:
                self._sums[PARTS.get(part.kind.value, 'other')] += part.tokens
        self._seen = len(messages)
        return self._sums


def context_of(
    by_part: ByPart, counted: Counted, compaction: Compaction[Any], instructions: Sequence[str], counter: Counter
) -> Context:
    """What a request is made of that is about to be sent.

    Args:
        by_part: the sums of the run's history.
        counted: that history, as it is sent.
        compaction: what was made of it.
        instructions: what travels beside it.
        counter: counts in the model's tokens.
    """
    beside = compaction.context.overhead
    said = min(beside, counter.scale(sum(counter.base(text) for text in instructions)))
    parts = {'instructions': said, 'tools': beside - said}
    parts |= {name: counter.scale(units) for name, units in by_part.of(counted.tracker.messages).items()}
    applied = compaction.applied
    return Context(
        compaction.tokens_after,
        compaction.context.window or compaction.limits.max_input,
        {name: tokens for name, tokens in parts.items() if tokens > 0},
        compaction.tokens_before if applied else 0,
        tuple(one.strategy for one in applied),
    )
