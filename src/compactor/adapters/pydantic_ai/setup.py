"""What a `Compactor` is made of, from what its user has said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compactor.archive.archive import Archive, MemoryArchive
from compactor.errors import ConfigError
from compactor.policy import Policy, RoutingPolicy
from compactor.routing.workload import Workload
from compactor.sources import AUTO, BY_MODEL
from compactor.store.engine import Store
from compactor.store.tenants import sound
from compactor.tokens.encodings import encoding
from compactor.tokens.families import family_of

STATIONS = {field.default_factory: name for name, field in Policy.model_fields.items()}
"""The parts of a policy, and what they are called in it."""
FILE = re.compile(r'[/\\]|\.[a-z]{2,5}$', re.IGNORECASE)
"""What looks like a file where a preset's name was expected."""


def accounted(policy: Policy, store: Store | None) -> None:
    """Raises `ConfigError` for budgets that nobody would count."""
    if policy.ledger.budgets and store is None:
        names = ', '.join(budget.name for budget in policy.ledger.budgets)
        raise ConfigError(f'the budgets ({names}) need a store to be counted in: say Compactor(..., store=...)')


def store_for(store: Store | str | Path | None, tenant: str | None) -> Store | None:
    """The store that was said, for a tenant; the tenant of one that is open already, where none was said.

    Raises:
        ConfigError: no tenant can have such a name, or there can be no such store.
    """
    if tenant is not None:
        sound(tenant)
    return None if store is None else store_at(store, tenant)


def store_at(store: Store | str | Path, tenant: str | None) -> Store:
    """See `store_for`."""
    if isinstance(store, Store):
        return store if tenant is None else store.of(tenant)
    return Store(store, tenant=tenant or '')


def archive_for(archive: Archive, tenant: str) -> Archive:
    """A tenant's part of an archive that was handed over; the whole where an archive has no parts."""
    of = getattr(archive, 'of', None) or getattr(archive, 'scoped', None)
    if of is None:
        return archive
    part: Archive = of(tenant)
    return part


def archive_in(store: Store | None, scope: str, most: int) -> Archive:
    """The archive that a policy asks for: in the store, if there is one."""
    if store is None:
        return MemoryArchive(most)
    from compactor.store.archive import StoreArchive

    return StoreArchive(store, scope, family=True)


def make_ready(model: str | None = None) -> None:
    """Reads the vocabulary that a model is counted with, by default that of most: else a request would wait for it."""
    encoding(family_of(model).encoding)


def policy_of(policy: Any, model: str | None = None) -> Policy:
    """A policy as it is, or the one of this name or in this file; a preset 'auto' is the one that suits the model.

    Raises:
        ConfigError: it is neither; unknown preset, unreadable file, invalid policy.
    """
    if isinstance(policy, Policy):
        return policy
    station = STATIONS.get(type(policy))
    if station:
        raise ConfigError(f'{type(policy).__name__} is a part of a policy: say Policy({station}=...)')
    if not isinstance(policy, str | Path):
        hint = ': make one of plain values with Policy(...) or of a TOML file' if isinstance(policy, Mapping) else ''
        raise ConfigError(f"a policy is a Policy, a preset's name or a TOML file, not {type(policy).__name__}{hint}")
    if isinstance(policy, Path) or policy.endswith('.toml'):
        return Policy.load(policy, model=model)
    if FILE.search(policy):
        raise ConfigError(f'{policy!r} is no TOML file and no preset: policies are read from files that end in .toml')
    return Policy.load(preset=policy, model=model)


def summariser_in(policy: Policy) -> str:
    """The model that a routing table names first for summaries: the policy's own, else the one that comes along."""
    for routing in (policy.routing, RoutingPolicy(preset='workloads')):
        for rule in routing.whole().rules:
            if rule.workload == Workload.SUMMARISER and rule.chain:
                return rule.chain[0]
    raise ConfigError("summariser='auto': no row of [routing] names a model for the workload 'summariser'")


def follows_model(policy: Policy | str | Path) -> bool:
    """Whether a policy hangs on the model's name: the preset 'auto', or a file that names it."""
    if isinstance(policy, Policy):
        return False
    if isinstance(policy, Path) or policy.endswith('.toml'):
        return any(policy_of(policy, word) != policy_of(policy) for word, _ in BY_MODEL)
    return policy == AUTO
