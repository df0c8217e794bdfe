"""Who answers: an agent, a model, a function, whoever a model's name says, or nobody."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from compactor.errors import ConfigError, StoreError
from compactor.ledger.entry import Entry
from compactor.ledger.prices import Prices
from compactor.run.model_name import named
from compactor.run.reply import LookUp, Reply
from compactor.secrets.redact import redact
from compactor.token_optimizer.loop import finished
from compactor.tokens.counter import counter_for

if TYPE_CHECKING:
    from compactor.store.engine import Store

logger = logging.getLogger('compactor')
SHOWN = 200
"""Characters of an error that are kept."""


class Backend(Protocol):
    """What answers prompts."""

    def ask(self, prompt: str, model: str, look_up: LookUp) -> Reply:
        """The stored answer, or one of its own; the ledger knows of it afterwards."""
        ...


def backend_of(given: Any, store: Store, prices: Prices, ask: bool) -> Backend:
    """What answers.

    Args:
        given: an agent, a model, its name, or a function of the prompt, or of prompt and model; None: by name.
        store: whose ledger requests are written down in.
        prices: what they are priced by.
        ask: False: nobody is asked.

    Raises:
        ConfigError: it is none of these.
    """
    if not ask:
        return Nobody(store, prices)
    if given is None:
        return ByName(store, prices)
    from compactor.adapters.pydantic_ai.cache.asking import AgentBackend, answers, model_called

    if isinstance(given, str):
        return Waiting(AgentBackend(model_called(given), store, prices))
    if answers(given):
        return Waiting(AgentBackend(given, store, prices))
    if callable(given):
        return Called(given, store, prices)
    raise ConfigError(f'a backend is an agent, a model, or a function of prompt and model, not {given!r}')


class _Looking:
    """What is stored, looked up before anybody is asked; a hit is written down."""

    def __init__(self, store: Store, prices: Prices) -> None:
        self._store = store
        self._prices = prices

    def _found(self, model: str, look_up: LookUp) -> Reply | None:
        began = time.perf_counter()
        found = look_up('')
        if found is None:
            return None
        self._note(model, began, kind='cache', cache_hit=True, saved_by_cache=found.tokens)
        return Reply(found.response, cost=0.0, saved=found.tokens)

    def _note(self, model: str, began: float, **values: Any) -> None:
        from compactor.store.entries import Ledger

        name, took = named(model), time.perf_counter() - began
        entry = Entry(self._store.clock(), model=name.name or '', provider=name.provider or '', latency=took, **values)
        try:
            Ledger(self._store, self._prices).record(entry)
        except StoreError as error:
            logger.warning('a request is not in the ledger: %s', error)


class Nobody(_Looking):
    """Only what is stored."""

    def ask(self, prompt: str, model: str, look_up: LookUp) -> Reply:
        """The stored answer, else None, for which nothing was used."""
        return self._found(model, look_up) or Reply(None, cost=0.0)


class Waiting:
    """An agent, waited for."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent

    def ask(self, prompt: str, model: str, look_up: LookUp) -> Reply:
        """The stored answer, or the agent's."""
        reply: Reply = finished(self.agent.ask(prompt, model, look_up))
        return reply


class ByName(_Looking):
    """Whoever the name of the model says."""

    def __init__(self, store: Store, prices: Prices) -> None:
        super().__init__(store, prices)
        self._known: dict[str, Waiting] = {}

    def ask(self, prompt: str, model: str, look_up: LookUp) -> Reply:
        """The stored answer, or that of the model of this name, which is made when it is first asked."""
        if (found := self._found(model, look_up)) is not None:
            return found
        if model not in self._known:
            from compactor.adapters.pydantic_ai.cache.asking import AgentBackend, model_called

            self._known[model] = Waiting(AgentBackend(model_called(model), self._store, self._prices))
        return self._known[model].ask(prompt, model, lambda context: None)


class Called(_Looking):
    """A function of the prompt, or of prompt and model; it may be a coroutine function.

    It gives the answer, or answer, input tokens and output tokens; where it gives no tokens they are counted.
    """

    def __init__(self, function: Callable[..., Any], store: Store, prices: Prices) -> None:
        super().__init__(store, prices)
        self._function = function
        self._alone = _takes_one(function)

    def ask(self, prompt: str, model: str, look_up: LookUp) -> Reply:
        """The stored answer, or the function's."""
        if (found := self._found(model, look_up)) is not None:
            return found
        began = time.perf_counter()
        try:
            given = self._function(prompt) if self._alone else self._function(prompt, model)
            given = finished(_awaited(given)) if inspect.isawaitable(given) else given
        except BaseException as error:
            self._note(model, began, error=redact(f'{type(error).__name__}: {error}'.splitlines()[0])[:SHOWN])
            raise
        response, sent, received = given if isinstance(given, tuple) and len(given) == 3 else (given, None, None)
        estimated = sent is None or received is None
        if sent is None or received is None:
            counter = counter_for(model)
            sent, received = counter.count(prompt), counter.count(str(response))
        name = named(model)
        cost = self._prices.of_tokens(
            name.name or '', name.provider or '', at=self._store.clock(), input_tokens=sent, output_tokens=received
        )
        self._note(model, began, input_tokens=sent, output_tokens=received, cost=cost, estimated=estimated)
        text = isinstance(response, str)
        return Reply(response, sent, received, None if cost is None else float(cost), None, '', text)


async def _awaited(given: Any) -> Any:
    return await given


def _takes_one(function: Callable[..., Any]) -> bool:
    """Whether a function takes the prompt alone."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of one written in C nobody knows
        return False
    try:
        signature.bind('prompt', 'model')
    except TypeError:
        return True
    # A second parameter with a default is something else, unless it is called so.
    second = list(signature.parameters.values())[1:2]
    return bool(second) and second[0].default is not inspect.Parameter.empty and second[0].name != 'model'
