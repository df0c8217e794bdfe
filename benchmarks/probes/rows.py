"""Who is asked: ours, the windows, the official harness where it is installed, and controls that cannot know."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from compactor import HistoryPolicy, Policy, compact
from retention import harness
from retention.grammar import texts
from retention.index import index
from retention.laws import COUNTER, MODEL
from retention.rows import by_strategy

from .planted import TOOL

Row = Callable[[Sequence[ModelMessage], int], Sequence[ModelMessage]]
OURS = 'ours'
CHAINED = 'ours, chain of five'
ANOTHER = "another session's digest"


def ours(history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """The default policy, told which tool states rules."""
    return compact(list(history), POLICY, target_tokens=target, model=MODEL).messages


def chained(history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """Five compactions, each of what the last one left and the next fifth of the session."""
    state: list[ModelMessage] = []
    ends = [len(history) * n // 5 for n in range(1, 6)]
    begin = 0
    for end in ends:
        while end < len(history) and history[end].kind != 'response':
            end += 1
        state += history[begin:end]
        begin = end
        state = list(ours(state, target))
    return state


def empty(history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """Nothing."""
    return [ModelRequest(parts=[UserPromptPart('Go on.')])]


def lines(history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """Lines of the session drawn at random."""
    every = [line for text in texts(history) for line in text.splitlines() if line.strip()]
    random.Random(7).shuffle(every)
    chosen: list[str] = []
    for line in every:
        target -= COUNTER.count(line) + 1
        if target < 0:
            break
        chosen.append(line)
    return [ModelRequest(parts=[UserPromptPart('\n'.join(chosen))])]


POLICY = Policy(history=HistoryPolicy(instruction_tools=frozenset((TOOL,))))
ROWS: Mapping[str, Row] = {
    OURS: ours,
    CHAINED: chained,
    'plain window': lambda history, target: by_strategy('window', history, target),
    'harness tiered': harness.tiered,
    'harness sliding': harness.sliding,
    'control: empty': empty,
    'control: random lines': lines,
    'control: bare index': index,
}


def chosen(names: Sequence[str]) -> dict[str, Row]:
    """The rows whose name contains one of these (all if none is given), as far as they can run here."""
    found = {row: run for row, run in ROWS.items() if not names or any(name in row for name in names)}
    return {row: run for row, run in found.items() if harness.INSTALLED or not row.startswith('harness')}
