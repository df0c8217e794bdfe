"""Options that `pack`, `search` and `recall` share: for which model, within how many tokens, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.desk import session
from compactor.cli.screen import as_json, complain, facts, screen, table
from compactor.tokens.bounds import recommended
from compactor.tokens.windows import context_window

if TYPE_CHECKING:
    from compactor.packing.packed import Packed
    from compactor.packing.profile import Profile

DEFAULT = 4_000
"""Tokens where neither an option, a session nor a model says how many."""

Budget = Annotated[
    int | None,
    typer.Option(
        '--token-budget',
        '--budget',
        '-n',
        parser=tokens_from(16),
        metavar='N',
        help='Tokens at most, such as 8000 or 8k (default: the session, then 4,000).',
    ),
]
TargetModel = Annotated[
    str | None, typer.Option('--target-model', '--model', metavar='NAME', help='Model to count for (default: session).')
]
Report = Annotated[bool, typer.Option('--token-report', help='Say which tokens went where, and why.')]
ByIntent = Annotated[bool, typer.Option('--intent', help='Weigh kinds of content by what the question is after.')]
Repository = Annotated[
    Path, typer.Option('--repo', metavar='FOLDER', help='Whose session budget and packing profile hold.')
]
HERE = Path()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What holds for a command.

    Attributes:
        tokens: tokens at most.
        origin: who has said so.
        model: for which model; None for none.
        repository: whose session it is.
    """

    tokens: int
    origin: str
    model: str | None
    repository: Path

    def used(self, tokens: int, query: str, shown: tuple[str, ...] = ()) -> None:
        """Notes a use in the session, if there is one."""
        kept = session.budget_of(self.repository)
        if kept is not None:
            session.keep_budget(self.repository, kept.used(session.Use(time(), tokens, query[:200], shown[:50])))


def wanted(budget: int | None, model: str | None, repository: Path) -> Wanted:
    """What holds: options before the session's budget before 4,000 tokens, or 70 % of a window that is smaller."""
    kept = session.budget_of(repository)
    named = model or (kept.model if kept is not None else '') or None
    tokens, origin = (budget, 'option') if budget is not None else (None, '')
    if tokens is None and kept is not None:
        tokens, origin = kept.budget, 'session'
    if tokens is None:
        window = context_window(named)
        tokens, origin = DEFAULT, 'default'
        if window is not None and recommended(window) < tokens:
            tokens, origin = recommended(window), 'window'
    return Wanted(tokens, origin, named, repository)


def profile_of(repository: Path, model: str | None, file: Path | None = None) -> Profile:
    """The packing profile that holds: of a file, of the repository, or the default one."""
    from compactor.packing import profiles
    from compactor.packing.profile import Profile

    for path in (file, repository / session.FOLDER / session.PROFILE, repository / '.pampax' / 'token-config.json'):
        if path is not None and (path is file or path.exists()):
            return profiles.load(path, model or '')
    return Profile(model=model or '')


def show(packed: Packed, wanted: Wanted, *, report: bool, json: bool) -> None:
    """Prints a pack: its text on standard output, what was done on standard error; or all of it as JSON."""
    if json:
        typer.echo(as_json({'text': packed.text, **packed.to_json(), 'budgetFrom': wanted.origin}))
        return
    typer.echo(packed.text)
    for one in packed.missing:
        complain(f'{one.name}: {one.why}')
    if not report:
        complain(f'Tokens used: {packed.tokens:,}/{packed.budget:,} ({packed.method})')
        return
    out = screen(stderr=True)
    out.print(
        facts(
            [
                ('tokens', f'{packed.tokens:,} of {packed.budget:,} ({packed.usage:.1%}, {packed.method})'),
                ('kept free', f'{packed.reserve:,}'),
                ('whole', f'{packed.estimated:,} tokens in {len(packed.items):,} items'),
                ('model', packed.model or 'none named'),
                ('intent', packed.intent or 'none'),
            ]
        )
    )
    rows = ((one.name, one.kind, one.form.value, one.tokens_before, one.tokens_after, one.why) for one in packed.shown)
    out.print()
    out.print(table('What stands there', ('', 'kind', 'form', 'whole', 'here', 'why'), rows, wide='why'))
