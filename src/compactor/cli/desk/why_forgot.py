"""`compactor why-forgot`: when a step of a saved history went, what took it, and what was kept instead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from compactor.cli.desk.archives import Conversation, Scope, archive_of
from compactor.cli.screen import as_json, clean, count, facts, screen
from compactor.cli.sessions import File, load
from compactor.cli.stores import Json, StoreUrl, Tenant, reading
from compactor.errors import StoreError

LONGEST = 300
"""Characters of a line that was kept."""


def why_forgot(
    step: Annotated[int, typer.Argument(metavar='STEP', min=1, help='Which step, as #n in a digest.')],
    file: File,
    store: StoreUrl = None,
    tenant: Tenant = '',
    scope: Scope = 'default',
    conversation: Conversation = '',
    json: Json = False,
) -> None:
    """Say which compaction took a step out of a history, when, by what strategy, and what it kept instead.

    Exit code 1 where the archive knows of no compaction that took it.
    """
    messages = load(file).messages
    with reading(store, tenant) as opened:
        from compactor.adapters.pydantic_ai.messages.texts import handle_in, marks_in
        from compactor.archive.forgotten import forgotten

        archive = archive_of(opened, scope, conversation)
        found = forgotten(archive, handle_in(messages, archive), step, marks_in(messages, archive))
        if found is None:
            raise StoreError(
                f'the archive knows of no compaction that took step {step} of {file}: it stands there, has expired, or'
                ' this is not its store, scope and conversation'
            )
        at = archive.stored_at(found.handle)
    when = None if at is None else f'{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC'
    if json:
        told = {'step': step, 'compaction': found.compaction, 'of': found.of, 'handle': found.handle, 'at': at}
        told |= {'strategies': list(found.strategies), 'together': found.together, 'held': found.held}
        typer.echo(as_json(told | {'kept': list(found.kept)}))
        return
    out = screen()
    others = count(found.together - 1, 'other step')
    out.print(
        facts(
            [
                ('step', step),
                ('went', f'in compaction {found.compaction} of {found.of}, with {others}'),
                ('when', when or 'unknown'),
                ('by', ', '.join(found.strategies) or 'unknown: a version took it that did not say'),
                ('now', 'in the archive: recall gives it back' if found.held else 'expired: the archive let go of it'),
            ]
        )
    )
    out.print()
    out.print('Kept instead' if found.kept else 'Nothing was kept instead', style='bold')
    for line in found.kept:
        out.print(clean(line if len(line) <= LONGEST else f'{line[:LONGEST]} […]'))
