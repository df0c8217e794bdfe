"""A workflow with an agent that has a budget, which nobody could count there."""

from __future__ import annotations

from pydantic_ai import Agent
from pydantic_ai.durable_exec.temporal import TemporalDurability
from pydantic_ai.models.function import FunctionModel
from temporalio import workflow

from compactor import Budget, Compactor, LedgerPolicy, Policy
from tests.durable.temporal_flow import STORE, decide

counting: Compactor[None] = Compactor(
    Policy(ledger=LedgerPolicy(budgets=(Budget(name='daily', limit=100, unit='requests'),))), store=STORE
)
spender = Agent(FunctionModel(decide), name='spender', capabilities=[counting, TemporalDurability()])


@workflow.defn
class Spending:
    """Runs an agent that has a budget."""

    @workflow.run
    async def run(self, prompt: str) -> str:
        """Its answer."""
        return (await spender.run(prompt)).output
