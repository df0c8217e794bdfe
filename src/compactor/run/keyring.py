"""The key of one `Compactor`: the one that was named, else its store's, else the process's own."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from compactor.history.seal import Key
from compactor.run.access import Access, nothing
from compactor.run.keys import KeyLike, process_key
from compactor.telemetry import events

if TYPE_CHECKING:
    from compactor.store.engine import Store

_in_use: ContextVar[Key | None] = ContextVar('compactor_key', default=None)


def key_in_use() -> Key:
    """The key of whoever sends the request that is under way in this task; the process's own where nobody does."""
    return _in_use.get() or process_key().key


class Keyring:
    """Finds the key once, and says once what is wrong with it.

    Args:
        named: the key that was named; None for none.
        store: its secret writes where no key was named, and the environment has none.
        access: the way to that store.
        emit: hears that there is no key which lasts.
    """

    def __init__(
        self,
        named: KeyLike | None,
        store: Store | None,
        access: Access | None,
        emit: Callable[[events.Event], None],
    ) -> None:
        self._named = None if named is None else Key.of(named)
        self._store = store
        self._access = access
        self._emit = emit
        self._secret: bytes | None = None
        self._told = False

    @property
    def known(self) -> Key:
        """The key as far as it is known without asking anybody."""
        if self._named is not None:
            return self._named
        own = process_key()
        if own.named or self._secret is None:
            return own.key
        return Key((self._secret,)) | own.key

    async def key(self, run: str | None = None, model: str | None = None) -> Key:
        """The key; where the store is away, the process's own writes until it is back."""
        if self._named is None and not process_key().named:
            await self._of_store(run, model)
            self._tell(run, model)
        _in_use.set(key := self.known)
        return key

    async def _of_store(self, run: str | None, model: str | None) -> None:
        if self._secret is not None or self._store is None or self._access is None:
            return
        from compactor.store.secret import secret_of

        store = self._store
        self._secret = await self._access.ask(lambda: secret_of(store), nothing, run=run, model=model)

    def _tell(self, run: str | None, model: str | None) -> None:
        trouble = process_key().trouble
        if trouble and self._secret is None and not self._told:
            self._told = True
            self._emit(events.KeyMissing(run, model, trouble))
