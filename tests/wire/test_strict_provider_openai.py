"""The strict provider refuses over the real OpenAI SDK what OpenAI's chat completions refuse."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from compactor.testing import OPENAI_RULES, Call, Failure, Reply, StrictProvider, Turn

USER: Any = {'role': 'user', 'content': 'fix the parser'}
TOOLS: Any = [{'type': 'function', 'function': {'name': 'read', 'parameters': {'type': 'object', 'properties': {}}}}]


def words(text: str) -> int:
    """Count words: a tokenizer that a reader can check."""
    return len(text.split())


def calls(*ids: str, content: str | None = None) -> dict[str, Any]:
    """An assistant message that calls a tool once per id."""
    function = {'name': 'read', 'arguments': '{}'}
    tool_calls = [{'id': id, 'type': 'function', 'function': function} for id in ids]
    return {'role': 'assistant', 'content': content, 'tool_calls': tool_calls}


def result(id: str, content: Any = 'done') -> dict[str, Any]:
    """A tool message that answers the call of an id."""
    return {'role': 'tool', 'tool_call_id': id, 'content': content}


@pytest.fixture
def server() -> Iterator[StrictProvider]:
    """A provider with a window of 60 words."""
    with StrictProvider(lambda turn: Reply('ok'), window=60, count=words) as server:
        yield server


@pytest.fixture
def client(server: StrictProvider) -> Iterator[openai.OpenAI]:
    """The real SDK, pointed at the provider."""
    with openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client:
        yield client


REFUSED: list[tuple[str, dict[str, Any], str, str | None, str | None]] = [
    # rule, request without the defaults, message, param, code
    ('model', {'model': ''}, 'you must provide a model parameter', None, None),
    (
        'messages-missing', {'messages': None},
        "Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter',
    ),
    (
        'messages-empty', {'messages': []},
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array "
        'instead.',
        'messages', 'empty_array',
    ),
    (
        'role', {'messages': [{'role': 'bot', 'content': 'hi'}]},
        "Invalid value: 'bot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and "
        "'developer'.",
        'messages[0].role', 'invalid_value',
    ),
    (
        'content', {'messages': [USER, {'role': 'assistant', 'content': None}]},
        "Invalid value for 'content': expected a string, got null.", 'messages.[1].content', None,
    ),
    (
        'content', {'messages': [USER, calls('a'), result('a', None)]},
        "Invalid value for 'content': expected a string, got null.", 'messages.[2].content', None,
    ),
    (
        'content', {'messages': [{'role': 'user', 'content': []}]},
        "Invalid 'messages[0].content': empty array. Expected an array with minimum length 1, but got an "
        'empty array instead.',
        'messages[0].content', 'empty_array',
    ),
    (
        'tool-calls-shape', {'messages': [USER, {'role': 'assistant', 'content': 'x', 'tool_calls': []}]},
        "Invalid 'messages[1].tool_calls': empty array. Expected an array with minimum length 1, but got an "
        'empty array instead.',
        'messages[1].tool_calls', 'empty_array',
    ),
    (
        'call-ids-repeat', {'messages': [USER, calls('a', 'a'), result('a')]},
        "Invalid parameter: Duplicate value for 'tool_call_id' of 'a' in messages[1].",
        'messages.[1].tool_calls', None,
    ),
    (
        'tool-id-missing', {'messages': [USER, calls('a'), {'role': 'tool', 'content': 'done'}]},
        "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.",
        'messages.[2].tool_call_id', None,
    ),
    (
        'tool-orphan', {'messages': [result('a'), USER]},
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
        "'tool_calls'.",
        'messages.[0].role', None,
    ),
    (
        'tool-orphan', {'messages': [USER, calls('a'), result('a'), USER, result('a')]},
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
        "'tool_calls'.",
        'messages.[4].role', None,
    ),
    (
        'tool-unknown-id', {'messages': [USER, calls('a'), result('a'), result('b')]},
        "Invalid parameter: 'tool_call_id' of 'b' not found in 'tool_calls' of previous message.",
        'messages.[3].tool_call_id', None,
    ),
    (
        'tool-repeated', {'messages': [USER, calls('a', 'b'), result('a'), result('a')]},
        "Invalid parameter: Duplicate value for 'tool_call_id' of 'a', in messages[2] and messages[3].",
        'messages.[3].tool_call_id', None,
    ),
    (
        'tool-unanswered', {'messages': [USER, calls('a', 'b', 'c'), result('b'), USER]},
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        "'tool_call_id'. The following tool_call_ids did not have response messages: a, c",
        'messages.[3].role', None,
    ),
    (
        'tool-unanswered', {'messages': [USER, calls('a')]},
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        "'tool_call_id'. The following tool_call_ids did not have response messages: a",
        'messages.[1].role', None,
    ),
    (
        'window', {'messages': [{'role': 'user', 'content': 'word ' * 70}]},
        "This model's maximum context length is 60 tokens. However, your messages resulted in 76 tokens. "
        'Please reduce the length of the messages.',
        'messages', 'context_length_exceeded',
    ),
]  # fmt: skip


@pytest.mark.parametrize('stream', [False, True])
@pytest.mark.parametrize(('rule', 'asked', 'message', 'param', 'code'), REFUSED)
def test_refuses_in_the_words_of_the_real_one(
    server: StrictProvider,
    client: openai.OpenAI,
    rule: str,
    asked: dict[str, Any],
    message: str,
    param: str | None,
    code: str | None,
    stream: bool,
) -> None:
    """Each rule earns a BadRequestError with OpenAI's message, param and code, and is recorded by name."""
    request: dict[str, Any] = {'model': 'gpt-4o', 'messages': [USER], **asked}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**request, stream=stream)
    error = caught.value.body
    assert isinstance(error, dict)
    assert error == {'message': message, 'type': 'invalid_request_error', 'param': param, 'code': code}
    assert [recorded.refusal.rule for recorded in server.refusals if recorded.refusal] == [rule]
    assert [(recorded.status, recorded.streamed) for recorded in server.requests] == [(400, stream)]


def test_every_rule_is_tried() -> None:
    """The table above has at least one request for each rule, and names no other."""
    assert {rule.name for rule in OPENAI_RULES} == {rule for rule, *_ in REFUSED}


def test_every_rule_names_its_source() -> None:
    """A rule says where it was documented or seen; names are unique."""
    assert all(rule.source.startswith(('documented: ', 'seen: ')) for rule in OPENAI_RULES)
    assert len({rule.name for rule in OPENAI_RULES}) == len(OPENAI_RULES)


LAWFUL: list[list[dict[str, Any]]] = [
    [USER],
    [{'role': 'system', 'content': 'be brief'}, {'role': 'developer', 'content': 'x'}, USER, USER],
    [USER, calls('a', 'b'), result('b'), result('a', [{'type': 'text', 'text': 'done'}])],
    [USER, calls('a', content=''), result('a', ''), {'role': 'assistant', 'content': 'so'}, USER],
    # The same id in two steps: real sessions repeat ids, and each pair stands on its own.
    [USER, calls('a'), result('a'), calls('a'), result('a'), USER],
    # A kept tail may start with the model's message: OpenAI asks for no first user message.
    [calls('a'), result('a'), USER],
    # Arguments that are not JSON pass: "the model does not always generate valid JSON".
    [USER, {'role': 'assistant', 'tool_calls': [
        {'id': 'a', 'type': 'function', 'function': {'name': 'read', 'arguments': '{'}},
    ]}, result('a')],
]  # fmt: skip


@pytest.mark.parametrize('messages', LAWFUL)
def test_a_lawful_conversation_passes(server: StrictProvider, client: openai.OpenAI, messages: Any) -> None:
    """What the real one takes is answered."""
    answer = client.chat.completions.create(model='gpt-4o', messages=messages)
    assert answer.choices[0].message.content == 'ok'
    assert server.refusals == []


CALLS = (Call('read', {'path': 'a.py'}), Call('read', {'path': 'ä "quoted" ' + 'long ' * 40}, id='call_mine'))


def test_an_answer_with_parallel_calls() -> None:
    """Calls, text and usage arrive whole; ids are new unless given; usage is the counted size."""
    with (
        StrictProvider(lambda turn: Reply('two things', CALLS), count=words) as server,
        openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client,
    ):
        answer = client.chat.completions.create(model='m', messages=[USER], tools=TOOLS)
    choice = answer.choices[0]
    assert choice.message.content == 'two things'
    assert choice.finish_reason == 'tool_calls'
    assert choice.message.tool_calls is not None
    made: list[Any] = list(choice.message.tool_calls)
    parsed = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in made]
    assert parsed == [
        ('call_' + '1'.zfill(24), 'read', CALLS[0].args),
        ('call_mine', 'read', CALLS[1].args),
    ]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == server.requests[0].tokens
    assert answer.usage.completion_tokens > 40


def test_a_streamed_answer_is_the_same_in_pieces() -> None:
    """Text, call arguments and, if asked for, usage come as chunks."""
    with (
        StrictProvider(lambda turn: Reply('two things ' * 20, CALLS), count=words) as server,
        openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client,
    ):
        text, arguments, usage, finish = '', ['', ''], None, None
        with client.chat.completions.create(
            model='m',
            messages=[USER],
            stream=True,
            stream_options={'include_usage': True},
        ) as stream:
            for chunk in stream:
                usage = chunk.usage or usage
                for choice in chunk.choices:
                    text += choice.delta.content or ''
                    finish = choice.finish_reason or finish
                    for call in choice.delta.tool_calls or ():
                        assert call.function is not None
                        arguments[call.index] += call.function.arguments or ''
        assert server.requests[0].streamed
    assert text == 'two things ' * 20
    assert [json.loads(piece) for piece in arguments] == [call.args for call in CALLS]
    assert finish == 'tool_calls'
    assert usage is not None
    assert usage.prompt_tokens == server.requests[0].tokens


def test_faults_are_played_and_counted() -> None:
    """A Failure comes with its status, headers and the provider's error JSON, and counts as lawful."""

    def reply(turn: Turn) -> Reply | Failure:
        return {
            1: Failure(429, headers={'retry-after': '7'}),
            2: Failure(500),
            3: Failure(400, code='context_length_exceeded'),
            4: Failure(418, body={'error': {'message': 'teapot'}}),
        }.get(turn.number, Reply(f'request {turn.number}'))

    with (
        StrictProvider(reply, window=1_000, count=words) as server,
        openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client,
    ):

        def ask() -> str | None:
            answer = client.chat.completions.create(model='m', messages=[USER])
            return answer.choices[0].message.content

        with pytest.raises(openai.RateLimitError) as limited:
            ask()
        assert limited.value.response.headers['retry-after'] == '7'
        assert limited.value.code == 'rate_limit_exceeded'
        with pytest.raises(openai.InternalServerError):
            ask()
        with pytest.raises(openai.BadRequestError, match='maximum context length is 1000 tokens') as overflown:
            ask()
        assert overflown.value.code == 'context_length_exceeded'
        with pytest.raises(openai.APIStatusError, match='teapot'):
            ask()
        assert ask() == 'request 5'
    assert server.refusals == []
    assert [recorded.status for recorded in server.requests] == [429, 500, 400, 418, 200]


def lost(value: object) -> Any:
    """Fail, as a reply or as a counter."""
    raise LookupError('no such turn')


@pytest.mark.parametrize(('reply', 'count'), [(lost, words), (lambda turn: Reply('ok'), lost)])
def test_an_exception_in_the_test_surfaces(reply: Callable[[Turn], Reply], count: Callable[[str], int]) -> None:
    """A broken reply or counter is answered with 500, refused by no rule, and raised where the test sees it."""
    server = StrictProvider(reply, count=count)

    def converse() -> None:
        with (
            server,
            openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client,
            pytest.raises(openai.InternalServerError),
        ):
            client.chat.completions.create(model='m', messages=[USER])

    with pytest.raises(LookupError, match='no such turn'):
        converse()
    assert [(recorded.status, recorded.refusal) for recorded in server.requests] == [(500, None)]


def test_the_default_count_is_exact_for_gpt_4o() -> None:
    """Without a counter the library's own is used, which needs no network."""
    with (
        StrictProvider(lambda turn: Reply('hello world')) as server,
        openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client,
    ):
        answer = client.chat.completions.create(model='m', messages=[USER])
    # 'fix', ' the', ' parser' and the framing of one message and of the answer; 'hello', ' world'.
    assert server.requests[0].tokens == 3 + 2 * 3
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2


def test_the_address_lives_as_long_as_the_block() -> None:
    """Outside its block the server has no address and says so."""
    server = StrictProvider(lambda turn: Reply('ok'), count=words)
    with pytest.raises(RuntimeError, match='inside its `with` block'):
        _ = server.openai_url
    with server:
        assert server.openai_url.startswith('http://127.0.0.1:')
    with pytest.raises(RuntimeError, match='inside its `with` block'):
        _ = server.anthropic_url
