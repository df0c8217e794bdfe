"""`NotedModel`: a model that remembers what it was asked, and writes it into a ledger unless somebody else has."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.models.wrapper import WrapperModel

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.answers import SAVED, answer_of
from compactor.adapters.pydantic_ai.models import identify
from compactor.errors import StoreError
from compactor.ledger.entry import Entry
from compactor.ledger.prices import Prices
from compactor.run.threads import beside
from compactor.secrets.redact import redact
from compactor.store.engine import Store

logger = logging.getLogger('compactor')
SHOWN = 200
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and how it ended.

    Attributes:
        at: when, in seconds since 1970.
        seconds: how long it took.
        response: the answer; None where there was none.
        error: what was raised; None where there was an answer.
    """

    at: float
    seconds: float
    response: ModelResponse | None
    error: BaseException | None = None

    @property
    def hit(self) -> bool:
        """Whether it was answered from a cache."""
        return self.response is not None and SAVED in (self.response.provider_details or {})


class NotedModel(WrapperModel):
    """Wraps a model for one run and remembers each of its requests.

    Args:
        wrapped: the model.
        clock: seconds since 1970.

    Attributes:
        sent: the requests, in order.
        run: the id of the run, as its messages say; '' if they do not.
    """

    def __init__(self, wrapped: Model, clock: Callable[[], float] = time.time) -> None:
        super().__init__(wrapped)
        self.sent: list[Sent] = []
        self.run = ''
        self._clock = clock

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The model's answer."""
        began = self._begun(messages)
        try:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
        except BaseException as error:
            self._ended(began, None, error)
            raise
        self._ended(began, response)
        return response

    @asynccontextmanager
    async def request_stream(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any, *context: Any
    ) -> AsyncIterator[Any]:
        """The model's answer as a stream."""
        began = self._begun(messages)
        streaming: Callable[..., Any] = self.wrapped.request_stream
        try:
            async with streaming(messages, model_settings, model_request_parameters, *context) as stream:
                yield stream
        except BaseException as error:
            self._ended(began, None, error)
            raise
        self._ended(began, stream.get())

    def _begun(self, messages: list[ModelMessage]) -> float:
        self.run = self.run or next((found for one in reversed(messages) if (found := compat.run_id(one))), '')
        return time.perf_counter()

    def _ended(self, began: float, response: ModelResponse | None, error: BaseException | None = None) -> None:
        self.sent.append(Sent(self._clock(), time.perf_counter() - began, response, error))

    def entries(self, agent: str = '', price: Callable[[ModelResponse], Decimal | None] | None = None) -> list[Entry]:
        """The requests as a ledger keeps them.

        Args:
            agent: the agent's name.
            price: dollars of an answer from who knows better than the ledger; None leaves it to the ledger.
        """
        return [self._entry(one, agent, price) for one in self.sent]

    def _entry(self, one: Sent, agent: str, price: Callable[[ModelResponse], Decimal | None] | None) -> Entry:
        common: dict[str, Any] = {
            'at': one.at,
            'agent': agent,
            'conversation': self.run,
            'run': self.run,
            'latency': one.seconds,
        }
        if one.response is None:
            name = identify(self.wrapped)
            shown = redact(f'{type(one.error).__name__}: {one.error}'.splitlines()[0])[:SHOWN]
            return Entry(model=name.name or '', provider=name.provider or '', error=shown, **common)
        answer = answer_of(self.wrapped, one.response)
        return Entry(
            model=answer.by.name or '',
            provider=answer.by.provider or '',
            kind='request' if answer.saved is None else 'cache',
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            cache_read_tokens=answer.cache_read_tokens,
            cache_write_tokens=answer.cache_write_tokens,
            finish_reason=answer.finish_reason,
            cache_hit=answer.saved is not None,
            saved_by_cache=answer.saved or 0,
            cost=None if price is None or answer.saved is not None else price(one.response),
            billing=answer.billing,
            estimated=not answer.measured and answer.saved is None,
            **common,
        )


async def write_down(store: Store, prices: Prices, entries: list[Entry]) -> None:
    """Writes entries into the ledger of a store, but for a run that somebody has written down there already.

    A `Compactor` on the agent with the same store is such. A store that is away costs the entries, not the answer.
    """
    if not entries:
        return
    try:
        await beside(lambda: _written(store, prices, entries))
    except StoreError as error:
        logger.warning('%d requests are not in the ledger: %s', len(entries), error)


def _written(store: Store, prices: Prices, entries: list[Entry]) -> None:
    from sqlalchemy import select

    from compactor.store.entries import Ledger
    from compactor.store.schema import entries as table

    run, since = entries[0].run, min(one.at - (one.latency or 0.0) for one in entries) - 1.0
    if run:
        known = select(table.c.id).where(table.c.at >= since, table.c.run == run).limit(1)
        with store.read() as connection:
            if connection.execute(known).first() is not None:
                return
    Ledger(store, prices).record_many(entries)
