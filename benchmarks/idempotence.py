"""Compacting a compacted history, with an archive at hand: recorded and generated histories, broken at random.

    python -m benchmarks.idempotence [--cases N] [--seed N] [--sources NAME ...]

Each case is a history, mutated up to four times (`tests/laws/mutations.py`), compacted twice under a random policy,
model and target, as `tests/laws/test_laws.py` draws them. Whatever the second compaction changes is printed with its
seed; exits with 1 if anything was.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic_ai.messages import ModelMessage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.corpus import NAMES, conversations, corpus_root
from tests.forgeries import conversation
from tests.laws.laws import MODELS
from tests.laws.mutations import MUTATIONS
from tests.laws.writer import Genes

from compactor import CompactorError, MemoryArchive, Policy, compact, counter_for
from compactor.strategies import STRATEGIES

EACH = 12
"""Recorded conversations a source that are mutated in turn."""
LONGEST = 120
"""Messages of one: longer ones are cut, so that there are more cases a minute."""


def histories(sources: Sequence[str]) -> list[list[ModelMessage]]:
    """The histories that are mutated."""
    found = [conversation(f'Goal {n}.', n) for n in (1, 4, 9, 24)]
    if corpus_root() is not None:
        for source in sources:
            found += [one.messages[:LONGEST] for one in conversations(source, limit=EACH) if one.messages]
    return found


def case(messages: Sequence[ModelMessage], seed: int) -> str:
    """What a second compaction changes; '' if nothing, 'refused' where the history is one that is refused."""
    random = Random(seed)
    mutated = list(messages)
    for _ in range(random.randrange(5)):
        name = random.choice(sorted(MUTATIONS))
        mutated = MUTATIONS[name](mutated, Genes(random.randbytes(16))) or mutated
    target = max(1, counter_for(None).count_messages(mutated) * random.randrange(111) // 100)
    names = random.sample(list(STRATEGIES), 2) if random.random() < 0.5 else list(STRATEGIES)
    history: dict[str, Any] = {
        'strategies': tuple(names),
        'max_exchanges': random.choice([None, 1, 2, 4]),
        'exchange_unit': random.choice(['prompt', 'request']),
        'keep_steps': random.choice([1, 3, 8]),
        'band': random.choice([None, 0, 0.4, 0.8]),
        'clamp_prompts': random.random() < 0.5,
        'protect_tools': random.choice([(), ('run',), ('edit_file', 'grep')]),
    }
    forced = random.random() < 0.7
    if not forced:
        history |= {'max_input_tokens': 2 * target + 10, 'hard_limit_threshold': 0.9, 'goal_ratio': 0.6}
    policy, model = Policy.load(environment={}, history=history), random.choice(MODELS)
    archive, recall, size = MemoryArchive(), random.random() < 0.7, target if forced else None
    try:
        once = compact(mutated, policy, target_tokens=size, model=model, archive=archive, recall=recall)
    except CompactorError:
        return 'refused'
    again = compact(once.messages, policy, target_tokens=size, model=model, archive=archive, recall=recall)
    if not again.changed and len(once.messages) == len(again.messages):
        return ''
    applied = [one.strategy for one in again.applied]
    return f'{names} to {size} for {model}: {len(once.messages)} messages, {applied}, {again.repairs}'


def cases(number: int, seed: int, sources: Sequence[str]) -> Iterator[tuple[int, str]]:
    """So many cases by their seed."""
    found = histories(sources)
    for one in range(seed, seed + number):
        yield one, case(found[one % len(found)], one)


def main() -> int:
    """Prints what was not the same, and how many cases there were."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cases', type=int, default=10_000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--sources', nargs='+', choices=NAMES, default=NAMES)
    parser.add_argument('--seconds', type=float, default=float('inf'), help='of processor time, at most')
    options = parser.parse_args()
    seen: Counter[str] = Counter()
    for seed, changed in cases(options.cases, options.seed, options.sources):
        seen['refused' if changed == 'refused' else 'changed' if changed else 'same'] += 1
        if changed not in ('', 'refused'):
            print(f'seed {seed}: {changed}', flush=True)
        if time.process_time() > options.seconds:
            break
    print(f'{seen.total():,} cases: ' + ', '.join(f'{count:,} {name}' for name, count in seen.most_common()))
    return 1 if seen['changed'] else 0


if __name__ == '__main__':
    sys.exit(main())
