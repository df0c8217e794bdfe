"""A cut: what was sent in the place of the beginning of a history that its owner records whole.

It is remembered with the record (on the response to the request that was cut) and in the store, so that the next run
and the next process send the same bytes. What it holds came from outside until it is parsed, and is used only where
its fingerprint is that of the history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any

from compactor.history.seal import Seal
from compactor.history.track import AUDIT_TAIL

VERSION = 1
"""Of what `Cut.dump` gives."""
AHEAD = 64
"""Messages of a changed record whose fingerprint is taken per request, before it is asked for."""
STRETCH = 500
"""Groups that are looked at at once: their fingerprint takes some 50 KB."""
MOST = 100_000
"""Pieces of a cut at most: what has more is none of ours."""

Piece = tuple[int, int] | str
"""Groups of the record that were sent as they stand, from the first up to before the last; or a message in the
framework's own form that was sent instead."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What was sent instead of the first `covers` groups of a history.

    Neighbouring messages of one speaker are one group, since frameworks merge them sooner or later.

    Attributes:
        covers: how many groups of the history it stands for.
        print: the fingerprint of those groups.
        pieces: what was sent, in order.
        handle: where the archive keeps what was left out; None where it is kept nowhere.
    """

    covers: int
    print: str
    pieces: tuple[Piece, ...]
    handle: str | None = None

    def dump(self) -> dict[str, Any]:
        """As JSON's own types."""
        return {
            'version': VERSION,
            'covers': self.covers,
            'print': self.print,
            'sent': [list(piece) if isinstance(piece, tuple) else piece for piece in self.pieces],
            'handle': self.handle,
        }


def sealed(cut: Cut, seal: Seal) -> dict[str, Any]:
    """A cut as `Cut.dump` gives it, under a seal: in a place that comes back from outside."""
    value = cut.dump()
    return {**value, SEAL: seal.digits('cut', _said(value))}


def holds(value: Any, seal: Seal) -> bool:
    """Whether what stands for a cut has this seal."""
    if not isinstance(value, Mapping) or not isinstance(digits := value.get(SEAL), str):
        return False
    try:
        said = _said({key: one for key, one in value.items() if key != SEAL})
    except (TypeError, ValueError, RecursionError):
        return False
    return seal.holds('cut', said, digits)


SEAL = 'seal'
UNSEALED = 'it has no seal of a key that is known here, in this conversation'
"""Why a cut is not used."""


def _said(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(',', ':'))


def parse(value: Any) -> Cut:
    """The cut in what was read from a record or a store.

    Raises:
        ValueError: it holds none of this version; the message says what is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError('it is not an object')
    if value.get('version') != VERSION:
        raise ValueError(f'its version is {value.get("version")!r:.20}, not {VERSION}')
    covers, print, handle, sent = value.get('covers'), value.get('print'), value.get('handle'), value.get('sent')
    if type(covers) is not int or covers < 1 or not isinstance(print, str) or not isinstance(sent, list | tuple):
        raise ValueError('it lacks what it covers, its fingerprint, or what was sent')
    if not (handle is None or isinstance(handle, str)) or not 0 < len(sent) <= MOST:
        raise ValueError('its handle is no text, or it has no piece, or too many')
    return Cut(covers, print, tuple(_piece(piece, covers) for piece in sent), handle)


def _piece(value: Any, covers: int) -> Piece:
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(type(end) is int for end in value):
        raise ValueError('a piece is neither a message nor a stretch of the history')
    first, last = value
    if not 0 <= first < last <= covers:
        raise ValueError(f'the stretch from {first} to {last} is not within {covers}')
    return first, last


Columns = Callable[[Sequence[Sequence[Any]]], Mapping[str, bytes]]
"""What tells some groups from others, the same after a merge, a dump and a reload, by the names of its columns; those
of one stretch and of the next, joined, are those of both."""


class Print:
    """The fingerprint of the first groups of a history, however many at a time they are taken in."""

    def __init__(self, of: Columns) -> None:
        self._of = of
        self._hashes: dict[str, hashlib.blake2b] = {}
        self.groups = 0
        """How many were taken in."""

    def copy(self) -> Print:
        """One that goes on from here by itself."""
        other = Print(self._of)
        other._hashes = {name: hash.copy() for name, hash in self._hashes.items()}
        other.groups = self.groups
        return other

    def take(self, more: Sequence[Sequence[Any]]) -> Print:
        """Takes in the groups that follow; returns itself."""
        for first in range(0, len(more), STRETCH):
            for name, column in self._of(more[first : first + STRETCH]).items():
                if name not in self._hashes:
                    self._hashes[name] = hashlib.blake2b(digest_size=16)
                self._hashes[name].update(column)
        self.groups += len(more)
        return self

    @property
    def text(self) -> str:
        """It, in 32 characters."""
        whole = hashlib.blake2b(digest_size=16)
        for name in sorted(self._hashes):
            whole.update(name.encode() + self._hashes[name].digest())
        return whole.hexdigest()


def prints_at(of: Columns, groups: Sequence[Sequence[Any]], ends: Iterable[int]) -> dict[int, Print]:
    """The fingerprint of the first so many groups, for each of these numbers that the history has."""
    found: dict[int, Print] = {}
    print = Print(of)
    for end in sorted({end for end in ends if 0 < end <= len(groups)}):
        print = found[end] = print.copy().take(groups[print.groups : end])
    return found


class Running:
    """The fingerprint of a record that grows, taken while it grows: a cut of it then finds it done.

    Args:
        groups: a history with neighbouring messages of one speaker together.
        of: see `Columns`.
    """

    def __init__(self, groups: Callable[[Sequence[Any]], Sequence[Sequence[Any]]], of: Columns) -> None:
        self._groups_of = groups
        self._of = of
        self._ahead: int | None = None
        self._print, self._messages = Print(of), 0

    def restart(self) -> None:
        """Forgets the record: it is another one now, and may be again at the next request."""
        self._ahead = AHEAD
        self._print, self._messages = Print(self._of), 0

    def resume(self, print: Print, messages: int) -> None:
        """Goes on from the fingerprint of the first so many messages, which are whole groups."""
        self._print, self._messages = print.copy(), messages

    def follow(self, record: Sequence[Any]) -> None:
        """Takes in what is new in a record that has only grown, as far as its groups are complete.

        The newest messages may still be edited. Of a record that was changed, only some are taken in at once.
        """
        end = len(record) - AUDIT_TAIL
        if self._ahead is not None:
            end = min(self._messages + self._ahead, end)
        if end - self._messages < 2:
            return
        *whole, _ = self._groups_of(record[self._messages : end])
        if whole:
            self._print.take(whole)
            self._messages += sum(map(len, whole))

    def of(self, groups: Sequence[Sequence[Any]]) -> str:
        """The fingerprint of a whole record, given its groups."""
        return self._print.copy().take(groups[self._print.groups :]).text


def pieces_of(
    record: Sequence[Sequence[Any]], sent: Sequence[Any], dump: Callable[[Any], bytes | None]
) -> tuple[Piece, ...] | None:
    """What was sent, told by what stands in a record.

    Args:
        record: the groups of the record.
        sent: the messages that were sent; what stands in the record too is the same object.
        dump: a message in the framework's own form; None if it would not come back.

    Returns: None where something that was sent could not be brought back.
    """
    firsts = {id(group[0]): i for i, group in enumerate(record)}
    pieces: list[Piece] = []
    at = 0
    while at < len(sent):
        i = firsts.get(id(sent[at]))
        group = record[i] if i is not None else ()
        if i is not None and (len(group) == 1 or _stands(group, sent, at)):
            last = pieces[-1] if pieces else None
            if isinstance(last, tuple) and last[1] == i:
                pieces[-1] = last[0], i + 1
            else:
                pieces.append((i, i + 1))
            at += len(group)
            continue
        data = dump(sent[at])
        if data is None:
            return None
        pieces.append(data.decode('utf-8', 'surrogatepass'))
        at += 1
    return tuple(pieces)


def _stands(group: Sequence[Any], sent: Sequence[Any], at: int) -> bool:
    """Whether a whole group was sent, from a place on."""
    return at + len(group) <= len(sent) and all(map(is_, group, sent[at : at + len(group)]))


def joined(cut: Cut, record: Sequence[Sequence[Any]], load: Callable[[bytes], Sequence[Any]]) -> list[Any]:
    """What is sent instead of the history: what the cut says, followed by what came after it.

    Args:
        cut: a cut of this very history.
        record: the groups of the history.
        load: the messages in the framework's own form.

    Raises:
        ValueError: a message of the cut cannot be read.
    """
    messages: list[Any] = []
    for piece in cut.pieces:
        if isinstance(piece, str):
            messages += load(piece.encode('utf-8', 'surrogatepass'))
        else:
            for group in record[piece[0] : piece[1]]:
                messages += group
    for group in record[cut.covers :]:
        messages += group
    return messages
