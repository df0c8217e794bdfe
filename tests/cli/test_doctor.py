"""`compactor doctor`: what is sound, what is worth knowing, what is broken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from compactor.cli import doctor
from compactor.store.engine import Store
from tests.cli.ledgers import made, some
from tests.cli.terminal import ran, run


def found(*arguments: object) -> dict[str, tuple[str, str]]:
    """State and text by what was looked at."""
    checks = json.loads(run('doctor', '--json', *arguments)[1])
    return {check['name']: (check['state'], check['text']) for check in checks}


def test_all_is_well(tmp_path: Path) -> None:
    """Versions, store with its size, both tokenizers, every extra."""
    path = made(tmp_path, some())
    text = ran('doctor', '--store', path)
    assert 'BROKEN' not in text
    checks = found('--store', path)
    assert checks['store'][0] == 'ok'
    assert f'sqlite:///{path}, version ' in checks['store'][1]
    assert ', 5 entries, 0.' in checks['store'][1]
    assert checks['o200k_base'] == ('ok', '199,998 ranks, intact')
    assert checks['cl100k_base'] == ('ok', '100,256 ranks, intact')
    assert {checks[f'extra {extra}'][0] for extra in ('cli', 'store', 'prices')} == {'ok'}
    assert checks['pydantic-ai'][0] == 'ok'


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """A store that is not there yet is not made."""
    state, text = found('--store', tmp_path / 'store.db')['store']
    assert (state, 'is not there yet' in text) == ('note', True)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_store_is_exit_code_1(tmp_path: Path) -> None:
    """Damaged, of the future, or out of reach; the other checks are made all the same, no password is told."""
    (tmp_path / 'text.db').write_text('this is not a database, whatever its name is' * 50)
    code, out, _ = run('doctor', '--store', tmp_path / 'text.db')
    assert (code, 'BROKEN  store' in out, 'ranks, intact' in out) == (1, True, True)
    path = made(tmp_path, [])
    with Store.open(path) as store, store.write() as connection:
        connection.exec_driver_sql('INSERT INTO compactor_schema VALUES (999, 0)')
    assert 'upgrade pydantic-ai-compactor' in found('--store', path)['store'][1]
    state, text = found('--store', 'postgresql://u:hunter2@127.0.0.1:1/db')['store']
    assert (state, 'hunter2' in text) == ('broken', False)


def test_damaged_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One wrong byte in the bundled tokenizer is found."""
    from compactor.tokens import encodings

    whole = encodings.ranks('cl100k_base')
    tokens = list(whole)
    tokens[5], tokens[6] = tokens[6], tokens[5]
    monkeypatch.setattr(encodings, 'ranks', lambda _: dict(zip(tokens, whole.values(), strict=True)))
    code, out, _ = run('doctor', '--store', tmp_path / 'store.db')
    assert (code, 'BROKEN  cl100k_base' in out) == (1, True)


def test_old_and_new_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions with the bug of the write-ahead log are named; it is no fault of the store."""
    import sqlite3

    for version, state in (((3, 51, 2), 'note'), ((3, 51, 3), 'ok'), ((4, 0, 0), 'ok')):
        monkeypatch.setattr(sqlite3, 'sqlite_version_info', version)
        assert found('--store', tmp_path / 'store.db')['sqlite'][0] == state


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it; not installed is not broken."""
    monkeypatch.setitem(doctor.EXTRAS, 'prices', ('no_such_module',))
    state, text = found('--store', tmp_path / 'store.db')['extra prices']
    assert (state, text) == ('note', "no_such_module not installed: pip install 'pydantic-ai-compactor[prices]'")


def test_logfire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token or the file of a project: told that it is there, never what it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, 'find_spec', lambda name: object())
    monkeypatch.setattr(doctor, 'version', lambda name: '5.2')
    for name in [name for name in os.environ if name.startswith('LOGFIRE_')]:
        monkeypatch.delenv(name)
    assert doctor._logfire() == ('note', '5.2, no project chosen here: logfire projects use, or set LOGFIRE_TOKEN')
    (tmp_path / '.logfire').mkdir()
    (tmp_path / '.logfire' / doctor.LOGFIRE_FILE).write_text('{}')
    assert doctor._logfire() == ('ok', '5.2, configured in .logfire')
    monkeypatch.setenv('LOGFIRE_TOKEN', 'hunter2')
    assert doctor._logfire() == ('ok', '5.2, LOGFIRE_TOKEN is set')


def test_an_unforeseen_trouble_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback from the command that people run when something is wrong."""

    def fails() -> tuple[doctor.State, str]:
        raise RuntimeError('out of luck')

    monkeypatch.setattr(doctor, '_sqlite', fails)
    assert found('--store', tmp_path / 'store.db')['sqlite'] == ('broken', 'RuntimeError: out of luck')
