"""A provider's refusal of a request as too long: recognised, compacted once, sent again where the hooks allow it.

| what the version offers | `run`, `run_sync`, `iter` | `run_stream` |
|---|---|---|
| `wrap_model_request` around the call alone (1.71 to 2.53) | sent again | sent again |
| it may call its handler once, no `RetryModelRequest` (2.54 to 2.63) | sent again | not possible, see below |
| `RetryModelRequest` (2.64 and newer) | sent again | sent again |

Not possible: no hook hears of a stream that could not be opened before the consumer does. The window that the
refusal names is learned for the next run.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pydantic_ai.exceptions as exceptions
import pytest
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import FallbackExceptionGroup, ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse

from compactor import Compactor
from compactor.adapters.pydantic_ai.overflow import refusal_of, window_from
from compactor.telemetry.events import OverflowRetried, RequestChecked
from tests.adapters.driver import (
    PROCESSOR_MODES,
    WAYS,
    Decision,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    by_run,
    by_stream,
    drive,
    faults,
    reading_agent,
    rounds,
    session,
    small,
    texts,
)

OPENAI = {
    'message': "This model's maximum context length is 6000 tokens. However, your messages resulted in 6912 tokens.",
    'type': 'invalid_request_error',
    'param': 'messages',
    'code': 'context_length_exceeded',
}
ANTHROPIC = {
    'type': 'error',
    'error': {'type': 'invalid_request_error', 'message': 'prompt is too long: 6912 tokens > 6000 maximum'},
}
UNNAMED = {'message': 'Input is too long for requested model.'}


def _size(messages: list[ModelMessage]) -> int:
    return sum(len(str(getattr(p, 'content', p))) for m in messages for p in m.parts) // 4


def refusing(body: Any, window: int = 6_000, each: int = 12, always: bool = False, after: int = 3) -> Decision:
    """A provider with a window of its own, about `window` tokens."""

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        if _size(messages) > window or (always and k > after):
            raise ModelHTTPError(400, 'small-model', body)
        if any('Done' in text for text in texts(messages)):
            raise AssertionError('a refusal reached the history')
        return rounds(each)(k, messages, info)

    return decide


def streams_are_retried() -> bool:
    """Whether a hook is told that a stream could not be opened, before the consumer is."""
    encloses = hasattr(AbstractCapability, '_has_wrap_model_request')  # with it, `wrap_model_request` sends once
    return hasattr(exceptions, 'RetryModelRequest') or not encloses


def _possible(way: Way) -> bool:
    return way is not by_stream or streams_are_retried()


@pytest.mark.parametrize('persist', [True, False])
@pytest.mark.parametrize('body', [OPENAI, ANTHROPIC, UNNAMED], ids=['openai', 'anthropic', 'unnamed'])
@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
def test_compacted_once_and_sent_again(way: Way, body: Any, persist: bool) -> None:
    """The refused request is sent again, smaller and lawful; later requests stay under the window learned from it."""
    log, script = Log(), Script(refusing(body))
    compactor: Compactor[None] = Compactor(small(max_input_tokens=100_000), on_event=log, persist=persist)
    agent = reading_agent(script, **as_capability(compactor))
    if not _possible(way):
        with pytest.raises(ModelHTTPError):
            drive(way, agent, 'Go.')
        assert not log.of(OverflowRetried)
        return
    result = drive(way, agent, 'Go.')
    assert result.all_messages()[-1].parts[0].content.startswith('Done')
    [retried] = log.of(OverflowRetried)
    assert retried.tokens_after <= retried.tokens_before // 2
    refused = next(i for i, messages in enumerate(script.seen) if _size(messages) > 6_000)
    assert len(script.seen[refused + 1]) <= len(script.seen[refused])
    assert texts(script.seen[refused + 1])[0] == 'Go.'
    assert [faults(messages) for messages in script.seen] == [[]] * len(script.seen)
    assert all(_size(messages) <= 6_000 for messages in script.seen[refused + 1 :])
    limits = compactor.policy.history.limits(min(compactor._learned.windows.values()))
    later = [e.tokens_after for e in log.of(RequestChecked)][refused + 1 :]
    assert later
    assert max(later) < limits.trigger
    assert (len(result.all_messages()) == 22) is not persist


@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
def test_a_third_refusal_reaches_the_caller(way: Way) -> None:
    """Sent again twice: if the provider still refuses, its own error propagates as it was raised."""
    log, script = Log(), Script(refusing(UNNAMED, 100_000, 16, always=True, after=14))
    agent = reading_agent(script, **as_capability(Compactor(small(max_input_tokens=100_000), on_event=log)))
    with pytest.raises(ModelHTTPError) as caught:
        drive(way, agent, 'Go.')
    assert caught.value.body == UNNAMED
    assert len(script.seen) == (17 if _possible(way) else 15)
    retried = log.of(OverflowRetried)
    assert len(retried) == (2 if _possible(way) else 0)
    assert all(one.tokens_after <= one.tokens_before // 2 for one in retried)
    assert all(second.tokens_before <= first.tokens_after for first, second in pairwise(retried))


@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
def test_any_other_refusal_reaches_the_caller_at_once(way: Way) -> None:
    """A 400 that says something else is not ours to repair."""
    script = Script(refusing({'message': "Invalid schema for function 'read'"}, always=True))
    log = Log()
    agent = reading_agent(script, **as_capability(Compactor(small(max_input_tokens=100_000), on_event=log)))
    with pytest.raises(ModelHTTPError, match='Invalid schema'):
        drive(way, agent, 'Go.')
    assert len(script.seen) == 4
    assert not log.of(OverflowRetried)


def test_a_prompt_that_cannot_shrink_is_not_sent_twice() -> None:
    """Nothing to take away: the provider's error propagates after one request."""
    script, log = Script(refusing(OPENAI, window=10)), Log()
    agent = reading_agent(script, **as_capability(Compactor('default', on_event=log)))
    with pytest.raises(ModelHTTPError):
        drive(by_run, agent, 'A prompt that is longer than the window of this model, and the only message there is.')
    assert len(script.seen) == 1
    assert not log.of(OverflowRetried)


def test_an_observer_does_not_send_again() -> None:
    """`mode='observe'` lets the refusal through."""
    script, log = Script(refusing(OPENAI)), Log()
    agent = reading_agent(script, **as_capability(Compactor('default', on_event=log, mode='observe')))
    with pytest.raises(ModelHTTPError):
        drive(by_run, agent, 'Go.')
    assert 'OverflowRetried' not in log.names


@pytest.mark.parametrize('mode', PROCESSOR_MODES, ids=lambda f: str(f.__name__))
def test_a_processor_cannot_send_again(mode: Mode) -> None:
    """No hook is called there: the refusal propagates."""
    script = Script(refusing(OPENAI))
    with pytest.raises(ModelHTTPError):
        drive(by_run, reading_agent(script, **mode(Compactor(small(max_input_tokens=100_000)))), 'Go.')


@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
def test_the_window_is_learned_for_later_runs(way: Way) -> None:
    """After one refusal, the next run on the same instance never sends a request that is too long."""
    script = Script(refusing(ANTHROPIC))
    compactor: Compactor[None] = Compactor(small(max_input_tokens=100_000))
    agent = reading_agent(script, **as_capability(compactor))
    if _possible(way):
        drive(way, agent, 'Go.')
    else:
        with pytest.raises(ModelHTTPError):
            drive(way, agent, 'Go.')
    [window] = compactor._learned.windows.values()
    assert 4_500 < window <= 6_000
    log, again = Log(), Script(refusing(ANTHROPIC))
    compactor._reporter.on_event = log
    session(way, reading_agent(again, **as_capability(compactor)), ['a'])
    assert len(again.seen) == 12
    assert not log.of(OverflowRetried)


def _http(status: int, body: Any) -> ModelHTTPError:
    return ModelHTTPError(status, 'a-model', body)


OVERFLOWS: list[tuple[str, BaseException, int | None]] = [
    ('OpenAI chat', _http(400, OPENAI), 6_000),
    (
        'OpenAI responses',
        _http(
            400,
            {
                'message': 'Your input exceeds the context window of this model. Please adjust your input'
                ' and try again.',
                'type': 'invalid_request_error',
                'param': 'input',
                'code': 'context_length_exceeded',
            },
        ),
        None,
    ),
    (
        'Anthropic',
        _http(400, {'error': {'message': 'prompt is too long: 210000 tokens > 200000 maximum'}}),
        200_000,
    ),
    (
        'Anthropic, with the answer',
        _http(
            400,
            {
                'error': {
                    'message': 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000,'
                    ' decrease input length or `max_tokens` and try again'
                }
            },
        ),
        200_000,
    ),
    ('Bedrock', _http(400, {'Error': {'Message': 'Input is too long for requested model.'}}), None),
    (
        'Bedrock, Claude',
        _http(
            400,
            {
                'Error': {
                    'Message': 'The model returned the following errors:'
                    ' prompt is too long: 215000 tokens > 200000 maximum',
                    'Code': 'ValidationException',
                }
            },
        ),
        200_000,
    ),
    (
        'Google',
        _http(
            400,
            {
                'error': {
                    'code': 400,
                    'message': 'The input token count (1200000) exceeds the maximum number of tokens allowed'
                    ' (1048576).',
                    'status': 'INVALID_ARGUMENT',
                }
            },
        ),
        1_048_576,
    ),
    (
        'Groq',
        _http(
            400,
            {
                'error': {
                    'message': 'Please reduce the length of the messages or completion.',
                    'type': 'invalid_request_error',
                    'param': 'messages',
                    'code': 'context_length_exceeded',
                }
            },
        ),
        None,
    ),
    (
        'Cerebras',
        _http(
            400,
            {
                'message': 'Please reduce the length of the messages or completion. Current length is 9012 while limit'
                ' is 8192',
                'type': 'invalid_request_error',
                'code': 'context_length_exceeded',
            },
        ),
        8_192,
    ),
    (
        'Mistral',
        _http(
            400,
            {
                'object': 'error',
                'message': 'Prompt contains 40001 tokens and 0 draft tokens, too large for model with 32768 maximum'
                ' context length',
                'type': 'invalid_request_prompt',
            },
        ),
        32_768,
    ),
    (
        'OpenRouter',
        _http(
            400,
            {
                'message': "This endpoint's maximum context length is 131,072 tokens. However, you requested about"
                ' 150000 tokens'
            },
        ),
        131_072,
    ),
    (
        'xAI',
        _http(400, {'error': "This model's maximum prompt length is 131072 but the request contains 150000 tokens."}),
        131_072,
    ),
    (
        'llama.cpp',
        _http(400, {'error': {'message': 'the request exceeds the available context size, try increasing it'}}),
        None,
    ),
    (
        'the last of a fallback chain',
        FallbackExceptionGroup('all failed', [_http(503, 'overloaded'), _http(400, ANTHROPIC)]),
        6_000,
    ),
]

OTHERS: list[tuple[str, BaseException]] = [
    ('a schema', _http(400, {'message': "Invalid schema for function 'read'"})),
    ('a broken pair', _http(400, {'message': 'messages.3: `tool_use` ids were found without `tool_result` blocks'})),
    ('max_tokens', _http(400, {'message': 'max_tokens is too large: 200000. This model supports at most 16384'})),
    ('an image', _http(400, {'message': 'messages.1.content.0.image: image exceeds 5 MB maximum: 6000000 bytes'})),
    ('a key', _http(401, {'message': 'Incorrect API key provided'})),
    ('a rate limit', _http(429, {'message': 'Rate limit reached: too many tokens in the last minute'})),
    ('a server', _http(500, {'message': 'maximum context length is 6000'})),
    ('no HTTP error', ValueError('prompt is too long: 210000 tokens > 200000 maximum')),
    ('a chain', FallbackExceptionGroup('all failed', [_http(503, 'overloaded'), _http(401, 'no')])),
]


@pytest.mark.parametrize(('who', 'error', 'window'), OVERFLOWS, ids=[row[0] for row in OVERFLOWS])
def test_refusals_that_are_recognised(who: str, error: BaseException, window: int | None) -> None:
    """The messages of real providers, and the window they name."""
    assert refusal_of(error) is not None
    assert window_from(error) == window


@pytest.mark.parametrize(('who', 'error'), OTHERS, ids=[row[0] for row in OTHERS])
def test_refusals_that_are_something_else(who: str, error: BaseException) -> None:
    """Other errors are not taken for an overflow."""
    assert refusal_of(error) is None


@pytest.mark.skipif(not hasattr(exceptions, 'ModelContextWindowExceededError'), reason='this version has no such error')
def test_the_frameworks_own_error_is_recognised() -> None:
    """Where the framework names the case itself, its word is taken."""
    kind = vars(exceptions)['ModelContextWindowExceededError']
    assert refusal_of(kind('a-model', 'too long'))


def test_a_window_without_digits_is_none() -> None:
    """What a refusal says is anybody's text."""
    assert window_from(ModelHTTPError(400, 'm', 'prompt is too long: 12 tokens > ,,, maximum')) is None
