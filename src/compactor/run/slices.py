"""Long work in a loop without threads: in slices, so that no turn of the loop takes longer than an engine allows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from compactor.digest.evidence import lines_of
from compactor.digest.quotable import quotable
from compactor.history.track import Reader
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets

SLICE = 200_000
"""Characters read in one turn: a quarter of a second's work, where an engine waits two."""
PAUSE = 0.001
"""Seconds between two turns; only a pause that takes time ends one."""


async def read_in_slices(reader: Reader, messages: Sequence[Any], secrets: Secrets | None = HIGH_CONFIDENCE) -> None:
    """Counts a history and reads its lines, which are both remembered by text: whoever does it next finds it done.

    Where a turn ends hangs on the history alone, so that a replay ends it there too.
    """
    taken = 0
    for raw in messages:
        for message in reader.read([raw]):
            for part in message.parts:
                lines_of(quotable(part, secrets))
                taken += len(part.text)
        if taken >= SLICE:
            taken = 0
            await asyncio.sleep(PAUSE)
