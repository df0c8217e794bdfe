"""Keeps what a compaction takes out: the original messages, the texts of the steps, and a manifest over both."""

from __future__ import annotations

from collections.abc import Sequence

from compactor.archive.archive import Archive, key_of
from compactor.archive.entry import ending, fingerprint, taken_out, text_of
from compactor.archive.manifest import Ending, Manifest, Tail, chain, first_held
from compactor.archive.spaces import put_in
from compactor.digest.quotable import quotable
from compactor.history.handles import HANDLE, UNKNOWN, Deposit, Kept
from compactor.history.marks import handle_of
from compactor.history.message import MARK, RESULT, Message, Part
from compactor.history.stubs import is_stub
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets


class ArchiveFull(Exception):
    """One compaction is larger than the whole archive, so its first entries went before its last came."""


def keep(
    archive: Archive,
    deposit: Deposit,
    stored: Sequence[bytes | str | None],
    secrets: Secrets | None = HIGH_CONFIDENCE,
) -> Kept:
    """Archives a deposit; what an archive raises goes through.

    Args:
        archive: where to.
        deposit: what leaves the history.
        stored: the framework's JSON of each original message, as it is to be stored; the key of what the archive has
            just said it holds; None for what JSON cannot hold.
        secrets: what is redacted in the texts of steps; None keeps secrets.

    Raises:
        ArchiveFull: the archive cannot hold it all.
    """
    parents = list(chain(archive, deposit.parent))
    known = {ordinal for manifest in parents for ordinal in manifest.steps}
    messages = tuple(archive.put(put_in('message', data)) if isinstance(data, bytes) else data for data in stored)
    whole = ((n, parts) for n, parts in taken_out(deposit) if n not in known and not _stubbed(parts))
    quoted = ((n, [quotable(part, secrets) for part in parts]) for n, parts in whole)
    steps = {n: archive.put(put_in('step', _encoded(text_of(parts)))) for n, parts in quoted}
    manifest = Manifest(
        parent=deposit.parent if parents else None,
        left=deposit.left,
        since=first_held(parents) if parents else deposit.left + 1,
        messages=messages,
        steps=steps,
        tail=_tail(deposit),
        strategies=deposit.strategies,
    )
    data = manifest.entry
    archive.put(data)
    handle = key_of(data)[:HANDLE]
    used = (key for key in (*filter(_is_key, stored), *messages, *steps.values()) if isinstance(key, str))
    first = next(used, None)  # in the order of their use: if one of them had to go, it is this one
    if archive.get(handle) is None or (first is not None and archive.get(first) is None):
        raise ArchiveFull('the archive is too small for one compaction: raise its max_bytes')
    return Kept(handle, manifest.since)


def _is_key(stored: bytes | str | None) -> bool:
    return isinstance(stored, str)


def _stubbed(parts: Sequence[Part]) -> bool:
    """Whether a result went before there was this archive: what is left of the step must not pass for the whole."""
    return any(part.kind is RESULT and is_stub(part.text) for part in parts)


def _encoded(text: str) -> bytes:
    return text.encode('utf-8', 'surrogatepass')


def _tail(deposit: Deposit) -> Tail:
    """Where the compacted history ends, seen from its mark."""
    after = deposit.after
    at = next(i for i, message in enumerate(after) if any(_is_ours(message, j) for j in range(len(message.parts))))
    origins = {id(message.raw): i for i, message in enumerate(deposit.before)}
    requests = tuple(
        Ending(
            origins.get(id(message.raw)) if message.raw is not None else None,
            tuple(fingerprint(part) for j, part in enumerate(message.parts) if not _is_ours(message, j)),
        )
        for message in ending(after)
    )
    return Tail(sum(message.role == 'response' for message in after[at:]), requests)


def _is_ours(message: Message, j: int) -> bool:
    part = message.parts[j]
    return part.kind is MARK and handle_of(part.text) == UNKNOWN.handle
