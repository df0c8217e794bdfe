"""What an agent is there for. Any other name may be used as well: a workload is a key into a table, no more."""

from __future__ import annotations

from enum import StrEnum


class Workload(StrEnum):
    """The usual workloads; case does not matter in `Workload('Coding')`."""

    ORCHESTRATOR = 'orchestrator'
    """Plans, and hands out work to others."""
    REASONING = 'reasoning'
    """Hard thinking: reviews, audits, designs."""
    CODING = 'coding'
    """Writes and changes code: most requests."""
    LIBRARIAN = 'librarian'
    """Searches, reads and documents."""
    SUMMARISER = 'summariser'
    """Sums up what others have done."""

    @classmethod
    def _missing_(cls, value: object) -> Workload | None:
        return cls.__members__.get(value.strip().upper()) if isinstance(value, str) else None
