"""`compactor token models`: windows, prices and counting of models, and which of them suit so many tokens."""

from __future__ import annotations

from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.screen import as_json, screen, table
from compactor.cli.stores import Json

if TYPE_CHECKING:
    from compactor.routing.choice import PassedOver
    from compactor.routing.recommend import Recommendation


ANSWER = 1_000
"""Tokens of an answer, unless somebody says more."""


def models(
    tokens: Annotated[
        int | None,
        typer.Option('--tokens', parser=tokens_from(0), metavar='N', help='Recommend for a text of so many tokens.'),
    ] = None,
    answer: Annotated[
        int, typer.Option('--answer', parser=tokens_from(1), metavar='N', help='Tokens that the answer may take.')
    ] = ANSWER,
    task: Annotated[
        str, typer.Option('--task', metavar='NAME', help='What is asked for, as the profiles of a table name it.')
    ] = '',
    complexity: Annotated[
        str, typer.Option('--complexity', metavar='LEVEL', help='trivial to expert: quality by the floors of a table.')
    ] = 'moderate',
    policy: Annotated[
        Path | None, typer.Option('--policy', metavar='FILE', help='TOML file with a [routing] table: what is known.')
    ] = None,
    preset: Annotated[
        str | None, typer.Option('--table', metavar='NAME', help='A routing table that comes with the library.')
    ] = None,
    among: Annotated[
        list[str] | None, typer.Option('--model', metavar='NAME', help='Only this model; repeatable.')
    ] = None,
    verbose: Annotated[
        bool, typer.Option('--verbose', '-v', help='How tokens are counted, and what was passed over.')
    ] = False,
    json: Json = False,
) -> None:
    """List models with window, budget and price; with --tokens those that a text suits, the cheapest first, and why."""
    if tokens is not None:
        found, passed = recommended_for(
            tokens, task=task, complexity=complexity, answer=answer, policy=policy, preset=preset, among=among
        )
        _recommended(found, passed, verbose, json)
        return
    from compactor.routing.recommend import known_models

    rows = [_account(name) for name in (among or known_models())]
    if json:
        typer.echo(as_json(rows))
        return
    columns = ['', 'window', 'budget', 'in, $/M', 'out, $/M', *(['counted by', 'off by'] if verbose else [])]
    screen().print(table('', columns, (_row(row, verbose) for row in rows)))


def recommended_for(
    tokens: int,
    *,
    task: str = '',
    complexity: str = 'moderate',
    answer: int = ANSWER,
    policy: Path | None = None,
    preset: str | None = None,
    among: list[str] | None = None,
) -> tuple[list[Recommendation], list[PassedOver]]:
    """What suits so many tokens of a bundled encoding: the models of a table if it has any, else those in use."""
    from compactor.ledger.prices import Prices
    from compactor.policy import Policy
    from compactor.routing.complexity import level_of
    from compactor.routing.profiles import priced_by
    from compactor.routing.recommend import known_models, recommend

    stations: dict[str, Any] = {} if preset is None else {'routing': {'preset': preset}}
    chosen = Policy.load(policy, **stations)
    table = chosen.routing.table(chosen.tokens.windows)
    names = among or (table.names() or known_models())
    base = dict.fromkeys(('o200k_base', 'cl100k_base'), tokens)
    return recommend(
        base, table, names, task=task, level=level_of(complexity), answer=answer, cost=priced_by(Prices(), time())
    )


def _recommended(found: list[Recommendation], passed: list[PassedOver], verbose: bool, json: bool) -> None:
    if json:
        over = [{'model': one.model, 'why': one.why} for one in passed]
        typer.echo(as_json({'recommended': [one.to_json() for one in found], 'passed_over': over}))
        return
    out = screen()
    rows = ((one.model, one.tokens, one.window, one.why) for one in found)
    out.print(table('Suited, the cheapest first', ('', 'tokens', 'window', 'why'), rows, wide='why'))
    if passed and verbose:
        out.print()
        out.print(table('Passed over', ('', 'why'), ((one.model, one.why) for one in passed), wide='why'))


def _account(name: str) -> dict[str, object]:
    from compactor.ledger.prices import Prices
    from compactor.routing.profiles import priced_by
    from compactor.tokens.bounds import OFF, recommended
    from compactor.tokens.counter import counter_for
    from compactor.tokens.windows import context_window

    counter, window, cost = counter_for(name), context_window(name), priced_by(Prices(), time())
    # A thousand tokens, as long requests cost more with some providers.
    into, out = cost(name, 1_000, 0), cost(name, 0, 1_000)
    return {
        'model': name,
        'window': window,
        'recommended_budget': None if window is None else recommended(window),
        'input_price': None if into is None else f'{(into * 1_000).normalize():f}',
        'output_price': None if out is None else f'{(out * 1_000).normalize():f}',
        'family': counter.family,
        'encoding': counter.encoding,
        'method': counter.method,
        'off_by': float(OFF[counter.method]),
    }


def _row(row: dict[str, object], verbose: bool) -> list[object]:
    shown = [row['model'], *('-' if row[key] is None else row[key] for key in _COLUMNS)]
    return [*shown, f'{row["encoding"]}, {row["method"]}', f'{row["off_by"]:.0%}'] if verbose else shown


_COLUMNS = ('window', 'recommended_budget', 'input_price', 'output_price')
