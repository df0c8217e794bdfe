"""Where what is taken out of histories is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from compactor.archive.archive import MAX_BYTES
from compactor.archive.recall import MAX_TOKENS
from compactor.policies.station import Positive, Station
from compactor.secrets.redact import Secrets


class ArchivePolicy(Station):
    """Where a `Compactor` keeps what it takes out of histories.

    Attributes:
        enabled: keep it; without an archive what is taken out is gone, and nothing can be restored or recalled.
        max_bytes: compressed bytes that the default archive, in memory, holds at most.
        recall_tool: give the agent the tool `recall`, which reads the archive; capability mode only.
        recall_tokens: tokens of one answer of that tool at most.
        search_earlier: `recall` also searches what the same tenant's other conversations have left out; takes a store,
            which knows whose they are. Whoever may read one conversation of an agent can then read of all.
        secrets: 'redact' keeps no secret in the archive, so that a restored history is the original without them;
            'keep' stores what was taken out as it was, and results of tools that were made smaller, so that what was
            redacted in vain can be had again; `recall` redacts what it tells a model either way. A store does not
            encrypt what it keeps, and a warning is logged.
    """

    enabled: bool = True
    max_bytes: Positive = MAX_BYTES
    recall_tool: bool = True
    recall_tokens: Annotated[int, Field(ge=200)] = MAX_TOKENS
    search_earlier: bool = False
    secrets: Literal['redact', 'keep'] = 'redact'

    def redacts(self, secrets: Secrets | None) -> Secrets | None:
        """What is redacted in the archive, where `secrets` is what is redacted at all."""
        return None if self.secrets == 'keep' else secrets
