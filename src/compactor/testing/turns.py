"""A request's messages as Anthropic's API sees them: combined into turns."""

from typing import Any


def turns_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Combine the consecutive messages of one role, with every content as a list of blocks."""
    turns: list[dict[str, Any]] = []
    for message in body['messages']:
        content = message['content']
        if isinstance(content, str):
            content = [{'type': 'text', 'text': content}] if content else []
        if turns and turns[-1]['role'] == message['role']:
            turns[-1]['content'].extend(content)
        else:
            turns.append({'role': message['role'], 'content': list(content)})
    return turns


def tool_ids(turn: dict[str, Any]) -> list[str]:
    """Return the ids of a turn's tool calls, in order."""
    return [block['id'] for block in turn['content'] if block['type'] == 'tool_use']
