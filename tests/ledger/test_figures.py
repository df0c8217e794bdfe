"""Figures: sums that are the same however entries are grouped, and what JSON makes of them."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given

from compactor.ledger.entry import Entry
from compactor.ledger.figures import DIMENSIONS, Figures, added, by, counted, money, overall, to_json
from compactor.ledger.summary import summarise
from tests.ledger.entries import entries, entry


@given(entries)
def test_every_grouping_adds_up_to_the_entries(some: list[Entry]) -> None:
    """By model, agent, task or anything else: the same tokens, the same cents, the same requests."""
    whole = added(map(Figures.of, some))
    totals = counted(some)
    assert overall(totals) == whole
    for dimension in DIMENSIONS:
        assert added(by(dimension, totals).values()) == whole
    assert whole.requests == len(some)
    assert whole.tokens == sum(one.input_tokens + one.output_tokens for one in some)
    assert Decimal(f'{whole.nano}e-9') == sum((one.cost for one in some if one.cost is not None), Decimal(0))
    assert whole.priced + sum(one.cost is None for one in some) == len(some)


@given(entries)
def test_the_order_does_not_matter(some: list[Entry]) -> None:
    """Adding is commutative, so that many processes may add at once."""
    assert overall(counted(some)) == overall(counted(reversed(some)))


@given(entries)
def test_adding_two_by_two(some: list[Entry]) -> None:
    """`+` and `added` agree."""
    whole = Figures()
    for one in some:
        whole += Figures.of(one)
    assert whole == added(map(Figures.of, some))


def test_cost_is_unknown_where_no_price_is() -> None:
    """None, not 0; where some prices are known, what is known."""
    unknown = Figures.of(entry(cost=None))
    assert unknown.cost is None
    assert (unknown + Figures.of(entry(cost='0.25'))).cost == Decimal('0.25')
    assert (unknown + Figures.of(entry(cost='0.25'))).unpriced == 1
    assert Figures().cost == 0
    failed = Figures.of(entry(cost=None, input_tokens=0, output_tokens=0, error='ConnectError'))
    assert failed.cost == 0
    assert failed.failed == 1


def test_time_is_that_of_requests_which_were_answered() -> None:
    """Neither a hit nor a failure says how fast a model is."""
    some = [entry(latency=2.0), entry(latency=4.0), entry(latency=90.0, error='Timeout'), entry(cache_hit=True)]
    whole = overall(counted([*some, entry(latency=None)]))
    assert (whole.timed, whole.mean_seconds) == (2, 3.0)
    assert Figures().mean_seconds is None
    assert (whole.hits, whole.sent, whole.hit_rate) == (1, 4, 0.2)


def test_a_summary_under_the_names_that_scripts_read() -> None:
    """Totals first, then groups, the most tokens first; money as exact text."""
    some = [
        entry(agent='coder', task='coding', cost='0.1', cache_read_tokens=300),
        entry(agent='coder', task='coding', cost='0.2', finish_reason='length'),
        entry(agent='critic', model='glm', cost=None, latency=None, error='ModelHTTPError: 500'),
        entry(cost='0', input_tokens=0, output_tokens=0, cache_hit=True),
    ]
    found = to_json(summarise(counted(some), 24))
    assert json.loads(json.dumps(found)) == found
    assert list(found) == [
        'period_hours',
        'total_requests',
        'total_tokens',
        'total_cost',
        'unpriced_requests',
        'prompt_tokens',
        'completion_tokens',
        'cache_read_tokens',
        'cache_write_tokens',
        'avg_response_time',
        'cache_hits',
        'cache_hit_rate',
        'failed_requests',
        'cut_off_answers',
        'provider_cache_read_rate',
        'estimated_requests',
        'by_model',
        'by_agent',
        'by_task',
        'by_kind',
    ]
    assert (found['total_requests'], found['total_tokens'], found['total_cost']) == (4, 3_300, '0.3')
    assert list(found['by_model']) == ['gpt-5', 'glm']
    assert found['by_model']['glm']['cost'] is None
    assert found['by_model']['glm']['failed_requests'] == 1
    assert {name: one['requests'] for name, one in found['by_agent'].items()} == {'coder': 2, 'critic': 1, '': 1}
    assert found['by_task']['coding']['cut_off_answers'] == 1


@pytest.mark.parametrize(
    ('amount', 'text'),
    [('0', '0'), ('-0', '0'), ('1E+2', '100'), ('0.000000001', '0.000000001'), ('2.50', '2.5'), ('-0.30', '-0.3')],
)
def test_money_in_json(amount: str, text: str) -> None:
    """Plain notation, exact, no zeros at the end."""
    assert money(Decimal(amount)) == text


def test_what_json_does_not_know() -> None:
    """Infinity and not-a-number are null; figures, lists and mappings go through."""
    assert to_json({'a': math.inf, 'b': [math.nan, 1.5, None, True], 'c': ('x',)}) == {
        'a': None,
        'b': [None, 1.5, None, True],
        'c': ['x'],
    }
    assert to_json(Figures())['requests'] == 0


def test_a_cache_hit_gives_an_unknown_model_no_price() -> None:
    """Its known cost of nothing must not make the unknown rest look free."""
    unknown = Entry(at=0.0, model='mine', input_tokens=1_000, output_tokens=10)
    hit = Entry(at=1.0, model='mine', kind='cache', cache_hit=True, saved_by_cache=1_010, cost=Decimal(0))
    total = added([Figures.of(unknown), Figures.of(hit)])
    assert (total.cost, total.unpriced) == (None, 1)
