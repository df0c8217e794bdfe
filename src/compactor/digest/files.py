"""The ledger of files: which were read, created, edited or deleted, and when last."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from compactor.digest.commands import PATH_KEYS, arguments, scripts
from compactor.digest.reads import same_file
from compactor.history.message import Kind, Part
from compactor.quoting import spelled
from compactor.tokens.memo import TextMemo

Action = Literal['read', 'created', 'edited', 'deleted']
ACTIONS: tuple[Action, ...] = ('created', 'edited', 'deleted', 'read')
"""In the order in which a digest lists them."""

_BY_TOOL: tuple[tuple[re.Pattern[str], Action], ...] = (
    (re.compile(r'delete|remove|unlink', re.IGNORECASE), 'deleted'),
    (re.compile(r'edit|replace|patch|insert|update|modify', re.IGNORECASE), 'edited'),
    (re.compile(r'write|create|save', re.IGNORECASE), 'created'),
    (re.compile(r'read|view|open|cat|show|get', re.IGNORECASE), 'read'),
)
_BY_EDITOR: Mapping[str, Action] = {
    'view': 'read',
    'create': 'created',
    **dict.fromkeys(('str_replace', 'insert', 'undo_edit'), 'edited'),
}
"""Editors that are one tool say what they do in an argument (Anthropic's text editor tool and its likes)."""
_PATCHED: Mapping[str, Action] = {'Update': 'edited', 'Add': 'created', 'Delete': 'deleted'}
_PATCH = re.compile(r'^\*\*\* (Update|Add|Delete) File: (.+)$', re.MULTILINE)
_COMMANDS = re.compile(r'\|\||&&|[|;\n]')
_REDIRECT = re.compile(r'(?<![0-9&=\-])>{1,2}\s*([\w./\-~@+]+)')
_BY_COMMAND: Mapping[str, Action] = {
    **dict.fromkeys(('cat', 'head', 'tail', 'less', 'nl', 'bat', 'sed'), 'read'),
    **dict.fromkeys(('rm', 'unlink'), 'deleted'),
    **dict.fromkeys(('touch', 'tee'), 'created'),
}
_PATH = re.compile(r'(?=.*(?:/|\.[A-Za-z0-9]{1,8}$))[/~]?[\w.@+\-]+(?:/[\w.@+\-]+)*')
_NOWHERE = ('/dev/null', '/dev/stderr', '/dev/stdout')


@dataclass(frozen=True, slots=True)
class Touched:
    """One file as the record last shows it: everything done to it, and the step of the last thing done."""

    path: str
    actions: frozenset[Action]
    last: Action
    step: int


def touched(calls: Iterable[tuple[int, Part]], known: Mapping[str, Touched] | None = None) -> dict[str, Touched]:
    """Every file that these calls (each with its step's ordinal) touched, over what was known before.

    A relative path with a folder in it is the same file as an absolute one that ends so.
    """
    files = dict(known or {})
    named: dict[str, dict[str, None]] = {}  # paths by their last part, in the order of `files`: only these can be twins
    for path in files:
        named.setdefault(_name(path), {})[path] = None
    for step, part in calls:
        if part.kind is not Kind.CALL:
            continue
        for path, action in touches(part):
            alike = named.setdefault(_name(path), {})
            crowd = alike if len(alike) <= ALIKE else ()
            twin = next((known for known in crowd if known != path and same_file(known, path)), None)
            stood = path if twin is None else twin
            before = files.pop(stood, None)  # moves to the end: in order of the last touch
            alike.pop(stood, None)
            path = path if twin is None else max(path, twin, key=len)
            alike[path] = None
            if action == 'created' and before is not None and before.last in ('read', 'edited'):
                action = 'edited'
            actions = (before.actions if before else frozenset()) | {action}
            files[path] = Touched(path, actions, action, step)
    return files


ALIKE = 64
"""Of a name that more files have than this, each path is taken for a file of its own."""


def _name(path: str) -> str:
    return path.rsplit('/', 1)[-1]


def touches(call: Part) -> tuple[tuple[str, Action], ...]:
    """What one call does to files, in the order of its arguments; remembered with its text."""
    key = f'{call.tool} {call.text}'
    found = _remembered.get(key)
    if found is None:
        found = tuple(_touches(call))
        _remembered.put(key, found)
    return found


_remembered: TextMemo[tuple[tuple[str, Action], ...]] = TextMemo(2 * 1024 * 1024)
"""What calls of at most 4 MB of text do: those of a long history are a few hundred kilobytes."""


def _touches(call: Part) -> Iterator[tuple[str, Action]]:
    values = arguments(call.text)
    action = next((action for pattern, action in _BY_TOOL if pattern.search(call.tool)), None)
    action = _BY_EDITOR.get(str(values.get('command')), action)
    for key in PATH_KEYS:
        path = values.get(key)
        if action is not None and isinstance(path, str) and 0 < len(path) <= 300 and '\n' not in path:
            yield spelled(path), action
    for script in scripts(values):
        yield from _commanded(script)


def _commanded(command: str) -> Iterator[tuple[str, Action]]:
    """What a shell command does to files, as far as its words tell."""
    for done, path in _PATCH.findall(command):
        yield spelled(path.strip()), _PATCHED[done]
    head = command.split('<<', 1)[0] if '<<' in command else command  # a here-document is content
    for single in _COMMANDS.split(head[:2_000]):
        words = single.split()
        while words and ('=' in words[0] or words[0] in ('sudo', 'git', 'time')):
            words.pop(0)
        if not words:
            continue
        name, *named = (word.strip('\'"') for word in words)
        in_place = name == 'sed' and any(word.startswith('-i') for word in named)
        if name == 'sed' and not any(word.startswith(('-e', '-f')) for word in named):
            script = next((i for i, word in enumerate(named) if word and not word.startswith('-')), None)
            named = [word for i, word in enumerate(named) if i != script]
        if name == 'sed':  # what is left of a script with spaces is no file
            named = [word for word in named if '.' in word and not word.startswith('s/')]
        paths = [word for word in named if not word.startswith('-') and word not in _NOWHERE]
        if name in ('mv', 'cp') and len(paths) > 1:
            *sources, target = paths
            for source in sources:
                into = target + posixpath.basename(source) if target.endswith('/') else target
                yield from _fitting([source], 'deleted' if name == 'mv' else 'read')
                yield from _fitting([into], 'created')
        action = 'edited' if in_place else _BY_COMMAND.get(name)
        if action is not None:
            yield from _fitting(paths, action)
        yield from _fitting([path for path in _REDIRECT.findall(single) if path not in _NOWHERE], 'created')


def _fitting(paths: Iterable[str], action: Action) -> Iterator[tuple[str, Action]]:
    """Of these words those that name files."""
    for path in paths:
        if _PATH.fullmatch(path):
            yield path, action
