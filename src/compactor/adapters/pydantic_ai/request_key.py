"""What makes two model requests the same: a hash of all that a provider would see, without what changes by itself.

Fields of messages and parts are known by where they stand. What stands inside of contents and arguments is data,
whatever its keys are called: an order's `id` is no message's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_core import to_jsonable_python

from compactor.adapters.pydantic_ai.models import leaves
from compactor.adapters.pydantic_ai.whereabouts import headers, whereabouts
from compactor.history.marks import looks_marked

OF_MESSAGES = frozenset(
    (
        'conversation_id',
        'failed_attempts',
        'finish_reason',
        'history_digest',
        'metadata',
        'provider_details',
        'provider_response_id',
        'provider_url',
        'run_id',
        'timestamp',
        'usage',
        'vendor_details',
        'vendor_id',
    )
)
"""Fields of messages that differ between two requests for the same."""
OF_PARTS = frozenset(('id', 'metadata', 'provider_details', 'timestamp'))
"""The same of parts."""
KEPT_WHOLE = frozenset(('compaction',))
"""Kinds of parts whose id and details are what they say: what stands behind them is with the provider."""
NOTED = frozenset(('user-prompt', 'compaction'))
"""Kinds of parts that may be notes of ours. Their seals say whose they are, not what is asked."""
_SEALED = re.compile(r'\[compactor [0-9]{1,40}\]')
TOOL_NOTES = frozenset(('capability_id', 'toolset_id', 'metadata', 'sequential', 'timeout'))
"""Fields of a tool's definition that no provider sees."""
NOT_ASKED = frozenset(('timeout', 'parallel_tool_calls_timeout'))
"""Settings that change how a request travels, not what is asked."""

HEADERS = 'extra_headers'
"""The setting that names headers."""


def request_key(
    model: Any, messages: Sequence[ModelMessage], settings: Mapping[str, Any] | None, parameters: Any
) -> str:
    """The key of a request: 64 hexadecimal digits.

    Args:
        model: the model that is asked, of which endpoint, account, organisation and headers count; or a name.
        messages: the history; ids of calls count only by the order in which they appear.
        settings: the model's settings.
        parameters: tools, output tools, native tools and modes of the request.

    Raises:
        ValueError: (or a subclass) something in the history has no JSON, so that nobody can say what it is.
    """
    ids: dict[str, str] = {}
    asked = {
        'model': model if isinstance(model, str) else whereabouts(model),
        'defaults': []
        if isinstance(model, str)
        else [_settings(getattr(one, 'settings', None)) for one in leaves(model)],
        'messages': [_message(message, ids) for message in _dumped(messages)],
        'settings': _settings(settings),
        'parameters': _without_ids(_jsonable(parameters)),
    }
    text = json.dumps(asked, sort_keys=True, separators=(',', ':'), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _settings(settings: Any) -> dict[str, Any]:
    """What settings ask for; of headers those that are not about the way of one request."""
    if not isinstance(settings, Mapping):
        return {}
    told = dict(_jsonable({name: value for name, value in settings.items() if name not in (*NOT_ASKED, HEADERS)}))
    return {**told, HEADERS: headers(settings.get(HEADERS))}


def _dumped(messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
    """Messages as JSON, without what an application keeps beside them: that may be of any kind, and is never sent."""
    dumped: list[dict[str, Any]] = ModelMessagesTypeAdapter.dump_python(
        [_unnoted(message) for message in messages], mode='json', warnings=False
    )
    return dumped


def _unnoted(message: Any) -> Any:
    parts = [_bare(_sent(part)) for part in message.parts]
    changed = any(a is not b for a, b in zip(parts, message.parts, strict=True))
    return _bare(_with(message, parts=parts) if changed else message)


def _bare(one: Any) -> Any:
    """A message or part without what may be of any kind and is no part of the question."""
    if getattr(one, 'part_kind', '') in KEPT_WHOLE:
        return one
    return _without(_without(one, 'metadata'), 'provider_details')


def _sent(part: Any) -> Any:
    """A prompt whose blocks of text have no notes of the application's beside them."""
    content = getattr(part, 'content', None)
    if getattr(part, 'part_kind', '') != 'user-prompt' or not isinstance(content, list | tuple):
        return part
    blocks = [block if isinstance(block, str) else _without(block, 'metadata') for block in content]
    return _with(part, content=blocks) if any(a is not b for a, b in zip(blocks, content, strict=True)) else part


def _without(one: Any, name: str) -> Any:
    return one if getattr(one, name, None) is None else _with(one, **{name: None})


def _with(one: Any, **changes: Any) -> Any:
    """A copy with other fields, made without its constructor: some classes are deprecated, and that would warn."""
    copied = object.__new__(type(one))
    copied.__dict__.update(vars(one), **changes)
    return copied


def _message(message: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    kept = {key: value for key, value in message.items() if key not in OF_MESSAGES and value is not None}
    kept['parts'] = [_part(part, ids) for part in message.get('parts') or ()]
    return kept


def _part(part: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    left_out = () if part.get('part_kind') in KEPT_WHOLE else OF_PARTS
    kept = {key: value for key, value in part.items() if key not in left_out and value is not None}
    if kept.get('part_kind') in NOTED and isinstance(said := kept.get('content'), str) and looks_marked(said):
        kept['content'] = _SEALED.sub('[compactor]', said, count=1)
    if 'tool_call_id' in kept:
        kept['tool_call_id'] = ids.setdefault(str(kept['tool_call_id']), f'call {len(ids)}')
    return kept


def _without_ids(parameters: Any) -> Any:
    """The request's parameters without what the framework notes of its own beside a tool, or for its telemetry."""
    if not isinstance(parameters, dict):
        return parameters
    kept = {key: value for key, value in parameters.items() if not key.lstrip('_').startswith('telemetry_')}
    for group in ('function_tools', 'output_tools'):
        kept[group] = [
            {key: value for key, value in tool.items() if key not in TOOL_NOTES} if isinstance(tool, dict) else tool
            for tool in kept.get(group) or ()
        ]
    return kept


def _jsonable(value: Any) -> Any:
    """As JSON; what is none counts by what it says of itself, or by its type where that is only its address."""
    return to_jsonable_python(value, fallback=_told)


def _told(odd: Any) -> str:
    kind: Any = type(odd)
    return kind.__qualname__ if kind.__repr__ is object.__repr__ or callable(odd) else repr(odd)
