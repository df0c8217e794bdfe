"""Which models answer, in which order, and why."""

from __future__ import annotations

from decimal import Decimal
from textwrap import wrap
from typing import Any

import pytest
from inline_snapshot import snapshot

from compactor.ledger.budget import Use
from compactor.routing.afford import within
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.learn import Key, Learner, MemoryOutcomes, record_outcome
from compactor.routing.route import Ask, route
from compactor.routing.table import RoutingTable
from tests.routing.rows import a_model, a_rule, usage

MODELS = (
    a_model(model='a:mini', quality=0.8, context_window=8_000, price={'input': 1, 'output': 1}),
    a_model(model='b:mid', quality=0.9, context_window=100_000, price={'input': 2, 'output': 10}),
    a_model(model='c:large', quality=0.97, context_window=1_000_000, price={'input': 15, 'output': 75}),
    a_model(model='d:unpriced', quality=0.9, context_window=100_000),
    a_model(model='e:unrated', context_window=100_000, price={'input': 0, 'output': 0}),
)
CODING = a_rule(workload='coding', chain=['b:mid', 'a:mini', 'c:large'], fields={'queue': 'fast', 'priority': 2})
TABLE = RoutingTable((CODING,), MODELS)


def ask(level: Complexity = Complexity.MODERATE, **rest: Any) -> Ask:
    """A request whose complexity is given."""
    return Ask(task=rest.pop('task', 'review'), complexity=level, **rest)


def learner(**well: tuple[int, int]) -> Learner:
    """One that has seen so many of so many go well, by model, of moderate reviews while coding."""
    kept = MemoryOutcomes()
    for name, (good, of) in well.items():
        model = next(one.model for one in MODELS if one.model.endswith(name))
        for place in range(of):
            for workload in ('coding', ''):
                record_outcome(kept, Key(workload, 'review', Complexity.MODERATE), model, success=place < good)
    return Learner(kept)


def test_the_chain_of_a_rule() -> None:
    """In its own order; what it hands on is on the route, with the plan of tokens."""
    found = route(ask(workload='Coding', default='z:own', agent='fixer'), TABLE)
    assert found.chain == CODING.chain
    assert (found.model, found.source, found.rule) == ('b:mid', 'rule', CODING)
    assert (found.workload, found.task, found.default, found.agent) == ('coding', 'review', 'z:own', 'fixer')
    assert (found.input_tokens, found.output_tokens, dict(found.fields)) == (1_000, 800, CODING.fields)
    assert found.key == Key('coding', 'review', Complexity.MODERATE)


def test_without_a_chain_the_cheapest_first() -> None:
    """Of the models over the level's floor; what nobody has priced comes last, and unrated ones do not come."""
    found = route(ask(), TABLE)
    assert (found.chain, found.source, found.floor) == (('b:mid', 'c:large', 'd:unpriced'), 'table', 0.85)
    assert [one.model for one in found.passed_over] == ['a:mini', 'e:unrated']
    assert route(ask(Complexity.EXPERT), TABLE).chain == ('c:large',)
    assert route(ask(Complexity.TRIVIAL), TABLE).chain == ('a:mini', 'b:mid', 'c:large', 'd:unpriced')


def test_of_equally_cheap_ones_the_better() -> None:
    """Free models by quality."""
    free = tuple(a_model(model=f'm:{n}', quality=0.9 + n / 100, multiplier=0) for n in range(3))
    assert route(ask(), RoutingTable(models=free, cost_in='requests')).chain == ('m:2', 'm:1', 'm:0')


def test_strength_or_category() -> None:
    """Good for the level, or for the task; with neither, for anything."""
    models = (
        a_model(model='m:level', quality=1, strengths=['moderate']),
        a_model(model='m:task', quality=1, categories=['Review']),
        a_model(model='m:neither', quality=1, strengths=['expert'], categories=['docs']),
        a_model(model='m:all', quality=1),
    )
    assert set(route(ask(), RoutingTable(models=models)).chain) == {'m:level', 'm:task', 'm:all'}


def test_three_fallbacks_are_enough() -> None:
    """Where a rule names no chain; a rule's own chain is taken whole."""
    models = tuple(a_model(model=f'm:{n}', quality=1, price={'input': n, 'output': 1}) for n in range(9))
    table = RoutingTable((a_rule(task='all', chain=[one.model for one in models]),), models)
    assert route(ask(), table).chain == ('m:0', 'm:1', 'm:2', 'm:3')
    assert len(route(ask(task='all'), table).chain) == 9
    assert route(ask(), RoutingTable(models=models, fallbacks=0)).chain == ('m:0',)


def test_the_floor_of_a_rule() -> None:
    """It holds for its chain, and instead of the level's; a model that nobody has rated is below any."""
    strict = a_rule(chain=['e:unrated', 'a:mini', 'c:large', 'x:unknown'], quality_floor=0.95)
    found = route(ask(), RoutingTable((strict,), MODELS))
    assert (found.chain, found.floor) == (('c:large',), 0.95)
    low = RoutingTable((a_rule(quality_floor=0.1),), MODELS)
    assert route(ask(Complexity.EXPERT), low).chain == ('a:mini', 'b:mid', 'c:large', 'd:unpriced')


def test_a_window_that_is_too_small() -> None:
    """The request and its answer must fit; where nobody has counted, nothing is passed over."""
    assert route(ask(workload='coding', input_tokens=8_000), TABLE).chain == CODING.chain
    assert route(ask(workload='coding', input_tokens=8_000, output_tokens=1), TABLE).chain == ('b:mid', 'c:large')
    assert route(ask(workload='coding', input_tokens=100_001), TABLE).chain == ('c:large',)
    assert route(ask(workload='coding'), TABLE).chain == CODING.chain


def test_a_price_that_is_too_high() -> None:
    """By the tokens of the request, else by the plan; what nobody has priced is not taken for free."""
    rule = a_rule(max_price='0.05')
    table = RoutingTable((rule,), MODELS)
    assert route(ask(input_tokens=1_000, output_tokens=800), table).chain == ('b:mid',)
    assert route(ask(), table).chain == ('b:mid',)
    assert route(ask(input_tokens=50_000, output_tokens=800), table).chain == ()
    why = {one.model: one.why for one in route(ask(), table).passed_over}
    assert why['d:unpriced'] == 'price unknown, limit $0.05'
    assert why['c:large'] == 'costs $0.075, limit $0.05'


def test_prices_from_elsewhere() -> None:
    """A model without a price of its own is priced by the ledger's table."""
    found = route(ask(), TABLE, cost=lambda model, i, o: Decimal(1) if model == 'd:unpriced' else None)
    assert found.chain == ('b:mid', 'c:large', 'd:unpriced')
    found = route(ask(), TABLE, cost=lambda model, i, o: Decimal('0.001') if model == 'd:unpriced' else None)
    assert found.chain == ('d:unpriced', 'b:mid', 'c:large')


def test_what_budgets_have_left() -> None:
    """A model that no longer fits is passed over; one that the budget does not cover is not."""
    dollars = within([usage(0.97, limit=1, unit='usd')])
    assert route(ask(workload='coding'), TABLE, affordable=dollars).chain == ('b:mid', 'a:mini')
    only = within([usage(10, limit=10, unit='requests', model='b:*')])
    assert route(ask(workload='coding'), TABLE, affordable=only).chain == ('a:mini', 'c:large')
    tokens = within([usage(0, limit=500)])
    assert route(ask(workload='coding', input_tokens=490, output_tokens=20), TABLE, affordable=tokens).chain == ()


def test_a_budget_in_dollars_and_an_unknown_price() -> None:
    """What nobody has priced is passed over, and said so; a budget may let it through."""
    found = route(ask(), TABLE, affordable=within([usage(0, limit=9, unit='usd')]))
    assert {one.model: one.why for one in found.passed_over}['d:unpriced'] == (
        'price unknown, and the budget day is in dollars'
    )
    assert (
        'd:unpriced' in route(ask(), TABLE, affordable=within([usage(0, limit=9, unit='usd', unpriced='ignore')])).chain
    )


def test_a_budget_is_asked_about_the_whole_request() -> None:
    """By whom, on which model, how many tokens, for how much."""
    asked: list[Use] = []

    def affordable(use: Use) -> str | None:
        asked.append(use)
        return None

    route(ask(workload='coding', agent='fixer', input_tokens=100, output_tokens=50), TABLE, affordable=affordable)
    assert asked[0] == Use('mid', 'b', 'fixer', 150, 1, Decimal('0.0007'))


def test_only_models_at_hand() -> None:
    """What the caller cannot ask is passed over."""
    found = route(ask(workload='coding', available=frozenset({'c:large'})), TABLE)
    assert (found.chain, [one.why for one in found.passed_over]) == (('c:large',), ['not at hand'] * 2)


def test_the_default_comes_last() -> None:
    """Where nothing else is left: the table's, else the caller's own; on the same terms but for the level's floor."""
    table = RoutingTable(models=MODELS[:1], default=('e:unrated', 'a:mini'))
    found = route(ask(Complexity.EXPERT), table)
    assert (found.chain, found.source, found.floor) == (('e:unrated', 'a:mini'), 'default', None)
    assert route(ask(Complexity.EXPERT, input_tokens=9_000), table).chain == ('e:unrated',)
    assert route(ask(default='z:own'), RoutingTable()).chain == ('z:own',)
    empty = route(ask(), RoutingTable())
    assert (empty.chain, empty.model, empty.source) == ((), None, 'nothing')
    strict = RoutingTable((a_rule(quality_floor=0.9),), MODELS[:1], ('a:mini',))
    assert route(ask(), strict).chain == ()


def test_what_went_well_is_tried_first() -> None:
    """Before cheaper ones, with its figures; others follow in their order."""
    found = route(ask(), TABLE, learned=learner(large=(7, 8)))
    assert found.chain == ('c:large', 'b:mid', 'd:unpriced')
    assert found.learned is not None
    assert found.learned.why == '7 of 8 went well'
    chained = route(ask(workload='coding'), TABLE, learned=learner(mini=(5, 5)))
    assert chained.chain == ('a:mini', 'b:mid', 'c:large')


def test_what_went_well_is_not_forced() -> None:
    """A floor, a window, a chain and a budget hold for it too; the next best is taken."""
    both = learner(mini=(50, 50), large=(9, 10))
    assert route(ask(), TABLE, learned=both).chain[0] == 'c:large'
    assert route(ask(workload='coding', input_tokens=9_000), TABLE, learned=both).chain == ('c:large', 'b:mid')
    assert route(ask(), TABLE, learned=learner(unrated=(9, 9))).learned is None


def test_what_went_well_is_tried_first_among_defaults_too() -> None:
    """Wherever a chain comes from."""
    found = route(ask(), RoutingTable(default=('x:other', 'c:large')), learned=learner(large=(6, 6)))
    assert (found.chain, found.source) == (('c:large', 'x:other'), 'default')
    assert 'c:large, tried first as 6 of 6 went well' in found.why


def test_workloads_by_agent() -> None:
    """By name, then by pattern; a workload that is named goes before."""
    table = RoutingTable((CODING,), MODELS, agents={'fixer': 'Coding', '*-reviewer': 'reasoning'})
    assert [
        route(ask(agent=agent, workload=workload), table).workload
        for agent, workload in (('fixer', None), ('c-Reviewer', None), ('other', None), ('fixer', 'mine'), ('', None))
    ] == ['coding', 'reasoning', '', 'mine', '']


def test_task_and_complexity_are_told_from_the_prompt() -> None:
    """Where the caller names neither."""
    found = route(Ask(factors=Factors('Review the architecture of the sharding', files=3)), TABLE)
    assert (found.task, found.complexity.level) == ('review', Complexity.COMPLEX)
    assert route(Ask(), TABLE).task == 'unknown'


def test_a_rule_sets_the_plan() -> None:
    """Its own tokens go before those of the level."""
    rule = a_rule(chain=['a:mini'], input_tokens=50, output_tokens=7)
    found = route(ask(), RoutingTable((rule,)))
    assert (found.input_tokens, found.output_tokens) == (50, 7)
    million = a_rule(chain=['b:mid'], input_tokens=1_000_000, output_tokens=1_000_000, max_price=12)
    assert ' at $12, ' in route(ask(), RoutingTable((million,), MODELS)).why


def test_every_decision_in_one_line() -> None:
    """What people read."""
    prompt = Factors('Please redesign the database schema of the shop', files=7)
    requests = RoutingTable(
        models=(a_model(model='m:x', quality=1, multiplier=3),), cost_in='requests', discount=Decimal('0.9')
    )
    budget = within([usage(0.97, limit=1, unit='usd')])
    found = [
        route(Ask('coding', factors=prompt, input_tokens=20_000, output_tokens=500), TABLE),
        route(Ask(factors=prompt), TABLE),
        route(Ask(factors=prompt), requests),
        route(ask(), TABLE, learned=learner(large=(7, 8))),
        route(ask(workload='coding'), TABLE, affordable=budget),
        route(ask(Complexity.EXPERT, default='z:own'), RoutingTable(models=MODELS[:2])),
        route(ask(workload='two\nlines'), RoutingTable()),
    ]
    assert [wrap(one.why, 100) for one in found] == snapshot(
        [
            [
                "coding, unknown, complex 0.80 (words 0.80 ('redesign', 'database schema'), files 0.80 (7)): b:mid at",
                '$0.045, by the rule coding/*/*; passed over a:mini (window 8,000, 20,500 tokens needed)',
            ],
            [
                "no workload, unknown, complex 0.80 (words 0.80 ('redesign', 'database schema'), files 0.80 (7)):",
                'b:mid at $0.019, the cheapest of 3 that suit; passed over a:mini (quality 0.8, floor 0.9), e:unrated',
                '(quality unknown, floor 0.9)',
            ],
            [
                "no workload, unknown, complex 0.80 (words 0.80 ('redesign', 'database schema'), files 0.80 (7)): m:x",
                'at 2.7 premium requests, the only one that suits',
            ],
            [
                'no workload, review, moderate (as given): c:large at $0.075, tried first as 7 of 8 went well; passed',
                'over a:mini (quality 0.8, floor 0.85), e:unrated (quality unknown, floor 0.85)',
            ],
            [
                'coding, review, moderate (as given): b:mid at $0.01, by the rule coding/*/*; passed over c:large',
                '(the budget day has $0.03 left)',
            ],
            [
                'no workload, review, expert (as given): z:own, the default; passed over a:mini (quality 0.8, floor',
                '0.95), b:mid (quality 0.9, floor 0.95)',
            ],
            ['two lines, review, moderate (as given): no model is left'],
        ]
    )


def test_as_json() -> None:
    """For scripts."""
    account = route(ask(workload='coding', input_tokens=9_000), TABLE, learned=learner(mid=(5, 5))).to_json()
    assert {**account, 'why': wrap(account['why'], 100)} == snapshot(
        {
            'chain': ['b:mid', 'c:large'],
            'source': 'rule',
            'rule': 'coding/*/*',
            'workload': 'coding',
            'task': 'review',
            'complexity': 'moderate',
            'score': None,
            'factors': {},
            'input_tokens': 1000,
            'output_tokens': 800,
            'fields': {'queue': 'fast', 'priority': 2},
            'why': [
                'coding, review, moderate (as given): b:mid at $0.026, tried first as 5 of 5 went well; passed over',
                'a:mini (window 8,000, 9,000 tokens needed)',
            ],
            'passed_over': [{'model': 'a:mini', 'why': 'window 8,000, 9,000 tokens needed'}],
            'floor': None,
            'learned': '5 of 5 went well',
            'default': None,
        }
    )


@pytest.mark.parametrize('level', Complexity)
def test_a_level_that_is_given_counts(level: Complexity) -> None:
    """The caller knows better."""
    found = route(Ask(complexity=level, factors=Factors('fix a typo')), TABLE)
    assert (found.complexity.level, found.complexity.why) == (level, f'{level.label} (as given)')
