"""The application: the commands together, and how errors become messages and exit codes.

Exit codes: 0 done, 1 a `CompactorError` (its message on stderr), 2 wrong usage.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from compactor.cli.alerts import alerts
from compactor.cli.budget import budget
from compactor.cli.cleanup import cleanup
from compactor.cli.compact import compact
from compactor.cli.dashboard import dashboard
from compactor.cli.demo import demo
from compactor.cli.desk.pack import pack
from compactor.cli.desk.policy import policy
from compactor.cli.desk.recall import recall
from compactor.cli.desk.search import search
from compactor.cli.desk.token import token
from compactor.cli.desk.why_forgot import why_forgot
from compactor.cli.doctor import doctor
from compactor.cli.efficiency import efficiency_report
from compactor.cli.exits import INTERRUPTED
from compactor.cli.inspect import inspect
from compactor.cli.mcp.command import mcp
from compactor.cli.report import report
from compactor.cli.route import route
from compactor.cli.screen import complain
from compactor.cli.selftest import selftest
from compactor.cli.shrink import shrink
from compactor.cli.stats import stats
from compactor.cli.usage import usage
from compactor.errors import CompactorError


class Commands(TyperGroup):
    """The group of commands; what the library raises becomes a message and exit code 1, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the chosen command."""
        try:
            return super().invoke(ctx)
        except CompactorError as error:
            complain(f'error: {error}')
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name='compactor',
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={'help_option_names': ['-h', '--help']},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            found = version('pydantic-ai-compactor')
        except PackageNotFoundError:
            found = 'not installed, run from its sources'
        typer.echo(f'pydantic-ai-compactor {found}')
        raise typer.Exit


@app.callback()
def options(
    shown: Annotated[
        bool,
        typer.Option('--version', callback=_show_version, is_eager=True, help='Show the version and exit.'),
    ] = False,
) -> None:
    """Keep every request of a pydantic-ai agent inside its token budget."""


app.command()(demo)
app.command()(compact)
app.command()(inspect)
app.command()(shrink)
app.command()(route)
app.command()(stats)
app.command()(report)
app.command('efficiency-report')(efficiency_report)
app.command()(usage)
app.command()(dashboard)
app.command()(alerts)
app.command()(cleanup)
app.command()(doctor)
app.command('test')(selftest)
app.add_typer(budget)
app.command()(pack)
app.command()(search)
app.command()(recall)
app.command('why-forgot')(why_forgot)
app.add_typer(token)
app.add_typer(policy)
app.command()(mcp)
