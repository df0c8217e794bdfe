"""An archive that blocks, as heavy work asks it: in a thread of its own, and for no longer than so many seconds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from time import monotonic
from typing import TypeVar

from compactor.archive.archive import Archive, Holding, blocks
from compactor.archive.ranking import Found, Query, Searching
from compactor.run.worker import aside

T = TypeVar('T')


class Timed:
    """An archive whose calls together may take so long; others have their turn at heavy work meanwhile.

    Args:
        archive: what is asked.
        seconds: how long its answers may take in all, from the first call on.

    Raises (from every method): TimeoutError where it takes longer, and whatever the archive raises.
    """

    blocking = True

    def __init__(self, archive: Archive, seconds: float) -> None:
        self._archive = archive
        self._seconds = self._left = seconds

    def put(self, data: bytes) -> str:
        """See `Archive.put`."""
        return self._asked(partial(self._archive.put, data))

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`."""
        return self._asked(partial(self._archive.get, key))

    def _asked(self, work: Callable[[], T]) -> T:
        began = monotonic()
        try:
            return aside(work, self._left)
        except TimeoutError as error:
            raise TimeoutError(str(error) or f'no answer from the archive within {self._seconds:g} s') from error
        finally:
            self._left -= monotonic() - began


class TimedHolding(Timed):
    """The same for one that can say what it holds."""

    _archive: Holding

    def held(self, keys: Collection[str]) -> Collection[str]:
        """See `Holding.held`."""
        return self._asked(partial(self._archive.held, keys))


class TimedSearching(TimedHolding):
    """The same for one that has an index of its steps, too: `searching` is the same archive."""

    def __init__(self, archive: Holding, searching: Searching, seconds: float) -> None:
        super().__init__(archive, seconds)
        self._searching = searching

    def search(self, query: Query, wanted: Callable[[str], bool]) -> Found | None:
        """See `Searching.search`."""
        return self._asked(partial(self._searching.search, query, wanted))


def timed(archive: Archive | None, seconds: float) -> Archive | None:
    """An archive with a time limit, if it is one that blocks; else itself."""
    if archive is None or not blocks(archive):
        return archive
    if isinstance(archive, Holding) and isinstance(archive, Searching):
        return TimedSearching(archive, archive, seconds)
    return TimedHolding(archive, seconds) if isinstance(archive, Holding) else Timed(archive, seconds)
