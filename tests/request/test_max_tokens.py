"""How many tokens an answer may take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.request.ceilings import output_ceiling
from compactor.request.figures import TaskCount, TaskFigures
from compactor.request.max_tokens import CALL, LIMITS, LONG_CALL, STRUCTURED, max_tokens_for, within
from compactor.request.task import Task

TASKS = st.sampled_from(list(Task))
SIZES = st.none() | st.integers(1, 300_000)


@pytest.mark.parametrize('task', list(Task))
def test_the_limit_of_a_task(task: Task) -> None:
    """Without anything else it is what the table says."""
    assert max_tokens_for(task, LIMITS) == LIMITS[task]


def test_a_task_without_a_limit() -> None:
    """What the table does not list is left to the provider."""
    assert max_tokens_for(Task.REVIEW, {Task.PLANNING: 1_200}, has_tools=True, thinking=5_000) is None


@pytest.mark.parametrize(
    ('more', 'expected'),
    [
        ({'has_tools': True}, LONG_CALL),
        ({'has_tools': True, 'long_arguments': False}, CALL),
        ({'structured': True}, STRUCTURED),
        ({'thinking': 4_000}, 4_300),
        ({'thinking': 4_000, 'has_tools': True}, 4_000 + LONG_CALL),
        ({'least': 7_000}, 7_000),
        ({'ceiling': 200}, 200),
        ({'window': 8_192, 'input_tokens': 8_000}, 192),
        ({'window': 8_192, 'input_tokens': 8_000, 'has_tools': True}, 192),
        ({'window': 8_192, 'input_tokens': 8_192}, None),
        ({'window': 8_192, 'input_tokens': 9_000}, None),
        ({'input_tokens': 9_000}, 300),
    ],
)
def test_what_moves_a_limit(more: dict[str, int], expected: int | None) -> None:
    """Tools, a schema and thinking raise the 300 tokens of a call; ceiling and window bound it, whatever they say."""
    assert max_tokens_for(Task.TOOL_CALL, LIMITS, **more) == expected  # type: ignore[arg-type]


@given(
    TASKS, SIZES, SIZES, st.integers(0, 300_000), st.integers(0, 40_000), st.booleans(), st.booleans(), st.booleans()
)
def test_never_above_what_there_is_and_never_below_what_is_needed(
    task: Task,
    ceiling: int | None,
    window: int | None,
    sent: int,
    thinking: int,
    structured: bool,
    tools: bool,
    long: bool,
) -> None:
    """Never above ceiling or window minus input; never below a floor, unless those leave less; None for no room."""
    found = max_tokens_for(
        task,
        LIMITS,
        ceiling=ceiling,
        window=window,
        input_tokens=sent,
        thinking=thinking,
        structured=structured,
        has_tools=tools,
        long_arguments=long,
    )
    bounds = [n for n in (ceiling, None if window is None else window - sent) if n is not None]
    floors = [LIMITS[task], STRUCTURED * structured, (LONG_CALL if long else CALL) * tools]
    needed = max(floors) + thinking
    assert (found is None) == any(n <= 0 for n in bounds)
    if found is not None:
        assert all(found <= n for n in bounds)
        assert found >= min([needed, *bounds])


@given(st.integers(1, 10**6), SIZES, SIZES, st.integers(0, 300_000))
def test_within_is_never_more_than_was_wanted(wanted: int, ceiling: int | None, window: int | None, sent: int) -> None:
    """Bounds only lower a wish."""
    found = within(wanted, ceiling, window, sent)
    assert found is None or 0 < found <= wanted


@pytest.mark.parametrize(
    ('model', 'expected'),
    [
        ('openai:gpt-4o', 16_384),
        ('openai:gpt-4o-2024-05-13', 4_096),
        ('gpt-4-turbo', 4_096),
        ('gpt-4', 8_192),
        ('openai:gpt-5-mini', 128_000),
        ('anthropic:claude-3-haiku-20240307', 4_096),
        ('anthropic:claude-3-5-sonnet-latest', 8_192),
        ('claude-opus-4-1', 32_000),
        ('claude-opus-4-20250514', 32_000),
        ('claude-opus-4-5', 64_000),
        ('claude-sonnet-4-5', 64_000),
        ('google-gla:gemini-2.0-flash', 8_192),
        ('cerebras:zai-glm-4.7', 40_000),
        ('cerebras:zai-glm-4.6', 40_000),
        ('a-model-nobody-knows', None),
        ('', None),
        (None, None),
    ],
)
def test_ceilings(model: str | None, expected: int | None) -> None:
    """What a model gives at most; None where nobody knows."""
    assert output_ceiling(model) == expected


def test_ceilings_of_the_user() -> None:
    """Names and patterns over the table, with and without the provider."""
    own = {'my-*': 900, 'gpt-4o': 1_000}
    assert output_ceiling('local:my-model', own) == 900
    assert output_ceiling('openai:GPT-4o', own) == 1_000
    assert output_ceiling('gpt-4', own) == 8_192


def test_figures() -> None:
    """Requests, cut answers and second attempts are counted by task."""
    figures = TaskFigures()
    figures.limited(Task.REVIEW)
    figures.limited(Task.REVIEW)
    figures.was_cut(Task.REVIEW, True)
    figures.was_cut(Task.REVIEW, False)
    assert figures[Task.REVIEW] == TaskCount(requests=2, cut=2, asked_again=1)
    assert figures[Task.PLANNING] == TaskCount()
    assert figures.counts() == {Task.REVIEW: TaskCount(2, 2, 1)}
    assert 'REVIEW' in repr(figures)
