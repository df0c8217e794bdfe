"""Summarise: the digest with a section that a model wrote: goal, decisions, dead ends, what comes next.

It folds what the digest folds and asks about exactly that. Whatever goes wrong is raised: the history is then left
to the plain digest, which comes after it (see `pipeline`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from compactor.digest.narrative import (
    WORDS,
    Bound,
    Brief,
    SummaryRefused,
    checked,
    ends,
    merge,
    questions,
    quoted,
    tell,
)
from compactor.digest.quotable import without_secrets
from compactor.history.message import Kind
from compactor.history.turns import History
from compactor.strategies.digest import LEAST, SUMMARY, TAIL, Fold
from compactor.strategies.shares import cut
from compactor.strategies.strategy import Question, Room
from compactor.tokens.counter import Counter

PROMPT = 1_500
"""Characters of each end of a prompt that stays in the history; the summariser is shown it all the same."""


@dataclass(frozen=True, slots=True)
class Summarise:
    """Folds as `Digest` does and has a model sum up what it folds.

    Attributes:
        max_prompt: tokens of one prompt at most, in the summariser's tokens.
        max_tokens: tokens of one answer at most, in the summariser's tokens.
        counter: counts for the summariser; None takes the room's own.
        focus: what the summary shall give most room to.
        tail: see `Digest.tail`.
    """

    max_prompt: int = 24_000
    max_tokens: int = 800
    counter: Counter | None = None
    focus: str | None = None
    tail: float = TAIL
    name: str = 'summarise'

    def apply(self, history: History, room: Room) -> Generator[Question, Any, History]:
        """See `Strategy.apply`.

        Raises:
            SummaryRefused: the answer is not usable, or the prompt has no room for a record.
        """
        if history.tokens <= room.tokens:
            return history
        fold = Fold.plan(history, room, self.tail)
        budget = fold.budget(room)
        if not fold.steps or budget < LEAST:
            return history
        share = min(int(budget * SUMMARY), 2 * self.max_tokens)
        count, fit = (self.counter.count, self.counter.fit) if self.counter is not None else (room.count, room.fit)
        bound = Bound(self.max_prompt, count, fit)
        before = '\n'.join(filter(None, (fold.told, fold.before.summary)))
        brief = Brief(max(20, int(min(self.max_tokens, share) * WORDS)), self._focus(room), before)
        covers = tuple(folded.step.segments[0].message for folded in fold.steps)
        first, *rest = questions(lambda clip: _record(fold, clip), brief, bound)
        answer = yield Question(first, self.max_tokens, tuple(rest), covers)
        if not isinstance(answer, str):
            answer = yield Question(merge(answer, brief, bound), self.max_tokens, (), covers)
        return fold.carry_out(room, _usable(answer, fold, share, room))

    def _focus(self, room: Room) -> str | None:
        """What is asked for, as it may be told to the summariser."""
        return None if self.focus is None else without_secrets(self.focus, room.secrets)


def _usable(answer: str, fold: Fold, share: int, room: Room) -> str:
    """The answer as far as it is believed, within its share."""
    if room.count(answer) >= sum(folded.step.tokens for folded in fold.steps):
        raise SummaryRefused('the answer is not smaller than what it stands for')
    summary = cut(checked(answer, steps=fold.left().steps, known=lambda: _known(fold)), share, room.count)
    if not summary:
        raise SummaryRefused('no line of the answer fits its share of the digest')
    return summary


def _record(fold: Fold, clip: int) -> list[str]:
    """What is folded, oldest first, with the goal and the prompts that stay in their places.

    What stood in a digest without a summary comes as it stood there; with one, the summary tells it.
    """
    start = fold.before.left.steps
    told: list[tuple[int, int, str]] = [(f.ordinal, 1, tell(f.step.parts, f.ordinal, clip)) for f in fold.steps]
    quotes = [q for q in fold.said if q.step > start or not fold.before.summary]
    told += [(q.step, 0, quoted(q.text, q.step, q.voice)) for q in (*quotes, *fold.beside)]
    told += [(q.step, 0, quoted(ends(q.text, PROMPT), q.step, q.voice)) for q in fold.asked]
    if not fold.before.summary:
        told += [(q.step, 1, quoted(q.text, q.step, q.voice)) for q in fold.before.record]
    told.sort(key=lambda item: item[:2])
    return [text for _, _, text in told if text]


def _known(fold: Fold) -> Sequence[str]:
    """Every text that the summary may take a name from."""
    before = fold.before
    texts = [before.summary, fold.told, *before.files, *before.names]
    texts += [quote.text for quote in (*fold.said, *fold.beside, *before.record, *before.open)]
    texts += [text for f in before.failures.values() for text in (f.command, *f.lines)]
    texts += [part.text for folded in fold.steps for part in folded.step.parts if part.kind is not Kind.THINKING]
    texts += [part.text for exchange in fold.kept.exchanges for part in exchange.parts if part.kind is Kind.USER]
    return texts
