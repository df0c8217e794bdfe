"""What counts as a fact of an output, and how much it weighs. It knows nothing of the reducers.

Kinds of facts, weights and limits were fixed before any result was seen. The patterns that find facts were mended
since, where what a result lacked turned out to be no fact: another run's tests in captured output, lines beside a hit.

| kind | fact | weight | all of them at most |
|---|---|---|---|
| test log | name of a failing test | 5 | |
| | first error line of each failure | 5 | |
| | totals: the runner's last lines, each package that failed | 5 | |
| | an error of the compiler (message) | 4 | |
| | a package or file that passed | 1 | 10 |
| build log, lint | message of an error | 4 | 200 |
| | its file and line | 2 | 100 |
| | message of a warning | 1 | 40 |
| | its file and line | 1 | 20 |
| | final status, number of problems, exit code | 5 | |
| stack trace | type and message of an exception | 5 | |
| | innermost own frame: file and line | 5 | |
| | any other own frame | 2 | 40 |
| diff | name of a changed file | 4 | |
| | a changed line, by distinct content | 1 | 100 |
| search | name of a file with a hit | 3 | 200 |
| | text of a hit, distinct | 1 | 100 |
| listing | a path, or a name where it lists names | 1 | 200 |
| json | a key, with the key above it | 2 | 100 |
| | a scalar, distinct, of 3 characters or more | 1 | 100 |
| | the number of items of an array of 3 or more | 2 | 20 |
| table | a name in the header | 3 | |
| | a row | 1 | 100 |
| | the number of rows | 3 | |
| code | signature: the name of a function, method, class or type | 3 | 200 |
| | an import | 1 | 20 |
| prose, web, agent | a heading | 3 | 100 |
| | a sentence with a number or an identifier | 1 | 100 |
| other | a line that speaks of an error | 3 | 60 |
| | an identifier (`benchmarks/retention/grammar.py`), distinct | 1 | 100 |

Where a kind of fact has a limit, its facts weigh less each when there are more of them: the thousandth hit says less
than the third. Texts count by their first `LONGEST` characters, as far as a word ends there: nobody needs more of a
line to know it again. Own frames are those of the program itself: not of an installed package, of a language's standard
library or of its runtime. Of a Go test the error line is the last that its own file wrote, as its logs come before it.
A text of which the patterns find nothing is of the kind 'other'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from .reading import Reading, ends, squeezed

LONGEST = 120
"""Characters of a text by which it counts."""


class Form(StrEnum):
    """How a fact is looked for."""

    TEXT = 'text'
    PATH = 'path'
    PLACE = 'place'
    START = 'start'
    ROW = 'row'
    COUNT = 'count'


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that an output says.

    Attributes:
        name: what kind of fact it is.
        weight: how much it counts.
        texts: forms of it, of which one suffices; for a row its cells, of which all are needed.
        form: how it is looked for.
        number: the line, of a place.
    """

    name: str
    weight: float
    texts: tuple[str, ...]
    form: Form = Form.TEXT
    number: int = 0

    def kept(self, reading: Reading) -> bool:
        """Whether a result still tells it."""
        match self.form:
            case Form.TEXT:
                return any(map(reading.has, self.texts))
            case Form.PATH:
                return any(text in reading.paths for text in self.texts)
            case Form.PLACE:
                return any((text, self.number) in reading.places for text in self.texts)
            case Form.START:
                return any(f'\n{text}' in reading.starts for text in self.texts)
            case Form.ROW:
                return reading.has_row(self.texts)
            case Form.COUNT:
                return any(map(reading.has_count, self.texts))


Found = list[Fact]


def clip(text: str, longest: int = LONGEST) -> str:
    """The beginning of a squeezed text, up to the end of a word where there is one."""
    text = squeezed(text)
    if len(text) <= longest:
        return text
    cut = text[:longest]
    if ' ' in cut[longest // 2 :]:
        cut = cut.rpartition(' ')[0]
    return cut


def texts(name: str, weight: float, found: Iterable[str], most: float | None = None, form: Form = Form.TEXT) -> Found:
    """Distinct texts as facts, in the order in which they stand; together they weigh `most` at most."""
    clipped = dict.fromkeys(clip(text) for text in found)
    return limited([Fact(name, weight, (text,), form) for text in clipped if text], most)


def paths(name: str, weight: float, found: Iterable[str], most: float | None = None) -> Found:
    """Distinct paths as facts; each counts by every end of it that no other has."""
    distinct = _relative(path.removeprefix('./').rstrip('/') for path in found)
    alone = unambiguous(distinct)
    return limited([Fact(name, weight, alone[path], Form.PATH) for path in distinct], most)


def places(name: str, weight: float, found: Iterable[tuple[str, int]], most: float | None = None) -> Found:
    """Distinct pairs of a file and a line as facts."""
    distinct = dict.fromkeys((path.replace('\\', '/').removeprefix('./'), line) for path, line in found)
    alone = unambiguous(path for path, _ in distinct)
    return limited([Fact(name, weight, alone[path], Form.PLACE, line) for path, line in distinct], most)


def _relative(found: Iterable[str]) -> list[str]:
    """Distinct paths without the absolute ones that also stand there relative to some folder."""
    distinct = dict.fromkeys(path for path in found if path)
    return [
        path
        for path in distinct
        if not path.startswith('/') or not any(end.count('/') >= 2 and end in distinct for end in ends(path))
    ]


def unambiguous(found: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each path its ends that belong to no other."""
    owner: dict[str, str | None] = {}
    distinct = list(dict.fromkeys(found))
    for path in distinct:
        for end in ends(path):
            owner[end] = path if owner.get(end, path) == path else None
    return {path: tuple(end for end in ends(path) if owner[end] == path) or (path,) for path in distinct}


def limited(found: Found, most: float | None) -> Found:
    """The same facts, weighing `most` together at most."""
    total = sum(fact.weight for fact in found)
    if most is None or total <= most:
        return found
    return [replace(fact, weight=fact.weight * most / total) for fact in found]
