"""Archives what a compaction takes out of a history, of its messages only those that are not known to be held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compactor.archive.archive import Archive, Holding, key_of
from compactor.archive.bare import bare_message
from compactor.archive.keep import keep
from compactor.archive.remembered import Remembered, mark
from compactor.archive.spaces import put_in
from compactor.history.handles import Deposit, Kept
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets

Dump = Callable[[Any], bytes | None]
"""A framework's message as bytes that give it back; None if it would not come back."""


def keeping(
    archive: Archive | None,
    dump: Dump,
    remembered: Remembered | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
) -> Callable[[Deposit], Kept] | None:
    """What `pipeline.drive` calls to archive; None where there is no archive.

    Args:
        archive: where to.
        dump: a message of the framework as bytes.
        remembered: the keys of what earlier compactions of the same history have archived. They are used where the
            archive can say what it still holds (see `archive.Holding`).
        secrets: what is redacted in all that is stored, so that what is restored later is the history without it; None
            keeps secrets.
    """
    if archive is None:
        return None

    def bare(message: Any) -> bytes | None:
        data = dump(message)
        return None if data is None else bare_message(data, secrets)

    if remembered is None or not isinstance(archive, Holding):
        return lambda deposit: keep(archive, deposit, [bare(message.raw) for message in deposit.before], secrets)
    return lambda deposit: _kept(archive, bare, remembered, deposit, secrets)


def _kept(archive: Holding, dump: Dump, remembered: Remembered, deposit: Deposit, secrets: Secrets | None) -> Kept:
    """Archives a deposit and remembers what stays in the history."""
    raws = [message.raw for message in deposit.before]
    known = remembered.known(raws)
    held = archive.held([key for _, key in known if key is not None])
    staying = {id(message.raw) for message in deposit.after if not message.edited}
    # Marked before they are dumped: what is edited meanwhile is then seen as changed the next time.
    marks = [(now or mark(raw)) if id(raw) in staying else None for raw, (now, _) in zip(raws, known, strict=True)]
    stored = [key if key in held else dump(raw) for raw, (_, key) in zip(raws, known, strict=True)]
    kept = keep(archive, deposit, stored, secrets)
    remembered.renew(
        (now, key_of(put_in('message', data)) if isinstance(data, bytes) else data)
        for now, data in zip(marks, stored, strict=True)
        if now is not None
    )
    return kept
