"""`compactor search`: what of files, a history and its archive answers a question, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from compactor.cli.desk.archives import Conversation, Scope, steps
from compactor.cli.desk.texts import Named, PassedOver, texts
from compactor.cli.desk.wanted import HERE, Budget, ByIntent, Report, Repository, TargetModel, profile_of, show, wanted
from compactor.cli.screen import complain, count
from compactor.cli.stores import Json, StoreUrl, Tenant
from compactor.errors import ConfigError


def search(
    query: Annotated[str, typer.Argument(metavar='QUERY', help='What is looked for, in words or by name.')],
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

    With --history alone only that is searched. Exit code 1 where nothing is found.
    """
    held = wanted(budget, model, repository)
    from compactor.packing.item import Item
    from compactor.packing.pack import pack

    passed = PassedOver()
    found = list(texts(where or (None if history is not None else ['.']), passed, history=history))
    if history is not None and store is not None:
        found += steps(history, store, tenant, scope, conversation)
    best = answering(query, found)
    passed.tell()
    if not best:
        complain(f'nothing in {count(len(found), "text")} has to do with {query!r}')
        raise typer.Exit(1)
    items = [Item(one.name, one.text) for one in best[:limit]]
    made = pack(
        items,
        held.tokens,
        profile_of(repository, held.model),
        question=query,
        intent=None if intent else '',
        model=held.model,
    )
    complain(f'{count(len(best), "text")} of {len(found):,} have to do with it')
    held.used(made.tokens, query, tuple(one.name for one in made.shown))
    show(made, held, report=report, json=json)


def answering(query: str, texts: Sequence[Named]) -> list[Named]:
    """Those texts that have to do with a question, the best first.

    Raises:
        ConfigError: the question names nothing that can be looked for.
    """
    from compactor.packing.relevance import Question, relevances

    asked = Question(query)
    if not asked:
        raise ConfigError(f'{query!r} names nothing to look for: every word of it stands everywhere')
    related = relevances(asked, [one.name for one in texts], [one.text for one in texts])
    return [texts[i] for i in sorted(range(len(texts)), key=lambda i: -related[i]) if related[i] > 0]
