"""A manifest: what one compaction took out of a history and where the archive keeps it.

Its handle is the beginning of the hash of its bytes, which hold the handle of the compaction before it: a chain that
leads back to the beginning of the conversation. Bytes from an archive are hostile until they are parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compactor.archive.archive import Archive, key_of
from compactor.archive.spaces import out_of, put_in
from compactor.history.handles import HANDLE

VERSION = 1
_KEY = re.compile(r'[0-9a-f]{64}')
_HANDLE = re.compile(rf'[0-9a-f]{{{HANDLE}}}')


@dataclass(frozen=True, slots=True)
class Ending:
    """One of the requests that a compacted history ends with.

    Attributes:
        origin: index of the original message it was made from; None if it was made here.
        parts: fingerprints of its parts (see `entry.fingerprint`).
    """

    origin: int | None
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tail:
    """How to find the end of a compacted history after more was appended and neighbours were merged.

    Attributes:
        responses: responses between the mark and the end.
        requests: the requests behind the last response; none if it ends with a response.
    """

    responses: int
    requests: tuple[Ending, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """See the module.

    Attributes:
        parent: handle of the compaction before; None for the first, and where that one has gone.
        left: steps that earlier compactions had left out.
        since: ordinal of the first step that this chain could give back when it was written.
        messages: keys of the original messages in order; None for one that could not be stored.
        steps: keys of the texts of steps by ordinal; those that a parent holds are not repeated.
        tail: where the compacted history ends.
        strategies: what took it out, in order; empty where a version wrote it that did not say.
    """

    parent: str | None
    left: int
    since: int
    messages: tuple[str | None, ...]
    steps: Mapping[int, str] = field(default_factory=dict)
    tail: Tail = Tail(0)
    strategies: tuple[str, ...] = ()

    def dump(self) -> bytes:
        """As JSON; equal manifests give equal bytes."""
        requests = [{'origin': ending.origin, 'parts': ending.parts} for ending in self.tail.requests]
        value: dict[str, Any] = {
            'compactor-manifest': VERSION,
            'parent': self.parent,
            'left': self.left,
            'since': self.since,
            'messages': self.messages,
            'steps': dict(self.steps),
            'tail': {'responses': self.tail.responses, 'requests': requests},
        }
        if self.strategies:
            value['strategies'] = [name for name in self.strategies if _STRATEGY.fullmatch(name)]
        return json.dumps(value, separators=(',', ':')).encode()

    @property
    def entry(self) -> bytes:
        """What an archive keeps."""
        return put_in('manifest', self.dump())

    @property
    def handle(self) -> str:
        """Under which the archive finds it."""
        return key_of(self.entry)[:HANDLE]


def parse(data: bytes) -> Manifest | None:
    """The manifest in these bytes, or None if they hold none of this version."""
    try:
        value = json.loads(data)
        if value['compactor-manifest'] != VERSION:
            return None
        return Manifest(
            parent=None if value['parent'] is None else _matched(_HANDLE, value['parent']),
            left=_number(value['left']),
            since=_number(value['since']),
            messages=tuple(None if key is None else _matched(_KEY, key) for key in value['messages']),
            steps={_number(int(n)): _matched(_KEY, key) for n, key in value['steps'].items()},
            tail=Tail(_number(value['tail']['responses']), tuple(map(_ending, value['tail']['requests']))),
            strategies=tuple(_matched(_STRATEGY, name) for name in value.get('strategies', ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _ending(value: Any) -> Ending:
    origin = None if value['origin'] is None else _number(value['origin'])
    return Ending(origin, tuple(_matched(_FINGERPRINT, part) for part in value['parts']))


_STRATEGY = re.compile(r'[A-Za-z][\w-]{0,59}')
_FINGERPRINT = re.compile(r'[a-z-]{1,20}:[0-9a-f]{16}')


def _matched(form: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise ValueError(value)
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def find(archive: Archive, handle: str) -> Manifest | None:
    """The manifest with this handle; None if the archive does not hold it, or holds something else there."""
    data = archive.get(handle)
    if data is None or not key_of(data).startswith(handle):
        return None
    held = out_of('manifest', data)
    return None if held is None else parse(held)


def chain(archive: Archive, handle: str | None) -> Iterator[Manifest]:
    """The manifest with this handle and those before it, newest first, as far as the archive holds them."""
    seen: set[str] = set()
    while handle is not None and handle not in seen:
        seen.add(handle)
        manifest = find(archive, handle)
        if manifest is None:
            return
        yield manifest
        handle = manifest.parent


def first_held(manifests: Sequence[Manifest]) -> int:
    """Ordinal of the first step that this chain, newest first, can give back as far as it is still there."""
    oldest = manifests[-1]
    return oldest.since if oldest.parent is None else oldest.left + 1
