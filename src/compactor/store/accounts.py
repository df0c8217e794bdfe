"""What is spent and set aside in budgets, read within a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from compactor.ledger.budget import Budget, Usage
from compactor.ledger.periods import Period

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select


class Account(NamedTuple):
    """A budget in one of its periods, what a request takes of it in whole parts, and the name that counts under."""

    budget: Budget
    period: Period
    taken: int
    key: str


def stands(account: Account, spent: dict[str, int], reserved: dict[str, int]) -> Usage:
    """How an account stands, from what `spent_in` and `reserved_in` have found."""
    budget = account.budget
    return Usage(
        budget,
        budget.amount(spent.get(account.key, 0)),
        budget.amount(reserved.get(account.key, 0)),
        account.period,
    )


def spent_in(connection: Connection, accounts: Sequence[Account], *, marks: bool = False) -> dict[str, int]:
    """What is spent in the accounts' periods, in whole parts by key; with `marks` also which of them have warned."""
    keys = {account.key: account.period for account in accounts}
    if marks:
        keys |= {mark_of(account): account.period for account in accounts}
    values = {
        'keys': list(keys),
        'widths': [account.period.seconds for account in accounts],
        'starts': [account.period.start for account in accounts],
    }
    found = connection.execute(_spending(), values).all()
    used = {(key, width, start): amount for key, width, start, amount in found}
    return {key: used.get((key, period.seconds, period.start), 0) for key, period in keys.items()}


@cache  # made once, because making a statement takes longer than carrying it out
def _spending() -> Select[Any]:
    from sqlalchemy import bindparam, select

    from compactor.store.schema import buckets

    return select(buckets.c.key, buckets.c.width, buckets.c.start, buckets.c.used).where(
        buckets.c.key.in_(bindparam('keys', expanding=True)),
        buckets.c.width.in_(bindparam('widths', expanding=True)),
        buckets.c.start.in_(bindparam('starts', expanding=True)),
    )


@cache
def _reserving() -> Select[Any]:
    from sqlalchemy import Float, bindparam, case, func, select

    from compactor.store.schema import leases

    live = func.sum(case((leases.c.expires > bindparam('now', type_=Float), leases.c.amount), else_=0))
    return (
        select(leases.c.key, leases.c.start, live, func.min(leases.c.expires))
        .where(leases.c.key.in_(bindparam('keys', expanding=True)))
        .group_by(leases.c.key, leases.c.start)
    )


def mark_of(account: Account) -> str:
    """Under which it is noted that a budget has warned in a period."""
    return f'warned/{account.key}'


def reserved_in(connection: Connection, accounts: Sequence[Account], now: float) -> tuple[dict[str, int], float]:
    """What is set aside in the accounts' periods, in whole parts by key; and when the oldest lease runs or ran out."""
    values = {'keys': [account.key for account in accounts], 'now': now}
    found = connection.execute(_reserving(), values).all()
    amounts = {(key, start): int(amount) for key, start, amount, _ in found}
    reserved = {account.key: amounts.get((account.key, account.period.start), 0) for account in accounts}
    return reserved, min((oldest for *_, oldest in found), default=now)
