"""The archive of a saved history: what compactions have taken out of it and a store keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.desk.texts import Named
from compactor.cli.sessions import load
from compactor.cli.stores import reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from compactor.store.archive import StoreArchive
    from compactor.store.engine import Store

Scope = Annotated[
    str, typer.Option('--scope', metavar='NAME', help='Of the archive, as the agent had it (default: default).')
]
Conversation = Annotated[
    str, typer.Option('--conversation', metavar='ID', help='Of the history, where its archive is kept by conversation.')
]


def archive_of(store: Store, scope: str, conversation: str) -> StoreArchive:
    """The archive that is meant."""
    from compactor.store.archive import StoreArchive

    archive = StoreArchive(store, scope)
    return archive.scoped(conversation) if conversation else archive


def steps(history: Path, url: str | None, tenant: str, scope: str, conversation: str) -> list[Named]:
    """What was taken out of a history, step by step; empty where nothing was, or nothing is held any more."""
    messages: Sequence[Any] = load(history).messages
    with reading(url, tenant) as store:
        return steps_of(messages, history.name, archive_of(store, scope, conversation))


def steps_of(messages: Sequence[Any], name: str, archive: StoreArchive) -> list[Named]:
    """The same of messages that are loaded, called by a name."""
    from compactor.adapters.pydantic_ai.messages.texts import handle_in
    from compactor.archive.recall import held_steps

    held = held_steps(archive, handle_in(messages, archive))
    return [Named(f'{name}, archived step {number}', text) for number, text in sorted(held.items())]


def ranked_steps(
    question: str, history: Path | None, url: str | None, tenant: str, scope: str, conversation: str, limit: int
) -> tuple[list[Named], int]:
    """The steps that have to do with a question, the best first, as `recall(query=...)` ranks them; and of how many.

    Args:
        question: what is asked.
        history: whose steps; None for those of all conversations that the tenant's archive holds.
        url: of the store.
        tenant: whose archive.
        scope: of the archive.
        conversation: of the history.
        limit: so many at most.
    """
    from compactor.archive.finding import earlier_places, places
    from compactor.archive.ranking import Query
    from compactor.archive.reading import step_text
    from compactor.secrets.redact import HIGH_CONFIDENCE

    query = Query(question)
    messages: Sequence[Any] = [] if history is None else load(history).messages
    with reading(url, tenant) as store:
        archive = archive_of(store, scope, conversation)
        if history is None:
            archive = archive if conversation else archive.all_of_them
            found = earlier_places(archive, {}, query).found
        else:
            from compactor.adapters.pydantic_ai.messages.texts import handle_in
            from compactor.archive.recall import held_keys

            found = places(archive, held_keys(archive, handle_in(messages, archive)), query, HIGH_CONFIDENCE).found
        told = [
            Named(f'{history.name}, archived step {one.step}' if history else f'archived {one.key[:16]}', text)
            for one in found[:limit]
            if (text := step_text(archive, one.key, HIGH_CONFIDENCE)) is not None
        ]
    return told, len(found)
