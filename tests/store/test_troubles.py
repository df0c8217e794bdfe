"""What goes wrong around a store: a clear `StoreError`, nothing half written, and it works again afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from compactor import StoreError
from compactor.store.archive import StoreArchive
from compactor.store.buckets import Buckets, add
from compactor.store.engine import Store
from tests.store.conftest import START
from tests.store.databases import on_server, terminate
from tests.store.worker import ROOT


def path_of(store: Store) -> Path:
    """The file of a store."""
    assert store.path is not None
    return store.path


def filled(url: str) -> Path:
    """The file of a SQLite store with something in it, closed."""
    with Store.open(url) as store:
        StoreArchive(store).put(b'what was there before' * 1_000)
        return path_of(store)


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """A SQLite store with something in it, closed."""
    return filled(sqlite_url)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Such a store in a folder that other users reach: every start of pytest closes those of `tmp_path` to them."""
    with TemporaryDirectory(prefix='compactor-', dir='/tmp') as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield filled(f'sqlite:///{folder / "state" / "store.db"}')


def works(store: Store) -> bool:
    """Whether a store takes something in and gives it back."""
    archive = StoreArchive(store)
    return archive.get(archive.put(b'it works')) == b'it works'


def test_a_file_that_is_no_database(file: Path) -> None:
    """It is called damaged, with what to do; once it has been moved away, the same store makes a new one."""
    file.write_bytes(b'no database ' * 1_000)
    with Store(file) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match=r'is damaged.*move the file away'):
                works(store)
        file.rename(file.with_suffix('.damaged'))
        assert works(store)


def test_a_file_that_is_damaged_while_it_is_open(file: Path) -> None:
    """Reading what is damaged says so; when a copy has been put in its place, the same store goes on with that."""
    with Store(file) as store:
        key = StoreArchive(store).put(os.urandom(200_000))
        store.close()
        shutil.copy(file, file.with_suffix('.copy'))
        with file.open('r+b') as damaged:
            damaged.seek(4_096)
            damaged.write(b'\xff' * (file.stat().st_size - 8_192))
        with pytest.raises(StoreError, match='is damaged'):
            StoreArchive(store).get(key)
        file.with_suffix('.copy').replace(file)
        assert StoreArchive(store).get(key) is not None
        assert works(store)


def test_a_file_that_is_taken_away_while_it_is_open(file: Path) -> None:
    """The store does not go on writing into a file that nobody will find: it makes a new one."""
    with Store(file) as store:
        assert works(store)
        shutil.rmtree(file.parent)
        assert works(store)
        assert file.exists()
        assert StoreArchive(store).get(StoreArchive(store).put(b'new')) == b'new'


def test_a_file_that_another_program_locks(file: Path) -> None:
    """After a moment of waiting it is said that it is locked; reading still works; afterwards so does writing."""
    with Store(file, wait=0.2) as store:
        assert works(store)
        other = sqlite3.connect(file)
        other.execute('BEGIN IMMEDIATE')
        with pytest.raises(StoreError, match='is locked by another process'):
            Buckets(store).record('a', 1, START)
        assert Buckets(store).total('a', 60, START) == 0
        other.rollback()
        other.close()
        assert works(store)


def test_a_store_that_another_process_writes_to(file: Path) -> None:
    """The lock file is waited for, not for ever."""
    with Store(file, wait=0.2) as store, Store(file) as other:
        with other.write(), pytest.raises(StoreError, match=r'locked by another process for 0\.2 s'):
            Buckets(store).record('a', 1, START)
        assert works(store)


def test_a_key_that_another_process_holds(postgres_url: str) -> None:
    """PostgreSQL too is waited for, not for ever; other keys need not wait."""
    with Store.open(postgres_url, wait=0.2) as store, Store.open(postgres_url) as other:
        with other.write('bucket/a'):
            with pytest.raises(StoreError, match='is locked by another process'):
                Buckets(store).record('a', 1, START)
            Buckets(store).record('b', 1, START)
        Buckets(store).record('a', 1, START)


def test_a_disk_that_is_full(file: Path) -> None:
    """What does not fit is not there in part; when there is room again, it goes in."""
    with Store(file) as store:
        assert works(store)
        large = os.urandom(400_000)
        with store.write() as connection:
            pages = connection.exec_driver_sql('PRAGMA page_count').scalar()
            connection.exec_driver_sql(f'PRAGMA max_page_count = {pages}')
        archive = StoreArchive(store)
        before = archive.stored_bytes
        with pytest.raises(StoreError, match='has no room left on its disk'):
            archive.put(large)
        assert archive.stored_bytes == before
        assert Buckets(store).total('a', 60, START) == 0
        with store.read() as connection:
            connection.exec_driver_sql('PRAGMA max_page_count = 1000000')
        assert archive.get(archive.put(large)) == large


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the way of the folder, or a folder in the way of the file: the message says which."""
    in_the_way = tmp_path / 'file'
    in_the_way.write_text('not a folder')
    with pytest.raises(StoreError, match=r'cannot open .*file/store.db.* for writing'):
        Store.open(in_the_way / 'store.db')
    with pytest.raises(StoreError, match=r'cannot open .* for writing'):
        Store.open(tmp_path)
    in_the_way.unlink()
    Store.open(in_the_way / 'store.db').close()


@pytest.mark.skipif(not hasattr(os, 'getuid'), reason='needs permissions as Unix has them')
@pytest.mark.parametrize('what', ['folder', 'file'])
def test_what_may_only_be_read(reachable: Path, what: str) -> None:
    """A folder or file without the right to write: said with the user's remedy; once it is given, the store works.

    In a process of its own, without the rights of the superuser.
    """
    code = f"""
import os, pathlib
from compactor import StoreError
from compactor.store.engine import Store
from tests.store.test_troubles import works
path = pathlib.Path({str(reachable)!r})
locked, mode = {'(path.parent, 0o500)' if what == 'folder' else '(path, 0o400)'}
os.chdir('/')
with Store(path) as store:
    assert works(store)  # and all has been imported that may be out of reach afterwards
if os.getuid() == 0:
    for name in (path.parent, *path.parent.iterdir()):
        os.chown(name, 65534, 65534)
    os.seteuid(65534)
for other in path.parent.iterdir():
    if {what == 'folder'} and other.name.endswith(('.lock', '-wal', '-shm')):
        other.unlink()
locked.chmod(mode)
with Store(path) as store:
    try:
        works(store)
    except StoreError as error:
        assert 'cannot open' in str(error) or 'cannot be written' in str(error), error
        assert str(path) in str(error) and 'this user' in str(error), error
    else:
        raise AssertionError('it was written')
    locked.chmod(0o700)
    assert works(store)
"""
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, env=os.environ | {'PYTHONPATH': str(ROOT)}, check=False
    )
    assert done.returncode == 0


def test_a_server_that_is_not_there() -> None:
    """Nobody listens: it is said at once, and where."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))  # bound and not listening, so that the port stays closed
        url = f'postgresql+psycopg://me:secret@127.0.0.1:{taken.getsockname()[1]}/d'
        with pytest.raises(StoreError, match=r'me@127.*cannot be reached.*see that the server runs') as told:
            Store.open(url)
    assert 'secret' not in str(told.value)


def test_a_server_that_does_not_answer() -> None:
    """It takes connections and says nothing, as behind a firewall: the store gives up."""
    with socket.socket() as silent:
        silent.bind(('127.0.0.1', 0))
        silent.listen()
        url = f'postgresql+psycopg://me:secret@127.0.0.1:{silent.getsockname()[1]}/d'
        with pytest.raises(StoreError, match='cannot be reached'):
            Store.open(url, wait=0.1)


def test_a_database_that_is_not_there(postgres_url: str) -> None:
    """Another trouble than a server that is away, but as clear; once it is made, the same store works."""
    name = f'{postgres_url.rpartition("/")[2]}_more'
    with Store(f'{postgres_url}_more') as store:
        with pytest.raises(StoreError, match=f'database "{name}" does not exist'):
            works(store)
        on_server(f'CREATE DATABASE {name}')
        try:
            assert works(store)
        finally:
            store.close()
            on_server(f'DROP DATABASE {name} WITH (FORCE)')


def write(store: Store, *, again: bool) -> None:
    """A transaction that loses its connection, in the middle or just before its end."""
    with store.write('a') as connection:
        add(connection, [('a', 1, int(START), 1)])
        terminate(store.url)
        if again:
            add(connection, [('a', 1, int(START), 1)])


def test_connections_that_are_ended_between_two_uses(postgres_url: str) -> None:
    """A server that was restarted costs nothing: the next transaction opens a new connection."""
    with Store.open(postgres_url) as store:
        for _ in range(3):
            assert works(store)
            assert terminate(postgres_url) > 0
        assert works(store)


def test_a_connection_that_is_ended_in_a_transaction(postgres_url: str) -> None:
    """That transaction is lost as a whole and says so; the next one works."""
    with Store.open(postgres_url) as store:
        with pytest.raises(StoreError, match='cannot be reached'):
            write(store, again=True)
        assert Buckets(store).total('a', 60, START) == 0
        assert works(store)


def test_a_connection_that_is_ended_before_the_commit(postgres_url: str) -> None:
    """The same where nothing but the end of the transaction is left to do."""
    with Store.open(postgres_url) as store:
        with pytest.raises(StoreError, match='cannot be reached'):
            write(store, again=False)
        assert Buckets(store).total('a', 60, START) == 0
