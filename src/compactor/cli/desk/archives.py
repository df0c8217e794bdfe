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
