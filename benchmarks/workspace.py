"""What a question that names a test gets of the functions which the test reaches, on three real code bases.

    python scripts/code_bases.py        fetches them, and runs their tests under coverage
    python -m benchmarks.workspace [--questions 30] [--seed 27] [--bases ...] [--json]

The question is "Why does TEST in FILE fail?"; nothing else is told. A function stands in a text if a line of its name's
definition stands there under its file (in part), and wholly if all lines of its body do. Functions of one name in one
file are one. Compared are whole files in the order of their paths and by relevance, grep with five lines around of what
the question names, the same and then the definitions of every name in what was found, a pack of the desk, and the
repository map of aider where `make workspace` could install it: that one is told the file of the test as one of the
chat, and the names as mentioned, and its own text alone counts. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from time import process_time

from compactor.packing.item import Item
from compactor.packing.pack import pack
from compactor.packing.relevance import Question, relevances
from compactor.tokens.counter import counter_for
from compactor.workspace.context import context_for

ROOT = Path(__file__).parent.parent
BASES = ('click', 'jinja2', 'marshmallow')
BUDGETS = (2_000, 8_000, 32_000)
MODEL = 'openai:gpt-5'
SEED = 27
FEWEST = 3
AROUND = 5
AIDER = ROOT / '.venvs' / 'aider' / 'bin' / 'python'

By = dict[str, str]
"""What a text holds, by file."""


@dataclass(frozen=True)
class Asked:
    """A question, the file of the test, its name, and the functions that it reaches: (file, name)."""

    question: str
    file: str
    test: str
    reached: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Base:
    """A code base: where it lies, its Python files, and the bodies of its functions by file and name.

    And what grep shows of the definitions of a name: file, and the line with five on both sides.
    """

    root: Path
    items: tuple[Item, ...]
    bodies: dict[tuple[str, str], list[list[str]]]
    defined: dict[str, list[tuple[str, str]]]


@dataclass(frozen=True)
class Row:
    """One way at one budget on one code base: shares of the reached functions, tokens, processor time of a question."""

    base: str
    budget: int
    way: str
    in_part: float
    wholly: float
    tokens: float
    seconds: float


Way = Callable[[Base, Asked, int], tuple[str, By]]


def base_of(name: str, folder: Path) -> Base:
    """Reads a code base."""
    root = folder / name
    paths = sorted([*(root / 'src').rglob('*.py'), *(root / 'tests').rglob('*.py')])
    items = tuple(Item(path.relative_to(root).as_posix(), path.read_text('utf-8', 'replace')) for path in paths)
    bodies: dict[tuple[str, str], list[list[str]]] = {}
    for item in items:
        lines = item.text.split('\n')
        for node in ast.walk(ast.parse(item.text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own = [line.strip() for line in lines[node.body[0].lineno - 1 : node.end_lineno] if line.strip()]
                bodies.setdefault((item.name, node.name), []).append(own)
    defined: dict[str, list[tuple[str, str]]] = {}
    for item in items:
        lines = item.text.split('\n')
        for i, line in enumerate(lines):
            if (found := re.search(r'\b(?:def|class) (\w+)', line)) is not None:
                defined.setdefault(found[1], []).append((item.name, _around(lines, i)))
    return Base(root, items, bodies, defined)


def _around(lines: Sequence[str], i: int) -> str:
    return '\n'.join(lines[max(0, i - AROUND) : i + AROUND + 1])


def questions(base: Base, number: int, seed: int) -> list[Asked]:
    """Tests drawn among those that reach three functions or more."""
    reached = json.loads((base.root / 'reached.json').read_text())
    files = {Path(item.name).stem: item.name for item in base.items if item.name.startswith('tests/')}
    found = []
    for test, functions in reached.items():
        parts = test.split('.')
        file = next((files[part] for part in parts if part in files), None)
        if file is not None and len(functions) >= FEWEST and parts[-1].startswith('test'):
            names = frozenset((path, name) for path, name, _ in functions)
            found.append(Asked(f'Why does {parts[-1]} in {file} fail?', file, parts[-1], names))
    random.Random(seed).shuffle(found)
    return found[:number]


# --- ways ---


def in_order(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """Whole files, one after the other."""
    return _files(base.items, budget)


def by_relevance(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """Whole files, the most relevant first."""
    items = base.items
    found = relevances(Question(asked.question), [item.name for item in items], [item.text for item in items])
    return _files([items[i] for i in sorted(range(len(items)), key=lambda i: -found[i])], budget)


def _files(items: Sequence[Item], budget: int) -> tuple[str, By]:
    return _cut([(item.name, item.text) for item in items], budget)


def grep(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """Lines that hold the name of the test, five on both sides."""
    return _cut(_grepped(base, rf'\b{re.escape(asked.test)}\b'), budget)


def grep_twice(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """The same, then the definitions of every name in the test, then of every name found there, as far as it goes."""
    found = _grepped(base, rf'\b{re.escape(asked.test)}\b')
    known: set[str] = {asked.test}
    texts = ['\n'.join(line for body in base.bodies.get((asked.file, asked.test), ()) for line in body)]
    for _ in range(4):
        names = [name for name in dict.fromkeys(re.findall(r'[A-Za-z_]\w+', '\n'.join(texts))) if name not in known]
        known.update(names)
        more = [one for name in names for one in base.defined.get(name, ())]
        found += more
        texts = [text for _, text in more]
        if sum(len(text) for _, text in found) > budget * 8:
            break
    return _cut(found, budget)


def _grepped(base: Base, pattern: str) -> list[tuple[str, str]]:
    looked = re.compile(pattern)
    found = []
    for item in base.items:
        lines = item.text.split('\n')
        for i, line in enumerate(lines):
            if looked.search(line):
                found.append((item.name, _around(lines, i)))
    return found


def _cut(texts: Sequence[tuple[str, str]], budget: int) -> tuple[str, By]:
    counter = counter_for(MODEL)
    by: By = {}
    whole = ''
    left = budget
    for name, text in texts:
        shown = counter.fit(f'--- {name}\n{text}\n', left)
        left -= counter.count(shown)
        whole += shown
        by[name] = by.get(name, '') + '\n' + shown
        if left < 8:
            break
    return whole, by


def packed(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """A pack of the desk."""
    made = pack(base.items, budget, question=asked.question, model=MODEL, reserve=0)
    return made.text, _parted(made.text, r'-{3,} (\S+) \(')


def context(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """`context_for`."""
    made = context_for(['src', 'tests'], asked.question, budget, root=base.root, model=MODEL)
    assert made.tokens <= budget
    return made.text, _parted(made.text, r'(?:-{3,} )?((?:src|tests)/\S+\.py)(?: \(.*)?')


def aider(base: Base, asked: Asked, budget: int) -> tuple[str, By]:
    """The repository map of aider, in an environment and a process of its own."""
    text = _mapper().ask(str(base.root), asked.file, asked.test, budget)
    return text, _parted(text, r'((?:src|tests)/\S+\.py):?')


class _Mapper:
    """A process that answers with maps."""

    def __init__(self) -> None:
        command = [str(AIDER), str(Path(__file__).parent / 'workspace_aider.py')]
        paths = {**os.environ, 'PYTHONPATH': str(ROOT / 'src')}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=paths)

    def ask(self, root: str, file: str, name: str, tokens: int) -> str:
        """A map of so many tokens."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([root, file, name, tokens]) + '\n')
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith('{"map"'):
            assert line, 'the process that asks aider has ended'
        return str(json.loads(line)['map'])


@cache
def _mapper() -> _Mapper:
    return _Mapper()


def _parted(text: str, heading: str) -> By:
    """A text by the files that its headings name."""
    pattern = re.compile(heading)
    by: By = {}
    name = ''
    for line in text.split('\n'):
        found = pattern.fullmatch(line) or (pattern.match(line) if line.startswith('---') else None)
        if found is not None:
            name = found[1]
        else:
            by[name] = by.get(name, '') + '\n' + line
    return by


WAYS: dict[str, Way] = {
    'files in order': in_order,
    'files by relevance': by_relevance,
    'grep': grep,
    'grep twice': grep_twice,
    'pack': packed,
    "aider's map": aider,
    'context_for': context,
}

# --- measuring ---


def held(base: Base, asked: Asked, by: By) -> tuple[float, float]:
    """Shares of the reached functions that stand there in part, and wholly."""
    part, wholly = [], []
    lines = {name: {line.strip(' │') for line in text.split('\n')} for name, text in by.items()}
    for path, name in asked.reached:
        text = by.get(path, '')
        there = re.search(rf'\bdef {re.escape(name)}\b', text) is not None
        part.append(there)
        bodies = base.bodies.get((path, name), [])
        wholly.append(there and any(all(line in lines[path] for line in body) for body in bodies))
    return mean(part), mean(wholly)


def measured(name: str, folder: Path, number: int, seed: int, ways: Sequence[str]) -> Iterator[Row]:
    """All ways and budgets on one code base."""
    base = base_of(name, folder)
    asked = questions(base, number, seed)
    for budget in BUDGETS:
        for way in ways:
            shares, tokens = [], []
            began = process_time()
            spent = 0.0
            for one in asked:
                began = process_time()
                text, by = WAYS[way](base, one, budget)
                spent += process_time() - began
                tokens.append(counter_for(MODEL).count(text))
                shares.append(held(base, one, by))
            part, wholly = (mean(share[k] for share in shares) for k in (0, 1))
            yield Row(name, budget, way, part, wholly, mean(tokens), spent / len(asked))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--questions', type=int, default=30, help='tests asked for, of each code base')
    parser.add_argument('--seed', type=int, default=SEED, help='which tests are drawn')
    parser.add_argument('--bases', nargs='*', default=BASES, help='code bases to look at')
    parser.add_argument('--folder', type=Path, default=ROOT / '.bases', help='where they lie')
    parser.add_argument('--ways', nargs='*', default=[way for way in WAYS if way != "aider's map" or AIDER.exists()])
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    options = parser.parse_args()
    rows = (
        row
        for base in options.bases
        for row in measured(base, options.folder, options.questions, options.seed, options.ways)
    )
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print('code base    budget  way                 in part  wholly  tokens  cpu s')
    for row in rows:
        print(
            f'{row.base:11}  {row.budget:6,}  {row.way:18}  {row.in_part:7.3f}  {row.wholly:6.3f}'
            f'  {row.tokens:6,.0f}  {row.seconds:5.2f}',
            flush=True,
        )


if __name__ == '__main__':
    main()
