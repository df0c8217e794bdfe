"""`compactor inspect`: where the tokens of a history go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.screen import as_json, facts, plain, screen, table
from compactor.cli.sessions import File, Line, Session, load

if TYPE_CHECKING:
    from compactor.history.report import Share, TokenReport


def inspect(
    file: File,
    model: Annotated[
        str | None,
        typer.Option('--model', metavar='NAME', help='Model to count for, such as openai:gpt-5; sets the window too.'),
    ] = None,
    line: Line = None,
    json: Annotated[bool, typer.Option('--json', help='Print JSON.')] = False,
) -> None:
    """Show where the tokens of a history go: by role, kind and tool, and the largest parts."""
    session = load(file, line)
    session.tell_left_out()
    # Imported here, so that `--help` and typing mistakes do not wait for pydantic-ai.
    from compactor.adapters.pydantic_ai.messages.compact import inspect as inspected

    report = inspected(session.messages, model)
    if json:
        typer.echo(as_json(account(session, report)))
    else:
        _show(session, report)


def _show(session: Session, report: TokenReport) -> None:
    out = screen()
    rows: list[tuple[str, object]] = [
        ('history', session.name),
        ('messages', f'{len(session.messages):,}'),
        ('tokens', f'{report.estimated:,} ({_method(report)})'),
    ]
    if report.actual is not None:
        rows.append(('reported', f'{report.actual:,} by the provider, up to its newest response'))
    if report.model is not None:
        rows.append(('window', _window(report)))
    out.print(facts(rows))
    for title, shares in (
        ('By station', report.stations),
        ('By role', report.roles),
        ('By kind of part', report.kinds),
        ('By tool, calls and results', report.tools),
    ):
        if shares:
            out.print()
            out.print(table(title, ('', 'tokens', 'share', 'parts'), _rows(shares, report.estimated)))
    if report.largest:
        out.print()
        columns = ('', 'message', 'tokens', 'begins')
        out.print(table('Largest parts', columns, _largest(report), wide='begins'))


def _method(report: TokenReport) -> str:
    return report.method if report.model else f'{report.method}: no --model named'


def _window(report: TokenReport) -> str:
    if report.usage is None or report.budget is None:
        return f'unknown for {report.model}; say it in the policy: [tokens] windows = {{ "{report.model}" = N }}'
    return f'{report.usage:.1%} of the {report.budget:,} tokens of {report.model}'


def _rows(shares: Sequence[Share], whole: int) -> Iterator[tuple[object, ...]]:
    for share in shares:
        yield share.name, share.tokens, f'{share.tokens / whole:.1%}' if whole else '-', share.parts


def _largest(report: TokenReport) -> Iterator[tuple[object, ...]]:
    for one in report.largest:
        yield f'{one.kind} of {one.tool}' if one.tool else one.kind, one.message, one.tokens, one.begins


def account(session: Session, report: TokenReport) -> dict[str, Any]:
    """The JSON object: what the text says, and what could not be read."""
    return {
        'history': plain(session.name),
        'messages': len(session.messages),
        **asdict(report),
        'usage': report.usage,
        'left_out': [asdict(one) for one in session.left_out],
    }
