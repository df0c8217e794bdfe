"""compactor keeps every request of an agent inside its token budget.

    from compactor import Compactor

    agent = Agent('cerebras:zai-glm-4.7', capabilities=[Compactor('cerebras')])

Names are loaded at their first use, so that `import compactor` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compactor.adapters.pydantic_ai.archive import restore
    from compactor.adapters.pydantic_ai.batch import TokenMetrics, process_batch, process_request
    from compactor.adapters.pydantic_ai.cached import CachedModel
    from compactor.adapters.pydantic_ai.capability import Compactor
    from compactor.adapters.pydantic_ai.capacity_model import CapacityModel
    from compactor.adapters.pydantic_ai.compact import compact, inspect
    from compactor.adapters.pydantic_ai.models import counter_for
    from compactor.adapters.pydantic_ai.pin import pin
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
    )
    from compactor.history.report import TokenReport
    from compactor.ledger.budget import Budget
    from compactor.ledger.entry import Entry
    from compactor.ledger.prices import Prices
    from compactor.outputs.decorate import output_budget
    from compactor.outputs.kind import Kind
    from compactor.outputs.level import Level, Narrowing
    from compactor.outputs.shrink import Shrunk, shrink
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
    from compactor.store.archive import StoreArchive
    from compactor.store.engine import Store
    from compactor.store.entries import Ledger
    from compactor.tokens.batch import count_batch
    from compactor.tokens.counter import Counter

_HOMES = {
    'Archive': 'compactor.archive.archive',
    'ArchiveExpired': 'compactor.errors',
    'ArchivePolicy': 'compactor.policy',
    'Budget': 'compactor.ledger.budget',
    'BudgetExceeded': 'compactor.errors',
    'CapacityExhausted': 'compactor.errors',
    'CapacityModel': 'compactor.adapters.pydantic_ai.capacity_model',
    'CapacityPolicy': 'compactor.policy',
    'CachedModel': 'compactor.adapters.pydantic_ai.cached',
    'Compaction': 'compactor.compaction',
    'Compactor': 'compactor.adapters.pydantic_ai.capability',
    'CompactorError': 'compactor.errors',
    'ConfigError': 'compactor.errors',
    'Counter': 'compactor.tokens.counter',
    'Entry': 'compactor.ledger.entry',
    'HistoryError': 'compactor.errors',
    'HistoryPolicy': 'compactor.policy',
    'Kind': 'compactor.outputs.kind',
    'Ledger': 'compactor.store.entries',
    'LedgerPolicy': 'compactor.policy',
    'Level': 'compactor.outputs.level',
    'MemoryArchive': 'compactor.archive.archive',
    'Narrowing': 'compactor.outputs.level',
    'OutputsPolicy': 'compactor.policy',
    'Policy': 'compactor.policy',
    'Prices': 'compactor.ledger.prices',
    'RequestTooLarge': 'compactor.errors',
    'RoutingPolicy': 'compactor.policy',
    'Shrunk': 'compactor.outputs.shrink',
    'Store': 'compactor.store.engine',
    'StoreArchive': 'compactor.store.archive',
    'StoreError': 'compactor.errors',
    'SummaryPolicy': 'compactor.policy',
    'TaskPolicy': 'compactor.policy',
    'TelemetryPolicy': 'compactor.policy',
    'TokenMetrics': 'compactor.adapters.pydantic_ai.batch',
    'TokenPolicy': 'compactor.policy',
    'TokenReport': 'compactor.history.report',
    'cache_tool': 'compactor.caching.tool',
    'compact': 'compactor.adapters.pydantic_ai.compact',
    'count_batch': 'compactor.tokens.batch',
    'counter_for': 'compactor.adapters.pydantic_ai.models',
    'inspect': 'compactor.adapters.pydantic_ai.compact',
    'output_budget': 'compactor.outputs.decorate',
    'pin': 'compactor.adapters.pydantic_ai.pin',
    'process_batch': 'compactor.adapters.pydantic_ai.batch',
    'process_request': 'compactor.adapters.pydantic_ai.batch',
    'restore': 'compactor.adapters.pydantic_ai.archive',
    'shrink': 'compactor.outputs.shrink',
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
    'Kind',
    'Ledger',
    'LedgerPolicy',
    'Level',
    'MemoryArchive',
    'Narrowing',
    'OutputsPolicy',
    'Policy',
    'Prices',
    'RequestTooLarge',
    'RoutingPolicy',
    'Shrunk',
    'Store',
    'StoreArchive',
    'StoreError',
    'SummaryPolicy',
    'TaskPolicy',
    'TelemetryPolicy',
    'TokenMetrics',
    'TokenPolicy',
    'TokenReport',
    'cache_tool',
    'compact',
    'count_batch',
    'counter_for',
    'inspect',
    'output_budget',
    'pin',
    'process_batch',
    'process_request',
    'restore',
    'shrink',
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
