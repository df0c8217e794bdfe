"""`squeeze` and `unsqueeze`: a value made smaller without losing any, and the value again.

value ─► minify ─► dedupe ─► references ─► columns ─► phrases ─► data        each kept only if smaller in tokens
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from compactor.errors import ConfigError
from compactor.squeezing import layout as layouts
from compactor.squeezing.layout import COMPACT, Layout
from compactor.squeezing.phrases import entries, mark_for, put_back, read_entries, shortened
from compactor.squeezing.reader import read_squeezed
from compactor.squeezing.runs import folded, unfolded
from compactor.squeezing.squeezed import Format, Squeezed
from compactor.squeezing.steps import BY_NAME, steps_of
from compactor.squeezing.tree import Shapes, tree_of, value_of
from compactor.squeezing.writer import written
from compactor.tokens.counter import Counter, counter_for

HEAD = '[squeezed '
"""How the line begins that explains a format."""
_EXPLAINED = re.compile(r'\[squeezed (?:JSON|text), all of it[^\n]*\]\n')
_PHRASES = re.compile(r'; (.)a: see the (\d{1,2}) lines below\]\n$')
_RUNS = re.compile(r'; line(.)3: ')


def squeeze(value: Any, *, model: str | None = None, counter: Counter | None = None) -> Squeezed:
    """Makes a value smaller without losing any; `unsqueeze` gives back an equal one, down to the order of keys.

    A text is given back character for character: one of JSON in a usual layout is squeezed as the value that it says,
    with its layout remembered; of any other one, lines in a row and phrases are said once. What would not be smaller
    stays as it is.

    Args:
        value: dicts with keys of str, lists, str, int, float (-0.0, NaN and infinities too), bool and None; or a text.
        model: whose tokens count.
        counter: counts them, instead of the model's own.

    Raises:
        ConfigError: the value holds what would not come back as it was; the message says what.
    """
    counting = counter if counter is not None else counter_for(model)
    if not isinstance(value, str):
        return _of_tree(tree_of(value), '', None, counting)
    if type(value) is not str:
        raise ConfigError(f'{type(value).__qualname__} would come back as a plain str: hand in str(value)')
    found = layouts.read(value)
    if found is not None:
        return _of_tree(found[0], value, found[1], counting)
    return _of_text(value, counting)


def unsqueeze(squeezed: Squeezed | Mapping[str, Any]) -> Any:
    """The value that was squeezed.

    Args:
        squeezed: the result of `squeeze`, or its `to_json()`.

    Raises:
        ConfigError: it is none, or stands for more than `tree.MOST` parts or `phrases.LONGEST` characters.
    """
    if not isinstance(squeezed, Squeezed):
        squeezed = Squeezed.of(squeezed)
    if squeezed.format == 'text':
        return squeezed.data
    if squeezed.format == 'squeezed text':
        body, mark = _body(squeezed.data)
        return unfolded(body, mark) if mark else body
    tree = read_squeezed(squeezed.data if squeezed.format == 'json' else _body(squeezed.data)[0])
    return Layout.of(squeezed.layout).write(tree) if squeezed.layout else value_of(tree)


def is_squeezed(text: str) -> bool:
    """Whether a text looks like one with marks; such a one is not squeezed again."""
    return text.startswith(HEAD)


def _of_tree(tree: Any, text: str, layout: Layout | None, counter: Counter) -> Squeezed:
    compact = COMPACT.write(tree)
    best = compact
    original = tokens = counter.count(compact)
    steps: tuple[str, ...] = ()
    kept = '' if layout is None else str(layout)
    if layout is not None:
        original = counter.count(text)
        steps = ('minify',) if layout != COMPACT and tokens < original else ()
        if tokens > original or (not steps and text != compact):
            best, tokens = text, original
    shapes = Shapes(tree)
    body, marks = compact, tuple[str, ...]()
    for step in steps_of('values')[1:]:
        if step == 'phrases':
            continue
        smaller = written(tree, shapes, (*marks, step))
        if smaller == body:
            continue
        data = _explained('JSON', (*marks, step)) + smaller
        if (size := counter.count(data)) < tokens:
            best, tokens, body, marks = data, size, smaller, (*marks, step)
    named = _with_phrases(body, 'JSON', marks, '', counter)
    if named is not None and (size := counter.count(named)) < tokens:
        best, tokens, marks = named, size, (*marks, 'phrases')
    if best == text and layout is not None and not marks:
        return Squeezed(text, 'text', original, original)
    format: Format = 'squeezed json' if marks else 'json'
    return Squeezed(best, format, original, tokens, (*steps, *marks), kept)


def _of_text(text: str, counter: Counter) -> Squeezed:
    original = tokens = counter.count(text)
    mark = mark_for(text)
    if mark is None or is_squeezed(text):
        return Squeezed(text, 'text', original, original)
    best, body, marks = text, text, tuple[str, ...]()
    runs = folded(text, mark)
    if runs != text:
        data = _explained('text', ('dedupe',), mark) + runs
        if (size := counter.count(data)) < tokens:
            best, tokens, body, marks = data, size, runs, ('dedupe',)
    named = _with_phrases(body, 'text', marks, mark, counter)
    if named is not None and (size := counter.count(named)) < tokens:
        best, tokens, marks = named, size, (*marks, 'phrases')
    return Squeezed(best, 'squeezed text' if marks else 'text', original, tokens, marks)


def _with_phrases(body: str, what: str, marks: Sequence[str], runs: str, counter: Counter) -> str | None:
    """All of it with phrases said once; None where none is worth it. `runs` is the mark of lines in a row."""
    mark = mark_for(body)
    if mark is None:
        return None
    phrases, shorter = shortened(body, mark, counter)
    if not phrases:
        return None
    return _explained(what, (*marks, 'phrases'), runs, mark, len(phrases)) + entries(phrases, mark) + shorter


def _explained(what: str, marks: Sequence[str], runs: str = '', mark: str = '', number: int = 0) -> str:
    """The line that tells a model how to read what follows."""
    notes = [BY_NAME[step].note if what == 'JSON' else BY_NAME[step].text_note for step in marks]
    return f'{HEAD}{what}, all of it; {"; ".join(notes).format(r=runs, m=mark, n=number)}]\n'


def _body(data: str) -> tuple[str, str]:
    """What follows the explanation, with its phrases in their places; and the mark of lines in a row, '' for none."""
    head = _EXPLAINED.match(data)
    if head is None:
        raise ConfigError('not a squeezed value: the line that explains it is missing')
    body = data[head.end() :]
    if (found := _PHRASES.search(head[0])) is not None:
        number = int(found[2])
        *lines, body = body.split('\n', number)
        body = put_back(body, read_entries(lines, found[1]), found[1])
    runs = _RUNS.search(head[0])
    return body, runs[1] if runs is not None else ''
