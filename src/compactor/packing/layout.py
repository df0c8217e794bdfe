"""How a pack reads: a heading for each item, its text, and at the end the names of what is not shown.

    --- src/app.py (code, in part)
    …
    Also there, not shown:
    src/: b.py, c.py

A heading begins with more dashes than any line of what is shown, so that no text can pass for another item.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from compactor.outputs.allowance import LEAST, Allowance
from compactor.outputs.reducers.names import grouped
from compactor.packing.forms import Form
from compactor.quoting import one_line
from compactor.tokens.counter import Counter

NAMED = 'Also there, not shown:'
LONGEST = 200
"""Characters of a name."""

_RULE = re.compile(r'^(-{3,}) ', re.MULTILINE)
_FORMS = {Form.WHOLE: '', Form.REDUCED: ', in part', Form.CAPSULE: ', in brief'}


class Section(NamedTuple):
    """An item that is shown."""

    name: str
    kind: str
    form: Form
    text: str


def heading(name: str, kind: str, form: Form, rule: str = '---') -> str:
    """The line above an item."""
    return f'{rule} {one_line(name)[:LONGEST]} ({one_line(kind)[:LONGEST]}{_FORMS.get(form, "")})'


def laid_out(sections: Sequence[Section], names: Sequence[str], counter: Counter, room: int) -> str:
    """The text of a pack.

    Args:
        sections: what is shown, in order.
        names: what is not shown, and named as far as the room goes.
        counter: counts.
        room: tokens of the whole, for the names.
    """
    longest = max((len(found[1]) for one in sections for found in _RULE.finditer(one.text)), default=2)
    rule = '-' * (longest + 1)
    text = '\n'.join(f'{heading(one.name, one.kind, one.form, rule)}\n{one.text.rstrip()}' for one in sections)
    if not names:
        return text
    tokens = room - counter.count(text) - 2
    listed = _listed(names, counter, tokens) if tokens >= LEAST else None
    whole = f'{text}\n{listed}' if text and listed else listed or text
    return whole if counter.count(whole) <= room else text


def _listed(names: Sequence[str], counter: Counter, tokens: int) -> str | None:
    entries = [(one_line(name)[:LONGEST], '') for name in sorted(names)]
    return grouped(entries, Allowance(tokens, counter), NAMED, 'names')
