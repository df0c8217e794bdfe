"""`compactor pack`: files into a budget of tokens, each in the form that it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.desk.texts import Diff, History, PassedOver, Paths, texts
from compactor.cli.desk.wanted import (
    HERE,
    Budget,
    ByIntent,
    Report,
    Repository,
    TargetModel,
    profile_of,
    show,
    wanted,
)
from compactor.cli.stores import Json


def pack(
    what: Paths = None,
    budget: Budget = None,
    question: Annotated[
        str, typer.Option('--question', '-q', metavar='TEXT', help='What it is wanted for; what it names comes first.')
    ] = '',
    model: TargetModel = None,
    must: Annotated[
        list[str] | None, typer.Option('--must', metavar='NAME', help='An item that has to be there; repeatable.')
    ] = None,
    intent: ByIntent = False,
    reserve: Annotated[
        int | None,
        typer.Option('--reserve', parser=tokens_from(0), metavar='N', help='Tokens kept free (default: 10 %).'),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option('--profile', metavar='FILE', help='A packing profile (default: of the repository).')
    ] = None,
    repository: Repository = HERE,
    report: Report = False,
    keep_secrets: Annotated[bool, typer.Option('--keep-secrets', help='Redact nothing.')] = False,
    diff: Diff = None,
    history: History = None,
    json: Json = False,
) -> None:
    """Put files, or any texts, into a budget: whole, made smaller by their kind, in brief, or by name.

    The pack goes to standard output, what was done to standard error.
    """
    passed = PassedOver()
    held = wanted(budget, model, repository)
    from compactor.packing.item import Item
    from compactor.packing.pack import pack as packed_into
    from compactor.secrets.redact import HIGH_CONFIDENCE

    musts = set(must or ())
    items = [
        Item(one.name, one.text, must=one.name in musts or Path(one.name).name in musts)
        for one in texts(what, passed, diff=diff, history=history)
    ]
    made = packed_into(
        items,
        held.tokens,
        profile_of(repository, held.model, profile),
        question=question,
        intent=None if intent else '',
        model=held.model,
        reserve=reserve,
        secrets=None if keep_secrets else HIGH_CONFIDENCE,
    )
    passed.tell()
    held.used(made.tokens, question, tuple(one.name for one in made.shown))
    show(made, held, report=report, json=json)
