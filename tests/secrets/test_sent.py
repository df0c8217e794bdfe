"""What tools give to a model, by whatever way: no secret of it is sent, and what is no text is not touched."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from pydantic_ai import CallDeferred, DeferredToolRequests, DeferredToolResults, ModelRetry, ToolReturn
from pydantic_ai import messages as pai
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Compactor, OutputsPolicy, Policy
from tests.adapters.driver import MODES, Mode, by_run, drive, new_agent
from tests.secrets.samples import made

TOKEN = 'gh' + 'p_' + made(36, seed='beside')
SIGNED = (
    'https://bucket.s3.amazonaws.com/plot.png?X-Amz-Credential=AKIAIOSFODNN7EXAMPLF%2F20261130&X-Amz-Signature='
    + made(64, 'abcdef0123456789', 'signed')
)
IMAGE = ImageUrl(SIGNED)
GIVEN: dict[str, Callable[[], Any]] = {
    'a text': lambda: f'key {TOKEN}',
    'in a dict': lambda: {'deep': [{'token': TOKEN}], TOKEN: 1},
    'beside': lambda: ToolReturn(return_value='ok', content=f'beside: {TOKEN}'),
    'in a list beside': lambda: ToolReturn(return_value='ok', content=['see', f'also {TOKEN}', IMAGE]),
    'both': lambda: ToolReturn(return_value=f'key {TOKEN}', content=f'beside: {TOKEN}', metadata={'kept': TOKEN}),
    'with media': lambda: ['chart', IMAGE, f'its key {TOKEN}'],
}

if hasattr(pai, 'TextContent'):
    tagged = pai.TextContent(f'a note: {TOKEN}', metadata={'a': 1})
    GIVEN['tagged beside'] = lambda: ToolReturn(return_value='ok', content=[tagged])


class Said:
    """A model that calls the tool once and keeps all that it is sent."""

    def __init__(self) -> None:
        self.sent: list[list[ModelMessage]] = []

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.sent.append(list(messages))
        if len(self.sent) == 1:
            return ModelResponse(parts=[ToolCallPart('get', {}, tool_call_id='k')])
        if len(self.sent) == 2:
            return ModelResponse(parts=[ToolCallPart('other', {}, tool_call_id='l')])
        return ModelResponse(parts=[TextPart('done')])


def run(mode: Mode, give: Callable[[], Any], deferred: bool, prompt: str = 'go') -> tuple[Said, list[ModelMessage]]:
    """A run whose tool gives something to the model, at once or later."""
    said = Said()
    plugged = mode(Compactor())
    agent: Any = new_agent(FunctionModel(said), output_type=[str, DeferredToolRequests], **plugged)

    @agent.tool_plain  # type: ignore[untyped-decorator]
    def get() -> Any:
        if deferred:
            raise CallDeferred
        return give()

    @agent.tool_plain  # type: ignore[untyped-decorator]
    def other() -> str:
        return 'nothing'

    result = drive(by_run, agent, prompt)
    if deferred:
        results = DeferredToolResults(calls={'k': give()})
        result = drive(by_run, agent, None, message_history=result.all_messages(), deferred_tool_results=results)
    return said, result.all_messages()


def shown(messages: list[ModelMessage]) -> str:
    """All that a provider is sent of messages."""
    return '\n'.join(repr(getattr(part, 'content', getattr(part, 'args', ''))) for m in messages for part in m.parts)


@pytest.mark.parametrize('deferred', [False, True], ids=['at once', 'deferred'])
@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('given', GIVEN)
def test_what_a_tool_gives_is_sent_without_secrets(given: str, mode: Mode, deferred: bool) -> None:
    """At its first request and at every later one; a link to a medium is what it was."""
    said, _ = run(mode, GIVEN[given], deferred)
    assert len(said.sent) == 3
    for messages in said.sent[1:]:
        assert TOKEN not in shown(messages)
        assert '[REDACTED-' in shown(messages)
        assert (SIGNED in shown(messages)) == (given in ('in a list beside', 'with media'))


@pytest.mark.parametrize('mode', MODES)
def test_what_is_no_text_stays(mode: Mode) -> None:
    """Links to media, bytes, and what the application keeps beside a result are not looked at."""
    data = BinaryContent(data=b'key AKIAIOSFODNN7EXAMPLF in a document', media_type='text/plain')
    said, record = run(
        mode, lambda: ToolReturn(['x', IMAGE, data], content=['see', IMAGE], metadata={'url': SIGNED}), False
    )
    parts = [part for message in said.sent[-1] for part in message.parts]
    [result] = [part for part in parts if part.part_kind == 'tool-return' and part.tool_name == 'get']
    assert result.content == ['x', IMAGE, data]
    assert result.metadata == {'url': SIGNED}
    [beside] = [part for part in parts if part.part_kind == 'user-prompt' and part.content != 'go']
    assert beside.content == ['see', IMAGE]
    assert SIGNED in ModelMessagesTypeAdapter.dump_json(record).decode()


@pytest.mark.parametrize('mode', MODES)
def test_what_a_person_says_is_sent_as_it_was_said(mode: Mode) -> None:
    """By default: who gives an agent a key wants it used. Copies of it hold none (see `test_copies`)."""
    said, _ = run(mode, lambda: 'fine', False, f'use {TOKEN}')
    prompts = [part for message in said.sent[-1] for part in message.parts if isinstance(part, UserPromptPart)]
    assert [part.content for part in prompts] == [f'use {TOKEN}']


@pytest.mark.parametrize('mode', MODES)
def test_a_policy_has_everything_redacted(mode: Mode) -> None:
    """Prompts, texts and arguments too, in every request in the same way; the tool gets what the agent wrote."""
    sent: list[str] = []
    asked: list[str] = []

    def decide(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        sent.append(shown(messages))
        if len(sent) % 3 == 0:
            return ModelResponse(parts=[TextPart(f'done with {TOKEN}')])
        call = ToolCallPart('get', {'key': TOKEN, 'n': len(sent)}, tool_call_id=f'k{len(sent)}')
        return ModelResponse(parts=[TextPart(f'I use {TOKEN}'), call])

    policy = Policy(outputs=OutputsPolicy(redact_sent='everything'))
    agent: Any = new_agent(FunctionModel(decide), **mode(Compactor(policy)))

    @agent.tool_plain  # type: ignore[untyped-decorator]
    def get(key: str, n: int) -> str:
        asked.append(key)
        return 'fine'

    record: list[ModelMessage] = []
    for prompt in (f'use {TOKEN}', f'again {TOKEN}'):
        record = drive(by_run, agent, prompt, message_history=record).all_messages()
    assert len(sent) == 6
    assert not [text for text in sent if TOKEN in text]
    assert all(later.startswith(earlier) for earlier, later in pairwise(sent))
    assert asked[0] == TOKEN


@pytest.mark.parametrize('mode', MODES)
def test_what_an_output_was_refused_for_is_sent_without_secrets(mode: Mode) -> None:
    """A retry that answers no call quotes what it was checked against."""
    sent: list[str] = []

    def decide(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        sent.append(shown(messages))
        return ModelResponse(parts=[TextPart('done' if len(sent) > 1 else 'bad')])

    agent: Any = new_agent(FunctionModel(decide), **mode(Compactor()))

    @agent.output_validator  # type: ignore[untyped-decorator]
    def check(said: str) -> str:
        if said == 'bad':
            raise ModelRetry(f'it is not {TOKEN}')
        return said

    assert drive(by_run, agent, 'go').output == 'done'
    assert '[REDACTED-' in sent[-1]
    assert TOKEN not in sent[-1]
