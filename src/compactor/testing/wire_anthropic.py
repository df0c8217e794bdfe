"""Anthropic messages on the wire: answers, streams and errors as the real API writes them."""

import json
from collections.abc import Iterator
from typing import Any

from compactor.testing.exchange import Refusal
from compactor.testing.spoken import Spoken

PIECE = 40
"""Characters a streamed delta carries."""

MALFORMED = 'The request body is not valid JSON'
"""Its word for a body that is not JSON; the real wording was not found in public."""

_KINDS = {
    400: 'invalid_request_error', 401: 'authentication_error', 403: 'permission_error',
    404: 'not_found_error', 413: 'request_too_large', 429: 'rate_limit_error',
    500: 'api_error', 529: 'overloaded_error',
}  # fmt: skip
_USUAL = {
    429: 'This request would exceed your rate limit. Please try again later.',
    500: 'Internal server error',
    529: 'Overloaded',
}


def answer(spoken: Spoken) -> dict[str, Any]:
    """Write a whole answer."""
    return {
        **_message(spoken, spoken.output_tokens),
        'content': _content(spoken),
        'stop_reason': _stop(spoken),
    }


def stream(spoken: Spoken) -> Iterator[str]:
    """Write an answer as server-sent events."""
    yield _event('message_start', message=_message(spoken, 1))
    for index, block in enumerate(_content(spoken)):
        start, deltas = _streamed(block)
        yield _event('content_block_start', index=index, content_block=start)
        for delta in deltas:
            yield _event('content_block_delta', index=index, delta=delta)
        yield _event('content_block_stop', index=index)
    stop = {'stop_reason': _stop(spoken), 'stop_sequence': None}
    yield _event('message_delta', delta=stop, usage={'output_tokens': spoken.output_tokens})
    yield _event('message_stop')


def refused(refusal: Refusal) -> dict[str, Any]:
    """Write a 400's error JSON."""
    return failed(400, refusal.message)


def failed(status: int, message: str = '', code: str | None = None) -> dict[str, Any]:
    """Write the error JSON of any status; an empty message gives its usual text. Its errors have no code."""
    kind = _KINDS.get(status, 'api_error' if status >= 500 else 'invalid_request_error')
    error = {'type': kind, 'message': message or _USUAL.get(status, 'The request failed.')}
    return {'type': 'error', 'error': error, 'request_id': 'req_test'}


def _message(spoken: Spoken, output_tokens: int) -> dict[str, Any]:
    return {
        'id': f'msg_{spoken.number:08d}',
        'type': 'message',
        'role': 'assistant',
        'model': spoken.body['model'],
        'content': [],
        'stop_reason': None,
        'stop_sequence': None,
        'usage': {'input_tokens': spoken.input_tokens, 'output_tokens': output_tokens},
    }


def _content(spoken: Spoken) -> list[dict[str, Any]]:
    reply, signature = spoken.reply, spoken.signature
    content: list[dict[str, Any]] = []
    if signature is not None and reply.redacted:
        content.append({'type': 'redacted_thinking', 'data': signature})
    elif signature is not None:
        content.append({'type': 'thinking', 'thinking': reply.thinking, 'signature': signature})
    if reply.text:
        content.append({'type': 'text', 'text': reply.text})
    for call, id in zip(reply.calls, spoken.ids, strict=True):
        content.append({'type': 'tool_use', 'id': id, 'name': call.name, 'input': dict(call.args)})
    return content


def _streamed(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Split a block into how it starts and the deltas that fill it."""
    match block['type']:
        case 'text':
            return {**block, 'text': ''}, _deltas('text_delta', 'text', block['text'])
        case 'tool_use':
            text = json.dumps(block['input'])
            return {**block, 'input': {}}, _deltas('input_json_delta', 'partial_json', text)
        case 'thinking':
            deltas = _deltas('thinking_delta', 'thinking', block['thinking'])
            deltas.append({'type': 'signature_delta', 'signature': block['signature']})
            return {**block, 'thinking': '', 'signature': ''}, deltas
        case _:
            return block, []


def _deltas(kind: str, field: str, text: str) -> list[dict[str, Any]]:
    return [{'type': kind, field: text[start : start + PIECE]} for start in range(0, len(text), PIECE)]


def _stop(spoken: Spoken) -> str:
    return 'tool_use' if spoken.reply.calls else 'end_turn'


def _event(kind: str, **fields: Any) -> str:
    return f'event: {kind}\ndata: {json.dumps({"type": kind, **fields})}\n\n'
