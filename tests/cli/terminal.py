"""Runs the command line in this process, as a person would see it, and makes session files for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from compactor.cli.app import app

FIXTURE = Path(__file__).resolve().parents[2] / 'fixtures' / 'session.json'


def run(*arguments: object, given: str | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command, without the padding of lines; `given` is its standard input."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, _trimmed(result.stdout), _trimmed(result.stderr)


def ran(*arguments: object) -> str:
    """What a command that ends well prints."""
    code, out, err = run(*arguments)
    assert (code, err) == (0, '')
    return out


def _trimmed(text: str) -> str:
    return '\n'.join(line.rstrip() for line in text.splitlines())


def prompt(text: object) -> dict[str, Any]:
    """A request with a user's prompt, as JSON."""
    return {'kind': 'request', 'parts': [{'part_kind': 'user-prompt', 'content': text}]}


def says(*parts: dict[str, Any] | str) -> dict[str, Any]:
    """A response of texts and calls, as JSON."""
    full = [{'part_kind': 'text', 'content': part} if isinstance(part, str) else part for part in parts]
    return {'kind': 'response', 'parts': full}


def call(tool: str, call_id: str, args: object = None) -> dict[str, Any]:
    """A tool call, as JSON."""
    return {'part_kind': 'tool-call', 'tool_name': tool, 'args': args or {}, 'tool_call_id': call_id}


def returns(*results: tuple[str, str, object]) -> dict[str, Any]:
    """A request with results (tool, call id, content), as JSON."""
    return {
        'kind': 'request',
        'parts': [
            {'part_kind': 'tool-return', 'tool_name': tool, 'tool_call_id': call_id, 'content': content}
            for tool, call_id, content in results
        ],
    }


def saved(folder: Path, messages: Sequence[Any], name: str = 'session.json') -> Path:
    """A file with these messages."""
    path = folder / name
    path.write_text(json.dumps(messages), encoding='utf-8')
    return path
