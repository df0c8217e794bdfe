"""compactor keeps every request of an agent inside its token budget.

    from compactor import Compactor

    agent = Agent('cerebras:zai-glm-4.7', capabilities=[Compactor('cerebras')])

Names are loaded at their first use, so that `import compactor` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from compactor.imports import passed_through

if TYPE_CHECKING:
    from compactor.adapters.pydantic_ai.agent.capability import Compactor
    from compactor.adapters.pydantic_ai.cache.batch import TokenMetrics, process_batch, process_request
    from compactor.adapters.pydantic_ai.cache.cached import CachedModel
    from compactor.adapters.pydantic_ai.chain.capacity_model import CapacityModel
    from compactor.adapters.pydantic_ai.messages.archive import restore
    from compactor.adapters.pydantic_ai.messages.compact import compact, inspect
    from compactor.adapters.pydantic_ai.messages.counter import counter_for
    from compactor.adapters.pydantic_ai.messages.pin import pin
    from compactor.adapters.pydantic_ai.workspace import workspace_tools
    from compactor.archive.archive import Archive, MemoryArchive
    from compactor.caching.tool import cache_tool
    from compactor.compaction import Compaction
    from compactor.errors import (
        ArchiveExpired,
        BudgetExceeded,
        CapacityExhausted,
        CompactorError,
        ConfigError,
        HistoryError,
        RequestTooLarge,
        StoreError,
        WorkspaceError,
    )
    from compactor.history.report import TokenReport
    from compactor.ledger.budget import Budget
    from compactor.ledger.entry import Entry
    from compactor.ledger.prices import Prices
    from compactor.outputs.kind import Kind
    from compactor.outputs.level import Level, Narrowing
    from compactor.outputs.own import OutputKind
    from compactor.outputs.shrink import Shrunk
    from compactor.packing.item import Item
    from compactor.packing.pack import pack
    from compactor.packing.packed import Packed
    from compactor.packing.profile import Profile
    from compactor.policy import (
        ArchivePolicy,
        CapacityPolicy,
        HistoryPolicy,
        LedgerPolicy,
        OutputsPolicy,
        Policy,
        RoutingPolicy,
        SummaryPolicy,
        TaskPolicy,
        TelemetryPolicy,
        TokenPolicy,
    )
    from compactor.run.told import output_budget, shrink
    from compactor.squeezing.squeeze import squeeze, unsqueeze
    from compactor.squeezing.squeezed import Squeezed
    from compactor.store.archive import StoreArchive
    from compactor.store.engine import Store
    from compactor.store.entries import Ledger
    from compactor.tokens.batch import count_batch
    from compactor.tokens.counter import Counter
    from compactor.workspace.batch import Workspace
    from compactor.workspace.context import context_for
    from compactor.workspace.signature_map import signature_map

_HOMES = {
    'Archive': 'compactor.archive.archive',
    'ArchiveExpired': 'compactor.errors',
    'ArchivePolicy': 'compactor.policy',
    'Budget': 'compactor.ledger.budget',
    'BudgetExceeded': 'compactor.errors',
    'CapacityExhausted': 'compactor.errors',
    'CapacityModel': 'compactor.adapters.pydantic_ai.chain.capacity_model',
    'CapacityPolicy': 'compactor.policy',
    'CachedModel': 'compactor.adapters.pydantic_ai.cache.cached',
    'Compaction': 'compactor.compaction',
    'Compactor': 'compactor.adapters.pydantic_ai.agent.capability',
    'CompactorError': 'compactor.errors',
    'ConfigError': 'compactor.errors',
    'Counter': 'compactor.tokens.counter',
    'Entry': 'compactor.ledger.entry',
    'HistoryError': 'compactor.errors',
    'HistoryPolicy': 'compactor.policy',
    'Item': 'compactor.packing.item',
    'Kind': 'compactor.outputs.kind',
    'Ledger': 'compactor.store.entries',
    'LedgerPolicy': 'compactor.policy',
    'Level': 'compactor.outputs.level',
    'MemoryArchive': 'compactor.archive.archive',
    'Narrowing': 'compactor.outputs.level',
    'OutputKind': 'compactor.outputs.own',
    'OutputsPolicy': 'compactor.policy',
    'Packed': 'compactor.packing.packed',
    'Policy': 'compactor.policy',
    'Prices': 'compactor.ledger.prices',
    'Profile': 'compactor.packing.profile',
    'RequestTooLarge': 'compactor.errors',
    'RoutingPolicy': 'compactor.policy',
    'Shrunk': 'compactor.outputs.shrink',
    'Squeezed': 'compactor.squeezing.squeezed',
    'Store': 'compactor.store.engine',
    'StoreArchive': 'compactor.store.archive',
    'StoreError': 'compactor.errors',
    'SummaryPolicy': 'compactor.policy',
    'TaskPolicy': 'compactor.policy',
    'TelemetryPolicy': 'compactor.policy',
    'TokenMetrics': 'compactor.adapters.pydantic_ai.cache.batch',
    'TokenPolicy': 'compactor.policy',
    'TokenReport': 'compactor.history.report',
    'Workspace': 'compactor.workspace.batch',
    'WorkspaceError': 'compactor.errors',
    'cache_tool': 'compactor.caching.tool',
    'compact': 'compactor.adapters.pydantic_ai.messages.compact',
    'context_for': 'compactor.workspace.context',
    'count_batch': 'compactor.tokens.batch',
    'counter_for': 'compactor.adapters.pydantic_ai.messages.counter',
    'inspect': 'compactor.adapters.pydantic_ai.messages.compact',
    'output_budget': 'compactor.run.told',
    'pack': 'compactor.packing.pack',
    'pin': 'compactor.adapters.pydantic_ai.messages.pin',
    'process_batch': 'compactor.adapters.pydantic_ai.cache.batch',
    'process_request': 'compactor.adapters.pydantic_ai.cache.batch',
    'restore': 'compactor.adapters.pydantic_ai.messages.archive',
    'shrink': 'compactor.run.told',
    'squeeze': 'compactor.squeezing.squeeze',
    'unsqueeze': 'compactor.squeezing.squeeze',
    'signature_map': 'compactor.workspace.signature_map',
    'workspace_tools': 'compactor.adapters.pydantic_ai.workspace',
}

__all__ = [
    'Archive',
    'ArchiveExpired',
    'ArchivePolicy',
    'Budget',
    'BudgetExceeded',
    'CachedModel',
    'CapacityExhausted',
    'CapacityModel',
    'CapacityPolicy',
    'Compaction',
    'Compactor',
    'CompactorError',
    'ConfigError',
    'Counter',
    'Entry',
    'HistoryError',
    'HistoryPolicy',
    'Item',
    'Kind',
    'Ledger',
    'LedgerPolicy',
    'Level',
    'MemoryArchive',
    'Narrowing',
    'OutputKind',
    'OutputsPolicy',
    'Packed',
    'Policy',
    'Prices',
    'Profile',
    'RequestTooLarge',
    'RoutingPolicy',
    'Shrunk',
    'Squeezed',
    'Store',
    'StoreArchive',
    'StoreError',
    'SummaryPolicy',
    'TaskPolicy',
    'TelemetryPolicy',
    'TokenMetrics',
    'TokenPolicy',
    'TokenReport',
    'Workspace',
    'WorkspaceError',
    'cache_tool',
    'compact',
    'context_for',
    'count_batch',
    'counter_for',
    'inspect',
    'output_budget',
    'pack',
    'pin',
    'process_batch',
    'process_request',
    'restore',
    'shrink',
    'signature_map',
    'squeeze',
    'unsqueeze',
    'workspace_tools',
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    with passed_through():
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
