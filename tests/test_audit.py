"""The audit page: a row for every promise, nothing named that is not there, and no setting or module without a use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from compactor import Policy

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / 'src'
PAGE = (ROOT / 'docs' / 'audit.md').read_text()
LAST = {'P': 17, 'T': 16, 'G': 10, 'E': 11, 'X': 10}
PROMISES = [f'{source}{n}' for source, last in LAST.items() for n in range(1, last + 1)]
STATUSES = {'done', 'differently', 'partly', 'not yet', 'refused'}
ROW = re.compile(r'^\| ([A-Z]\d+) \|(.*)\|$', re.MULTILINE)
PATH = re.compile(r'`((?:src|tests|docs|analysis|benchmarks|scripts|fixtures)/[^`]+)`')


def rows() -> list[tuple[str, list[str]]]:
    """Number and further cells of every promise: what, status, what there is, tests."""
    return [(found[1], [cell.strip() for cell in found[2].split('|')]) for found in ROW.finditer(PAGE)]


def test_every_promise_has_one_row() -> None:
    """In order, none twice, none made up."""
    assert [number for number, _ in rows()] == PROMISES


@pytest.mark.parametrize(('number', 'cells'), rows(), ids=lambda value: value if isinstance(value, str) else '')
def test_a_row_has_a_status_and_a_test(number: str, cells: list[str]) -> None:
    """What is there names what it is and a file of tests; what is not there names none."""
    assert len(cells) == 4
    promise, status, there, tests = cells
    assert status in STATUSES
    assert promise
    assert there
    named = PATH.findall(tests)
    if status in {'not yet', 'refused'}:
        assert tests == '-'
    else:
        assert tests == ', '.join(f'`{path}`' for path in named)
        assert named
        assert all(Path(path).name.startswith('test_') for path in named)


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
