"""Reports: savings as they are, advice with its figure, one conversation, one day."""

from __future__ import annotations

import json
import textwrap
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from inline_snapshot import snapshot

from compactor.ledger.efficiency import rankings
from compactor.ledger.entry import Entry
from compactor.ledger.figures import counted, overall, to_json
from compactor.ledger.prices import Prices
from compactor.ledger.recommend import recommend
from compactor.ledger.report import conversation_report, daily_cost, day_of, optimization_report
from compactor.ledger.savings import savings
from tests.ledger.entries import NOW, entries, entry

PRICES = Prices.of({'gpt-5': {'input': 10, 'output': 20, 'cache_read': 1}}, bundled=False)
NO_CACHE: dict[str, Any] = {'total_entries': 0, 'total_hits': 0, 'total_tokens_saved': 0, 'by_model': {}}


def advice(*some: Entry, prices: Prices | None = None) -> dict[str, str]:
    """What is recommended, by what it is about."""
    totals = counted(some)
    return {one.about: one.text for one in recommend(totals, rankings(totals), prices)}


def test_savings_in_tokens_and_money() -> None:
    """What was spared at the model's price of input, less what the summary cost."""
    some = [
        entry(saved_by_compaction=4_000, saved_by_outputs=1_000),
        entry(model='small', kind='summary', input_tokens=900, output_tokens=100, cost='0.002'),
    ]
    found = savings(counted(some), PRICES)
    assert (found.tokens_sent, found.net, found.without) == (2_100, 4_000, 6_100)
    assert found.share == 4_000 / 6_100
    assert found.cost_saved == Decimal('0.048')  # 5,000 at $10 a million, less the summary


def test_spared_input_is_priced_like_the_input_that_was_sent() -> None:
    """Of which the provider had nine tenths in its cache: sparing such tokens saves little."""
    found = savings(counted([entry(saved_by_compaction=10_000, cache_read_tokens=900)]), PRICES)
    assert found.cost_saved == Decimal('0.019')  # (0.1 x 10 + 0.9 x 1) a million


def test_negative_savings_are_shown_negative() -> None:
    """Summaries that cost more than they spare, in tokens and in money."""
    some = [entry(saved_by_compaction=100), entry(kind='summary', input_tokens=5_000, output_tokens=500, cost='0.06')]
    found = savings(counted(some), PRICES)
    assert (found.net, found.without) == (-5_400, 1_200)
    assert found.share == -4.5
    assert found.cost_saved == Decimal('-0.059')
    shown = to_json(found)
    assert (shown['tokens_saved'], shown['cost_saved_estimate']) == (-5_400, '-0.059')
    assert 'cost more than it spared: -5,400 tokens, 5,500 of them' in advice(*some)['savings']


def test_fewer_tokens_for_more_money() -> None:
    """A dear summariser spares cheap tokens: the tokens look good, the money does not."""
    some = [entry(saved_by_compaction=10_000), entry(kind='summary', input_tokens=500, output_tokens=0, cost='0.5')]
    assert savings(counted(some)).net == 9_500
    assert 'it cost $0.4000 more' in advice(*some, prices=PRICES)['savings']


def test_a_cached_answer_is_worth_what_answers_cost() -> None:
    """At the model's own mean of the period; a hit itself uses nothing."""
    hit = entry(cache_hit=True, input_tokens=0, output_tokens=0, cost='0', saved_by_cache=2_200, latency=0.0)
    found = savings(counted([entry(cost='0.011'), hit]), PRICES)
    assert (found.by_cache, found.tokens_sent, found.cost_saved) == (2_200, 1_100, Decimal('0.022'))


@pytest.mark.parametrize(
    'one',
    [
        entry(model='other', saved_by_compaction=5),
        entry(kind='summary', cost=None),
        entry(cost=None, saved_by_cache=9),
    ],
)
def test_an_unknown_price_makes_saved_money_unknown(one: Entry) -> None:
    """None, rather than a figure that leaves something out."""
    assert savings(counted([entry(), one]), PRICES).cost_saved is None
    assert savings(counted([one])).cost_saved is None


@given(entries)
def test_savings_add_up(some: list[Entry]) -> None:
    """What was sent and what was saved are what it would have been."""
    found = savings(counted(some), PRICES)
    saved = sum(one.saved_by_compaction + one.saved_by_outputs + one.saved_by_cache for one in some)
    spent = sum(one.input_tokens + one.output_tokens for one in some if one.kind == 'summary')
    assert found.net == saved - spent
    assert found.without - found.net == found.tokens_sent == overall(counted(some)).tokens
    json.dumps(to_json(found), allow_nan=False)


def test_all_advice() -> None:
    """Each piece says the figure behind it."""
    some = [
        *[entry(task='coding', finish_reason='length')] * 2,
        *[entry(task='coding')] * 10,
        *[entry(kind='failover', model='glm', cost='0.002')] * 3,
        *[entry(model='new', cost=None, error='ModelHTTPError: 503')] * 4,
        entry(cache_hit=True, cost='0'),
        entry(kind='summary', input_tokens=3_000, saved_by_compaction=10),
    ]
    totals = counted(some)
    found = recommend(totals, rankings(totals), PRICES)
    lines = (f'{one.about}: {one.text} [{one.figure} = {one.value:.4g}]' for one in found)
    assert '\n'.join(textwrap.fill(line, 110) for line in lines) == snapshot("""\
most_efficient_model: glm is the most efficient model: 550 tokens a second at $0.002000 a request. [efficiency
= 2.75e+05]
cache_hit_rate: 4.8% of 21 requests were answered from the cache: few requests repeat, or they differ in
details. Keep times and ids out of prompts, or raise the time that answers are kept. [cache_hit_rate =
0.04762]
savings: What was saved cost more than it spared: -3,090 tokens, 3,100 of them spent on summaries. Raise the
trigger, or compact without a summariser. [net = -3090]
cut_off_answers: 16.7% of the answers to the task coding ended for lack of room: give it more output tokens,
or look whether the task is detected rightly. [share = 0.1667]
failed_requests: 19.0% of 21 requests failed: see the errors of the entries. [share = 0.1905]
failovers: 15.0% of the requests had to be sent on to another model: the first one is often out of capacity.
[share = 0.15]
unknown_prices: The price of 4 requests is not known (new): set it, or the costs above are too low.
[unpriced_requests = 4]\
""")


@pytest.mark.parametrize(
    ('hits', 'said'), [(0, 'few requests repeat'), (1, 'few'), (2, 'a fair share'), (5, 'it works well')]
)
def test_the_verdict_on_the_hit_rate(hits: int, said: str) -> None:
    """Below a fifth there is advice, from a half on praise."""
    some = [entry(cache_hit=i < hits, cost='0') for i in range(10)]
    assert said in advice(*some)['cache_hit_rate']


def test_a_free_model_is_recommended_as_free() -> None:
    """Without an infinite figure."""
    assert advice(entry(cost='0'))['most_efficient_model'] == 'gpt-5 is free, at 550 tokens a second.'


def test_no_advice_where_nothing_happened() -> None:
    """Nor where there is no model to name."""
    assert advice() == {}
    assert 'most_efficient_model' not in advice(entry(latency=None))


def test_the_keys_of_the_optimization_report() -> None:
    """Period, cache, metrics, rankings, recommendations; and it is JSON."""
    cache = {**NO_CACHE, 'total_entries': 3}
    found = to_json(optimization_report(counted([entry(), entry(cache_hit=True)]), cache, 24.0))
    assert {'period_hours', 'cache', 'metrics', 'efficiency_rankings', 'recommendations'} <= set(found)
    assert found['cache']['total_entries'] == 3
    assert found['cache']['hit_rate'] == 0.5
    assert found['metrics']['total_requests'] == 2
    assert all(one['figure'] and one['value'] is not None for one in found['recommendations'])
    json.dumps(found, allow_nan=False)


@given(entries)
def test_any_entries_make_a_report(some: list[Entry]) -> None:
    """No division by nothing, nothing that JSON does not know."""
    json.dumps(to_json(optimization_report(counted(some), NO_CACHE, 1.0, PRICES)), allow_nan=False)
    json.dumps(to_json(conversation_report('c', 1.0, 2.0, len(some), counted(some))), allow_nan=False)


def test_a_conversation() -> None:
    """Duration, tasks, tokens, cost, and averages of a task."""
    some = [entry(run='1', task='coding'), entry(run='1'), entry(run='2', model='glm', cost='0.02')]
    found = to_json(conversation_report('c', NOW, NOW + 90, 2, counted(some)))
    assert (found['duration_seconds'], found['tasks'], found['tokens'], found['cost']) == (90.0, 2, 3_300, '0.04')
    assert (found['avg_tokens_per_task'], found['avg_cost_per_task'], found['avg_seconds_per_task']) == (
        1_650.0,
        '0.02',
        45.0,
    )
    assert found['by_task']['coding']['requests'] == 1
    assert found['by_model']['glm']['cost'] == '0.02'


def test_a_day_that_got_too_dear() -> None:
    """Above the threshold, not at it; what is unknown is no alert, but is told."""
    assert daily_cost(counted([entry(cost='50')]), NOW).alert is False
    dear = daily_cost(counted([entry(cost='50.000000001')]), NOW)
    assert (dear.day, dear.alert) == ('2026-02-02', True)
    unknown = daily_cost(counted([entry(cost=None)]), NOW, Decimal(0))
    assert (unknown.cost, unknown.alert, unknown.unpriced) == (None, False, 1)
    assert to_json(dear)['alert'] is True


def test_a_day_is_one_of_utc() -> None:
    """From midnight to midnight."""
    start, end = day_of(NOW)
    assert (start % 86_400, end - start, start <= NOW < end) == (0, 86_400, True)
