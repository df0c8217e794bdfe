"""A compaction between two runs of an agent, whatever the trigger says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage
from pydantic_ai.tools import AgentDepsT

from compactor.adapters.pydantic_ai.agent.plugged import Plugged
from compactor.adapters.pydantic_ai.compactions import going_on
from compactor.adapters.pydantic_ai.messages.conversation import conversation_in
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.models import identify
from compactor.compaction import Compaction
from compactor.history.seal import Seal
from compactor.offline import started
from compactor.pipeline import Steps
from compactor.strategies import Summarise


class BetweenRuns(Plugged[AgentDepsT]):
    """`compact_now`."""

    async def compact_now(
        self, messages: Sequence[ModelMessage], *, model: Any = None, focus: str | None = None
    ) -> Compaction[ModelMessage]:
        """Compacts a history to the policy's goal, whatever its trigger says; for use between runs.

        Args:
            messages: the history, such as `result.all_messages()`.
            model: the model that will go on with it.
            focus: what the summary shall give most room to; without a summariser it changes nothing.

        Raises:
            HistoryError: `messages` is not a list of pydantic-ai messages.
        """
        suiting = self._suiting(model)
        if suiting is not self:
            return await suiting.compact_now(messages, model=model, focus=focus)
        name, policy = identify(model), self.policy
        goal = max(1, policy.history.limits(self._learned.window(name)).goal)

        def start(archive: bool, summarising: Summarise | None, seal: Seal) -> Steps:
            recall = policy.archive.recall_tool
            return started(
                FORMAT,
                messages,
                policy,
                goal,
                name.provider,
                name.full,
                seal,
                archive=archive,
                recall=recall,
                summarising=summarising,
                goes_on_from=going_on(model),
            )

        return await self._requests.between_runs(messages, conversation_in(messages), name, start, focus)
