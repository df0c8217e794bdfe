"""What a pack holds of what is asked for, against whole files, on three real code bases.

    python -m benchmarks.packing [--questions 30] [--json]

The code bases are this library, pydantic-ai and Hypothesis, as installed. A question is the first sentence of a
function's docstring, in plain words, and that docstring is taken out of the file before anything is packed; the
functions are drawn with a fixed seed among those whose body has 8 to 60 lines. What counts is the share of the lines
of that body which stand in the text. Two ways of whole files are compared, the last one cut where the budget ends: in
the order of their paths, and in the order of the same relevance that a pack goes by. Without a question, what counts
is the share of names of all public functions and classes that the text holds. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from time import process_time

from compactor.packing.item import Item
from compactor.packing.pack import pack
from compactor.packing.relevance import Question, relevances
from compactor.tokens.counter import counter_for

BASES = ('compactor', 'pydantic_ai', 'hypothesis')
BUDGETS = (2_000, 8_000, 32_000)
MODEL = 'openai:gpt-5'
SEED = 26
SHORTEST, LONGEST = 8, 60
LEAST_WORDS = 6

Way = Callable[[Sequence[Item], int, str], str]


@dataclass(frozen=True)
class Asked:
    """A question, the file that answers it without the sentence that was asked, and the lines of the answer."""

    question: str
    path: str
    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One budget on one code base: shares of what is wanted by way, and seconds of processor time of a pack."""

    base: str
    files: int
    budget: int
    measured: str
    in_order: float
    by_relevance: float
    packed: float
    seconds: float


def sources(base: str) -> list[Item]:
    """The Python files of an installed package."""
    spec = importlib.util.find_spec(base)
    assert spec is not None
    assert spec.submodule_search_locations
    root = Path(next(iter(spec.submodule_search_locations)))
    found = ((path, path.read_text('utf-8', 'replace')) for path in sorted(root.rglob('*.py')))
    return [Item(str(path.relative_to(root.parent)), text) for path, text in found if text.strip()]


def questions(items: Sequence[Item], number: int) -> list[Asked]:
    """Functions drawn from all files, each with its question."""
    found = [one for item in items for one in _asked(item)]
    random.Random(SEED).shuffle(found)
    return found[:number]


def _asked(item: Item) -> Iterator[Asked]:
    lines = item.text.split('\n')
    for node in ast.walk(ast.parse(item.text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        said = ast.get_docstring(node)
        first = node.body[0]
        end = node.end_lineno or node.lineno
        start = first.end_lineno or first.lineno
        if not said or not SHORTEST <= end - start <= LONGEST:
            continue
        sentence = re.split(r'(?<=[.!?])\s|\n\n', said)[0].replace('\n', ' ')
        if len(sentence.split()) < LEAST_WORDS or node.name.lower() in sentence.lower():
            continue
        body = tuple(line.strip() for line in lines[start:end] if len(line.strip()) >= 4)
        bare = [*lines[: first.lineno - 1], *lines[start:]]
        yield Asked(sentence, item.name, '\n'.join(bare), body)


def in_order(items: Sequence[Item], budget: int, question: str) -> str:
    """Whole files one after the other."""
    return counter_for(MODEL).fit('\n'.join(f'--- {item.name}\n{item.text}' for item in items), budget)


def by_relevance(items: Sequence[Item], budget: int, question: str) -> str:
    """Whole files, the most relevant first."""
    found = relevances(Question(question), [item.name for item in items], [item.text for item in items])
    ranked = sorted(range(len(items)), key=lambda i: -found[i])
    return in_order([items[i] for i in ranked[:60]], budget, question)


def packed(items: Sequence[Item], budget: int, question: str) -> str:
    """A pack that keeps nothing free, as the others do not either."""
    made = pack(items, budget, question=question, model=MODEL, reserve=0)
    assert made.tokens <= budget
    return made.text


WAYS: tuple[Way, ...] = (in_order, by_relevance, packed)


def measured(base: str, number: int) -> Iterator[Row]:
    """All budgets on one code base."""
    items = sources(base)
    asked = questions(items, number)
    names = sorted({name for item in items for name in _names(item.text)})
    for budget in BUDGETS:
        held: list[list[float]] = [[] for _ in WAYS]
        began = process_time()
        spent = 0.0
        for one in asked:
            some = [Item(item.name, one.text) if item.name == one.path else item for item in items]
            for shares, way in zip(held, WAYS, strict=True):
                began = process_time()
                text = way(some, budget, one.question)
                spent = spent + process_time() - began if way is packed else spent
                there = {line.strip() for line in text.split('\n')}
                shares.append(mean(line in there for line in one.lines))
        first, second, third = map(mean, held)
        yield Row(base, len(items), budget, 'asked for', first, second, third, spent / len(asked))
        began = process_time()
        text = packed(items, budget, '')
        spent = process_time() - began
        plain = _held(in_order(items, budget, ''), names)
        yield Row(base, len(items), budget, 'names', plain, plain, _held(text, names), spent)


def _held(text: str, names: Sequence[str]) -> float:
    words = set(re.findall(r'\w+', text))
    return mean(name in words for name in names)


def _names(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith('_'):
            yield node.name


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--questions', type=int, default=30, help='functions asked for, of each code base')
    parser.add_argument('--bases', nargs='*', default=BASES, help='packages to look at')
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    options = parser.parse_args()
    rows = (row for base in options.bases for row in measured(base, options.questions))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print('code base    files  budget  measured   files in order  files by relevance  pack   cpu s a pack')
    for row in rows:
        print(
            f'{row.base:12} {row.files:5}  {row.budget:6,}  {row.measured:9}  {row.in_order:14.3f}'
            f'  {row.by_relevance:18.3f}  {row.packed:.3f}  {row.seconds:.2f}',
            flush=True,
        )


if __name__ == '__main__':
    main()
