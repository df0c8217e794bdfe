"""The order in which values are made smaller, as data; what is done here, and what other stations do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Of = Literal['values', 'texts', 'both']


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the pipeline.

    Attributes:
        name: its name.
        of: what it makes smaller here: 'values', 'texts' that are no JSON, 'both'; '' where another station does it.
        does: what it does.
        note: what a model is told of it, where it changes what is read: `{m}` is the mark of phrases, `{n}` their
            number, `{r}` the mark of lines in a row.
        text_note: the same for texts.
    """

    name: str
    of: Of | Literal['']
    does: str
    note: str = ''
    text_note: str = ''


PIPELINE = (
    Step('cache', '', 'what was asked before is answered again: `caching.tiers`, `CachedModel`, `cache_tool`'),
    Step('minify', 'values', 'white space between the parts of JSON goes; its layout is remembered'),
    Step(
        'dedupe',
        'both',
        'equal elements, or lines, in a row stand once with their number',
        'v×3: v stands three times',
        'line{r}3: the line stands three times',
    ),
    Step(
        'references',
        'values',
        'a value that was there before is named',
        '&1 names a value, *1 repeats it',
    ),
    Step(
        'columns',
        'values',
        'objects with the same keys become rows',
        '[n]{{a,b}}: n objects as rows under their keys (k=v: in every row; empty: no such key)',
    ),
    Step(
        'phrases',
        'both',
        'text that stands often is said once',
        '{m}a: see the {n} lines below',
        '{m}a: see the {n} lines below',
    ),
    Step('compress', '', 'what loses something is another station: `shrink`'),
    Step('handoff', '', 'whoever shows it lays it out: `Squeezed.client_action`'),
)
"""The steps in their order. Each is kept only if it makes the value smaller in tokens, its explanation included."""

BY_NAME = {step.name: step for step in PIPELINE}


def steps_of(of: Literal['values', 'texts']) -> tuple[str, ...]:
    """The names of the steps for values, or for texts that are no JSON, in their order."""
    return tuple(step.name for step in PIPELINE if step.of in (of, 'both'))
