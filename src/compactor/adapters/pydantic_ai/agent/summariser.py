"""Asks a model for the summaries of a `Compactor`: a nested agent with retries (see `run.summaries`)."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError, UserError
from pydantic_ai.models import infer_model
from pydantic_ai.providers import infer_provider_class
from pydantic_ai.usage import RunUsage

from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.overflow import refusal_of
from compactor.adapters.pydantic_ai.served import told_by_servers
from compactor.errors import ConfigError
from compactor.ledger.billing import Billing
from compactor.policy import SummaryPolicy
from compactor.run.answer import Answer
from compactor.run.circuit import Circuit, Clock
from compactor.run.clock import monotonic
from compactor.run.slots import Slots
from compactor.strategies import Summarise
from compactor.telemetry import events
from compactor.tokens.counter import counter_for
from compactor.tokens.windows import context_window, stated_window

RETRIED = frozenset((408, 409, 425, 429))
"""HTTP errors below 500 that may pass."""
WAIT = 0.25
"""Seconds before the second attempt at most; doubled for each one after, up to `LONGEST_WAIT`."""
LONGEST_WAIT = 5.0
SAFE = 0.9
"""Share of the summariser's window that a prompt and its answer may take, because most counts are estimates."""


UNKNOWN_WINDOW = 8_192
"""Tokens of a summariser whose window nobody knows: a digest stands without a summary, so asking small costs little."""


class Summariser:
    """One model that writes the summaries of one `Compactor`.

    Args:
        model: a pydantic-ai model or its name; nothing is looked up before the first question.
        policy: what a summary may cost.
        windows: see `TokenPolicy.windows`.
        emit: receives the events.
        clock: seconds, for the circuit breaker.
    """

    def __init__(
        self,
        model: Any,
        policy: SummaryPolicy,
        windows: Mapping[str, int],
        emit: Callable[[events.Event], None],
        clock: Clock = monotonic,
    ) -> None:
        self.policy = policy
        self.emit = emit
        if isinstance(model, str):
            _known(model)
        self.name = identify(model).full
        self.circuit = Circuit(policy.circuit_failures, policy.circuit_pause, clock)
        self.on_paid: Callable[[str | None, Answer, float], None] | None = None
        self._model = model
        self._windows = windows
        self.slots = Slots()
        self.asks_servers = True
        self._served: int | None = None
        self._refused: int | None = None
        self._strategy: Summarise | None = None
        # Made here, since it takes a dozen milliseconds, for which a request would stand still.
        self._agent: Agent[None, str] = Agent(model, name='compactor_summariser', retries=0, defer_model_check=True)

    def strategy(self, focus: str | None = None) -> Summarise:
        """What takes the place of the digest."""
        if self._strategy is None:
            known = self._served or context_window(self.name, self._windows)
            sizes = [size for size in (known, self._refused) if size is not None]
            window = min(sizes, default=UNKNOWN_WINDOW)
            answer = min(self.policy.max_tokens, window // 4)
            most = min(self.policy.max_prompt_tokens, int(window * SAFE) - answer)
            self._strategy = Summarise(most, answer, counter_for(self.name))
        strategy = self._strategy
        return strategy if focus is None else dataclasses.replace(strategy, focus=focus)

    async def look(self) -> None:
        """Asks a local server, once, for its window and how many requests it works on at once."""
        if self.asks_servers and stated_window(self.name, self._windows) is None:
            for told in await told_by_servers(self._model):
                self.slots.most = told.served.slots
                if told.served.window != self._served:
                    self._served, self._strategy = told.served.window, None

    def _learn(self, window: int) -> None:
        """Prompts are made for this window at most from here on, whatever its server tells: it has refused one."""
        self._refused, self._strategy = min(window, self._refused or window), None

    async def ask(self, prompt: str, max_tokens: int, spent: RunUsage) -> str:
        """The answer to one prompt, after as many attempts as the policy allows; `spent` takes what they cost."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        agent = self._agent

        async def attempt() -> str:
            usage = RunUsage()
            try:
                result = await agent.run(prompt, usage=usage, model_settings={'max_tokens': max_tokens})
            finally:
                spent.incr(usage)
            return result.output

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.policy.attempts),
            wait=wait_random_exponential(multiplier=WAIT, max=LONGEST_WAIT),
            retry=retry_if_exception(may_pass),
            reraise=True,
        )
        try:
            answer: str = await retrying(attempt)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is not None:
                size = counter_for(self.name).count(prompt) + max_tokens
                self._learn(min(refusal.within(size), size * 3 // 4 if refusal.window is None else size))
            raise
        return answer

    def nothing_spent(self) -> RunUsage:
        """See `run.summaries.Summariser`."""
        return RunUsage()

    def paid(self, spent: RunUsage) -> Answer:
        """See `run.summaries.Summariser`."""
        name = identify(self._model)
        return Answer(
            name,
            name,
            spent.input_tokens,
            spent.output_tokens,
            spent.cache_read_tokens,
            spent.cache_write_tokens,
            billing=Billing.of(spent),
        )

    def charge(self, bill: RunUsage, spent: RunUsage) -> None:
        """See `run.summaries.Summariser`."""
        tokens = copy.copy(spent)
        tokens.requests = tokens.tool_calls = 0
        bill.incr(tokens)


class _Found(Exception):
    """A model's provider is known; no more was asked."""


def _known(model: str) -> None:
    """Raises `ConfigError` for a name that no provider of the framework has; nothing is set up for one that has."""

    def look(provider: str) -> Any:
        infer_provider_class(provider)
        raise _Found

    try:
        infer_model(model, look)
    except (_Found, ImportError):
        return
    except (UserError, ValueError) as error:
        raise ConfigError(f'the summariser {model!r} is no model: {error}') from None


def may_pass(error: BaseException) -> bool:
    """Whether another attempt may succeed: rate limits, errors of the server, connections, time-outs."""
    if isinstance(error, ModelHTTPError):
        return error.status_code >= 500 or error.status_code in RETRIED
    return isinstance(error, ModelAPIError | OSError)  # `TimeoutError` and `ConnectionError` are `OSError`s
