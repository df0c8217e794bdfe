"""What could be done better, each piece of advice with the figure behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.ledger.efficiency import Ranking
from compactor.ledger.figures import Figures, Total, by, overall
from compactor.ledger.prices import Prices
from compactor.ledger.savings import savings

GOOD_HIT_RATE = 0.5
"""From this share of cache hits on nothing need be done."""
LOW_HIT_RATE = 0.2
"""Below this share of cache hits there is advice."""
ENOUGH = 10
"""Requests from which a share says something."""
OFTEN_CUT_OFF = 0.05
"""Share of a task's answers without room from which its output allowance is too small."""
MANY_FAILED = 0.1
"""Share of failed requests, or of requests sent on to another model, that is worth a look."""
NAMED = 3
"""How many models are named in one sentence."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One piece of advice.

    Attributes:
        about: a short name for scripts, such as 'cache_hit_rate'.
        text: a sentence for people; names in it come from outside.
        figure: the name of the figure behind it.
        value: that figure.
    """

    about: str
    text: str
    figure: str
    value: int | float | Decimal | None

    def to_json(self) -> dict[str, Any]:
        """The attributes."""
        return {'about': self.about, 'text': self.text, 'figure': self.figure, 'value': self.value}


def recommend(
    totals: Iterable[Total], ranked: Iterable[Ranking], prices: Prices | None = None, *, at: float = 0.0
) -> tuple[Recommendation, ...]:
    """Advice for a period from its totals and the ranking of its models; none where nothing happened."""
    some = tuple(totals)
    whole = overall(some)
    if not whole.requests:
        return ()
    return (
        *_best_model(tuple(ranked)),
        *_hit_rate(whole),
        *_net_savings(some, prices, at),
        *_cut_off(some),
        *_failures(whole),
        *_failovers(some, whole),
        *_unpriced(some),
    )


def _best_model(ranked: tuple[Ranking, ...]) -> Iterator[Recommendation]:
    best = next((one for one in ranked if one.free or one.efficiency is not None), None)
    if best is None:
        return
    if best.free:
        speed = best.tokens_per_second
        at_speed = '' if speed is None else f', at {speed:,.0f} tokens a second'
        yield Recommendation('most_efficient_model', f'{best.name} is free{at_speed}.', 'tokens_per_second', speed)
        return
    assert best.efficiency is not None
    text = f'{best.name} is the most efficient model: {best.tokens_per_second:,.0f} tokens a second at'
    text += f' ${best.cost_per_request:.6f} a request.'
    yield Recommendation('most_efficient_model', text, 'efficiency', best.efficiency)


def _hit_rate(whole: Figures) -> Iterator[Recommendation]:
    rate = whole.hit_rate
    said = f'{rate:.1%} of {whole.requests:,} requests were answered from the cache'
    if rate >= GOOD_HIT_RATE:
        text = f'{said}: it works well.'
    elif rate >= LOW_HIT_RATE:
        text = f'{said}: a fair share.'
    else:
        text = f'{said}: few requests repeat, or they differ in details. Keep times and ids out of prompts, or raise'
        text += ' the time that answers are kept.'
    yield Recommendation('cache_hit_rate', text, 'cache_hit_rate', rate)


def _net_savings(totals: tuple[Total, ...], prices: Prices | None, at: float) -> Iterator[Recommendation]:
    found = savings(totals, prices, at=at)
    if found.net < 0:
        text = f'What was saved cost more than it spared: {found.net:,} tokens'
        text += f', {found.spent_on_summaries:,} of them spent on summaries.' if found.spent_on_summaries else '.'
        yield Recommendation('savings', f'{text} Raise the trigger, or compact without a summariser.', 'net', found.net)
    elif found.cost_saved is not None and found.cost_saved < 0:
        text = f'Fewer tokens were sent, and yet it cost ${-found.cost_saved:.4f} more (an estimate), as summaries cost'
        yield Recommendation('savings', f'{text} more than they spare.', 'cost_saved_estimate', found.cost_saved)


def _cut_off(totals: tuple[Total, ...]) -> Iterator[Recommendation]:
    for task, figures in by('task', totals).items():
        share = figures.cut_off / figures.sent if figures.sent else 0.0
        if figures.sent >= ENOUGH and share >= OFTEN_CUT_OFF:
            name = f'the task {task}' if task else 'no detected task'
            text = f'{share:.1%} of the answers to {name} ended for lack of room: give it more output tokens, or look'
            yield Recommendation('cut_off_answers', f'{text} whether the task is detected rightly.', 'share', share)


def _failures(whole: Figures) -> Iterator[Recommendation]:
    share = whole.failed / whole.requests
    if whole.requests >= ENOUGH and share >= MANY_FAILED:
        text = f'{share:.1%} of {whole.requests:,} requests failed: see the errors of the entries.'
        yield Recommendation('failed_requests', text, 'share', share)


def _failovers(totals: tuple[Total, ...], whole: Figures) -> Iterator[Recommendation]:
    failovers = by('kind', totals).get('failover')
    if failovers is None or whole.sent < ENOUGH:
        return
    share = failovers.sent / whole.sent
    if share >= MANY_FAILED:
        text = (
            f'{share:.1%} of the requests had to be sent on to another model: the first one is often out of capacity.'
        )
        yield Recommendation('failovers', text, 'share', share)


def _unpriced(totals: tuple[Total, ...]) -> Iterator[Recommendation]:
    unknown = {model: figures.unpriced for model, figures in by('model', totals).items() if figures.unpriced}
    if unknown:
        named = ', '.join(list(unknown)[:NAMED]) + (' and others' if len(unknown) > NAMED else '')
        count = sum(unknown.values())
        requests = '1 request' if count == 1 else f'{count:,} requests'
        text = f'The price of {requests} is not known ({named}): set it, or the costs above are too low.'
        yield Recommendation('unknown_prices', text, 'unpriced_requests', count)
