"""What the framework's bookkeeping states, as keys: which later part supersedes which earlier one.

Read from the framework's source (2.68): `_instructions.py` for windows, changes and loaded capabilities,
`models/__init__.py` for what of them is sent, `_agent_graph.py` for settings, `_tool_search.py` for tools.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from compactor.history.bookkeeping import ANSWERED, reminder

Keys = tuple[tuple[str, ...], ...]

_LOADED = re.compile(r'capability:[^:]+')
"""The id of the instructions that a loaded capability brings: no baseline restates them."""


def of_system_prompt(part: Any) -> Keys:
    """A prompt for one request, a statement of an appending prompt, or a reminder."""
    if getattr(part, 'scope', None) == 'request':
        return (ANSWERED,)
    context = getattr(part, 'context_id', None)
    if context:
        return (('context', context),)
    if getattr(part, 'dynamic_ref', None):
        return ()  # worked out again for every run, wherever it stands
    return (reminder(part.content),)


def _of_change(part: Any) -> Keys:
    """Changed instructions: replaced by the next change to the same block and, but for loaded ones, by a baseline."""
    block = str(part.id)
    return (('loaded', block),) if _LOADED.fullmatch(block) else (('instructions', block),)


def _of_baseline(part: Any) -> Keys:
    """The instructions that a window of changes opens with; it ends what a load had said of a block it holds."""
    blocks = (str(getattr(block, 'id', None)) for block in part.instructions)
    return (('instructions',), *(('owned', block) for block in blocks if _LOADED.fullmatch(block)))


def _of_settings(part: Any) -> Keys:
    """Changed settings: what is sent with the request itself opens a window and replaces all changes before it."""
    change = () if part.top_level else ('change',)
    return tuple(('settings', name, *change) for name in part.settings)


def _each(what: str, names: Iterable[str]) -> Keys:
    return tuple((what, name) for name in names)


STATES: dict[str, Callable[[Any], Keys]] = {
    'instruction-delta': _of_change,
    'instruction-baseline': _of_baseline,
    'model-settings-delta': _of_settings,
    'tool-availability-delta': lambda part: _each('tool', part.tools_added),
    'capability-load-delta': lambda part: _each('capability', part.loaded),
}
"""By the kind of part."""


def stated(part: Any) -> Keys:
    """The keys of what a part of the framework's bookkeeping states; none where they cannot be read."""
    keys = STATES.get(part.part_kind)
    try:
        return keys(part) if keys is not None else ()
    except (AttributeError, TypeError):  # another version's fields: the part then stays for good
        return ()
