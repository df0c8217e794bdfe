"""Which files, and which of their lines, a call shows; and what is no read at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.digest.reads import Read, reads
from tests.notation import part


def shown(tool: str, **arguments: Any) -> str:
    """The reads of a call as `path:first-last`."""
    found = reads(part('?a', json.dumps(arguments), tool=tool))
    return ' '.join(f'{r.path}:{r.first}-{r.last or ""}' for r in found)


SHELL = {
    'cat a.py': 'a.py:1-',
    'cat a.py b.py': 'a.py:1- b.py:1-',
    "cat 'a b.py'": 'a b.py:1-',
    'cd /x && cat ./y/../a.py': '/x/a.py:1-',
    "sed -n '10,20p' a.py": 'a.py:10-20',
    "sed -n '10p' a.py": 'a.py:10-10',
    "sed -n '10,$p' a.py": 'a.py:10-',
    'head a.py': 'a.py:1-10',
    'head -50 a.py': 'a.py:1-50',
    'head -n 50 a.py 2>/dev/null || true': 'a.py:1-50',
    'tail -n 20 a.py': 'a.py:-20-',
    'tail -n +5 a.py': 'a.py:5-',
    "nl -ba a.py | sed -n '10,20p'": 'a.py:10-20',
    'cat -n a.py | head -20 | tail -n +5': 'a.py:5-20',
    'sed -n 100,200p a.py | head -20': 'a.py:100-119',
    "cat a.py; echo ---\nsed -n '1,9p' b.py": 'a.py:1- b.py:1-9',
    'cat a.py | grep x': '',
    'cat a.py > b.py': '',
    'cat <<EOF\nx\nEOF': '',
    'cat $(ls)': '',
    'cat *.py': '',
    'cat': '',
    'ls; cat a.py': '',
    "sed -i 's/a/b/' a.py": '',
    'head -c 100 a.py': '',
    'tail -f a.py': '',
    'cat "a.py': '',
    '| cat a.py': '',
    'cat a.py &': '',
    '': '',
}


@pytest.mark.parametrize('command', SHELL)
def test_commands(command: str) -> None:
    """A sequence of commands that only show files."""
    assert shown('bash', command=command) == SHELL[command]


TOOLS: list[tuple[str, dict[str, Any], str]] = [
    ('Read', {'file_path': '/a.py'}, '/a.py:1-'),
    ('Read', {'file_path': '/a.py', 'offset': 5, 'limit': 10}, '/a.py:5-14'),
    ('read_file', {'path': 'a.py', 'start_line': 5, 'end_line': 9}, 'a.py:5-9'),
    ('str_replace_editor', {'command': 'view', 'path': '/a.py', 'view_range': [3, -1]}, '/a.py:3-'),
    ('exec_command', {'cmd': 'cat a.py', 'workdir': '/w'}, '/w/a.py:1-'),
    ('shell', {'command': ['bash', '-lc', 'cat a.py']}, 'a.py:1-'),
    ('str_replace_editor', {'command': 'create', 'path': '/a.py', 'file_text': ''}, ''),
    ('read_file', {'path': 'a.py', 'pattern': 'x'}, ''),
    ('read_file', {'path': 'a.py', 'offset': '5'}, ''),
    ('read_file', {'path': 'a.py', 'view_range': 3}, ''),
    ('read_file', {'path': 3}, ''),
    ('spread', {'path': 'a.py'}, ''),
    ('grep', {'path': 'a.py'}, ''),
]


@pytest.mark.parametrize(('tool', 'arguments', 'expected'), TOOLS)
def test_tools(tool: str, arguments: dict[str, Any], expected: str) -> None:
    """A reading tool, all of whose arguments are understood."""
    assert shown(tool, **arguments) == expected


COVERS = [
    (Read('a'), Read('a', 5, 9), True),
    (Read('a', 5, 9), Read('a'), False),
    (Read('a', 5, 9), Read('a', 6, 9), True),
    (Read('a', 5, 9), Read('a', 6, 10), False),
    (Read('a', 5), Read('a', 6), True),
    (Read('a', -20), Read('a', -10), True),
    (Read('a', -10), Read('a', -20), False),
    (Read('a', -20), Read('a', 5, 9), False),
    (Read('a'), Read('b'), False),
    (Read('/x/y/a'), Read('y/a'), True),
    (Read('/x/y/a'), Read('a'), False),
    (Read('x/y/a'), Read('y/a'), False),
    (Read('/x/y/a'), Read('../y/a'), False),
]


@pytest.mark.parametrize(('one', 'other', 'expected'), COVERS)
def test_covers(one: Read, other: Read, expected: bool) -> None:
    """Whether one shows every line that the other shows."""
    assert one.covers(other) is expected


@given(st.text(alphabet='ab.py "\'|;&\n<>$-n1,0/\\*', max_size=40), st.sampled_from(['bash', 'read_file', 'x']))
def test_any_command(text: str, tool: str) -> None:
    """What a model may write never raises, as a command or as arguments."""
    shown(tool, command=text, path=text)
    reads(part('?a', text, tool=tool))
