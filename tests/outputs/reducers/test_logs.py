"""Logs of programs: every alarm, what is rare, one record of each template."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import Kind, shrink
from compactor.outputs.logs.log_lines import FORMS
from compactor.outputs.reducers.logs import reduce_logs
from tests.outputs.laws import HOSTILE, allowance, keeps

WRITTEN: Any = import_module('benchmarks.runners.logs').written(7)
LINES = st.sampled_from([*(form.sample for form in FORMS), '', '    at a.b(C.java:3)', 'Caused by: x', 'plain words'])


@given(st.lists(LINES, max_size=200).map('\n'.join), st.integers(16, 400))
def test_laws(text: str, tokens: int) -> None:
    """Whatever comes in, the result fits, is no larger and the same each time."""
    keeps(reduce_logs, text, tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """The same of texts that nobody would write."""
    keeps(reduce_logs, HOSTILE[name], 200)


@pytest.mark.parametrize('log', WRITTEN, ids=lambda log: log.family)
def test_the_alarm_of_every_family(log: Any) -> None:
    """One alarm in four hundred lines is kept in 300 tokens, with the command known and without."""
    assert log.alarm in shrink(log.text, 300).text
    assert log.alarm in shrink(log.text, 300, tool='bash', arguments={'command': log.command}).text


def test_a_log() -> None:
    """The account, a record of each template, the alarm between its neighbours, the end."""
    lines = [f'2026-01-02 10:{i // 60:02}:{i % 60:02} INFO served order {i} in {i % 90} ms' for i in range(300)]
    lines[200] = (
        '2026-01-02 10:03:20 ERROR ledger write failed\njava.io.IOException: disk full\n\tat shop.Ledger(L.java:3)'
    )
    lines[40] = '2026-01-02 10:00:40 INFO configuration read again'
    text = '\n'.join(lines)
    shrunk = shrink(text, 260)
    assert shrunk.kind is Kind.LOG
    assert reduce_logs(text, allowance(230)) == snapshot("""\
[302 lines, 2026-01-02 10:00:00 to 2026-01-02 10:04:59: INFO 299, ERROR 1]
2026-01-02 10:00:00 INFO served order 0 in 0 ms (×298 like this)
2026-01-02 10:03:18 INFO served order 198 in 18 ms
2026-01-02 10:03:19 INFO served order 199 in 19 ms
2026-01-02 10:03:20 ERROR ledger write failed
java.io.IOException: disk full
	at shop.Ledger(L.java:3)
2026-01-02 10:03:21 INFO served order 201 in 21 ms
2026-01-02 10:03:22 INFO served order 202 in 22 ms
2026-01-02 10:04:59 INFO served order 299 in 29 ms
[293 of 302 lines left out]\
""")


def test_what_is_known_outranks_what_it_looks_like() -> None:
    """The command of a log makes a log of lines that could be hits of a search."""
    text = '\n'.join(f'a.py:{i}: looked at' for i in range(40))
    assert shrink(text, 60, tool='bash', arguments={'command': 'journalctl -u shop'}).kind is Kind.LOG
    assert shrink(text, 60, tool='Grep').kind is Kind.SEARCH
