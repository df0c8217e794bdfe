"""Fits a request to a model that answers in place of another: sent, not persisted, remembered for the run.

The same pure `fit` that a `Compactor` uses, with the limits of the model that will answer. A history is touched only if
that model could not take it, and then loses as little as it must.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.compact import written
from compactor.adapters.pydantic_ai.context import request_context
from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.memory import Memory
from compactor.adapters.pydantic_ai.messages import merge_requests
from compactor.adapters.pydantic_ai.models import ModelName
from compactor.pipeline import drive, fit
from compactor.policy import Policy, share
from compactor.request.ceilings import output_ceiling
from compactor.request.max_tokens import within

SLACK = 0.9
"""Share of what a model takes that a fitted history has, so that the next requests fit without being rewritten."""
LESS = 0.7
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
    state: Conversation | None = None


class Fitting:
    """Fits the requests of one chain of models.

    Args:
        policy: limits of the history, windows and ceilings of models.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._memory = Memory(policy.tokens)

    def fitted(
        self,
        run: str | None,
        name: ModelName,
        messages: list[ModelMessage],
        settings: Any,
        parameters: Any,
        *,
        late: bool,
        refused: bool = False,
    ) -> Fitted:
        """A request for a model.

        Args:
            run: the run's id; without one nothing is remembered.
            name: the model.
            messages: the history, which is not changed.
            settings: the request's settings, which are not changed.
            parameters: the request's parameters.
            late: the model takes the place of the one that the history was made for.
            refused: it has refused the request as too long.
        """
        counter = self._memory.counter(name)
        state = self._memory.conversation(f'{run} {name.full}' if run else None, counter)
        working = state.working(messages)
        self._memory.calibrate(name, state.follow(working, self._memory.calibrations.get(name)))
        context = request_context(self._memory, name, state, working, settings, parameters)
        tokens = context.estimate(state.tracker.tokens)
        room = self._room(context.window, settings)
        if (not late and not refused) or (tokens <= room and not refused) or context.server_state:
            state.sent_instead(messages, working)
            return Fitted(working, self._allowed(name, context.window, settings, tokens), tokens, False, state)
        target = share(room, SLACK) if tokens > room else share(tokens, LESS)
        steps = fit(state.tracker, self.policy.history, context, target=max(1, target))
        compaction = written(drive(steps), working)
        state.settle(compaction, messages)
        sent = merge_requests(list(compaction.messages)) if compaction.changed else working
        allowed = self._allowed(name, context.window, settings, compaction.tokens_after)
        return Fitted(sent, allowed, compaction.tokens_after, compaction.changed, state)

    def learn_window(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a refusal has named."""
        self._memory.learn_window(name, window)

    def takes(self, name: ModelName) -> int:
        """Tokens of the largest request that a model takes."""
        return self._room(self._memory.window(name), None)

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
