"""The options `--store` and `--hours`: which ledger is meant, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from compactor.store.engine import Store

StoreUrl = Annotated[
    str | None,
    typer.Option(
        '--store', metavar='URL', help="A SQLite file or a database's URL (default: COMPACTOR_STORE, else your own)."
    ),
]
Hours = Annotated[float, typer.Option('--hours', min=0.01, metavar='N', help='How far back.')]
Json = Annotated[bool, typer.Option('--json', help='Print JSON; money in it is text, exact.')]


@contextmanager
def opened(url: str | None) -> Iterator[Store]:
    """The store of that URL, closed afterwards. Raises `ConfigError` and `StoreError`."""
    # Imported here, so that `--help` and typing mistakes do not wait for a database library.
    from compactor.store.engine import Store

    with Store.open(url) as store:
        yield store


def cost(amount: Decimal | None, unpriced: int = 0) -> str:
    """Dollars for people: '$0.0125', '-$2.00', 'unknown', and '$0.0125+' where some of it has no known price."""
    if amount is None:
        return 'unknown'
    digits = 2 if abs(amount) >= 1 or amount == 0 else 4 if abs(amount) >= Decimal('0.01') else 6
    text = f'{"-" if amount < 0 else ""}${abs(amount):,.{digits}f}'
    return f'{text}+' if unpriced else text


def percent(share: float | None) -> str:
    """A share for people."""
    return '-' if share is None else f'{share:.1%}'


def seconds(time: float | None) -> str:
    """A time for people."""
    return '-' if time is None else f'{time:,.2f} s'
