"""What a routing decision costs, and which levels the labelled prompts get.

    python benchmarks/routing.py [--rounds 200]

Each row is one request that is measured and routed, over the prompts of `fixtures/prompts.jsonl` and one long prompt
(a pasted log of 20,000 characters). Budgets are asked and outcomes are there, as at work. Then how often each level and
each first model came out, by table: a table in which everything is moderate decides nothing.

Nothing is asserted: the last column says whether the wanted figure was reached, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter

from compactor.ledger.budget import Budget, Usage
from compactor.ledger.periods import Period
from compactor.policies.routing import RoutingPolicy
from compactor.routing.afford import within
from compactor.routing.complexity import Complexity, Factors, measure
from compactor.routing.learn import Key, Learner, MemoryOutcomes, record_outcome
from compactor.routing.route import Ask, route
from compactor.routing.table import RoutingTable
from compactor.sources import routing_presets

PROMPTS = Path(__file__).resolve().parents[1] / 'fixtures' / 'prompts.jsonl'
WANTED_MICROSECONDS = 100.0
LOG = 'Migrate the scheduler, this is the log:\n' + '2026-11-20 12:00:01 worker 7 INFO done in 12 ms\n' * 420
BUDGETS = within(
    [
        Usage(Budget(name='a day', limit=10**9), Decimal(10), Decimal(0), Period(0, 86_400)),
        Usage(Budget(name='a month', limit=500, unit='usd'), Decimal(10), Decimal(0), Period(0, 86_400)),
    ]
)


def prompts() -> list[str]:
    """The labelled prompts."""
    return [json.loads(line)['text'] for line in PROMPTS.read_text('utf-8').splitlines()]


def experience() -> Learner:
    """Outcomes of every kind of request, for two models."""
    kept = MemoryOutcomes()
    for task in ('review', 'code_generation', 'explanation', 'planning', 'unknown'):
        for level in Complexity:
            for model in ('cerebras:zai-glm-4.7', 'openai:gpt-4.1'):
                for _ in range(20):
                    record_outcome(kept, Key('coding', task, level), model, success=True, at=1.0)
    return Learner(kept)


def microseconds(call: Callable[[str], object], texts: list[str], rounds: int) -> float:
    """Median over the prompts of the fastest of some rounds each."""
    best = []
    for text in texts:
        times = []
        for _ in range(rounds):
            start = perf_counter()
            call(text)
            times.append(perf_counter() - start)
        best.append(min(times))
    return statistics.median(best) * 1e6


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=200)
    rounds = max(1, parser.parse_args().rounds)
    texts, learner = prompts(), experience()
    tables = {name: RoutingPolicy(preset=name).table() for name in routing_presets()}

    def deciding(table: RoutingTable) -> Callable[[str], object]:
        def decide(text: str) -> object:
            asked = Ask('coding', factors=Factors(text, files=3), input_tokens=9_000, output_tokens=1_500, at=2.0)
            return route(asked, table, learned=learner, affordable=BUDGETS)

        return decide

    rows: list[tuple[str, Callable[[str], object]]] = [('measure alone', lambda text: measure(Factors(text, files=3)))]
    rows += [(f'measure and route, {name}', deciding(table)) for name, table in tables.items()]
    print(f'{"":40} {"median us":>10} {"a long log":>11}  wanted')
    for name, call in rows:
        usual, long = microseconds(call, texts, max(1, rounds // 20)), microseconds(call, [LOG], rounds)
        reached = 'yes' if usual <= WANTED_MICROSECONDS else 'no'
        print(f'{name:40} {usual:>10.1f} {long:>11.1f}  below {WANTED_MICROSECONDS:.0f}: {reached}')
    print(f'\nlevels and first models of {len(texts)} labelled prompts')
    for name, table in tables.items():
        routes = [route(Ask('coding', factors=Factors(text)), table) for text in texts]
        levels = Counter(one.complexity.level for one in routes)
        print(f'{name:20} {", ".join(f"{level.label} {levels[level]}" for level in Complexity)}')
        firsts = Counter(one.model for one in routes).most_common()
        print(f'{"":20} {", ".join(f"{model} {count}" for model, count in firsts)}')


if __name__ == '__main__':
    main()
