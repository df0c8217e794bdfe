"""Loading a history: every file shape is read, and whatever is no history is told what it is and what to do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic_ai.messages import ModelRequest, UserPromptPart

from compactor.cli.sessions import load
from compactor.errors import HistoryError
from tests.cli.terminal import FIXTURE, prompt, run, says

TALK = [prompt('hello'), says('hi')]
OTHER = [prompt('bye'), says('so long'), prompt('really?')]


def record(messages: object) -> str:
    """One line of a JSON Lines file."""
    return json.dumps({'id': 'a', 'messages': messages})


SHAPES: dict[str, tuple[bytes, int | None, int, str]] = {
    # what: content, --line, messages, end of the name
    'one line of JSON': (json.dumps(TALK).encode(), None, 2, 'history'),
    'JSON over many lines': (json.dumps(TALK, indent=2).encode(), None, 2, 'history'),
    'an object with messages': (json.dumps({'messages': TALK}, indent=2).encode(), None, 2, 'history'),
    'a byte order mark': (b'\xef\xbb\xbf' + json.dumps(TALK).encode(), None, 2, 'history'),
    'one record': (record(TALK).encode(), None, 2, 'history'),
    'one record, by its line': (record(TALK).encode(), 1, 2, 'history'),
    'the first of many records': (f'{record(TALK)}\n{record(OTHER)}\n'.encode(), None, 2, 'history, line 1'),
    'blank lines ahead': (f'\n \n{record(TALK)}\n{record(OTHER)}'.encode(), None, 2, 'history, line 3'),
    'a record by its line': (f'{record(TALK)}\n{record(OTHER)}\n'.encode(), 2, 3, 'history, line 2'),
    'lists as records': (f'{json.dumps(TALK)}\n{json.dumps(OTHER)}\n'.encode(), 2, 3, 'history, line 2'),
    'gzipped JSON': (gzip.compress(json.dumps(TALK).encode()), None, 2, 'history'),
    'gzipped records': (gzip.compress(f'{record(TALK)}\n{record(OTHER)}'.encode()), 2, 3, 'history, line 2'),
    'an empty history': (b'[]', None, 0, 'history'),
    'a broken record elsewhere': (f'{record(TALK)}\n{{"messa'.encode(), None, 2, 'history, line 1'),
}


@pytest.mark.parametrize('shape', SHAPES)
def test_every_shape_is_read(shape: str, tmp_path: Path) -> None:
    """Content decides, not the name: JSON or JSON Lines, gzipped or not, with or without `messages`."""
    content, line, messages, name = SHAPES[shape]
    path = tmp_path / 'history'
    path.write_bytes(content)

    session = load(path, line)

    assert len(session.messages) == messages
    assert session.name.endswith(name)
    assert session.left_out == ()


def _cut_fixture() -> bytes:
    return FIXTURE.read_bytes()[:20_000]


BAD: dict[str, tuple[bytes | None, list[object], str]] = {
    'missing': (None, [], 'there is no such file'),
    'empty': (b'', [], 'the file is empty; save a history with result.all_messages_json()'),
    'blank': (b' \n\n', [], 'the file is empty; save a history with result.all_messages_json()'),
    'prose': (
        b'Dear model,\nplease',
        [],
        'is not JSON at line 1, character 1 (Expecting value); save a history with result.all_messages_json()',
    ),
    'cut off': (
        b'[{"kind": "request",\n "parts": [',
        [],
        'the JSON is cut off at line 2, character 12; get the whole file again, or write it again',
    ),
    'cut off in a text': (
        _cut_fixture(),
        [],
        'the JSON is cut off at line 180, character 3658; get the whole file again, or write it again',
    ),
    'a record cut off': (
        f'{record(TALK)}\n{{"id": "b", "messa'.encode(),
        ['--line', 2],
        'the JSON is cut off at line 2, character 19; get the whole file again, or write it again',
    ),
    'garbage': (
        b'\x00\xff\xfe\x01\n\x80',
        [],
        'is not text: byte 2 from the start of line 1 is not UTF-8; save a history with result.all_messages_json()',
    ),
    'damaged gzip': (
        gzip.compress(json.dumps(TALK).encode())[:-9],
        [],
        'the gzip data is damaged or cut off (Compressed file ended before the end-of-stream marker was reached);'
        ' get the file again',
    ),
    'other JSON': (b'42', [], 'holds a number, not a list of messages; save a history with result.all_messages_json()'),
    'other items': (
        b'["a"]',
        [],
        'holds a list that begins with a text, not with a message; save a history with result.all_messages_json()',
    ),
    'no messages': (
        b'{"id": 1, "text": 2}',
        [],
        'has no `messages` (it has: id, text); save a history with result.all_messages_json()',
    ),
    'a record without messages': (
        f'{record(TALK)}\n{{"id": 1}}'.encode(),
        ['--line', 2],
        'has no `messages` (it has: id); save a history with result.all_messages_json()',
    ),
    'a single message': (
        json.dumps(prompt('a')).encode(),
        [],
        'holds a single message where a list of messages is expected; put the messages into one list',
    ),
    "a provider's messages": (
        b'[{"role": "user", "content": "hi"}]',
        [],
        "these are messages of a provider's interface (they have a `role`), not of pydantic-ai (`kind` and `parts`);"
        ' save a history with result.all_messages_json()',
    ),
    'deep nesting': (
        b'[' * 200_000,
        [],
        'is nested too deeply to be a history; save a history with result.all_messages_json()',
    ),
    'no such line': (f'{record(TALK)}\n{record(OTHER)}\n'.encode(), ['--line', 9], 'has 2 lines, there is no line 9'),
    'a blank line': (f'{record(TALK)}\n\n{record(OTHER)}'.encode(), ['--line', 2], 'line 2 is blank'),
    'a line of one value': (
        json.dumps(TALK, indent=1).encode(),
        ['--line', 2],
        '--line is for JSON Lines, this file holds a single JSON value',
    ),
}


@pytest.mark.parametrize('command', ['compact', 'inspect', 'demo'])
@pytest.mark.parametrize('what', BAD)
def test_bad_input_is_told_what_it_is(what: str, command: str, tmp_path: Path) -> None:
    """Every command ends with exit code 1 and one line on stderr that names file, fault and remedy."""
    content, options, message = BAD[what]
    path = tmp_path / 'history'
    if content is not None:
        path.write_bytes(content)

    code, out, err = run(command, *(['--session'] if command == 'demo' else []), path, *options)

    assert (code, out) == (1, '')
    assert err.startswith(f'error: {path}')
    assert err.endswith(f': {message}')
    assert len(err.splitlines()) == 1


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """What the system refuses to read is refused with its own words."""
    with pytest.raises(HistoryError, match='cannot be read: Is a directory'):
        load(tmp_path)


def test_a_message_nobody_can_read_takes_no_other_along(tmp_path: Path) -> None:
    """A message of a newer pydantic-ai is left out and named on stderr; the rest of the file is used."""
    newer: dict[str, Any] = {'kind': 'request', 'parts': [{'part_kind': 'telepathy', 'content': 'x\x1b[31m'}]}
    path = tmp_path / 'history'
    path.write_text(json.dumps([*TALK, newer, *OTHER]))

    code, out, err = run('inspect', path)

    assert code == 0
    assert 'messages  5' in out
    first, second = err.replace(str(path), 'FILE').splitlines()
    assert first == snapshot(
        'FILE: 1 of 6 messages left out, because the installed pydantic-ai cannot read them (was the file written'
        ' by a newer version?)'
    )
    assert second.startswith("message 2: request.parts.0: Input tag 'telepathy' found")


def test_a_lone_surrogate_is_no_reason_to_lose_a_message(tmp_path: Path) -> None:
    """JSON can hold half a character; it becomes a question mark."""
    path = tmp_path / 'history'
    path.write_text('[{"kind": "request", "parts": [{"part_kind": "user-prompt", "content": "a\\ud800b"}]}]')

    (message,) = load(path).messages

    assert isinstance(message, ModelRequest)
    (part,) = message.parts
    assert isinstance(part, UserPromptPart)
    assert part.content == 'a?b'
