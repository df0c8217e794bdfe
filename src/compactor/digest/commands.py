"""What a call says in its arguments: named values, and for a shell the commands it runs and where.

Read from the words alone, as far as they tell; nothing is executed or looked up.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

PATH_KEYS = ('file_path', 'path', 'filename', 'file', 'filepath', 'notebook_path', 'target_file', 'absolute_path')
"""Names under which tools take the file they work on."""
COMMAND_KEYS = ('command', 'cmd', 'script', 'args', 'input', 'patch')
"""Names under which tools take a shell command or a patch."""
FOLDER_KEYS = ('workdir', 'cwd', 'working_directory', 'directory')
"""Names under which shells take the folder they run in."""
LONGEST = 2_000
"""A longer command is not taken apart: it is a program, not a sequence of commands."""

_OPERATORS = ';&|<>()\n'
_SILENCED = re.compile(r'(?<!\s)\s*(?:2>\s*/dev/null|2>&1|</dev/null)')
_SHELLS = re.compile(r'(?:.*/)?(?:ba|z|da|k|fi)?sh')


def arguments(text: str) -> Mapping[str, Any]:
    """A call's arguments by name; a text that is no JSON object stands under 'command'."""
    try:
        values: Any = json.loads(text)
    except (ValueError, RecursionError):  # a model wrote them: not JSON, or nested beyond reason
        values = text
    return values if isinstance(values, dict) else {'command': values}


def scripts(values: Mapping[str, Any]) -> Iterator[str]:
    """The shell commands or patches among a call's arguments; `['bash', '-lc', script]` is its script."""
    for key in COMMAND_KEYS:
        command = values.get(key)
        if isinstance(command, list):
            words = [str(word) for word in command]
            inner = len(words) == 3 and _SHELLS.fullmatch(words[0]) and words[1] in ('-c', '-lc')
            command = words[2] if inner else ' '.join(words)
        if isinstance(command, str):
            yield command


def folder(values: Mapping[str, Any]) -> str:
    """The folder a call says it runs in, or ''."""
    return next((f for key in FOLDER_KEYS if isinstance(f := values.get(key), str)), '')


def strings(values: Mapping[str, Any]) -> Iterator[str]:
    """Every text among a call's arguments, however deep."""
    waiting: list[Any] = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def sequence(script: str) -> list[list[list[str]]] | None:
    """A script as pipelines of commands of words; None for what is more than a sequence of plain commands."""
    if len(script) > LONGEST or any(sign in script for sign in ('<<', '$(', '`')):
        return None
    lexer = shlex.shlex(_SILENCED.sub('', script), posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = ' \t\r', '', True
    pipelines: list[list[list[str]]] = [[[]]]
    try:
        for word in lexer:
            if word == '|':
                pipelines[-1].append([])
            elif word in ('&&', '||', ';') or not word.strip('\n'):
                pipelines.append([[]])
            elif word.strip(_OPERATORS):
                pipelines[-1][-1].append(word)
            else:
                return None  # redirection, background, a group
    except ValueError:  # a quotation that does not end
        return None
    return [pipeline for pipeline in pipelines if pipeline != [[]]]
