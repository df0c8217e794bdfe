"""Limits, and the table in which policy and responses come together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError
from compactor.capacity.headers import Reading
from compactor.capacity.limits import Known, Limit, LimitTable

START = 1_770_000_000.0
MODEL = 'cerebras:zai-glm-4.7'


def only(table: LimitTable, now: float, model: str = MODEL) -> Known:
    """The one limit that a table knows."""
    (known,) = table.known(model, now)
    return known


@pytest.mark.parametrize(
    'values',
    [
        {'unit': 'words'},
        {'window': 'week'},
        {'window': 0},
        {'window': -60},
        {'window': 40_000_000},
        {'window': 1.5},
        {'amount': 0},
        {'amount': -1},
        {'time_zone': 'Mars/Olympus'},
    ],
)
def test_limits_that_make_no_sense(values: dict[str, Any]) -> None:
    """A limit of an unknown unit, window or zone, or of nothing, is a `ConfigError`."""
    with pytest.raises(ConfigError):
        Limit(**{'model': '*', 'unit': 'tokens', 'window': 'minute', 'amount': 1, **values})


@pytest.mark.parametrize(
    ('pattern', 'model', 'covered'),
    [
        ('*', MODEL, True),
        ('cerebras:*', MODEL, True),
        ('zai-glm-4.7', MODEL, True),
        ('ZAI-*', MODEL, True),
        ('groq:*', MODEL, False),
        ('glm-4.7', MODEL, False),
        ('glm-4.7', 'glm-4.7', True),
        ('gpt-?', 'openai:gpt-5', True),
    ],
)
def test_patterns(pattern: str, model: str, covered: bool) -> None:
    """A limit covers models by name, with or without the provider, whatever their case."""
    assert Limit(pattern, 'tokens', 'minute', 1).covers(model) is covered


def test_windows() -> None:
    """Minutes and hours roll; a day is the calendar's, in its time zone, unless it is given in seconds."""
    minute, hour, day, rolling = (Limit('*', 'tokens', window, 1) for window in ('minute', 'hour', 'day', 86_400))
    assert [limit.seconds for limit in (minute, hour, day, rolling)] == [60, 3_600, 86_400, 86_400]
    assert [limit.elapsed(START) for limit in (minute, hour, day, rolling)] == [60, 3_600, 9_600, 86_400]
    assert [limit.ends(START) for limit in (minute, hour, day, rolling)] == [None, None, START + 76_800, None]
    pacific = Limit('*', 'tokens', 'day', 1, time_zone='America/Los_Angeles')
    assert pacific.elapsed(START) == 18 * 3_600 + 2_400
    assert pacific.ends(START) == START + 5 * 3_600 + 1_200
    assert day.elapsed(START - 9_600) > 0


def test_the_first_limit_of_policy_decides() -> None:
    """For each unit and window, as in every table of patterns here; a minute is the same as 60 seconds."""
    table = LimitTable(
        [
            Limit('big-*', 'requests', 'minute', 500),
            Limit('*', 'requests', 60, 50),
            Limit('*', 'tokens', 'day', 24_000_000),
        ]
    )
    assert [known.limit.amount for known in table.known('x:big-one', START)] == [500, 24_000_000]
    assert [known.limit.amount for known in table.known('x:small', START)] == [50, 24_000_000]


def test_what_a_response_says_is_known_of_that_model() -> None:
    """Of no other model; until its reset it says what is left, and then only how much there is."""
    table = LimitTable()
    table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 300, 12.0)], START)
    assert table.known('cerebras:another', START) == ()
    known = only(table, START + 11.9)
    assert (known.limit.amount, known.limit.source, known.told, known.resets_at) == (1_000, 'header', 300, START + 12)
    after = only(table, START + 12)
    assert (after.limit.amount, after.told, after.resets_at) == (1_000, None, None)


def test_learned_limits_go_stale() -> None:
    """After 120 seconds, or at the reset where that is later."""
    table = LimitTable()
    table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 300, 12.0)], START)
    table.learn(MODEL, [Reading('requests', 'day', 100, 7, 33_000.0)], START)
    assert {known.limit.unit for known in table.known(MODEL, START + 119)} == {'tokens', 'requests'}
    assert only(table, START + 120).told == 7
    assert only(table, START + 32_999).told == 7
    assert table.known(MODEL, START + 33_000) == ()


def test_without_a_reset_what_is_left_counts_for_the_window() -> None:
    """A minute's for a minute; a day's only while it is fresh, as nothing says when the day ends there."""
    table = LimitTable()
    table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 300), Reading('requests', 'day', 100, 7)], START)
    assert [known.told for known in table.known(MODEL, START + 59)] == [300, 7]
    assert [known.told for known in table.known(MODEL, START + 60)] == [None, 7]
    assert table.known(MODEL, START + 120) == ()


def test_each_response_replaces_the_one_before() -> None:
    """What is left goes up and down with the responses; one that came earlier changes nothing."""
    table = LimitTable()
    for after, left in ((0, 900), (1, 500), (70, 950), (60, 10)):
        table.learn(MODEL, [Reading('tokens', 'minute', 1_000, left, 30.0)], START + after)
    assert only(table, START + 71).told == 950
    table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 990, 30.0)], START + 70)
    assert only(table, START + 71).told == 950


def test_the_smaller_counts() -> None:
    """Of policy and response, for the amount; what is left is what the response says."""
    stated = Limit('*', 'tokens', 'minute', 500, shared=True)
    table = LimitTable([stated])
    table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 300, 30.0)], START)
    assert only(table, START) == Known(stated, 300, START, START + 30)
    table.learn(MODEL, [Reading('tokens', 'minute', 200, 150, 30.0)], START + 1)
    known = only(table, START + 1)
    assert (known.limit.amount, known.limit.source, known.limit.shared, known.told) == (200, 'header', True, 150)


def test_policy_gives_the_calendar() -> None:
    """A day that a response names is the day that policy says the provider keeps."""
    table = LimitTable([Limit('*', 'requests', 'day', 1_000, time_zone='America/Los_Angeles')])
    table.learn(MODEL, [Reading('requests', 'day', 100, 0, None, 'error')], START)
    known = only(table, START)
    assert (known.limit.amount, known.limit.time_zone, known.told) == (100, 'America/Los_Angeles', 0)


def test_responses_that_do_not_say_how_much_there_is() -> None:
    """What was left at most is taken for it; a refusal that says only that nothing is left needs policy's word."""
    table = LimitTable([Limit('*', 'requests', 'minute', 40)])
    table.learn('m', [Reading('tokens', 'minute', None, 300), Reading('input_tokens', 'minute', None, 0)], START)
    table.learn('m', [Reading('tokens', 'minute', None, 700)], START + 1)
    table.learn('m', [Reading('tokens', 'minute', None, 100), Reading('requests', 'minute', None, 0)], START + 2)
    assert {(one.limit.unit, one.limit.amount, one.told) for one in table.known('m', START + 2)} == {
        ('tokens', 700, 100),
        ('requests', 40, 0),
    }


def test_memory_is_bounded() -> None:
    """Of more models than it holds, the one heard of least recently is forgotten."""
    table = LimitTable(max_models=2)
    for name in ('a', 'b', 'a', 'c'):
        table.learn(name, [Reading('tokens', 'minute', 1_000, 300)], START)
    assert [bool(table.known(name, START)) for name in ('a', 'b', 'c')] == [True, False, True]


READINGS = st.builds(
    Reading,
    st.sampled_from(['tokens', 'requests', 'input_tokens', 'output_tokens']),
    st.sampled_from(['minute', 'hour', 'day']),
    st.none() | st.integers(1, 10**13),
    st.none() | st.integers(0, 10**13),
    st.none() | st.floats(0, 31 * 86_400),
)


@given(
    st.lists(st.tuples(st.lists(READINGS, max_size=6), st.floats(-100, 1_000)), max_size=8), st.floats(0, 40 * 86_400)
)
def test_whatever_responses_say(responses: list[tuple[list[Reading], float]], after: float) -> None:
    """One limit for each unit and window, never above policy's; no more left than there is; all gone in the end."""
    table = LimitTable([Limit('*', 'tokens', 'minute', 1_000)])
    now = START
    for found, seconds in responses:
        now += seconds
        table.learn('m*[x]?', found, now)
    known = table.known('m*[x]?', now + after)
    slots = [one.limit.slot for one in known]
    assert len(slots) == len(set(slots))
    for one in known:
        assert one.limit.unit != 'tokens' or one.limit.slot[1] != 60 or one.limit.amount <= 1_000
        assert one.told is None or one.told >= 0
        assert one.told is None or now + after < one.told_until
    assert len(table.known('m*[x]?', now + 32 * 86_400 + 1_000)) == 1
