"""A `Compactor` in Temporal's workflow sandbox: its importer, its event loop, its restrictions, and a replay."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip('temporalio')

from tests.durable import temporal_flow, temporal_spending
from tests.durable.temporal_engine import LONGEST, Engine, WorkflowFailed

PASSED = pytest.mark.parametrize(
    'passed',
    [('compactor',), ('compactor', 'tiktoken', 'regex'), (), ('compactor', 'tests.durable.temporal_flow')],
    ids=lambda names: '+'.join(names) or 'nothing',
)
"""What is passed through beside what the framework's plugin does; with the agent's own module all runs share it."""


@PASSED
def test_a_run_is_compacted_recalls_and_is_replayed(passed: tuple[str, ...]) -> None:
    """Only the model and the tools of the user are activities; the same commands come again from their results."""
    first = Engine.of(temporal_flow.Reading, temporal_flow.agent, *passed)
    answer = asyncio.run(first.run('Go.'))
    assert 'Step 2' in answer
    assert '--- result of read' in answer
    requests, tools = temporal_flow.ROUNDS + 2, temporal_flow.ROUNDS
    assert first.commands == ['schedule_activity'] * (requests + tools) + ['complete_workflow_execution']
    assert first.slowest < LONGEST
    again = Engine.of(temporal_flow.Reading, temporal_flow.agent, *passed)
    assert asyncio.run(again.run('Go.', replaying=first.results)) == answer
    assert again.commands == first.commands


def test_a_store_and_a_summariser_are_left_alone_and_said_so() -> None:
    """No file is made, no model but the agent's is asked, no timer is set; what was cut is recalled all the same."""
    path = Path(temporal_flow.STORE)
    path.unlink(missing_ok=True)
    engine = Engine.of(temporal_flow.Keeping, temporal_flow.keeper, 'compactor')
    answer = asyncio.run(engine.run('Go.'))
    assert '--- result of read' in answer
    assert set(engine.commands) == {'schedule_activity', 'complete_workflow_execution'}
    assert not path.exists()
    assert answer.count('StoreUnavailable') == 4  # ledger, cuts, capacity, archive: once each
    assert answer.count('SummaryFailed') == 1
    assert 'durable workflow' in answer
    assert 'SummaryStarted' not in answer


def test_a_budget_that_nobody_counts_is_refused() -> None:
    """No request is sent that a budget should have covered, and the error says why."""
    engine = Engine.of(temporal_spending.Spending, temporal_spending.spender, 'compactor')
    with pytest.raises(WorkflowFailed, match='durable workflow, which may not ask a database'):
        asyncio.run(engine.run('Go.'))
    assert engine.commands == ['fail_workflow_execution']


def test_a_long_history_is_read_in_slices() -> None:
    """Two million characters at once: turns of the loop with pauses between them, the same ones in a replay."""
    first = Engine.of(temporal_flow.Resuming, temporal_flow.agent, 'compactor')
    answer = asyncio.run(first.run('Go on.'))
    assert answer.startswith(f'{2 * temporal_flow.LONG_ROUNDS + 3} messages')
    assert first.commands[0] == 'start_timer'
    assert 3 <= first.commands.count('start_timer') <= 20
    again = Engine.of(temporal_flow.Resuming, temporal_flow.agent, 'compactor')
    assert asyncio.run(again.run('Go on.', replaying=first.results)) == answer
    assert again.commands == first.commands
