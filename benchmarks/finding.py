"""Whether `recall(query=...)` finds the step that a question is about, and how long a large archive is searched.

    python -m benchmarks.finding [--questions 200] [--steps 100000]

Questions are made by program from what a compaction of recorded conversations takes out: a line of a removed step that
stands in no other step, of which up to six words of three letters and more are asked for, in their order, words that
everybody uses among them. A line is taken where at least two words are left that say something. Steps and lines are
drawn with a fixed seed; each conversation has the same number of questions. What counts is whether the step is among
the first three that the archive names. Then the steps are stored, with numbers in them that make each another one,
until so many are in one scope of a store, and the questions are asked of all.

It ends with exit code 1 where the share is below .9, or half of the searches take longer than 50 ms of processor time.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from pydantic_ai.messages import ModelMessage
from sqlalchemy import insert, text
from tests.corpus import conversations

from compactor import MemoryArchive, Store, StoreArchive, compact
from compactor.adapters.pydantic_ai.messages.texts import handle_in
from compactor.archive.archive import Archive, key_of
from compactor.archive.finding import places
from compactor.archive.ranking import Query
from compactor.archive.recall import held_keys, held_steps
from compactor.archive.spaces import put_in
from compactor.store import search
from compactor.store.schema import archive as table

SEED = 24
SOURCES = ('openhands_sdk', 'claude_code_entire', 'codex_entire', 'swe_agent_demos', 'pi_sessions', 'tau2_bench')
CONVERSATIONS = 8
"""Of each source, the first."""
TARGET = 4_000
FIRST = 3
SHARE, SECONDS = 0.9, 0.05
SHORTEST, LONGEST = 20, 300
"""Characters of a line that is asked for."""
WORDS = 6

Recorded = tuple[str, Sequence[ModelMessage]]
"""A conversation: its name and its messages."""
_WORD = re.compile(r'[\w./-]{3,60}')


def cases(archive: Archive, every: Sequence[Recorded]) -> Iterator[tuple[dict[int, str], str]]:
    """The keys of what a compaction of each conversation takes out, and the handle."""
    for name, messages in every:
        compacted = compact(list(messages), target_tokens=TARGET, archive=archive)
        handle = handle_in(compacted.messages, archive)
        if handle is not None and len(held_keys(archive, handle)) >= 10:
            yield held_keys(archive, handle), handle
            print(f'  {name}: {len(held_keys(archive, handle)):,} steps', file=sys.stderr)


def questions(texts: dict[int, str], number: int, chance: random.Random) -> list[tuple[int, str]]:
    """Steps drawn from those of a conversation, each with a question."""
    lines = {n: {line.strip() for line in text.split('\n')} for n, text in texts.items()}
    times = Counter(line for some in lines.values() for line in some)
    found: list[tuple[int, str]] = []
    order = list(texts)
    chance.shuffle(order)
    for n in order:
        fitting = [
            asked
            for line in sorted(lines[n])
            if times[line] == 1 and SHORTEST <= len(line) <= LONGEST and not line.startswith('---')
            for asked in [' '.join(_WORD.findall(line)[:WORDS])]
            if len(Query(asked).terms) >= 2
        ]
        if fitting:
            found.append((n, chance.choice(fitting)))
        if len(found) == number:
            break
    return found


def recorded() -> list[Recorded]:
    """The conversations."""
    found: list[Recorded] = []
    for source in SOURCES:
        long = (one for one in conversations(source) if len(one.messages) >= 30)
        found += [(f'{source}/{one.id}', one.messages) for one, _ in zip(long, range(CONVERSATIONS), strict=False)]
    return found


def share(archive: Archive, every: Sequence[tuple[dict[int, str], str]], number: int) -> tuple[float, list[str]]:
    """Which share of the questions has its step among the first three; prints figures, returns the questions."""
    chance = random.Random(SEED)
    each = -(-number // len(every))
    asked: list[tuple[int, int, str]] = []
    for i, (_, handle) in enumerate(every):
        asked += [(i, n, text) for n, text in questions(held_steps(archive, handle), each, chance)]
    chance.shuffle(asked)
    asked = asked[:number]
    ranks = []
    for i, step, question in asked:
        found = [place.step for place in places(archive, every[i][0], Query(question), None).found]
        ranks.append(found.index(step) if step in found else 10**6)
    for most in (1, FIRST, 8):
        print(
            f'among the first {most}: {sum(rank < most for rank in ranks) / len(ranks):.3f} of {len(ranks)} questions'
        )
    steps = sum(len(keys) for keys, _ in every)
    print(f'{len(every)} conversations, {steps:,} archived steps, at {TARGET:,} tokens')
    return sum(rank < FIRST for rank in ranks) / len(ranks), [question for *_, question in asked]


def filled(store: Store, texts: Sequence[str], number: int) -> StoreArchive:
    """An archive with so many steps in one scope, put there without compressing them one by one."""
    archive = StoreArchive(store, 'large')
    for start in range(0, number, 2_000):
        with store.write() as connection:
            for i in range(start, min(number, start + 2_000)):
                data = put_in('step', f'{texts[i % len(texts)]}\nnumber {i}'.encode('utf-8', 'replace'))
                key = key_of(data)
                row = {
                    'scope': 'large',
                    'key': key,
                    'handle': key[:16],
                    'data': b'',
                    'size': 0,
                    'created': 0,
                    'used': 0,
                }
                connection.execute(insert(table), row)
                search.add(connection, 'large', key, search.bag_of(data))
    return archive


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--questions', type=int, default=200)
    parser.add_argument('--steps', type=int, default=100_000)
    parser.add_argument('--longest', type=int, default=4_000, help='characters of a step in the large archive')
    options = parser.parse_args()
    archive = MemoryArchive(max_bytes=1 << 30)
    every = list(cases(archive, recorded()))
    first, asked = share(archive, every, options.questions)
    texts = [one[: options.longest] for _, handle in every for one in held_steps(archive, handle).values()]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / 'store.db') as store:
        began = perf_counter()
        large = filled(store, texts, options.steps)
        print(f'{options.steps:,} steps indexed in {perf_counter() - began:.0f} s', end=', ')
        with store.read() as connection:
            pages = connection.execute(text('PRAGMA page_count')).scalar() or 0
        print(f'{pages * 4_096 / 1e6:,.0f} MB with the index alone')
        took = []
        large.search(Query('warm'), lambda _: True)
        for question in asked:
            began, spent = perf_counter(), process_time()
            large.search(Query(question), lambda _: True)
            took.append((process_time() - spent, perf_counter() - began))
    for name, times in (('processor', [one for one, _ in took]), ('wall', [one for _, one in took])):
        ordered = sorted(times)
        print(
            f'a search of {options.steps:,} steps, {name} time: median {median(ordered) * 1e3:.1f} ms,'
            f' 95 % within {ordered[int(len(ordered) * 0.95)] * 1e3:.1f} ms, longest {ordered[-1] * 1e3:.1f} ms'
        )
    if first < SHARE or median(one for one, _ in took) > SECONDS:
        sys.exit(1)


if __name__ == '__main__':
    main()
