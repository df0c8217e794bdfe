"""What holds for every route, whatever the table, the request, the budget and the experience."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from compactor.ledger.budget import Usage, Use
from compactor.routing.afford import within
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.learn import Key, Standing
from compactor.routing.route import Ask, Route, route
from compactor.routing.table import RoutingTable
from tests.routing.rows import a_model, a_rule, usage

names = st.sampled_from([f'p{n % 3}:m{n}' for n in range(7)])
shares = st.none() | st.sampled_from([0.0, 0.5, 0.8, 0.85, 0.9, 0.95, 1.0])
money = st.none() | st.sampled_from(['0', '0.001', '0.5', '3', '75'])
words = st.sampled_from(['coding', 'reasoning', 'review', 'docs', '*'])
levels = st.sampled_from(Complexity)

profiles = st.builds(
    lambda name, quality, window, price, multiplier, strong: a_model(
        model=name,
        quality=quality,
        context_window=window,
        price=None if price is None else {'input': price, 'output': price},
        multiplier=multiplier,
        strengths=strong,
    ),
    names,
    shares,
    st.none() | st.sampled_from([1_000, 10_000, 100_000]),
    money,
    money,
    st.frozensets(levels),
)
rules = st.builds(
    lambda workload, task, level, chain, floor, price: a_rule(
        workload=workload, task=task, complexity=level, chain=chain, quality_floor=floor, max_price=price
    ),
    words,
    words,
    st.just('*') | levels,
    st.lists(names, max_size=4),
    shares,
    money,
)
tables = st.builds(
    lambda rows, models, default, cost_in, fallbacks: RoutingTable(
        tuple(rows), tuple(models), tuple(default), cost_in=cost_in, fallbacks=fallbacks
    ),
    st.lists(rules, max_size=4),
    st.lists(profiles, max_size=6, unique_by=lambda one: one.model),
    st.lists(names, max_size=2),
    st.sampled_from(['usd', 'requests']),
    st.integers(0, 3),
)
asks = st.builds(
    Ask,
    workload=st.none() | words | st.text(max_size=5),
    task=st.none() | words,
    factors=st.builds(Factors, prompt=st.none() | st.text(max_size=40), files=st.none() | st.integers(0, 30)),
    complexity=st.none() | levels,
    input_tokens=st.none() | st.integers(0, 120_000),
    output_tokens=st.none() | st.integers(0, 5_000),
    default=st.none() | names,
    available=st.none() | st.frozensets(names),
)
left = st.none() | st.builds(lambda limit, unit: (limit, unit), st.integers(0, 3), st.sampled_from(['usd', 'requests']))


class Anything:
    """Experience that trusts some model, whatever it has seen."""

    def __init__(self, model: str) -> None:
        self.model = model

    def best(self, key: Key, among: Collection[str], now: float = 0.0) -> Standing | None:
        """That model, also if it is not among those left."""
        return Standing(self.model, 9, 9, True, '9 of 9 went well')


def routed(
    asked: Ask, table: RoutingTable, has: tuple[int, str] | None, model: str | None
) -> tuple[Route, Usage | None]:
    """A route under a budget with so much left, and what the budget was."""
    budget = None if has is None else usage(0, limit=has[0], unit=has[1])
    return route(
        asked,
        table,
        learned=None if model is None else Anything(model),
        affordable=None if budget is None else within([budget]),
    ), budget


@given(asks, tables, left, st.none() | names)
def test_no_term_is_overstepped(
    asked: Ask, table: RoutingTable, has: tuple[int, str] | None, model: str | None
) -> None:
    """No model of a chain is under the floor, too dear, too small, not at hand or over the budget."""
    found, budget = routed(asked, table, has, model)
    rule = found.rule
    assert len(set(found.chain)) == len(found.chain)
    assert {one.model for one in found.passed_over}.isdisjoint(found.chain)
    if rule is not None and rule.chain:
        considered = set(rule.chain)
    else:
        considered = {one.model for one in table.suited(found.complexity.level, found.task)}
    assert considered <= {*found.chain, *(one.model for one in found.passed_over)}
    incoming = found_tokens(asked.input_tokens, found, table, 'input')
    outgoing = found_tokens(asked.output_tokens, found, table, 'output')
    for name in found.chain:
        profile = table.profile(name)
        quality = None if profile is None else profile.quality
        for floor in (found.floor, None if rule is None else rule.quality_floor):
            assert not floor or (quality is not None and quality >= floor)
        window = table.window(name, profile)
        assert asked.input_tokens is None or window is None or asked.input_tokens + (asked.output_tokens or 0) <= window
        assert asked.available is None or name in asked.available
        dollars = None if profile is None else profile.dollars(incoming, outgoing)
        counts_as = None if profile is None else profile.requests()
        cost = counts_as if table.cost_in == 'requests' else dollars
        assert rule is None or rule.max_price is None or (cost is not None and cost <= rule.max_price)
        provider, _, short = name.partition(':')
        assert budget is None or budget.can_afford(Use(short, provider, '', incoming + outgoing, 1, dollars))
    if found.source == 'table':
        assert found.floor == (
            table.floors[found.complexity.level] if not rule or rule.quality_floor is None else rule.quality_floor
        )
        assert len(found.chain) <= 1 + table.fallbacks


def found_tokens(known: int | None, found: Route, table: RoutingTable, which: str) -> int:
    """Tokens of a request as they are priced: known ones, else the plan of its level."""
    return known if known is not None else int(getattr(table.allowances[found.complexity.level.label], which))


@given(asks, tables, left, st.none() | names)
def test_every_route_is_explained_and_the_same_again(
    asked: Ask, table: RoutingTable, has: tuple[int, str] | None, model: str | None
) -> None:
    """One line of printable text, and the same decision for the same request."""
    found, _ = routed(asked, table, has, model)
    assert found.why.isprintable()
    assert found.why
    assert routed(asked, table, has, model)[0] == found
    assert (found.model is None) == ('no model is left' in found.why)


@given(st.text(alphabet=st.characters(min_codepoint=0x100, max_codepoint=0x2FF), min_size=4, max_size=40), tables)
def test_no_word_of_a_prompt_is_in_the_reason(secret: str, table: RoutingTable) -> None:
    """Only phrases of the table are repeated."""
    found = route(Ask(factors=Factors(f'redesign {secret} now')), table)
    assert secret.lower() not in found.why.lower()
    assert "'redesign'" in found.why
