"""Opening a store, its transactions, and what it shows of its URL."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compactor import ConfigError, StoreError
from compactor.store.buckets import Buckets
from compactor.store.engine import Store
from compactor.store.location import without_password
from tests.store.conftest import START


@pytest.mark.parametrize(
    ('given', 'url'),
    [
        ('/tmp/a.db', 'sqlite:////tmp/a.db'),
        (Path('/tmp/a?b%.db'), 'sqlite:////tmp/a?b%.db'),
        ('a.db', 'sqlite:///a.db'),
        (':memory:', 'sqlite:///:memory:'),
        ('sqlite:////tmp/a.db', 'sqlite:////tmp/a.db'),
        ('postgres://h/d', 'postgresql+psycopg://h/d'),
        ('postgresql://h/d', 'postgresql+psycopg://h/d'),
        ('postgresql+psycopg://h/d', 'postgresql+psycopg://h/d'),
    ],
)
def test_what_names_a_store(given: str | Path, url: str) -> None:
    """A path, or a URL of either engine, with the driver or without."""
    assert Store(given).url == url


@pytest.mark.parametrize('given', ['mysql://h/d', '', ' ', 'sqlite://a.db', 'postgresql+asyncpg://u:secret@h/d'])
def test_what_names_none(given: str) -> None:
    """Other databases and slips of the pen are refused, and no password is repeated."""
    with pytest.raises(ConfigError) as told:
        Store(given)
    assert 'secret' not in str(told.value)


def test_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`COMPACTOR_STORE`, else a file in the user's state directory."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.delenv('COMPACTOR_STORE', raising=False)
    path = Store().path
    assert path is not None
    assert path.name == 'store.db'
    monkeypatch.setenv('COMPACTOR_STORE', str(tmp_path / 'mine.db'))
    assert Store().path == tmp_path / 'mine.db'


PASSWORDS = [
    'postgresql+psycopg://me:secret@h:5432/d',
    'postgresql+psycopg://me:sec:ret@h/d',
    'postgresql+psycopg://me:se@cret@h/d',
    'postgresql+psycopg://me:se/cret@h/d',
    'postgresql+psycopg://me:se?cret@h/d',
    'postgresql+psycopg://h:5432/d?user=me&password=secret',
    'postgresql+psycopg://me@h/d?password=se@cret',
    'postgresql+psycopg://:secret@h/d',
]


def test_a_password_is_never_shown() -> None:
    """Whatever signs it holds, and wherever in the URL it stands."""
    shown = [without_password(url) for url in PASSWORDS]
    assert shown == snapshot(
        [
            'postgresql+psycopg://me@h:5432/d',
            'postgresql+psycopg://me@h/d',
            'postgresql+psycopg://me@h/d',
            'postgresql+psycopg://me@h/d',
            'postgresql+psycopg://me',
            'postgresql+psycopg://h:5432/d',
            'postgresql+psycopg://me@h/d',
            'postgresql+psycopg://@h/d',
        ]
    )
    assert not any(word in text for text in shown for word in ('sec', 'ret', 'cret'))


@pytest.mark.parametrize('url', [*PASSWORDS, 'postgresql+psycopg://me:secret@127.0.0.1:secret/d'])
def test_an_error_does_not_show_the_password(url: str) -> None:
    """Not in the message, nor in those of its causes."""
    local = url.replace('@h', '@127.0.0.1:1').replace('//h:5432', '//127.0.0.1:1').replace(':1:5432', ':1')
    with pytest.raises((StoreError, ConfigError)) as told:
        Store.open(local, wait=1)
    error: BaseException | None = told.value
    while error is not None:
        assert 'cret' not in str(error).replace('me:***', '')
        error = error.__cause__


def test_only_the_owner_may_read(sqlite_url: str) -> None:
    """The folder is 0700; the file, its lock and what SQLite puts beside it are 0600, whatever the umask says."""
    before = os.umask(0)
    try:
        with Store.open(sqlite_url) as store:
            assert store.path is not None
            Buckets(store).record('a', 1, START)
            files = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in store.path.parent.iterdir()}
            assert oct(stat.S_IMODE(store.path.parent.stat().st_mode)) == '0o700'
    finally:
        os.umask(before)
    assert files == dict.fromkeys(('store.db', 'store.db-shm', 'store.db-wal', 'store.db.lock'), '0o600')


def test_a_path_may_have_any_sign(tmp_path: Path) -> None:
    """Question marks, per cents and the like are part of the name."""
    path = tmp_path / "50% of what? it's #1 @home.db"
    with Store.open(path) as store:
        Buckets(store).record('a', 1, START)
    assert path.exists()


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    """An exception inside takes everything back, and reaches the caller as it is."""
    from compactor.store.buckets import add

    with contextlib.suppress(ZeroDivisionError), store.write('a') as connection:
        add(connection, [('a', 1, 0, 1)])
        raise ZeroDivisionError
    assert Buckets(store).total('a', 60, 30) == 0


def test_a_closed_store_may_be_used_again(store: Store) -> None:
    """Closing lets go of connections and of nothing else."""
    Buckets(store).record('a', 1, START)
    store.close()
    store.close()
    assert Buckets(store).total('a', 60, START) == 1


def test_reading_first_makes_the_store(url: str) -> None:
    """A store that was never opened for writing is made by its first use, also if that is a question."""
    with Store(url) as store:
        assert Buckets(store).total('a', 60, START) == 0


def test_threads_share_a_store(store: Store) -> None:
    """Many threads read and write through one store; nothing is lost and nobody waits for ever."""
    buckets = Buckets(store)

    def work(n: int) -> None:
        buckets.check_and_record([('a', 60, 10**6)], 1, START)
        buckets.total('a', 60, START)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(200)))
    assert buckets.total('a', 60, START) == 200


def test_threads_share_a_store_in_memory() -> None:
    """Also one that lives in memory, where all threads use one connection."""
    with Store.open(':memory:') as store:
        buckets = Buckets(store)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: buckets.check_and_record([('a', 60, 1_000)], 1, START), range(100)))
            list(pool.map(lambda _: buckets.total('a', 60, START), range(100)))
        assert buckets.total('a', 60, START) == 100


def test_a_thread_does_not_wait_for_itself(sqlite_url: str) -> None:
    """A write inside a write of the same thread is an error at once, not a deadlock; the outer one goes on."""
    with Store.open(sqlite_url, wait=600) as store:
        with store.write() as connection:
            with pytest.raises(StoreError, match='this thread has open'), store.write():
                raise AssertionError('not reached')
            connection.exec_driver_sql('SELECT 1')
        Buckets(store).record('a', 1, START)


def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    """While one thread writes, another reads what was there before."""
    buckets = Buckets(store)
    buckets.record('a', 1, START)
    found: list[int] = []
    with store.write('bucket/a'):
        reader = threading.Thread(target=lambda: found.append(buckets.total('a', 60, START)))
        reader.start()
        reader.join()
    assert found == [1]


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_a_forked_process_has_connections_of_its_own(store: Store) -> None:
    """A store made before a fork works on both sides, also while other threads read and write."""
    buckets = Buckets(store)
    begun, done = threading.Event(), threading.Event()

    def write() -> None:
        while not done.is_set():
            buckets.check_and_record([('other', 60, 10**9)], 1, START)
            buckets.total('other', 60, START)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # newer Pythons warn of a fork beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            buckets.record('a', 1, START)
            code = 0
        finally:
            os._exit(code)
    done.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    buckets.record('a', 1, START)
    assert buckets.total('a', 60, START) == 2


def test_sqlalchemy_is_imported_when_a_store_is_used() -> None:
    """Neither the library nor a `Store` that is not opened imports it, which would take a third of a second."""
    code = (
        'import sys; from compactor import Compactor; from compactor.store.engine import Store; import'
        ' compactor.store.archive, compactor.store.buckets, compactor.store.reservations, compactor.store.limits;'
        " Compactor(); Store('/tmp/unused.db'); raise SystemExit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


@pytest.mark.parametrize('replaced', [False, True])
def test_a_file_that_goes_while_it_is_open(tmp_path: Path, caplog: pytest.LogCaptureFixture, replaced: bool) -> None:
    """It is made anew, and that is told: counted, and logged with what happened; once for each time."""
    path = tmp_path / 'store.db'
    with Store.open(path) as store:
        Buckets(store).record('a', 1, START)
        assert store.lost == 0
        for name in tmp_path.iterdir():
            name.unlink()
        if replaced:
            Store.open(path).close()
        assert Buckets(store).total('a', 60, START) == 0
        assert Buckets(store).total('a', 60, START) == 0
        assert store.lost == 1
    what = 'replaced' if replaced else 'deleted'
    assert [one.getMessage() for one in caplog.records] == [
        f'the store sqlite:///{path} was {what} while it was open: what it held is gone'
    ]


def test_a_store_that_is_only_read_is_not_made(tmp_path: Path) -> None:
    """Neither when it is opened nor when it is used; one that is there is read, and may be written."""
    path = tmp_path / 'no' / 'store.db'
    for use in (Store.open, lambda url, create: Buckets(Store(url, create=create)).total('a', 60, START)):
        with pytest.raises(StoreError, match='is not there'):
            use(path, create=False)
    assert list(tmp_path.iterdir()) == []
    with Store.open(path) as store:
        Buckets(store).record('a', 1, START)
    with Store.open(path, create=False) as store:
        Buckets(store).record('a', 2, START)
        assert Buckets(store).total('a', 60, START) == 3


@pytest.mark.parametrize('extra', ['store', 'postgres'])
def test_without_its_extra_a_store_says_so_at_once(extra: str) -> None:
    """Where it is named, not from inside a run."""
    hidden, url = {'store': ('sqlalchemy', 'x.db'), 'postgres': ('psycopg', 'postgresql://h/d')}[extra]
    code = (
        'import sys, importlib.util as u; found = u.find_spec\n'
        f'u.find_spec = lambda name, *a: None if name == {hidden!r} else found(name, *a)\n'
        f'sys.modules[{hidden!r}] = None\n'
        'from compactor import Store, ConfigError\n'
        f'try: Store({url!r})\n'
        'except ConfigError as error: print(error)\n'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert f"pip install 'pydantic-ai-compactor[{extra}]'" in done.stdout
