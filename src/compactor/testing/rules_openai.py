"""What OpenAI's chat completions refuse, one small function a rule, in a visible table.

Checked against documentation and against error messages that others met and published; the live API was not
called. Not refused, because the real one does not: malformed JSON in a call's `arguments` (the reference
says that the model does not always generate valid JSON), the empty string as content, two user messages in a
row, an assistant message first.
"""

from typing import Any

from compactor.testing.rule import Problem, Request, Rule

ROLES = ('system', 'assistant', 'user', 'function', 'tool', 'developer')


def _model(request: Request) -> Problem | None:
    if request.body.get('model'):
        return None
    return Problem('you must provide a model parameter')


def _messages_missing(request: Request) -> Problem | None:
    if request.body.get('messages') is None:
        return _missing('messages')
    if not isinstance(request.body['messages'], list):
        return _wrong_type('messages', 'an array of objects', request.body['messages'])
    return None


def _messages_empty(request: Request) -> Problem | None:
    return None if request.body['messages'] else _empty_array('messages')


def _role(request: Request) -> Problem | None:
    for index, message in enumerate(request.body['messages']):
        if not isinstance(message, dict):
            return _wrong_type(f'messages[{index}]', 'an object', message)
        role = message.get('role')
        if role is None:
            return _missing(f'messages[{index}].role')
        if role not in ROLES:
            supported = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
            return Problem(
                f'Invalid value: {str(role)!r}. Supported values are: {supported}.',
                f'messages[{index}].role',
                'invalid_value',
            )
    return None


def _content(request: Request) -> Problem | None:
    for index, message in enumerate(request.body['messages']):
        content = message.get('content')
        if content is None:
            if message['role'] == 'assistant' and (message.get('tool_calls') or message.get('function_call')):
                continue
            return Problem("Invalid value for 'content': expected a string, got null.", f'messages.[{index}].content')
        if isinstance(content, list):
            where = f'messages[{index}].content'
            if not content:
                return _empty_array(where)
            for place, part in enumerate(content):
                if not isinstance(part, dict):
                    return _wrong_type(f'{where}[{place}]', 'an object', part)
        elif not isinstance(content, str):
            return _wrong_type(f'messages[{index}].content', 'one of a string or array of objects', content)
    return None


def _tool_calls_shape(request: Request) -> Problem | None:
    for index, message in enumerate(request.body['messages']):
        calls = message.get('tool_calls')
        if message['role'] != 'assistant' or calls is None:
            continue
        where = f'messages[{index}].tool_calls'
        if not isinstance(calls, list):
            return _wrong_type(where, 'an array of objects', calls)
        if not calls:
            return _empty_array(where)
        for place, call in enumerate(calls):
            problem = _call_shape(f'{where}[{place}]', call)
            if problem:
                return problem
    return None


def _call_shape(where: str, call: Any) -> Problem | None:
    if not isinstance(call, dict):
        return _wrong_type(where, 'an object', call)
    function = call.get('function')
    if call.get('id') is None:
        return _missing(f'{where}.id')
    if not isinstance(call['id'], str):
        return _wrong_type(f'{where}.id', 'a string', call['id'])
    if call.get('type') == 'custom':
        return None
    if not isinstance(function, dict):
        return _missing(f'{where}.function')
    for field in ('name', 'arguments'):
        if function.get(field) is None:
            return _missing(f'{where}.function.{field}')
        if not isinstance(function[field], str):
            return _wrong_type(f'{where}.function.{field}', 'a string', function[field])
    if not function['name']:
        where = f'{where}.function.name'
        return Problem(
            f'Invalid {where!r}: empty string. Expected a string with minimum length 1, '
            'but got an empty string instead.',
            where,
            'empty_string',
        )
    return None


def _call_ids_repeat(request: Request) -> Problem | None:
    for index, message in enumerate(request.body['messages']):
        ids = _call_ids(message)
        for place, id in enumerate(ids):
            if id in ids[:place]:
                return Problem(
                    f"Invalid parameter: Duplicate value for 'tool_call_id' of {id!r} in messages[{index}].",
                    f'messages.[{index}].tool_calls',
                )
    return None


def _tool_id_missing(request: Request) -> Problem | None:
    for index, message in enumerate(request.body['messages']):
        if message['role'] == 'tool' and not isinstance(message.get('tool_call_id'), str):
            return Problem(
                "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.",
                f'messages.[{index}].tool_call_id',
            )
    return None


def _tool_orphan(request: Request) -> Problem | None:
    messages = request.body['messages']
    for index, message in enumerate(messages):
        if message['role'] == 'tool' and not _call_ids(messages[_asker(messages, index)]):
            return Problem(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                "with 'tool_calls'.",
                f'messages.[{index}].role',
            )
    return None


def _tool_unknown_id(request: Request) -> Problem | None:
    messages = request.body['messages']
    for index, message in enumerate(messages):
        if message['role'] == 'tool':
            id = message['tool_call_id']
            if id not in _call_ids(messages[_asker(messages, index)]):
                return Problem(
                    f"Invalid parameter: 'tool_call_id' of {id!r} not found in 'tool_calls' of previous message.",
                    f'messages.[{index}].tool_call_id',
                )
    return None


def _tool_repeated(request: Request) -> Problem | None:
    answered: dict[str, int] = {}
    for index, message in enumerate(request.body['messages']):
        if message['role'] != 'tool':
            answered = {}
            continue
        id = message['tool_call_id']
        if id in answered:
            return Problem(
                f"Invalid parameter: Duplicate value for 'tool_call_id' of {id!r}, "
                f'in messages[{answered[id]}] and messages[{index}].',
                f'messages.[{index}].tool_call_id',
            )
        answered[id] = index
    return None


def _tool_unanswered(request: Request) -> Problem | None:
    messages = request.body['messages']
    for index, message in enumerate(messages):
        ids = _call_ids(message)
        if not ids:
            continue
        after = index + 1
        answered = set()
        while after < len(messages) and messages[after]['role'] == 'tool':
            answered.add(messages[after]['tool_call_id'])
            after += 1
        unanswered = [id for id in ids if id not in answered]
        if unanswered:
            return Problem(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                "'tool_call_id'. The following tool_call_ids did not have response messages: " + ', '.join(unanswered),
                # The message that stands where a tool message was expected; the last one if none follows.
                f'messages.[{min(after, len(messages) - 1)}].role',
            )
    return None


def _window(request: Request) -> Problem | None:
    if request.window is None or request.tokens <= request.window:
        return None
    return overflow(request.tokens, request.window)


def overflow(tokens: int, window: int) -> Problem:
    """OpenAI's words for an input of `tokens` over a window of `window` tokens."""
    return Problem(
        f"This model's maximum context length is {window} tokens. However, your messages resulted in "
        f'{tokens} tokens. Please reduce the length of the messages.',
        'messages',
        'context_length_exceeded',
    )


def _asker(messages: list[dict[str, Any]], index: int) -> int:
    """Find the message that a run of tool messages answers; itself if nothing is before it."""
    before = index
    while before > 0 and messages[before]['role'] == 'tool':
        before -= 1
    return before


def _call_ids(message: dict[str, Any]) -> list[str]:
    if message['role'] != 'assistant':
        return []
    return [call['id'] for call in message.get('tool_calls') or ()]


def _missing(where: str) -> Problem:
    return Problem(f'Missing required parameter: {where!r}.', where, 'missing_required_parameter')


def _empty_array(where: str) -> Problem:
    return Problem(
        f'Invalid {where!r}: empty array. Expected an array with minimum length 1, but got an empty array instead.',
        where,
        'empty_array',
    )


_JSON_NAMES = {
    bool: 'a boolean', int: 'an integer', float: 'a decimal',
    str: 'a string', list: 'an array', dict: 'an object',
}  # fmt: skip


def _wrong_type(where: str, expected: str, value: Any) -> Problem:
    got = _JSON_NAMES.get(type(value), 'null')
    return Problem(f'Invalid type for {where!r}: expected {expected}, but got {got} instead.', where, 'invalid_type')


OPENAI_RULES: tuple[Rule, ...] = (
    Rule('model', 'seen: github.com/chain-ml/council/issues/45', _model),
    Rule('messages-missing', 'seen: github.com/SilasMarvin/lsp-ai/issues/108', _messages_missing),
    Rule('messages-empty', 'seen: github.com/CopilotKit/CopilotKit/issues/529', _messages_empty),
    # The wording follows OpenAI's other `invalid_value` errors, the roles are those of the reference. Seen in
    # an older wording: "'' is not one of ['system', ...] - 'messages.0.role'".
    Rule(
        'role',
        'documented: API reference, chat/create; seen: github.com/sashabaranov/go-openai/issues/679',
        _role,
    ),
    # "Required unless `tool_calls` or `function_call` is specified": the reference, on assistant content.
    Rule(
        'content',
        'documented: API reference, chat/create; seen: github.com/run-llama/llama_index/pull/17921',
        _content,
    ),
    Rule(
        'tool-calls-shape',
        'seen: github.com/openai/openai-python/issues/2061 (empty), '
        'github.com/continuedev/continue/issues/11645 (empty name)',
        _tool_calls_shape,
    ),
    # Seen from an OpenAI-compatible server (DeepSeek); OpenAI's own word for it was not found. A pair of tool
    # messages that answers the repeated id is refused below in any case.
    Rule('call-ids-repeat', 'seen: github.com/BuilderIO/agent-native/pull/2312 (DeepSeek)', _call_ids_repeat),
    Rule('tool-id-missing', 'seen: github.com/langchain-ai/langchain/issues/22600', _tool_id_missing),
    Rule('tool-orphan', 'seen: github.com/smarter-sh/smarter/issues/264', _tool_orphan),
    Rule('tool-unknown-id', 'seen: github.com/dapr/dapr-agents/issues/145', _tool_unknown_id),
    Rule('tool-repeated', 'seen: github.com/agno-agi/agno/issues/5116', _tool_repeated),
    Rule('tool-unanswered', 'seen: github.com/router-for-me/CLIProxyAPI/issues/2798', _tool_unanswered),
    Rule('window', 'seen: github.com/rahul2002m/ChatPDF/issues/6', _window),
)
"""OpenAI chat completions: the rules in the order they are checked."""
