"""A `Compactor` as a history processor, and what stands in there for the hooks of a capability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.tools import AgentDepsT

from compactor.adapters.pydantic_ai.agent.plugged import Plugged
from compactor.adapters.pydantic_ai.agent.run import run_of, run_with
from compactor.adapters.pydantic_ai.agent.watched import Watch, Watched
from compactor.errors import ConfigError
from compactor.telemetry import events


class Processor(Plugged[AgentDepsT]):
    """`history_processors=[Compactor(...)]` (1.x), `ProcessHistory(Compactor(...))`, and `watch` for their models."""

    _told_processor_mode = False

    async def __call__(self, ctx: RunContext[Any], messages: list[ModelMessage]) -> list[ModelMessage]:
        """Processes the history in `history_processors=[...]` (1.x) and `ProcessHistory(...)`."""
        suiting = self._suiting(ctx.model, ctx.run_id)
        if suiting is not self:
            return await suiting(ctx, messages)
        if not self._told_processor_mode:
            self._told_processor_mode = True
            missing = PROCESSOR_MODE_MISSES if self._accounts is None else (*PROCESSOR_MODE_MISSES, LEDGER)
            self._reporter.emit(events.ProcessorMode(ctx.run_id, None, missing))
        if self.persist is False:
            raise ConfigError('persist=False needs capabilities=[Compactor(...)]: a history processor always persists')
        if self._remembered is not None:
            raise ConfigError('remember needs capabilities=[Compactor(...)]: a history processor records what it sends')
        if self._frames.used:
            raise ConfigError('frames need capabilities=[Compactor(...)]: a history processor records what it sends')
        state = self._runs.state(ctx.run_id)
        if state.enclosed == ctx.run_step and state.handled_in(ctx.run_step):
            return messages  # plugged in as a capability too, which has come first
        state.processed = ctx.run_step
        await self._choose(ctx, ctx.model, messages, ctx.model_settings, state)
        run = run_with(ctx, ctx.model, messages, ctx.model_settings)
        await self._sending.seen(run)
        return (await self._requests.process(run, state, 'everything')).sent

    @property
    def model_settings(self) -> Callable[[RunContext[Any]], Any]:
        """For `Agent(model_settings=...)`: the policy's `max_tokens` where hooks are missing."""
        return self._settings

    def _settings(self, ctx: RunContext[Any]) -> dict[str, Any]:
        suiting = self._suiting(ctx.model, ctx.run_id)
        if suiting is not self:
            return suiting._settings(ctx)
        limit = self._tasks.wanted(run_of(ctx), self._runs.state(ctx.run_id))
        return {} if limit is None else {'max_tokens': limit}

    def watch(self, model: Any) -> WrapperModel:
        """A model whose requests this compactor accompanies where it is plugged in as a history processor.

            agent = Agent(compactor.watch('cerebras:zai-glm-4.7'), history_processors=[compactor])

        With it come refusals, headers, budgets, the ledger, limits by task, and an answer that one has cut is asked for
        once more. Beside the capability it does nothing.
        """
        return Watched(model, self._watching)

    def _watching(self, model: Any) -> Watch:
        one = self._suiting(model)
        return Watch(one._runs, one._tasks, one._accounts, one._sending)


PROCESSOR_MODE_MISSES = (
    'persist=False',
    'the recall tool',
    'retry after a context overflow (use compactor.watch(model))',
    'summaries written ahead',
    'max_tokens (use compactor.watch(model), or Agent(model_settings=compactor.model_settings))',
)
LEDGER = 'the ledger and its budgets (use compactor.watch(model))'
"""What is missing there besides where there is a store."""
