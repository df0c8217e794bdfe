"""Where what is taken out of histories is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from compactor.archive.archive import MAX_BYTES
from compactor.archive.recall import MAX_TOKENS
from compactor.policies.station import Positive, Station


class ArchivePolicy(Station):
    """Where a `Compactor` keeps what it takes out of histories.

    Attributes:
        enabled: keep it; without an archive what is taken out is gone, and nothing can be restored or recalled.
        max_bytes: compressed bytes that the default archive, in memory, holds at most.
        recall_tool: give the agent the tool `recall`, which reads the archive; capability mode only.
        recall_tokens: tokens of one answer of that tool at most.
    """

    enabled: bool = True
    max_bytes: Positive = MAX_BYTES
    recall_tool: bool = True
    recall_tokens: Annotated[int, Field(ge=200)] = MAX_TOKENS
