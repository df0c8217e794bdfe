"""Dicts of chat completions seen as the law suite sees a history; nothing of the adapter's own reading is used.

The same dict is the same message each time, and the same value in it the same part, so that what the laws say about
objects is said about dicts.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import Compaction
from compactor.adapters.openai_chat import DICTS, compact
from tests.adapters.openai_chat.dicts import Json
from tests.laws.laws import Case, before_a_request
from tests.laws.release import known
from tests.laws.writer import EPOCH

THOUGHTS = ('reasoning_content', 'reasoning', 'reasoning_details', 'thinking_blocks')


@dataclass(frozen=True)
class Lens:
    """Shows dicts as messages, and finds the dicts of messages again."""

    _messages: dict[int, tuple[Json, ModelMessage]] = field(default_factory=dict)
    _dicts: dict[int, Json] = field(default_factory=dict)
    _parts: dict[tuple[int, str], tuple[Any, Any]] = field(default_factory=dict)

    def messages(self, dicts: Sequence[Json]) -> list[ModelMessage]:
        """The messages that these dicts are."""
        return [self._message(one) for one in dicts]

    def dicts(self, messages: Sequence[ModelMessage]) -> list[Json]:
        """The dicts that these messages, which were seen before, are."""
        return [self._dicts[id(message)] for message in messages]

    def _message(self, one: Json) -> ModelMessage:
        if id(one) not in self._messages:
            message: ModelMessage
            if one['role'] == 'assistant':
                message = ModelResponse(list(self._said(one)), timestamp=EPOCH)
            else:
                message = ModelRequest([self._asked(one)], timestamp=EPOCH)
            self._messages[id(one)] = one, message
            self._dicts[id(message)] = one
        return self._messages[id(one)][1]

    def _part(self, value: Any, what: str, make: Callable[[], Any]) -> Any:
        if (id(value), what) not in self._parts:
            self._parts[id(value), what] = value, make()
        return self._parts[id(value), what][1]

    def _said(self, one: Json) -> Iterator[Any]:
        for key in THOUGHTS:
            for value in _listed(one.get(key)):
                yield self._part(value, key, partial(_thought, value))
        for value in _listed(one.get('content')):
            yield self._part(value, 'content', partial(_spoken, value))
        if one.get('function_call'):
            call = one['function_call']
            yield self._part(call, 'call', lambda: ToolCallPart(call['name'], call['arguments'], 'function_call'))
        for value in one.get('tool_calls') or ():
            yield self._part(value, 'call', partial(_call, value))

    def _asked(self, one: Json) -> Any:
        role, content = one['role'], one['content']
        if role in ('system', 'developer'):
            return SystemPromptPart('\n'.join(map(_text, _listed(content))), timestamp=EPOCH)
        items = [content] if isinstance(content, str) else [seen for item in content for seen in _items(item)]
        if role == 'user':
            return UserPromptPart(content if isinstance(content, str) else items, timestamp=EPOCH)
        texts = [item for item in items if isinstance(item, str)]
        shown: Any = '\n'.join(texts) if len(texts) == len(items) else items
        call_id = one['tool_call_id'] if role == 'tool' else 'function_call'
        return ToolReturnPart(one.get('name') or '', shown, call_id, timestamp=EPOCH)


@dataclass(frozen=True, slots=True)
class DictCase(Case):
    """How a history of dicts is compacted: by the adapter's `compact`, or by `fit` as a client would drive it.

    Attributes:
        lens: shows the dicts.
    """

    lens: Lens

    def __call__(self, messages: Sequence[ModelMessage]) -> Compaction[ModelMessage]:
        """The compaction of the dicts that these messages are, as messages."""
        dicts = self.lens.dicts(messages)
        looked = repr(dicts)
        if self.sending:
            result = before_a_request(self, DICTS.form, dicts)
        else:
            result = compact(dicts, self.policy, target_tokens=self.target, model=self.model)
        assert repr(dicts) == looked, 'a dict was changed'
        shown: Compaction[ModelMessage] = replace(cast('Any', result), messages=self.lens.messages(result.messages))
        return shown


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _text(value: Any) -> str:
    found = value if isinstance(value, str) else value.get('text') or value.get('refusal') or value.get('thinking')
    return str(found or '')


def _spoken(value: Any) -> TextPart:
    return TextPart(_text(value))


def _thought(value: Any) -> ThinkingPart:
    return ThinkingPart(_text(value), signature=None if isinstance(value, str) else str(value.get('signature')))


def _call(call: Json) -> ToolCallPart:
    inner = call[call['type']]
    bound = {key: value for key, value in call.items() if key not in ('id', 'type', 'function', 'custom')}
    arguments = inner['input'] if call['type'] == 'custom' else inner['arguments']
    return ToolCallPart(inner['name'], arguments, call['id'], provider_details=bound or None)


def _items(item: Json) -> Iterator[Any]:
    """An item of a content, and the cache point behind it."""
    if item['type'] == 'input_audio':
        yield BinaryContent(base64.b64decode(item['input_audio']['data']), media_type='audio/wav')
    elif item['type'] == 'image_url':
        url = item['image_url']['url']
        data = re.fullmatch('data:([^;]+);base64,(.*)', url)
        yield BinaryContent(base64.b64decode(data[2]), media_type=data[1]) if data else ImageUrl(url)
    else:
        yield _text(item)
    point = known('CachePoint')
    if 'cache_control' in item and point:
        yield point()
