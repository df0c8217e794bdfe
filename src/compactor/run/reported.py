"""Whether the usage that a response reports is believed: an absurd or stuck figure is no measure of the history.

A server that truncates in silence answers 200 with the tokens that it has kept (Ollama): its figure stands still while
the history grows, and an estimate that counts from it would switch every protection off. Such a figure is refused, and
taken as the window that the server truncates to. The other way round, a provider counts what nobody can count here
(hosted tools, files by id, the prompt of a proxy): what is reported beyond what was counted is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from compactor.tokens.calibrate import HIGHEST, LARGEST_DELTA, LOWEST
from compactor.tokens.counter import Counter

Why = Literal['it did not grow with the history', 'it is far less than was sent', 'no request is as large', '']

STUCK = 0.1
"""Share of the history's growth up to which a figure is taken not to have grown with it."""
GREW = 0.03
"""Share of a request by which a history must have grown before its figure can be stuck; and at least `FEW`."""
FEW = 64
"""Tokens: a shorter step says nothing."""
SAME = 0.02
"""Two figures that differ by less are the same one."""
MUCH = 0.1
"""Share of a request: a history that has grown by more, under the same figure, leaves no doubt."""
NEAR = 0.85
"""Share of the largest figure that one which is cut to the same window has at least: servers drop whole messages."""
FAR_LESS = 0.4
"""Share of what was sent under which a figure is absurd: families lie between 0.7 and 1.63 (`tokens.families`), and our
own count of tools and framing is not better than a third. Proxies that leave out what came from a cache report so."""
SMALLEST = 500
"""Tokens of no window that anybody works with."""
SENT = 0.8
"""Share of a figure that must have been sent, by our own count, for a server to have kept it."""
HALF = 0.45
"""Share of its window to which a server truncates at least: Ollama goes on with half of it."""
UNCOUNTED = 0.1
"""Share of what was counted beyond which more that is reported is told; and at least `SOME`."""
SOME = 200
"""Tokens: templates and framing that our count does not know stay below."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one response reported of its request.

    Attributes:
        tokens: input tokens, instructions and tools included.
        base: the messages that were sent, in the units of the local tokenizer.
        vouched: a provider has sent it, and no stand-in of a test.
    """

    tokens: int
    base: int
    vouched: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What a figure has told beside its number.

    Attributes:
        figure: the figure.
        counted: what was counted of that request, in the model's tokens.
        why: why it is not believed, '' if it is.
        window: the window that the server seems to truncate to, if it does.
    """

    figure: Figure
    counted: int
    why: Why = ''
    window: int | None = None


@dataclass(slots=True)
class Trust:
    """How far the figures of one run are believed.

    Attributes:
        last: the newest figure since the history was last rewritten, believed or not.
        peak: the largest figure since then.
        doubts: figures in a row that were refused.
        uncounted: tokens that the newest figure has beyond what was counted, where they are many.
    """

    last: Figure | None = None
    peak: Figure | None = None
    doubts: int = 0
    uncounted: int = 0

    def weigh(
        self, figure: Figure, counter: Counter, overhead: int, window: int | None, told: int | None = None
    ) -> Finding | None:
        """Takes in a figure; returns what it tells, None where it only confirms what was counted.

        Args:
            figure: what was reported.
            counter: counts in the model's tokens.
            overhead: tokens of instructions and tools that went along.
            window: the model's window, if that is known.
            told: the window that its server told, or its user: it does not truncate to a small part of that.
        """
        counted = overhead + counter.scale(figure.base)
        last, self.last = self.last, figure
        why = self._doubt(figure, counter, counted, told or (4 * window if window is not None else None))
        if why:
            self.doubts += 1
            kept = self._kept(figure, counter, counted) if why == 'it did not grow with the history' else None
            if kept is not None and told is not None and kept < HALF * told:
                kept = None
            self.uncounted = 0
            return Finding(figure, counted, why, kept)
        self.doubts = 0
        self.peak = figure if self.peak is None or figure.tokens > self.peak.tokens else self.peak
        more = self._more(figure, last, counter, overhead, counted)
        first, self.uncounted = not self.uncounted, more
        return Finding(figure, counted) if more and first else None

    def rewritten(self) -> None:
        """The history was made smaller: the next figure is compared with none before."""
        self.last = self.peak = None

    def _doubt(self, figure: Figure, counter: Counter, counted: int, most: int | None) -> Why:
        """Why a figure is not believed; `most` is what no request can have: a window of the tables may be too small."""
        if figure.tokens > LARGEST_DELTA or (most is not None and figure.tokens >= most):
            return 'no request is as large'
        peak = self.peak
        if peak is not None:
            grown = counter.scale(max(0, figure.base - peak.base))
            if grown >= max(FEW, GREW * figure.tokens) and figure.tokens - peak.tokens <= STUCK * grown:
                return 'it did not grow with the history'
        return 'it is far less than was sent' if figure.tokens < FAR_LESS * counted - FEW else ''

    def _kept(self, figure: Figure, counter: Counter, counted: int) -> int | None:
        """The window that a server seems to truncate to, once there is little doubt.

        No server keeps more than it was sent, and none has so small a window.
        """
        peak = self.peak
        if peak is None or not figure.vouched or figure.tokens < SMALLEST or figure.tokens * SENT > counted:
            return None
        grown = counter.scale(figure.base - peak.base)
        same = abs(figure.tokens - peak.tokens) <= SAME * peak.tokens
        if (same and grown >= MUCH * figure.tokens) or (self.doubts >= 2 and figure.tokens >= NEAR * peak.tokens):
            return max(figure.tokens, peak.tokens)
        return None

    def _more(self, figure: Figure, last: Figure | None, counter: Counter, overhead: int, counted: int) -> int:
        """Tokens of a figure beyond what was counted, where no error of the tokenizer's ratio explains them."""
        expected = counted
        if counter.method != 'exact':
            units = figure.base + overhead / counter.ratio
            ratio = HIGHEST
            if last is not None and figure.base > last.base:
                ratio = max(counter.ratio, (figure.tokens - last.tokens) / (figure.base - last.base))
            expected = round(min(max(ratio, LOWEST), HIGHEST) * units)
        if not figure.vouched and (last is None or not self._grows(figure, last, counter)):
            return 0
        more = figure.tokens - expected
        return more if more > max(SOME, UNCOUNTED * counted) else 0

    @staticmethod
    def _grows(figure: Figure, last: Figure, counter: Counter) -> bool:
        """Whether a figure has grown as the history has."""
        grown = figure.base - last.base
        return grown > 0 and LOWEST / 2 <= (figure.tokens - last.tokens) / grown <= HIGHEST * 2
