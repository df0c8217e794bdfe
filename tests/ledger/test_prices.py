"""Prices: published ones, the user's own, and none."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.errors import ConfigError
from compactor.ledger.prices import Price, Prices, dollars, nano, priced
from tests.ledger.entries import NOW, entry

OWN = Prices.of(
    {
        'glm-*': {'input': '2', 'output': 4, 'cache_read': '0.5', 'cache_write': '2.5'},
        'glm-4.7': {'input': 1, 'output': 1},
        'acme:*': {'input': '0.1', 'output': '0.1'},
    },
    bundled=False,
)


@pytest.mark.parametrize(
    ('model', 'provider', 'tokens', 'cost'),
    [
        ('gpt-4o', 'openai', (1_000_000, 0, 0, 0), '2.5'),
        ('gpt-4o', 'openai', (1_000_000, 1_000_000, 400_000, 0), '12'),  # 0.6 x 2.5 + 0.4 x 1.25 + 10
        ('gpt-4o', '', (1_000_000, 0, 0, 0), '2.5'),
        ('zai-glm-4.7', 'cerebras', (1_000, 1_000, 0, 0), '0.005'),
        ('claude-sonnet-4-5', 'anthropic', (100_000, 0, 0, 100_000), '0.375'),
        ('claude-sonnet-4-5', 'anthropic', (300_000, 0, 0, 0), '1.8'),  # dearer from 200,000 on
        ('gemini-2.5-pro', 'google-gla', (100_000, 0, 0, 0), '0.125'),
        ('qwen/qwen3-coder:free', 'openrouter', (100_000, 100, 0, 0), '0'),
    ],
)
def test_published_prices(model: str, provider: str, tokens: tuple[int, ...], cost: str) -> None:
    """Dollars a million tokens, with the provider's cache, tiers, and its names as the framework has them."""
    sent, received, read, write = tokens
    found = Prices().of_tokens(
        model,
        provider,
        at=NOW,
        input_tokens=sent,
        output_tokens=received,
        cache_read_tokens=read,
        cache_write_tokens=write,
    )
    assert found == Decimal(cost)


@pytest.mark.parametrize(
    ('model', 'provider'),
    [
        ('no-such-model', 'openai'),
        ('gpt-4o', 'no-such-provider'),
        ('', ''),
        ('qwen-3-coder-480b', 'cerebras'),  # listed there without a price: nobody wrote it down, it is not free
    ],
)
def test_an_unknown_price_is_none(model: str, provider: str) -> None:
    """Never 0."""
    assert Prices().cost(entry(model=model, provider=provider)) is None
    assert priced(entry(model=model, provider=provider, cost=None), Prices()).cost is None


def test_figures_that_cannot_be_have_no_price() -> None:
    """More from the cache than was sent."""
    assert Prices().cost(entry(model='gpt-5', input_tokens=1, cache_read_tokens=2)) is None


@pytest.mark.parametrize(
    ('model', 'provider', 'cost'),
    [
        ('glm-5', 'x', '0.00215'),  # 0.7 x 2 + 0.2 x 0.5 + 0.1 x 2.5 + 0.1 x 4, for a thousand
        ('GLM_5', 'x', '0.00215'),
        ('glm-4.7', 'x', '0.0011'),
        ('x:glm-4.7', '', '0.0011'),
        ('other', 'acme', '0.00011'),
        ('other', 'x', None),
    ],
)
def test_own_prices(model: str, provider: str, cost: str | None) -> None:
    """An equal name before patterns, the first pattern before others, with or without the provider."""
    sent = entry(model=model, provider=provider, cache_read_tokens=200, cache_write_tokens=100)
    assert OWN.cost(sent) == (None if cost is None else Decimal(cost))


def test_own_prices_go_before_published_ones() -> None:
    """A contract is worth more than a list."""
    prices = Prices({'gpt-4o': Price(Decimal(1), Decimal(1))})
    assert prices.of_tokens('gpt-4o', 'openai', at=NOW, input_tokens=1_000_000) == 1
    assert prices.of_tokens('gpt-4o-mini', 'openai', at=NOW, input_tokens=1_000_000) == Decimal('0.15')


def test_a_cache_hit_costs_nothing() -> None:
    """Nothing was sent, whoever would have answered."""
    assert Prices().cost(entry(model='no-such-model', cache_hit=True)) == 0


def test_a_known_cost_stays() -> None:
    """What a provider reported is better than what a table says."""
    assert priced(entry(cost='7'), Prices()).cost == 7


@pytest.mark.parametrize(
    'price',
    [
        {'input': 1},
        {'input': 1, 'output': 1, 'thinking': 2},
        {'input': -1, 'output': 1},
        {'input': 'cheap', 'output': 1},
        {'input': 'NaN', 'output': 1},
        {'input': '1e30', 'output': 1},
        3,
    ],
)
def test_bad_prices_are_refused(price: Any) -> None:
    """With the model's name in the message."""
    with pytest.raises(ConfigError, match="'my-model'"):
        Prices.of({'my-model': price})


@given(st.integers(-(10**15), 10**15))
def test_money_is_exact(billionths: int) -> None:
    """Billionths become dollars and dollars billionths, also where a program calculates with few digits."""
    with localcontext(prec=3):
        assert nano(dollars(billionths)) == billionths


@pytest.mark.parametrize('amount', ['NaN', 'Infinity', '1e12'])
def test_what_is_no_money_is_refused(amount: str) -> None:
    """Before it reaches a database."""
    with pytest.raises(ConfigError, match='amount of dollars'):
        nano(Decimal(amount))


def test_the_price_list_is_loaded_when_it_is_needed() -> None:
    """Nothing heavy at import, no network ever, None without the extra."""
    code = """
import sys, socket
import compactor.ledger.prices as prices, compactor.ledger.report
assert not {'genai_prices', 'sqlalchemy', 'pydantic_ai'} & set(sys.modules)
def no(*_): raise AssertionError('network')
socket.socket.connect = no
if len(sys.argv) > 1: sys.modules['genai_prices'] = None
print(prices.Prices().of_tokens('gpt-4o', 'openai', at=1.7e9, input_tokens=1_000_000))
"""
    for argument, cost in (((), '2.500000000'), (('without',), 'None')):
        command = [sys.executable, '-W', 'error', '-c', code, *argument]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == cost
