"""`compactor search`: what of files, a history and its archive answers a question, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from compactor.cli.desk.archives import Conversation, Scope, ranked_steps
from compactor.cli.desk.texts import Named, PassedOver, texts
from compactor.cli.desk.wanted import HERE, Budget, ByIntent, Report, Repository, TargetModel, profile_of, show, wanted
from compactor.cli.screen import complain, count
from compactor.cli.stores import Json, StoreUrl, Tenant
from compactor.errors import ConfigError


def search(
    asked: Annotated[str, typer.Argument(metavar='QUERY', help='What is looked for, in words or by name.')],
    where: Annotated[
        list[str] | None, typer.Argument(metavar='[WHERE]...', help='Files and folders (default: here).')
    ] = None,
    history: Annotated[
        Path | None, typer.Option('--history', metavar='FILE', help='A saved history, and with --store what it left.')
    ] = None,
    budget: Budget = None,
    model: TargetModel = None,
    intent: ByIntent = False,
    report: Report = False,
    limit: Annotated[int, typer.Option('--limit', min=1, metavar='N', help='Results at most.')] = 20,
    repository: Repository = HERE,
    store: StoreUrl = None,
    tenant: Tenant = '',
    scope: Scope = 'default',
    conversation: Conversation = '',
    json: Json = False,
) -> None:
    """Search files, histories and archives; the answer is as many tokens as it may be, the best first.

    With --history alone only that is searched, and with --store what was left out of it; with --store alone all that
    compactions have left out of the tenant's conversations. Exit code 1 where nothing is found.
    """
    held = wanted(budget, model, repository)
    from compactor.packing.item import Item
    from compactor.packing.pack import pack

    passed = PassedOver()
    archived: list[Named] = []
    of_steps = 0
    if store is not None:
        archived, of_steps = ranked_steps(asked, history, store, tenant, scope, conversation, limit)
    files = where or (None if history is not None or store is not None else ['.'])
    found = list(texts(files, passed, history=history)) if files or history is not None else []
    best = answering(asked, found)
    passed.tell()
    if not best and not archived:
        complain(f'nothing in {count(len(found), "text")} has to do with {asked!r}')
        raise typer.Exit(1)
    shown = [one for pair in zip_longest(best, archived) for one in pair if one is not None]
    made = pack(
        [Item(one.name, one.text) for one in shown[:limit]],
        held.tokens,
        profile_of(repository, held.model),
        question=asked,
        intent=None if intent else '',
        model=held.model,
    )
    if found:
        complain(f'{count(len(best), "text")} of {len(found):,} have to do with it')
    if store is not None:
        complain(f'{count(of_steps, "archived step")} {"has" if of_steps == 1 else "have"} to do with it')
    held.used(made.tokens, asked, tuple(one.name for one in made.shown))
    show(made, held, report=report, json=json)


def answering(asked: str, found: Sequence[Named]) -> list[Named]:
    """Those texts that have to do with a question, the best first.

    Raises:
        ConfigError: the question names nothing that can be looked for.
    """
    from compactor.archive.ranking import Query, ranked
    from compactor.archive.terms import bag

    query = Query(asked)
    if not query:
        raise ConfigError(f'{asked!r} names nothing to look for: every word of it stands everywhere')
    bags = {i: bag(f'{one.name}\n{one.text}') for i, one in enumerate(found)}
    return [found[i] for i, _ in ranked(bags, query)]
