"""Fits a request to a model that answers in place of another: sent, not persisted, remembered for the run.

The same pure `fit` that a `Compactor` uses, with the limits of the model that will answer. A history is touched only if
that model could not take it, and then loses as little as it must.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.beside import instructions_of, tools_of
from compactor.adapters.pydantic_ai.chain.underway import Underway
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.messages.writer import merge_requests, write
from compactor.adapters.pydantic_ai.settings import kept_by_provider
from compactor.compaction import Compaction, rewritten, written
from compactor.history.going_on import GoesOnFrom, never
from compactor.history.seal import Key, Seal
from compactor.history.track import Tracker
from compactor.pipeline import Steps, drive, fit
from compactor.policy import Policy, share
from compactor.request.ceilings import output_ceiling
from compactor.request.max_tokens import within
from compactor.run.context import request_context
from compactor.run.counted import Counted, take_in
from compactor.run.keyring import key_in_use
from compactor.run.learned import Learned
from compactor.run.model_name import ModelName
from compactor.run.runs import Runs
from compactor.run.worker import FEW, LIGHT, apart
from compactor.tokens.counter import Counter

SLACK = 0.9
"""Share of what a model takes that a fitted history has, so that the next requests fit without being rewritten."""
CHARACTERS = 3
"""Of a token, about and at least in most texts."""
LESS = 0.5
"""Share of its size to which a request is brought that was refused as too long although it should have fitted."""


@dataclass(slots=True)
class Fitted:
    """A request as a model can take it.

    Attributes:
        messages: its history.
        settings: its settings, with a `max_tokens` that the model allows.
        tokens: its size, as far as it was counted.
        shortened: something was left out of the history.
        state: what is known of the run at this model.
    """

    messages: list[ModelMessage]
    settings: Any
    tokens: int
    shortened: bool = False
    state: Counted | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """A history that was made to fit, before any of it is put into effect.

    Attributes:
        compaction: in the framework's messages.
        base: what the next request works on.
        seal: by which notes of ours in it are known.
        tracker: of `base`.
    """

    compaction: Compaction[Any]
    base: list[Any]
    seal: Seal
    tracker: Tracker


class Fitting:
    """Fits the requests of one chain of models.

    Args:
        policy: limits of the history, windows and ceilings of models.
        runs: what the chain knows of runs.
    """

    def __init__(self, policy: Policy, runs: Runs[Underway]) -> None:
        self.policy = policy
        self._runs = runs
        self._learned = Learned(policy.tokens)

    async def fitted(
        self,
        run: str | None,
        name: ModelName,
        messages: list[ModelMessage],
        settings: Any,
        parameters: Any,
        *,
        late: bool,
        refused: bool = False,
        goes_on_from: GoesOnFrom = never,
    ) -> Fitted:
        """A request for a model; what is long of it is read and cut beside the event loop.

        Args:
            run: the run's id; without one nothing is remembered.
            name: the model.
            messages: the history, which is not changed.
            settings: the request's settings, which are not changed.
            parameters: the request's parameters.
            late: the model takes the place of the one that the history was made for.
            refused: it has refused the request as too long.
            goes_on_from: whether it takes up a provider's compaction in a message.
        """
        counter = self._learned.counter(name)
        key = key_in_use()
        underway = self._runs.state(run)
        seal = FORMAT.seal(messages, key)
        state = underway.counted_for(name, counter, seal)
        working = state.working(messages) or messages
        calibration = await take_in(state, working, self._learned.calibrations.get(name))
        self._learned.calibrate(name, calibration, vouched=state.observed is not None)
        context = request_context(
            self._learned,
            name,
            state,
            instructions_of(working, parameters),
            tools_of(parameters),
            kept_by_provider(settings, name),
            goes_on_from,
        )
        tokens = context.read(state.tracker.messages, state.tracker.tokens)
        room = self._room(context.window, settings)
        if (not late and not refused) or (tokens <= room and not refused) or context.server_state:
            state.sends(working, messages)
            return Fitted(working, self._allowed(name, context.window, settings, tokens), tokens, False, state)
        target = share(room, SLACK) if tokens > room else share(tokens, LESS)
        steps = fit(state.tracker, self.policy.history, context, target=max(1, target))
        make = partial(_made, steps, state.tracker, working, counter, seal, key)
        heavy = len(state.tracker.messages) > FEW or state.tracker.tokens * CHARACTERS > LIGHT
        try:
            made = await apart(make) if heavy else make()
        except asyncio.CancelledError:
            underway.forget(state)
            raise
        compaction, underway.seal = made.compaction, made.seal
        state.settle(compaction, made.base, messages, made.tracker)
        sent = merge_requests(list(compaction.messages)) if compaction.changed else working
        allowed = self._allowed(name, context.window, settings, compaction.tokens_after)
        return Fitted(sent, allowed, compaction.tokens_after, compaction.changed, state)

    def learn_window(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a refusal has named."""
        self._learned.learn_window(name, window)

    def serve(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a model's server serves it with."""
        self._learned.serve(name, window)

    def takes(self, name: ModelName) -> int:
        """Tokens of the largest request that a model takes."""
        return self._room(self._learned.window(name), None)

    def _room(self, window: int | None, settings: Any) -> int:
        hard = self.policy.history.limits(window).hard - 1
        output = (settings or {}).get('max_tokens') or 0
        return max(1, min(hard, window - output) if window is not None else hard)

    def _allowed(self, name: ModelName, window: int | None, settings: Any, tokens: int) -> Any:
        """The settings, with less `max_tokens` if the model does not give as much."""
        wanted = (settings or {}).get('max_tokens')
        if not wanted:
            return settings
        most = within(wanted, output_ceiling(name.full, self.policy.tasks.ceilings), window, tokens)
        return settings if most is None or most >= wanted else {**settings, 'max_tokens': most}


def _made(steps: Steps, tracker: Tracker, working: list[Any], counter: Counter, seal: Seal, key: Key) -> _Made:
    """Carries out a compaction, writes what it made, and reads that again."""
    compaction = written(drive(steps), working, lambda views: write(views, seal))
    after = FORMAT.seal(compaction.messages, key)
    base = rewritten(compaction, working)
    reader = MessageReader(counter, seal=lambda: after)
    return _Made(compaction, base, after, tracker if base is working else tracker.followed(base, reader=reader)[0])
