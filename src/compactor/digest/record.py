"""The lines that a digest chooses from: those of the steps it folds, as columns, with their step and voice."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress

from compactor.digest.evidence import Lines, Voice


@dataclass(frozen=True, slots=True)
class Use:
    """What a step says in one voice: the ordinal of the step, who speaks, and tokens from there to the end."""

    step: int
    voice: Voice
    back: int


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
    _places: dict[tuple[int, Voice], int] = field(default_factory=dict)
    _ends: list[tuple[int, Voice]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, lines: Lines, step: int, voice: Voice, back: int) -> None:
        """Puts the lines of one text behind those that are there."""
        place = self._places.setdefault((step, voice), len(self.uses))
        if place == len(self.uses):
            self.uses.append(Use(step, voice, back))
        self.texts += lines.texts
        self.names += lines.names
        self.words += lines.words
        self.sizes += lines.sizes
        self.use += [place] * len(lines)
        self._ends.append((len(self), voice))

    def of(self, line: int) -> Use:
        """Who speaks in a line, and where."""
        return self.uses[self.use[line]]

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
