"""OpenAI chat completions on the wire: answers, streams and errors as the real API writes them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from compactor.testing.exchange import Refusal
from compactor.testing.spoken import Spoken

PIECE = 40
"""Characters a streamed delta carries."""

MALFORMED = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
    'library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you '
    'have trouble figuring out how to fix this, please contact us through our help center at '
    'help.openai.com.)'
)
"""Its words for a body that is not JSON (seen: github.com/microsoft/graphrag/issues/2286)."""

_CREATED = 1_700_000_000  # A fixed second: answers are the same in every run.
_USUAL = {
    401: ('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'),
    429: ('Rate limit reached for requests.', 'requests', 'rate_limit_exceeded'),
    500: ('The server had an error while processing your request. Sorry about that!', 'server_error', None),
    503: ('The engine is currently overloaded, please try again later.', 'server_error', None),
}


def answer(spoken: Spoken) -> dict[str, Any]:
    """Write a whole answer."""
    text, calls = spoken.reply.text, _tool_calls(spoken)
    message: dict[str, Any] = {'role': 'assistant', 'content': text, 'refusal': None}
    if calls:
        message.update(content=text or None, tool_calls=calls)
    choice = {'index': 0, 'message': message, 'logprobs': None, 'finish_reason': _finish(spoken)}
    return {**_head(spoken, 'chat.completion'), 'choices': [choice], 'usage': _usage(spoken)}


def stream(spoken: Spoken) -> Iterator[str]:
    """Write an answer as server-sent events, with a usage chunk if the client asked for one."""
    head = _head(spoken, 'chat.completion.chunk')

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choices = [{'index': 0, 'delta': delta, 'logprobs': None, 'finish_reason': finish}]
        return _event({**head, 'choices': choices})

    yield chunk({'role': 'assistant', 'content': ''})
    for piece in _pieces(spoken.reply.text):
        yield chunk({'content': piece})
    for index, call in enumerate(_tool_calls(spoken)):
        function = call['function']
        yield chunk({'tool_calls': [{**call, 'index': index, 'function': {**function, 'arguments': ''}}]})
        for piece in _pieces(function['arguments']):
            yield chunk({'tool_calls': [{'index': index, 'function': {'arguments': piece}}]})
    yield chunk({}, _finish(spoken))
    options = spoken.body.get('stream_options')
    if isinstance(options, dict) and options.get('include_usage'):
        yield _event({**head, 'choices': [], 'usage': _usage(spoken)})
    yield 'data: [DONE]\n\n'


def refused(refusal: Refusal) -> dict[str, Any]:
    """Write a 400's error JSON."""
    return _error(refusal.message, 'invalid_request_error', refusal.param, refusal.code)


def failed(status: int, message: str = '', code: str | None = None) -> dict[str, Any]:
    """Write the error JSON of any other status; an empty message gives the status's usual text."""
    kind = 'server_error' if status >= 500 else 'invalid_request_error'
    usual_message, kind, usual_code = _USUAL.get(status, ('The request failed.', kind, None))
    return _error(message or usual_message, kind, None, code or usual_code)


def _error(message: str, kind: str, param: str | None, code: str | None) -> dict[str, Any]:
    return {'error': {'message': message, 'type': kind, 'param': param, 'code': code}}


def _head(spoken: Spoken, kind: str) -> dict[str, Any]:
    id = f'chatcmpl-{spoken.number:08d}'
    return {'id': id, 'object': kind, 'created': _CREATED, 'model': spoken.body['model']}


def _tool_calls(spoken: Spoken) -> list[dict[str, Any]]:
    return [
        {
            'id': id,
            'type': 'function',
            'function': {'name': call.name, 'arguments': json.dumps(dict(call.args))},
        }
        for call, id in zip(spoken.reply.calls, spoken.ids, strict=True)
    ]


def _finish(spoken: Spoken) -> str:
    return 'tool_calls' if spoken.reply.calls else 'stop'


def _usage(spoken: Spoken) -> dict[str, int]:
    total = spoken.input_tokens + spoken.output_tokens
    return {
        'prompt_tokens': spoken.input_tokens,
        'completion_tokens': spoken.output_tokens,
        'total_tokens': total,
    }


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))


def _event(data: Mapping[str, Any]) -> str:
    return f'data: {json.dumps(data)}\n\n'
