"""A workflow as users write it: an agent of a module, with a `Compactor`, run inside of `@workflow.run`."""

from __future__ import annotations

from pydantic_ai import Agent
from pydantic_ai.durable_exec.temporal import TemporalDurability
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from temporalio import workflow

from compactor import Compactor, HistoryPolicy, Policy, SummaryPolicy

ROUNDS = 14
STORE = '/tmp/compactor-in-a-workflow.db'


def decide(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads file after file, then asks the archive, then answers; all that it knows is the history."""
    results = [part for message in messages for part in message.parts if part.part_kind == 'tool-return']
    numbers = [int(str(part.content).split()[1]) for part in results if part.tool_name == 'read']
    last = max(numbers, default=0)
    if any(part.tool_name == 'recall' for part in results):
        return ModelResponse(parts=[TextPart('\n'.join(str(p.content) for p in results if p.tool_name == 'recall'))])
    if last < ROUNDS:
        return ModelResponse(parts=[ToolCallPart('read', {'i': last + 1}, tool_call_id=f'read{last + 1}')])
    if any(tool.name == 'recall' for tool in info.function_tools):
        return ModelResponse(parts=[ToolCallPart('recall', {'step': 2}, tool_call_id='recall')])
    return ModelResponse(parts=[TextPart('no recall')])


async def writes(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A summariser."""
    return ModelResponse(parts=[TextPart('Goal: read\nDecisions: none\nNext step: read on')])


POLICY = Policy(history=HistoryPolicy(max_input_tokens=4_000))
compactor: Compactor[None] = Compactor(POLICY)
agent = Agent(FunctionModel(decide), name='reader', capabilities=[compactor, TemporalDurability()])


observed: list[str] = []
"""What the compactor with a store tells, in whichever world it runs."""
storing: Compactor[None] = Compactor(
    POLICY.model_copy(update={'summary': SummaryPolicy(ahead=True)}),
    summariser=FunctionModel(writes),
    store=STORE,
    on_event=lambda event: observed.append(f'{type(event).__name__} {getattr(event, "reason", "")}'),
)
keeper = Agent(FunctionModel(decide), name='keeper', capabilities=[storing, TemporalDurability()])


@keeper.tool_plain(name='read')
@agent.tool_plain
async def read(i: int) -> str:
    """Reads a file."""
    return f'file {i} ' + ' '.join(f'w{i}x{k}' for k in range(300))


@workflow.defn
class Reading:
    """Runs the agent."""

    @workflow.run
    async def run(self, prompt: str) -> str:
        """Its answer."""
        result = await agent.run(prompt)
        return f'{len(result.all_messages())} messages: {result.output}'


@workflow.defn
class Keeping:
    """Runs the agent whose compactor has a store and a summariser; tells what it was told."""

    @workflow.run
    async def run(self, prompt: str) -> str:
        """Its answer, and the events."""
        result = await keeper.run(prompt)
        return '\n'.join([f'{len(result.all_messages())} messages: {result.output}', *observed])


LONG_ROUNDS = 400


@workflow.defn
class Resuming:
    """Goes on with a long history: about two million characters, a part of them in each file."""

    @workflow.run
    async def run(self, prompt: str) -> str:
        """Its answer."""
        history: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart('Read all.')])]
        for i in range(LONG_ROUNDS):
            called = ToolCallPart('read', {'i': i}, tool_call_id=f'old{i}')
            text = f'file {i} ' + ' '.join(f'word{i * 7919 % 9973}of{k * 31 % 997}' for k in range(400))
            returned = ToolReturnPart('read', text, tool_call_id=f'old{i}')
            history += [ModelResponse(parts=[called]), ModelRequest(parts=[returned])]
        result = await agent.run(prompt, message_history=history)
        return f'{len(result.all_messages())} messages: {result.output}'
