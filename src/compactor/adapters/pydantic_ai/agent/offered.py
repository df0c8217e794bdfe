"""The tools that a `Compactor` offers an agent: `recall` once something was left out, and `compact_history`."""

from __future__ import annotations

from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import FunctionToolset

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.agent.arrival import must_be_there
from compactor.adapters.pydantic_ai.agent.plugged import Plugged
from compactor.adapters.pydantic_ai.agent.run import run_of
from compactor.adapters.pydantic_ai.agent.tools import OurTools, compact_tool, first_to_offer, recall_tool
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.left_out import outputs_named, was_cut
from compactor.adapters.pydantic_ai.models import identify
from compactor.archive.archive import Archive
from compactor.archive.recall import Fit
from compactor.run.tool_names import RECALL
from compactor.telemetry import events


class Offered(Plugged[AgentDepsT]):
    """Its tools, and what they ask."""

    def get_toolset(self) -> FunctionToolset[AgentDepsT] | None:
        """The tools `recall` and, if the policy says so, `compact_history`; None in observe mode."""
        if self.mode != 'act':
            return None
        tools: list[Any] = []
        if self.archive is not None and self.policy.archive.recall_tool:
            most = self.policy.archive.recall_tokens
            about = (self._archive_of, most, self._handle, self._fit, self._offers_recall)
            tools.append(recall_tool(*about, self._requests.secrets, self.policy.archive.search_earlier))
        if self.policy.history.compact_tool:
            tools.append(compact_tool(self._ask))
        return OurTools(tools, id=f'compactor:{self.id}' if self.id else 'compactor') if tools else None

    def _archive_of(self, ctx: RunContext[Any]) -> Archive:
        """The archive of a run's conversation."""
        archive = self._requests.archiving.of(run_of(ctx).conversation).archive
        assert archive is not None, 'there is no recall tool without an archive'
        return archive

    def _handle(self, ctx: RunContext[Any]) -> str | None:
        """The handle of what was left out of a run's history: as it was sent, or as the run records it."""
        state = self._runs.known(ctx.run_id)
        run = run_of(ctx)
        return (state.handle if state is not None else None) or newest_handle(
            ctx.messages, self._requests.seal_of(ctx.messages, run.conversation)
        )

    def _fit(self, ctx: RunContext[Any]) -> Fit:
        return self._learned.counter(identify(ctx.model, ctx.run_id)).fit

    async def _offers_recall(self, ctx: RunContext[Any]) -> bool:
        """Whether something was left out of a run's conversation that the tool can give back."""
        state = self._runs.state(ctx.run_id)
        if not state.looked:
            state.looked = True
            conversation = run_of(ctx).conversation
            state.left_out = (
                state.left_out
                or was_cut(ctx.messages, self._requests.seal_of(ctx.messages, conversation))
                or must_be_there(ctx.model)
                or await self._requests.archiving.of(conversation).holds_any(outputs_named(ctx.messages))
            )
        if not state.left_out or not self._requests.affords_recall(identify(ctx.model, ctx.run_id)):
            return False
        if RECALL in compat.tool_names(ctx):
            state.name_taken = True
        if state.name_taken:
            self._reporter.emit_once(events.ToolNameTaken(ctx.run_id, None, RECALL, 'archive.recall_tool = false'))
            return False
        state.offering = first_to_offer(ctx.run_id, self)
        return state.offering

    def _ask(self, ctx: RunContext[Any], focus: str) -> str:
        return self._requests.asked(run_of(ctx), self._runs.state(ctx.run_id), focus)
