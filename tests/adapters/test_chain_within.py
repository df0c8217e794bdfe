"""A chain inside somebody else's, or around one: what the framework expects of the models of a chain still holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydantic_ai.capabilities as capabilities
import pydantic_ai.models as models
import pytest
from pydantic_ai import Agent, exceptions
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.wrapper import WrapperModel

from compactor import CapacityExhausted, CapacityModel
from compactor.adapters.pydantic_ai.chain.named_span import NAME, named_for
from tests.adapters.chains import Time
from tests.adapters.driver import go

Around = Callable[[CapacityModel, Model], Model]


class Part:
    """A model that plays a part: what it answers next, an error or a text; the last again and again."""

    def __init__(self, name: str, *lines: str | Exception | ModelResponse) -> None:
        self.lines = list(lines)
        self.asked: list[list[ModelMessage]] = []
        self.model = FunctionModel(self._answer, stream_function=self._stream, model_name=name)

    def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.asked.append(list(messages))
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, ModelResponse) else ModelResponse(parts=[TextPart(line)])

    async def _stream(self, messages: list[ModelMessage], info: AgentInfo) -> Any:
        for part in self._answer(messages, info).parts:
            yield getattr(part, 'content', '')


def down(status: int = 503) -> exceptions.ModelHTTPError:
    """An error of a model that is not there."""
    return exceptions.ModelHTTPError(status, 'm')


async def run(model: Model, stream: bool = False) -> str:
    """What a chain answers, in either way."""
    if not stream:
        return str((await Agent(model).run('hi')).output)
    async with Agent(model).run_stream('hi') as streamed:
        return str(await streamed.get_output())


def patient(time: Time, *parts: Part, **more: Any) -> CapacityModel:
    """A chain whose clock only waiting moves."""
    return CapacityModel(*(part.model for part in parts), clock=time, sleep=time.sleep, chance=lambda: 0.0, **more)


# -- somebody else would be asked --------------------------------------------------------------------------------

AROUND: dict[str, Around] = {
    'before another': lambda chain, alive: FallbackModel(chain, alive),
    'wrapped': lambda chain, alive: FallbackModel(WrapperModel(chain), alive),
    'in a chain in one of ours': lambda chain, alive: CapacityModel(FallbackModel(chain), alive),
    'a chain that is wrapped': lambda chain, alive: WrapperModel(FallbackModel(chain, alive)),
    'in one of ours': lambda chain, alive: CapacityModel(chain, alive),
    'in one of ours, wrapped': lambda chain, alive: CapacityModel(WrapperModel(chain), alive),
    'in one of ours within another': lambda chain, alive: FallbackModel(CapacityModel(chain), alive),
}


@pytest.mark.parametrize('stream', [False, True], ids=['request', 'stream'])
@pytest.mark.parametrize('around', AROUND)
def test_it_does_not_wait_where_somebody_else_would_be_asked(around: str, stream: bool) -> None:
    """It gives up at once, and the next request does not even ask the model that pauses."""
    time, dead = Time(), Part('dead', down())
    model = AROUND[around](patient(time, dead), Part('alive', 'from alive').model)
    for _ in range(2):
        assert go(run(model, stream)) == 'from alive'
    assert (time.waits, len(dead.asked)) == ([], 1)


def test_it_does_not_wait_outside_of_an_agent_either() -> None:
    """Whoever asks is found wherever the request comes from."""
    time = Time()
    model = FallbackModel(patient(time, Part('dead', down())), Part('alive', 'from alive').model)
    asked = model_request(model, [ModelRequest(parts=[UserPromptPart('hi')])])
    assert 'from alive' in str(go(asked).parts)
    assert time.waits == []


@pytest.mark.skipif(not hasattr(capabilities, 'ModelFallback'), reason='this pydantic-ai has no such capability')
@pytest.mark.parametrize('last', [False, True])
def test_it_does_not_wait_where_an_agent_would_ask_another(last: bool) -> None:
    """`ModelFallback` goes on after the run's model, and after each of its own but the last."""
    kind: Any = vars(capabilities)['ModelFallback']
    time, alive = Time(), Part('alive', 'from alive')
    chain = patient(time, Part('dead', down(), 'from the dead'))
    agent = (
        Agent(Part('other', down()).model, capabilities=[kind(chain)])
        if last
        else Agent(chain, capabilities=[kind(alive.model)])
    )
    assert go(agent.run('hi')).output == ('from the dead' if last else 'from alive')
    assert bool(time.waits) == last


@pytest.mark.parametrize(
    'around',
    [
        lambda chain, dead: chain,
        lambda chain, dead: WrapperModel(chain),
        lambda chain, dead: FallbackModel(chain),
        lambda chain, dead: FallbackModel(FallbackModel(chain), dead),
        lambda chain, dead: FallbackModel(dead, chain),
        lambda chain, dead: CapacityModel(dead, chain),
    ],
    ids=['alone', 'wrapped', 'a chain of it', 'in a chain that raises a group', 'the last', 'the last of ours'],
)
def test_it_waits_where_nobody_else_would_be_asked(around: Around) -> None:
    """Nobody else could answer, so a little patience is all there is."""
    time = Time()
    model = around(patient(time, Part('slow', down(), 'from slow')), Part('dead', down(401)).model)
    assert go(run(model)) == 'from slow'
    assert time.waits == [2.0]


def test_two_of_ours_in_a_chain_wait_once() -> None:
    """The first gives up at once, the last waits."""
    first, second = Time(), Time()
    slow = patient(second, Part('slow', down(), 'from slow'))
    assert go(run(FallbackModel(patient(first, Part('dead', down())), slow))) == 'from slow'
    assert (first.waits, second.waits) == ([], [2.0])


def test_a_model_of_its_own_is_nobody_elses() -> None:
    """A chain that a tool asks has nothing to do with the chain of the run that calls the tool."""
    from pydantic_ai.messages import ToolCallPart

    time = Time()
    inner = Agent(patient(time, Part('slow', down(), 'from slow')))
    calls = ModelResponse(parts=[ToolCallPart('ask', {}, tool_call_id='1')])
    outer = Agent(FallbackModel(Part('caller', calls, 'done').model, Part('other', 'from other').model))

    @outer.tool_plain
    async def ask() -> str:
        return str((await inner.run('hi')).output)

    result = go(outer.run('hi'))
    assert result.output == 'done'
    assert 'from slow' in str(result.all_messages())
    assert time.waits == [2.0]


def test_giving_up_says_so() -> None:
    """A chain of several says who, why and until when; one of one raises the model's own error."""
    time = Time()
    chain = patient(time, Part('a', down()), Part('b', down(429)))
    with pytest.raises(exceptions.FallbackExceptionGroup) as caught:
        go(run(FallbackModel(chain, Part('c', down(500)).model)))
    assert isinstance(caught.value.exceptions[0], CapacityExhausted)
    assert caught.value.exceptions[0].retry_after == 2.0


# -- answers that go on ------------------------------------------------------------------------------------------

GOES_ON = pytest.mark.skipif(
    not hasattr(FallbackModel, '_get_continuation_model'), reason='in this pydantic-ai no answer goes on later'
)


def suspended(text: str) -> ModelResponse:
    """The first part of an answer."""
    return ModelResponse(parts=[TextPart(text)], state='suspended')


@GOES_ON
@pytest.mark.parametrize('kind', [FallbackModel, CapacityModel])
@pytest.mark.parametrize('failure', [None, 503, 429, 404, 400])
def test_an_answer_that_is_to_go_on(kind: Any, failure: int | None) -> None:
    """By the model that began it. If that fails, the request is begun anew along the chain; what was begun is gone."""
    rest: list[Any] = ['and done'] if failure is None else [down(failure)]
    first, second = Part('first', suspended('begun '), *rest), Part('second', 'from second')
    result = go(Agent(kind(first.model, second.model)).run('hi'))
    whole = 'begun and done' if failure is None else 'from second'
    assert result.output == whole
    assert len(result.all_messages()) == 2
    assert len(second.asked) == (failure is not None)
    assert all(isinstance(messages[-1], ModelRequest) for messages in second.asked)


@GOES_ON
def test_what_is_not_a_providers_error_ends_the_run() -> None:
    """As along a chain of the framework: nothing is begun anew."""
    first, second = Part('first', suspended('begun '), RuntimeError('odd')), Part('second', 'from second')
    with pytest.raises(RuntimeError, match='odd'):
        go(run(CapacityModel(first.model, second.model)))
    assert second.asked == []


@GOES_ON
def test_a_model_that_pauses_for_long_cannot_go_on() -> None:
    """Somebody else refused it meanwhile: the request is begun anew elsewhere, not lost."""
    time, second = Time(), Part('second', 'from second')

    class Meanwhile(Part):
        def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            chain._capacity._own.cooldowns.failed('function:first', time.now + 1, 500.0)
            return super()._answer(messages, info)

    first = Meanwhile('first', suspended('begun '))
    chain = patient(time, first, second)
    result = go(Agent(chain).run('hi'))
    assert (result.output, len(first.asked), time.waits) == ('from second', 1, [])
    assert len(result.all_messages()) == 2


# -- what is left behind ---------------------------------------------------------------------------------------------


async def spanned(model: Model) -> str:
    """The model that the span of a request names in the end, where the framework opens it with the chain's name."""
    sdk = pytest.importorskip('opentelemetry.sdk.trace')
    tracer = sdk.TracerProvider().get_tracer('test')
    with tracer.start_as_current_span('chat', attributes={NAME: model.model_name}) as span:
        await model.request([ModelRequest(parts=[UserPromptPart('hi')])], None, models.ModelRequestParameters())
    return str(span.attributes[NAME])


def test_the_span_names_the_model_that_answered() -> None:
    """Whatever failed before, and however chains are put together."""
    dead, alive, third = Part('dead', down()), Part('alive', 'from alive'), Part('third', 'from third')
    assert go(spanned(CapacityModel(alive.model, third.model))) == 'alive'
    assert go(spanned(CapacityModel(dead.model, alive.model))) == 'alive'
    assert go(spanned(CapacityModel(FallbackModel(dead.model, alive.model)))) == 'alive'
    assert go(spanned(CapacityModel(FallbackModel(dead.model, dead.model), third.model))) == 'third'
    assert go(spanned(CapacityModel(CapacityModel(dead.model, alive.model), third.model))) == 'alive'
    assert go(spanned(FallbackModel(CapacityModel(dead.model, alive.model), third.model))) == 'alive'
    assert go(spanned(FallbackModel(CapacityModel(dead.model), third.model))) == 'third'


@pytest.mark.parametrize('name', ['gpt-a', 'fallback:x,y', 'my own: capacity:a'])
def test_any_other_span_is_left_alone(name: str) -> None:
    """One that a user has opened, or that is not for this chain."""
    sdk = pytest.importorskip('opentelemetry.sdk.trace')
    tracer = sdk.TracerProvider().get_tracer('test')
    with tracer.start_as_current_span('mine', attributes={NAME: name}) as span, named_for('capacity:a'):
        assert span.attributes[NAME] == name


@pytest.mark.skipif('failed_attempts' not in ModelResponse.__dataclass_fields__, reason='nothing is kept of attempts')
@pytest.mark.parametrize('kind', [FallbackModel, CapacityModel])
def test_an_answer_knows_the_attempts_before_it(kind: Any) -> None:
    """As the framework keeps them."""
    dead, alive = Part('dead', down()), Part('alive', 'from alive')
    answer: Any = go(Agent(kind(dead.model, alive.model)).run('hi')).all_messages()[-1]
    assert [(one.model_name, one.outcome) for one in answer.failed_attempts] == [('dead', 'error')]
