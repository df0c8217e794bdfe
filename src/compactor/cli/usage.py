"""`compactor usage`: what usage exports and the ledger say, against the targets, with a report for the browser."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.amounts import moment
from compactor.cli.screen import as_csv, as_json, complain, plain
from compactor.cli.stores import Csv, Json, StoreUrl, Tenant, one_form, reading
from compactor.errors import ConfigError
from compactor.ledger.amounts import whole_number

if TYPE_CHECKING:
    from compactor.analysis.compare import Span
    from compactor.analysis.rules import Rules

BETWEEN = '..'


def usage(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar='FILES...', help='Usage exports, CSV or JSON, also .gz, - for standard input; overlaps count once.'
        ),
    ] = None,
    ledger: Annotated[bool, typer.Option('--ledger', help='Read the ledger too.')] = False,
    store: StoreUrl = None,
    tenant: Tenant = '',
    daily_limit: Annotated[
        str | None, typer.Option('--daily-limit', metavar='N', help='Tokens that a day allows, such as 24M.')
    ] = None,
    count: Annotated[
        str, typer.Option('--count', metavar='WHAT', help='What counts against it: input or total.')
    ] = 'input',
    target_tokens: Annotated[
        str, typer.Option('--target-tokens', metavar='N', help='Input tokens a request to stay below.')
    ] = '15000',
    target_share: Annotated[
        float, typer.Option('--target-share', metavar='SHARE', help='Share of the daily limit to stay below.')
    ] = 0.8,
    time_zone: Annotated[str, typer.Option('--time-zone', metavar='ZONE', help='Whose days.')] = 'UTC',
    gap: Annotated[int, typer.Option('--gap', metavar='SECONDS', help='A longer pause ends a session.')] = 600,
    model: Annotated[
        list[str] | None, typer.Option('--model', metavar='NAME', help='Only this model; repeatable.')
    ] = None,
    format: Annotated[
        str | None,
        typer.Option('--format', metavar='NAME', help='Whose exports they are (default: seen from their columns).'),
    ] = None,
    columns: Annotated[
        Path | None, typer.Option('--columns', metavar='FILE', help='TOML that says which column of an export is what.')
    ] = None,
    split: Annotated[
        str | None, typer.Option('--split', metavar='TIME', help='Compare what began before this time with the rest.')
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option('--compare', metavar='A..B C..D', help='Compare two periods; an end may be left out.'),
    ] = None,
    claims: Annotated[
        Path | None, typer.Option('--claims', metavar='FILE', help='TOML with quoted figures to check.')
    ] = None,
    html: Annotated[Path | None, typer.Option('--html', metavar='FILE', help='Write the report for a browser.')] = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Analyse usage exports: averages, sessions, days against a limit, trend, with the formula of each figure.

    Known by their columns are exports of Anthropic, ccusage, Cerebras, Helicone, Langfuse, LiteLLM, OpenAI and
    OpenRouter; others by --columns.
    """
    one_form(json, csv)
    # Imported here, so that `--help` and typing mistakes do not wait for a database.
    from compactor.analysis.claims import load_claims
    from compactor.analysis.columns import Columns
    from compactor.analysis.days import Day
    from compactor.analysis.rules import Rules
    from compactor.analysis.usage import analyse

    values: dict[str, Any] = {
        'daily_limit': None if daily_limit is None else whole_number(daily_limit, '--daily-limit'),
        'limit_counts': count,
        'target_tokens': whole_number(target_tokens, '--target-tokens'),
        'target_share': target_share,
        'time_zone': time_zone,
        'gap': gap,
    }
    rules = Rules(**values)
    if columns is not None and format is not None:
        raise ConfigError('take --columns or --format, not both')
    with reading(store, tenant) if ledger else nullcontext() as found:
        report = analyse(
            files or (),
            rules,
            columns=None if columns is None else Columns.load(columns),
            format=format,
            ledger=found,
            models=model or (),
            periods=periods_of(split, compare, rules),
            claims=() if claims is None else load_claims(claims),
        )
    if html is not None:
        from compactor.analysis.page.document import html_of

        try:
            html.write_text(html_of(report), encoding='utf-8')
        except OSError as error:
            raise ConfigError(f'{html} cannot be written: {error.strerror or error}') from None
    if json:
        from compactor.ledger.figures import to_json

        typer.echo(as_json(to_json(report)))
    elif csv:
        from compactor.ledger.figures import to_json

        names = [one.name for one in fields(Day)]
        typer.echo(as_csv(names, ([to_json(getattr(day, name)) for name in names] for day in report.days)))
    else:
        from compactor.cli.usage_tables import show

        show(report)
    if html is not None:
        complain(f'report: {plain(html)}')


def amount(text: str, option: str) -> int:
    """A number of tokens of an option. Raises `ConfigError`."""
    return whole_number(text, option)


def periods_of(split: str | None, compare: tuple[str, str] | None, rules: Rules) -> tuple[Span, Span] | None:
    """The periods that are to be compared.

    Raises:
        ConfigError: both options are given, or a time is none.
    """
    from compactor.analysis.compare import Span

    if split is not None and compare is not None:
        raise ConfigError('take --split or --compare, not both')
    if split is not None:
        at = _moment(split, rules)
        return Span(None, at), Span(at, None)
    if compare is None:
        return None
    before, after = (_span(text, rules) for text in compare)
    return before, after


def _span(text: str, rules: Rules) -> Span:
    from compactor.analysis.compare import Span

    first, between, last = text.partition(BETWEEN)
    if not between:
        raise ConfigError(f'a period is FROM..TO, such as 2026-01-27..2026-01-29, not {text!r}')
    return Span(_moment(first, rules) if first else None, _moment(last, rules) if last else None)


def _moment(text: str, rules: Rules) -> float:
    return moment(text, rules.time_zone)
