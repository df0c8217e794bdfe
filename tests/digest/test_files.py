"""Which files a record touched, in which state they are, and the dense form of the ledger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compactor.digest.document import Digest, read, render
from compactor.digest.files import touched
from compactor.history.marks import Left
from compactor.history.message import Part
from tests.notation import part


def call(tool: str, **arguments: Any) -> Part:
    """A call with these arguments."""
    return part('?a', json.dumps(arguments), tool=tool)


def ledger(*calls: Part) -> str:
    """The ledger after these calls as `state path`, in order of the last touch."""
    return ', '.join(f'{file.last} {path}' for path, file in touched(enumerate(calls, 1)).items())


@pytest.mark.parametrize(
    ('command', 'expected'),
    [
        ('cat /srv/app/src/main/run.py', 'read /srv/app/src/main/run.py'),
        ("sed -n '/func/p' lib/v6@v6.0.0/a.go", 'read lib/v6@v6.0.0/a.go'),
        ("sed -i '' 's/old name/new/' src/a.py", 'edited src/a.py'),
        ('mv docs/a.md docs/new/', 'deleted docs/a.md, created docs/new/a.md'),
        ('cp a.txt b.txt', 'read a.txt, created b.txt'),
        ("awk '$1 => 2' data.csv", ''),
        ('echo done > out/log.txt', 'created out/log.txt'),
    ],
)
def test_shell_commands_tell_what_they_do_to_files(command: str, expected: str) -> None:
    """Paths of any depth, moves and copies count; scripts of other tools do not."""
    assert ledger(call('bash', command=command)) == expected


def test_a_relative_path_is_the_absolute_one_that_ends_so() -> None:
    """One file has one entry, under its longer name."""
    assert ledger(call('bash', command='cat src/a.py'), call('edit', path='/repo/src/a.py')) == 'edited /repo/src/a.py'
    assert ledger(call('edit', path='/repo/src/a.py'), call('bash', command='cat src/a.py')) == 'read /repo/src/a.py'


def test_writing_over_a_known_file_edits_it() -> None:
    """Only what was not there, or was deleted, is created."""
    assert ledger(call('read', path='a.py'), call('write', path='a.py')) == 'edited a.py'
    assert ledger(call('write', path='a.py'), call('write', path='a.py')) == 'created a.py'


def test_a_dense_ledger_is_read_back() -> None:
    """By folder or one by one: path, state and step come back."""
    calls = [
        call('read', path=path) for path in ('/r/src/a/x.py', '/r/src/b/y.py', 'z.py', '/etc/hosts', 'a: b/c/d.py')
    ]
    files = touched(enumerate(calls, 1))
    text = render(Digest(Left(5, 5), files=files, dense=True))
    assert ' read in /r/src/: a/x.py #1; b/y.py #2\n' in text
    again = read(text)
    assert again is not None
    assert again.files == files
