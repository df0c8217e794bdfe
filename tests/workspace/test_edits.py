"""Edits of many files: all of them or none, never outside the root, whatever stops them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor import Workspace, WorkspaceError
from compactor.workspace import transaction
from compactor.workspace.diffs import applied, parsed
from compactor.workspace.root import Root
from tests.workspace.batches import checked, generated, held

SWEEP = 10_000


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32))
def test_all_or_none(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """A sound batch is applied whole, byte for byte; of a broken one nothing is, and nothing outside is touched."""
    folder = tmp_path_factory.mktemp('edits')
    checked(generated(seed), folder)
    shutil.rmtree(folder)


@pytest.mark.sweep
def test_ten_thousand_batches(tmp_path: Path) -> None:
    """The same of 10,000 fixed batches, half of them broken; `make edits`."""
    for seed in range(SWEEP):
        folder = tmp_path / str(seed)
        checked(generated(seed), folder)
        shutil.rmtree(folder)


TWO = (
    '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+eins\n',
    '--- a/b.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-two\n',
    '--- /dev/null\n+++ b/new/c.txt\n@@ -0,0 +1 @@\n+three\n',
)
BEFORE = {'a.txt': b'one\n', 'b.txt': b'two\n'}
AFTER = {'a.txt': b'eins\n', 'new/c.txt': b'three\n'}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with two files."""
    for name, text in BEFORE.items():
        (tmp_path / name).write_bytes(text)
    return tmp_path


def in_a_child(work: Callable[[], object]) -> int:
    """Does something in a copy of this process; what it exits with."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings('ignore:This process')
@pytest.mark.parametrize('step', [0, 1, 2])
def test_a_crash_leaves_nothing_half_done(root: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """A process that dies while files are put in place: whoever opens the workspace next has all of the edits."""
    put = transaction._put

    def dying(root_: Root, stage: Path, k: int, one: transaction._Step) -> None:
        if k == step:
            os._exit(9)
        put(root_, stage, k, one)

    monkeypatch.setattr(transaction, '_put', dying)
    assert in_a_child(partial(Workspace(root).edit_many, TWO)) == 9
    monkeypatch.setattr(transaction, '_put', put)
    Workspace(root)
    assert held(root) == AFTER


@pytest.mark.filterwarnings('ignore:This process')
def test_a_crash_before_the_journal_leaves_all_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was only prepared is removed."""
    monkeypatch.setattr(transaction, '_write', lambda *_: os._exit(9))
    assert in_a_child(partial(Workspace(root).edit_many, TWO)) == 9
    monkeypatch.undo()
    Workspace(root)
    assert held(root) == BEFORE


@pytest.mark.parametrize('error', [OSError(28, 'No space left on device'), KeyboardInterrupt()])
@pytest.mark.parametrize('step', [1, 2])
def test_a_failure_puts_all_back(root: Path, monkeypatch: pytest.MonkeyPatch, step: int, error: BaseException) -> None:
    """A full disk or an interrupt half way: the files hold what they held, and folders that were made are gone."""
    put = transaction._put

    def failing(root_: Root, stage: Path, k: int, one: transaction._Step) -> None:
        put(root_, stage, k, one)
        if k == step:
            raise error

    monkeypatch.setattr(transaction, '_put', failing)
    with pytest.raises(WorkspaceError if isinstance(error, OSError) else KeyboardInterrupt):
        Workspace(root).edit_many(TWO)
    assert held(root) == BEFORE
    assert not (root / 'new').exists()


def test_a_journal_that_came_with_files_is_not_carried_out(root: Path) -> None:
    """A repository that brings a journal along gets nothing written: it was not written in its own folder."""
    stage = root / '.compactor' / 'edits' / 'planted'
    stage.mkdir(parents=True)
    (stage / '0.new').write_text('bad')
    steps = '[{"path": "a.txt", "new": true, "old": false}]'
    (stage / 'journal.json').write_text(f'{{"of": [1, 2], "undo": false, "steps": {steps}, "folders": []}}')
    Workspace(root)
    assert held(root) == BEFORE


def test_a_link_in_place_of_the_folder_for_edits_is_refused(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is prepared outside of the root."""
    away = tmp_path_factory.mktemp('away')
    (root / '.compactor').symlink_to(away)
    with pytest.raises(WorkspaceError, match='leads out of the root'):
        Workspace(root).edit_many(TWO)
    assert not list(away.rglob('*.new'))
    assert (root / 'a.txt').read_bytes() == b'one\n'


def test_a_file_that_changed_meanwhile_is_not_overwritten(root: Path) -> None:
    """Between reading and writing somebody else may write."""
    change = transaction.Change(root / 'a.txt', 'other\n', 'mine\n')
    with pytest.raises(WorkspaceError, match='changed meanwhile'):
        transaction.commit(Root(root), [change])
    assert held(root) == BEFORE


def test_modes_are_kept(root: Path) -> None:
    """A script stays one; a new file has the mode that new files have."""
    (root / 'a.txt').chmod(0o750)
    (root / 'usual').touch()
    usual = stat.S_IMODE((root / 'usual').stat().st_mode)
    Workspace(root).edit_many(TWO)
    assert stat.S_IMODE((root / 'a.txt').stat().st_mode) == 0o750
    assert stat.S_IMODE((root / 'new' / 'c.txt').stat().st_mode) == usual


@pytest.mark.parametrize(
    ('text', 'diff', 'after'),
    [
        ('a\nb\nc\n', '@@ -9,2 +9,2 @@\n b\n-c\n+d', 'a\nb\nd\n'),  # a wrong number, and one place
        ('a\n\nc\n', '@@ -1,3 +1,3 @@\n a\n\n-c\n+d', 'a\n\nd\n'),  # an empty line without its blank
        ('a\r\nb\r\n', '@@ -2 +2 @@\n-b\n+c', 'a\r\nc\r\n'),
        ('a\nb', '@@ -2 +2 @@\n-b\n+c', 'a\nc'),  # no end before, and none after
        ('a\n', '@@ @@\n-a\n+b', 'b\n'),
        ('-- x\n', '@@ -1 +1 @@\n--- x\n+++ y', '++ y\n'),
        ('', '@@ -0,0 +1 @@\n+a', 'a\n'),
    ],
)
def test_what_is_certain_is_taken_as_meant(text: str, diff: str, after: str) -> None:
    """Diffs as models write them."""
    assert applied(text, parsed(f'--- a/f\n+++ b/f\n{diff}\n')[0]) == after


@pytest.mark.parametrize(
    ('text', 'diff', 'why'),
    [
        ('a\nb\na\nb\n', '--- f\n+++ f\n@@ -9 +9 @@\n-b\n+c\n', 'several places'),
        ('a\n', '--- f\n+++ f\n@@ -1 +1 @@\n-z\n+c\n', "'z' does not stand there"),
        ('a\n', '--- f\n+++ g\n@@ -1 +1 @@\n-a\n+c\n', 'renames'),
        ('a\n', '--- f\n+++ f\n@@ -1 +1 @@\nwhat\n', 'begin with a blank'),
        ('a\n', 'rename from f\nrename to g\n', 'renames'),
        ('a\n', '@@ -1 +1 @@\n-a\n+c\n', 'before any file'),
        ('a\n', '--- f\n+++ /dev/null\n', 'does not remove'),
        (None, '--- f\n+++ f\n@@ -1 +1 @@\n-a\n+c\n', 'not there'),
        ('a\n', '--- "f"\n+++ "f"\n@@ -1 +1 @@\n-a\n+c\n', 'without quotes'),
    ],
)
def test_what_is_not_is_refused(text: str | None, diff: str, why: str) -> None:
    """With what is wrong."""
    with pytest.raises(WorkspaceError, match=why):
        applied(text, parsed(diff)[0])
