"""`compactor budget set|show`: limits that hold for every process on the store."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.screen import as_json, complain, plain, screen, table
from compactor.cli.stores import Json, StoreUrl, Tenant, opened, reading
from compactor.errors import ConfigError
from compactor.ledger.amounts import number_of

if TYPE_CHECKING:
    from compactor.ledger.budget import Usage

budget = typer.Typer(
    name='budget', no_args_is_help=True, rich_markup_mode=None, help='Set and show budgets that hold for every process.'
)


@budget.command('set')
def set_(
    name: Annotated[str, typer.Argument(metavar='NAME', help='What it is called; one of this name is replaced.')],
    limit: Annotated[str, typer.Option('--limit', metavar='N', help='What may be spent in a period, such as 24M.')],
    unit: Annotated[str, typer.Option('--unit', metavar='UNIT', help='tokens, requests or usd.')] = 'tokens',
    period: Annotated[
        str, typer.Option('--period', metavar='PERIOD', help='minute, hour, day, week, month or year.')
    ] = 'day',
    agent: Annotated[str, typer.Option('--agent', metavar='PATTERN', help='Agents it covers.')] = '*',
    model: Annotated[str, typer.Option('--model', metavar='PATTERN', help='Models it covers.')] = '*',
    warn_at: Annotated[
        float, typer.Option('--warn-at', min=0, max=1, metavar='SHARE', help='Share that warns; 0 for never.')
    ] = 0.8,
    time_zone: Annotated[str, typer.Option('--time-zone', metavar='ZONE', help='Whose days and months.')] = 'UTC',
    unpriced: Annotated[
        str,
        typer.Option(
            '--unpriced',
            metavar='HOW',
            help='Of a budget in usd: refuse requests whose price nobody knows, or ignore them.',
        ),
    ] = 'refuse',
    weight: Annotated[
        list[str] | None,
        typer.Option('--weight', metavar='PATTERN=N', help='How often a request of these models counts; repeatable.'),
    ] = None,
    store: StoreUrl = None,
    tenant: Tenant = '',
) -> None:
    """Set a budget; what is spent stays spent."""
    from compactor.ledger.budget import Budget
    from compactor.ledger.budget import shown as amount_shown

    values: dict[str, Any] = {
        'name': name,
        'limit': _amount(limit),
        'unit': unit,
        'period': period,
        'agent': agent,
        'model': model,
        'warn_at': warn_at or None,
        'time_zone': time_zone,
        'unpriced': unpriced,
        'weights': dict(map(_weight, weight or ())),
    }
    made = Budget(**values)
    with opened(store, tenant) as found:
        from compactor.store.limits import set_budget

        set_budget(found, made, found.clock())
    typer.echo(plain(f'set: {made.name}, {amount_shown(made.limit, made.unit)} a {made.period}'))
    if made.unit == 'usd' and made.unpriced == 'refuse':
        complain(REFUSES)


@budget.command('show')
def show(
    policy: Annotated[
        Path | None,
        typer.Option('--policy', metavar='FILE', help='TOML file with a policy (default: COMPACTOR_CONFIG).'),
    ] = None,
    store: StoreUrl = None,
    tenant: Tenant = '',
    json: Json = False,
) -> None:
    """Show all budgets and how they stand: those that were set here, and those of the policy.

    A budget of the policy goes before one of the same name that was set here.
    """
    from compactor.policy import Policy

    own = Policy.load(policy).ledger.budgets
    names = {one.name for one in own}
    with reading(store, tenant) as found:
        from compactor.store.limits import all_budgets
        from compactor.store.reservations import usage

        now = found.clock()
        some = [('policy', one) for one in own] + [('set', o) for o in all_budgets(found) if o.name not in names]
        standing = [(where, usage(found, one, now)) for where, one in some]
    if json:
        from compactor.ledger.figures import to_json

        typer.echo(as_json([to_json({**_account(one), 'from': where}) for where, one in standing]))
    elif standing:
        columns = ('', 'spent', 'reserved', 'limit', 'unit', 'period', 'used', 'resets')
        both = len({where for where, _ in standing}) > 1 or bool(own)
        rows = ((*_row(one), where) if both else _row(one) for where, one in standing)
        screen().print(table('', (*columns, 'from') if both else columns, rows))
    else:
        complain('no budgets are set: compactor budget set NAME --limit N')


@budget.command('remove')
def remove(
    name: Annotated[str, typer.Argument(metavar='NAME', help='Which.')],
    store: StoreUrl = None,
    tenant: Tenant = '',
) -> None:
    """Forget a budget; exit code 1 if there is none."""
    with reading(store, tenant) as found:
        from compactor.store.limits import remove_budget

        if not remove_budget(found, name):
            raise ConfigError(f'there is no budget {name!r} in {found.shown}')
    typer.echo(plain(f'removed: {name}'))


REFUSES = (
    'requests to models whose price nobody knows are refused; give them a price in the policy, --weight MODEL=0, or'
    ' --unpriced ignore, which lets them through uncounted'
)


def _amount(text: str) -> Decimal:
    amount = number_of(text)
    if amount is None:
        amount = _plain(text)
    if not amount.is_finite() or amount < 0:
        raise ConfigError(f'--limit is an amount, not {text!r}')
    return amount


def _plain(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ConfigError(f'--limit is a number, not {text!r}: 1000, 300k or 24M') from None


def _weight(text: str) -> tuple[str, str]:
    pattern, equals, number = text.rpartition('=')
    if not equals or not pattern:
        raise ConfigError(f'--weight is a model or a pattern and a number, such as gpt-4o*=0, not {text!r}')
    return pattern, number


def _row(one: Usage) -> tuple[object, ...]:
    made = one.budget
    resets = f'{datetime.fromtimestamp(one.resets, UTC):%m-%d %H:%M}'
    amounts = (f'{amount.normalize():,f}' for amount in (one.used, one.reserved, one.limit))
    return made.name, *amounts, made.unit, made.period, f'{one.usage_pct:.0f}%', resets


def _account(one: Usage) -> dict[str, Any]:
    return {
        **one.budget.model_dump(),
        'used': one.used,
        'reserved': one.reserved,
        'remaining': one.remaining,
        'usage_pct': one.usage_pct,
        'resets': one.resets,
    }
