"""Rules and models: which rule decides, what is known of a model, and what a mistake is told as."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.errors import ConfigError
from compactor.ledger.budget import Usage, Use
from compactor.ledger.periods import Period
from compactor.ledger.prices import Prices
from compactor.routing.afford import within
from compactor.routing.complexity import Complexity
from compactor.routing.profiles import effective, premium_budget, priced_by
from compactor.routing.table import RoutingTable, Rule
from compactor.routing.tasks import Tasks
from compactor.routing.workload import Workload
from tests.routing.rows import a_long_price, a_model, a_rule

KEYS: dict[str, dict[str, str]] = {
    'all three': {'workload': 'coding', 'task': 'review', 'complexity': 'complex'},
    'workload and task': {'workload': 'coding', 'task': 'review'},
    'workload and complexity': {'workload': 'coding', 'complexity': 'complex'},
    'task and complexity': {'task': 'review', 'complexity': 'complex'},
    'workload': {'workload': 'coding'},
    'task': {'task': 'review'},
    'complexity': {'complexity': 'complex'},
    'none': {},
}
"""What a rule names, the most specific first."""


def rule(name: str) -> Rule:
    """A rule that names these keys, and itself in its chain."""
    return a_rule(chain=[f'm:{name}'], **KEYS[name])


def chosen(*rules: Rule) -> str | None:
    """The chain that decides on a complex review while coding."""
    found = RoutingTable(rules).match('coding', 'review', Complexity.COMPLEX)
    return None if found is None else found.chain[0].removeprefix('m:')


@pytest.mark.parametrize(('specific', 'general'), list(zip(list(KEYS), list(KEYS)[1:], strict=False)))
def test_the_more_specific_rule_decides(specific: str, general: str) -> None:
    """More keys before fewer; of as many the workload before the task before the complexity; in any order."""
    assert chosen(rule(general), rule(specific)) == specific
    assert chosen(rule(specific), rule(general)) == specific


@given(st.sets(st.sampled_from(sorted(KEYS)), min_size=1).flatmap(lambda some: st.permutations(sorted(some))))
def test_the_order_of_rules_does_not_matter_but_among_equals(names: list[str]) -> None:
    """Whatever the order of the table."""
    assert chosen(*map(rule, names)) == min(names, key=list(KEYS).index)


def test_of_equals_the_first_decides() -> None:
    """One's own rules stand before a preset's."""
    rules = [a_rule(workload='coding', chain=[f'm:{name}']) for name in 'abc']
    for order in permutations(rules):
        assert chosen(*order) == order[0].chain[0].removeprefix('m:')


def test_a_rule_that_does_not_fit() -> None:
    """Another workload, another level; several levels are a rule for each."""
    several = a_rule(complexity=['complex', 'expert'], chain=['m:x'])
    assert [several.fits('', '', level) for level in Complexity] == [False, False, False, True, True]
    assert chosen(a_rule(workload='reasoning'), a_rule(complexity='simple')) is None
    assert str(several) == '*/*/complex+expert'


def test_names_are_compared_without_case() -> None:
    """`Coding`, `CODING` and the member mean the same."""
    table = RoutingTable((a_rule(workload='CODING ', task='Bug_Fix', chain=['m:x']),))
    assert table.match(Workload.CODING, 'bug_fix', Complexity.SIMPLE) is not None
    assert Workload('Coding') is Workload.CODING
    assert [one.value for one in Workload] == ['orchestrator', 'reasoning', 'coding', 'librarian', 'summariser']
    with pytest.raises(ValueError, match='mine'):
        Workload('mine')


@pytest.mark.parametrize(
    ('make', 'says'),
    [
        (lambda: a_rule(worklod='coding'), 'worklod: unknown key; there are: workload, task, complexity, chain'),
        (
            lambda: a_rule(complexity='hard'),
            "complexity: there is no level 'hard'; there are: trivial",
        ),
        (lambda: a_rule(quality_floor=1.5), 'quality_floor: '),
        (lambda: a_rule(chain=['openai:*']), 'chain: a chain names models that can be asked, no patterns'),
        (lambda: a_rule(max_price=-1), 'max_price: '),
        (lambda: a_rule(complexity=['simple', 9]), 'complexity: there is no level 9'),
        (lambda: a_model(model='m', quality=2), 'quality: '),
        (lambda: a_model(model='m', strengths=['hard']), "strengths: there is no level 'hard'"),
        (lambda: a_model(model='m', price={'input': 1}), "the price of 'the model' needs input and output"),
        (lambda: a_model(model='m', multiplier='x'), 'multiplier: '),
        (lambda: RoutingTable(models=(a_model(model='m'),) * 2), "the model 'm' is described twice"),
        (lambda: RoutingTable(default=('gpt-*',)), 'default: names models'),
    ],
)
def test_mistakes_are_told(make: Callable[[], object], says: str) -> None:
    """A `ConfigError` that names the field."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert says in str(caught.value)


# -- models ---------------------------------------------------------------------------------------------------


def test_what_is_known_of_a_model() -> None:
    """A name that is equal before patterns, of those the first; a pattern without a provider fits any."""
    models = [
        a_model(model='gpt-4*', quality=0.1),
        a_model(model='openai:gpt-4.1', quality=0.2),
        a_model(model='openai:*', quality=0.3),
    ]
    table = RoutingTable(models=tuple(models), default=('openai:gpt-4o',))
    names = ('openai:gpt-4.1', 'openai:gpt-4o', 'azure:GPT-4o', 'openai:o3', 'anthropic:x')
    known = [one and one.quality for one in map(table.profile, names)]
    assert known == [0.2, 0.1, 0.1, 0.3, None]
    assert table.names() == ('openai:gpt-4.1', 'openai:gpt-4o')
    assert [one.model for one in table.suited(Complexity.SIMPLE, 'x')] == ['openai:gpt-4.1']


def test_windows() -> None:
    """The profile's own, then the policy's, then the table of all models; None for unknown."""
    table = RoutingTable(models=(a_model(model='openai:gpt-4', context_window=7),), windows={'acme:*': 9})
    names = ('openai:gpt-4', 'acme:x', 'openai:gpt-4o', 'acme-9000')
    assert [table.window(name, table.profile(name)) for name in names] == [7, 9, 128_000, None]


@pytest.mark.parametrize(
    ('multiplier', 'factor', 'expected'),
    [
        ('0', '0.9', '0'),
        ('0.25', '0.9', '0.23'),
        ('0.33', '0.9', '0.30'),
        ('1', '0.9', '0.90'),
        ('3', '0.9', '2.70'),
        ('10', '0.9', '9.00'),
        ('50', '0.9', '45.00'),
        ('3', '1', '3.00'),
        ('0.004', '0.9', '0.0036'),
    ],
)
def test_a_discount_on_multipliers(multiplier: str, factor: str, expected: str) -> None:
    """Rounded to hundredths; 0 stays 0, and nothing becomes free by rounding."""
    assert effective(Decimal(multiplier), Decimal(factor)) == Decimal(expected)


def test_prices() -> None:
    """Dollars by the profile's price, a higher one for long requests; unknown is None, not 0."""
    long = a_long_price(above=200_000, input=6, output='22.5')
    one = a_model(model='m', price={'input': 3, 'output': 15}, long_price=long)
    assert one.dollars(200_000, 1_000) == Decimal('0.615')
    assert one.dollars(200_001, 1_000) == Decimal('1.222506')
    assert a_model(model='m').dollars(1, 1) is None
    assert a_model(model='m').requests() is None
    own = priced_by(Prices.of({'acme:m': {'input': 1, 'output': 2}}, bundled=False), 0.0)
    assert (own('acme:m', 1_000_000, 1_000_000), own('acme:other', 1, 1), own('m', 500_000, 0)) == (
        Decimal(3),
        None,
        None,
    )


def test_premium_requests_are_a_budget_of_the_ledger() -> None:
    """Multipliers become weights; what is spent, left and affordable is said by the ledger's own arithmetic."""
    models = [
        a_model(model='openai:gpt-4.1', multiplier=0),
        a_model(model='openai:o4-mini', multiplier='0.33'),
        a_model(model='anthropic:opus', multiplier=10),
        a_model(model='acme:plain'),
    ]
    budget = premium_budget(models, factor=Decimal('0.9'))
    assert (budget.limit, budget.unit, budget.period) == (Decimal(300), 'requests', 'month')
    assert budget.weights == {'openai:gpt-4.1': 0, 'openai:o4-mini': Decimal('0.3'), 'anthropic:opus': 9}
    usage = Usage(budget, Decimal(290), Decimal(2), Period(0, 1))
    assert (usage.remaining, round(usage.usage_pct, 1)) == (Decimal(8), 96.7)
    affordable = within([usage])
    assert affordable(Use('opus', 'anthropic')) == 'the budget premium requests has 8 requests left'
    assert [affordable(Use('gpt-4.1', 'openai')), affordable(Use('plain', 'acme'))] == [None, None]


# -- tasks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('prompt', 'task'),
    [
        ('Fix the crash when the bug tracker is slow', 'bug_fix'),
        ('Make it faster, it is slow', 'optimization'),
        ('slow bug', 'bug_fix'),
        ('hello', 'generation'),
    ],
)
def test_own_tasks(prompt: str, task: str) -> None:
    """The most phrases decide, of equals the first of the table; else the default."""
    own = Tasks({'Bug_Fix': ['fix', 'crash', 'bug'], 'optimization': ['slow', 'faster']}, 'Generation')
    assert own.of(prompt) == task


def test_without_own_tasks_there_are_six() -> None:
    """Those of `request.task`."""
    assert [Tasks().of(prompt) for prompt in ('Review this', 'hello')] == ['review', 'unknown']
