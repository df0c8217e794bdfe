"""Budgets between processes: set aside before a request is sent, settle after it, give back if it never was.

What is spent stands in a bucket per budget and period, what is set aside in leases that run out by themselves, so that
a process that dies gives its reservations back. All budgets that cover a request are checked and held in one
transaction, all or none.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compactor.errors import ConfigError
from compactor.ledger.budget import Budget, Crossing, Usage, Use
from compactor.store.accounts import Account, mark_of, reserved_in, spent_in, stands
from compactor.store.buckets import LONGEST_KEY, add

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from compactor.store.engine import Store

TTL = 900.0
"""Seconds that a reservation lasts unless it is told otherwise: longer than requests take."""
KEPT = 86_400.0
"""Seconds that a lease that ran out is kept, to tell a holder who settles late from one who settles twice."""


@dataclass(slots=True)
class Lease:
    """What has been set aside for one request.

    Attributes:
        id: its name in the store.
        budgets: all budgets it was asked of; those that do not cover the request are needed when another model answers.
        wanted: what was set aside.
        at: when, in seconds since 1970; what is settled counts for the periods of this moment.
        expires: when the reservation runs out.
        held: names of the budgets of which something is set aside.
        uncounted: names of the budgets in dollars that let it through although nobody knows its price.
        done: whether it has been settled or released.
    """

    id: str
    budgets: tuple[Budget, ...]
    wanted: Use
    at: float
    expires: float
    held: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    done: bool = False


def reserve(store: Store, budgets: Iterable[Budget], wanted: Use, now: float, ttl: float = TTL) -> Lease:
    """Sets aside what a request may take, in every budget that covers it.

    Args:
        store: where budgets are counted.
        budgets: all there are.
        wanted: the most the request may take.
        now: seconds since 1970.
        ttl: seconds after which the reservation is given back by itself.

    Raises:
        BudgetExceeded: one of them has no room; nothing is set aside.
        ConfigError: two budgets are one account, or a budget in dollars covers a model without a known price.
        StoreError: the store cannot be used.
    """
    asked = tuple(budgets)
    accounts, uncounted = _accounts(store, asked, wanted, now)
    name = uuid.uuid4().hex
    if accounts:
        from sqlalchemy import insert

        from compactor.store.schema import leases

        with store.write(*(account.key for account in accounts)) as connection:
            _check(connection, accounts, now)
            rows = [
                {
                    'id': name,
                    'key': account.key,
                    'start': account.period.start,
                    'amount': account.taken,
                    'expires': now + ttl,
                }
                for account in accounts
            ]
            connection.execute(insert(leases), rows)
    held = tuple(account.budget.name for account in accounts)
    return Lease(name, asked, wanted, now, now + ttl, held, uncounted)


def settle(store: Store, lease: Lease, actual: Use, now: float | None = None) -> tuple[Crossing, ...]:
    """Counts what a request has really taken, and gives back the rest.

    It counts in all budgets that cover the request as it was answered, perhaps by another model, in the periods in
    which it was sent. Settling again changes nothing. Where no price is known now, what was set aside counts as spent.

    Args:
        store: where budgets are counted.
        lease: what was set aside.
        actual: what was taken; may be more than was set aside.
        now: seconds since 1970; default: the store's clock.

    Returns:
        The budgets that have reached the share at which they warn, each once a period.

    Raises:
        StoreError: the store cannot be used; the lease stands and may be settled later.
    """
    if lease.done:
        return ()
    moment = store.clock() if now is None else now
    accounts = [_settled(store, budget, lease, actual) for budget in lease.budgets]
    crossings: tuple[Crossing, ...] = ()
    if lease.held or any(account.taken for account in accounts):
        with store.write(*(account.key for account in accounts)) as connection:
            given_back = _give_back(connection, lease)
            # Whoever tries again after an answer that got lost finds that the lease has gone; one that ran out stays.
            if given_back or not lease.held or moment >= lease.expires + KEPT:
                crossings = _count(connection, accounts)
    lease.done = True
    return crossings


def release(store: Store, lease: Lease) -> None:
    """Gives back what was set aside for a request that was not sent, or that failed and cost nothing.

    Raises:
        StoreError: the store cannot be used; the reservation runs out by itself.
    """
    if lease.held and not lease.done:
        with store.write(*(_key(store, budget) for budget in lease.budgets)) as connection:
            _give_back(connection, lease)
    lease.done = True


def consume(
    store: Store, budgets: Iterable[Budget], use: Use, now: float, *, check: bool = True
) -> tuple[Crossing, ...]:
    """Reserves and settles in one go, for what is known beforehand.

    Args:
        store: where budgets are counted.
        budgets: all there are.
        use: what is taken.
        now: seconds since 1970.
        check: refuse where there is no room; False counts what has been spent already, come what may.

    Returns:
        The budgets that have reached the share at which they warn, each once a period.

    Raises:
        BudgetExceeded: one of them has no room; nothing is counted.
        ConfigError: as in `reserve`; without `check`, what has no known price is left out.
        StoreError: the store cannot be used.
    """
    accounts, _ = _accounts(store, budgets, use, now, refuse=check)
    if not accounts:
        return ()
    with store.write(*(account.key for account in accounts)) as connection:
        if check:
            _check(connection, accounts, now)
        return _count(connection, accounts)


def usage(store: Store, budget: Budget, now: float) -> Usage:
    """How a budget stands at a moment.

    Raises:
        StoreError: the store cannot be used.
    """
    return usages(store, [budget], now)[0]


def usages(store: Store, budgets: Iterable[Budget], now: float) -> list[Usage]:
    """How budgets stand at a moment, all in one transaction, in their order. Raises as `usage`."""
    accounts = [Account(budget, budget.period_at(now), 0, _key(store, budget)) for budget in budgets]
    if not accounts:
        return []
    with store.read() as connection:
        spent = spent_in(connection, accounts)
        reserved = reserved_in(connection, accounts, now)[0]
    return [stands(account, spent, reserved) for account in accounts]


def _key(store: Store, budget: Budget) -> str:
    """Under which a budget is counted for the tenant of a store; that it has warned is noted under a longer name."""
    return store.owned(budget.key, LONGEST_KEY - 8)


def _accounts(
    store: Store, budgets: Iterable[Budget], use: Use, now: float, *, refuse: bool = True
) -> tuple[list[Account], tuple[str, ...]]:
    """The budgets that a request takes something of, and the names of those that cannot tell."""
    accounts, uncounted, seen = [], [], set()
    for budget in budgets:
        if budget.key in seen:
            raise ConfigError(
                f'there are two budgets {budget.name!r} in {budget.unit} a {budget.period}: they would count together;'
                ' give each a name of its own'
            )
        seen.add(budget.key)
        taken = budget.taken(use)
        if taken is None:
            if refuse and budget.unpriced == 'refuse':
                raise ConfigError(
                    f'the budget {budget.name!r} is in dollars, but nobody knows the price of {use.model!r}: set its'
                    " price, give it a weight of 0 in the budget, or let such requests through (unpriced='ignore'; on"
                    ' the command line `compactor budget set ... --unpriced ignore`)'
                )
            uncounted.append(budget.name)
        elif taken:
            accounts.append(Account(budget, budget.period_at(now), taken, _key(store, budget)))
    return accounts, tuple(uncounted)


def _settled(store: Store, budget: Budget, lease: Lease, actual: Use) -> Account:
    taken = budget.taken(actual)
    if taken is None:
        taken = budget.taken(lease.wanted) or 0
    return Account(budget, budget.period_at(lease.at), taken, _key(store, budget))


def _check(connection: Connection, accounts: Sequence[Account], now: float) -> None:
    """Raises `BudgetExceeded` for the first account without room."""
    spent = spent_in(connection, accounts)
    reserved, oldest = reserved_in(connection, accounts, now)
    for account in accounts:
        taken_by_others = spent.get(account.key, 0) + reserved.get(account.key, 0)
        if taken_by_others + account.taken > account.budget.parts:
            raise stands(account, spent, reserved).refusal(account.taken)
    if oldest < now - KEPT:
        from sqlalchemy import delete

        from compactor.store.schema import leases

        keys = [account.key for account in accounts]
        connection.execute(delete(leases).where(leases.c.key.in_(keys), leases.c.expires < now - KEPT))


def _give_back(connection: Connection, lease: Lease) -> int:
    """Removes a lease; returns in how many budgets it still stood."""
    from sqlalchemy import delete

    from compactor.store.schema import leases

    return connection.execute(delete(leases).where(leases.c.id == lease.id)).rowcount


def _count(connection: Connection, accounts: Sequence[Account]) -> tuple[Crossing, ...]:
    """Adds what was taken; returns the budgets that reach their warning for the first time in their period."""
    taken = [account for account in accounts if account.taken]
    add(connection, [(a.key, a.period.seconds, a.period.start, a.taken) for a in taken])
    warning = [account for account in taken if account.budget.warns_at is not None]
    if not warning:
        return ()
    spent = spent_in(connection, warning, marks=True)
    reached = [
        account
        for account in warning
        if spent[account.key] >= (account.budget.warns_at or 0) and not spent[mark_of(account)]
    ]
    add(connection, [(mark_of(a), a.period.seconds, a.period.start, 1) for a in reached])
    return tuple(Crossing(a.budget, a.budget.amount(spent[a.key]), a.period) for a in reached)
