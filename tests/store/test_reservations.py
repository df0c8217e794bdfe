"""Budgets in a store: reserved before a request, settled after it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from sqlalchemy import func, select

from compactor import BudgetExceeded, ConfigError
from compactor.ledger.budget import Budget, Use, premium_requests
from compactor.store import reservations
from compactor.store.engine import Store
from compactor.store.reservations import TTL, Lease, consume, release, reserve, settle, usage
from compactor.store.schema import leases
from tests.store.conftest import START

DAILY = Budget(name='daily', limit=10_000)
CODER = Budget(name='coder', limit=3_000, agent='coder')
MONEY = Budget(name='money', limit=Decimal('1.00'), unit='usd', period='month', agent='coder')
ALL = (DAILY, CODER, MONEY)
USE = Use('glm-4.7', 'cerebras', 'coder', 1_000, 1, Decimal('0.25'))


def left(store: Store, *budgets: Budget, now: float = START) -> list[Decimal]:
    """What remains of each budget."""
    return [usage(store, budget, now).remaining for budget in budgets]


def test_what_is_reserved_is_settled(store: Store) -> None:
    """Reserved amounts are out of reach for others; settling counts what was really taken and frees the rest."""
    lease = reserve(store, ALL, USE, START)
    assert lease.held == ('daily', 'coder', 'money')
    assert left(store, *ALL) == [9_000, 2_000, Decimal('0.75')]
    assert usage(store, DAILY, START).used == 0
    settle(store, lease, Use('glm-4.7', 'cerebras', 'coder', 400, 1, Decimal('0.1')), START + 5)
    assert left(store, *ALL) == [9_600, 2_600, Decimal('0.9')]
    stands = usage(store, CODER, START)
    assert [stands.used, stands.reserved, stands.limit, stands.resets] == [400, 0, 3_000, stands.period.end]
    assert stands.period.start <= START < stands.resets


def test_all_or_nothing(store: Store) -> None:
    """If one budget has no room, the others keep theirs, and the error says which and why."""
    settle(store, reserve(store, ALL, USE, START), USE, START)
    reserve(store, ALL, USE, START)
    with pytest.raises(BudgetExceeded) as told:
        reserve(store, ALL, Use('glm-4.7', 'cerebras', 'coder', 1_001, 1, Decimal('0.1')), START)
    error = told.value
    assert (error.budget, error.unit, error.used, error.limit, error.wanted) == ('coder', 'tokens', 2_000, 3_000, 1_001)
    assert error.resets == usage(store, CODER, START).resets
    assert str(error) == snapshot(
        "the budget 'coder' allows 3,000 tokens a day: 1,000 tokens are spent and 1,000 tokens reserved by others,"
        ' this request would take up to 1,001 tokens. Its next day begins at 2026-02-03 00:00 UTC; until then raise the'
        ' limit, or take a model that it does not cover.'
    )
    assert left(store, *ALL) == [8_000, 1_000, Decimal('0.5')]


def test_a_request_that_is_not_covered_costs_nothing(store: Store) -> None:
    """Nothing is written for it; other agents have budgets of their own."""
    lease = reserve(store, (CODER, MONEY), Use('glm-4.7', agent='reviewer', tokens=10**9), START)
    assert lease.held == ()
    assert settle(store, lease, Use('glm-4.7', agent='reviewer', tokens=10**9), START) == ()
    release(store, lease)
    assert left(store, CODER, MONEY) == [3_000, 1]


def test_another_model_may_answer(store: Store) -> None:
    """A request that fails over is counted for the model that answered, also by budgets that did not cover it."""
    first = Budget(name='first', limit=1_000, model='glm*')
    second = Budget(name='second', limit=1_000, model='openai:*')
    lease = reserve(store, (first, second), USE, START)
    assert left(store, first, second) == [0, 1_000]
    settle(store, lease, Use('gpt-4.1', 'openai', tokens=300), START)
    assert left(store, first, second) == [1_000, 700]


def test_what_is_released_comes_back(store: Store) -> None:
    """All of it, and settling afterwards counts nothing."""
    lease = reserve(store, ALL, USE, START)
    release(store, lease)
    release(store, lease)
    assert settle(store, lease, USE, START) == ()
    assert left(store, *ALL) == [10_000, 3_000, 1]


def test_settling_twice_counts_once(store: Store) -> None:
    """Also where the first answer was lost, and the lease looks as if it stood."""
    lease = reserve(store, ALL, USE, START)
    again = Lease(lease.id, lease.budgets, lease.wanted, lease.at, lease.expires, lease.held)
    for one in (lease, lease, again):
        settle(store, one, USE, START)
    assert left(store, *ALL) == [9_000, 2_000, Decimal('0.75')]


def test_a_lease_that_ran_out_is_still_settled(store: Store) -> None:
    """Its room was given away, but what was spent was spent: the budget says so, and others are refused."""
    lease = reserve(store, (CODER,), USE, START, ttl=60)
    assert left(store, CODER, now=START + 60) == [3_000]
    reserve(store, (CODER,), Use(agent='coder', tokens=3_000), START + 60)
    settle(store, lease, USE, START + 90)
    stands = usage(store, CODER, START + 90)
    assert [stands.used, stands.reserved, stands.remaining] == [1_000, 3_000, 0]


def test_old_leases_are_removed(store: Store) -> None:
    """A day after they ran out; one that is settled even later counts all the same."""
    old = reserve(store, (DAILY,), USE, START)
    later = START + TTL + reservations.KEPT + 1
    reserve(store, (DAILY,), USE, later)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(leases)).scalar() == 1
    settle(store, old, USE, later)
    assert usage(store, DAILY, START).used == 1_000


def test_more_may_be_taken_than_was_reserved(store: Store) -> None:
    """Nobody can undo it: it is counted, the budget is more than spent, and the next request is refused."""
    settle(store, reserve(store, (CODER,), USE, START), Use(agent='coder', tokens=3_500), START)
    stands = usage(store, CODER, START)
    assert [stands.remaining, round(stands.usage_pct, 1)] == [0, 116.7]
    with pytest.raises(BudgetExceeded):
        reserve(store, (CODER,), Use(agent='coder', tokens=1), START)


def test_a_new_period_begins_with_nothing_spent(store: Store) -> None:
    """What was reserved in the old one is settled there."""
    lease = reserve(store, (DAILY,), USE, START)
    tomorrow = usage(store, DAILY, START).resets
    assert left(store, DAILY, now=tomorrow) == [10_000]
    settle(store, lease, USE, tomorrow + 1)
    assert left(store, DAILY, now=tomorrow + 1) == [10_000]
    assert left(store, DAILY) == [9_000]


def test_it_warns_once_a_period(store: Store) -> None:
    """When the share is reached, by whomever; and again in the next period."""

    def spend(tokens: int, now: float) -> list[str]:
        use = Use(agent='coder', tokens=tokens)
        return [str(crossing) for crossing in settle(store, reserve(store, (DAILY, CODER), use, now), use, now)]

    assert spend(2_399, START) == []
    assert spend(1, START) == snapshot(["the budget 'coder' has spent 2,400 tokens of 3,000 tokens a day"])
    assert spend(100, START) == []
    tomorrow = usage(store, DAILY, START).resets
    assert len(spend(3_000, tomorrow)) == 1
    assert spend(0, tomorrow) == []


def test_a_budget_that_never_warns(store: Store) -> None:
    """`warn_at=None`."""
    quiet = Budget(name='quiet', limit=10, warn_at=None)
    assert consume(store, [quiet], Use(tokens=10), START) == ()


def test_a_limit_that_is_lowered_holds_at_once(store: Store) -> None:
    """What is spent stays spent under the same name, unit and period."""
    consume(store, (DAILY,), USE, START)
    lower = Budget(name='daily', limit=1_500)
    assert left(store, lower) == [500]
    with pytest.raises(BudgetExceeded):
        consume(store, (lower,), USE, START)


def test_premium_requests(store: Store) -> None:
    """A monthly allowance in which models count differently: free ones always, dear ones more, small ones a third."""
    weights = {'gpt-4.1': '0', 'claude-opus*': '10', 'grok-code*': '0.25', '*haiku*': '0.33'}
    budget = premium_requests({name: Decimal(weight) for name, weight in weights.items()}, limit=30)
    opus, free, small = Use('claude-opus-4.5'), Use('gpt-4.1'), Use('claude-haiku-4.5')
    for _ in range(2):
        consume(store, [budget], opus, START)
    consume(store, [budget], Use('claude-sonnet-4.5'), START)
    for _ in range(3):
        consume(store, [budget], small, START)
    stands = usage(store, budget, START)
    assert (stands.used, stands.remaining) == (Decimal('21.99'), Decimal('8.01'))
    assert round(stands.usage_pct, 1) == 73.3
    assert [stands.can_afford(use) for use in (opus, free, small)] == [False, True, True]
    with pytest.raises(BudgetExceeded):
        consume(store, [budget], opus, START)
    assert consume(store, [budget], free, START) == ()


def test_an_unknown_price(store: Store) -> None:
    """A budget in dollars refuses what nobody can count, unless it is told to let it through; it says so then."""
    unknown = Use('mystery', agent='coder', tokens=10)
    with pytest.raises(ConfigError, match="nobody knows the price of 'mystery'"):
        reserve(store, ALL, unknown, START)
    assert left(store, *ALL) == [10_000, 3_000, 1]
    lenient = Budget(name='lenient', limit=1, unit='usd', unpriced='ignore')
    lease = reserve(store, (DAILY, lenient), unknown, START)
    assert (lease.held, lease.uncounted) == (('daily',), ('lenient',))
    settle(store, lease, unknown, START)
    assert left(store, DAILY, lenient) == [9_990, 1]
    free = Budget(name='free', limit=1, unit='usd', weights={'mystery': Decimal(0)})
    assert reserve(store, [free], unknown, START).uncounted == ()


def test_a_price_that_got_lost_counts_as_reserved(store: Store) -> None:
    """Known when it was reserved and not when it was settled: what was set aside is taken as spent, never nothing."""
    lease = reserve(store, (MONEY,), USE, START)
    settle(store, lease, Use('glm-4.7', 'cerebras', 'coder', 900), START)
    assert usage(store, MONEY, START).used == Decimal('0.25')


def test_what_was_spent_while_the_store_was_away(store: Store) -> None:
    """Is counted afterwards without a question, although there was no room for it."""
    crossings = consume(store, (CODER,), Use(agent='coder', tokens=9_999), START, check=False)
    assert [crossing.budget.name for crossing in crossings] == ['coder']
    assert consume(store, (MONEY,), Use(agent='coder', tokens=1), START, check=False) == ()
    assert usage(store, CODER, START).used == 9_999


def test_one_account_twice_is_refused(store: Store) -> None:
    """Two budgets of one name, unit and period would count each request twice."""
    with pytest.raises(ConfigError, match='give each a name of its own'):
        reserve(store, (DAILY, Budget(name='daily', limit=1)), USE, START)
    reserve(store, (DAILY, Budget(name='daily', limit=1_000, period='hour')), USE, START)


def test_money_adds_up_exactly(store: Store) -> None:
    """A tenth of a cent, a thousandth of a cent: no rounding to floating point."""
    budget = Budget(name='exact', limit=1, unit='usd')
    for cost in ('0.1', '0.2', '0.00001', '0.000000001'):
        consume(store, [budget], Use(usd=Decimal(cost)), START)
    assert usage(store, budget, START).used == Decimal('0.300010001')


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(['reserve', 'settle', 'release', 'wait']), st.integers(0, 400)), max_size=25
    )
)
def test_the_books_balance(steps: list[tuple[str, int]]) -> None:
    """Whatever the order: used and reserved are what a list of what happened says, and never exceed the limit."""
    budget = Budget(name='b', limit=1_000)
    now, spent = START, 0
    open_leases: list[tuple[Lease, int]] = []
    with Store.open(':memory:') as store:
        for what, amount in steps:
            live = sum(tokens for lease, tokens in open_leases if lease.expires > now)
            if what == 'reserve':
                if spent + live + amount <= 1_000 or amount == 0:
                    open_leases.append((reserve(store, [budget], Use(tokens=amount), now, ttl=100), amount))
                else:
                    with pytest.raises(BudgetExceeded):
                        reserve(store, [budget], Use(tokens=amount), now, ttl=100)
            elif what == 'wait':
                now += amount / 10
            elif open_leases:
                lease, tokens = open_leases.pop(amount % len(open_leases))
                if what == 'release':
                    release(store, lease)
                else:
                    settle(store, lease, Use(tokens=tokens // 2), now)
                    spent += tokens // 2
            stands = usage(store, budget, now)
            assert stands.used == spent
            assert stands.reserved == sum(tokens for lease, tokens in open_leases if lease.expires > now)
