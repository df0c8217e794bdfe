"""A stack as it stands in a text: where its type, its message and its frames are."""

from __future__ import annotations

from dataclasses import dataclass, field

from compactor.outputs.logs.frames import Frame


@dataclass(slots=True)
class Placed:
    """A frame and its lines: `[start, end)`."""

    start: int
    end: int
    frame: Frame


@dataclass(slots=True)
class Stack:
    """One stack.

    Attributes:
        start: its first line.
        end: the line after its last.
        heads: lines that give type and message.
        messages: lines that go on with a message.
        frames: from the outermost to the innermost, or the other way round, as in the text.
        links: lines that tie it to the stack before: 'During handling of the above exception…', 'created by'.
        folded: lines by which the log itself says that frames repeat.
        crashed: for goroutines and threads: whether it is the one that brought the program down.
        machinery: how many of the first frames belong to the runtime's handling of a panic.
    """

    start: int
    end: int = 0
    heads: list[int] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    frames: list[Placed] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    folded: list[int] = field(default_factory=list)
    crashed: bool = True
    machinery: int = 0

    @property
    def inmost_first(self) -> list[Placed]:
        """The frames, the innermost first; behind them those that only carry out the panic."""
        if self.frames and self.frames[0].frame.last:
            return self.frames[::-1]
        return self.frames[self.machinery :] + self.frames[: self.machinery]
