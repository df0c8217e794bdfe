"""What is made anew drops what spoke of the old content, the same way for all that belongs together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pydantic_ai.messages as m
import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import HistoryError, HistoryPolicy, Policy, compact, inspect
from tests.adapters.driver import output

Citation: Any = getattr(m, 'Citation', None)
CLAMP = Policy(history=HistoryPolicy(strategies=('clamp',)))
MODELS = ('openai-responses:gpt-5', 'anthropic:claude-opus-4-5', None)


def words(n: int, words: int = 600) -> str:
    """A text of about so many tokens."""
    return output(n, words)


def said(n: int, *parts: Any) -> list[ModelMessage]:
    """A response with these parts and a call, and its result."""
    call = ToolCallPart('write', json.dumps({'text': words(n)}), f'c{n}', id=f'fc_{n}', provider_name='openai')
    return [
        ModelResponse([*parts, call], provider_name='openai', model_name='gpt-5'),
        ModelRequest([ToolReturnPart('write', 'ok', f'c{n}')]),
    ]


def item(n: int, text: str, **more: Any) -> TextPart:
    """A text as OpenAI's Responses interface keeps it."""
    return TextPart(text, id=f'msg_{n}', provider_name='openai', **more)


def reasoning(n: int) -> ThinkingPart:
    """Reasoning as it keeps it."""
    return ThinkingPart('', id=f'rs_{n}', signature='sealed', provider_name='openai')


def start() -> ModelRequest:
    """The prompt."""
    return ModelRequest([UserPromptPart('Write it.')])


def spoken(messages: Sequence[ModelMessage]) -> list[Any]:
    """The parts of all responses."""
    return [part for message in messages if isinstance(message, ModelResponse) for part in message.parts]


@pytest.mark.parametrize('model', MODELS)
def test_what_was_cut_has_no_id(model: str | None) -> None:
    """Neither it nor its neighbours: looked up by an id, each would be what it was, or miss what it belonged to."""
    history: list[ModelMessage] = [start(), *said(1, reasoning(1), item(1, words(1)))]
    result = compact(history, CLAMP, target_tokens=700, model=model)
    assert [applied.strategy for applied in result.applied] == ['clamp']
    assert result.failures == ()
    text, call = spoken(result.messages)
    assert (text.part_kind, text.id, call.part_kind, call.id) == ('text', None, 'tool-call', None)
    assert isinstance(json.loads(call.args), dict)


def test_what_was_not_cut_keeps_all_of_it() -> None:
    """A response of which nothing was cut stays the same object, with its reasoning and its ids."""
    small = said(1, reasoning(1), item(1, 'Short.'))
    small[0] = ModelResponse([reasoning(1), item(1, 'Short.'), ToolCallPart('write', {}, 'c1', id='fc_1')])
    history: list[ModelMessage] = [start(), *small, *said(2, reasoning(2), item(2, words(2)))]
    result = compact(history, CLAMP, target_tokens=900, model=MODELS[0])
    assert result.messages[1] is small[0]
    assert [part.part_kind for part in spoken(result.messages)] == [
        'thinking',
        'text',
        'tool-call',
        'text',
        'tool-call',
    ]


@pytest.mark.parametrize('model', MODELS)
def test_a_neighbour_that_was_not_cut_loses_its_id_too(model: str | None) -> None:
    """A short text beside a call that was cut: what is left of a response is told in words alone."""
    history: list[ModelMessage] = [start(), *said(1, reasoning(1), item(1, 'I write it now.'))]
    result = compact(history, CLAMP, target_tokens=300, model=model)
    text, call = spoken(result.messages)
    assert (text.content, text.id, call.id) == ('I write it now.', None, None)


def test_calls_of_the_provider_s_own_tools_keep_their_response_as_it_is() -> None:
    """They are looked up by id, and need the reasoning that led to them: nothing beside them is cut."""
    native = [
        m.NativeToolCallPart('web_search', {'query': 'x'}, 'ws_1', provider_name='openai')
        if hasattr(m, 'NativeToolCallPart')
        else m.BuiltinToolCallPart('web_search', {'query': 'x'}, 'ws_1', provider_name='openai')  # type: ignore[attr-defined]
    ]
    history: list[ModelMessage] = [start(), *said(1, reasoning(1), *native, item(1, words(1)))]
    result = compact(history, CLAMP, target_tokens=300, model=MODELS[0])
    assert result.messages[1] is history[1]


@pytest.mark.skipif(Citation is None, reason='this version has no citations')
def test_citations_go_with_the_text_that_they_point_into() -> None:
    """Positions in a text that was cut point nowhere; what does not speak of the text stays."""
    cited = Citation([m.WebCitationSource('https://x.y')], anchor=m.ContentCitationAnchor(start=2_000, end=2_010))
    details = {'citations': [{'start': 2_000}], 'annotations': [1], 'logprobs': [0.1], 'phase': 'commentary'}
    history: list[ModelMessage] = [start(), *said(1, item(1, words(1), citations=[cited], provider_details=details))]
    text = spoken(compact(history, CLAMP, target_tokens=500).messages)[0]
    assert len(text.content) < len(words(1))
    assert (text.citations, text.provider_details) == (None, {'phase': 'commentary'})


def test_what_a_provider_has_signed_is_not_cut() -> None:
    """Gemini's signatures on texts and calls cover what they hold."""
    signed = {'thought_signature': 'c2ln'}
    text = TextPart(words(1), provider_name='google', provider_details=signed)
    call = ToolCallPart('write', {'text': words(2)}, 'c1', provider_name='google', provider_details=signed)
    history: list[ModelMessage] = [
        start(),
        ModelResponse([text, call], provider_name='google'),
        ModelRequest([ToolReturnPart('write', 'ok', 'c1')]),
    ]
    result = compact(history, CLAMP, target_tokens=300)
    assert result.messages[1] is history[1]


@pytest.mark.parametrize('answered', [True, False])
def test_arguments_are_cut_once_they_are_answered(answered: bool) -> None:
    """A call that waits for its result, or for an approval, keeps what its tool is still to run with."""
    args = '{"plan": "' + 'step after step, ' * 900
    history: list[ModelMessage] = [start(), ModelResponse([ToolCallPart('write', args, 'c1')])]
    if answered:
        history.append(ModelRequest([ToolReturnPart('write', 'Invalid JSON.', 'c1')]))
    result = compact(history, CLAMP, target_tokens=300)
    [call] = spoken(result.messages)
    assert (call.args == args) == (not answered)
    assert answered == isinstance(call.args_as_dict(), dict) or not answered


@pytest.mark.parametrize('model', ['anthropic:claude-opus-4-5', 'anthropic:claude-opus-5-0', 'openai-responses:gpt-5'])
@pytest.mark.parametrize('tail', [1, 2])
def test_a_history_that_ends_in_thinking_alone(model: str, tail: int) -> None:
    """A run that failed there leaves such an end; the history is compacted, whatever binds the thinking."""
    history: list[ModelMessage] = [start()]
    for n in range(8):
        history += [
            ModelResponse([ToolCallPart('read', {'n': n}, f'k{n}')]),
            ModelRequest([ToolReturnPart('read', words(n, 200), f'k{n}')]),
        ]
    thoughts = [ThinkingPart('hm', signature='s', provider_name='anthropic') for _ in range(tail)]
    history.append(ModelResponse(thoughts, provider_name='anthropic'))
    result = compact(history, target_tokens=700, model=model)
    assert (result.outcome, result.failures, result.fits) == ('compacted', (), True)


class Odd:
    """Something that JSON cannot hold."""


@pytest.mark.parametrize(
    ('part', 'named'),
    [
        (ToolReturnPart('read', Odd(), 'c1'), 'tool-return part of read'),
        (ToolReturnPart('read', {'a': Odd()}, 'c1'), 'tool-return part of read'),
        (ToolReturnPart('read', [Odd()], 'c1'), 'tool-return part of read'),
        (ToolReturnPart('read', {'a': '\ud83d'}, 'c1'), 'tool-return part of read'),
        (ToolCallPart('write', {'a': Odd()}, 'c1'), 'tool-call part of write'),
    ],
    ids=['object', 'in a dict', 'in a list', 'half a surrogate pair', 'argument'],
)
def test_what_json_cannot_hold_is_named(part: Any, named: str) -> None:
    """No provider can be sent it: our own error says which message and part."""
    call = part if isinstance(part, ToolCallPart) else ToolCallPart('read', {}, 'c1')
    results = [] if part is call else [ModelRequest([part])]
    history: list[ModelMessage] = [start(), ModelResponse([call]), *results]
    for look in (compact, inspect):
        with pytest.raises(HistoryError, match=f'message {1 if part is call else 2}: the {named}'):
            look(history)
