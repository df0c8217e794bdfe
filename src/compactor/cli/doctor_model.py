"""`compactor doctor MODEL`: what is known of a model, and what follows: window, trigger, goal, limit, counter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal

State = Literal['ok', 'note', 'broken']


def looks_at(model: str) -> Iterator[tuple[str, Callable[[], tuple[State, str]]]]:
    """The checks of a model by name; its server is asked where it is a local one that can be found."""
    one = _Model(model)
    yield 'window', one.window
    yield 'trigger', one.trigger
    yield 'goal', one.goal
    yield 'hard limit', one.hard
    yield 'counter', one.counter
    yield 'server', one.server


class _Model:
    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _policy(self) -> Any:
        from compactor.policy import Policy

        return Policy.load(model=self._name)

    @cached_property
    def _near(self) -> Any:
        """The root of its server and what that tells; None for what there is not."""
        from compactor.adapters.pydantic_ai.served import server_of

        return server_of(self._name) if self._policy.tokens.ask_servers else (None, None)

    @property
    def _served(self) -> Any:
        return self._near[1]

    @cached_property
    def _window(self) -> tuple[int | None, str]:
        from compactor.tokens.windows import context_window, stated_window

        stated = stated_window(self._name, self._policy.tokens.windows)
        if stated is not None:
            return stated, 'stated in tokens.windows'
        if self._served is not None:
            return self._served.window, f'told by its server ({self._served.source})'
        known = context_window(self._name)
        return known, 'from the tables' if known else 'nobody knows it'

    def window(self) -> tuple[State, str]:
        from compactor.policy import ASSUMED_WINDOW
        from compactor.run.requests import HOW_TO_SET

        window, source = self._window
        most = self._policy.history.max_input_tokens
        used = f'; history.max_input_tokens makes {most:,} of it' if most else ''
        if window is None:
            assumed = '' if most else f', {ASSUMED_WINDOW:,} tokens are assumed: {HOW_TO_SET}'
            return 'note', source + assumed + used
        return 'ok', f'{window:,} tokens, {source}{used}'

    def _limits(self) -> Any:
        return self._policy.history.limits(self._window[0])

    def trigger(self) -> tuple[State, str]:
        return 'ok', f'{self._limits().trigger:,} tokens: a request of this size is compacted'

    def goal(self) -> tuple[State, str]:
        return 'ok', f'{self._limits().goal:,} tokens: what a compaction brings it to'

    def hard(self) -> tuple[State, str]:
        return 'ok', f'{self._limits().hard:,} tokens: a request of this size is refused'

    def counter(self) -> tuple[State, str]:
        from compactor.run.learned import Learned
        from compactor.run.model_name import named

        counter = Learned(self._policy.tokens).counter(named(self._name))
        factor = '' if counter.method == 'exact' else f', {counter.ratio:g} tokens for one of {counter.encoding}'
        told = ', corrected by what the provider reports' if self._policy.tokens.calibrate else ''
        return 'ok', f'{counter.method}, family {counter.family}{factor}{told if counter.method != "exact" else ""}'

    def server(self) -> tuple[State, str]:
        root = self._near[0]
        if self._served is not None:
            slots = f', {self._served.slots} requests at once' if self._served.slots else ''
            return 'ok', f'{root} serves it with {self._served.window:,} tokens{slots}'
        if root is None:
            return 'ok', 'none near by is asked: hosts elsewhere stand in the tables'
        return 'note', f'{root} does not say with what window it serves the model'
