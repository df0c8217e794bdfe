"""What a reducer may write, and what it knows beside the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from compactor.tokens.counter import Counter

LEAST = 16
"""No allowance is smaller, in tokens: less than this cannot even say that something was left out."""


@dataclass(frozen=True)
class Allowance:
    """The room of one output.

    Attributes:
        tokens: most tokens of the result, its notes included.
        counter: counts them.
        question: identifiers and words that the output is wanted for, from the current prompt and the call's own
            arguments; what holds them is kept before its equals.
        path: the file that the output shows, where the call names one.
        failed: whether the call failed: its errors come first, then. None where that is not known.
        handle: where the archive keeps the whole output, so that a note may say how to get it back; None if nowhere.
        head_lines: lines of the beginning that `HEADS_TAILS` keeps at most; None for as many as fit.
        tail_lines: lines of the end that it keeps at most.
    """

    tokens: int
    counter: Counter
    question: frozenset[str] = frozenset()
    path: str | None = None
    failed: bool | None = None
    handle: str | None = None
    head_lines: int | None = None
    tail_lines: int | None = None

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return self.counter.count(text)

    def holds(self, text: str) -> bool:
        """Whether a text is within the allowance; costs no more than counting the allowance, however long the text."""
        return not self.counter.exceeds(text, self.tokens)

    def left_out(self, what: str) -> str:
        """The note that says what is missing, on one line: '[412 of 1,290 lines left out; recall ab12cd34ef567890]'."""
        return f'[{what} left out; recall {self.handle}]' if self.handle else f'[{what} left out]'

    def with_tokens(self, tokens: int) -> Allowance:
        """The same with another size."""
        return replace(self, tokens=max(1, tokens))

    def asks_for(self, text: str) -> bool:
        """Whether a text holds something that the question names."""
        asks = self.asking(text)
        return asks is not None and asks(text)

    def asking(self, whole: str) -> Callable[[str], bool] | None:
        """A test for pieces of a text: does the piece hold what the question names? None if the whole does not."""
        lower = whole.lower()
        present = [word for word in self.question if word.lower() in lower]
        if not present:
            return None
        longest = sorted(present, key=lambda word: (-len(word), word))
        found = re.compile('|'.join(map(re.escape, longest)), re.IGNORECASE).search
        return lambda text: found(text) is not None
