"""What is saved of tool outputs without losing a character, against libraries that write values in fewer tokens.

    python -m benchmarks.squeeze [--values 100000] [--limit N] [--json]

The outputs are the recorded ones (`COMPACTOR_CORPUS`). Libraries take values, not texts: of an output that is JSON, or
lines of JSON, each gets what `json.loads` gives, of any other the text; ours gets the text, and for comparison the
value too. A library's result counts where it is smaller than what it was made of and its own decoder gives back an
equal value, down to types, order of keys and the sign of zero; else the output counts as it came. Tokens are those of
o200k_base. Libraries that are not installed are named and left out (`benchmarks/squeeze-requirements.txt`).

Then values are generated, squeezed and read again, each also with every step forced upon it. Exits with 1 where one
comes back changed.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import combinations
from time import process_time
from typing import Any

from tests.corpus import corpus_root, tool_outputs

from compactor.squeezing.phrases import entries, mark_for, put_back, read_entries, shortened
from compactor.squeezing.reader import read_squeezed
from compactor.squeezing.runs import folded, unfolded
from compactor.squeezing.squeeze import squeeze, unsqueeze
from compactor.squeezing.tree import Shapes, tree_of, value_of
from compactor.squeezing.writer import written
from compactor.tokens.counter import counter_for

MODEL = 'openai:gpt-5'
SEED = 28
COUNTER = counter_for(MODEL)
LARGEST = 200
"""Parts of a generated value."""

# -- equal, and generated -----------------------------------------------------------------------------------------


def identical(a: Any, b: Any) -> bool:
    """Whether two values are the same: types, order of keys, sign of zero; what is no number equals itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(identical(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return bool(a == b)


def forced(value: Any) -> Iterator[Any]:
    """A value as it comes back from each set of steps, whether it is worth it or not."""
    if isinstance(value, str):
        yield from _forced_text(value)
        return
    tree = tree_of(value)
    shapes = Shapes(tree)
    names = ('dedupe', 'references', 'columns')
    for steps in (steps for n in range(4) for steps in combinations(names, n)):
        text = written(tree, shapes, steps)
        yield value_of(read_squeezed(text))
    for again in _forced_text(text):
        yield value_of(read_squeezed(again))


def _forced_text(text: str) -> Iterator[str]:
    mark = mark_for(text)
    if mark is None:
        return
    yield unfolded(folded(text, mark), mark)
    phrases, shorter = shortened(text, mark, COUNTER)
    said = entries(phrases, mark).split('\n')[:-1]
    yield put_back(shorter, read_entries(said, mark), mark)


WORDS = (
    *(
        'id',
        'name',
        'state',
        'open',
        'https://example.org/a/b',
        'é',
        '日本',
        '\ud800',
        '',
        ' ',
        'null',
        'NaN',
        '×3',
        '§a',
    ),
    *(
        '&1',
        '*1',
        '_ref',
        '[2]{a}:',
        'a,b',
        'line\nend',
        'tab\t',
        '"',
        '\\',
        '-0',
        '1e5',
        '0',
        'true',
        'A longer text of it',
    ),
)
NUMBERS = (0, -1, 7, 10**30, -(2**63), 0.0, -0.0, 0.1, 1e16, 5e-324, 1.7e308, math.nan, math.inf, -math.inf, True, None)


def generated(source: random.Random) -> Any:
    """A value: scalars, lists, objects, rows with shared keys and parts, runs of equal elements, texts."""
    while True:  # few are large, and those would take most of the time
        value = _value(source)
        if _parts(value) <= LARGEST:
            return value


def _parts(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_parts, inside))


def _value(source: random.Random, depth: int = 0) -> Any:
    kind = source.random()
    if depth > 2 or kind < 0.25 + 0.25 * depth:
        return source.choice(NUMBERS) if source.random() < 0.5 else _text(source)
    if kind < 0.45:
        return [_value(source, depth + 1) for _ in range(source.randrange(5))]
    if kind < 0.6:
        return {_text(source): _value(source, depth + 1) for _ in range(source.randrange(6))}
    if kind < 0.7:
        return [_value(source, depth + 1)] * source.randrange(1, 9)
    return _rows(source, depth)


def _text(source: random.Random) -> str:
    kind = source.random()
    if kind < 0.6:
        return source.choice(WORDS)
    if kind < 0.8:
        return ''.join(chr(source.choice((source.randrange(128), source.randrange(0x3000)))) for _ in range(8))
    return ' '.join(source.choice(WORDS) for _ in range(source.randrange(1, 9)))


def _rows(source: random.Random, depth: int) -> list[Any]:
    keys = [_text(source) for _ in range(source.randrange(1, 7))]
    parts = [_value(source, depth + 1) for _ in range(source.randrange(1, 5))]
    whole = source.random() < 0.5
    rows: list[Any] = []
    for _ in range(source.randrange(2, 7)):
        row = {key: source.choice(parts) for key in keys if whole or source.random() < 0.8}
        rows += [row] * source.choice((1, 1, 1, 1, 3))
    return rows


# -- libraries ------------------------------------------------------------------------------------------------------


@dataclass
class Library:
    """A way to write a value, and to read it again."""

    name: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    saved: list[int] = field(default_factory=list)
    changed: int = 0
    refused: int = 0
    seconds: float = 0.0

    def tokens(self, value: Any, original: int) -> int:
        """Tokens of the value as it writes it, if it comes back and is smaller; else those it came with."""
        start = process_time()
        try:
            text = self.write(value)
            back = self.read(text)
        except Exception:  # noqa: BLE001 - a library's errors are its own; it is counted as one that refused
            self.refused += 1
            return original
        finally:
            self.seconds += process_time() - start
        if not identical(back, value):
            self.changed += 1
            return original
        return min(original, COUNTER.count(text))


def _minified(value: Any) -> str:
    return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


PEERS: tuple[tuple[str, str, str, str], ...] = (
    ('toon-format', 'toon_format', 'encode', 'decode'),
    ('python-toon', 'toon', 'encode', 'decode'),
    ('toons', 'toons', 'dumps', 'loads'),
    ('ctoon', 'ctoon', 'dumps', 'loads'),
    ('json-compress', 'json_compress', 'stringify', 'parse'),
)
"""Name, module, and how it writes and reads."""


def libraries() -> tuple[list[Library], list[str]]:
    """Those that are here, and the names of those that are not."""
    found = [Library('minified (json)', _minified, json.loads)]
    missing = []
    for name, module, write, read in PEERS:
        try:
            loaded = import_module(module)
            found.append(Library(name, getattr(loaded, write), getattr(loaded, read)))
        except (ImportError, AttributeError):
            missing.append(name)
    return found, missing


def value_in(text: str) -> Any:
    """The value of a JSON text, or the list of those of lines of JSON; any other text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.strip('\n').split('\n')]
    except (ValueError, RecursionError):
        return text


# -- what is measured -----------------------------------------------------------------------------------------------


@dataclass
class Row:
    """A way, and what it saves of the tokens of all outputs and of those that are JSON."""

    way: str
    saved: float
    saved_of_json: float
    changed: int
    refused: int
    ms_each: float


def outputs(limit: int | None) -> list[Row]:
    """A row for each way."""
    ways, missing = libraries()
    if missing:
        print(f'not installed: {", ".join(missing)}', file=sys.stderr)
    text_way = Library('squeeze of the text', lambda text: '', lambda text: text)
    value_way = Library('squeeze of the value', lambda value: '', lambda text: text)
    totals: dict[str, list[int]] = {way.name: [0, 0] for way in (*ways, text_way, value_way)}
    all_tokens = [0, 0]
    recorded = list(tool_outputs(limit=limit))
    for output in recorded:
        value = value_in(output.text)
        original = COUNTER.count(output.text)
        groups = (0,) if isinstance(value, str) else (0, 1)
        for group in groups:
            all_tokens[group] += original
        counts = {way.name: way.tokens(value, original) for way in ways}
        counts[text_way.name] = _squeezed(text_way, output.text, original)
        counts[value_way.name] = _squeezed(value_way, value, original)
        for name, tokens in counts.items():
            for group in groups:
                totals[name][group] += tokens
    return [
        Row(
            way.name,
            round(1 - totals[way.name][0] / max(1, all_tokens[0]), 3),
            round(1 - totals[way.name][1] / max(1, all_tokens[1]), 3),
            way.changed,
            way.refused,
            round(1_000 * way.seconds / max(1, len(recorded)), 1),
        )
        for way in (text_way, value_way, *ways)
    ]


def _squeezed(way: Library, value: Any, original: int) -> int:
    start = process_time()
    squeezed = squeeze(value, counter=COUNTER)
    back = unsqueeze(squeezed)
    way.seconds += process_time() - start
    if not identical(back, value):
        way.changed += 1
        return original
    return min(original, squeezed.result_tokens)


def changed_values(number: int) -> int:
    """How many of so many generated values come back changed."""
    source = random.Random(SEED)
    changed = 0
    for _ in range(number):
        value = generated(source)
        again = unsqueeze(squeeze(value, counter=COUNTER))
        changed += not (identical(again, value) and all(identical(found, value) for found in forced(value)))
    return changed


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--values', type=int, default=100_000)
    parser.add_argument('--limit', type=int)
    parser.add_argument('--json', action='store_true')
    args = parser.parse_args()
    rows = outputs(args.limit) if corpus_root() is not None else []
    if not rows:
        print('recorded outputs not found: set COMPACTOR_CORPUS', file=sys.stderr)
    changed = changed_values(args.values)
    if args.json:
        print(json.dumps({'rows': [vars(row) for row in rows], 'values': args.values, 'changed': changed}))
    else:
        print(f'{"":<22}{"saved":>9}{"of JSON":>9}{"changed":>9}{"refused":>9}{"ms each":>9}')
        for row in rows:
            print(
                f'{row.way:<22}{row.saved:>9.1%}{row.saved_of_json:>9.1%}{row.changed:>9}{row.refused:>9}{row.ms_each:>9.1f}'
            )
        print(f'\n{args.values:,} generated values, changed: {changed}')
    sys.exit(changed > 0)


if __name__ == '__main__':
    main()
