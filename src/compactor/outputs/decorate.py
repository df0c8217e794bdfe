"""`@output_budget(...)`: any tool function, sync or async, in any framework, returns no more than its budget."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from compactor.archive.archive import Archive
from compactor.errors import ConfigError
from compactor.outputs.allowance import LEAST
from compactor.outputs.hint import hint_of
from compactor.outputs.level import Narrowing
from compactor.outputs.own import OutputKind
from compactor.outputs.shrink import Shrunk, named
from compactor.outputs.shrinker import Shrinker
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.tokens.counter import counter_for

F = TypeVar('F', bound=Callable[..., Any])


def output_budget(
    max_tokens: int = 2_000,
    narrowing: Narrowing | str = Narrowing.SMART_SUMMARY,
    *,
    tool: str | None = None,
    model: str | None = None,
    question: Callable[[], str] | None = None,
    archive: Archive | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
    on_shrunk: Callable[[Shrunk], None] | None = None,
    reducers: Sequence[OutputKind] = (),
    head_lines: int | None = None,
    tail_lines: int | None = None,
) -> Callable[[F], F]:
    """Wraps a tool function; pure, where `compactor.output_budget` tells what it did.

    The arguments, and what is raised, are told there (`run.told.output_budget`).
    """
    how = checked(max_tokens, narrowing)
    counter = counter_for(model)

    def decorate(function: F) -> F:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ConfigError('output_budget takes functions that return a result, not generators')
        name = tool or getattr(function, '__name__', '')
        signature = inspect.signature(function)

        def shrinker(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Shrinker:
            hint = hint_of(name, _arguments(signature, args, kwargs))
            return Shrinker(
                hint,
                counter,
                how,
                question,
                archive,
                secrets,
                on_shrunk,
                reducers=tuple(reducers),
                head_lines=head_lines,
                tail_lines=tail_lines,
            )

        @functools.wraps(function)
        def sync(*args: Any, **kwargs: Any) -> Any:
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                shrinker(args, kwargs).shorten(error, max_tokens)
                raise
            if inspect.isawaitable(result):
                return later(result, args, kwargs)
            return shrinker(args, kwargs).value(result, max_tokens)

        async def later(result: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
            try:
                value = await result
            except Exception as error:
                shrinker(args, kwargs).shorten(error, max_tokens)
                raise
            return shrinker(args, kwargs).value(value, max_tokens)

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            return await later(function(*args, **kwargs), args, kwargs)

        return cast('F', asynchronous if inspect.iscoroutinefunction(function) else sync)

    return decorate


def checked(max_tokens: int, narrowing: Narrowing | str) -> Narrowing:
    """The narrowing of that name; `ConfigError` where there is none, or too few tokens."""
    if max_tokens < LEAST:
        raise ConfigError(f'max_tokens must be at least {LEAST}, got {max_tokens}')
    return named(Narrowing, narrowing)


def _arguments(signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The call's arguments by name; empty where they do not fit, which the function itself will say."""
    try:
        return dict(signature.bind(*args, **kwargs).arguments)
    except TypeError:
        return dict(kwargs)
