"""Efficiency: (tokens / second) / cost, with free models flagged."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given

from compactor.ledger.efficiency import rankings
from compactor.ledger.entry import Entry
from compactor.ledger.figures import counted, to_json
from tests.ledger.entries import entries, entry


def ranked(*some: Entry) -> list[dict[str, Any]]:
    """The rankings as scripts see them."""
    found: list[dict[str, Any]] = to_json(rankings(counted(some)))
    return found


def test_tokens_a_second_by_dollars_a_request() -> None:
    """1,100 tokens in 2 s are 550 a second; at a cent a request that is 55,000."""
    assert ranked(entry(), entry()) == [
        {
            'model': 'gpt-5',
            'efficiency': 55_000.0,
            'free': False,
            'tokens_per_second': 550.0,
            'cost_per_request': '0.01',
            'requests': 2,
        }
    ]


def test_how_often_a_model_was_used_does_not_matter() -> None:
    """Twice the requests are not half the efficiency."""
    assert ranked(entry())[0]['efficiency'] == ranked(*[entry()] * 9)[0]['efficiency']


def test_free_models_come_first_without_infinity() -> None:
    """Null and a flag, the faster one before; unknown prices last, and never taken for free."""
    found = ranked(
        entry(model='dear', cost='1'),
        entry(model='cheap', cost='0.001'),
        entry(model='unknown', cost=None),
        entry(model='free-slow', cost='0', latency=9.0),
        entry(model='free-fast', cost='0', latency=1.0),
    )
    assert [one['model'] for one in found] == ['free-fast', 'free-slow', 'cheap', 'dear', 'unknown']
    assert [(one['free'], one['efficiency'] is None) for one in found] == [
        (True, True),
        (True, True),
        (False, False),
        (False, False),
        (False, True),
    ]
    assert found[-1]['cost_per_request'] is None
    assert found[-1]['tokens_per_second'] == 550.0


def test_a_price_that_is_known_in_part_is_not_free() -> None:
    """One request cost nothing, of the other nobody knows."""
    found = ranked(entry(cost='0'), entry(cost=None))
    assert (found[0]['free'], found[0]['efficiency']) == (False, None)


def test_agents_are_ranked_likewise() -> None:
    """Under their own name."""
    totals = counted([entry(agent='dear', cost='1'), entry(agent='cheap')])
    found = to_json(rankings(totals, 'agent'))
    assert [one['agent'] for one in found] == ['cheap', 'dear']
    assert 'model' not in found[0]


def test_only_requests_that_say_something() -> None:
    """Hits, failures and what was not measured tell nothing about a model's speed."""
    assert ranked(entry(cache_hit=True), entry(error='Timeout'), entry(latency=None)) == []
    assert ranked(entry(latency=0.0))[0]['tokens_per_second'] is None


@given(entries)
def test_any_entries_make_json(some: list[Entry]) -> None:
    """No infinity, and no efficiency for what is free or unknown."""
    found = rankings(counted(some))
    json.dumps(to_json(found), allow_nan=False)
    for one in found:
        assert not (one.free and one.efficiency is not None)
        assert one.cost_per_request is None or one.cost_per_request >= Decimal(0)
