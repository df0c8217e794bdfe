"""What compaction-conformance-kit (0.8) finds after five compactions at budgets of 10, 20 and 30 %, beside its rows.

    python benchmarks/conformance.py [--budgets 10%,20%,30%] [--seeds 4] [--lost]

The kit plants rules, constraints, facts, the state of a goal and preferences in chats of 170 turns, has them compacted
five times to so many characters, and looks for the planted values. A budget of characters is met by the largest target
of tokens whose result has no more of them. `checklist` rows of the kit know the words that its items begin with
("SAFETY RULE:"); ours does not. Asserts nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)

from compactor import compact

MODEL = 'gpt-4o'
PLACES = 9
"""Targets that are tried for a budget of characters."""


class Ours:
    """The default policy, as the kit wants a compactor."""

    name = 'compactor'

    def __init__(self) -> None:
        self._state: list[ModelMessage] = []

    def compact(self, turns: Sequence[Any], round_num: int = 1, budget_chars: int | None = None) -> Any:
        """One round: the history that is given first, later what the round before left of it."""
        from compaction_kit.compacted import CompactedContext

        if round_num == 1:
            self._state = history(turns)
        self._state = within(self._state, budget_chars or len(text(self._state)))
        return CompactedContext(text(self._state), self.name, round_num)


def history(turns: Sequence[Any]) -> list[ModelMessage]:
    """A chat of the kit as messages."""
    made: list[ModelMessage] = []
    parts: list[Any] = []
    for turn in turns:
        if turn.role == 'assistant':
            made += [ModelRequest(parts=parts), ModelResponse(parts=[TextPart(turn.text)])]
            parts = []
        else:
            parts.append(SystemPromptPart(turn.text) if turn.role == 'system' else UserPromptPart(turn.text))
    return [*made, ModelRequest(parts=parts)] if parts else made


def text(messages: Sequence[ModelMessage]) -> str:
    """All that an agent reads."""
    return '\n'.join(str(getattr(part, 'content', '')) for message in messages for part in message.parts)


def within(messages: list[ModelMessage], characters: int) -> list[ModelMessage]:
    """The largest compaction that has at most so many characters."""
    if len(text(messages)) <= characters:
        return messages
    best, low, high = messages, 1, characters
    for _ in range(PLACES):
        target = (low + high) // 2
        smaller = list(compact(messages, target_tokens=target, model=MODEL).messages)
        if len(text(smaller)) <= characters:
            best, low = smaller, target
        else:
            high = target
    return best


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the kit's table with our row in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--budgets', default='10%,20%,30%', help='shares of the transcript (default 10%%,20%%,30%%)')
    parser.add_argument('--seeds', type=int, default=4, help='sessions of each kind (default 4)')
    parser.add_argument('--lost', action='store_true', help='print the items that ours loses')
    parser.add_argument('--alone', action='store_true', help="leave the kit's own rows out")
    options = parser.parse_args(arguments)
    if find_spec('compaction_kit') is None:
        raise SystemExit('compaction-conformance-kit is not installed (benchmarks/requirements.txt)')
    from compaction_kit import benchmark, cli

    rows = {} if options.alone else dict(cli.COMPACTORS)
    budgets = [float(share.strip(' %')) / 100 for share in options.budgets.split(',')]
    seeds = range(1, options.seeds + 1)
    found = benchmark.run_budget_benchmark({**rows, Ours.name: Ours}, budgets, seeds=tuple(seeds))
    print(benchmark.budget_benchmark_to_markdown(found))
    if options.lost:
        _lost(budgets, seeds)


def _lost(budgets: Sequence[float], seeds: Sequence[int]) -> None:
    from compaction_kit.corpus import build_random_session
    from compaction_kit.runner import run_conformance

    for budget in budgets:
        for seed in seeds:
            session, canaries = build_random_session(seed)
            final = run_conformance(session, Ours(), canaries=canaries, budget_fraction=budget).rounds[-1]
            gone = [one.content for one in canaries if not final.survived[one.id]]
            print(f'\n{budget:.0%}, session {seed}: {final.output_chars} of {final.budget_chars}, {len(gone)} lost')
            for line in gone:
                print('  lost:', line)
            print(final.context.text)


if __name__ == '__main__':
    main()
