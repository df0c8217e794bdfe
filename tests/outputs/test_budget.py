"""How many tokens an output may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError
from compactor.outputs.budget import FAMILIES, LARGEST, Budgets
from compactor.outputs.hint import Family
from compactor.policy import OutputsPolicy, Policy


def of_call(budgets: Budgets, *, tool: str = 'bash', trigger: int = 100_000, used: int = 0, spent: int = 0) -> int:
    """Tokens of a shell's output."""
    return budgets.of_call(tool, Family.SHELL, trigger=trigger, used=used, spent=spent)


def test_every_family_has_a_budget() -> None:
    """The table is complete."""
    assert set(FAMILIES) == set(Family)


def test_by_tool_then_by_family() -> None:
    """A tool's own number counts before its family's; names may hold `*`."""
    budgets = Budgets({Family.SHELL: 700}, {'git_*': 300, '*': 5_000})
    assert of_call(budgets, tool='git_log') == 300
    assert of_call(budgets, tool='bash') == 5_000
    assert of_call(Budgets({Family.SHELL: 700})) == 700
    assert of_call(Budgets()) == FAMILIES[Family.SHELL]


def test_a_small_window_has_small_outputs() -> None:
    """No output takes more than a share of the size at which the history is compacted."""
    assert of_call(Budgets(), trigger=15_000) == int(15_000 * LARGEST)


def test_tighter_when_the_history_is_nearly_full() -> None:
    """From three quarters of the trigger on, down to two fifths of the budget at the trigger."""
    shares = [of_call(Budgets({Family.SHELL: 1_000}), used=used * 1_000) for used in (0, 75, 80, 90, 100, 140)]
    assert shares == [1_000, 1_000, 880, 640, 400, 400]


def test_what_is_left_of_the_run() -> None:
    """A run's budget is spent output by output; what comes after still gets the floor."""
    budgets = Budgets({Family.SHELL: 1_000}, run=2_500)
    assert [of_call(budgets, spent=spent) for spent in (0, 1_000, 2_000, 2_400, 9_000)] == [1_000, 1_000, 500, 256, 256]
    assert of_call(Budgets(tools={'bash': 40}, run=100), spent=1_000) == 40


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.none() | st.integers(1, 10**6))
def test_laws(trigger: int, used: int, spent: int, run: int | None) -> None:
    """Never under 16 tokens, never more than the table says, and never more for a fuller history."""
    budgets = Budgets({Family.SHELL: 3_000}, run=run)
    size = of_call(budgets, trigger=trigger, used=used, spent=spent)
    assert 16 <= size <= 3_000
    assert of_call(budgets, trigger=trigger, used=used + 1_000, spent=spent) <= size
    assert of_call(budgets, trigger=trigger, used=used, spent=spent + 1_000) <= size


def test_the_policy() -> None:
    """Every number can be set; a step has a share of the trigger unless a policy says otherwise."""
    policy = OutputsPolicy(budgets={'shell': 500}, tools={'x': 20}, per_run=9, per_step=77)  # type: ignore[dict-item]
    assert policy.table().families[Family.SHELL] == 500
    assert policy.table().families[Family.DIFF] == FAMILIES[Family.DIFF]
    assert policy.step_tokens(100) == 77
    assert OutputsPolicy().step_tokens(15_000) == 5_250
    assert OutputsPolicy(redact=False).patterns() is None
    with pytest.raises(ConfigError, match='budgets'):
        OutputsPolicy(budgets={'shel': 500})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match='narrowing'):
        Policy(outputs={'narrowing': 'half'})  # type: ignore[arg-type]
