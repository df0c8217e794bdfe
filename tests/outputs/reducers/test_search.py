"""Hits of a search are grouped by file; every file is there where the names fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.reducers.search import reduce_search
from tests.outputs.laws import HOSTILE, allowance, keeps, lines_of


def _hits(files: int, each: int) -> str:
    return '\n'.join(
        f'src/part{f}/m{f}.py:{10 + k}:    value_{f}_{k} = total(rows)' for f in range(files) for k in range(each)
    )


def test_hits_are_grouped_by_file() -> None:
    """A hit of each file comes before the second of any; equal hits of a file are one line."""
    text = _hits(3, 12) + '\nsrc/same.py:3:import total\nsrc/same.py:9:import total'
    assert reduce_search(text, allowance(170)) == snapshot("""\
38 hits in 4 files
src/part0/m0.py: 12 hits
  10: value_0_0 = total(rows)
  11: value_0_1 = total(rows)
  12: value_0_2 = total(rows)
src/part1/m1.py: 12 hits
  10: value_1_0 = total(rows)
  11: value_1_1 = total(rows)
  12: value_1_2 = total(rows)
src/part2/m2.py: 12 hits
  10: value_2_0 = total(rows)
src/same.py: 2 hits
  3, 9: import total
[29 of 38 lines left out]\
""")


@pytest.mark.parametrize('tokens', [300, 800, 2_000])
def test_every_file_is_named_where_the_names_fit(tokens: int) -> None:
    """However many hits there are."""
    result = reduce_search(_hits(20, 60), allowance(tokens)) or ''
    assert all(f'src/part{f}/m{f}.py' in result for f in range(20))


def test_files_that_do_not_fit_are_grouped_by_folder() -> None:
    """Common folders are written once; the note says how many files are missing."""
    text = '\n'.join(f'src/app/views/page{i}.py:{i}:total' for i in range(300))
    assert reduce_search(text, allowance(110)) == snapshot("""\
300 hits in 300 files
src/app/views/: page0.py, page1.py, page2.py, page3.py, page4.py, page5.py, page6.py, page7.py
src/app/views/: page8.py, page9.py, page10.py, page11.py, page12.py, page13.py, page14.py, page15.py
src/app/views/: page296.py, page297.py, page298.py, page299.py
[280 of 300 files left out]\
""")


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (
            'a/x.py:1:one\na/x.py-2-two\n--\nC:\\src\\y.cs:7:seven\n' * 2,
            snapshot("""\
4 hits in 2 files
a/x.py: 2 hits
  1, 1: one
  2- two
  2- two
C:\\src\\y.cs: 2 hits
  7, 7: seven\
"""),
        ),
        (
            'src/a.py\n1:one\n2-two\n\nsrc/b.py\n9:nine',
            snapshot("""\
2 hits in 2 files
src/a.py:
  1: one
  2- two
src/b.py:
  9: nine\
"""),
        ),
        (
            'src/a.py\nsrc/b.py\n./c/d.txt',
            snapshot("""\
3 files
src/a.py
src/b.py
./c/d.txt\
"""),
        ),
        (
            'src/a.py:    total = 1\nsrc/b.py:def total():',
            snapshot("""\
2 hits in 2 files
src/a.py:
  total = 1
src/b.py:
  def total():\
"""),
        ),
        (
            'Binary file bin/app matches\nsrc/a.py:3:5:total\ngrep: secret: Permission denied',
            snapshot("""\
2 hits in 2 files
grep: secret: Permission denied
bin/app:
  binary, matches
src/a.py:
  3: total\
"""),
        ),
        (
            '12:one\n40:two',
            snapshot("""\
2 hits in 1 file
  12: one
  40: two\
"""),
        ),
        (
            'Exit code 2\nsrc/a.py:3:total',
            snapshot("""\
1 hit in 1 file
Exit code 2
src/a.py:
  3: total\
"""),
        ),
    ],
)
def test_forms_of_hits(text: str, expected: str) -> None:
    """grep, ripgrep under headings, names alone, Windows paths, columns, one file without its name, a failed call."""
    assert reduce_search(text, allowance(200)) == expected


def test_paths_in_full_and_relative_ones_are_one_file() -> None:
    """Some tools give the paths of context lines in full."""
    text = 'src/app.py:3:total\n/home/me/src/app.py-4-rest\n/home/me/src/app.py-5-more'
    assert (reduce_search(text, allowance(100)) or '').count('app.py') == 1


def test_files_of_the_same_name_in_other_folders_are_apart() -> None:
    """A path is the end of another one only where that is given in full."""
    text = '\n'.join(
        f'{path}:{n}:total' for path in ('client.go', 'unstable/client.go', 'cmd/client.go') for n in (3, 9)
    )
    result = reduce_search(text, allowance(100)) or ''
    assert result.startswith('6 hits in 3 files')
    assert 'unstable/client.go: 2 hits' in result


def test_a_listing_before_the_hits_is_made_smaller_as_such() -> None:
    """What one command listed and the next one found are both there."""
    listed = '\n'.join(f'-rw-r--r--  1 me me {n}12 Jan  1 08:21 file{n}.go' for n in range(12))
    assert reduce_search(f'total 40\n{listed}\n{_hits(2, 12)}', allowance(190)) == snapshot("""\
24 hits in 2 files
12 names
file0.go  file1.go  file2.go  file3.go  file4.go  file5.go  file6.go  file7.go  file8.go  file9.go
file10.go  file11.go
src/part0/m0.py: 12 hits
  10: value_0_0 = total(rows)
  11: value_0_1 = total(rows)
  12: value_0_2 = total(rows)
  13: value_0_3 = total(rows)
src/part1/m1.py: 12 hits
  10: value_1_0 = total(rows)
  11: value_1_1 = total(rows)
  12: value_1_2 = total(rows)
[17 of 37 lines left out]\
""")


def test_a_long_hit_is_cut_around_what_was_searched_for() -> None:
    """A line of a minified file shows the match."""
    text = 'dist/app.js:1:' + 'x' * 5_000 + 'needle_here' + 'y' * 5_000
    result = reduce_search(text, allowance(120, frozenset({'needle_here'}))) or ''
    assert 'xneedle_herey' in result
    assert '…' in result


def test_no_hits_are_none() -> None:
    """Plainer ways are tried for what holds no hits."""
    assert reduce_search('nothing to see here', allowance(50)) is None


@given(
    lines_of(r'[a-c]/[x-z]\.py:\d{1,3}:[a-z =]{0,20}', r'[a-c]\.py-\d-[a-z]{0,9}', r'--', r'\d{1,2}:[a-z]*'),
    st.integers(16, 120),
)
def test_laws(text: str, tokens: int) -> None:
    """Within the allowance, deterministic, clean."""
    keeps(reduce_search, text, tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """No text is too odd."""
    keeps(reduce_search, HOSTILE[name], 100)
