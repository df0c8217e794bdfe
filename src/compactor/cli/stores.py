"""The options `--store`, `--tenant` and `--hours`: which ledger is meant, whose, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.errors import ConfigError
from compactor.ledger.prices import shown

if TYPE_CHECKING:
    from compactor.store.engine import Store

StoreUrl = Annotated[
    str | None,
    typer.Option(
        '--store', metavar='URL', help="A SQLite file or a database's URL (default: COMPACTOR_STORE, else your own)."
    ),
]
Tenant = Annotated[
    str, typer.Option('--tenant', metavar='NAME', help='Whose entries, budgets and answers (default: of no tenant).')
]
Hours = Annotated[float, typer.Option('--hours', min=0.01, metavar='N', help='How far back.')]
Json = Annotated[bool, typer.Option('--json', help='Print JSON; money in it is text, exact.')]


Csv = Annotated[bool, typer.Option('--csv', help='Print CSV, for spreadsheets.')]


def one_form(json: bool, csv: bool) -> None:
    """Raises `ConfigError` where two forms of output are wanted at once."""
    if json and csv:
        raise ConfigError('take --json or --csv, not both')


@contextmanager
def opened(url: str | None, tenant: str = '') -> Iterator[Store]:
    """The store of that URL as one tenant sees it, made if it is not there, closed afterwards.

    Raises `ConfigError` and `StoreError`.
    """
    # Imported here, so that `--help` and typing mistakes do not wait for a database library.
    from compactor.store.engine import Store

    with Store.open(url, tenant=tenant) as store:
        yield store


@contextmanager
def reading(url: str | None, tenant: str = '') -> Iterator[Store]:
    """The store of that URL, closed afterwards; one that is not there is not made. Raises as `opened`."""
    from compactor.store.engine import Store

    with Store.open(url, create=False, tenant=tenant) as store:
        yield store


def cost(amount: Decimal | None, unpriced: int = 0) -> str:
    """Dollars for people: '$0.0125', '-$2.00', 'unknown', and '$0.0125+' where some of it has no known price."""
    if amount is None:
        return 'unknown'
    return f'{shown(amount)}+' if unpriced else shown(amount)


def percent(share: float | None) -> str:
    """A share for people."""
    return '-' if share is None else f'{share:.1%}'


def seconds(time: float | None) -> str:
    """A time for people."""
    return '-' if time is None else f'{time:,.2f} s'
