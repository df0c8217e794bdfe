"""What a strategy is: a frozen value with one method, from a history to a smaller history.

Triggers and order live in the pipeline and the policy; a strategy only knows how much room there is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

from compactor.digest.trusted import DEFAULT, Trusted
from compactor.history.message import Message
from compactor.history.reasoning import NO_RULE, ReasoningRule
from compactor.history.turns import History
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets


@dataclass(frozen=True, slots=True)
class Question:
    """What a strategy asks a model; the driver answers with its text.

    Attributes:
        prompt: what to ask.
        max_tokens: tokens of the answer at most, in the model's own tokens.
        beside: more prompts, to be asked at the same time; the answer is then one text a prompt, `prompt`'s first. A
            driver that has the text which all of this leads to may answer with that one text.
        covers: the first message of every step that is asked about, in order.
    """

    prompt: str
    max_tokens: int
    beside: tuple[str, ...] = ()
    covers: tuple[Message, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Room:
    """How much a history may hold, and how to count.

    Attributes:
        tokens: the size to reach, in the units of the local tokenizer.
        max_exchanges: exchanges to keep at most, or None.
        max_steps: steps (a response and its results) to keep at most, or None.
        count: size of a text in the same units.
        fit: longest beginning of a text within a number of tokens.
        fit_end: longest end of a text within a number of tokens.
        protect_tools: names of tools whose calls and results stay whole.
        may_clamp_prompts: whether user prompts may be clamped when all else failed.
        frame: tokens that the framework spends on the words around a summary of ours.
        reminders: whether a reminder in mid-conversation goes where a later one differs from it in numbers alone.
        secrets: what is redacted in whatever is quoted; None for nothing.
        trusted: files and tools whose words bind an agent.
        band: share for the bands of steps beside a digest (see `bands.py`); 0 for none.
        rule: what the provider demands of thinking.
    """

    tokens: int
    max_exchanges: int | None
    count: Callable[[str], int]
    fit: Callable[[str, int], str]
    fit_end: Callable[[str, int], str]
    protect_tools: Collection[str] = ()
    may_clamp_prompts: bool = False
    frame: int = 0
    reminders: bool = False
    max_steps: int | None = None
    secrets: Secrets | None = HIGH_CONFIDENCE
    trusted: Trusted = DEFAULT
    band: float = 0.0
    rule: ReasoningRule = NO_RULE


class Strategy(Protocol):
    """Frees tokens in one way. Its `name` is how policies and reports call it."""

    @property
    def name(self) -> str:
        """The name used in policies and reports."""
        ...

    def apply(self, history: History, room: Room) -> History | Generator[Question, Any, History]:
        """The history brought towards `room.tokens`; the same object where there is nothing to do.

        No message of it may be empty, and what is unchanged is the same object: `map` of a history, a step or a segment
        sees to both (`history.turns`).

        A strategy that needs a model is a generator: it yields questions and is sent their answers (see `Question`). An
        exception thrown in instead, or raised by the strategy, leaves the history to the strategies that follow.
        """
        ...
