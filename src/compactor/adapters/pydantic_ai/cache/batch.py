"""Prompts through an agent, one or many at once, each with what it cost: `process_request`, `process_batch`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, infer_model

from compactor.adapters.pydantic_ai.answers import SAVED
from compactor.adapters.pydantic_ai.cache.cached import CachedModel
from compactor.adapters.pydantic_ai.cache.noted import NotedModel, write_down
from compactor.adapters.pydantic_ai.models import identify
from compactor.errors import ConfigError
from compactor.ledger.prices import Prices
from compactor.store.engine import Store
from compactor.store.responses import TTL

CONCURRENCY = 8
"""Prompts that are processed at once, unless told otherwise."""

Progress = Callable[[int, int], None]
"""Told how many prompts are done, and of how many."""


@dataclass(frozen=True, slots=True)
class TokenMetrics:
    """What one prompt took.

    Attributes:
        model: provider and name of the model that answered.
        prompt_tokens: input of all its requests; 0 for answers from the cache.
        completion_tokens: their output.
        total_tokens: both.
        cost: dollars; 0 for an answer from the cache, None where no price is known.
        response_time: seconds from the prompt to its answer.
        cache_hit: whether every request was answered from the cache.
        timestamp: when it was done, in seconds since 1970.
    """

    model: str
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost: Decimal | None
    response_time: float
    cache_hit: bool
    timestamp: float

    @property
    def free(self) -> bool:
        """Whether it cost nothing; its efficiency has no number then."""
        return self.cost is not None and self.cost == 0

    @property
    def efficiency(self) -> float | None:
        """(tokens / second) / dollar; None for what was free, and where no price is known."""
        if self.cost is None or self.free or self.response_time <= 0:
            return None
        return self.total_tokens / self.response_time / float(self.cost)


class Processed(NamedTuple):
    """An answer, and what it took."""

    response: Any
    metrics: TokenMetrics


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one prompt of a batch.

    Attributes:
        prompt: the prompt.
        response: the agent's output; None if it failed.
        metrics: what it took; None if it failed.
        error: what was raised; None if nothing was.
    """

    prompt: str
    response: Any = None
    metrics: TokenMetrics | None = None
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error is None


async def process_request(
    prompt: str,
    agent: Agent[None, Any],
    use_cache: bool = True,
    *,
    store: Store | str | Path | None = None,
    ttl: float = TTL,
    prices: Prices | None = None,
) -> Processed:
    """Runs an agent on one prompt.

    Args:
        prompt: what is asked.
        agent: who answers; it needs no dependencies.
        use_cache: whether what was answered before is not asked again (`CachedModel`).
        store: where answers are kept, and whose ledger has an entry of every request, unless a `Compactor` on the
            agent has written it there; default: see `Store`.
        ttl: seconds that an answer is good for.
        prices: what requests are priced by; default: `genai-prices`, if it is installed.

    Returns:
        (response, metrics): the agent's output, and a `TokenMetrics`.

    Raises:
        ConfigError: the agent has no model, or the extra `store` is not installed.
    """
    with _opened(store) as opened:
        model = _model(agent, opened if use_cache else None, ttl)
        return await _processed(prompt, agent, model, prices or Prices(), opened)


async def process_batch(
    prompts: Sequence[str],
    agent: Agent[None, Any],
    use_cache: bool = True,
    *,
    concurrency: int = CONCURRENCY,
    progress: bool | Progress = False,
    store: Store | str | Path | None = None,
    ttl: float = TTL,
    prices: Prices | None = None,
) -> list[BatchItem]:
    """Runs an agent on many prompts, some at once; one that fails stops no other.

    Args:
        prompts: what is asked.
        agent: who answers; it needs no dependencies.
        use_cache: see `process_request`; equal prompts of the batch are asked once.
        concurrency: prompts in flight at most.
        progress: True draws a bar on standard error (extra `cli`); or what to call after each prompt.
        store: see `process_request`.
        ttl: see `process_request`.
        prices: see `process_request`.

    Returns:
        An item for each prompt, in their order, with its answer or its error.

    Raises:
        ConfigError: `concurrency` is under 1, the agent has no model, or an extra is not installed.
    """
    if concurrency < 1:
        raise ConfigError(f'concurrency must be at least 1, got {concurrency}')
    room = asyncio.Semaphore(concurrency)
    done = 0
    with _opened(store) as opened, _told(progress) as tell:
        model = _model(agent, opened if use_cache else None, ttl)

        async def one(prompt: str) -> BatchItem:
            nonlocal done
            async with room:
                try:
                    processed = await _processed(prompt, agent, model, prices or Prices(), opened)
                    item = BatchItem(prompt, processed.response, processed.metrics)
                except Exception as error:  # noqa: BLE001 - one prompt's failure is its own item
                    item = BatchItem(prompt, error=error)
                done += 1
                tell(done, len(prompts))
                return item

        return list(await asyncio.gather(*map(one, prompts)))


async def _processed(prompt: str, agent: Agent[None, Any], model: Model, prices: Prices, store: Store) -> Processed:
    noted = NotedModel(model, store.clock)
    began = time.perf_counter()
    try:
        result = await agent.run(prompt, model=noted)
    finally:
        seconds = time.perf_counter() - began
        await write_down(store, prices, noted.entries(agent.name or ''))
    answers = [message for message in result.new_messages() if isinstance(message, ModelResponse)]
    now = time.time()
    costs = [_cost(answer, model, prices, now) for answer in answers]
    known = [cost for cost in costs if cost is not None]
    sent = sum(answer.usage.input_tokens for answer in answers)
    received = sum(answer.usage.output_tokens for answer in answers)
    metrics = TokenMetrics(
        model=identify(model).full or model.model_name,
        prompt_tokens=sent,
        completion_tokens=received,
        total_tokens=sent + received,
        cost=sum(known, start=Decimal(0)) if len(known) == len(costs) else None,
        response_time=seconds,
        cache_hit=bool(answers) and all(_hit(answer) for answer in answers),
        timestamp=now,
    )
    return Processed(result.output, metrics)


def _hit(answer: ModelResponse) -> bool:
    return SAVED in (answer.provider_details or {})


def _cost(answer: ModelResponse, model: Model, prices: Prices, now: float) -> Decimal | None:
    if _hit(answer):
        return Decimal(0)
    name = identify(model)
    return prices.of_tokens(
        answer.model_name or name.name or '',
        answer.provider_name or name.provider or '',
        at=now,
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        cache_read_tokens=answer.usage.cache_read_tokens,
        cache_write_tokens=answer.usage.cache_write_tokens,
    )


def _model(agent: Agent[None, Any], store: Store | None, ttl: float) -> Model:
    if agent.model is None:
        raise ConfigError('the agent has no model: Agent(model, ...)')
    model = agent.model if isinstance(agent.model, Model) else infer_model(agent.model)
    return model if store is None else CachedModel(model, store=store, ttl=ttl)


@contextmanager
def _opened(store: Store | str | Path | None) -> Iterator[Store]:
    """The store to use; one that was opened here is closed here."""
    if isinstance(store, Store):
        yield store
        return
    with Store(store) as opened:
        yield opened


@contextmanager
def _told(progress: bool | Progress) -> Iterator[Progress]:
    """Whom to tell of progress."""
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda done, of: None
    else:
        if find_spec('rich') is None:
            raise ConfigError("a progress bar needs rich: pip install 'pydantic-ai-compactor[cli]'")
        from rich.console import Console
        from rich.progress import Progress as Bar

        with Bar(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task('prompts')
            yield lambda done, of: bar.update(task, completed=done, total=of)
