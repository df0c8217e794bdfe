"""`shrink` and `output_budget` as applications call them: they tell what they did, as an agent's rooms do.

Within the tool of an agent that has a `Compactor`, it is told; elsewhere OpenTelemetry, where the process has
configured it, and whoever is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from compactor.archive.archive import Archive
from compactor.outputs import decorate
from compactor.outputs import shrink as shrinking
from compactor.outputs.kind import Kind
from compactor.outputs.level import Level, Narrowing
from compactor.outputs.own import OutputKind
from compactor.outputs.shrink import Shrunk
from compactor.run.reporting import Reporter
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.telemetry import events

F = TypeVar('F', bound=Callable[..., Any])


def teller(on_event: events.Sink | None = None, logfire: Any = None) -> Reporter:
    """Tells the `Compactor` of the run that is under way, if nobody else is named.

    Args:
        on_event: called with events.
        logfire: see `telemetry.outlet.Outlet`.
    """
    return Reporter(on_event, False, logfire=logfire, unless_heard=logfire is None)


SPOKESMAN = teller()
"""Tells where nobody is named."""


def reduced(reporter: Reporter, shrunk: Shrunk, tool: str, model: str | None) -> None:
    """Tells of a text that was made smaller, if anybody listens."""
    if shrunk.level is Level.FULL or not reporter.listening:
        return
    reporter.emit(
        events.OutputReduced(
            None, model, tool, shrunk.name, shrunk.level.value, shrunk.tokens_before, shrunk.tokens_after, False
        )
    )


def shrink(
    text: str,
    max_tokens: int,
    *,
    tool: str | None = None,
    kind: Kind | str | None = None,
    narrowing: Narrowing | str | None = None,
    failed: bool | None = None,
    arguments: Mapping[str, Any] | None = None,
    question: str = '',
    model: str | None = None,
    handle: str | None = None,
    reducers: Sequence[OutputKind] = (),
    head_lines: int | None = None,
    tail_lines: int | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
    on_event: events.Sink | None = None,
    logfire: Any = None,
) -> Shrunk:
    """Brings the output of a tool within a number of tokens, by what it is.

    A text that fits already comes back whole, but for what a terminal would not show. Shrinking what was shrunk
    changes nothing. Secrets go first, also from what fits. Nothing is stored; what was made smaller is told.

    Args:
        text: what the tool returned.
        max_tokens: most tokens of the result, its notes included; at least 16.
        tool: the tool's name, a hint at the kind of its output.
        kind: what the text is, if that is known; default: it is detected.
        narrowing: how it is made smaller; default `SMART_SUMMARY`.
        failed: whether the call failed; its errors come first, then.
        arguments: the call's arguments: a command, a path, what was searched for.
        question: what the output is wanted for, such as the current prompt; what it names is kept first.
        model: counts in this model's tokens.
        handle: under which an archive keeps the whole text; the note about what is missing names it.
        reducers: kinds of output of your own, before those that are built in.
        head_lines: lines of the beginning that `HEADS_TAILS` keeps at most (default: as many as fit).
        tail_lines: lines of the end that it keeps at most.
        secrets: what is redacted before anything else; None for nothing.
        on_event: called with `OutputReduced`; default: the `Compactor` of the run that is under way is told.
        logfire: as for `Compactor`.

    Raises:
        ConfigError: `max_tokens` is under 16, or kind or narrowing are unknown.
    """
    shrunk = shrinking.shrink(
        text,
        max_tokens,
        tool=tool,
        kind=kind,
        narrowing=narrowing,
        failed=failed,
        arguments=arguments,
        question=question,
        model=model,
        handle=handle,
        reducers=reducers,
        head_lines=head_lines,
        tail_lines=tail_lines,
        secrets=secrets,
    )
    reporter = SPOKESMAN if on_event is None and logfire is None else teller(on_event, logfire)
    reduced(reporter, shrunk, tool or '', model)
    return shrunk


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
    on_event: events.Sink | None = None,
    logfire: Any = None,
) -> Callable[[F], F]:
    """Wraps a tool function, so that what it returns, or raises, has at most `max_tokens` tokens.

        @output_budget(1_000)
        def run_tests(path: str) -> str: ...

    Works on any function, sync or async, of any framework: its name, types, docstring and signature stay. Texts,
    bytes, dicts (streams apart), lists, pydantic models, dataclasses and a framework's envelope with a `return_value`
    are made smaller and keep their type where that can be; other objects pass. What fits is returned as it is. What was
    made smaller is told.

    Args:
        max_tokens: tokens of one result; of a dict with streams, of all of them together.
        narrowing: how a text is made smaller.
        tool: the tool's name, a hint at the kind of its output (default: the function's).
        model: counts in this model's tokens.
        question: called for what the output is wanted for, such as the current prompt.
        archive: keeps the whole texts, redacted; notes then name the handle to get them back.
        secrets: what is redacted, also from results that fit; None for nothing.
        on_shrunk: told of every text that was made smaller.
        reducers: kinds of output of your own, before those that are built in.
        head_lines: lines of the beginning that `HEADS_TAILS` keeps at most (default: as many as fit).
        tail_lines: lines of the end that it keeps at most.
        on_event: called with `OutputReduced`; default: the `Compactor` of the run that is under way is told.
        logfire: as for `Compactor`.

    Raises:
        ConfigError: `max_tokens` is under 16, the narrowing is unknown, or the function is a generator.
    """
    reporter = teller(on_event, logfire)

    def decorate_it(function: F) -> F:
        name = tool if tool is not None else str(getattr(function, '__name__', ''))

        def told(shrunk: Shrunk) -> None:
            reduced(reporter, shrunk, name, model)
            if on_shrunk is not None:
                on_shrunk(shrunk)

        bounded = decorate.output_budget(
            max_tokens,
            narrowing,
            tool=tool,
            model=model,
            question=question,
            archive=archive,
            secrets=secrets,
            on_shrunk=told,
            reducers=reducers,
            head_lines=head_lines,
            tail_lines=tail_lines,
        )
        return bounded(function)

    decorate.checked(max_tokens, narrowing)
    return decorate_it
