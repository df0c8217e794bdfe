"""`compactor policy`: every value in force with its origin, a file to begin with, and a check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compactor import Policy, sources
from compactor.policy import origins
from tests.cli.terminal import ran, run


def test_show_names_origins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest layer that sets a value is its origin."""
    path = tmp_path / 'mine.toml'
    path.write_text('preset = "cerebras"\n[history]\nmax_exchanges = 9\n')
    monkeypatch.setenv('COMPACTOR_HISTORY_GOAL_RATIO', '0.4')
    told = {one['name']: one for one in json.loads(ran('policy', 'show', '--policy', path, '--json'))}
    assert told['history.max_exchanges'] == {'name': 'history.max_exchanges', 'value': 9, 'origin': str(path)}
    assert told['history.goal_ratio']['origin'] == 'environment'
    assert told['history.max_input_tokens']['origin'] == 'preset cerebras'
    assert told['summary.timeout']['origin'] == 'default'
    assert 'summary.timeout' not in ran('policy', 'show', '--changed')
    assert 'history.max_exchanges' not in ran('policy', 'show', 'summary')
    assert run('policy', 'show', 'colours')[0] == 1


@pytest.mark.parametrize('preset', sources.presets())
def test_what_is_shown_is_what_is_loaded(preset: str) -> None:
    """Value by value, for every preset, and over all stations."""
    loaded = Policy.load(preset=preset, environment={}, history={'warning_ratio': 0.5})
    found = origins(preset=preset, environment={}, history={'warning_ratio': 0.5})
    assert all(getattr(getattr(loaded, station), key) == value for station, key, value, _ in found)
    assert {station for station, *_ in found} == set(Policy.model_fields)
    assert next(origin for _, key, _, origin in found if key == 'warning_ratio') == 'argument'


@pytest.mark.parametrize('preset', ['default', 'cerebras'])
def test_init_and_check(tmp_path: Path, preset: str) -> None:
    """What is written is a policy that changes nothing, and stays one with any of its lines uncommented."""
    path = tmp_path / 'compactor.toml'
    assert str(path) in ran('policy', 'init', path, '--preset', preset)
    assert run('policy', 'check', path) == (0, '', f'{path} is a policy that changes nothing of its preset')
    assert Policy.load(path, environment={}) == Policy.preset(preset)
    text = path.read_text()
    path.write_text('\n'.join(line[2:] if ' = ' in line and line[:2] == '# ' else line for line in text.split('\n')))
    assert Policy.load(path, environment={}) == Policy.preset(preset)
    assert run('policy', 'init', path)[0] == 1
    assert run('policy', 'init', path, '--force')[0] == 0
    assert run('policy', 'init', tmp_path / 'x.toml', '--preset', 'colours')[0] == 1


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    """With exit code 1, for builds."""
    path = tmp_path / 'mine.toml'
    path.write_text('[history]\nmax_exchanges = 3\n')
    assert 'history.max_exchanges' in ran('policy', 'check', path)
    assert json.loads(ran('policy', 'check', path, '--json')) == [
        {'name': 'history.max_exchanges', 'value': 3, 'origin': str(path)}
    ]
    for wrong in ('[history]\nmax_exchange = 3\n', '[history]\nmax_exchanges = "many"\n', 'x ='):
        path.write_text(wrong)
        assert run('policy', 'check', path)[0] == 1
