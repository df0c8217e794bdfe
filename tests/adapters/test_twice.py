"""The same work twice: the second time comes from the cache, and the report adds up to the entries."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo

from compactor import CachedModel, Compactor, Store
from compactor.store.entries import Ledger
from tests.adapters.driver import Script, as_capability, by_run, call, drive, new_agent, output, say, small

LAST = 10
"""The number of the last file."""


def reading(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads the file after the one that was read last; what it decides depends on nothing but the history."""
    read = re.findall(r'file (\d+):', str(messages[-1]))
    n = int(read[-1]) + 1 if read else 1
    return call(n) if n <= LAST else say('All read.')


def agent_on(store: Store, script: Script) -> Any:
    """An agent that reads files, every request through compactor, cache and ledger."""
    model = CachedModel(script.model, store=store, tool_calls=('read',))
    agent = new_agent(model, name='reader', **as_capability(Compactor(small(), store=store)))

    @agent.tool_plain
    def read(n: int) -> str:
        return output(n, 450)

    return agent


def test_the_second_time_nothing_is_sent(tmp_path: Path) -> None:
    """Compactions included, every request of the second run equals one of the first."""
    first, second = Script(reading), Script(reading)
    with Store.open(tmp_path / 'store.db') as store:
        one = drive(by_run, agent_on(store, first), 'Read it all.')
        two = drive(by_run, agent_on(store, second), 'Read it all.')
        assert one.output == two.output
        assert (len(first.seen), len(second.seen)) == (LAST + 1, 0)
        entries = list(Ledger(store).entries())
        assert [entry.cache_hit for entry in sorted(entries, key=lambda entry: entry.at)] == [False] * (LAST + 1) + [
            True
        ] * (LAST + 1)
        assert sum(entry.saved_by_cache for entry in entries) == sum(
            entry.input_tokens + entry.output_tokens for entry in entries
        )


def test_the_report_adds_up(tmp_path: Path) -> None:
    """What `compactor stats` and `compactor report` print are sums of the entries."""
    from tests.cli.terminal import ran

    url = f'sqlite:///{tmp_path / "store.db"}'
    with Store.open(url) as store:
        for _ in range(2):
            drive(by_run, agent_on(store, Script(reading)), 'Read it all.')
        entries = list(Ledger(store).entries())
    stats = json.loads(ran('stats', '--hours', 1, '--store', url, '--json'))
    assert stats['total_requests'] == len(entries) == 2 * (LAST + 1)
    assert stats['prompt_tokens'] == sum(entry.input_tokens for entry in entries)
    assert stats['completion_tokens'] == sum(entry.output_tokens for entry in entries)
    assert stats['cache_hits'] == LAST + 1
    assert sum(found['requests'] for found in stats['by_agent'].values()) == len(entries)
    report = json.loads(ran('report', '--hours', 1, '--store', url, '--json'))
    assert report['cache']['total_hits'] == LAST + 1
    assert report['metrics']['total_requests'] == len(entries)
