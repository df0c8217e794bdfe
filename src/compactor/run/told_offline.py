"""`compact` of formats that need no framework, which tells what it did (see `run.told`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from compactor.archive.archive import Archive
from compactor.compaction import Compaction
from compactor.history.message import foreign_in
from compactor.offline import Offline
from compactor.policy import Policy
from compactor.run.keys import KeyLike, key_for
from compactor.run.told import SPOKESMAN

M = TypeVar('M')


@dataclass(frozen=True, slots=True)
class TellingOffline(Offline[M]):
    """What an adapter offers for histories of its format, told to OpenTelemetry where that is configured."""

    def compact(
        self,
        messages: Sequence[M],
        policy: Policy | str = Policy(),  # noqa: B008 - frozen
        *,
        target_tokens: int | None = None,
        model: str | None = None,
        archive: Archive | None = None,
        recall: bool = False,
        key: KeyLike | None = None,
    ) -> Compaction[M]:
        """See `Offline.compact`; `key` is as for `Compactor`."""
        began = time.perf_counter()
        compaction = Offline.compact(
            self,
            messages,
            policy,
            target_tokens=target_tokens,
            model=model,
            archive=archive,
            recall=recall,
            key=key_for(key, archive),
        )
        SPOKESMAN.compacted(None, compaction, len(messages), time.perf_counter() - began, request=False)
        SPOKESMAN.foreign(None, model, foreign_in(compaction.before))
        return compaction

    def restore(self, messages: Sequence[M], archive: Archive, *, key: KeyLike | None = None) -> list[M]:
        """See `Offline.restore`; `key` is as for `Compactor`."""
        return Offline.restore(self, messages, archive, key=key_for(key, archive))
