"""How hard a task is: the mean of what was measured, and nothing else.

A factor that nobody measured takes no part, so that no made-up figure pulls the mean down. Where nothing was measured
the task is moderate. Counts of files put a floor under the level, whatever the mean says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache, cached_property
from math import isfinite
from types import MappingProxyType
from typing import Literal

from compactor.errors import ConfigError
from compactor.request.task import question_of
from compactor.routing.letter import by_count, by_factors
from compactor.routing.phrases import Phrases, split, words_of
from compactor.routing.row import normal, shown
from compactor.routing.words import HINT, LANGUAGES


class Complexity(IntEnum):
    """How hard a task is; `Complexity('complex')` works too. A scale of three has simple, moderate and complex."""

    TRIVIAL = 1
    """One line: a typo, a name."""
    SIMPLE = 2
    """One function."""
    MODERATE = 3
    """Several functions."""
    COMPLEX = 4
    """Several files, or a design."""
    EXPERT = 5
    """What must not fail, or spans systems."""

    @classmethod
    def _missing_(cls, value: object) -> Complexity | None:
        return cls.__members__.get(value.strip().upper()) if isinstance(value, str) else None

    @property
    def label(self) -> str:
        """Its name in lower case."""
        return self.name.lower()


def level_of(value: object) -> Complexity:
    """The level of that name or number; `ConfigError` lists the names if there is none."""
    found = next((level for level in Complexity if value == level or str(value).strip().lower() == level.label), None)
    if found is None:
        names = ', '.join(level.label for level in Complexity)
        raise ConfigError(f'there is no level {value!r}; there are: {names}')
    return found


@dataclass(frozen=True, slots=True)
class Factors:
    """What was measured of a task; None for what was not.

    Attributes:
        prompt: the last thing a person has written; only phrases of the table are looked for.
        files: how many files it concerns.
        lines: how many lines change.
        file_bytes: size of the file it concerns; None if it could not be read.
        code: complexity of that code from 0 to 1, by a measure of the caller's.
        task: what is to be done, a key into `Scale.tasks`.

    Raises:
        ConfigError: a count is negative, or `code` lies outside 0 to 1.
    """

    prompt: str | None = None
    files: int | None = None
    lines: int | None = None
    file_bytes: int | None = None
    code: float | None = None
    task: str | None = None

    def __post_init__(self) -> None:
        for name in ('files', 'lines', 'file_bytes'):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ConfigError(f'{name} is a count, not {value!r}: leave out what was not measured')
        if self.code is not None and not (isfinite(self.code) and 0 <= self.code <= 1):
            raise ConfigError(f'code is a complexity from 0 to 1, not {self.code!r}')


@dataclass(frozen=True, slots=True)
class Measured:
    """How hard a task is.

    Attributes:
        level: the level.
        score: mean of the factors, 0 to 1; None where none was measured.
        factors: each factor that was measured, 0 to 1.
        why: one line; of a prompt it names phrases of the table only.
    """

    level: Complexity
    score: float | None
    factors: Mapping[str, float]
    why: str


VALUES = (0.1, 0.3, 0.55, 0.8, 0.95)
"""What a phrase, a number of files or of lines of each level counts; ours, each well inside its level's range."""
ABOVE = (0.15, 0.4, 0.7, 0.85)
"""Scores above which a task is simple, moderate, complex, expert. 0.4 and 0.7 are those of the Ez Aigents plan."""
FILES = (1, 2, 5, 20)
"""Most files of a trivial, simple, moderate, complex task (Tokenette Pro); more is for experts."""
LINES = (5, 50, 200, 1_000)
"""Most lines that change, likewise (Tokenette Pro)."""
MODERATE_FILES = 5
"""From so many files on a task is at least moderate (Tokenette Pro)."""
COMPLEX_FILES = 20
"""From so many files on a task is at least complex (Tokenette Pro)."""
FULL_FILE = 50_000
"""Bytes of a file that count as 1 (Ez Aigents plan)."""
HARD, EASY = 0.8, 0.2
TASKS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(('architecture', 'refactor', 'security', 'optimization', 'planning'), HARD),
        **dict.fromkeys(('comment', 'rename', 'format', 'typo', 'completion', 'tool_call'), EASY),
    }
)
"""What a task counts, as in the Ez Aigents plan. Its 0.5 for any other task is left out: to write code, or to review
it, may be easy or hard, so that such a task says nothing, and counts as not measured."""


KEYWORD = 0.2
"""What each keyword adds by the rule 'factors' (Ez Aigents plan)."""
MIDDLE = 0.5
"""What a prompt without any of the words of `tasks` counts by the rule 'factors' (Ez Aigents plan)."""
Rule = Literal['mean', 'count', 'factors']
"""How factors become a level: the mean of what was measured; the level with the most keywords (`letter.by_count`); or
the mean of file, task and keywords alone (`letter.by_factors`)."""


@dataclass(frozen=True)
class Scale:
    """How factors become a level; every figure may be set.

    Attributes:
        words: phrases by level, over those of `words.py`.
        tasks: what a task counts, 0 to 1, over `TASKS`.
        values: what a phrase, or a number of files or lines, of each of the five levels counts, 0 to 1.
        above: scores above which a task is simple, moderate, complex, expert.
        files: most files of a trivial, simple, moderate, complex task.
        lines: most lines that change, likewise.
        moderate_files: files from which on a task is at least moderate.
        complex_files: files from which on it is at least complex.
        full_file: bytes of a file that count as 1.
        rule: how they become a level. By 'count' and 'factors' keywords are only those of `words`, found anywhere in
            the text; by 'factors' those of the complex level, and `tasks` are words as well.

    Raises:
        ConfigError: thresholds do not rise, a phrase has no word, a task counts less than 0 or more than 1.
    """

    words: Mapping[str, Iterable[str]] = field(default_factory=dict)
    tasks: Mapping[str, float] = field(default_factory=dict)
    values: tuple[float, float, float, float, float] = VALUES
    above: tuple[float, float, float, float] = ABOVE
    files: tuple[int, int, int, int] = FILES
    lines: tuple[int, int, int, int] = LINES
    moderate_files: int = MODERATE_FILES
    complex_files: int = COMPLEX_FILES
    full_file: int = FULL_FILE
    rule: Rule = 'mean'

    def __post_init__(self) -> None:
        for name in ('above', 'files', 'lines'):
            steps = getattr(self, name)
            if len(steps) != len(Complexity) - 1 or list(steps) != sorted(steps):
                raise ConfigError(f'{name} has four figures that rise, from trivial to complex, not {steps!r}')
        if [self._level(value) for value in self.values] != list(Complexity):
            raise ConfigError(f'values: each of {self.values} lies in the range of its level, between those of above')
        if not 0 < self.moderate_files <= self.complex_files or self.full_file <= 0:
            raise ConfigError('moderate_files is positive and at most complex_files; full_file is positive')
        for task, value in self.tasks.items():
            if not 0 <= value <= 1:
                raise ConfigError(f'the task {task!r} counts from 0 to 1, not {value!r}')
        for name in self.words:
            if name != HINT and level_of(name).label != name:
                raise ConfigError(f'words: levels are in lower case, not {name!r}')
        if self.words:
            _ = self._phrases  # a phrase without a word is told now, not at the first request

    def measure(self, factors: Factors) -> Measured:
        """How hard a task is, by what was measured of it."""
        if self.rule == 'count':
            return self._counted(factors)
        if self.rule == 'factors':
            return self._by_factors(factors)
        values: dict[str, float] = {}
        told: list[str] = []
        if factors.prompt:
            self._read(factors.prompt, values, told)
        if factors.task is not None and (value := self._tasks.get(normal(factors.task))) is not None:
            values['task'] = value
            told.append(f'task {value:.2f} ({shown(factors.task)})')
        for name, count, steps in (('files', factors.files, self.files), ('lines', factors.lines, self.lines)):
            if count is not None:
                values[name] = self.values[_step(count, steps) - 1]
                told.append(f'{name} {values[name]:.2f} ({count:,})')
        if factors.file_bytes is not None:
            values['file_bytes'] = min(1.0, factors.file_bytes / self.full_file)
            told.append(f'file_bytes {values["file_bytes"]:.2f} ({factors.file_bytes:,})')
        if factors.code is not None:
            values['code'] = factors.code
            told.append(f'code {factors.code:.2f}')
        if not values:
            return Measured(Complexity.MODERATE, None, values, 'moderate (nothing measured)')
        score = round(sum(values.values()) / len(values), 6)
        level, floor = self._level(score), self._floor(factors.files)
        if floor is not None and floor > level:
            level = floor
            told.append(f'at least {floor.label} with so many files')
        return Measured(level, score, values, f'{level.label} {score:.2f} ({", ".join(told)})')

    def _counted(self, factors: Factors) -> Measured:
        labels = tuple(level.label for level in Complexity)
        prompt = question_of(factors.prompt) if factors.prompt else None
        floors = (self.moderate_files, self.complex_files)
        most = (self.files, self.lines)
        place, told = by_count(prompt, factors.files, factors.lines, self.words, labels, most, floors)
        level = Complexity(1 + place)
        return Measured(level, None, {}, f'{level.label} ({told})')

    def _by_factors(self, factors: Factors) -> Measured:
        prompt = question_of(factors.prompt) if factors.prompt else None
        keywords = self.words.get(Complexity.COMPLEX.label, ())
        values = by_factors(prompt, self.tasks, keywords, KEYWORD, MIDDLE)
        if factors.file_bytes is not None:
            values['file_bytes'] = min(1.0, factors.file_bytes / self.full_file)
        if factors.code is not None:
            values['code'] = factors.code
        if not values:
            return Measured(Complexity.MODERATE, None, values, 'moderate (nothing measured)')
        score = round(sum(values.values()) / len(values), 6)
        level = min(max(self._level(score), Complexity.SIMPLE), Complexity.COMPLEX)  # a scale of three
        told = ', '.join(f'{name} {value:.2f}' for name, value in values.items())
        return Measured(level, score, values, f'{level.label} {score:.2f} ({told})')

    def _read(self, prompt: str, values: dict[str, float], told: list[str]) -> None:
        """Adds what the words of a prompt say: the mean of the phrases found; nothing where none is."""
        found = self._phrases.find(question_of(prompt))
        hints = found.pop(HINT, ())
        if not found and hints:
            found = {Complexity.SIMPLE.label: hints}
        counts = [
            (self.values[Complexity[label.upper()] - 1], phrase)
            for label, phrases in found.items()
            for phrase in phrases
        ]
        if counts:
            values['words'] = sum(value for value, _ in counts) / len(counts)
            strongest = sorted(counts, key=lambda one: -one[0])[:NAMED]
            names = ', '.join(f"'{shown(phrase)}'" for _, phrase in strongest)
            told.append(f'words {values["words"]:.2f} ({names})')

    def _floor(self, files: int | None) -> Complexity | None:
        if files is None or files < self.moderate_files:
            return None
        return Complexity.COMPLEX if files >= self.complex_files else Complexity.MODERATE

    def _level(self, score: float) -> Complexity:
        return Complexity(1 + sum(score > step for step in self.above))

    @cached_property
    def _tasks(self) -> dict[str, float]:
        return {**TASKS, **{normal(task): value for task, value in self.tasks.items()}}

    @cached_property
    def _phrases(self) -> Phrases:
        if not self.words:
            return _built_in()
        return Phrases(_rows(self.words))


NAMED = 3
"""Phrases that a reason names, the strongest first."""
DEFAULT = Scale()
"""The scale as it comes."""


def measure(factors: Factors, scale: Scale = DEFAULT) -> Measured:
    """How hard a task is, by what was measured of it; see `Scale`."""
    return scale.measure(factors)


@cache
def _built_in() -> Phrases:
    """The table as it comes, read at its first use."""
    return Phrases(_rows({}))


def _rows(own: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Phrases by level of every language; the user's own count where they stand twice."""
    rows: dict[str, list[str]] = {}
    mine = {tuple(words_of(phrase)) for phrases in own.values() for phrase in phrases}
    for language in LANGUAGES.values():
        for label, texts in language.items():
            rows.setdefault(label, []).extend(text for text in split(texts) if tuple(words_of(text)) not in mine)
    for label, phrases in own.items():
        rows.setdefault(label, []).extend(phrases)
    return rows


def _step(count: int, steps: tuple[int, ...]) -> Complexity:
    return Complexity(1 + sum(count > most for most in steps))
