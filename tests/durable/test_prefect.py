"""A `Compactor` in a Prefect flow, with the server that the package brings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip('prefect')

from prefect import flow
from pydantic_ai.durable_exec.prefect import PrefectDurability

from compactor import Compactor, Ledger, Store
from tests.durable import temporal_flow
from tests.durable.reading import REQUESTS, Reader

pytestmark = pytest.mark.filterwarnings('default')


@pytest.mark.usefixtures('prefect_server')
def test_a_flow_is_compacted_and_recalls(tmp_path: Path) -> None:
    """Threads and files are allowed there: ledger and archive are in the store, the recall tool is no task."""
    with Store.open(tmp_path / 'store.db') as store:
        reader = Reader(Compactor(temporal_flow.POLICY, store=store), PrefectDurability())

        @flow
        async def reads(prompt: str) -> str:
            result = await reader.agent.run(prompt)
            return f'{len(result.all_messages())} messages: {result.output}'

        answer = asyncio.run(reads('Go.'))
        entries = list(Ledger(store).entries())
    assert '--- result of read' in answer
    assert reader.asked == REQUESTS
    assert len(entries) == REQUESTS
    assert all(entry.saved_by_compaction >= 0 for entry in entries)
