"""The notebooks: their sources say what the fixtures' answers say, and what is committed is what they say now."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from compactor.analysis.days import Day
from compactor.analysis.rules import Rules
from compactor.analysis.sessions import Session
from compactor.errors import ConfigError
from compactor.ledger.entry import Entry
from compactor.ledger.figures import Figures
from compactor.ledger.savings import Savings, savings
from compactor.store.engine import Store
from compactor.store.entries import Ledger

ROOT = Path(__file__).parent.parent
ANALYSIS, USAGE = ROOT / 'analysis', ROOT / 'fixtures' / 'usage'
CHARTS = {'usage_overview': 3, 'before_after': 3, 'what_it_saved': 3}
PNG = b'\x89PNG\r\n'
MACHINE = re.compile(r'/(?:home|root|tmp|Users|work)/|[A-Z]:\\\\|\d\d:\d\d:\d\d\.\d{3}|iopub|shell\.execute|File "')
"""Paths of a machine, execution times, tracebacks."""

pytest.importorskip('duckdb', reason='the extra analysis is not installed')
pytest.importorskip('matplotlib', reason='the extra notebooks is not installed')


@cache
def ran(name: str) -> tuple[str, dict[str, bytes]]:
    """What a source prints as a plain script, and the charts it writes."""
    with tempfile.TemporaryDirectory() as folder:
        stdout = run(name, COMPACTOR_CHARTS=folder).stdout
        return stdout, {path.stem: path.read_bytes() for path in Path(folder).iterdir()}


def run(name: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a source; warnings are errors in it too."""
    own = {'COMPACTOR_EXPORTS', 'COMPACTOR_LEDGER', 'COMPACTOR_STORE'}
    environment = {key: value for key, value in os.environ.items() if key not in own}
    return subprocess.run(
        [sys.executable, '-W', 'error', str(ANALYSIS / f'{name}.py')],
        env=environment | {'PYTHONIOENCODING': 'utf-8', 'PYTHONPATH': str(ROOT / 'src')} | more,
        capture_output=True,
        encoding='utf-8',
        timeout=120,
        check=True,
    )


def cells_of(row: str, text: str) -> list[str]:
    """The cells of a printed table's row, by how it begins."""
    found = [re.split(r' {2,}', line.strip()) for line in text.splitlines() if line.strip().startswith(row)]
    assert found, f'no row {row!r} in\n{text}'
    return found[0]


ANSWERS: dict[str, Any] = json.loads((USAGE / 'answers.json').read_text())


@pytest.mark.parametrize(
    ('row', 'value'),
    [
        ('rows', ANSWERS['clean']['rows']),
        ('active rows', ANSWERS['clean']['active_rows']),
        ('requests', ANSWERS['clean']['requests']),
        ('input tokens', ANSWERS['clean']['input']),
        ('output tokens', ANSWERS['clean']['output']),
        ('input tokens a request', ANSWERS['clean']['input_per_request']),
        ('sessions', len(ANSWERS['clean']['sessions'])),
        ('most input tokens in a minute', ANSWERS['clean']['peak_input']),
    ],
)
def test_the_overview_prints_the_known_figures(row: str, value: float) -> None:
    """Two exports that overlap give the sums of the rows as they were planned."""
    text, _ = ran('usage_overview')
    assert cells_of(f'{row}  ', text)[1] == f'{value:,.0f}'


def test_the_overview_prints_days_and_sessions_as_planned() -> None:
    """Each day's and each session's requests and input a request."""
    text, _ = ran('usage_overview')
    for day, sums in ANSWERS['clean']['days']['UTC'].items():
        assert cells_of(day, text)[1:4] == [f'{sums[name]:,}' for name in ('requests', 'input', 'output')]
    table = text[text.index('began (UTC)') :]
    for number, one in enumerate(ANSWERS['clean']['sessions'], 1):
        assert cells_of(f'{number}  ', table)[2:5] == [
            f'{one["minutes"]:,}',
            f'{one["requests"]:,}',
            f'{one["input"] / one["requests"]:,.0f}',
        ]
    merged = ANSWERS['merged']
    assert f'{merged["identical"]} rows twice, {merged["conflicting"]} that contradict' in text


def test_before_and_after_says_that_it_is_correlation() -> None:
    """The change, its interval and the caveat are printed; a split that means nothing is set against others."""
    text, _ = ran('before_after')
    before = ANSWERS['clean']['sessions'][:5]
    after = ANSWERS['clean']['sessions'][5:]
    ratios = [sum(one['input'] for one in some) / sum(one['requests'] for one in some) for some in (before, after)]
    assert cells_of('before', text)[-1] == f'{ratios[0]:,.0f}'
    assert cells_of('after', text)[-1] == f'{ratios[1]:,.0f}'
    assert f'{ratios[1] / ratios[0] - 1:+.1%} (95% interval' in text
    assert 'not what caused it' in ' '.join(text.split())
    assert '1 of 3 other moments' in text


def test_what_was_saved_adds_up_and_knows_no_price_of_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved = spared - spent, as the entries have it one by one; what has no price is unknown, and so is the sum."""
    monkeypatch.syspath_prepend(str(ANALYSIS))
    monkeypatch.delenv('COMPACTOR_LEDGER', raising=False)
    from sample import UNPRICED, invented

    entries = list(invented())
    sent = sum(one.input_tokens + one.output_tokens for one in entries)
    spared = sum(one.saved_by_compaction + one.saved_by_outputs + one.saved_by_cache for one in entries)
    spent = sum(one.input_tokens + one.output_tokens for one in entries if one.kind == 'summary')
    text, _ = ran('what_it_saved')
    assert cells_of('sent', text)[1] == f'{sent:,}'
    assert cells_of('saved = ', text)[1] == f'{spared - spent:,}'
    assert cells_of('without = ', text)[1] == f'{sent + spared - spent:,}'
    assert any(one.saved_by_compaction < 0 for one in entries)
    assert cells_of(UNPRICED, text)[3:] == ['unknown', 'unknown']
    assert 'spared, all models together: unknown' in text


@pytest.mark.parametrize('name', CHARTS)
def test_a_source_draws_its_charts_the_same_each_time(name: str) -> None:
    """A plain run writes them as PNG, without a date or a version in the file."""
    _, charts = ran(name)
    assert len(charts) == CHARTS[name]
    for picture in charts.values():
        assert picture.startswith(PNG)
        assert b'Software' not in picture
        assert b'tEXt' not in picture
        assert b'tIME' not in picture


@pytest.mark.parametrize('name', CHARTS)
def test_a_committed_notebook_is_current(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells and printed text are those of the source; every chart is there; no cell failed."""
    pytest.importorskip('jupytext')
    monkeypatch.syspath_prepend(str(ROOT / 'scripts'))
    from notebooks import troubles

    stdout, _ = ran(name)
    assert troubles(name, stdout) == []
    assert troubles(name, stdout + 'more') == [f'{name}.ipynb: what it prints is not what {name}.py prints']


@pytest.mark.parametrize('name', CHARTS)
def test_a_committed_notebook_shows_charts_and_nothing_of_a_machine(name: str) -> None:
    """It holds pictures, and no path, no time of execution, no version, no traceback."""
    book = json.loads((ANALYSIS / f'{name}.ipynb').read_text(encoding='utf-8'))
    outputs = [output for cell in book['cells'] for output in cell.get('outputs', ())]
    pictures = [output for output in outputs if 'image/png' in output.get('data', {})]
    assert len(pictures) == CHARTS[name]
    assert {output['output_type'] for output in outputs} == {'stream', 'display_data'}
    for picture in pictures:
        del picture['data']['image/png']
    assert not MACHINE.search(json.dumps(book))
    assert set(book['metadata']) == {'kernelspec', 'language_info'}
    assert book['metadata']['language_info'] == {'name': 'python'}
    assert all(cell['metadata'] == {} for cell in book['cells'])


def test_your_own_export_is_read(tmp_path: Path) -> None:
    """`COMPACTOR_EXPORTS` names it; of a single session nothing is claimed."""
    lines = (USAGE / 'clean.csv').read_text().splitlines(keepends=True)[:4]
    mine = tmp_path / 'mine.csv'
    mine.write_text(''.join(lines))
    requests, tokens = (sum(int(line.split(',')[column]) for line in lines[1:]) for column in (4, 5))
    text = run('before_after', COMPACTOR_EXPORTS=str(mine)).stdout
    assert 'nothing to compare' in text
    assert cells_of('before', text)[1:] == ['1', '0', f'{requests:,}', f'{tokens:,}', f'{tokens / requests:,.0f}']


def test_your_own_ledger_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`COMPACTOR_LEDGER` names its file; one that is not there is an error, and none is made."""
    monkeypatch.syspath_prepend(str(ANALYSIS))
    from sample import ledger

    path = tmp_path / 'own.db'
    monkeypatch.setenv('COMPACTOR_LEDGER', str(path))
    with pytest.raises(ConfigError, match='does not exist'):
        ledger()
    assert not path.exists()
    with Store.open(path) as store:
        Ledger(store).record(Entry(1_770_000_000.0, 'm', input_tokens=7))
    book = ledger()
    assert [total.figures.input_tokens for total in book.totals()] == [7]
    book.store.close()


def test_charts_of_little_or_nothing_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export without requests, a ledger without entries, a station that added tokens: no chart falls over."""
    monkeypatch.syspath_prepend(str(ANALYSIS))
    from minutes import Minute, interval
    from paper import png
    from savings_charts import by_day, from_without_to_sent, money_by_model
    from usage_charts import bursts, days_against, input_by_session

    rules = Rules(daily_limit=None)
    nothing = savings(())
    worse = Savings(1_000, -200, -10, 0, 300, None, None)
    empty = Session(1, 0, 60, 0, 0, 0, 0, 0, 'no requests')
    day = Day('2026-03-01', 24.0, 1, 2, 3, None, None, 'no limit')
    for figure in (
        bursts([], [], rules),
        bursts([empty], [], rules),
        days_against([], rules),
        days_against([day], rules),
        input_by_session([empty], [], rules),
        from_without_to_sent(nothing),
        from_without_to_sent(worse),
        by_day([('2026-03-01', worse), ('2026-03-02', nothing)]),
        money_by_model({}, {}),
        money_by_model({'m': Figures(requests=1, input_tokens=5, unpriced=1)}, {'m': None}),
    ):
        assert png(figure).startswith(PNG)
    assert interval([Minute(0, 60, 1, 10, 1)] * 2) is None
    assert interval([Minute(0, 60, 1, 10, 1)] * 3) == pytest.approx((10, 10))


def test_an_interval_holds_the_figure_and_shrinks_with_more_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same spread over four times the minutes gives about half the width."""
    monkeypatch.syspath_prepend(str(ANALYSIS))
    from minutes import Minute, interval

    some = [Minute(0, 60, 2, tokens, 1) for tokens in (150, 180, 200, 210, 230, 260)]
    few, many = interval(some), interval(some * 4)
    assert few is not None
    assert many is not None
    middle = sum(one.input for one in some) / sum(one.requests for one in some)
    assert few[0] < many[0] < middle < many[1] < few[1]
    assert (many[1] - many[0]) / (few[1] - few[0]) == pytest.approx(0.4, abs=0.1)
