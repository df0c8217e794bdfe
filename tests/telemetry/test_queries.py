"""Every documented query on the records of a life as it should be, and of lives with the faults that it looks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.telemetry.capture import configured
from tests.telemetry.life import KIMI, Life
from tests.telemetry.page import queries
from tests.telemetry.tables import Tables

QUERIES = queries()


def tables(life: Life) -> Tables:
    """The records of a life."""
    with configured(life.clock.nanoseconds) as captured:
        life.live()
    return Tables(captured.exported)


@pytest.fixture(scope='module')
def healthy() -> Tables:
    """All is well: the chain is warned, then refused, another takes over, compaction pays."""
    return tables(Life())


@pytest.fixture(scope='module')
def blind() -> Tables:
    """Limits are not known, coding goes to the wrong model, outputs stay whole, and answers are cut."""
    return tables(Life(routed_to=KIMI, limit=None, refuses=(3,), cut=True, whole=True, rounds=6))


@pytest.fixture(scope='module')
def alone() -> Tables:
    """Nobody can take over, the window fills up, and the run ends soon after its compaction."""
    return tables(Life(alone=True, limit=None, requests=10, refuses=(), rounds=8))


def rows(found: Tables, title: str) -> list[dict[str, Any]]:
    """What a documented query gives, with times as seconds and without the run's id."""
    return [
        {name: value.strftime('%H:%M:%S') if isinstance(value, datetime) else value for name, value in row.items()}
        for row in ({k: v for k, v in row.items() if k != 'run'} for row in found.rows(QUERIES[title]))
    ]


def verdicts(found: Tables, title: str) -> set[str]:
    """What a query says in all."""
    return {row['verdict'] for row in found.rows(QUERIES[title])}


def test_the_page_has_these_queries() -> None:
    """Each of them is tested below."""
    assert list(QUERIES) == snapshot(
        [
            'A workload uses its model',
            'Warnings precede rate limits',
            'Failover follows accumulated warnings',
            'Warnings without a failover',
            'Capacity by provider',
            'Compaction saves more than it costs',
            'Detection cuts answers off',
            'Savings by station',
        ]
    )


@pytest.mark.parametrize('title', QUERIES)
def test_a_healthy_life_has_nothing_but_ok(healthy: Tables, title: str) -> None:
    """No query cries wolf, and each finds something to say ok to."""
    assert verdicts(healthy, title) == {'ok'}


@pytest.mark.parametrize(
    ('title', 'life', 'verdict'),
    [
        ('A workload uses its model', 'blind', 'wanted cerebras:zai-glm-4.7'),
        ('Warnings precede rate limits', 'blind', 'no warning'),
        ('Failover follows accumulated warnings', 'blind', 'out of the blue'),
        ('Warnings without a failover', 'alone', 'nobody took over'),
        ('Capacity by provider', 'alone', 'exhausted'),
        ('Compaction saves more than it costs', 'alone', 'costs more than it saves'),
        ('Detection cuts answers off', 'blind', 'cuts answers off'),
        ('Savings by station', 'blind', 'saves nothing'),
    ],
)
def test_the_planted_fault_is_found(request: pytest.FixtureRequest, title: str, life: str, verdict: str) -> None:
    """Each query tells of its fault where it is."""
    assert verdict in verdicts(request.getfixturevalue(life), title)


def test_the_rows_of_a_healthy_life(healthy: Tables) -> None:
    """Every row of every query."""
    assert {title: rows(healthy, title) for title in QUERIES} == snapshot(
        {
            'A workload uses its model': [
                {
                    'workload': 'coding',
                    'model': 'cerebras:zai-glm-4.7',
                    'decisions': 18,
                    'failovers': 1,
                    'verdict': 'ok',
                }
            ],
            'Warnings precede rate limits': [
                {
                    'at': '02:40:45',
                    'model': 'cerebras:zai-glm-4.7',
                    'in_a_row': 1,
                    'cooldown': 2.0,
                    'warnings': 1,
                    'seconds_of_warning': 12.0,
                    'verdict': 'ok',
                }
            ],
            'Failover follows accumulated warnings': [
                {
                    'at': '02:40:45',
                    'from_model': 'cerebras:zai-glm-4.7',
                    'to_model': 'moonshotai:kimi-k2.5',
                    'error_type': 'rate limit (429)',
                    'warnings': 2,
                    'refusals': 1,
                    'verdict': 'ok',
                }
            ],
            'Warnings without a failover': [
                {'model': 'cerebras:zai-glm-4.7', 'warnings': 2, 'refusals': 1, 'failovers': 1, 'verdict': 'ok'}
            ],
            'Capacity by provider': [
                {
                    'hour': '02:00:00',
                    'provider': 'cerebras',
                    'model': 'cerebras:zai-glm-4.7',
                    'limit_type': 'tokens/minute',
                    'warnings': 2,
                    'highest_pct': 80.3,
                    'verdict': 'ok',
                }
            ],
            'Compaction saves more than it costs': [
                {'compactions': 1, 'saved': 27380, 'read_anew': 1978, 'summaries': 3510, 'verdict': 'ok'}
            ],
            'Detection cuts answers off': [
                {
                    'task': 'code_generation',
                    'answers': 9,
                    'cut': 0,
                    'cut_by_us': 0,
                    'highest_limit': None,
                    'verdict': 'ok',
                },
                {
                    'task': 'explanation',
                    'answers': 11,
                    'cut': 0,
                    'cut_by_us': 0,
                    'highest_limit': None,
                    'verdict': 'ok',
                },
            ],
            'Savings by station': [
                {'station': 'cache', 'tokens': 60, 'answers': 1, 'verdict': 'ok'},
                {'station': 'history', 'tokens': 27380, 'answers': 5, 'verdict': 'ok'},
                {'station': 'outputs', 'tokens': 19572, 'answers': 15, 'verdict': 'ok'},
            ],
        }
    )


def test_the_rows_of_a_life_without_limits(blind: Tables) -> None:
    """Every row of every query."""
    assert {title: rows(blind, title) for title in QUERIES} == snapshot(
        {
            'A workload uses its model': [
                {
                    'workload': 'coding',
                    'model': 'moonshotai:kimi-k2.5',
                    'decisions': 12,
                    'failovers': 0,
                    'verdict': 'wanted cerebras:zai-glm-4.7',
                }
            ],
            'Warnings precede rate limits': [
                {
                    'at': '02:40:06',
                    'model': 'cerebras:zai-glm-4.7',
                    'in_a_row': 1,
                    'cooldown': 2.0,
                    'warnings': 0,
                    'seconds_of_warning': None,
                    'verdict': 'no warning',
                }
            ],
            'Failover follows accumulated warnings': [
                {
                    'at': '02:40:06',
                    'from_model': 'cerebras:zai-glm-4.7',
                    'to_model': 'moonshotai:kimi-k2.5',
                    'error_type': 'rate limit (429)',
                    'warnings': 0,
                    'refusals': 1,
                    'verdict': 'out of the blue',
                }
            ],
            'Warnings without a failover': [
                {'model': 'cerebras:zai-glm-4.7', 'warnings': 0, 'refusals': 1, 'failovers': 1, 'verdict': 'ok'}
            ],
            'Capacity by provider': [],
            'Compaction saves more than it costs': [
                {'compactions': 1, 'saved': 7323, 'read_anew': 1987, 'summaries': 4109, 'verdict': 'ok'}
            ],
            'Detection cuts answers off': [
                {
                    'task': 'code_generation',
                    'answers': 6,
                    'cut': 1,
                    'cut_by_us': 1,
                    'highest_limit': 600,
                    'verdict': 'cuts answers off',
                },
                {
                    'task': 'explanation',
                    'answers': 8,
                    'cut': 3,
                    'cut_by_us': 3,
                    'highest_limit': 600,
                    'verdict': 'cuts answers off',
                },
            ],
            'Savings by station': [
                {'station': 'cache', 'tokens': 0, 'answers': 0, 'verdict': 'saves nothing'},
                {'station': 'history', 'tokens': 7323, 'answers': 3, 'verdict': 'ok'},
                {'station': 'outputs', 'tokens': 0, 'answers': 0, 'verdict': 'saves nothing'},
            ],
        }
    )


def test_the_rows_of_a_life_without_others(alone: Tables) -> None:
    """Every row of every query."""
    assert {title: rows(alone, title) for title in QUERIES} == snapshot(
        {
            'A workload uses its model': [
                {
                    'workload': 'coding',
                    'model': 'cerebras:zai-glm-4.7',
                    'decisions': 16,
                    'failovers': 0,
                    'verdict': 'ok',
                }
            ],
            'Warnings precede rate limits': [],
            'Failover follows accumulated warnings': [],
            'Warnings without a failover': [
                {
                    'model': 'cerebras:zai-glm-4.7',
                    'warnings': 3,
                    'refusals': 0,
                    'failovers': 0,
                    'verdict': 'nobody took over',
                }
            ],
            'Capacity by provider': [
                {
                    'hour': '02:00:00',
                    'provider': 'cerebras',
                    'model': 'cerebras:zai-glm-4.7',
                    'limit_type': 'requests/minute',
                    'warnings': 3,
                    'highest_pct': 100.0,
                    'verdict': 'exhausted',
                }
            ],
            'Compaction saves more than it costs': [
                {
                    'compactions': 1,
                    'saved': 2075,
                    'read_anew': 1979,
                    'summaries': 4022,
                    'verdict': 'costs more than it saves',
                }
            ],
            'Detection cuts answers off': [
                {
                    'task': 'code_generation',
                    'answers': 8,
                    'cut': 0,
                    'cut_by_us': 0,
                    'highest_limit': None,
                    'verdict': 'ok',
                },
                {
                    'task': 'explanation',
                    'answers': 10,
                    'cut': 0,
                    'cut_by_us': 0,
                    'highest_limit': None,
                    'verdict': 'ok',
                },
            ],
            'Savings by station': [
                {'station': 'cache', 'tokens': 60, 'answers': 1, 'verdict': 'ok'},
                {'station': 'history', 'tokens': 2075, 'answers': 1, 'verdict': 'ok'},
                {'station': 'outputs', 'tokens': 13947, 'answers': 13, 'verdict': 'ok'},
            ],
        }
    )


def test_pending_records_are_in_no_query(healthy: Tables) -> None:
    """Logfire keeps them in `records_all`; none of ours is there."""
    [row] = healthy.rows(
        "SELECT count(*) AS n FROM records_all WHERE kind = 'pending_span' AND otel_scope_name = 'compactor'"
    )
    assert row == {'n': 0}
