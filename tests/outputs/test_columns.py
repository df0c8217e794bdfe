"""TOON keeps every value of uniform rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.json_text.columns import Scalar, decode_toon, encode_toon

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        ['null', 'true', '12', '1.5', ' a', 'a ', 'a,b', '"', '\\', '-', '', 'line\nend', '\u2028', '\ud800']
    ),
)
ROWS = st.lists(st.text(max_size=8), unique=True, max_size=5).flatmap(
    lambda keys: st.lists(
        st.tuples(*(SCALARS for _ in keys)).map(lambda row: dict(zip(keys, row, strict=True))), max_size=6
    )
)


def test_what_it_looks_like() -> None:
    """A header with count and keys, and a line for each object; only what needs quotes has them."""
    rows: list[dict[str, Scalar]] = [
        {'id': 1, 'name': 'Ada', 'note': 'a, b', 'ok': True},
        {'id': 2, 'name': '12', 'note': '', 'ok': None},
    ]
    assert encode_toon(rows, 'people') == snapshot("""\
people[2]{id,name,note,ok}:
  1,Ada,"a, b",true
  2,"12","",null\
""")


@given(rows=ROWS, name=st.text(max_size=10))
def test_nothing_is_lost(rows: list[dict[str, Scalar]], name: str) -> None:
    """What was encoded is decoded to the same values of the same types; rows without keys are rows all the same."""
    found, decoded = decode_toon(encode_toon(rows, name))
    assert found == name
    assert decoded == rows
    assert [[type(value) for value in row.values()] for row in decoded] == [
        [type(value) for value in row.values()] for row in rows
    ]


@pytest.mark.parametrize('rows', [[{'a': 1}, {'b': 1}], [{'a': math.nan}], [{'a': math.inf}], [{'a': [1]}]])
def test_what_has_no_rows_is_refused(rows: list[dict[str, Scalar]]) -> None:
    """Different keys and values that are no finite scalars raise ValueError."""
    with pytest.raises(ValueError, match=r'keys|scalar'):
        encode_toon(rows)


@pytest.mark.parametrize('text', ['', 'items', 'items[2]{a}:\n  1', 'items[1]{a,b}:\n  1', 'items[1]{a}:\n  "x"y'])
def test_what_is_no_toon_is_refused(text: str) -> None:
    """A missing header, wrong counts and loose quotes raise ValueError."""
    with pytest.raises(ValueError, match=r'header|rows|values|comma'):
        decode_toon(text)
