"""What holds now: of an older reading only what nothing later has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compactor.digest.holding import Holding
from compactor.history.message import Kind, Part


def pair(tool: str, arguments: dict[str, Any], text: str, *, failed: bool = False) -> tuple[Part, Part]:
    """A call with its result."""
    return (
        Part(Kind.CALL, None, 9, json.dumps(arguments), 'c', tool),
        Part(Kind.RESULT, None, 9, text, 'c', tool, failed=failed),
    )


OLD = 'host = a.example\nport = 8081\nretries = 3'
READ = ('read_file', {'path': 'shop/settings.toml'}, OLD)
CHANGES: list[tuple[str, list[tuple[Any, ...]], tuple[str, ...]]] = [
    (
        'nothing else',
        [('read_file', {'path': 'b.toml'}, 'port = 1')],
        ('host = a.example', 'port = 8081', 'retries = 3'),
    ),
    (
        'an edit',
        [('edit_file', {'path': 'shop/settings.toml', 'old': 'port = 8081', 'new': 'port = 9090'}, 'ok')],
        ('host = a.example', 'retries = 3'),
    ),
    (
        'several edits',
        [
            (
                'edit',
                {
                    'path': './shop/settings.toml',
                    'edits': [
                        {'oldText': 'port = 8081', 'newText': ''},
                        {'oldText': 'retries = 3', 'newText': 'x = 1'},
                    ],
                },
                'ok',
            )
        ],
        ('host = a.example',),
    ),
    (
        'a patch',
        [
            (
                'apply_patch',
                {'input': '*** Begin Patch\n*** Update File: shop/settings.toml\n-port = 8081\n+port = 1\n'},
                'Done',
            )
        ],
        ('host = a.example', 'retries = 3'),
    ),
    (
        'it is written anew',
        [('write_file', {'path': 'shop/settings.toml', 'content': 'host = a.example'}, 'ok')],
        ('host = a.example',),
    ),
    (
        'it is read again',
        [('read_file', {'path': 'shop/settings.toml'}, 'host = b.example\nretries = 3')],
        ('retries = 3',),
    ),
    (
        'lines of it are read',
        [('read_file', {'path': 'shop/settings.toml', 'offset': 2, 'limit': 1}, 'port = 8081')],
        ('host = a.example', 'port = 8081', 'retries = 3'),
    ),
    (
        'an edit that is taken back',
        [
            ('edit_file', {'path': 'shop/settings.toml', 'old': 'port = 8081', 'new': 'port = 9090'}, 'ok'),
            ('edit_file', {'path': 'shop/settings.toml', 'old': 'port = 9090', 'new': 'port = 8081'}, 'ok'),
        ],
        ('host = a.example', 'port = 8081', 'retries = 3'),
    ),
]


@pytest.mark.parametrize(('later', 'left'), [change[1:] for change in CHANGES], ids=[change[0] for change in CHANGES])
def test_an_older_reading_says_what_is_still_so(later: list[tuple[Any, ...]], left: tuple[str, ...]) -> None:
    """After each of these, these lines of the first reading hold."""
    holding = Holding()
    first = pair(*READ)
    holding.follow(1, [first])
    for step, one in enumerate(later, 2):
        holding.follow(step, [pair(*one)])
    assert holding.lines(first[1], 1).texts == left


def test_an_edit_that_failed_changes_nothing() -> None:
    """What was not carried out leaves what stood."""
    holding = Holding()
    first = pair(*READ)
    holding.follow(1, [first])
    edit = {'path': 'shop/settings.toml', 'old': 'port = 8081', 'new': 'port = 9090'}
    holding.follow(2, [pair('edit_file', edit, 'no such text', failed=True)])
    assert len(holding.lines(first[1], 1)) == 3


def test_an_edit_of_several_lines_does_not_tell_what_it_took_out() -> None:
    """The old lines in the edit itself hold no more; the new ones do."""
    holding = Holding()
    call, result = pair('edit_file', {'path': 'a.toml', 'old': 'port = 1\nhost = a', 'new': 'port = 2\nhost = a'}, 'ok')
    holding.follow(1, [(call, result)])
    told = holding.lines(call, 1).texts
    assert 'port = 2' in ' '.join(told)
    assert holding.changed == {'port = 2'}


def test_the_same_call_gives_a_setting_its_newest_value() -> None:
    """Settings of another call stay; what is no setting stays."""
    holding = Holding()
    first, other = (
        pair('status', {'of': 'shop'}, 'version: 1.2\nworkers: 4\nready at last'),
        pair('status', {'of': 'b'}, 'version: 7'),
    )
    holding.follow(1, [first, other])
    holding.follow(2, [pair('status', {'of': 'shop'}, 'version: 1.3\nworkers: 4')])
    assert holding.lines(first[1], 1).texts == ('workers: 4', 'ready at last')
    assert holding.lines(other[1], 1).texts == ('version: 7',)
    assert holding.changed == {'version: 1.3'}
    assert holding.past('version: 1.2', 1)
    assert not holding.past('version: 1.3', 2)
