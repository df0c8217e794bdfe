"""Sums over sliding windows, for capacities such as tokens a minute: exact between processes, cheap at any rate.

What is recorded is added to buckets of several widths. A window is a sum over the buckets that overlap it, of the
widest kind that divides it finely enough: it counts at least what was recorded in the window, and at most one bucket,
a sixtieth of the window, more. So a limit is never exceeded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from compactor.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

    from compactor.store.engine import Store

WIDTHS = (1, 60, 900, 21_600)
"""Seconds of the buckets."""
FINENESS = 60
"""Buckets that a window is divided into, at least."""
LONGEST = 366 * 86_400
"""Seconds of the longest window."""
KEPT = {
    width: wider * FINENESS + width for width, wider in zip(WIDTHS, (*WIDTHS[1:], LONGEST // FINENESS), strict=True)
}
"""Seconds after which a bucket of a width is in no window any more."""
EVERY = 60.0
"""Seconds between two removals of old buckets by one process."""
LONGEST_KEY = 200
"""Characters of a key."""


@dataclass(frozen=True, slots=True)
class Full:
    """A window without room.

    Attributes:
        key: what is counted.
        window: its length in seconds.
        limit: what it allows.
        used: what is in it.
        free_at: when there will be room if nothing more is recorded, in seconds since 1970; None if the amount is more
            than the limit, so that there never will be.
    """

    key: str
    window: float
    limit: int
    used: int
    free_at: float | None


class Buckets:
    """Counts in a store; may be shared by threads.

    Args:
        store: where it counts.

    Raises:
        StoreError: (from every method) the store cannot be used.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._cleared = float('-inf')

    def record(self, key: str, amount: int, now: float) -> None:
        """Adds to what is counted.

        Args:
            key: what is counted, such as 'tokens/cerebras:glm-4.7'; up to 200 characters.
            amount: how much; negative to take back what was recorded too much, at the same moment.
            now: when, in seconds since 1970.
        """
        key = self._owned(key)
        with self.store.write(f'bucket/{key}') as connection:
            self._clear_old(connection, now)
            add(connection, _rows({key: amount}, now))

    def total(self, key: str, window_seconds: float, now: float) -> int:
        """What was recorded in the window that ends now, as close as the buckets tell (see the module).

        Raises:
            ConfigError: the window is longer than a year, or not longer than nothing.
        """
        width_for(window_seconds)
        with self.store.read() as connection:
            return _sums(connection, [(self.store.owned(key, LONGEST_KEY), window_seconds)], now)[0]

    def record_many(self, changes: Sequence[tuple[str, int, float]]) -> None:
        """Records each (key, amount, moment) as `record` does, in one transaction."""
        rows: dict[tuple[str, int, int], int] = {}
        for name, amount, at in changes:
            key = self._owned(name)
            for _, width, start, much in _rows({key: amount}, at):
                rows[key, width, start] = rows.get((key, width, start), 0) + much
        if rows:
            with self.store.write(*{f'bucket/{key}' for key, _, _ in rows}) as connection:
                self._clear_old(connection, max(at for _, _, at in changes))
                add(connection, [(*place, much) for place, much in sorted(rows.items()) if much])

    def totals(self, windows: Sequence[tuple[str, float]], now: float) -> list[int]:
        """The `total` of each (key, seconds of its window), in one question.

        Raises:
            ConfigError: a window is longer than a year, or not longer than nothing.
        """
        for _, window in windows:
            width_for(window)
        if not windows:
            return []
        with self.store.read() as connection:
            mine = [(self.store.owned(key, LONGEST_KEY), window) for key, window in windows]
            return _sums(connection, mine, now)

    def check_and_record(
        self, limits: Sequence[tuple[str, float, int]], amount: int | Mapping[str, int], now: float
    ) -> tuple[Full, ...]:
        """Records if every window has room, in one transaction: of many at once, as many get in as there is room for.

        Args:
            limits: (key, seconds of the window, limit); several may have one key, which is then recorded once. Without
                any, amounts that are given by key are recorded as they are.
            amount: how much, for every key or by key.
            now: when, in seconds since 1970.

        Returns:
            The windows without room, in which case nothing is recorded; empty if it was.

        Raises:
            ConfigError: a window or a key is too long, or a key has no amount.
        """
        amounts = amount if isinstance(amount, Mapping) else {key: amount for key, _, _ in limits}
        for key, window, _ in limits:
            width_for(window)
            if key not in amounts:
                raise ConfigError(f'no amount is given for {key!r}')
        if not amounts:
            return ()
        owned = {key: self._owned(key) for key in amounts}
        with self.store.write(*(f'bucket/{key}' for key in owned.values())) as connection:
            sums = _sums(connection, [(owned[key], window) for key, window, _ in limits], now) if limits else ()
            full = tuple(
                Full(key, window, limit, used, _free_at(connection, owned[key], window, limit - amounts[key], now))
                for (key, window, limit), used in zip(limits, sums, strict=True)
                if used + amounts[key] > limit
            )
            if not full:
                self._clear_old(connection, now)
                add(connection, _rows({owned[key]: amount for key, amount in amounts.items()}, now))
            return full

    def _clear_old(self, connection: Connection, now: float) -> None:
        """Removes buckets that no window reaches; all keys', so that those nobody uses any more go too."""
        if now - self._cleared < EVERY:
            return
        from sqlalchemy import and_, delete, or_

        from compactor.store.schema import buckets

        old = (and_(buckets.c.width == width, buckets.c.start < int(now - kept)) for width, kept in KEPT.items())
        connection.execute(delete(buckets).where(or_(*old)))
        self._cleared = now

    def _owned(self, key: str) -> str:
        """A key as it stands in the store, for its tenant."""
        if not 0 < len(key) <= LONGEST_KEY:
            raise ConfigError(f'a key has 1 to {LONGEST_KEY} characters: {key!r:.80}')
        return self.store.owned(key, LONGEST_KEY)


def width_for(window: float) -> int:
    """Width in seconds of the buckets that a window is summed over.

    Raises:
        ConfigError: the window is longer than a year, or not longer than nothing.
    """
    if not 0 < window <= LONGEST:
        raise ConfigError(f'a window lasts up to {LONGEST:,} seconds (a year), not {window:g}')
    return next((width for width in reversed(WIDTHS) if width * FINENESS <= window), WIDTHS[0])


def add(connection: Connection, rows: Iterable[tuple[str, int, int, int]]) -> None:
    """Adds to buckets, made where they are missing, within a transaction that holds their keys.

    Args:
        connection: of the transaction.
        rows: (key, width, start, amount), no bucket twice.
    """
    values = {f'{name}{i}': value for i, row in enumerate(rows) for name, value in zip('kwsa', row, strict=True)}
    if values:
        connection.execute(_adding(len(values) // 4), values)


@cache
def _adding(rows: int) -> TextClause:
    """As text: SQLAlchemy compiles an insert of several rows anew each time, which takes longer than all else."""
    from sqlalchemy import text

    places = ', '.join(f'(:k{i}, :w{i}, :s{i}, :a{i})' for i in range(rows))
    return text(
        f'INSERT INTO compactor_buckets (key, width, start, used) VALUES {places}'  # noqa: S608 (only numbers)
        ' ON CONFLICT (key, width, start) DO UPDATE SET used = compactor_buckets.used + excluded.used'
    )


@cache
def _summing(windows: int) -> TextClause:
    from sqlalchemy import text

    sums = (
        '(SELECT coalesce(sum(used), 0) FROM compactor_buckets'  # noqa: S608 (only numbers)
        f' WHERE key = :k{i} AND width = :w{i} AND start > :s{i})'
        for i in range(windows)
    )
    return text(f'SELECT {", ".join(sums)}')


def _rows(amounts: Mapping[str, int], now: float) -> list[tuple[str, int, int, int]]:
    return [
        (key, width, int(now // width) * width, amount) for key, amount in sorted(amounts.items()) for width in WIDTHS
    ]


def _sums(connection: Connection, windows: Sequence[tuple[str, float]], now: float) -> list[int]:
    """What is in each (key, window), in one question."""
    values: dict[str, str | int] = {}
    for i, (key, window) in enumerate(windows):
        width = width_for(window)
        values |= {f'k{i}': key, f'w{i}': width, f's{i}': _before(now, window, width)}
    return [int(found) for found in connection.execute(_summing(len(windows)), values).one()]


def _before(now: float, window: float, width: int) -> int:
    """Buckets that start later overlap the window; whole, or PostgreSQL would not use its index."""
    return math.floor(now - window - width)


def _free_at(connection: Connection, key: str, window: float, room: int, now: float) -> float | None:
    """When no more than `room` will be left in a window; None for never."""
    from sqlalchemy import select

    from compactor.store.schema import buckets

    width = width_for(window)
    held = connection.execute(
        select(buckets.c.start, buckets.c.used)
        .where(buckets.c.key == key, buckets.c.width == width, buckets.c.start > _before(now, window, width))
        .order_by(buckets.c.start)
    ).all()
    left = sum(used for _, used in held)
    for start, used in held:
        left -= used
        if left <= room:
            return float(start + width + window)
    return None
