"""The lines that a digest chooses from: those of the steps it folds, as columns, with their step and voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

from compactor.digest.evidence import Lines, Voice, lines_of
from compactor.digest.failures import pairs_of
from compactor.history.message import CALL, Part


@dataclass(frozen=True, slots=True)
class Use:
    """What a step says in one voice: the ordinal of the step, who speaks, and tokens from there to the end.

    `source` is the call that an output answers, as its first line tells it; '' where nobody knows.
    """

    step: int
    voice: Voice
    back: int
    source: str = ''


@dataclass(slots=True)
class Record:
    """Candidate lines in order, as columns; `uses[use[i]]` says who speaks in line i, and where.

    Attributes:
        texts: what each line says.
        names: the names in it.
        words: its words as a bit set.
        sizes: how many these are.
        use: index of its step and voice.
        uses: steps and voices, each once.
    """

    texts: list[str] = field(default_factory=list)
    names: list[tuple[str, ...]] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    use: list[int] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    _places: dict[tuple[int, Voice, str], int] = field(default_factory=dict)
    _ends: list[tuple[int, Voice]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, lines: Lines, step: int, voice: Voice, back: int, source: str = '') -> None:
        """Puts the lines of one text behind those that are there."""
        place = self._places.setdefault((step, voice, source), len(self.uses))
        if place == len(self.uses):
            self.uses.append(Use(step, voice, back, source))
        self.texts += lines.texts
        self.names += lines.names
        self.words += lines.words
        self.sizes += lines.sizes
        self.use += [place] * len(lines)
        self._ends.append((len(self), voice))

    def of(self, line: int) -> Use:
        """Who speaks in a line, and where."""
        return self.uses[self.use[line]]

    def copy(self) -> Record:
        """The same lines, to which others may be added."""
        copied = Record([*self.texts], [*self.names], [*self.words], [*self.sizes], [*self.use], [*self.uses])
        copied._ends = [(i + 1, use.voice) for i, use in enumerate(map(self.of, range(len(self))))]
        return copied

    def distinct(self) -> Record:
        """Each line once for each voice: the newest stands for all, which recur in the names' values."""
        newest: dict[Voice, dict[str, int]] = {voice: {} for voice in Voice}
        start = 0
        for end, voice in self._ends:
            newest[voice].update(zip(self.texts[start:end], range(start, end), strict=True))
            start = end
        if sum(map(len, newest.values())) == len(self):
            return self
        kept = bytearray(len(self))
        for lines in newest.values():
            for i in lines.values():
                kept[i] = 1
        return Record(
            [*compress(self.texts, kept)],
            [*compress(self.names, kept)],
            [*compress(self.words, kept)],
            [*compress(self.sizes, kept)],
            [*compress(self.use, kept)],
            self.uses,
        )


def in_order(parts: Sequence[Part]) -> Iterator[tuple[Part, str]]:
    """The parts of a step, each result behind its call and with the call's first line."""
    pairs = pairs_of(parts)
    answers = {id(call): result for call, result in pairs}
    paired = {id(result) for _, result in pairs}
    for part in parts:
        if id(part) in paired:
            continue
        yield part, ''
        if part.kind is CALL and (answer := answers.get(id(part))) is not None:
            yield answer, next(iter(lines_of(part).texts), part.tool)
