"""Budgets and their periods: values and arithmetic."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError
from compactor.ledger.budget import Budget, Usage, Use, premium_requests, shown
from compactor.ledger.periods import PERIODS, Period, period_at

ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Africa/Cairo', 'Pacific/Apia', 'Australia/Lord_Howe']


def at(text: str, zone: str) -> float:
    """A local time in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ('moment', 'zone', 'period', 'start', 'hours'),
    [
        ('2026-03-28T23:59:59', 'Europe/Berlin', 'day', '2026-03-28T00:00', 24),
        ('2026-03-29T12:00', 'Europe/Berlin', 'day', '2026-03-29T00:00', 23),
        ('2026-10-25T12:00', 'Europe/Berlin', 'day', '2026-10-25T00:00', 25),
        ('2026-03-31T23:59', 'Europe/Berlin', 'month', '2026-03-01T00:00', 31 * 24 - 1),
        ('2028-02-29T12:00', 'UTC', 'month', '2028-02-01T00:00', 29 * 24),
        ('2026-12-31T23:59', 'UTC', 'month', '2026-12-01T00:00', 31 * 24),
        ('2026-12-31T23:59', 'UTC', 'year', '2026-01-01T00:00', 365 * 24),
        ('2026-03-01T00:00', 'UTC', 'week', '2026-02-23T00:00', 7 * 24),
        ('2026-04-24T12:00', 'Africa/Cairo', 'day', '2026-04-24T01:00', 23),  # clocks skip midnight
        ('2011-12-29T12:00', 'Pacific/Apia', 'day', '2011-12-29T00:00', 24),  # and here a whole day
        ('2011-12-31T12:00', 'Pacific/Apia', 'day', '2011-12-31T00:00', 24),
        ('2026-05-05T05:45', 'Asia/Kolkata', 'day', '2026-05-05T00:00', 24),
    ],
)
def test_calendar_periods(moment: str, zone: str, period: str, start: str, hours: int) -> None:
    """Days and months begin at local midnight, and are an hour shorter or longer where clocks change."""
    found = period_at(at(moment, zone), period, zone)  # type: ignore[arg-type]
    assert found.start == at(start, zone)
    assert found.seconds == hours * 3_600


@given(now=st.floats(0, 4e9), period=st.sampled_from(PERIODS), zone=st.sampled_from(ZONES))
def test_periods_leave_no_gap(now: float, period: str, zone: str) -> None:
    """Every moment lies in exactly one: the next begins where one ends, the one before ends where it begins."""
    found = period_at(now, period, zone)  # type: ignore[arg-type]
    assert found.start <= now < found.end
    assert period_at(found.start, period, zone) == found  # type: ignore[arg-type]
    assert period_at(found.end - 1, period, zone) == found  # type: ignore[arg-type]
    assert period_at(found.end, period, zone).start == found.end  # type: ignore[arg-type]
    assert period_at(found.start - 1, period, zone).end == found.start  # type: ignore[arg-type]


def test_a_day_that_begins_twice() -> None:
    """Where clocks went back over midnight, the hour of the old day that comes again belongs to the new one."""
    zone = 'America/St_Johns'
    midnight = at('2010-11-07T00:00', zone)
    for minutes in (0, 1, 30, 61, 62):
        assert period_at(midnight + minutes * 60, 'day', zone).start == midnight


@pytest.mark.parametrize('zone', ['Mars/Olympus', '', '../etc/passwd'])
def test_an_unknown_time_zone(zone: str) -> None:
    """Is refused when the budget is made, with an example of one that is known."""
    with pytest.raises(ConfigError, match=r'unknown time zone.*Europe/Berlin'):
        Budget(name='a', limit=1, time_zone=zone)


def test_an_unknown_period() -> None:
    """Is refused with those that there are."""
    with pytest.raises(ConfigError, match='minute, hour, day, week, month, year'):
        period_at(0, 'fortnight')  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ('budget', 'use', 'taken'),
    [
        ({}, Use(tokens=1_000), 1_000),
        ({'agent': 'code*'}, Use(agent='coder', tokens=7), 7),
        ({'agent': 'code*'}, Use(agent='reviewer', tokens=7), 0),
        ({'model': 'glm*'}, Use('glm-4.7', 'cerebras', tokens=7), 7),
        ({'model': 'cerebras:*'}, Use('glm-4.7', 'cerebras', tokens=7), 7),
        ({'model': 'cerebras:*'}, Use('glm-4.7', tokens=7), 0),
        ({'model': 'GLM*'}, Use('glm-4.7', tokens=7), 0),
        ({'unit': 'requests'}, Use(requests=2), 2_000_000),
        ({'unit': 'requests', 'weights': {'mini*': '0.33'}}, Use('mini-1'), 330_000),
        ({'unit': 'requests', 'weights': {'mini*': 0}}, Use('mini-1'), 0),
        ({'weights': {'a*': 2, 'ab': 3}}, Use('ab', tokens=7), 14),
        ({'weights': {'a*': '0.5'}}, Use('a', tokens=7), 4),
        ({'unit': 'usd'}, Use(usd=Decimal('0.0000000001')), 1),
        ({'unit': 'usd'}, Use(usd=Decimal('0.25')), 250_000_000),
        ({'unit': 'usd'}, Use(), None),
        ({'unit': 'usd', 'weights': {'local/*': 0}}, Use('local/llama'), 0),
    ],
)
def test_what_a_request_takes(budget: dict[str, object], use: Use, taken: int | None) -> None:
    """In whole parts, rounded up; nothing where it is not covered or free; unknown where its price is."""
    assert Budget(name='a', limit=1, **budget).taken(use) == taken


@given(
    limit=st.decimals(0, 10**6, places=6),
    unit=st.sampled_from(['tokens', 'requests', 'usd']),
    used=st.integers(0, 10**15),
)
def test_parts_and_amounts(limit: Decimal, unit: str, used: int) -> None:
    """An amount is its parts exactly; a limit is never rounded up, a warning is never above the limit."""
    budget = Budget(name='a', limit=limit, unit=unit)
    assert budget.amount(budget.parts) <= limit
    assert budget.amount(used) * 10**9 == int(budget.amount(used) * 10**9)
    assert budget.warns_at is not None
    assert 0 <= budget.warns_at <= budget.parts


def test_how_a_budget_stands() -> None:
    """Remaining, per cent, and whether there is room for a request."""
    budget = Budget(name='a', limit=1_000)
    stands = Usage(budget, Decimal(700), Decimal(200), Period(0, 86_400))
    assert [stands.remaining, stands.usage_pct, stands.limit, stands.resets] == [100, 70.0, 1_000, 86_400]
    assert stands.can_afford(Use(tokens=100))
    assert not stands.can_afford(Use(tokens=101))
    nothing = Usage(Budget(name='a', limit=0), Decimal(0), Decimal(0), Period(0, 86_400))
    assert [nothing.remaining, nothing.usage_pct, nothing.can_afford(Use(tokens=0))] == [0, 100.0, True]
    dollars = Budget(name='a', limit=1, unit='usd')
    assert not Usage(dollars, Decimal(0), Decimal(0), Period(0, 1)).can_afford(Use())


def test_a_budget_in_a_file() -> None:
    """TOML and JSON give the same budget back, prices to the last digit."""
    text = """
        name = 'premium'
        limit = 300
        unit = 'requests'
        period = 'month'
        time_zone = 'Europe/Berlin'
        weights = { 'gpt-4.1' = 0, 'claude-opus*' = 10, '*mini' = '0.33' }
    """
    budget = Budget(**tomllib.loads(text))
    assert Budget.model_validate_json(budget.model_dump_json()) == budget
    assert Budget(**json.loads(budget.model_dump_json())) == budget
    assert budget.weight(Use('o4-mini')) == Decimal('0.33')
    assert budget == premium_requests(budget.weights, time_zone='Europe/Berlin').model_copy(update={'name': 'premium'})


@pytest.mark.parametrize(
    'values',
    [
        {'limit': -1},
        {'limit': 'much'},
        {'limit': 'NaN'},
        {'limit': 10**30},
        {'unit': 'euros'},
        {'period': 'fortnight'},
        {'warn_at': 2},
        {'weights': {'a': -1}},
        {'colour': 'red'},
        {'name': ''},
    ],
)
def test_a_budget_that_makes_no_sense(values: dict[str, object]) -> None:
    """Is refused, and the message names the budget and the field."""
    with pytest.raises(ConfigError, match=f"budget '.*': ({next(iter(values))}|it|weights.a)"):
        Budget(**({'name': 'a', 'limit': 1} | values))


def test_a_request_cannot_take_less_than_nothing() -> None:
    """Else it would fill a budget up."""
    for use in ({'tokens': -1}, {'requests': -1}, {'usd': Decimal(-1)}, {'usd': Decimal('NaN')}):
        with pytest.raises(ConfigError, match='less than nothing'):
            Use(**use)


def test_amounts_for_people() -> None:
    """Thousands are set apart, zeros at the end left out, no exponents."""
    amounts = [shown(Decimal(1_200_000), 'tokens'), shown(Decimal('0.330'), 'requests'), shown(Decimal('12.50'), 'usd')]
    assert amounts == snapshot(['1,200,000 tokens', '0.33 requests', '$12.5'])
