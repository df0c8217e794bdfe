"""The plan of an agent: the last list of tasks, by tools that keep one or in its words, and what of it is open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from compactor.digest.binding import Item, Plan
from compactor.digest.commands import arguments
from compactor.history.message import Part
from compactor.quoting import one_line

LONGEST = 300
"""Characters of one entry."""
MOST = 60
"""Entries of a plan that are read: the newest plan of a run has a few, and a page could pretend thousands."""
_KEEPS = re.compile(
    r'(?:^|[_\-.])[Tt]o_?[Dd]os?(?![a-z])|(?<=[a-z])Todos?(?![a-z])|(?:^|[_\-.])(?:update|set|write|make|create|edit)_?plan$'
    r'|^[Tt]ask_?(?:[Cc]reate|[Uu]pdate|[Ll]ist)$|^(?:create|update|list)_tasks?$|task_?list|checklist',
)
_LISTS = ('todos', 'plan', 'tasks', 'items', 'steps', 'todo_list', 'todoList', 'list', 'newTodos')
_TEXTS = ('content', 'step', 'text', 'title', 'subject', 'task', 'description', 'name', 'item')
_STATES = ('status', 'state', 'done', 'completed', 'checked', 'complete')
_DONE = frozenset(('completed', 'complete', 'done', 'finished', 'x', 'true', 'checked', 'closed', 'resolved'))
_GONE = frozenset(('deleted', 'cancelled', 'canceled', 'removed', 'skipped'))
_NOW = frozenset(('in_progress', 'in-progress', 'in progress', 'active', 'doing', 'current', 'started', '>', '~'))
_LINE = re.compile(
    r'\s*(?:[-*+]\s+|(?:#|T)?\d{1,4}[.):]?\s+)?'
    r'(?:\[(?P<box>[ xX>~/\-*]?)\]|\[(?P<word>[a-zA-Z_ \-]{3,14})\]|(?P<sign>[☐☑☒✅✓✔⬜◻◼▢🔲🔳]))\s*(?P<text>\S.*)'
)
_SIGNS = {**dict.fromkeys('☑☒✅✓✔◼', 'x'), **dict.fromkeys('☐⬜◻▢🔲🔳', ' ')}
_NUMBERED = re.compile(r'^\s{0,3}(\d{1,2})[.)]\s+(\S.*)$', re.MULTILINE)
_PLANS = re.compile(
    r"\b(?:plan|steps?|to-?dos?|next|remaining|I'll|I will|going to|approach|left to do)\b"
    r'|\b(?:Plan|Schritte|nächste|étapes|plan|pasos|passos|passaggi)\b|план|шаги|计划|步骤|計画|手順|계획',
    re.IGNORECASE,
)
_ID = re.compile(r'#(\d{1,6})\b')


@lru_cache(maxsize=1_024)
def keeps_tasks(tool: str) -> bool:
    """Whether a tool keeps a list of tasks, by its name."""
    return _KEEPS.search(tool) is not None


class Planner:
    """Follows the plan through calls and words, oldest first.

    Args:
        before: the plan that a standing text tells.
    """

    def __init__(self, before: Plan | None = None) -> None:
        self._tools: Plan | None = before if before is not None and any(item.state for item in before.items) else None
        self._words: Plan | None = before if self._tools is None else None

    @property
    def plan(self) -> Plan | None:
        """The newest plan, of a tool before one in words, if anything of it is open."""
        plan = self._tools if self._tools is not None else self._words
        return plan if plan is not None and plan.is_open else None

    def forget(self, *, words: bool) -> None:
        """The plan stands elsewhere: that of a tool, or that in words."""
        if words:
            self._words = None
        else:
            self._tools = None

    def called(self, step: int, call: Part, result: Part | None) -> bool:
        """A call of a tool that keeps tasks, with its result; whether it told the whole plan."""
        values = arguments(call.text)
        listed = _listed(values)
        if listed is not None:
            self._tools = _planned(step, listed)
            return True
        said = result.text if result is not None and not result.failed else ''
        if _one_task(values):
            self._changed(step, values, said)
            return False
        found = _in_text(said)
        if found:
            self._tools = _planned(step, found)
        return bool(found)

    def said(self, step: int, text: str) -> bool:
        """What the agent said; whether that was a plan."""
        found = _in_words(text)
        if found:
            self._words = _planned(step, found)
        return bool(found)

    def _changed(self, step: int, values: Mapping[str, Any], said: str) -> None:
        """One task was made, or changed: tools that keep them one by one."""
        items = {_key(item): item for item in self._tools.items} if self._tools is not None else {}
        number = values.get('taskId') or values.get('task_id') or values.get('id')
        if number is None:
            told = _ID.search(said)
            number = told[1] if told is not None else str(len(items) + 1)
        key = f'#{one_line(number)}'
        known = items.get(key)
        text = _text_of(values)
        state = _state_of(values)
        if known is None and not text:
            return
        name = f'{key} {text}' if text else known.text if known is not None else ''
        if state == 'gone':
            items.pop(key, None)
        else:
            items[key] = Item(name[:LONGEST], (known.state if known is not None else ' ') if state is None else state)
        done = self._tools.done if self._tools is not None else 0
        self._tools = Plan(step, tuple(items.values())[-MOST:], done)


def _key(item: Item) -> str:
    return item.text.split(' ', 1)[0] if item.text.startswith('#') else item.text


def _planned(step: int, items: Sequence[Item]) -> Plan:
    return Plan(step, tuple(items[:MOST]))


def _one_task(values: Mapping[str, Any]) -> bool:
    return any(key in values for key in ('taskId', 'task_id', 'id', 'subject', 'title', 'task', 'content'))


def _listed(values: Mapping[str, Any]) -> list[Item] | None:
    """The entries of a list among a call's arguments; None if there is none."""
    for key in _LISTS:
        value = values.get(key)
        if isinstance(value, str):
            value = _loaded(value) or _in_text(value) or _in_words(value, cue=False)
        if isinstance(value, list) and value:
            return value if isinstance(value[0], Item) else _entries(value)
    return None


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _entries(values: Iterable[Any]) -> list[Item]:
    found: list[Item] = []
    for value in values:
        if isinstance(value, str):
            found.append(Item(one_line(value)[:LONGEST], ' '))
        elif isinstance(value, Mapping):
            text, state = _text_of(value), _state_of(value)
            if text and state != 'gone':
                found.append(Item(text[:LONGEST], ' ' if state is None else state))
    return found


def _text_of(values: Mapping[str, Any]) -> str:
    return next((one_line(text) for key in _TEXTS if isinstance(text := values.get(key), str) and text.strip()), '')


def _state_of(values: Mapping[str, Any]) -> str | None:
    """'x', '>', ' ' or 'gone'; None where nobody says."""
    said = next((values[key] for key in _STATES if key in values and values[key] is not None), None)
    return None if said is None else _state(str(said))


def _state(word: str) -> str:
    word = word.strip().lower()
    return 'x' if word in _DONE else '>' if word in _NOW else 'gone' if word in _GONE else ' '


def _in_text(text: str) -> list[Item]:
    """The entries of a list with boxes, or of a JSON list, in a result."""
    if text.lstrip()[:1] in ('[', '{') and (loaded := _loaded(text)) is not None:
        if isinstance(loaded, dict):
            loaded = next((loaded[key] for key in _LISTS if isinstance(loaded.get(key), list)), [])
        return _entries(loaded) if isinstance(loaded, list) else []
    found: list[Item] = []
    for line in text.split('\n')[: 4 * MOST]:
        if len(line) <= 2 * LONGEST and (one := _LINE.match(line)) is not None:
            box = one['box'] if one['box'] is not None else one['word']
            state = _SIGNS[one['sign']] if box is None else _state(box)
            if state != 'gone':
                found.append(Item(one_line(one['text'])[:LONGEST], state))
    return found


def _in_words(text: str, cue: bool = True) -> list[Item]:
    """A list with boxes, or a numbered one that is told to be a plan, in an agent's own words."""
    boxes = _in_text(text) if '[' in text or any(sign in text for sign in _SIGNS) else []
    if len(boxes) >= LEAST:
        return boxes
    found = list(_NUMBERED.finditer(text)) if '1.' in text or '1)' in text else []
    starts = [i for i, one in enumerate(found) if one[1] == '1']
    if not starts:
        return []
    run = found[starts[-1] :]
    before = text[max(0, run[0].start() - 300) : run[0].start()]
    if len(run) < LEAST or (cue and _PLANS.search(before) is None):
        return []
    return [Item(one_line(one[2])[:LONGEST], '') for one in run]


LEAST = 3
"""Entries that make a list in words a plan."""
