"""The two sides of the overhead benchmark, called through the hooks that pydantic-ai calls, with its own contexts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from importlib import import_module
from itertools import count
from typing import Any

from pydantic_ai import Agent, RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

import histories
from compactor import Compactor, Policy
from compactor.tokens.encodings import encoding

ENCODING = 'o200k_base'
ENDLESS = 1_000_000_000


# -- what a request looks like ----------------------------------------------------------------------------------------


class _Probe(AbstractCapability[None]):
    """Keeps the contexts of a real run."""

    def __init__(self) -> None:
        self.ctx: Any = None
        self.request: Any = None

    async def before_model_request(self, ctx: RunContext[None], request_context: Any) -> Any:
        self.ctx, self.request = ctx, request_context
        return request_context


class Named(FunctionModel):
    """A model that says it belongs to a provider."""

    said = 'function'

    @property
    def system(self) -> str:
        """The provider's name."""
        return self.said


class Requests:
    """Makes the contexts of one request after another, from those of one real run of the installed version."""

    def __init__(self, provider: str, model: str) -> None:
        spoken = Named(answer, model_name=model)
        spoken.said = provider
        probe = _Probe()
        agent = Agent(spoken, instructions=histories.INSTRUCTIONS, capabilities=[probe], tools=[_read, _grep])
        agent.run_sync('hello')
        self._ctx, self._request = probe.ctx, probe.request
        self._steps = count(1)

    def pair(self, history: list[ModelMessage], run: str) -> tuple[Any, Any]:
        """Run context and request context; each holds a list of its own over the same messages."""
        ctx = replace(self._ctx, messages=list(history), run_step=next(self._steps), run_id=run)
        return ctx, replace(self._request, messages=list(history))


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """What the stand-in model says."""
    return ModelResponse(parts=[TextPart('done')])


def _read(path: str, start: int = 1, end: int | None = None) -> str:
    """Read a file, or the lines from start to end of it."""
    return path


def _grep(pattern: str, path: str = '.', context: int = 0) -> str:
    """Search files for a regular expression and print the matching lines with their context."""
    return pattern


_loop = asyncio.new_event_loop()


def finish(step: Coroutine[Any, Any, Any]) -> Any:
    """Runs a hook to its end, in one event loop for all: what is long is done beside it."""
    return _loop.run_until_complete(step)


def sent_by(capability: Any, pair: tuple[Any, Any]) -> list[ModelMessage]:
    """The messages of one request as its handler is given them, through all hooks in the framework's order (2.54)."""
    ctx, request = pair
    sent: list[ModelMessage] = []

    async def handler(wrapped: Any) -> ModelResponse:
        prepared = await capability.before_model_request(ctx, wrapped)
        if hasattr(AbstractCapability, 'prepare_model_request'):  # 2.64
            prepared = await capability.prepare_model_request(ctx, prepared)
        sent[:] = prepared.messages
        answered: ModelResponse = await capability.after_model_request(
            ctx, request_context=prepared, response=ModelResponse(parts=[TextPart('done')])
        )
        return answered

    finish(capability.wrap_model_request(ctx, request_context=request, handler=handler))
    return sent


def timed(capability: Any, pair: tuple[Any, Any]) -> tuple[float, int]:
    """Milliseconds of one request through all hooks, and how many messages were sent."""
    began = time.perf_counter()
    sent = sent_by(capability, pair)
    return (time.perf_counter() - began) * 1_000, len(sent)


# -- the two sides ----------------------------------------------------------------------------------------------------


def ours(
    max_input: int, strategies: tuple[str, ...] | None = None, *, archive: bool = False, persist: bool = False
) -> Compactor[None]:
    """A compactor with the default preset, whose window is `max_input` tokens (it compacts at half of it).

    Without the archive unless asked for: the harness keeps nothing of what it removes either.
    """
    history: dict[str, Any] = {'max_input_tokens': max_input}
    if strategies is not None:
        history['strategies'] = strategies
    stations: dict[str, Any] = {
        'history': history,
        'tokens': {'windows': {'*': ENDLESS}},
        'archive': {'enabled': archive},
    }
    return Compactor(Policy.load(environment={}, preset='default', **stations), persist=persist)


class Harness:
    """The other side's capabilities, all with one tokenizer."""

    def __init__(self, module: Any, tokenizer: Callable[[str], int] | None) -> None:
        self.module = module
        self.tokenizer = tokenizer

    def size(self, history: list[ModelMessage]) -> int:
        """Tokens of a history as the harness counts them."""
        size: int = self.module.estimate_token_count(history, self.tokenizer)
        return size

    def by_tokens(self, trigger: int, keep: int) -> Any:
        """Sliding window with a target in tokens."""
        return self.module.SlidingWindowCompaction(max_tokens=trigger, keep_tokens=keep, tokenizer=self.tokenizer)

    def by_messages(self, trigger: int, keep: int) -> Any:
        """Sliding window with a trigger in tokens and a target in messages: the cheapest it can do."""
        return self.module.SlidingWindowCompaction(max_tokens=trigger, keep_messages=keep, tokenizer=self.tokenizer)

    def tiered(self, target: int) -> Any:
        """Clear tool results, then slide."""
        return self.module.TieredCompaction(
            tiers=[self.module.ClearToolResults(max_tokens=1), self.by_tokens(1, target)],
            target_tokens=target,
            tokenizer=self.tokenizer,
        )


def peers() -> tuple[Harness, Harness] | None:
    """The harness with the bundled encoding and with its heuristic; None where it is not installed."""
    try:
        module = import_module('pydantic_ai_harness.compaction')
    except ImportError:
        return None
    return Harness(module, encoding(ENCODING).count_fresh), Harness(module, None)


def forget_texts() -> None:
    """Empties the process-wide memo of counted texts, as in a process that has just started."""
    encoding(ENCODING)._memo.clear()
