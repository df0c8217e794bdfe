"""The strict provider refuses over the real Anthropic SDK what Anthropic's Messages API refuses."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from compactor.testing import ANTHROPIC_RULES, Call, Failure, Reply, StrictProvider, Turn

USER: Any = {'role': 'user', 'content': 'fix the parser'}
TOOLS: Any = [{'name': 'read', 'input_schema': {'type': 'object', 'properties': {}}}]
MARKER = {'type': 'ephemeral'}


def words(text: str) -> int:
    """Count words: a tokenizer that a reader can check."""
    return len(text.split())


def text(content: str, **more: Any) -> dict[str, Any]:
    """A text block."""
    return {'type': 'text', 'text': content, **more}


def uses(*ids: str, before: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """An assistant message that calls a tool once per id, after other blocks."""
    blocks = [{'type': 'tool_use', 'id': id, 'name': 'read', 'input': {}} for id in ids]
    return {'role': 'assistant', 'content': [*before, *blocks]}


def result(id: str) -> dict[str, Any]:
    """The block that answers the call of an id."""
    return {'type': 'tool_result', 'tool_use_id': id, 'content': 'done'}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A user message of blocks."""
    return {'role': 'user', 'content': list(blocks)}


@pytest.fixture
def server() -> Iterator[StrictProvider]:
    """A provider with a window of 60 words."""
    with StrictProvider(lambda turn: Reply('ok'), window=60, count=words) as server:
        yield server


@pytest.fixture
def client(server: StrictProvider) -> Iterator[anthropic.Anthropic]:
    """The real SDK, pointed at the provider."""
    with anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client:
        yield client


def ask(client: anthropic.Anthropic, *messages: Any, **more: Any) -> Any:
    """Send messages, with defaults for what a request needs."""
    request: dict[str, Any] = {'model': 'claude', 'max_tokens': 64, 'tools': TOOLS, **more}
    return client.messages.create(messages=list(messages), **request)


MISSING_RESULT = 'Each `tool_use` block must have a corresponding `tool_result` block in the next message.'

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # rule, request without the defaults, message
    ('fields', {'model': None}, 'model: Field required'),
    ('messages-empty', {'messages': []}, 'messages: at least one message is required'),
    ('shape', {'messages': [{'role': 'bot', 'content': 'x'}]},
     "messages.0.role: Input should be 'user' or 'assistant'"),
    ('shape', {'messages': [user(), uses('a', before=({'type': 'thinking', 'thinking': 'hm'},))]},
     'messages.1.content.0.thinking.signature: Field required'),
    ('tool-id-pattern', {'messages': [USER, uses('read:1'), user(result('read:1'))]},
     "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
    ('content-empty', {'messages': [user(), uses('a'), user(result('a'))]},
     'messages.0: all messages must have non-empty content except for the optional final assistant message'),
    ('content-empty', {'messages': [USER, {'role': 'assistant', 'content': ''}, USER]},
     'messages.1: all messages must have non-empty content except for the optional final assistant message'),
    ('cache-on-empty', {'messages': [user(text('', cache_control=MARKER))]},
     'messages.0.content.0.text: cache_control cannot be set for empty text blocks'),
    ('text-empty', {'messages': [user(text('hi'), text(''))]},
     'messages: text content blocks must be non-empty'),
    ('text-blank', {'messages': [{'role': 'user', 'content': ' \n'}]},
     'messages: text content blocks must contain non-whitespace text'),
    ('tools-undefined', {'tools': [], 'messages': [USER, uses('a'), user(result('a'))]},
     'Requests which include `tool_use` or `tool_result` blocks must define tools.'),
    ('tool-use-repeated', {'messages': [USER, uses('a', 'a'), user(result('a'))]},
     'messages.1.content.1: `tool_use` ids must be unique'),
    ('tool-use-repeated', {'messages': [USER, uses('a'), user(result('a')), uses('a'), user(result('a'))]},
     'messages.3.content.0: `tool_use` ids must be unique'),
    ('tool-result-orphan', {'messages': [user(result('a'), text('go on'))]},
     'messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: a. Each `tool_result` '
     'block must have a corresponding `tool_use` block in the previous message.'),
    ('tool-result-orphan', {'messages': [USER, uses('a'), user(result('a'), result('b'))]},
     'messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: b. Each `tool_result` '
     'block must have a corresponding `tool_use` block in the previous message.'),
    ('tool-result-repeated', {'messages': [USER, uses('a'), user(result('a')), user(result('a'))]},
     'messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks '
     'with id: a'),
    ('tool-use-unanswered', {'messages': [USER, uses('a', 'b', 'c'), user(result('b'))]},
     'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a, c. '
     + MISSING_RESULT),
    ('tool-use-unanswered', {'messages': [USER, uses('a')]},
     'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a. '
     + MISSING_RESULT),
    ('tool-result-first', {'messages': [USER, uses('a'), user(text('here:'), result('a'))]},
     'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a. '
     + MISSING_RESULT),
    ('cache-markers', {
        'system': [text('be brief', cache_control=MARKER)], 'tools': [{**TOOLS[0], 'cache_control': MARKER}],
        'messages': [user(text('1', cache_control=MARKER), text('2', cache_control=MARKER)),
                     uses('a'), user({**result('a'), 'content': [text('x', cache_control=MARKER)]})],
     }, 'A maximum of 4 blocks with cache_control may be provided. Found 5.'),
    ('prefill', {'messages': [USER, {'role': 'assistant', 'content': 'The answer is'}]},
     'This model does not support assistant message prefill. The conversation must end with a user message.'),
    ('window', {'messages': [{'role': 'user', 'content': 'word ' * 70}]},
     'prompt is too long: 78 tokens > 60 maximum'),
]  # fmt: skip


@pytest.mark.parametrize('stream', [False, True])
@pytest.mark.parametrize(('rule', 'asked', 'message'), REFUSED)
def test_refuses_in_the_words_of_the_real_one(
    server: StrictProvider,
    client: anthropic.Anthropic,
    rule: str,
    asked: dict[str, Any],
    message: str,
    stream: bool,
) -> None:
    """Each rule earns a BadRequestError with Anthropic's message, and is recorded by name."""
    rest = {key: value for key, value in asked.items() if key != 'messages'}
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, *asked.get('messages', [USER]), stream=stream, **rest)
    body = caught.value.body
    assert isinstance(body, dict)
    assert body['error'] == {'type': 'invalid_request_error', 'message': message}
    assert [recorded.refusal.rule for recorded in server.refusals if recorded.refusal] == [rule]
    assert [(recorded.status, recorded.streamed) for recorded in server.requests] == [(400, stream)]


def test_every_rule_is_tried() -> None:
    """Each rule has a request in the table above or, those about thinking, a test below."""
    thinking = {
        'final-thinking', 'thinking-modified', 'thinking-signature', 'thinking-bound', 'thinking-first',
    }  # fmt: skip
    assert {rule.name for rule in ANTHROPIC_RULES} == {rule for rule, *_ in REFUSED} | thinking


def test_every_rule_names_its_source() -> None:
    """A rule says where it was documented or seen; names are unique."""
    assert all(rule.source.startswith(('documented: ', 'seen: ')) for rule in ANTHROPIC_RULES)
    assert len({rule.name for rule in ANTHROPIC_RULES}) == len(ANTHROPIC_RULES)


LAWFUL: list[list[dict[str, Any]]] = [
    [USER],
    # Consecutive messages of a role are one turn: results may come in messages of their own, text after them.
    [USER, USER, uses('a'), uses('b'), user(result('b')), user(result('a')), user(text('go on'))],
    [USER, uses('a', 'b', before=(text('let me see'),)), user(result('a'), result('b'), text('go on'))],
    # A kept tail may start with the model's turn.
    [uses('a'), user(result('a'))],
    [user(*(text(str(number), cache_control=MARKER) for number in range(4)))],
    # A tool's result may be empty, and need not be text.
    [USER, uses('a'), user({'type': 'tool_result', 'tool_use_id': 'a', 'is_error': True})],
]


@pytest.mark.parametrize('messages', LAWFUL)
def test_a_lawful_conversation_passes(
    server: StrictProvider, client: anthropic.Anthropic, messages: list[dict[str, Any]]
) -> None:
    """What the real one takes is answered."""
    answer = ask(client, *messages)
    assert [block.text for block in answer.content if block.type == 'text'] == ['ok']
    assert server.refusals == []


CALLS = (
    Call('read', {'path': 'a.py'}),
    Call('read', {'path': 'ä "quoted" ' + 'long ' * 40}, id='toolu_mine'),
)


@pytest.mark.parametrize('stream', [False, True])
def test_an_answer_with_thinking_and_parallel_calls(stream: bool) -> None:
    """Thinking, text, calls and usage arrive whole, in one piece or streamed."""
    reply = Reply('two things', CALLS, thinking='first this, then that ' * 5)
    with (
        StrictProvider(lambda turn: reply, count=words, thinking=True) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
    ):
        if stream:
            with client.messages.stream(
                model='m',
                max_tokens=64,
                messages=[USER],
            ) as events:
                answer: Any = events.get_final_message()
        else:
            answer = ask(client, USER, tools=[])
        assert server.requests[0].streamed is stream
    thinking, said, first, second = (block.to_dict() for block in answer.content)
    assert thinking['thinking'] == reply.thinking
    assert thinking['signature']
    assert said['text'] == 'two things'
    assert (first['id'], first['input']) == ('toolu_' + '1'.zfill(24), CALLS[0].args)
    assert (second['id'], second['input']) == ('toolu_mine', CALLS[1].args)
    assert answer.stop_reason == 'tool_use'
    assert answer.usage.input_tokens == server.requests[0].tokens
    assert answer.usage.output_tokens > 60


class Thinker:
    """A conversation with a server that thinks before every call, kept as the API asks for."""

    def __init__(self, client: anthropic.Anthropic, **more: Any) -> None:
        self.client = client
        self.more = more
        self.messages: list[dict[str, Any]] = [USER]

    def step(self) -> None:
        """Ask, keep the answer and answer its calls."""
        answer = ask(self.client, *self.messages, **self.more)
        content = [block.to_dict() for block in answer.content]
        ids = [str(block['id']) for block in content if block['type'] == 'tool_use']
        self.messages.append({'role': 'assistant', 'content': content})
        self.messages.append(user(*map(result, ids)) if ids else USER)

    def thinking(self, index: int) -> Any:
        """The thinking block of a message."""
        return self.messages[index]['content'][0]

    def refused(self) -> str:
        """Ask, expecting a refusal, and return its message."""
        with pytest.raises(anthropic.BadRequestError) as caught:
            ask(self.client, *self.messages, **self.more)
        assert isinstance(caught.value.body, dict)
        return str(caught.value.body['error']['message'])


def think(turn: Turn) -> Reply:
    """Think, then call two tools."""
    return Reply(calls=(Call('read'), Call('read')), thinking=f'thought {turn.number}')


@pytest.fixture(params=['enabled', 'bound', 'redacted'])
def thinking_server(request: pytest.FixtureRequest) -> Iterator[StrictProvider]:
    """A provider that thinks: as older models do, with bound signatures, and redacted."""

    def redacted(turn: Turn) -> Reply:
        return Reply(calls=(Call('read'),), thinking=f'thought {turn.number}', redacted=True)

    with StrictProvider(
        redacted if request.param == 'redacted' else think,
        count=words,
        thinking=True,
        bound_thinking=request.param == 'bound',
    ) as server:
        yield server


@pytest.fixture
def thinker(thinking_server: StrictProvider) -> Iterator[Thinker]:
    """A conversation three steps old."""
    with anthropic.Anthropic(base_url=thinking_server.anthropic_url, api_key='test', max_retries=0) as client:
        thinker = Thinker(client, system='be brief')
        for _ in range(3):
            thinker.step()
        yield thinker


def rules(server: StrictProvider) -> list[str]:
    """The rules broken so far."""
    return [recorded.refusal.rule for recorded in server.refusals if recorded.refusal]


def test_thinking_kept_as_it_came_passes(thinker: Thinker, thinking_server: StrictProvider) -> None:
    """A tool loop that sends everything back unchanged is never refused; cache markers are no change."""
    thinker.messages[0] = user(text('fix the parser', cache_control=MARKER))
    thinker.step()
    assert rules(thinking_server) == []


def test_a_thinking_block_without_a_genuine_signature(thinker: Thinker, thinking_server: StrictProvider) -> None:
    """A signature that the server did not make is refused, in any message."""
    block = thinker.thinking(1)
    field = 'data' if block['type'] == 'redacted_thinking' else 'signature'
    block[field] = 'Zm9yZ2Vk'
    assert thinker.refused() == f'messages.1.content.0: Invalid `{field}` in `{block["type"]}` block'
    assert rules(thinking_server) == ['thinking-signature']


@pytest.mark.parametrize('thinking_server', ['enabled', 'bound'], indirect=True)
def test_edited_thinking(thinker: Thinker, thinking_server: StrictProvider) -> None:
    """Thinking whose text was edited is refused; in the latest assistant message with words of its own."""
    thinker.thinking(5)['thinking'] += '!'
    assert thinker.refused() == (
        'messages.5.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message '
        'cannot be modified. These blocks must remain as they were in the original response.'
    )
    thinker.thinking(1)['thinking'] += '!'
    thinker.thinking(5)['thinking'] = 'thought 3'
    assert thinker.refused() == 'messages.1.content.0: Invalid `signature` in `thinking` block'
    assert rules(thinking_server) == ['thinking-modified', 'thinking-signature']


def test_a_turn_of_nothing_but_thinking(thinker: Thinker, thinking_server: StrictProvider) -> None:
    """An assistant message cannot end in thinking: a compaction must take it with what followed it."""
    thinker.messages = [USER, {'role': 'assistant', 'content': [thinker.thinking(1)]}, USER]
    assert thinker.refused() == 'messages.1: The final block in an assistant message cannot be `thinking`.'
    assert rules(thinking_server) == ['final-thinking']


def test_the_last_step_of_a_tool_loop_starts_with_thinking(thinker: Thinker, thinking_server: StrictProvider) -> None:
    """With manual thinking the last calls keep their thinking; earlier ones may lose theirs."""
    del thinker.messages[1]['content'][0]
    ask(thinker.client, *thinker.messages, **thinker.more)
    del thinker.messages[5]['content'][0]
    message = (
        'messages.5.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When '
        '`thinking` is enabled, a final `assistant` message must start with a thinking block'
    )
    enabled = {'type': 'enabled', 'budget_tokens': 1024}
    thinker.more['thinking'] = enabled
    assert thinker.refused().startswith(message)
    for mode in ('adaptive', 'disabled'):
        ask(thinker.client, *thinker.messages, **{**thinker.more, 'thinking': {'type': mode}})
    assert rules(thinking_server) == ['thinking-first']


def test_a_step_that_never_had_thinking_is_not_missing_it() -> None:
    """Calls that the model made without thinking come back without, and pass."""

    def reply(turn: Turn) -> Reply:
        return Reply(calls=(Call('read'),), thinking='hm' if turn.number == 1 else None)

    with (
        StrictProvider(reply, count=words, thinking=True) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
    ):
        thinker = Thinker(client)
        for _ in range(3):
            thinker.step()
    assert rules(server) == []


REWRITES = {
    'a first message replaced': lambda thinker: thinker.messages.__setitem__(0, user(text('a summary'))),
    'a system prompt changed': lambda thinker: thinker.more.update(system='be thorough'),
    'a tool added': lambda thinker: thinker.more.update(tools=[*TOOLS, {**TOOLS[0], 'name': 'write'}]),
    'a step removed': lambda thinker: thinker.messages.__delitem__(slice(1, 3)),
    'an output shrunk': lambda thinker: thinker.messages[2]['content'][0].update(content='...'),
    'thinking between others removed': lambda thinker: thinker.messages[3]['content'].__delitem__(0),
}


@pytest.fixture
def bound() -> Iterator[Thinker]:
    """A conversation three steps old with a model whose signatures bind all before them."""
    with (
        StrictProvider(think, count=words, bound_thinking=True) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
    ):
        thinker = Thinker(client, system='be brief')
        for _ in range(3):
            thinker.step()
        yield thinker


@pytest.mark.parametrize('rewrite', REWRITES)
def test_bound_thinking_after_a_rewrite(bound: Thinker, rewrite: str) -> None:
    """A change before a bound block is refused; without the thinking after it, or dropping it, it passes."""
    REWRITES[rewrite](bound)
    message = bound.refused()
    assert message.startswith('messages.')
    assert (
        'Invalid `signature` in `thinking` block. The block is bound to a different conversation. Remove the '
        'block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
    ) in message
    binding = {'type': 'adaptive', 'block_binding': {'prefix_mismatch_behavior': 'drop_block'}}
    ask(bound.client, *bound.messages, **bound.more, thinking=binding)
    for turn in bound.messages:
        if turn['role'] == 'assistant':
            turn['content'] = [block for block in turn['content'] if block['type'] != 'thinking']
    ask(bound.client, *bound.messages, **bound.more)


def test_bound_thinking_allows_what_is_no_rewrite(bound: Thinker) -> None:
    """Thinking may go from the front, and text may come at the end."""
    del bound.messages[1]['content'][0]
    bound.messages.append(user(text('and hurry')))
    ask(bound.client, *bound.messages, **bound.more)


def test_unbound_thinking_outlives_a_rewrite() -> None:
    """Older models sign the text alone: the last step keeps its thinking whatever came before."""
    with (
        StrictProvider(think, count=words, thinking=True) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
    ):
        thinker = Thinker(client)
        for _ in range(3):
            thinker.step()
        thinker.messages[:5] = [user(text('a summary'))]
        thinker.step()
    assert rules(server) == []


def test_faults_are_played() -> None:
    """A Failure comes with its status, headers and Anthropic's error JSON."""

    def reply(turn: Turn) -> Reply | Failure:
        return {
            1: Failure(429, headers={'retry-after': '7'}),
            2: Failure(529),
            3: Failure(400, code='context_length_exceeded'),
        }.get(turn.number, Reply('fine'))

    with (
        StrictProvider(reply, window=1_000, count=words) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
    ):
        with pytest.raises(anthropic.RateLimitError) as limited:
            ask(client, USER)
        assert limited.value.response.headers['retry-after'] == '7'
        with pytest.raises(anthropic.APIStatusError, match='Overloaded'):
            ask(client, USER)
        with pytest.raises(anthropic.BadRequestError, match=r'too long: \d+ tokens > 1000 maximum'):
            ask(client, USER)
        ask(client, USER)
    assert [recorded.status for recorded in server.requests] == [429, 529, 400, 200]
    assert json.dumps(server.requests[0].body)
