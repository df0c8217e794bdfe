"""Ledger, budgets and a provider that counts agree to the token, over processes that share a store."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest


def test_a_day_of_two_processes(tmp_path: Path) -> None:
    """Streams, cancels, time-outs, failures, failovers, cache hits; `python -m benchmarks.day` lives a longer one."""
    pytest.importorskip('openai')
    day = import_module('benchmarks.day')
    rows = day.day(2, len(day.KINDS), str(tmp_path / 'store.db'))
    assert [row for row in rows if not day.agrees(row)] == []
    assert all(one for name, one, _ in rows if name != 'still set aside')
