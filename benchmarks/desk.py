"""What counting, fitting, packing and starting take: the operations that PAMPAX phase 4 lists, and two large ones.

    python -m benchmarks.desk [--strings 1000000] [--megabytes 100] [--packs 200] [--skip-large] [--json]

Texts are the files of this library. Counts are of texts that were not counted before, unless the row says so. Seconds
are processor time, in milliseconds by the operation; median and 95th percentile. Cold starts and the folder are
interpreters of their own. The folder of so many megabytes is made of the same files, each begun with a line of its
own, so that no count is remembered. Compliance is the share of random packs within their budget less the reserve: it
has to be all. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import process_time

import compactor
from compactor.packing.item import Item
from compactor.packing.pack import pack
from compactor.routing.recommend import known_models, recommend
from compactor.routing.table import RoutingTable
from compactor.tokens.batch import count_batch
from compactor.tokens.counter import counter_for

MODEL = 'gpt-4'
SEED = 26
ROOT = Path(compactor.__file__).parent
FIRST = "from compactor.tokens.counter import counter_for; counter_for('gpt-4').count('a')"
COLD = {
    'cold start: an empty interpreter': ('pass',),
    'cold start: import and first count': (FIRST,),
    'cold start: the command': ('from compactor.cli import main; main()', 'token', 'count', 'a b'),
    'cold start: the command, with a price': (
        *('from compactor.cli import main; main()', 'token', 'count', 'a b'),
        *('--model', 'gpt-4'),
    ),
}


@dataclass(frozen=True)
class Row:
    """One operation: how often, what PAMPAX says of it, and milliseconds."""

    name: str
    times: int
    theirs: str
    median: float
    p95: float


def timed(name: str, theirs: str, runs: Iterator[Callable[[], object]]) -> Row:
    """The processor time of each run."""
    taken = []
    for run in runs:
        began = process_time()
        run()
        taken.append(1_000 * (process_time() - began))
    return Row(name, len(taken), theirs, median(taken), quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0])


def snippets() -> list[str]:
    """Texts of ten lines each, as they stand in the files."""
    lines = [line for path in sorted(ROOT.rglob('*.py')) for line in path.read_text('utf-8').split('\n')]
    return ['\n'.join(lines[i : i + 10]) for i in range(0, len(lines) - 10, 10)]


def small() -> Iterator[Row]:
    """What a person does at the desk."""
    texts = snippets()
    random.Random(SEED).shuffle(texts)
    counter = counter_for(MODEL)
    counter.count('the vocabulary is read')
    yield timed('count of ten lines', '0.5 ms', (partial(counter.count, text) for text in texts[:500]))
    yield timed('the same again', '-', (partial(counter.count, text) for text in texts[:500]))
    batches = [texts[500 + i * 100 : 600 + i * 100] for i in range(10)]
    yield timed('batch of 100', '15 ms', (partial(count_batch, batch, MODEL) for batch in batches))
    files = [path.read_text('utf-8') for path in sorted(ROOT.rglob('*.py'))[:100]]
    yield timed('fit of a file into 500 tokens', '2 ms', (partial(counter.fit, file, 500) for file in files))
    base, table = {'o200k_base': 30_000, 'cl100k_base': 30_000}, RoutingTable()
    recommend(base, table, known_models())
    yield timed(
        'recommendation among the list', '1 ms', (lambda: recommend(base, table, known_models()) for _ in range(20))
    )


def packs(number: int) -> Iterator[Row | str]:
    """Packs of this library for questions and budgets drawn at random."""
    items = [Item(str(path.relative_to(ROOT)), path.read_text('utf-8')) for path in sorted(ROOT.rglob('*.py'))]
    some = random.Random(SEED)
    words = [
        'budgets',
        'reserved',
        'digest',
        'counter',
        'store',
        'failover',
        'secrets',
        'tests',
        'window',
        'reduce_code',
    ]
    within = 0

    def one() -> None:
        nonlocal within
        chosen = some.sample(items, some.randint(1, 60))
        budget = int(2 ** some.uniform(5, 15))
        made = pack(chosen, budget, question=' '.join(some.sample(words, some.randint(0, 4))), model=MODEL)
        within += counter_for(MODEL).count(made.text) <= budget - made.reserve

    yield timed(f'pack of 1 to 60 of {len(items)} files', '10 ms', (one for _ in range(number)))
    yield f'compliance: {within} of {number} packs within their budget less the reserve (theirs: 99.8 %)'


def large(strings: int, megabytes: int) -> Iterator[Row]:
    """A million short strings, and a folder."""
    some = random.Random(SEED)
    short = [f'{some.getrandbits(48):x} {i} ok' for i in range(strings)]
    yield timed(f'{strings:,} short strings', '-', iter([lambda: count_batch(short, MODEL)]))

    with tempfile.TemporaryDirectory() as folder:
        texts = [path.read_text('utf-8') for path in sorted(ROOT.rglob('*.py'))]
        size = at = 0
        while size < megabytes * 1_000_000:
            text = f'# {at} {some.getrandbits(64):x}\n{texts[at % len(texts)]}'
            path = Path(folder, f'{at // 500:03}', f'{at}.py')
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            size, at = size + len(text.encode()), at + 1
        command = [sys.executable, '-c', 'from compactor.cli import main; main()', 'token', 'count', folder, '--json']
        began = children()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        taken = 1_000 * (children() - began)
        tokens = json.loads(done.stdout)['tokens']
        name = f'folder of {size / 1e6:.0f} MB, {at:,} files, {tokens:,} tokens'
        yield Row(name, 1, '-', taken, taken)


def children() -> float:
    """Processor time of interpreters that have ended, in seconds."""
    times = os.times()
    return times.children_user + times.children_system


def cold(repeat: int = 5) -> Iterator[Row]:
    """Interpreters of their own."""
    for name, (code, *arguments) in COLD.items():
        taken = []
        for _ in range(repeat + 1):
            began = children()
            subprocess.run([sys.executable, '-c', code, *arguments], capture_output=True, check=True)
            taken.append(1_000 * (children() - began))
        yield Row(name, repeat, '100 ms', median(taken[1:]), max(taken[1:]))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--strings', type=int, default=1_000_000, help='short strings of one batch')
    parser.add_argument('--megabytes', type=int, default=100, help='of the folder')
    parser.add_argument('--packs', type=int, default=200, help='random packs')
    parser.add_argument('--skip-large', action='store_true', help='leave strings and folder out')
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    options = parser.parse_args()
    found: list[Row | str] = [*small(), *packs(options.packs), *cold()]
    if not options.skip_large:
        found += large(options.strings, options.megabytes)
    if options.json:
        print(json.dumps([one if isinstance(one, str) else asdict(one) for one in found], indent=2))
        return
    print('operation                                              times  PAMPAX says  median ms    p95 ms')
    for one in found:
        if isinstance(one, str):
            print(one)
        else:
            print(f'{one.name:54} {one.times:5}  {one.theirs:>11} {one.median:10,.3f} {one.p95:9,.3f}')


if __name__ == '__main__':
    main()
