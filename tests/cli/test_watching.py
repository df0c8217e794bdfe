"""The commands that watch a store: `dashboard --json`, `alerts`, `efficiency-report`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from compactor.cli.app import app
from compactor.ledger.trial import Trial
from tests.cli.ledgers import made, some
from tests.ledger.entries import entry

RULES = """
[[watch.alerts]]
name = 'dear'
above = 0.2
by = 'agent'
"""


def ran(*arguments: str, code: int = 0) -> str:
    """What a command prints."""
    found = CliRunner().invoke(app, [*arguments], env={'COLUMNS': '120', 'TERM': 'dumb'})
    assert found.exit_code == code, found.output
    return found.output


def test_figures_by_agent_as_json(tmp_path: Path) -> None:
    """Tokens, cost and efficiency, without serving anything."""
    store = str(made(tmp_path, some()))
    found = json.loads(ran('dashboard', '--json', '--store', store))['agents']
    assert found['coder']['tokens'] == {'input': 1_000, 'output': 100}
    assert found['coder']['cost'] == '0.25'
    assert found['coder']['efficiency'] == pytest.approx(2_200)
    assert json.loads(ran('dashboard', '--json', '--store', store, '--tenant', 'other'))['agents'] == {}


def test_a_dashboard_is_for_this_machine(tmp_path: Path) -> None:
    """Another address is refused before anything is served."""
    store = str(made(tmp_path, some()))
    assert 'loopback only' in ran('dashboard', '--host', '0.0.0.0', '--store', store, code=1)
    assert 'is not there' in ran('dashboard', '--store', str(tmp_path / 'nowhere.db'), code=1)


def test_a_look_at_alerts(tmp_path: Path) -> None:
    """Exit code 1 if anything is beyond its value; without rules it says how to set one."""
    store, rules = str(made(tmp_path, some())), tmp_path / 'rules.toml'
    rules.write_text(RULES)
    looked = ran('alerts', '--once', '--policy', str(rules), '--store', store, code=1)
    assert looked == 'dear: cost of coder is 0.25, above 0.2\n'
    told = json.loads(ran('alerts', '--once', '--json', '--policy', str(rules), '--store', store, code=1))
    assert (told['alert'], told['subject'], told['value']) == ('dear', 'coder', 0.25)
    rules.write_text(RULES.replace('0.2', '50'))
    assert ran('alerts', '--once', '--policy', str(rules), '--store', store) == ''
    rules.write_text('')
    assert '[[watch.alerts]]' in ran('alerts', '--once', '--policy', str(rules), '--store', store, code=1)


def test_the_report_of_a_session_as_a_file(tmp_path: Path) -> None:
    """Duration, tasks, tokens, cost, averages; the newest session unless one is named."""
    store, out = str(made(tmp_path, some())), tmp_path / 'sub' / 'efficiency-report.json'
    shown = ran('efficiency-report', 'c1', '--out', str(out), '--store', store)
    assert 'tasks' in shown
    assert 'By kind of task' in shown
    told = json.loads(out.read_text())
    assert told['session']['tasks_completed'] == 2
    assert told['session']['tokens'] == {'input': 2_000, 'output': 200}
    assert told['session']['cost'] == '0.25'
    assert told['session']['efficiency']['avg_input_tokens'] == 1_000
    assert {(one['task'], one['model']) for one in told['routes']} == {('coding', 'gpt-5'), ('', 'glm:free')}
    assert json.loads(ran('efficiency-report', 'c1', '--json', '--store', store)) == told
    assert "no session 'c9'" in ran('efficiency-report', 'c9', '--store', store, code=1)
    assert 'no session at all' in ran('efficiency-report', '--store', store, '--tenant', 'other', code=1)


def test_two_policies_in_the_report(tmp_path: Path) -> None:
    """By conversation, with an interval; where there are too few it says so."""
    at = time.time() - 600
    trial = Trial('compaction')
    entries = [
        entry(at + n, conversation=f'c{n}', run=f'c{n}', input_tokens=trial.choose(f'c{n}', 9_000, 6_000) + n)
        for n in range(120)
    ]
    store = str(made(tmp_path, entries))
    shown = ran('report', '--trial', 'compaction', '--store', store)
    assert 'b is lower' in shown
    told = json.loads(ran('report', '--trial', 'compaction', '--json', '--store', store))
    assert sum(told['conversations'].values()) == 120
    tokens = next(one for one in told['measures'] if one['measure'] == 'tokens')
    assert -3_050 < tokens['low'] < tokens['high'] < -2_950
    assert 'too few to tell' in ran('report', '--trial', 'compaction', '--hours', '0.01', '--store', store)
    assert 'share between 0 and 1' in ran('report', '--trial', 'x', '--share', '0', '--store', store, code=1)
