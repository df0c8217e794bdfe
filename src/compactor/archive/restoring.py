"""Undoes compactions: what they took out of a history comes back as it was, followed by what came after.

An adapter says how its messages are read, loaded and merged (`Format`); everything else is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from compactor.archive.archive import Archive
from compactor.archive.entry import fingerprint
from compactor.archive.manifest import Manifest, find
from compactor.archive.spaces import out_of
from compactor.errors import ArchiveExpired, HistoryError
from compactor.history.format import Format
from compactor.history.marks import handle_of, left_out
from compactor.history.message import MARK, USER, Message, Part
from compactor.history.seal import NO_KEY, NOBODY, Key, Scope, Seal
from compactor.history.standing import Standing
from compactor.tokens.uncounted import uncounted

M = TypeVar('M')


def restore(form: Format[M], messages: Sequence[M], archive: Archive, key: Key = NO_KEY) -> list[M]:
    """The whole history.

    Compactions are undone one by one, newest first. What was merged over the end of a compacted history is told apart
    by content. A history in which nothing was left out is returned as it is. Defects that were mended in a compaction
    come back too; those mended when nothing had to be compacted do not, as that leaves no mark.

    Args:
        form: the format of the messages.
        messages: a compacted history, also after more was appended, and after a reload.
        archive: the archive that was in use.
        key: the key that was in use: what was not sealed with it is text, and leads nowhere.

    Returns:
        Messages equal to the originals; those that still stood in the history, unchanged, are the same objects.

    Raises:
        ArchiveExpired: the archive does not (or no longer) hold what was left out; the message says what.
        HistoryError: `messages` is no history, or was cut behind its mark, so that its end is not known; or what the
            archive gives back leads in a circle.
    """
    restored = list(form.listed(messages))
    known = _Known(form)
    owner: Scope = getattr(archive, 'owner', ())  # a tenant's, where an archive is one's own
    seal = form.seal(restored, key, owner)
    goals = [seal.goal]  # an archive that holds no secret may give back another beginning than was handed in
    views = known.views(restored, seal)
    undone: set[str] = set()
    while (found := _newest(views)) is not None:
        at, handle = found
        if handle in undone:
            raise HistoryError(f'what the archive holds for {handle} leads back to it: no history ends so')
        undone.add(handle)
        manifest = find(archive, handle)
        if manifest is None:
            raise ArchiveExpired(f'the archive does not hold {handle}')
        handed_in = originals(form, archive, manifest, handle, known.by_bytes(restored))
        restored = _Compacted(form, known, restored, at, handle, manifest).undone(handed_in)
        seal = form.seal(restored, key, owner)
        goals.append(seal.goal)
        views = known.views(restored, replace(seal, goals=tuple(dict.fromkeys(goals))))
    gone = sum(left_out(part.text).steps for view in views for part in view.parts if part.kind is MARK or part.ours)
    if gone:
        raise ArchiveExpired(f'{gone:,} steps were left out without an archive')
    return restored


def newest_handle(form: Format[M], messages: Sequence[M], seal: Seal) -> str | None:
    """The handle in the mark of a history, if it has one; read from the beginning, no further than needed.

    One that stands behind it is not ours (see `standing.py`).
    """
    reader = form.reader(uncounted(), seal)
    return next((found for one in messages if (found := handle_in(reader.read([one])))), None)


def handle_in(views: Sequence[Message]) -> str | None:
    """The handle in the newest mark of a history that was read, if any has one."""
    found = _newest(views)
    return found[1] if found is not None else None


def _newest(views: Sequence[Message]) -> tuple[int, str] | None:
    """The message of the newest mark that has a handle, and that handle."""
    for at in range(len(views) - 1, -1, -1):
        for part in reversed(views[at].parts):
            if (handle := _handle(part)) is not None:
                return at, handle
    return None


def _handle(part: Part) -> str | None:
    """The handle of a mark; one that somebody has put a cache point on reads as a prompt, and is one all the same."""
    return handle_of(part.text) if part.kind is MARK or part.ours else None


def _as_placed(views: list[Message], lead: bool, brought: dict[int, Any]) -> list[Message]:
    """The views of a history; in a format where marks lead, one behind the first response was quoted."""
    views = Standing(brought).of(views)
    if not lead:
        return views
    spoken = next((i for i, view in enumerate(views) if view.role == 'response'), len(views))
    for i in range(spoken, len(views)):
        if any(part.kind is MARK or part.ours for part in views[i].parts):
            parts = (
                replace(part, kind=USER if part.kind is MARK else part.kind, ours=False) for part in views[i].parts
            )
            views[i] = replace(views[i], parts=tuple(parts))
    return views


class _Known(Generic[M]):
    """The messages that a restore comes by; each is read once, and dumped once. Their views keep them alive."""

    def __init__(self, form: Format[M]) -> None:
        self._form = form
        self._seal = NOBODY
        self._views: dict[int, Message] = {}
        self._dumped: dict[int, bytes | None] = {}
        self._brought: dict[int, Any] = {}

    def views(self, messages: Sequence[M], seal: Seal | None = None) -> list[Message]:
        """The neutral view of each message, read on its own: a result may lack the name of its tool.

        A seal is the one of these messages as a whole; where it differs from the last, they are read anew.
        """
        if seal is not None and seal != self._seal:
            self._seal = seal
            self._views = {}
        fresh = [message for message in messages if id(message) not in self._views]
        self._views |= {id(view.raw): view for view in self._form.reader(uncounted(), self._seal).read(fresh)}
        return _as_placed([self._views[id(message)] for message in messages], self._form.marks_lead, self._brought)

    def _is_brought(self, message: M) -> bool:
        view = self._views[id(message)]
        return id(message) in self._brought or any(id(part.raw) in self._brought for part in view.parts)

    def read(self, messages: Sequence[M]) -> list[Message]:
        """The neutral view of messages that follow each other."""
        return Standing(self._brought).of(self._form.reader(uncounted(), self._seal).read(messages))

    def by_bytes(self, messages: Sequence[M]) -> dict[bytes, M]:
        """These messages, which were read before, by their bytes; of equal ones the first.

        None that holds a note which is its bringer's: its equal may be genuine, and stand where it was written.
        """
        messages = [message for message in messages if not self._is_brought(message)]
        self._dumped |= {id(m): self._form.dump(m) for m in messages if id(m) not in self._dumped}
        dumped = ((self._dumped[id(message)], message) for message in reversed(messages))
        return {data: message for data, message in dumped if data is not None}


def originals(
    form: Format[M], archive: Archive, manifest: Manifest, handle: str, standing: Mapping[bytes, M]
) -> list[M]:
    """The messages that a compaction was handed.

    Args:
        form: their format.
        archive: holds them.
        manifest: of the compaction.
        handle: leads to the manifest.
        standing: messages that are at hand, by their bytes; each takes the place of its equal, once.
    """
    known = dict(standing)
    messages: list[M] = []
    missing: list[int] = []
    for i, key in enumerate(manifest.messages):
        data = out_of('message', archive.get(key) if key is not None else None) or b''
        try:
            messages += [known.pop(data)] if data in known else form.load(data)
        except (ValueError, RecursionError):
            missing.append(i)
    if missing:
        first = ', '.join(map(str, missing[:5])) + (', ...' if len(missing) > 5 else '')
        raise ArchiveExpired(f'{len(missing):,} of {len(manifest.messages):,} messages of {handle} are gone: {first}')
    return messages


@dataclass(frozen=True, slots=True)
class _Place:
    """One part of the requests around the end of a compacted history: which message, which part, what it is."""

    message: int
    part: int
    kind: str
    print: str


@dataclass(frozen=True, slots=True)
class _Compacted(Generic[M]):
    """A compacted history, with what was appended to it.

    Attributes:
        form: the format of its messages.
        known: has read them.
        messages: the history.
        at: index of the message that holds the mark.
        handle: the mark's handle.
        manifest: what the handle leads to.
    """

    form: Format[M]
    known: _Known[M]
    messages: Sequence[M]
    at: int
    handle: str
    manifest: Manifest

    def undone(self, originals: list[M]) -> list[M]:
        """The original messages followed by what was appended to the compacted history."""
        requests = self.manifest.tail.requests
        views = self.known.views(self.messages)
        start = self._behind(views)
        if not requests:
            return [*originals, *self.messages[start:]]
        stop = next((i for i in range(start, len(views)) if views[i].role == 'response'), len(views))
        first = max(0, start - 1)  # with the response that results are of, they are named
        end = self.known.read(self.messages[first:stop])[start - first :]
        joined = list(originals)
        covered = self._covered(end)
        for i, (message, view) in enumerate(zip(self.messages[start:stop], end, strict=True)):
            fresh = [part.raw for j, part in enumerate(view.parts) if (i, j) not in covered]
            origins = {origin for (m, _), origin in covered.items() if m == i}
            if not origins and (view.parts or i >= len(requests)):
                joined.append(message)
            elif fresh:
                self._merge(joined, message, fresh, origins)
        return [*joined, *self.messages[stop:]]

    def _behind(self, views: Sequence[Message]) -> int:
        """Index of the first message behind the compacted history's last response."""
        responses = self.manifest.tail.responses
        if responses == 0:
            return next((i + 1 for i in range(self.at, -1, -1) if views[i].role == 'response'), 0)
        spoken = [i for i in range(self.at, len(views)) if views[i].role == 'response']
        if len(spoken) < responses:
            raise HistoryError('the history was cut behind the mark of its last compaction: its end is not known')
        return spoken[responses - 1] + 1

    def _covered(self, requests: Sequence[Message]) -> dict[tuple[int, int], int | None]:
        """Which parts of these requests the compacted history ended with, each with the message it came from.

        Parts are found by what they say; one that was edited since, by its place among its kind.
        """
        places = [(i, j, part) for i, view in enumerate(requests) for j, part in enumerate(view.parts)]
        covered: dict[tuple[int, int], int | None] = {(i, j): None for i, j, part in places if self._is_mark(part)}
        free = [_Place(i, j, part.kind.value, fingerprint(part)) for i, j, part in places if not self._is_mark(part)]
        wanted = [(ending.origin, print) for ending in self.manifest.tail.requests for print in ending.parts]
        tests: list[Callable[[_Place, str], bool]] = [
            lambda place, print: place.print == print,
            lambda place, print: place.kind == print.partition(':')[0] and place.kind != USER.value,
        ]
        for same in tests:
            rest = []
            for origin, print in wanted:
                place = next((place for place in free if same(place, print)), None)
                if place is None:
                    rest.append((origin, print))
                else:
                    free.remove(place)
                    covered[place.message, place.part] = origin
            wanted = rest
        return covered

    def _is_mark(self, part: Part) -> bool:
        return _handle(part) == self.handle

    def _merge(self, joined: list[M], message: M, fresh: Sequence[Any], origins: set[int | None]) -> None:
        """Puts what was merged into the last compacted request into the original ones it was made from."""
        if self.form.merge is None:
            joined.append(message)
            return
        views = self.known.views(joined)
        spoken = next((i + 1 for i in range(len(views) - 1, -1, -1) if views[i].role == 'response'), 0)
        first = min((o for o in origins if o is not None and spoken <= o < len(joined)), default=len(joined) - 1)
        first = max(spoken, first)
        joined[first:] = [self.form.merge(joined[first:], message, fresh)]
