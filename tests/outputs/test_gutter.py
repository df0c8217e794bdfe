"""Outputs that were saved and read back with line numbers are made smaller as what they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.digest.gutter import without_gutter
from compactor.outputs.allowance import Allowance
from compactor.outputs.gutter import NOTE, ungutter
from compactor.outputs.kind import Kind
from compactor.outputs.reducers import REDUCERS
from compactor.outputs.shrink import shrink
from tests.outputs.laws import HOSTILE, allowance, keeps

FORMS = ('{:>6}→{}', '{}\t{}')


def numbered(text: str, form: str = FORMS[0], first: int = 1) -> str:
    """A text as a tool for reading files shows it."""
    return '\n'.join(form.format(n, line) for n, line in enumerate(text.split('\n'), first))


DIFF = '\n'.join(
    f'diff --git a/src/m{n}.py b/src/m{n}.py\nindex 1..2\n--- a/src/m{n}.py\n+++ b/src/m{n}.py\n@@ -1,9 +1,9 @@\n'
    + '\n'.join(f' import part_{k}' for k in range(8))
    + f'\n-total = {n}\n+total = {n + 1}'
    for n in range(20)
)
HITS = '\n'.join(f'src/part{n % 30}/m.py:{n + 10}:    return totals_of(rows, {n})' for n in range(200))


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('first', [1, 95])
def test_numbers_are_taken_off(form: str, first: int) -> None:
    """Whatever stands behind the number, and wherever the file was opened."""
    assert without_gutter(numbered(DIFF, form, first)) == DIFF


@pytest.mark.parametrize('text', ['', '1→a', 'plain\nlines', '3\tx\n1\ty\n7\tz', '12→a\n\nb\nc', HITS])
def test_numbers_that_number_no_lines_stay(text: str) -> None:
    """Columns of numbers, hits and single lines are no lines of a file."""
    assert without_gutter(text) is None


def test_a_saved_diff_keeps_every_file() -> None:
    """It is known as a diff, and a line says that the numbers are gone."""
    result = shrink(numbered(DIFF), 400, tool='read_file', arguments={'path': '/tmp/saved.txt'})
    assert result.kind is Kind.DIFF
    assert result.text.startswith(f'{NOTE}\ndiff src/m0.py (+1 -1)\n')
    assert all(f'src/m{n}.py' in result.text for n in range(20))


def test_a_saved_search_keeps_every_file() -> None:
    """It is known as a search."""
    result = shrink(numbered(HITS), 700)
    assert result.kind is Kind.SEARCH
    assert all(f'src/part{n}/m.py' in result.text for n in range(30))


def test_code_with_numbers_stays_code() -> None:
    """A file that only speaks of a diff is a file."""
    code = 'import os\n\nHEAD = "x"\n\ndef a(b):\n    c = b\n    return c\n' * 30
    assert shrink(numbered(code), 100).kind is Kind.CODE


def test_json_with_numbers_is_read_as_json() -> None:
    """Its shape is kept."""
    text = json.dumps({'items': [{'id': n, 'name': f'name {n}'} for n in range(300)]}, indent=1)
    result = shrink(numbered(text), 120, tool='read_file', arguments={'path': 'x.json'})
    assert result.text.startswith(f'{NOTE}\n{{"items":')


def test_without_numbers_nothing_changes() -> None:
    """The reducer gets its text and its allowance as they are."""
    seen: list[tuple[str, int]] = []

    def reducer(text: str, allowance: Allowance) -> str | None:
        seen.append((text, allowance.tokens))
        return None

    assert ungutter(reducer)(DIFF, allowance(50)) is None
    assert seen == [(DIFF, 50)]


@given(st.sampled_from([DIFF, HITS, '{"a":[1,2,3]}\n' * 50]), st.integers(16, 300), st.sampled_from(FORMS))
def test_laws(text: str, tokens: int, form: str) -> None:
    """Within the allowance, deterministic, clean."""
    for kind in (Kind.DIFF, Kind.SEARCH, Kind.JSON):
        keeps(REDUCERS[kind], numbered(text, form), tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """Nothing raises, whatever comes."""
    without_gutter(HOSTILE[name])
    without_gutter('1\t' + HOSTILE[name])
