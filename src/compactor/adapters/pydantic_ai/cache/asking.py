"""An agent or a model as what answers prompts one by one, each looked up before it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters, infer_model
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from compactor.adapters.pydantic_ai.answers import SAVED, answer_of
from compactor.adapters.pydantic_ai.cache.cached import UNFINISHED, without_prompt
from compactor.adapters.pydantic_ai.cache.noted import NotedModel, write_down
from compactor.adapters.pydantic_ai.cache.replay import replayed
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.request_key import request_key
from compactor.errors import ConfigError
from compactor.ledger.prices import Prices
from compactor.run.reply import LookUp, Reply
from compactor.run.threads import beside
from compactor.store.engine import Store

PROVIDERS = (
    ('gpt-', 'openai'),
    ('chatgpt-', 'openai'),
    ('o1', 'openai'),
    ('o3', 'openai'),
    ('o4', 'openai'),
    ('claude-', 'anthropic'),
    ('gemini-', 'google'),
    ('deepseek-', 'deepseek'),
    ('mistral-', 'mistral'),
)
"""How names of models begin whose provider everybody knows."""


def answers(backend: object) -> bool:
    """Whether a backend is an agent or a model."""
    return isinstance(backend, AbstractAgent | Model)


class AgentBackend:
    """Asks an agent.

    Args:
        agent: who answers; a model is taken for an agent of nothing but it.
        store: whose ledger its requests are written down in.
        prices: what they are priced by.
    """

    def __init__(self, agent: AbstractAgent[Any, Any] | Model, store: Store, prices: Prices) -> None:
        self.agent: AbstractAgent[Any, Any] = Agent(agent) if isinstance(agent, Model) else agent
        model = self.agent.model
        if model is None:
            raise ConfigError('the agent has no model: Agent(model, ...)')
        self.model = model if isinstance(model, Model) else infer_model(model)
        self._store = store
        self._prices = prices

    @property
    def name(self) -> str:
        """Provider and name of the model."""
        return identify(self.model).full or self.model.model_name

    async def ask(self, prompt: str, name: str, look_up: LookUp) -> Reply:
        """The agent's answer, or the stored one.

        Args:
            prompt: what is asked.
            name: the model that was asked for; its price counts where nobody knows that of who answered.
            look_up: finds a stored answer.
        """
        keyed = _Keyed(self.model, look_up)
        noted = NotedModel(keyed, self._store.clock)

        def price(response: ModelResponse) -> Decimal | None:
            return self._price(response, name)

        try:
            result = await self.agent.run(prompt, model=noted)
        finally:
            await write_down(self._store, self._prices, noted.entries(self.agent.name or '', price))
        given = [one.response for one in noted.sent if one.response is not None]
        paid = [one.response for one in noted.sent if one.response is not None and not one.hit]
        costs = [price(one) for one in paid]
        known = [cost for cost in costs if cost is not None]
        return Reply(
            result.output,
            sum(one.usage.input_tokens for one in paid),
            sum(one.usage.output_tokens for one in paid),
            float(sum(known)) if len(known) == len(costs) else None,
            keyed.saved if not paid else None,
            keyed.context,
            isinstance(result.output, str) and len(given) == 1 and _plain(given[0]),
        )

    def _price(self, response: ModelResponse, name: str) -> Decimal | None:
        answer = answer_of(self.model, response)
        provider, _, model = name.rpartition(':')
        for by in ((answer.by.name or '', answer.by.provider or ''), (model, provider)):
            cost = self._prices.of_tokens(
                *by,
                at=self._store.clock(),
                input_tokens=answer.input_tokens,
                output_tokens=answer.output_tokens,
                cache_read_tokens=answer.cache_read_tokens,
                cache_write_tokens=answer.cache_write_tokens,
                billing=answer.billing,
            )
            if cost is not None:
                return cost
        return None


def model_called(name: str) -> Model:
    """The model of a name, with its provider or, where everybody knows it, without.

    Raises:
        ConfigError: the name says no model, or its provider wants something that is missing, such as a key.
    """
    try:
        return infer_model(_whole(name))
    except Exception as error:
        raise ConfigError(
            f"nobody answers as {name!r} ({error}): name it as 'provider:model', or give a backend, such as"
            ' TokenOptimizer(agent)'
        ) from error


def _whole(name: str) -> str:
    if ':' in name.partition('/')[0]:
        return name
    if '/' in name:
        return f'openrouter:{name}'
    provider = next((provider for begins, provider in PROVIDERS if name.lower().startswith(begins)), None)
    return name if provider is None else f'{provider}:{name}'


class _Keyed(WrapperModel):
    """A model whose first request of a run is looked up by what is sent besides the prompt."""

    def __init__(self, wrapped: Model, look_up: LookUp) -> None:
        super().__init__(wrapped)
        self._look_up: LookUp | None = look_up
        self.context = ''
        self.saved: int | None = None

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The stored answer, or the model's."""
        found = await self._found(messages, model_settings, model_request_parameters)
        return found or await self.wrapped.request(messages, model_settings, model_request_parameters)

    @asynccontextmanager
    async def request_stream(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any, *context: Any
    ) -> AsyncIterator[Any]:
        """The same as a stream."""
        if (found := await self._found(messages, model_settings, model_request_parameters)) is not None:
            yield replayed(found, model_request_parameters)
            return
        streaming: Callable[..., Any] = self.wrapped.request_stream
        async with streaming(messages, model_settings, model_request_parameters, *context) as stream:
            yield stream

    async def _found(self, messages: list[ModelMessage], settings: Any, parameters: Any) -> ModelResponse | None:
        look_up, self._look_up = self._look_up, None
        if look_up is None:
            return None
        context = self.context = context_of(messages, settings, parameters)
        found = await beside(lambda: look_up(context))
        if found is None:
            return None
        self.saved = found.tokens
        return ModelResponse(
            parts=[TextPart(found.response)],
            usage=RequestUsage(),
            model_name=self.wrapped.model_name,
            provider_details={SAVED: found.tokens},
            finish_reason='stop',
        )


def context_of(messages: list[ModelMessage], settings: Any, parameters: Any) -> str:
    """The hash of all that is sent but the prompt: instructions, history, settings, tools; '' for nothing."""
    nothing = request_key('', [ModelRequest(parts=[UserPromptPart('')])], None, ModelRequestParameters())
    key = request_key('', without_prompt(messages), settings, parameters)
    return '' if key == nothing else key


def _plain(response: ModelResponse) -> bool:
    """Whether an answer is one that may be given again: whole, and without calls, which may have done something."""
    calls = any('call' in part.part_kind for part in response.parts)
    return not calls and response.finish_reason not in UNFINISHED and SAVED not in (response.provider_details or {})
