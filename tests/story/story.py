"""The story of code_puppy's overview, end to end: a Cerebras agent, a long prompt, ten short ones, a bad minute.

Agent, tools, compactor, summariser's plumbing and telemetry are real; scripted are what the models decide, and when one
of them refuses. The figures are the document's: 50,000 / 0.30 / 0.50 / 15,000 / 4 exchanges, six limits, 80 %.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage, UsageLimits

from compactor import Compactor, output_budget
from compactor.telemetry import events
from compactor.tokens.counter import counter_for
from tests.adapters.driver import Log, faults, new_agent, say

MODEL = 'Cerebras-GLM-4.7'
ROUNDS = 60
PROMPTS = (
    'ls',
    'implement the retry',
    'why does it retry twice?',
    'plan the next step',
    'review the change',
    'zorble',
    'run the tests',
    'fix the test that fails',
    'what is a lease?',
    'thanks',
)
GOAL = 'Implement what every file asks for.'
ASKED = (GOAL, *PROMPTS)
REFUSES = (3, 4)
"""Prompts before whose answer the provider refuses once each."""
A_DAY = 800_000
"""Input tokens a day, so that a story of 80 requests comes to its end; the preset's are 24 million."""

Plug = Callable[[Compactor[None], Any], tuple[Any, dict[str, Any]]]
"""From a compactor and a model to what an agent is made of."""


def read_file(path: str) -> str:
    """Reads a file."""
    return '\n'.join(f'{path}:{n}: {n * 7919 % 1_000} is decided here' for n in range(300))


def run_tests(path: str) -> dict[str, Any]:
    """Runs the tests."""
    passed = '\n'.join(f'{path}::test_{n} PASSED' for n in range(1_000))
    failed = f'{path}::test_last FAILED\nE   AssertionError: want 3, got 4'
    return {'stdout': f'{passed}\n{failed}', 'stderr': 'warning: deprecated\n' * 2_000, 'exit_code': 1}


@dataclass
class Story:
    """One life of the agent.

    Attributes:
        log: what `on_event` was called with.
        seen: every request's history.
        sent: every request's `max_tokens`.
    """

    log: Log = field(default_factory=Log)
    seen: list[list[ModelMessage]] = field(default_factory=list)
    sent: list[int | None] = field(default_factory=list)
    _prompt: int = 0
    _rounds: int = 0
    _refused: set[int] = field(default_factory=set)

    def live(self, plug: Plug, folder: Path) -> Story:
        """One prompt of sixty rounds, then ten more."""
        policy = folder / 'compactor.toml'
        policy.write_text(
            f'preset = "auto"\n[[capacity.limits]]\nmodel = "*cerebras*"\nunit = "input_tokens"\nwindow = "day"\n'
            f'amount = {A_DAY}\n[outputs.stdout]\nrun_tests = 400\n[outputs.stderr]\nrun_tests = 100\n'
        )
        compactor: Compactor[None] = Compactor(
            policy, summariser=FunctionModel(self._sum_up, model_name='cheap'), on_event=self.log
        )
        model, arguments = plug(compactor, FunctionModel(self._answer, model_name=MODEL))
        read = output_budget(600, on_event=self.log)(read_file)
        agent = new_agent(model, tools=[read, run_tests], instructions='You are a careful engineer.', **arguments)
        asyncio.run(self._prompts(agent))
        return self

    async def _prompts(self, agent: Any) -> None:
        limits = UsageLimits(request_limit=None)
        history = (await agent.run(GOAL, usage_limits=limits)).all_messages()
        for prompt in PROMPTS:
            self._prompt, self._rounds = self._prompt + 1, 0
            while True:
                try:
                    result = await agent.run(prompt, message_history=history, usage_limits=limits)
                except ModelHTTPError:
                    continue
                break
            history = result.all_messages()

    # -- the models ---------------------------------------------------------------------------------------------

    def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if self._prompt in REFUSES and self._prompt not in self._refused:
            self._refused.add(self._prompt)
            raise ModelHTTPError(429, MODEL, {'message': 'Tokens per minute limit exceeded'})
        self.seen.append(list(messages))
        self.sent.append((info.model_settings or {}).get('max_tokens'))
        self._rounds += 1
        most = ROUNDS if self._prompt == 0 else 1
        if self._rounds > most:
            done = say(f'Done with prompt {self._prompt}.')
        else:
            path = f'src/f{self._prompt}_{self._rounds}.py'
            tool = 'run_tests' if self._rounds % 5 == 0 else 'read_file'
            done = ModelResponse(parts=[ToolCallPart(tool, {'path': path}, tool_call_id=path)])
        tokens = sum(map(_tokens, messages))
        return ModelResponse(parts=done.parts, usage=RequestUsage(input_tokens=tokens, output_tokens=20))

    def _sum_up(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return say('Goal: what every file asks for\nDecisions: one file after the other\nNext step: read on')

    # -- the table ----------------------------------------------------------------------------------------------

    def row(self) -> dict[str, Any]:
        """What is to be seen of it."""
        prompts = [_prompts(seen) for seen in self.seen]
        kinds = Counter((event.tool, event.kind) for event in self.log.of(events.OutputReduced))
        return {
            'requests': len(self.seen),
            'unlawful': sum(bool(faults(seen)) for seen in self.seen),
            'over 15,000': sum(size >= 15_000 for size in self.log.sizes),
            'over 25,000': sum(size >= 25_000 for size in self.log.sizes),
            'limits as sent': dict(sorted(Counter(self.sent).items(), key=lambda item: item[0] or 0)),
            'first limit of each prompt': self._first_limits(),
            'responses in a request': max(sum(isinstance(m, ModelResponse) for m in seen) for seen in self.seen),
            'prompts in a request': (max(prompts), prompts[-1]),
            'events': dict(sorted(Counter(self.log.names).items())),
            'warned at': [(event.edge, event.limit_type) for event in self.log.of(events.CapacityWarning)],
            '429s in a row': [event.consecutive_429s for event in self.log.of(events.RateLimited)],
            'outputs made smaller': {f'{tool} ({kind})': number for (tool, kind), number in sorted(kinds.items())},
        }

    def _first_limits(self) -> list[int | None]:
        found, before = [], None
        for seen, limit in zip(self.seen, self.sent, strict=True):
            last = _newest(seen)
            if last != before:
                found.append(limit)
                before = last
        return found


def _tokens(message: ModelMessage) -> int:
    count = counter_for(MODEL).count
    return sum(count(str(getattr(part, 'content', None) or getattr(part, 'args', ''))) for part in message.parts)


def _newest(messages: list[ModelMessage]) -> Any:
    """The newest prompt of a person."""
    parts = [part for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
    return [part.content for part in parts if part.content in ASKED][-1]


def _prompts(messages: list[ModelMessage]) -> int:
    """The prompts of a person in a request, the goal among them."""
    parts = [part for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
    return sum(part.content in ASKED for part in parts)
