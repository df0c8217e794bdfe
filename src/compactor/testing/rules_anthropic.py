"""What Anthropic's Messages API refuses, one small function a rule, in a visible table.

Checked against documentation and against error messages that others met and published; the live API was not
called. "Consecutive `user` or `assistant` turns in your request will be combined into a single turn" (API
reference, messages), so the rules look at the combined turns and number them so.

Not refused: an assistant turn first. "first message must use the "user" role" was seen until September 2024
(github.com/lobehub/lobehub/issues/1601, github.com/tonyljx/TextWordExplain/issues/2); the present reference
no longer asks for it.
"""

import re
from collections.abc import Iterator
from typing import Any

from compactor.testing.rule import Problem, Request, Rule
from compactor.testing.rules_thinking import THINKING_RULES
from compactor.testing.thinking import THINKING
from compactor.testing.turns import tool_ids, turns_of

CACHE_MARKERS = 4
"""How many blocks of a request may carry `cache_control`."""

_ROLES = ('user', 'assistant', 'system')  # `system` inside `messages`: newer models (reference, messages)
_REQUIRED = {
    'text': ('text',),
    'tool_use': ('id', 'name', 'input'),
    'tool_result': ('tool_use_id',),
    'thinking': ('thinking', 'signature'),
    'redacted_thinking': ('data',),
}
_TEXTUAL = {'text', 'id', 'name', 'tool_use_id', 'thinking', 'signature', 'data'}


def _fields(request: Request) -> Problem | None:
    for field in ('model', 'max_tokens', 'messages'):
        if request.body.get(field) is None:
            return Problem(f'{field}: Field required')
    if not isinstance(request.body['messages'], list):
        return Problem('messages: Input should be a valid list')
    return None


def _messages_empty(request: Request) -> Problem | None:
    return None if request.body['messages'] else Problem('messages: at least one message is required')


def _shape(request: Request) -> Problem | None:
    for index, message in enumerate(request.body['messages']):
        where = f'messages.{index}'
        if not isinstance(message, dict):
            return Problem(f'{where}: Input should be a valid dictionary')
        if message.get('role') not in _ROLES:
            return Problem(f"{where}.role: Input should be 'user' or 'assistant'")
        if 'content' not in message:
            return Problem(f'{where}.content: Field required')
        if isinstance(message['content'], str):
            continue
        if not isinstance(message['content'], list):
            return Problem(f'{where}.content: Input should be a valid list')
        for place, block in enumerate(message['content']):
            problem = _block_shape(f'{where}.content.{place}', message['role'], block)
            if problem:
                return problem
    return None


def _block_shape(where: str, role: str, block: Any) -> Problem | None:
    if not isinstance(block, dict):
        return Problem(f'{where}: Input should be a valid dictionary')
    kind = block.get('type')
    if not isinstance(kind, str):
        return Problem(f'{where}.type: Field required')
    if (kind == 'tool_result' and role != 'user') or (kind in {'tool_use', *THINKING} and role != 'assistant'):
        return Problem(f'{where}: `{kind}` blocks are not allowed in `{role}` messages')
    for field in _REQUIRED.get(kind, ()):
        if block.get(field) is None:
            return Problem(f'{where}.{kind}.{field}: Field required')
        if field in _TEXTUAL and not isinstance(block[field], str):
            return Problem(f'{where}.{kind}.{field}: Input should be a valid string')
    if kind == 'tool_use' and not isinstance(block['input'], dict):
        return Problem(f'{where}.tool_use.input: Input should be a valid dictionary')
    return None


def _tool_id_pattern(request: Request) -> Problem | None:
    for index, place, block in _blocks(request, 'tool_use'):
        if not re.fullmatch(r'[a-zA-Z0-9_-]+', block['id']):
            return Problem(
                f"messages.{index}.content.{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            )
    return None


def _content_empty(request: Request) -> Problem | None:
    messages = request.body['messages']
    for index, message in enumerate(messages):
        final_assistant = index == len(messages) - 1 and message['role'] == 'assistant'
        if not message['content'] and not final_assistant:
            return Problem(
                f'messages.{index}: all messages must have non-empty content except for the optional final '
                'assistant message'
            )
    return None


def _cache_on_empty(request: Request) -> Problem | None:
    for index, place, block in _blocks(request, 'text'):
        if not block['text'] and block.get('cache_control'):
            return Problem(f'messages.{index}.content.{place}.text: cache_control cannot be set for empty text blocks')
    return None


def _text_empty(request: Request) -> Problem | None:
    empty = any(not block['text'] for _, _, block in _blocks(request, 'text'))
    return Problem('messages: text content blocks must be non-empty') if empty else None


def _text_blank(request: Request) -> Problem | None:
    blank = any(not block['text'].strip() for _, _, block in _blocks(request, 'text'))
    return Problem('messages: text content blocks must contain non-whitespace text') if blank else None


def _tools_undefined(request: Request) -> Problem | None:
    used = any(True for kind in ('tool_use', 'tool_result') for _ in _blocks(request, kind))
    if not used or request.body.get('tools'):
        return None
    return Problem('Requests which include `tool_use` or `tool_result` blocks must define tools.')


def _tool_use_repeated(request: Request) -> Problem | None:
    seen: set[str] = set()
    for index, place, block in _blocks(request, 'tool_use'):
        if block['id'] in seen:
            return Problem(f'messages.{index}.content.{place}: `tool_use` ids must be unique')
        seen.add(block['id'])
    return None


def _tool_result_orphan(request: Request) -> Problem | None:
    turns = turns_of(request.body)
    for index, place, block in _blocks(request, 'tool_result'):
        asked = tool_ids(turns[index - 1]) if index else []
        if block['tool_use_id'] not in asked:
            return Problem(
                f'messages.{index}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: '
                f'{block["tool_use_id"]}. Each `tool_result` block must have a corresponding `tool_use` '
                'block in the previous message.'
            )
    return None


def _tool_result_repeated(request: Request) -> Problem | None:
    seen: set[tuple[int, str]] = set()
    for index, place, block in _blocks(request, 'tool_result'):
        key = (index, block['tool_use_id'])
        if key in seen:
            return Problem(
                f'messages.{index}.content.{place}: each tool_use must have a single result. Found multiple '
                f'`tool_result` blocks with id: {block["tool_use_id"]}'
            )
        seen.add(key)
    return None


def _tool_use_unanswered(request: Request) -> Problem | None:
    turns = turns_of(request.body)
    for index, turn in enumerate(turns):
        answered = [block.get('tool_use_id') for block in _blocks_of(turns, index + 1, 'tool_result')]
        unanswered = [id for id in tool_ids(turn) if id not in answered]
        if unanswered:
            return _unanswered(index, unanswered)
    return None


def _tool_result_first(request: Request) -> Problem | None:
    # The tool results must come first in the message's content, text after all of them; a call whose result
    # does not is refused in the words for a call without one.
    for index, turn in enumerate(turns_of(request.body)):
        other = False
        for block in turn['content']:
            if block['type'] != 'tool_result':
                other = True
            elif other:
                return _unanswered(index - 1, [block['tool_use_id']])
    return None


def _cache_markers(request: Request) -> Problem | None:
    body = request.body
    # A top-level `cache_control` (automatic caching) takes one of the slots.
    found = (body.get('cache_control') is not None) + sum(
        _markers(body.get(field)) for field in ('system', 'tools', 'messages')
    )
    if found <= CACHE_MARKERS:
        return None
    return Problem(f'A maximum of {CACHE_MARKERS} blocks with cache_control may be provided. Found {found}.')


def _prefill(request: Request) -> Problem | None:
    if request.body['messages'][-1]['role'] != 'assistant':
        return None
    return Problem(
        'This model does not support assistant message prefill. The conversation must end with a user message.'
    )


def _window(request: Request) -> Problem | None:
    if request.window is None or request.tokens <= request.window:
        return None
    return overflow(request.tokens, request.window)


def overflow(tokens: int, window: int) -> Problem:
    """Anthropic's words for an input of `tokens` over a window of `window` tokens."""
    return Problem(f'prompt is too long: {tokens} tokens > {window} maximum')


def _blocks(request: Request, kind: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    for index, turn in enumerate(turns_of(request.body)):
        for place, block in enumerate(turn['content']):
            if block['type'] == kind:
                yield index, place, block


def _blocks_of(turns: list[dict[str, Any]], index: int, kind: str) -> list[dict[str, Any]]:
    return [block for block in turns[index]['content'] if block['type'] == kind] if index < len(turns) else []


def _unanswered(index: int, ids: list[str]) -> Problem:
    return Problem(
        f'messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: '
        f'{", ".join(ids)}. Each `tool_use` block must have a corresponding `tool_result` block '
        'in the next message.'
    )


def _markers(value: Any) -> int:
    if isinstance(value, list):
        return sum(_markers(item) for item in value)
    if not isinstance(value, dict):
        return 0
    # Markers sit on blocks and on blocks inside a block's content; a tool's own schema or input is data.
    return (value.get('cache_control') is not None) + _markers(value.get('content'))


ANTHROPIC_RULES: tuple[Rule, ...] = (
    Rule('fields', 'documented: API reference, messages/create (required fields)', _fields),
    Rule('messages-empty', 'seen: github.com/devoxx/DevoxxGenieIDEAPlugin/issues/567', _messages_empty),
    Rule(
        'shape',
        'documented: API reference, messages/create; seen: '
        'github.com/JohnnyZ93/oai-compatible-copilot/issues/217 (thinking.signature: Field required)',
        _shape,
    ),
    Rule('tool-id-pattern', 'seen: github.com/HKUDS/nanobot/pull/4356', _tool_id_pattern),
    Rule('content-empty', 'seen: github.com/anthropics/claude-code/issues/6774', _content_empty),
    Rule('cache-on-empty', 'seen: github.com/anthropics/claude-code/issues/50082', _cache_on_empty),
    Rule('text-empty', 'seen: github.com/anthropics/claude-code/issues/59812', _text_empty),
    Rule('text-blank', 'seen: github.com/home-assistant/core/issues/175637', _text_blank),
    Rule(
        'tools-undefined',
        'seen: github.com/anthropics/anthropic-sdk-python/issues/494 (2024)',
        _tools_undefined,
    ),
    Rule('tool-use-repeated', 'seen: github.com/anthropics/claude-code/issues/20901', _tool_use_repeated),
    Rule('tool-result-orphan', 'seen: github.com/anthropics/claude-code/issues/18947', _tool_result_orphan),
    Rule('tool-result-repeated', 'seen: github.com/sipeed/picoclaw/issues/1792', _tool_result_repeated),
    Rule('tool-use-unanswered', 'seen: github.com/anthropics/claude-code/issues/8210', _tool_use_unanswered),
    Rule(
        'tool-result-first',
        'documented: platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls; '
        'seen: github.com/QwenLM/qwen-code/issues/8161',
        _tool_result_first,
    ),
    Rule('cache-markers', 'seen: github.com/tghamm/Anthropic.SDK/issues/50', _cache_markers),
    *THINKING_RULES,
    Rule(
        'prefill',
        'documented: platform.claude.com/docs/en/api/errors#prefill-not-supported (newer models); '
        'seen: github.com/smallmain/vscode-unify-chat-provider/issues/249',
        _prefill,
    ),
    Rule('window', 'seen: github.com/stackblitz-labs/bolt.diy/issues/401', _window),
)
"""Anthropic messages: the rules in the order they are checked."""
