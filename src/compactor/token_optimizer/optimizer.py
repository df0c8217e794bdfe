"""`TokenOptimizer`: prompts answered once, counted, priced and written down, without an event loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from compactor.errors import StoreError
from compactor.ledger.prices import Prices
from compactor.run.reply import Reply
from compactor.secrets.redact import redact
from compactor.token_optimizer import report
from compactor.token_optimizer.backend import backend_of
from compactor.token_optimizer.cache import MAX_AGE_HOURS, CachedResponse, TokenCache
from compactor.token_optimizer.metrics import UNKNOWN, TokenMetrics
from compactor.token_optimizer.tokenizer import WORKERS, ParallelTokenizer
from compactor.token_optimizer.tracker import HOURS, TokenMetricsTracker

if TYPE_CHECKING:
    from compactor.store.engine import Store

T = TypeVar('T')
logger = logging.getLogger('compactor')


class TokenOptimizer:
    """Answers prompts, each once; says what they took.

    May be shared by threads. What it sends is in the ledger of its store (`compactor stats`), unless a `Compactor` on
    the agent has written it there. A store that is away costs the cache and the figures, never the answer.

    Args:
        backend: who answers: an agent, a model, its name ('openai:gpt-4o'), or a function of the prompt, or of prompt
            and model, that gives the answer, or answer, input tokens and output tokens. None: whoever the `model` of a
            request says. An agent and a model answer whatever that name is: it is what answers are stored, priced and
            counted under.
        store: where: a `Store`, its URL or path; default: see `Store`.
        max_age_hours: hours that an answer is good for.
        max_workers: threads at most, of counts and of a batch's requests.
        prices: what requests are priced by; default: `genai-prices`, if it is installed.
        ask: False: nobody is asked; what is not stored is answered by None, at no cost. For who asks itself.

    Attributes:
        cache: the answers (`TokenCache`).
        metrics: the figures (`TokenMetricsTracker`).
        tokenizer: counts (`ParallelTokenizer`).

    Raises:
        ConfigError: the backend is none, a number is not positive, the store is a tenant's, or the extra `store` is not
            installed.
    """

    def __init__(
        self,
        backend: Any = None,
        *,
        store: Store | str | Path | None = None,
        max_age_hours: float = MAX_AGE_HOURS,
        max_workers: int = WORKERS,
        prices: Prices | None = None,
        ask: bool = True,
    ) -> None:
        from compactor.store.engine import Store

        self.store = store if isinstance(store, Store) else Store(store)
        self.prices = prices or Prices()
        self.cache = TokenCache(self.store, max_age_hours)
        self.metrics = TokenMetricsTracker(self.store)
        self.tokenizer = ParallelTokenizer(max_workers)
        self._backend = backend_of(backend, self.store, self.prices, ask)

    def process_request(self, prompt: str, model: str, use_cache: bool = True) -> tuple[Any, TokenMetrics]:
        """The answer to a prompt, and what it took.

        An answer is stored if it is text, whole, without a secret in it, and was given without a call of a tool, which
        may have done something.

        Args:
            prompt: what is asked.
            model: the model that is asked for.
            use_cache: whether a stored answer is taken, and the answer stored.

        Returns:
            (response, metrics).

        Raises:
            ConfigError: there is no backend, and nobody knows a model of this name.
        """
        began = time.perf_counter()
        reply = self._backend.ask(prompt, model, partial(self._stored, prompt, model, use_cache))
        milliseconds = (time.perf_counter() - began) * 1_000
        metrics = self._metrics(reply, prompt, model, milliseconds)
        if reply.response is None and not metrics.cache_hit and not metrics.total_tokens:
            return None, metrics  # nobody was asked
        if use_cache and reply.keep and redact(reply.response) == reply.response:
            self._kept(lambda: self.cache.set(prompt, model, reply.response, metrics.total_tokens, reply.context))
        self._kept(lambda: self.metrics.record(metrics))
        return reply.response, metrics

    def batch_process(
        self, prompts: Sequence[str], model: str, use_cache: bool = True
    ) -> list[tuple[Any, TokenMetrics]]:
        """The answers to many prompts, and what each took, in their order; `tokenizer.max_workers` are asked at once.

        With the cache, prompts that are the same are asked once. All are tried; if one failed, what it raised is raised
        when the others are done, and their answers are stored.
        """
        later: list[int] = []
        first: dict[str, int] = {}
        for i, prompt in enumerate(prompts):
            if use_cache and first.setdefault(self.cache.key(prompt, model, ''), i) != i:
                later.append(i)
        found: dict[int, tuple[Any, TokenMetrics]] = {}
        failed: list[BaseException] = []
        for some in ([i for i in range(len(prompts)) if i not in set(later)], later):
            if not some:
                continue
            with ThreadPoolExecutor(min(self.tokenizer.max_workers, len(some)), 'compactor-batch') as threads:
                waiting = {
                    i: threads.submit(copy_context().run, self.process_request, prompts[i], model, use_cache)
                    for i in some
                }
            for i, one in waiting.items():
                error = one.exception()
                if error is None:
                    found[i] = one.result()
                else:
                    failed.append(error)
        if failed:
            raise failed[0]
        return [found[i] for i in range(len(prompts))]

    def get_optimization_report(self, hours: float = HOURS) -> dict[str, Any]:
        """What the last hours took and what could be better, as JSON has it.

        `period_hours`; `cache` with `total_entries`, `total_hits`, `hit_rate`, `tokens_saved`, `estimated_cost_saved`,
        `by_model`; `metrics` as `metrics.get_summary` has them; `efficiency_rankings`; `recommendations`, sentences.
        What the cache holds and has saved is of all times, the rest of the period. An amount that nobody knows is None.
        """
        return report.report(
            hours,
            self.cache.get_stats(),
            self.cache.saved(),
            self.metrics.get_summary(hours),
            self.metrics.get_efficiency_rankings(hours),
            self.prices,
            self.store.clock(),
        )

    def close(self) -> None:
        """Lets go of the store's connections; it may be used again."""
        self.store.close()

    def _stored(self, prompt: str, model: str, wanted: bool, context: str) -> CachedResponse | None:
        self.cache.context = context
        return self._kept(lambda: self.cache.get(prompt, model, context)) if wanted else None

    def _metrics(self, reply: Reply, prompt: str, model: str, milliseconds: float) -> TokenMetrics:
        hit = reply.saved is not None
        sent, received = reply.input_tokens, reply.output_tokens
        if not hit and not sent and not received and reply.response is not None:  # its provider said nothing
            sent = self.tokenizer.count_tokens(prompt, model)
            received = self.tokenizer.count_tokens(str(reply.response), model)
        cost = 0.0 if hit else UNKNOWN if reply.cost is None else reply.cost
        now = datetime.fromtimestamp(self.store.clock(), UTC)
        return TokenMetrics(sent, received, sent + received, cost, milliseconds, hit, model, now, reply.saved or 0)

    def _kept(self, work: Callable[[], T]) -> T | None:
        """What the store gives; one that is away is warned of, and costs no answer."""
        try:
            return work()
        except StoreError as error:
            logger.warning('%s', error)
            return None
