"""`@cache_tool(...)`: a read-only tool that is called again with the same arguments answers what it answered before."""

from __future__ import annotations

import copy
import functools
import inspect
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic_core import to_json

from compactor.bounded import Bounded
from compactor.caching.files import Fingerprint, fingerprint, same
from compactor.errors import ConfigError
from compactor.locks import new_lock
from compactor.run.told import teller
from compactor.run.within import enclosing
from compactor.telemetry import events

F = TypeVar('F', bound=Callable[..., Any])

TTL = 300.0
"""Seconds that a result is good for."""
ENTRIES = 256
"""Results that one tool keeps, the least recently used go first."""

DependsOn = Callable[..., Iterable[str | Path]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A result, when it is too old, the state of the files that it was made from, and what must live as long as it."""

    result: Any
    until: float
    files: Fingerprint
    asked_by: tuple[Any, ...]


@dataclass(slots=True)
class ToolCacheStats:
    """What a cached tool's cache has done.

    Attributes:
        hits: calls that were answered from the cache.
        misses: calls that were made.
        entries: results that are kept.
    """

    hits: int = 0
    misses: int = 0
    entries: int = 0


def cache_tool(
    ttl: float = TTL,
    *,
    depends_on: DependsOn | tuple[str, ...] = (),
    entries: int = ENTRIES,
    clock: Callable[[], float] = time.time,
    on_event: events.Sink | None = None,
    logfire: Any = None,
) -> Callable[[F], F]:
    """Wraps a tool that only reads, sync or async: the same call within `ttl` seconds is not made again.

        @cache_tool(ttl=60, depends_on=('path',))
        def read_file(path: str) -> str: ...

    A result is never served after a file that it depends on has changed, however soon: files are told by times, size
    and identity, and files that have just been written by their content too. Results are copied, so that who changes
    one changes no other, and those of one tenant's runs (`Compactor(tenant=...)`) answer no other's. Exceptions are not
    kept. The wrapped function has `cache_stats()` and `cache_clear()`.

    Args:
        ttl: seconds that a result is good for.
        depends_on: names of arguments that are paths, or a function of the tool's arguments that returns paths. A
            folder stands for all that is under it. Without it, only `ttl` bounds the age of an answer.
        entries: results kept, the least recently used go first.
        clock: seconds since 1970.
        on_event: called with `ToolAnswered` at every hit; default: the `Compactor` of the run under way is told.
        logfire: as for `Compactor`.

    Raises:
        ConfigError: a number is not positive, or `depends_on` names no argument of the tool.
    """
    if ttl <= 0 or entries <= 0:
        raise ConfigError(f'ttl and entries must be positive, got {ttl} and {entries}')

    reporter = teller(on_event, logfire)

    def decorate(function: F) -> F:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ConfigError('cache_tool takes functions that return a result, not generators')
        cache = _Cache(inspect.signature(function), ttl, depends_on, entries, clock)
        name = getattr(function, '__name__', '')

        def told(kept: _Kept) -> Any:
            if reporter.listening:
                reporter.emit(events.ToolAnswered(None, None, name, round(max(0.0, clock() - kept.until + ttl), 3)))
            return _copied(kept.result)

        @functools.wraps(function)
        def sync(*args: Any, **kwargs: Any) -> Any:
            key, files = cache.asked(args, kwargs)
            if key is None or (kept := cache.find(key, files)) is None:
                result = function(*args, **kwargs)
                cache.keep(key, files, args, kwargs, result)
                return result
            return told(kept)

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            key, files = cache.asked(args, kwargs)
            if key is None or (kept := cache.find(key, files)) is None:
                result = await function(*args, **kwargs)
                cache.keep(key, files, args, kwargs, result)
                return result
            return told(kept)

        wrapped: Any = asynchronous if inspect.iscoroutinefunction(function) else sync
        wrapped.cache_stats = cache.stats
        wrapped.cache_clear = cache.clear
        return cast('F', wrapped)

    return decorate


class _Cache:
    """The results of one tool; safe to share between threads."""

    def __init__(
        self,
        signature: inspect.Signature,
        ttl: float,
        depends_on: DependsOn | tuple[str, ...],
        entries: int,
        clock: Callable[[], float],
    ) -> None:
        if not callable(depends_on) and (unknown := [n for n in depends_on if n not in signature.parameters]):
            raise ConfigError(
                f'depends_on: {unknown[0]!r} is no argument of the tool; it has: {", ".join(signature.parameters)}'
            )
        self._signature = signature
        self._ttl = ttl
        self._depends_on = depends_on
        self._clock = clock
        self._kept = Bounded[bytes, _Kept](entries)
        self._stats = ToolCacheStats()
        self._lock = new_lock()

    def asked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bytes | None, Fingerprint | None]:
        """The key of a call and the state of its files now; no key where the call is made whatever was kept."""
        try:
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            within = enclosing()
            tenant = within.tenant if within is not None else ''
            key = to_json([tenant, {name: _plain(value) for name, value in bound.arguments.items()}])
            files = fingerprint(self._paths(bound), self._clock())
        except (TypeError, ValueError, RecursionError):
            return None, None
        return (key, files) if files is not None else (None, None)

    def _paths(self, bound: inspect.BoundArguments) -> list[str | Path]:
        if callable(self._depends_on):
            return list(self._depends_on(*bound.args, **bound.kwargs))
        named = (bound.arguments[name] for name in self._depends_on)
        return [path for value in named for path in (value if isinstance(value, list | tuple) else [value]) if path]

    def find(self, key: bytes, files: Fingerprint | None) -> _Kept | None:
        """What was kept of a call, if it is still good."""
        with self._lock:
            kept = self._kept.used(key)
            if kept is not None and (kept.until <= self._clock() or files is None or not same(kept.files, files)):
                del self._kept[key]
                kept = None
            if kept is None:
                self._stats.misses += 1
                return None
            self._stats.hits += 1
            return kept

    def keep(
        self, key: bytes | None, files: Fingerprint | None, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Keeps a result, if its files are what they were before the call and the result can be copied."""
        if key is None or files is None:
            return
        after = self.asked(args, kwargs)[1]
        if after is None or not same(files, after):
            return
        try:
            kept = _Kept(copy.deepcopy(result), self._clock() + self._ttl, after, (args, kwargs))
        except Exception:  # noqa: BLE001 - objects that cannot be copied are their makers' own affair
            return
        with self._lock:
            self._kept[key] = kept

    def stats(self) -> ToolCacheStats:
        """What the cache has done so far."""
        with self._lock:
            return ToolCacheStats(self._stats.hits, self._stats.misses, len(self._kept))

    def clear(self) -> None:
        """Forgets every result."""
        with self._lock:
            self._kept.clear()


def _plain(value: Any) -> Any:
    """An argument as part of a key; a framework's context is none: `TypeError`, and the call is made."""
    if value is None or isinstance(value, str | int | float | bool | bytes | Path | list | tuple | dict):
        return value
    if hasattr(value, 'model_dump') or hasattr(value, '__dataclass_fields__'):
        if hasattr(value, 'deps'):  # pydantic-ai's RunContext: of all that it holds, an answer may hang on the deps
            return _deps(value.deps)
        return value
    raise TypeError(type(value))


def _deps(deps: Any) -> Any:
    """What tells one caller's dependencies from another's: what they say, or which object they are.

    The object is held as long as its results are (`_Kept.asked_by`), so its identity is not given to another.
    """
    try:
        to_json(deps)
    except (TypeError, ValueError, RecursionError):
        return ['object', id(deps)]
    return ['value', deps]


def _copied(result: Any) -> Any:
    return result if isinstance(result, str | bytes | int | float | bool | None) else copy.deepcopy(result)
