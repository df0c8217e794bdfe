"""One request on its way along a chain: the framework walks, as along a chain of its own; a journey says who is next.

So each model is sent what the framework would send it, in every version, and what a chain of the framework leaves
behind is there: the span names the model that answered, an answer knows the attempts before it, a suspended answer the
model that goes on with it, and what could not be gone on with is begun anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.chain.chain import Attempt, CapacityExhausted
from compactor.adapters.pydantic_ai.chain.journey import Journey
from compactor.adapters.pydantic_ai.chain.link import Link
from compactor.adapters.pydantic_ai.chain.named_span import named_for
from compactor.adapters.pydantic_ai.heard import Heard, listen
from compactor.run.reporting import listener


class Turn(WrapperModel):
    """A model whose turn it is: it is sent what was made for it.

    Args:
        journey: the request.
        link: the model.
        attempt: what it is sent; None where it cannot be asked now.
        refusal: why it cannot.
    """

    def __init__(
        self, journey: Journey, link: Link, attempt: Attempt | None, refusal: CapacityExhausted | None = None
    ) -> None:
        super().__init__(link.model)
        self.journey = journey
        self.attempt = attempt
        self.refusal = refusal
        self.heard = Heard()
        self.over = attempt is None
        self._prepared = False

    @property
    def model_id(self) -> str:
        """The model's own; some versions would put one together for a chain."""
        return self.wrapped.model_id

    def prepare_messages(self, messages: list[ModelMessage], *more: Any) -> list[ModelMessage]:
        """What the model makes of the history that was made for it."""
        self._prepared = True
        return self.wrapped.prepare_messages(self._sent(messages), *more)

    def _sent(self, messages: list[ModelMessage]) -> list[ModelMessage]:
        return messages if self.attempt is None else self.attempt.fitted.messages

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The model's answer, which is counted."""
        attempt = self._attempt()
        sent = messages if self._prepared else self._sent(messages)
        with self._listening() as self.heard, named_for(self.wrapped.model_name):
            response = await self.wrapped.request(sent, attempt.fitted.settings, model_request_parameters)
        self.over = True
        await self.journey.answered(attempt, response, self.heard)
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Any,
        model_request_parameters: Any,
        run_context: Any = None,
    ) -> AsyncIterator[Any]:
        """The model's stream, which has begun where this version's framework does not wait for that itself."""
        attempt = self._attempt()
        sent = messages if self._prepared else self._sent(messages)
        asked = (sent, attempt.fitted.settings, model_request_parameters, run_context)
        async with AsyncExitStack() as stack:
            with self._listening() as self.heard, named_for(self.wrapped.model_name):
                stream = await stack.enter_async_context(self.wrapped.request_stream(*asked))
                if not compat.WAITS_FOR_FIRST_EVENT:
                    await _begun(stream)
            yield stream

    def _attempt(self) -> Attempt:
        if self.attempt is None:
            assert self.refusal is not None
            raise self.refusal
        heard_by = listener()
        if heard_by is not None:
            heard_by.on_sent()
        return self.attempt

    def _listening(self) -> Any:
        return listen(self.wrapped, self.journey.clock, at_once=True)


class Walk(FallbackModel):
    """One request's walk.

    It goes under the chain's name, by which the framework finds the span that the answering model is written to.

    Args:
        journey: says who is next.
        anew: begins the request anew, where what a provider had begun cannot be gone on with; None for a request that
            goes on with nothing.
    """

    def __init__(self, journey: Journey, anew: Callable[[], Awaitable[Journey]] | None = None) -> None:
        self.journey = journey
        self.turn: Turn | None = None
        self._anew = anew
        judged: list[Any] = [self._goes_on, self._not_taken] if journey.judges_answers else [self._goes_on]
        super().__init__(journey.order[0].model, fallback_on=judged)
        self.models: Any = _Turns(self)

    @property
    def model_name(self) -> str:
        """The chain's."""
        return self.journey.title

    async def begun(self) -> Walk:
        """The walk at its first model.

        Raises:
            CapacityExhausted: no model can be asked.
            StoreError: the store is away, and policy says 'closed'.
        """
        try:
            await self._next()
        except CapacityExhausted as error:
            if self._anew is None:
                raise
            self.turn = Turn(self.journey, self.journey.order[0], None, error)
        return self

    def _get_continuation_model(self, messages: list[ModelMessage]) -> Model | None:
        return self.turn if self._anew is not None else None

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The answer of the first model that can give one."""
        try:
            return await super().request(messages, model_settings, model_request_parameters)
        except BaseException:
            self._left()
            raise

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Any,
        model_request_parameters: Any,
        run_context: Any = None,
    ) -> AsyncIterator[Any]:
        """The stream of the first model that sends an event."""
        asked = (messages, model_settings, model_request_parameters, run_context)
        try:
            async with super().request_stream(*asked) as stream:
                assert self.turn is not None
                handed = _Handed(self.turn, stream)
                try:
                    yield stream
                finally:  # read to its end, left, or broken
                    await handed.over(stream)
        except BaseException:
            self._left()
            raise

    async def _next(self) -> None:
        attempt = await self.journey.next()
        self.turn = Turn(self.journey, attempt.link, attempt)

    async def _goes_on(self, error: Exception) -> bool:
        """Takes in what a model raised; whether somebody else is asked."""
        turn = self.turn
        assert turn is not None
        if turn.attempt is not None:
            turn.over = True
            if not await self.journey.goes_on(turn.attempt, error, turn.heard):
                return False
        if self._anew is not None:
            self.journey, self._anew = await self._anew(), None
        await self._next()
        return True

    async def _not_taken(self, response: ModelResponse) -> bool:
        """Takes in that whoever made the chain does not take an answer; whether that is so, and somebody else is asked.

        Where nobody is left, the framework says so.
        """
        turn = self.turn
        assert turn is not None
        assert turn.attempt is not None
        if await self.journey.takes(turn.attempt, response):
            return False
        if self._anew is not None:
            self.journey, self._anew = await self._anew(), None
        if self.journey.is_over:
            self.turn = None
        else:
            await self._next()
        return True

    def _left(self) -> None:
        """Takes in that whoever asked is not there any more, or was told of an error; waits for nothing."""
        turn = self.turn
        if turn is not None and turn.attempt is not None and not turn.over:
            turn.over = True
            turn.journey.abandoned(turn.attempt)


class _Turns:
    """The models of a walk: whoever's turn it is, again and again; an answer or an error ends it."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def __iter__(self) -> Iterator[Turn]:
        while self._walk.turn is not None:
            yield self._walk.turn


async def _begun(stream: Any) -> None:
    """Waits for a stream's first event; the stream then begins with it."""
    coming = aiter(stream)
    try:
        first = await anext(coming)
    except StopAsyncIteration:
        return
    stream._event_iterator = _again(first, coming)


async def _again(first: Any, coming: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for event in coming:
        yield event


class _Handed:
    """A stream that somebody reads: another model can answer no more, and how it ends is taken in."""

    def __init__(self, turn: Turn, stream: Any) -> None:
        self._turn = turn
        self._broken = False
        turn.over = True
        stream._event_iterator = self._watched(aiter(stream))

    async def _watched(self, coming: AsyncIterator[Any]) -> AsyncIterator[Any]:
        try:
            async for event in coming:
                yield event
        except Exception as error:
            self._broken = True
            turn = self._turn
            assert turn.attempt is not None
            await turn.journey.broken(turn.attempt, error, turn.heard)
            raise

    async def over(self, stream: Any) -> None:
        """Takes in how a stream ended that did not break."""
        if self._broken:
            return
        turn, response = self._turn, None
        assert turn.attempt is not None
        with suppress(Exception):  # somebody else's stream: its reader asks it too, and is told what is wrong with it
            response = stream.get()
        if response is None:
            turn.journey.abandoned(turn.attempt)
            return
        whole = response.finish_reason is not None or compat.is_read(stream)
        await turn.journey.answered(turn.attempt, response, turn.heard, whole=whole)
