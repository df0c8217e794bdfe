"""A `Compactor` in DBOS workflows: the real engine on a SQLite file, with workflows that are carried out again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip('dbos')

from dbos import DBOS
from pydantic_ai.durable_exec.dbos import DBOSDurability

from compactor import Budget, Compactor, Ledger, LedgerPolicy, Store
from compactor.store.reservations import usage
from tests.durable import temporal_flow
from tests.durable.reading import REQUESTS, Reader

pytestmark = pytest.mark.filterwarnings('default')
DONE = 11
"""Requests that a workflow which goes on from its 12th step finds done."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[None]:
    """DBOS with a system database of its own; its workflows are named before it is launched."""
    DBOS(
        config={
            'name': 'compactor-tests',
            'system_database_url': f'sqlite:///{tmp_path / "dbos.db"}',
            'run_admin_server': False,
            'log_level': 'ERROR',
        }
    )
    try:
        yield
    finally:
        DBOS.destroy(destroy_registry=True)


def test_what_is_replayed_is_counted_once(engine: None, tmp_path: Path) -> None:
    """A workflow, and one that goes on from the middle of it: the same answer, and each request once in the ledger."""
    budget = Budget(name='daily', limit=1_000, unit='requests')
    policy = temporal_flow.POLICY.model_copy(update={'ledger': LedgerPolicy(budgets=(budget,))})
    with Store.open(tmp_path / 'store.db') as store:
        reader = Reader(Compactor(policy, store=store), DBOSDurability())

        @DBOS.workflow()
        async def reads(prompt: str) -> str:
            result = await reader.agent.run(prompt)
            return f'{len(result.all_messages())} messages: {result.output}'

        DBOS.launch()

        async def twice() -> tuple[str, str]:
            handle = await DBOS.start_workflow_async(reads, 'Go.')
            first = await handle.get_result()
            assert (reader.asked, len(list(Ledger(store).entries()))) == (REQUESTS, REQUESTS)
            again = await DBOS.fork_workflow_async(handle.workflow_id, DONE + 1)
            return first, await again.get_result()

        first, second = asyncio.run(twice())
        asked = reader.asked
        counted = usage(store, budget, store.clock())
        entries = len(list(Ledger(store).entries()))
    assert '--- result of read' in first
    assert second == first
    assert asked == 2 * REQUESTS - DONE
    assert entries == asked
    assert (counted.used, counted.reserved) == (asked, 0)
