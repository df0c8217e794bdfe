"""Shows requests as they are played: a running table where there is a terminal, a few plain lines where not."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from compactor.adapters.pydantic_ai.played.playback import Request

EVERY = 10
"""Of requests to which nothing happened, every tenth stays on the page."""
HEADINGS = f'{"request":>7}  {"tokens":>9}  {"sent":>9}  what was done'


class Progress:
    """Prints the requests in which something happened and every tenth; the current one is shown below, live."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        self._console.print(Text(HEADINGS, style='bold'))
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, request: Request) -> None:
        """Takes the next request."""
        line = row(request)
        if what_was_done(request) or request.number % EVERY == 0:
            self._console.print(line, no_wrap=True, overflow='ellipsis')
        if self._live is not None:
            self._live.update(line)


def row(request: Request) -> Text:
    """One line of the table."""
    sent = '-' if request.refused else f'{request.tokens_after:,}'
    text = f'{request.number:>7}  {request.tokens_before:>9,}  {sent:>9}  {what_was_done(request)}'
    return Text(text.rstrip(), style='red' if request.refused else 'green' if request.strategies else '')


_OUTCOMES = {
    'held_back': 'waits for the next exchange: the provider binds thinking to the history',
    'stood_aside': 'left alone: the provider keeps the history',
}


def what_was_done(request: Request) -> str:
    """In words; empty if nothing was."""
    done = []
    if request.strategies:
        done.append(f'compacted: {", ".join(request.strategies)}')
    if request.missed:
        done.append('missed the goal')
    if request.refused:
        done.append('refused')
    return '; '.join(done) or _OUTCOMES.get(request.outcome, '')
