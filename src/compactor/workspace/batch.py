"""Many operations on a workspace in one call: reads in parallel, searches, and edits of which all are done or none.

A batch has 25 operations and 60,000 tokens at most, as Tokenette's; what does not fit is left out with a note that says
how it is got. Text that several reads share is shown once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from compactor.errors import ConfigError, WorkspaceError
from compactor.outputs.json_text.shares import poured
from compactor.packing.forms import Form
from compactor.packing.item import kind_of
from compactor.packing.layout import Section, laid_out
from compactor.patterns import Pattern, TooSlow, pattern
from compactor.quoting import one_line
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets, redact
from compactor.tokens.counter import counter_for
from compactor.workspace.diffs import FileDiff, applied, parsed
from compactor.workspace.excerpts import left_out
from compactor.workspace.files import LOOKED_AT, as_text, read
from compactor.workspace.root import Root
from compactor.workspace.shared import Excerpt, once
from compactor.workspace.texts import texts_of
from compactor.workspace.transaction import Change, commit, content, finish

OPERATIONS = 25
"""Operations of a batch at most."""
MAX_TOKENS = 60_000
"""Tokens of what a batch answers at most."""
LEAST = 256
"""The same, at least."""
THREADS = 8
"""Operations at once."""
FOUND = 200
"""Lines that a search shows at most."""
LONGEST = 400
"""Characters shown of a line that a search has found."""
HEADING = 24
"""Tokens of the heading of a read."""

T = TypeVar('T')
U = TypeVar('U')
_RANGE = re.compile(r'(.+?):(\d{1,9})(?:-(\d{1,9})?)?')


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation and what came of it.

    Attributes:
        what: what was asked for.
        text: what is shown; of an edit, what was done.
        failed: why it could not be served; '' if it was.
    """

    what: str
    text: str
    failed: str = ''


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a batch.

    Attributes:
        text: for the model; never over the tokens of a batch.
        tokens: of the text.
        reads: reads and searches, in order.
        writes: edits, one a file.
    """

    text: str
    tokens: int
    reads: tuple[Operation, ...] = ()
    writes: tuple[Operation, ...] = ()

    def payload(self) -> dict[str, Any]:
        """The same as values: `{'_batch': True, '_ops': 2, 'reads': [...], 'writes': [...]}`."""
        said = [[_plain(one) for one in some] for some in (self.reads, self.writes)]
        return {'_batch': True, '_ops': len(self.reads) + len(self.writes), 'reads': said[0], 'writes': said[1]}


def _plain(one: Operation) -> dict[str, str]:
    return {'what': one.what, 'error': one.failed} if one.failed else {'what': one.what, 'text': one.text}


class Workspace:
    """A folder in which many operations are one call. Nothing outside of it is read or written, by links neither.

    Args:
        root: the folder.
        model: whose tokens count.
        max_tokens: tokens of an answer at most; at least 256.
        operations: operations of a batch at most.
        secrets: what is redacted of what is read; None for nothing.

    Raises:
        ConfigError: a number is too small.
        WorkspaceError: there is no such folder.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        model: str | None = None,
        max_tokens: int = MAX_TOKENS,
        operations: int = OPERATIONS,
        secrets: Secrets | None = HIGH_CONFIDENCE,
    ) -> None:
        if max_tokens < LEAST or operations < 1:
            raise ConfigError(
                f'a batch has {LEAST} tokens and one operation at least, got {max_tokens} and {operations}'
            )
        self.root = Root(root)
        finish(self.root)
        self.max_tokens = max_tokens
        self.operations = operations
        self._counter = counter_for(model)
        self._secrets = secrets

    def read_many(self, paths: Sequence[str]) -> Answer:
        """Files, or lines of them: `src/app.py`, `src/app.py:10-40`. A file that cannot be read is said to be so.

        Raises:
            WorkspaceError: there are too many, or none.
        """
        self._allowed(len(paths), 'paths')
        found = _parallel(self._excerpt, paths)
        texts = once([one for one in found if isinstance(one, Excerpt)])
        ordered = iter(texts)
        shown = [
            Operation(what, '', one) if isinstance(one, str) else Operation(what, next(ordered))
            for what, one in zip(paths, found, strict=True)
        ]
        return self._answer(shown, found)

    def search_many(self, patterns: Sequence[str], path: str = '.', around: int = 0) -> Answer:
        """Lines in which regular expressions are found, by file and line; of each expression 200 at most.

        Args:
            patterns: expressions, as the `regex` package reads them; what is none is looked for to the letter.
            path: a file or a folder to look in.
            around: lines shown on both sides, 20 at most.

        Raises:
            WorkspaceError: there are too many or none, or the path leads out of the root or to nothing.
        """
        self._allowed(len(patterns), 'patterns')
        texts = texts_of(self.root, [path], self._secrets)
        found = _parallel(lambda wanted: _search(wanted, texts, max(0, min(around, 20))), patterns)
        return self._answer(found, [None] * len(found))

    def edit_many(self, diffs: Sequence[str]) -> Answer:
        """Applies unified diffs, of one file or of many: all of them, or none.

        Raises:
            WorkspaceError: one of them does not apply, leads out of the root or is none, or there are too many; no file
                is changed then.
        """
        files = [file for diff in diffs for file in parsed(diff)]
        self._allowed(len(files), 'files')
        before: dict[Path, str | None] = {}
        after: dict[Path, str | None] = {}
        for file in files:
            real = self._editable(file)
            if real not in before:
                before[real] = after[real] = content(real)
            after[real] = applied(after[real], file)
        changes = [Change(path, before[path], text) for path, text in after.items() if text != before[path]]
        for change in changes:
            _encodable(change, self.root)
        if changes:
            commit(self.root, changes)
        done = tuple(Operation(file.path, _done(file)) for file in files)
        text = '\n'.join(f'{one_line(one.what)}: {one.text}' for one in done)
        text = self._counter.fit(text, self.max_tokens)
        return Answer(text, self._counter.count(text), writes=done)

    def _allowed(self, number: int, what: str) -> None:
        if not 1 <= number <= self.operations:
            raise WorkspaceError(f'a batch takes 1 to {self.operations} {what}, got {number}: split it')

    def _editable(self, file: FileDiff) -> Path:
        real = self.root.resolve(file.path)
        if real == self.root.folder or real.is_dir() or (real.exists() and not real.is_file()):
            raise WorkspaceError(f'{one_line(file.path)[:200]} is no file')
        return real

    def _excerpt(self, wanted: str) -> Excerpt | str:
        """What a read asks for, or why there is nothing."""
        try:
            path, first, last = self._range(wanted)
            real = self.root.resolve(path)
        except WorkspaceError as error:
            return str(error)
        data = read(real) if real.is_file() else None
        if data is None:
            return 'there is no such file, or it is too large'
        if b'\0' in data[:LOOKED_AT]:
            return 'it is no text'
        text = as_text(data)
        lines = (text if self._secrets is None else redact(text, self._secrets)).split('\n')
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        if first > len(lines):
            return f'it has {len(lines):,} lines'
        return Excerpt(self.root.name(real), first, lines[first - 1 : last])

    def _range(self, wanted: str) -> tuple[str, int, int | None]:
        found = _RANGE.fullmatch(wanted)
        if found is None or self.root.resolve(wanted).is_file():
            return wanted, 1, None
        first = max(1, int(found[2]))
        whole = wanted.endswith('-')
        return found[1], first, None if whole else max(first, int(found[3] or first))

    def _answer(self, shown: Sequence[Operation], found: Sequence[Excerpt | str | None]) -> Answer:
        """Puts together what came, each with an equal share of the room where not all of it fits."""
        counter = self._counter
        room = self.max_tokens
        needs = [counter.count(one.text or one.failed) + HEADING for one in shown]
        for _ in range(8):
            shares = poured(needs, room)
            cut = [
                one if share >= need else Operation(one.what, self._cut(one, share - HEADING, source), one.failed)
                for one, share, need, source in zip(shown, shares, needs, found, strict=True)
            ]
            text = laid_out([_section(one, source) for one, source in zip(cut, found, strict=True)], (), counter, 0)
            tokens = counter.count(text)
            if tokens <= self.max_tokens:
                return Answer(text, tokens, reads=tuple(cut))
            room -= tokens - self.max_tokens + 8
        text = counter.fit(text, self.max_tokens)
        return Answer(text, counter.count(text), reads=tuple(cut))

    def _cut(self, one: Operation, tokens: int, source: Excerpt | str | None) -> str:
        """As many whole lines as fit, and a note on the rest."""
        kept = self._counter.fit(one.text, max(0, tokens - HEADING)).split('\n')[:-1]
        if not isinstance(source, Excerpt):
            return '\n'.join([*kept, '[more found: narrow the pattern or the path]'])
        if '\n'.join(source.lines) == one.text:
            start = source.first - 1 + len(kept)
            return '\n'.join([*kept, left_out(source.path, start, source.first - 1 + len(source.lines), 'read_many')])
        return '\n'.join([*kept, f'[the rest is left out: read_many {source.path}, fewer at once]'])


def _section(one: Operation, source: Excerpt | str | None) -> Section:
    kind = 'failed' if one.failed else 'found' if source is None else kind_of(one.what.split(':')[0], '')
    return Section(one.what, kind, Form.WHOLE, one.failed or one.text)


def _parallel(work: Callable[[T], U], items: Sequence[T]) -> list[U]:
    with ThreadPoolExecutor(THREADS, 'compactor-batch') as pool:
        return list(pool.map(work, items))


def _search(wanted: str, texts: Sequence[tuple[str, str]], around: int) -> Operation:
    try:
        looked = pattern(f'(?m){wanted}')
    except ConfigError:
        looked = pattern(re.escape(wanted))
    try:
        rows = list(_rows(looked, texts, around))
    except TooSlow:
        return Operation(wanted, '', 'the expression takes too long: write it with fewer repetitions')
    return Operation(wanted, '\n'.join(rows)) if rows else Operation(wanted, 'nothing found')


def _rows(looked: Pattern, texts: Sequence[tuple[str, str]], around: int) -> Iterator[str]:
    shown = 0
    for path, text in texts:
        lines = text.split('\n')
        at = -1
        for i in _lines_of(looked, text):
            if shown >= FOUND:
                yield f'[{FOUND} lines shown, there are more: narrow the pattern or the path]'
                return
            shown += 1
            for j in range(max(at + 1, i - around), min(len(lines), i + around + 1)):
                yield f'{one_line(path)}:{j + 1}:{lines[j][:LONGEST]}'
            at = max(at, min(len(lines) - 1, i + around))


def _lines_of(looked: Pattern, text: str) -> Iterator[int]:
    """Lines, from 0, in which a match begins, each once."""
    last, line, counted = -1, 0, 0
    for found in looked.matches(text):
        start = found.span()[0]
        line += text.count('\n', counted, start)
        counted = start
        if line != last:
            last = line
            yield line


def _encodable(change: Change, root: Root) -> None:
    try:
        (change.after or '').encode('utf-8')
    except UnicodeEncodeError:
        raise WorkspaceError(f'{root.name(change.path)} would hold half a character, which no file can') from None


def _done(file: FileDiff) -> str:
    added = sum(len(hunk.after) for hunk in file.hunks) - _kept(file)
    removed = sum(len(hunk.before) for hunk in file.hunks) - _kept(file)
    how = 'removed' if not file.new else 'made' if not file.old else 'edited'
    return f'{how}, +{added} -{removed}'


def _kept(file: FileDiff) -> int:
    return sum(hunk.kept for hunk in file.hunks)
