"""What a `Compactor` is made of, from what its user has said."""

from __future__ import annotations

from pathlib import Path

from compactor.archive.archive import Archive, MemoryArchive
from compactor.policy import Policy
from compactor.store.engine import Store


def archive_in(store: Store | None, scope: str, most: int) -> Archive:
    """The archive that a policy asks for: in the store, if there is one."""
    if store is None:
        return MemoryArchive(most)
    from compactor.store.archive import StoreArchive

    return StoreArchive(store, scope, family=True)


def policy_of(policy: Policy | str | Path) -> Policy:
    """A policy as it is, or the one of this name or in this file."""
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, Path) or policy.endswith('.toml'):
        return Policy.load(policy)
    return Policy.load(preset=policy)
