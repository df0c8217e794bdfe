"""The benchmark of providers' limits: what it plays, how it counts, and that it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from inline_snapshot import snapshot

from compactor.testing import Failure, RateLimit, Turn


def module(name: str) -> Any:
    """A module of the benchmark, which is no part of the package and so not known to the type checker by this name."""
    return import_module(f'benchmarks.walls.{name}')


clock, scenarios, providers, controls, worker, runs, table = map(
    module, ('clock', 'scenarios', 'providers', 'controls', 'worker', 'runs', 'table')
)
SCENARIOS = scenarios.SCENARIOS


@pytest.mark.parametrize('name', list(SCENARIOS))
def test_the_fallback_has_room_for_the_rest(name: str) -> None:
    """For all that the primary cannot answer in its worst minute."""
    scenario = SCENARIOS[name]
    away = scenario.down is not None or scenario.day is not None
    (spare,) = scenario.fallback
    offered = scenarios.LOAD * scenarios.PER_MINUTE
    assert spare.amount >= (offered if away else offered - scenarios.PER_MINUTE)


@pytest.mark.parametrize(
    ('name', 'unit', 'allowed'),
    [
        ('requests', 'requests', 360),
        ('tokens', 'tokens', 12 * scenarios.TOKENS[0].amount),
        ('day', 'requests', 240),  # 120 on each side of midnight: what two thirds of six minutes allow
        ('outage', 'requests', 240),
        ('concurrent', 'requests', 360),
    ],
)
def test_what_the_primary_could_answer(name: str, unit: str, allowed: float) -> None:
    """In twelve minutes, against which its throughput is measured."""
    found = SCENARIOS[name].allowed(12)
    assert found[0] == unit
    assert found[1] == pytest.approx(allowed)


def test_requests_at_the_same_time_depend_on_how_fast_time_passes() -> None:
    """Answers take real seconds: of a minute that takes two of them, there are twice as many."""
    assert SCENARIOS['concurrent'].allowed(12, scale=30.0)[1] == pytest.approx(720)


def test_a_day_ends_half_way_and_an_outage_is_a_third() -> None:
    """Both in the measured time, at whole minutes."""
    day, outage = SCENARIOS['day'], SCENARIOS['outage']
    assert day.start(12) + 6 * 60 == day.back(12) == scenarios.MIDNIGHT
    assert day.primary(12)[0] == RateLimit('requests', 'day', 120)
    assert outage.outage(12) == (clock.START + 6 * 60, clock.START + 10 * 60)
    assert outage.back(12) == clock.START + 10 * 60
    assert SCENARIOS['requests'].back(12) is None


def test_the_primary_fails_while_it_is_down_and_says_when_it_is_back() -> None:
    """The first answer after the outage is written down."""
    played = clock.Clock()
    model = providers.Model(played, (clock.START, clock.START + 60), clock.START + 60)
    turn = Turn('openai', 1, {})
    assert model(turn) == Failure(503)
    played.start += 61
    assert model(turn).text.startswith('word')
    played.start += 9
    assert model(turn)
    assert model.returned == clock.START + 61


def work(**more: Any) -> Any:
    """A worker's task of four minutes, of which the last two count."""
    given: dict[str, Any] = {
        'control': 'none', 'number': 0, 'workers': 1, 'seed': 1, 'per_minute': 45.0,
        'start': 600.0, 'measured': 720.0, 'end': 840.0,
        'deadline': 60.0, 'addresses': None, 'wire': 'openai', 'limits': (), 'store': '', 'scale': 60.0,
    }  # fmt: skip
    return worker.Work(**(given | more))


def test_requests_are_due_at_random_moments_of_equal_spans() -> None:
    """As many in every minute; the same for the same seed only."""
    due = [at for _, at in worker.moments(work())]
    assert len(due) == 180
    assert [int((at - 600) // (60 / 45)) for at in due] == list(range(180))
    assert due == [at for _, at in worker.moments(work())]
    assert due != [at for _, at in worker.moments(work(seed=2))]


@pytest.mark.parametrize('bursty', [False, True])
def test_workers_share_the_same_traffic(bursty: bool) -> None:
    """However many there are: together they send what one would."""
    alone = list(worker.moments(work(bursty=bursty)))
    shared = [worker.moments(work(bursty=bursty, workers=4, number=number)) for number in range(4)]
    assert sorted(one for of in shared for one in of) == alone
    assert [number for number, _ in alone] == list(range(len(alone)))


def test_bursty_requests_come_in_clusters() -> None:
    """There are gaps of more than three spans, and requests beside each other."""
    due = [at for _, at in worker.moments(work(bursty=True))]
    gaps = [later - earlier for earlier, later in pairwise(due)]
    assert max(gaps) > 4
    assert min(gaps) < 0.1
    assert all(600 < at < 840 for at in due)


def row(control: str, workers: int = 1, **more: Any) -> Any:
    """A row of the table."""
    seen: dict[str, Any] = {
        'sent': 720, 'refused': 240, 'lost': Counter(), 'late': 0, 'by_fallback': 0, 'throughput': 0.991, 'over': 0.0,
        'reserved': 210_000, 'unused': 140_000, 'returned': 3.71, 'middle': 3.4, 'slowest': 5.2, 'lag': 0.2,
        'events': Counter(),
    }  # fmt: skip
    return runs.Row(control, workers, **(seen | more))


def test_the_table_and_what_is_wanted() -> None:
    """Ours is judged by the row of no control with as many workers; `over` is of the run that only counts."""
    rows = [
        row('none', lost=Counter({'ModelRateLimitError429': 240})),
        row('ours', refused=2, by_fallback=240, events=Counter({'FailoverTriggered': 240})),
        row(
            'ours, learning',
            refused=3,
            late=2,
            throughput=0.94,
            lost=Counter({'TimeoutError': 1}),
            returned=None,
            lag=9.0,
        ),
    ]
    counted = [row('ours', over=0.009), row('ours, learning', over=0.02)]
    lines = table.lines(rows, counted)
    assert [(line[0], line[8], line[11]) for line in lines[1:]] == [
        ('none', '-', '3.7'), ('ours', '0.9 %', '3.7'), ('ours, learning', '2.0 %', 'never'),
    ]  # fmt: skip
    assert {len(line) for line in lines} == {len(table.HEAD)}
    assert [*table.told(rows), *table.wanted(rows, counted)] == snapshot(
        [
            'none, 1 workers: lost: ModelRateLimitError429 240',
            'ours, 1 workers: events: FailoverTriggered 240',
            'ours, learning, 1 workers: lost: TimeoutError 1',
            'ours, learning, 1 workers: the machine was too busy: sent up to 9 s late',
            'ours, 1 workers: 429s <= 2.4, 1 % of no control: 2 reached',
            'ours, 1 workers: lost 0: 0 reached',
            'ours, 1 workers: throughput >= 95 %: 99.1 % reached',
            'ours, 1 workers: over <= 1 %: 0.9 % reached',
            'ours, learning, 1 workers: 429s <= 2.4, 1 % of no control: 3 MISSED',
            'ours, learning, 1 workers: lost 0: 1 MISSED',
            'ours, learning, 1 workers: throughput >= 95 %: 94.0 % MISSED',
            'ours, learning, 1 workers: over <= 1 %: 2.0 % MISSED',
        ]
    )


@pytest.mark.sweep
@pytest.mark.parametrize('wire', ['openai', 'anthropic'])
def test_rows_are_played(wire: str) -> None:
    """No control loses what the primary refuses; `FallbackModel` loses none of the very same requests."""
    scenario = replace(SCENARIOS['requests'], warmup=1)
    ordered = runs.Ordered('none', 1, 2, scenario, wire, deadline=600.0)  # a slow machine loses nothing
    none = runs.play(ordered)
    assert none.sent == 90
    assert none.refused > 0
    assert set(none.lost) == {'ModelRateLimitError429'}
    assert none.by_fallback == 0
    assert none.throughput > 0
    fallback = runs.play(replace(ordered, control='FallbackModel'))
    assert fallback.sent == 90
    assert fallback.refused > 0
    assert fallback.by_fallback > 0
    assert not fallback.lost


@pytest.mark.sweep
def test_a_primary_that_only_counts() -> None:
    """It refuses nothing, and the row says by how much its limit was exceeded."""
    scenario = replace(SCENARIOS['requests'], warmup=1)
    seen = runs.play(runs.Ordered('none', 1, 2, scenario, deadline=600.0, enforce=False))
    assert seen.refused == 0
    assert not seen.lost
    assert seen.over > 0
