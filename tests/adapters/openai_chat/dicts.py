"""pydantic-ai's messages written as dicts of chat completions, in the manners that clients and servers have."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_ai.messages import BinaryContent, FileUrl, ModelMessage, ModelResponse

from compactor.tokens.json_text import as_json

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a client or a server writes what can be written in several ways.

    Attributes:
        items: contents are lists of items, also where they are one text.
        legacy: a response with one call has it as `function_call`, and its result has the name in the place of an id.
        custom: calls whose arguments are no JSON object are of custom tools.
        named: results name their tools.
        developer: system prompts are a developer's.
        extra: messages have fields that nobody here knows.
    """

    items: bool = False
    legacy: bool = False
    custom: bool = False
    named: bool = False
    developer: bool = False
    extra: bool = False


PLAIN = Manner()
MANNERS = {
    'plain': PLAIN,
    'items': Manner(items=True, developer=True),
    'legacy': Manner(legacy=True, extra=True),
    'custom': Manner(custom=True, named=True),
}


@dataclass(slots=True)
class Written:
    """A history as dicts.

    Attributes:
        dicts: the messages.
        parts: for each of them the parts of pydantic-ai that it says.
        origins: for each of them the message in which they stand.
    """

    dicts: list[Json] = field(default_factory=list)
    parts: list[list[Any]] = field(default_factory=list)
    origins: list[ModelMessage] = field(default_factory=list)


def as_dicts(messages: Sequence[ModelMessage], manner: Manner = PLAIN) -> list[Json]:
    """A history as dicts; instructions and what a provider's own tools did have no place in them."""
    return written(messages, manner).dicts


def written(messages: Sequence[ModelMessage], manner: Manner = PLAIN) -> Written:
    """A history as dicts, with where each came from. One object that stands in it twice is one dict in it twice."""
    whole, known = Written(), dict[int, list[tuple[Json, list[Any]]]]()
    alone: set[str] = set()
    for message in messages:
        if id(message) not in known:
            if isinstance(message, ModelResponse):
                known[id(message)] = list(_said(message, manner))
                calls = [part.tool_call_id for part in message.parts if part.part_kind == 'tool-call']
                alone = set(calls) if manner.legacy and len(calls) == 1 else set()
            else:
                known[id(message)] = list(_asked(message, manner, alone))
        for one, parts in known[id(message)]:
            whole.dicts.append(one)
            whole.parts.append(parts)
            whole.origins.append(message)
    return whole


def _asked(message: Any, manner: Manner, alone: Collection[str]) -> Iterator[tuple[Json, list[Any]]]:
    for part in message.parts:
        made = _request(part, manner)
        if made is not None:
            if made.get('tool_call_id') in alone:
                made = {'role': 'function', 'name': part.tool_name, 'content': made['content']}
            yield made | ({'metadata': {'origin': 'log'}} if manner.extra else {}), [part]


def _request(part: Any, manner: Manner) -> Json | None:
    kind, text = part.part_kind, getattr(part, 'content', None)
    if kind == 'system-prompt':
        return {'role': 'developer' if manner.developer else 'system', 'content': _content(text, manner)}
    if kind == 'tool-return' or (kind == 'retry-prompt' and part.tool_name):
        return _result(part, manner)
    if kind in ('user-prompt', 'retry-prompt', 'retry-feedback'):
        words = text if kind == 'user-prompt' else part.model_response() if kind == 'retry-prompt' else str(text)
        return {'role': 'user', 'content': _content(words, manner)}
    return None


def _result(part: Any, manner: Manner) -> Json:
    content = part.content
    if part.part_kind == 'retry-prompt':
        said: Any = part.model_response()
    elif any(map(_is_medium, content if isinstance(content, list) else [content])):
        listed = content if isinstance(content, list) else [content]
        said = [item if _is_medium(item) or isinstance(item, str) else as_json(item) for item in listed]
    else:
        said = content if isinstance(content, str) else part.model_response_str()
    name = {'name': part.tool_name} if manner.named else {}
    return {'role': 'tool', 'tool_call_id': part.tool_call_id, **name, 'content': _content(said, manner)}


def _content(content: Any, manner: Manner) -> Any:
    if isinstance(content, str):
        return [{'type': 'text', 'text': content}] if manner.items else content
    found: list[Json] = []
    for item in content:
        if getattr(item, 'kind', '') == 'cache-point':
            if found:
                found[-1] = {**found[-1], 'cache_control': {'type': 'ephemeral'}}
        else:
            found.append(_item(item))
    return found


def _is_medium(item: Any) -> bool:
    return isinstance(item, BinaryContent | FileUrl)


def _item(item: Any) -> Json:
    if not _is_medium(item):
        text = item if isinstance(item, str) else getattr(item, 'content', item)
        return {'type': 'text', 'text': text if isinstance(text, str) else as_json(text)}
    if isinstance(item, BinaryContent) and item.media_type.startswith('audio/'):
        data = base64.b64encode(item.data).decode()
        return {'type': 'input_audio', 'input_audio': {'data': data, 'format': item.format}}
    url = item.data_uri if isinstance(item, BinaryContent) else item.url
    kind = item.media_type.partition('/')[0] if isinstance(item, BinaryContent) else item.kind.removesuffix('-url')
    if kind in ('image', 'video', 'audio'):
        return {'type': f'{kind}_url', f'{kind}_url': {'url': url}}
    return {'type': 'file', 'file': {'file_data': url}}


def _said(message: Any, manner: Manner) -> Iterator[tuple[Json, list[Any]]]:
    """The response, if anything of it has a place in a dict, or if there was nothing in it."""
    parts = [part for part in message.parts if part.part_kind in ('text', 'thinking', 'tool-call', 'file', 'speech')]
    if message.parts and not parts:
        return
    calls = [part for part in parts if part.part_kind == 'tool-call']
    thoughts = [part for part in parts if part.part_kind == 'thinking']
    texts = [_words(part) for part in parts if part.part_kind not in ('tool-call', 'thinking')]
    said: Json = {'role': 'assistant', 'content': _one(texts, manner) if texts else None if calls else ''}
    if any(part.signature or part.id for part in thoughts):
        said['thinking_blocks'] = [
            {'type': 'thinking', 'thinking': part.content, 'signature': part.signature or part.id} for part in thoughts
        ]
    elif thoughts:  # there is one place for all of them
        thoughts = [replace(thoughts[0], content='\n\n'.join(part.content for part in thoughts))]
        said['reasoning_content'] = thoughts[0].content
    if manner.legacy and len(calls) == 1:
        said['function_call'] = {'name': calls[0].tool_name, 'arguments': _arguments(calls[0])}
    elif calls:
        said['tool_calls'] = [_call(part, manner) for part in calls]
    if manner.extra:
        said |= {'annotations': [], 'refusal': None}
    yield said, [*thoughts, *(part for part in parts if part.part_kind != 'thinking')]


def _one(texts: Sequence[str], manner: Manner) -> Any:
    return texts[0] if len(texts) == 1 and not manner.items else [{'type': 'text', 'text': text} for text in texts]


def _words(part: Any) -> str:
    """What a text says, a speech too; a file is named."""
    return (
        str(getattr(part, 'transcript', None) or getattr(part, 'content', '')) if part.part_kind != 'file' else 'Image.'
    )


def _call(part: Any, manner: Manner) -> Json:
    arguments = _arguments(part)
    google = part.provider_details or {}
    bound = {'extra_content': {'google': google}} if google else {}
    if manner.custom and not arguments.startswith('{'):
        return {'id': part.tool_call_id, 'type': 'custom', 'custom': {'name': part.tool_name, 'input': arguments}}
    function = {'name': part.tool_name, 'arguments': arguments}
    return {'id': part.tool_call_id, 'type': 'function', 'function': function, **bound}


def _arguments(part: Any) -> str:
    return part.args if isinstance(part.args, str) else part.args_as_json_str()
