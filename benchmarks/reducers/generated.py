"""`python -m benchmarks.reducers.generated`: the laws of outputs over texts made by chance.

Lines are the samples of every table that the reducers read by (runners, logs, alarms, endings, signs), whole, cut,
joined, changed in a character, repeated, numbered; JSON, tables and hostile shapes between them. A seed makes the same
texts again. Prints how many broke which law, and the first of each; exits with 1 if any did.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from compactor.outputs.logs.alarm_words import ALARMS, INSIDE
from compactor.outputs.logs.endings import ENDINGS
from compactor.outputs.logs.log_lines import FORMS
from compactor.outputs.logs.runner_rows import ROWS, TAILS
from compactor.outputs.signs import SIGNS

from . import laws
from .cases import Case
from .rows import ours

SAMPLES = tuple(row.sample for table in (SIGNS, ROWS, TAILS, FORMS, ALARMS, INSIDE, ENDINGS) for row in table)
TOOLS = ('', '', 'run_command', 'read_file', 'grep', 'list_files', 'fetch')
COMMANDS = ('', '', 'pytest -q', 'git diff', 'cat app.py', 'rg -n total', 'kubectl logs web', 'cargo build', 'ls -la')
ODD = ('\x1b[31m', '\r', '\t', '\x00', '\ufffd', '\ud800', '\u2028', '\x08', '"', '{', '[', '…', 'é', '中')
LONG = 4_000
"""Repetitions of one text at most."""


def text_of(chance: random.Random) -> str:
    """A text by chance."""
    return chance.choices(MAKERS, WEIGHTS)[0](chance)


def _line(chance: random.Random) -> str:
    line = chance.choice(SAMPLES)
    dice = chance.random()
    if dice < 0.1:
        at = chance.randrange(len(line) + 1)
        return line[:at] + chance.choice(ODD) + line[at:]
    if dice < 0.18:
        return line[: chance.randrange(len(line) + 1)]
    if dice < 0.24:
        return f'{line} {chance.choice(SAMPLES)}'
    if dice < 0.3:
        return f'{chance.randrange(10_000):6}→{line}'
    return ' ' * chance.choice((0, 0, 0, 2, 4, 8)) + line


def _lines(chance: random.Random) -> str:
    few = [_line(chance) for _ in range(chance.randint(1, 12))]
    count = chance.choice((5, 30, 120, 400))
    mixed = [chance.choice(few) if chance.random() < 0.7 else _line(chance) for _ in range(chance.randint(1, count))]
    return chance.choice(('\n', '\n', '\n', '\r\n', '\n\n')).join(mixed)


def _numbered(chance: random.Random) -> str:
    line = _line(chance)
    return '\n'.join(f'{line} {n}' if n % 7 else _line(chance) for n in range(chance.randint(10, 300)))


def _runs(chance: random.Random) -> str:
    return '\n'.join('\n'.join([_line(chance)] * chance.randint(1, 200)) for _ in range(chance.randint(1, 6)))


def _repeated(chance: random.Random) -> str:
    return _line(chance) * chance.randint(1, LONG // 10)


def _odd(chance: random.Random) -> str:
    return ''.join(chance.choices(ODD, k=chance.randint(1, 4))) * chance.randint(1, LONG)


def _value(chance: random.Random, depth: int = 0) -> object:
    if depth > 3 or chance.random() < 0.4:
        return chance.choice(
            (None, True, chance.randrange(10**9), chance.random(), chance.choice(SAMPLES), '', '\ud800')
        )
    if chance.random() < 0.5:
        return [_value(chance, depth + 1) for _ in range(chance.randint(0, 12))]
    return {f'{chance.choice("abcdef")}{n}': _value(chance, depth + 1) for n in range(chance.randint(0, 8))}


def _json(chance: random.Random) -> str:
    rows = chance.randint(1, 80)
    value = _value(chance) if chance.random() < 0.5 else [{'id': n, 'v': _value(chance, 3)} for n in range(rows)]
    return json.dumps(value, indent=chance.choice((None, None, 2)), ensure_ascii=chance.random() < 0.5)


def _json_lines(chance: random.Random) -> str:
    lines = [json.dumps({'n': n, 'level': chance.choice(('info', 'error')), 'v': _value(chance, 3)}) for n in range(60)]
    return '\n'.join(lines[: chance.randint(2, 60)])


def _table(chance: random.Random) -> str:
    between = chance.choice((',', '\t', ' | ', ';'))
    columns = chance.randint(2, 9)
    rows = [
        between.join(chance.choice(('ok', str(chance.randrange(1_000)), '"a, b"', '')) for _ in range(columns))
        for _ in range(chance.randint(3, 150))
    ]
    return '\n'.join((between.join(f'column{n}' for n in range(columns)), *rows))


def _cut(chance: random.Random) -> str:
    text = chance.choice((_lines, _json, _table, _json_lines))(chance)
    begin = chance.randrange(len(text) + 1)
    return text[begin : chance.randint(begin, len(text))]


MAKERS: tuple[Callable[[random.Random], str], ...] = (
    _lines,
    _numbered,
    _runs,
    _repeated,
    _odd,
    _json,
    _json_lines,
    _table,
    _cut,
)
WEIGHTS = (40, 10, 8, 5, 3, 12, 7, 7, 8)


def broken(seed: int) -> tuple[list[str], Case, int]:
    """The laws that the text of a seed breaks, the text, and its budget."""
    chance = random.Random(seed)
    case = Case(f'seed {seed}', '', text_of(chance), chance.choice(TOOLS), chance.choice(COMMANDS))
    budget = chance.choice((16, 30, 60, 120, 300, 800, 2_000))
    return laws.broken(ours, case, budget), case, budget


def main(arguments: Sequence[str] | None = None) -> None:
    """Checks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--texts', type=int, default=100_000)
    parser.add_argument('--seed', type=int, default=0, help='of the first text; each has the next')
    options = parser.parse_args(arguments)
    count: Counter[str] = Counter()
    began = time.process_time()
    for seed in range(options.seed, options.seed + options.texts):
        found, case, budget = broken(seed)
        for law in found:
            count[law] += 1
            if count[law] <= 3:
                print(f'{law}: {case.id} at {budget} tokens ({len(case.text):,} characters)', flush=True)
    held = ', '.join(f'{law} {count[law]}' for law in laws.LAWS)
    print(f'{options.texts:,} texts from seed {options.seed}; broken: {held}; {time.process_time() - began:.0f} s')
    sys.exit(1 if count else 0)


if __name__ == '__main__':
    main()
