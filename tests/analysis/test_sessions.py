"""Sessions and days: the rule is stated, and another rule gives other figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from compactor.analysis.rules import Rules
from compactor.analysis.usage import analyse
from compactor.errors import ConfigError
from tests.analysis.exports import FOLDER, answers, row, seconds, written


def test_the_planned_sessions() -> None:
    """Their starts, active minutes and sums are those that were planned; 10 minutes are no gap, 11 are."""
    planned = answers()['clean']['sessions']
    found = analyse([FOLDER / 'clean.csv']).sessions
    assert [one.number for one in found] == list(range(1, len(planned) + 1))
    for one, wanted in zip(found, planned, strict=True):
        assert (one.start, one.minutes) == (seconds(wanted['start']), wanted['minutes'])
        assert (one.requests, one.input, one.output) == (wanted['requests'], wanted['input'], wanted['output'])


@pytest.mark.parametrize(
    ('rules', 'sessions'),
    [
        (Rules(), 2),
        (Rules(gap=660), 1),
        (Rules(gap_from='end'), 1),
        (Rules(gap_rows='all'), 1),
        (Rules(gap=59), 3),
    ],
)
def test_the_rule_decides(tmp_path: Path, rules: Rules, sessions: int) -> None:
    """Two minutes eleven apart, an empty row between them."""
    path = written(tmp_path / 'x.csv', [row(0), row(1), row(6, 0, 0, 0), row(12)])
    report = analyse([path], rules)
    assert len(report.sessions) == report.figure('sessions').value == sessions
    assert report.figure('sessions').formula == rules.session_rule


def test_verdicts_of_sessions(tmp_path: Path) -> None:
    """Below the target is below it: a session that meets it exactly is above. Tokens without requests have none."""
    rows = [row(0, 2, 29_998), row(30, 2, 30_000), row(60, 2, 30_002), row(90, 0, 7)]
    report = analyse([written(tmp_path / 'x.csv', rows)])
    assert [one.verdict for one in report.sessions] == ['below target', 'above target', 'above target', 'no requests']
    assert [one.per_request for one in report.sessions] == [14_999, 15_000, 15_001, None]


@pytest.mark.parametrize('zone', ['UTC', 'Europe/Berlin', 'America/St_Johns'])
def test_days_of_a_time_zone(zone: str) -> None:
    """As they were planned, the day of 23 hours too."""
    planned = answers()['clean']['days'][zone]
    found = analyse([FOLDER / 'clean.csv'], Rules(time_zone=zone)).days
    assert {one.date: (one.requests, one.input, one.output) for one in found} == {
        date: (day['requests'], day['input'], day['output']) for date, day in planned.items()
    }
    short = {one.date for one in found if one.hours == 23}
    assert short == ({'2026-03-29'} if zone == 'Europe/Berlin' else set())


def test_shares_of_the_daily_limit(tmp_path: Path) -> None:
    """Input or everything may count; reached is reached."""
    rows = [row(0, 1, 79, 1), row(1_440, 1, 80, 20), row(2_880, 1, 100, 5)]
    path = written(tmp_path / 'x.csv', rows)
    by_input = analyse([path], Rules(daily_limit=100)).days
    assert [(one.share, one.share_other) for one in by_input] == [(0.79, 0.8), (0.8, 1.0), (1.0, 1.05)]
    assert [one.verdict for one in by_input] == ['below target', 'above target', 'limit reached']
    by_total = analyse([path], Rules(daily_limit=100, limit_counts='total')).days
    assert [one.verdict for one in by_total] == ['above target', 'limit reached', 'limit reached']
    assert {one.verdict for one in analyse([path]).days} == {'no limit'}


def test_rules_that_are_none() -> None:
    """The message names the field."""
    with pytest.raises(ConfigError, match='unknown time zone'):
        Rules(time_zone='Berlin')
    with pytest.raises(ConfigError, match='gap'):
        Rules(gap=0)
