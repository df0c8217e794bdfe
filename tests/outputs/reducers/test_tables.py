"""Tables keep their header, figures about the columns, and a sample of whole rows."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.reducers.tables import reduce_tables
from tests.outputs.laws import HOSTILE, allowance, keeps, lines_of

CSV = 'id,name,state\n' + '\n'.join(f'{i},"user, {i % 37}",{"open" if i % 5 else "closed"}' for i in range(1, 401))


def test_a_csv_file() -> None:
    """Header, figures, first and last rows, some between, and how many rows there are."""
    assert reduce_tables(CSV, allowance(160)) == snapshot("""\
id,name,state
[400 rows; id 1..400, mean 200.5; name 37 distinct: user, 1 11, user, 2 11, user, 3 11]
1,"user, 1",open
2,"user, 2",open
…
33,"user, 33",open
…
65,"user, 28",closed
…
129,"user, 18",open
…
193,"user, 8",open
…
257,"user, 35",open
…
321,"user, 25",open
…
385,"user, 15",closed
…
400,"user, 30",closed
[390 of 400 rows left out]\
""")


def test_rows_that_are_asked_for_are_kept() -> None:
    """Wherever they are."""
    text = CSV.replace('"user, 20"', '"order_4711"', 1)
    assert 'order_4711' in (reduce_tables(text, allowance(140, frozenset({'order_4711'}))) or '')


def test_a_quoted_cell_is_never_broken() -> None:
    """Cells with line breaks stay whole; over-long rows are shortened cell by cell and quoted anew."""
    text = 'id,note,body\n' + '\n'.join(f'{i},"line one\nline ""two"" {i}","{"x, " * 400}"' for i in range(60))
    result = reduce_tables(text, allowance(400)) or ''
    rows = [line for line in result.split('\n') if line != '…' and not line.startswith('[')]
    parsed = list(csv.reader(io.StringIO('\n'.join(rows)), strict=True))
    assert len(parsed) > 3
    assert {len(row) for row in parsed} == {3}


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (
            ' id | name  | total\n----+-------+------\n'
            + '\n'.join(f'  {i} | bob | {i * 1.5}' for i in range(60))
            + '\n(60 rows)',
            snapshot("""\
 id | name  | total
----+-------+------
[60 rows; id 0..59, mean 29.5; name 1 distinct: bob 60]
  0 | bob | 0.0
  1 | bob | 1.5
…
  16 | bob | 24.0
…
  32 | bob | 48.0
…
  59 | bob | 88.5
(60 rows)
[55 of 60 rows left out]\
"""),
        ),
        (
            '| a | b |\n|---|---|\n' + '\n'.join(f'| {i} | x{i} |' for i in range(60)),
            snapshot("""\
| a | b |
|---|---|
[60 rows; a 0..59, mean 29.5; b 60 distinct]
| 0 | x0 |
| 1 | x1 |
…
| 4 | x4 |
…
| 8 | x8 |
…
| 16 | x16 |
…
| 32 | x32 |
…
| 40 | x40 |
…
| 48 | x48 |
…
| 59 | x59 |
[51 of 60 rows left out]\
"""),
        ),
        (
            '+----+------+\n| id | name |\n+----+------+\n'
            + '\n'.join(f'| {i} | n{i} |' for i in range(60))
            + '\n+----+------+',
            snapshot("""\
| id | name |
+----+------+
[60 rows; id 0..59, mean 29.5; name 60 distinct]
| 0 | n0 |
| 1 | n1 |
…
| 8 | n8 |
…
| 16 | n16 |
…
| 24 | n24 |
…
| 32 | n32 |
…
| 40 | n40 |
…
| 48 | n48 |
…
| 59 | n59 |
[51 of 60 rows left out]\
"""),
        ),
        (
            'CONTAINER ID   IMAGE   STATUS\n'
            + '\n'.join(f'ab{i:04}   img   {"Up" if i != 33 else "Exited (1) error"}' for i in range(60)),
            snapshot("""\
CONTAINER ID   IMAGE   STATUS
[60 rows; CONTAINER ID 60 distinct; IMAGE 1 distinct: img 60]
ab0000   img   Up
ab0001   img   Up
…
ab0016   img   Up
…
ab0032   img   Up
ab0033   img   Exited (1) error
…
ab0048   img   Up
…
ab0059   img   Up
[53 of 60 rows left out]\
"""),
        ),
        (
            'a\tb\n' + '\n'.join(f'{i}\t{i * i}' for i in range(60)),
            snapshot("""\
a	b
[60 rows; a 0..59, mean 29.5; b 0..3481, mean 1170.17]
0	0
1	1
…
4	16
…
8	64
…
16	256
…
24	576
…
32	1024
…
36	1296
…
40	1600
…
48	2304
…
56	3136
…
59	3481
[48 of 60 rows left out]\
"""),
        ),
    ],
)
def test_forms_of_tables(text: str, expected: str) -> None:
    """psql, markdown, mysql, aligned columns, tabs."""
    assert reduce_tables(text, allowance(110)) == expected


def test_no_rows_are_none() -> None:
    """Plainer ways are tried for what has no rows."""
    assert reduce_tables('one line', allowance(50)) is None


@given(
    lines_of(r'\d{1,3},[a-z]{0,5},"[a-z, ]{0,9}"', r'\| \d \| [a-z]{0,5} \|', r'"[a-z\n]{0,9}",\d'),
    st.integers(16, 120),
)
def test_laws(text: str, tokens: int) -> None:
    """Within the allowance, deterministic, clean."""
    keeps(reduce_tables, text, tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """No text is too odd."""
    keeps(reduce_tables, HOSTILE[name], 100)
