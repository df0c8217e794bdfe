"""Recommendations of models: by window, price and task, each with its reason."""

from __future__ import annotations

from decimal import Decimal

from compactor import sources
from compactor.policies.routing import RoutingPolicy
from compactor.routing.complexity import Complexity
from compactor.routing.recommend import known_models, recommend
from compactor.routing.table import RoutingTable
from compactor.tokens.families import family_of

PRICES = {'openai:gpt-4': Decimal(30), 'openai:gpt-4o': Decimal(2), 'anthropic:claude-3-opus-latest': Decimal(15)}
MODELS = (*PRICES, 'acme:unheard-of')


def dollars(model: str, tokens_in: int, tokens_out: int) -> Decimal | None:
    """A price by the million, the same for in and out; None for a model that has none."""
    price = PRICES.get(model)
    return None if price is None else price * (tokens_in + tokens_out) / 1_000_000


def base(tokens: int) -> dict[str, int]:
    """As many tokens in either encoding."""
    return {'o200k_base': tokens, 'cl100k_base': tokens}


def test_the_cheapest_first_and_why_not() -> None:
    """Windows are kept to by 70 %, and what is not known is said to be so."""
    found, passed = recommend(base(6_000), RoutingTable(), MODELS, cost=dollars)
    assert [one.model for one in found] == ['openai:gpt-4o', 'anthropic:claude-3-opus-latest']
    assert found[0].why == '$0.014, 4.7% of its window'
    assert found[1].tokens == 7_260
    assert {one.model: one.why for one in passed} == {
        'openai:gpt-4': '6,000 tokens, of its window of 8,192 the input should take 5,734',
        'acme:unheard-of': 'window unknown',
    }


def test_the_task_and_the_floor() -> None:
    """Where a table says what models are good for, that decides; where it says nothing, window and price do."""
    table = RoutingPolicy(**{k: v for k, v in sources.routing_preset('tokenette').items() if k != 'about'}).table()
    names = table.names()
    found, passed = recommend(base(2_000), table, names, task='architecture', level=Complexity.EXPERT)
    assert found
    assert all((one.quality or 0) >= 0.95 for one in found)
    assert {one.model for one in found} < set(names)
    assert any('quality' in one.why for one in passed) or any('profile' in one.why for one in passed)


def test_names_of_the_list_are_known() -> None:
    """Each is of a family, named once; the fourteen of PAMPAX's families among them."""
    names = known_models()
    assert len(names) == len(set(names)) >= 14
    assert all(family_of(name).name != 'unknown' for name in names)
    assert {family_of(name).name for name in names} >= {'openai', 'claude', 'gemini', 'llama-2', 'llama-3', 'mistral'}
