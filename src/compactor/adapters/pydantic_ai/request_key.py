"""What makes two model requests the same: a hash of all that a provider would see, without what changes by itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_core import to_jsonable_python

VOLATILE = frozenset(
    (
        'timestamp',
        'run_id',
        'conversation_id',
        'usage',
        'provider_response_id',
        'provider_details',
        'provider_url',
        'vendor_id',
        'vendor_details',
        'finish_reason',
        'metadata',
        'failed_attempts',
        'id',
    )
)
"""Fields of messages and parts that differ between two requests for the same."""
TOOL_NOTES = frozenset(('capability_id', 'toolset_id', 'metadata', 'sequential', 'timeout'))
"""Fields of a tool's definition that no provider sees."""
NOT_ASKED = frozenset(('timeout', 'extra_headers', 'parallel_tool_calls_timeout'))
"""Settings that change how a request travels, not what is asked."""


def request_key(
    model: str, messages: Sequence[ModelMessage], settings: Mapping[str, Any] | None, parameters: Any
) -> str:
    """The key of a request: 64 hexadecimal digits.

    Args:
        model: provider and name.
        messages: the history; ids of calls count only by the order in which they appear.
        settings: the model's settings.
        parameters: tools, output tools, native tools and modes of the request.
    """
    asked = {
        'model': model,
        'messages': _stable(ModelMessagesTypeAdapter.dump_python(list(messages), mode='json'), {}),
        'settings': {k: v for k, v in _jsonable(dict(settings or {})).items() if k not in NOT_ASKED},
        'parameters': _without_ids(_jsonable(parameters)),
    }
    text = json.dumps(asked, sort_keys=True, separators=(',', ':'), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _stable(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_stable(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    stable = {}
    for key, item in value.items():
        if key == 'tool_call_id':
            stable[key] = ids.setdefault(str(item), f'call {len(ids)}')
        elif key not in VOLATILE and item is not None:
            # Content is data, whatever its keys are called.
            stable[key] = item if key in ('content', 'args') and not isinstance(item, list) else _stable(item, ids)
    return stable


def _without_ids(parameters: Any) -> Any:
    """The request's parameters without what the framework notes of its own beside a tool."""
    if not isinstance(parameters, dict):
        return parameters
    kept = dict(parameters)
    for group in ('function_tools', 'output_tools'):
        kept[group] = [
            {key: value for key, value in tool.items() if key not in TOOL_NOTES} if isinstance(tool, dict) else tool
            for tool in kept.get(group) or ()
        ]
    return kept


def _jsonable(value: Any) -> Any:
    """As JSON; objects that are none (functions, validators) count by their type, for they differ from run to run."""
    return to_jsonable_python(value, fallback=lambda odd: type(odd).__qualname__)
