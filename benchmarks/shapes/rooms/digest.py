"""The digest: names and words of texts, what calls did, what failed, and what a digest keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from compactor.digest import (
    commands,
    document,
    evidence,
    failures,
    files,
    identifiers,
    narrative,
    reads,
    select,
    windows,
)
from compactor.digest.document import Digest, Quote
from compactor.digest.evidence import Voice, lines_of
from compactor.digest.files import Touched
from compactor.digest.record import Record
from compactor.history.marks import Left, mark
from compactor.history.message import Kind
from compactor.strategies import shares, words

from .prepared import COUNTER, Prepare, applied, command, part, pieces, room

NAMES = 2_000
"""Characters of an answer whose names are looked for in a text."""


def _lines(kind: Kind) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        made = part(kind, text)
        return lambda: evidence.lines_of(made)

    return prepare


def _calls(function: Callable[..., object]) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        made = command(text)
        return lambda: function(made)

    return prepare


def _raw_calls(function: Callable[..., object]) -> Prepare:
    """A call whose arguments are no JSON."""

    def prepare(text: str) -> Callable[[], object]:
        made = part(Kind.CALL, text)
        return lambda: function(made)

    return prepare


def _results(function: Callable[..., object]) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        made = part(Kind.RESULT, text)
        return lambda: function(made)

    return prepare


def _many_failures(text: str) -> Callable[[], object]:
    """Commands that fail, each another; and then as many tests that pass."""
    said = pieces(text)
    pairs = [
        (n, command(f'{piece} {n}'), part(Kind.RESULT, f'exit code 1\nError: {n}')) for n, piece in enumerate(said)
    ]
    passed = part(Kind.RESULT, 'ok')
    pairs += [(n, command(f'pytest {n} {piece}'), passed) for n, piece in enumerate(said)]
    return lambda: failures.failing(pairs)


def _many_files(text: str) -> Callable[[], object]:
    """As many files of one name in other folders."""
    paths = [f'{piece.replace(chr(10), " ")}/{n}/a.py'[-200:] for n, piece in enumerate(pieces(text))]
    calls = [(n, part(Kind.CALL, json.dumps({'path': path}), 'edit_file')) for n, path in enumerate(paths)]
    return lambda: files.touched(calls)


def _chosen(text: str) -> Callable[[], object]:
    """The lines of a text, weighed, and a tenth of them chosen."""
    record = Record()
    for n, piece in enumerate(pieces(text, 20_000)):
        record.add(lines_of(part(Kind.RESULT, piece)), n, Voice.OUTPUT, 0)
    record = record.distinct()

    def choose() -> object:
        held = select.holders(record)
        worth = select.values(record, held)
        return select.choose(record, worth, held, (), len(text) // 40, shares.costs(record), shares.bonuses(record))

    return choose


def _document(text: str) -> Digest:
    lines = pieces(text)
    failing = {f'make {n}': failures.Failing(f'make {n}', n, (line,)) for n, line in enumerate(lines)}
    touched = {
        f'a{n}/{line[:90]}': Touched(f'a{n}/{line[:90]}', frozenset({'read'}), 'read', n)
        for n, line in enumerate(lines)
    }
    return Digest(
        Left(len(lines), 0),
        said=tuple(Quote(n, Voice.USER, line) for n, line in enumerate(lines)),
        files=touched,
        failures=failing,
    )


def _bounded(text: str) -> Callable[[], object]:
    made = _document(text)
    return lambda: shares.bounded(made, 2_000, room(10_000))


def _within(text: str) -> Callable[[], object]:
    made = _document(text)
    return lambda: words.within(made.said, 2_000, room(10_000))


def _rendered(text: str) -> Callable[[], object]:
    made = _document(text)
    return lambda: document.read(document.render(made))


def _marked(text: str) -> Callable[[], object]:
    """A mark that holds anything: its hash can be forged."""
    made = mark(f'Digest of 3 earlier steps (2 tool calls) left out.\n## Files\n{text}')
    return lambda: document.read(made)


def _checked(text: str) -> Callable[[], object]:
    return lambda: _unless_refused(lambda: narrative.checked(text, steps=9, known=lambda: ['a text']))


def _known(text: str) -> Callable[[], object]:
    """An answer about a record that is the text."""
    return lambda: _unless_refused(lambda: narrative.checked(text[-NAMES:], steps=9, known=lambda: [text]))


def _merged(text: str) -> Callable[[], object]:
    bound = narrative.Bound(24_000, COUNTER.count, COUNTER.fit)
    return lambda: narrative.merge([text, text], narrative.Brief(400), bound)


def _asked(text: str) -> Callable[[], object]:
    bound = narrative.Bound(24_000, COUNTER.count, COUNTER.fit)
    parts = [part(Kind.TEXT, text), command(text), part(Kind.RESULT, text)]
    return lambda: narrative.questions(lambda clip: [narrative.tell(parts, 1, clip)], narrative.Brief(400), bound)


def _unless_refused(check: Callable[[], Any]) -> object:
    try:
        return check()
    except narrative.SummaryRefused as refused:
        return refused


DIGEST: Mapping[str, Prepare] = {
    'identifiers.identifiers': applied(identifiers.identifiers),
    'identifiers.words': applied(identifiers.words),
    'identifiers.specific': applied(identifiers.specific),
    'evidence.Lines.of a line': applied(lambda text: evidence.Lines.of([text])),
    'windows.windows': applied(lambda text: list(windows.windows(text))),
    'evidence.lines_of a result': _lines(Kind.RESULT),
    'evidence.lines_of an answer': _lines(Kind.TEXT),
    'evidence.lines_of a call': lambda text: (lambda made: lambda: evidence.lines_of(made))(command(text)),
    'evidence.lines_of a raw call': _lines(Kind.CALL),
    'evidence.told': applied(lambda text: evidence.told('run', text)),
    'commands.sequence': applied(commands.sequence),
    'failures.failed': _results(failures.failed),
    'failures.telling': applied(failures.telling),
    'failures.turned_down': _results(failures.turned_down),
    'failures.command_of': _calls(failures.command_of),
    'failures.command_of a raw call': _raw_calls(failures.command_of),
    'failures.failing, many': _many_failures,
    'files.touches': _calls(files.touches),
    'files.touches a raw call': _raw_calls(files.touches),
    'files.touched, many': _many_files,
    'reads.reads': _calls(reads.reads),
    'document.plain': applied(document.plain),
    'document.render and read': _rendered,
    'document.read a mark': _marked,
    'select.choose': _chosen,
    'shares.cut': applied(lambda text: shares.cut(text, 500, COUNTER.count)),
    'words.within': _within,
    'shares.bounded': _bounded,
    'narrative.checked': _checked,
    'narrative.checked in a record': _known,
    'narrative.questions': _asked,
    'narrative.merge': _merged,
}
