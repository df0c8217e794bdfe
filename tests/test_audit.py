"""The audit page: a row for every promise, nothing named that is not there, and no setting or module without a use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from compactor import Policy
from compactor.cli.app import app

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / 'src'
PAGE = (ROOT / 'docs' / 'audit.md').read_text()
LAST = {'P': 17, 'T': 16, 'G': 10, 'E': 11, 'X': 10}
PROMISES = [f'{source}{n}' for source, last in LAST.items() for n in range(1, last + 1)]
STATUSES = {'done', 'differently', 'partly', 'not yet', 'refused'}
ROW = re.compile(r'^\| ([A-Z]\d+) \|(.*)\|$', re.MULTILINE)
PATH = re.compile(r'`((?:src|tests|docs|analysis|benchmarks|scripts|fixtures)/[^`]+)`')


def rows() -> list[tuple[str, list[str]]]:
    """Number and further cells of every promise: what, status, what there is, tests, command."""
    return [(found[1], [cell.strip() for cell in found[2].split('|')]) for found in ROW.finditer(PAGE)]


def test_every_promise_has_one_row() -> None:
    """In order, none twice, none made up."""
    assert [number for number, _ in rows()] == PROMISES


@pytest.mark.parametrize(('number', 'cells'), rows(), ids=lambda value: value if isinstance(value, str) else '')
def test_a_row_has_a_status_and_a_test(number: str, cells: list[str]) -> None:
    """What is there names what it is and a file of tests; what is not there names none."""
    assert len(cells) == 5
    promise, status, there, tests, command = cells
    assert status in STATUSES
    assert promise
    assert there
    named = PATH.findall(tests)
    if status in {'not yet', 'refused'}:
        assert tests == command == '-'
    else:
        assert re.fullmatch('`[^`]+`', command)
        assert tests == ', '.join(f'`{path}`' for path in named)
        assert named
        assert all(Path(path).name.startswith('test_') for path in named)


@pytest.mark.parametrize(('number', 'cells'), rows(), ids=lambda value: value if isinstance(value, str) else '')
def test_what_is_done_differently_says_what_is_missed(number: str, cells: list[str]) -> None:
    """Whoever made the promise finds there what they would miss."""
    assert (cells[1] == 'differently') == ('Missed: ' in cells[2])


@pytest.mark.parametrize(('number', 'cells'), rows(), ids=lambda value: value if isinstance(value, str) else '')
def test_the_command_of_a_row_exists(number: str, cells: list[str]) -> None:
    """Tests by their names, commands of the program with their options, targets of make."""
    command = cells[4].strip('`').split()
    if command == ['-']:
        return
    if command[0] == 'pytest':
        _, path, flag, name = command
        tests = re.findall(r'^(?:async )?def (test_\w+)', (ROOT / path).read_text(), re.MULTILINE)
        assert flag == '-k'
        assert any(name in test for test in tests), f'no test of {path} is called {name}'
    elif command[0] == 'make':
        assert re.search(rf'^{command[1]}:', (ROOT / 'Makefile').read_text(), re.MULTILINE)
    else:
        assert command[0] == 'compactor'
        shown = CliRunner().invoke(app, [command[1], '--help'], env={'COLUMNS': '200', 'TERM': 'dumb'})
        assert shown.exit_code == 0
        assert [option for option in command if option.startswith('--') and option not in shown.output] == []


def test_what_the_page_names_is_there() -> None:
    """Every path of the repository on the page."""
    named = PATH.findall(PAGE)
    assert len(named) > len(PROMISES)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_settings_that_the_page_names_are_there() -> None:
    """Each `station.field` is a field of the policy."""
    named = re.findall(rf'`((?:{"|".join(Policy.model_fields)})(?:\.\w+)+)`', PAGE)
    assert len(named) > 10
    for name in named:
        value: object = Policy()
        for field in name.split('.'):
            assert isinstance(value, BaseModel), name
            assert field in type(value).model_fields, name
            value = getattr(value, field)
