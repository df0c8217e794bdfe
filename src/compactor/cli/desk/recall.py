"""`compactor recall`: what compactions took out of a saved history, from its archive in a store."""

from __future__ import annotations

from typing import Annotated

import typer

from compactor.cli.desk.archives import Conversation, Scope, archive_of, steps
from compactor.cli.desk.wanted import HERE, Budget, ByIntent, Report, Repository, TargetModel, profile_of, show, wanted
from compactor.cli.screen import as_json, complain
from compactor.cli.sessions import File, load
from compactor.cli.stores import Json, StoreUrl, Tenant, reading
from compactor.errors import ConfigError, StoreError


def recall(
    file: File,
    step: Annotated[int | None, typer.Argument(metavar='[STEP]', min=1, help='Which step, as #n in a digest.')] = None,
    question: Annotated[
        str, typer.Option('--question', '-q', metavar='TEXT', help='Steps that have to do with it, packed.')
    ] = '',
    pattern: Annotated[
        str | None, typer.Option('--pattern', metavar='EXPRESSION', help='Lines in which this is found.')
    ] = None,
    lines: Annotated[str | None, typer.Option('--lines', metavar='10-40', help='Of the step, these lines.')] = None,
    page: Annotated[int, typer.Option('--page', min=1, metavar='N', help='Which page of the answer.')] = 1,
    budget: Budget = None,
    model: TargetModel = None,
    intent: ByIntent = False,
    report: Report = False,
    repository: Repository = HERE,
    store: StoreUrl = None,
    tenant: Tenant = '',
    scope: Scope = 'default',
    conversation: Conversation = '',
    json: Json = False,
) -> None:
    """Show what was taken out of a history: a step, lines that a pattern finds, or what answers a question."""
    if not (step or question or pattern):
        raise ConfigError('say which step, --pattern or --question')
    held = wanted(budget, model, repository)
    if question:
        from compactor.packing.item import Item
        from compactor.packing.pack import pack

        found = steps(file, store, tenant, scope, conversation)
        if not found:
            raise StoreError(f'the archive holds nothing of {file}: is this its store, scope and conversation?')
        if step is not None:
            found = [one for one in found if one.name.endswith(f' {step}')]
        profile = profile_of(repository, held.model)
        after = None if intent else ''
        items = [Item(one.name, one.text, kind='steps') for one in found]
        made = pack(items, held.tokens, profile, question=question, intent=after, model=held.model)
        held.used(made.tokens, question, tuple(one.name for one in made.shown))
        show(made, held, report=report, json=json)
        return
    with reading(store, tenant) as opened:
        from compactor.adapters.pydantic_ai.messages.texts import handle_in
        from compactor.archive.recall import recall as recalled
        from compactor.tokens.counter import counter_for

        archive = archive_of(opened, scope, conversation)
        counter = counter_for(held.model)
        handle = handle_in(load(file).messages, archive)
        text = recalled(
            archive, handle, step, lines=lines, pattern=pattern, page=page, max_tokens=held.tokens, fit=counter.fit
        )
    used = counter.count(text)
    held.used(used, pattern or f'step {step}')
    if json:
        typer.echo(as_json({'text': text, 'budget': held.tokens, 'actual': used, 'method': counter.method}))
        return
    typer.echo(text)
    if report:
        complain(f'Tokens used: {used:,}/{held.tokens:,} ({counter.method}, budget: {held.origin})')
