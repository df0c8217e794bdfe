"""The examples of the page on durable engines, each in its engine."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / 'docs' / 'durable.md').read_text()
EXAMPLES = dict(re.findall(r'^## (\w+)\n.*?^```py\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL))
pytestmark = pytest.mark.filterwarnings('default')


def test_every_engine_has_its_example() -> None:
    """The page shows one for each."""
    assert list(EXAMPLES) == ['Temporal', 'DBOS', 'Prefect']


def test_temporal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workflow of the page, in the sandbox, with what the page passes through."""
    pytest.importorskip('temporalio')
    from tests.durable.temporal_engine import Engine

    (tmp_path / 'page_flow.py').write_text(EXAMPLES['Temporal'])
    monkeypatch.syspath_prepend(tmp_path)
    page = importlib.import_module('page_flow')
    try:
        engine = Engine.of(page.Helping, page.agent, *page.PASS_THROUGH)
        assert 'nothing at' in asyncio.run(engine.run('Look around.'))
        assert engine.commands == ['schedule_activity'] * 3 + ['complete_workflow_execution']
    finally:
        del sys.modules['page_flow']


def test_dbos(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of it runs."""
    pytest.importorskip('dbos')
    exec(compile(EXAMPLES['DBOS'], 'durable.md', 'exec'), {'__name__': '__main__'})
    assert 'success (no tool calls)' in capsys.readouterr().out


@pytest.mark.usefixtures('prefect_server')
def test_prefect(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of it runs, on a server that the package brings."""
    exec(compile(EXAMPLES['Prefect'], 'durable.md', 'exec'), {'__name__': '__main__'})
    assert 'success (no tool calls)' in capsys.readouterr().out
