"""Reading exports: what can be counted is, what cannot is named with its line."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.analysis.careful import mend
from compactor.analysis.columns import CEREBRAS, Columns
from compactor.analysis.database import workspace
from compactor.analysis.exports import _fast, read_export
from compactor.analysis.header import layout_of
from compactor.analysis.usage import analyse
from compactor.errors import ConfigError
from tests.analysis.exports import FOLDER, HEADER, answers, row, written


def test_the_fixtures_are_what_their_script_writes() -> None:
    """Exports and answers come from one plan."""
    script = [sys.executable, str(FOLDER / 'generate.py'), '--check']
    assert subprocess.run(script, check=False, capture_output=True, text=True).returncode == 0


def test_a_clean_export() -> None:
    """Sums are those that were planned, to the digit."""
    known = answers()['clean']
    report = analyse([FOLDER / 'clean.csv'])
    for key, wanted in {
        'rows': 'rows',
        'active_rows': 'active_rows',
        'requests': 'requests',
        'input_tokens': 'input',
        'output_tokens': 'output',
        'input_per_request': 'input_per_request',
        'input_output_ratio': 'ratio',
        'peak_minute_input': 'peak_input',
        'minutes_high_input': 'high_input',
        'minutes_high_total': 'high_total',
        'minutes_high_requests': 'high_requests',
    }.items():
        assert report.figure(key).value == known[wanted], key
    assert report.odd_rows == ()


def test_a_dirty_export() -> None:
    """BOM, CRLF, thousands, a second header, what is no number or time, a cut end: counted or named, with its line."""
    known = answers()['dirty']
    report = analyse([FOLDER / 'dirty.csv'])
    figures = [report.figure(key).value for key in ('rows', 'requests', 'input_tokens', 'output_tokens')]
    assert figures == [known['rows'], known['requests'], known['input'], known['output']]
    assert [one.line for one in report.odd_rows if not one.kept] == known['bad_lines']
    assert [one.line for one in report.odd_rows if one.kept] == known['doubted_lines']
    assert [one.reason for one in report.odd_rows] == snapshot(
        [
            'the header again',
            'Requests is not a whole number: -3',
            'Time Start is not a time: 2026-13-28T23:40:00.000Z',
            '9 cells where the header has 8',
            'not UTF-8',
            'a quote is not closed',
            'it ends before it begins',
            'Requests is missing',
            'the total is 20,101, not 20,100; counted as input + output',
            '7 cells where the header has 8, and the file ends in it',
        ]
    )


def test_another_providers_export() -> None:
    """A mapping names the columns; rows of one minute with different keys are two rows."""
    known = answers()['other']
    report = analyse([FOLDER / 'other.csv'], columns=Columns.load(FOLDER / 'other.toml'))
    figures = [report.figure(key).value for key in ('rows', 'requests', 'input_tokens', 'output_tokens')]
    assert figures == [known['rows'], known['requests'], known['input'], known['output']]
    assert {one.region for one in report.models} == {' · ci', ' · desk'}


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 10_000),
            st.integers(0, 10**6),
            st.integers(0, 10**12),
            st.integers(0, 10**9),
            st.sampled_from(['m', 'a b', 'ünï']),
        ),
        max_size=12,
    )
)
def test_both_ways_of_reading_give_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:  # type: ignore[type-arg]
    """DuckDB alone, and line by line first."""
    folder = tmp_path_factory.mktemp('same')
    path = written(folder / 'x.csv', [row(m, r, i, o, model=name) for m, r, i, o, name in rows])
    layout = layout_of(path, CEREBRAS)
    with workspace() as work:
        assert _fast(work, 0, path, layout)
        assert mend(path, layout, folder / 'plain').named == []
        work.add_plain(1, folder / 'plain')
        fast, slow = (work.all(f'SELECT * EXCLUDE (source) FROM rows WHERE source = {n} ORDER BY ALL') for n in (0, 1))
        assert fast == slow
        assert len(fast) == len(rows)


@pytest.mark.parametrize(
    ('cell', 'value'),
    [('1234', 1234), ('"1,234"', 1234), ("1'234", 1234), ('1 234', 1234), ('1234.0', 1234), ('1.5E+03', 1500)],
)
def test_numbers_as_people_write_them(tmp_path: Path, cell: str, value: int) -> None:
    """Separators of thousands, and what spreadsheets make of whole numbers."""
    path = written(tmp_path / 'x.csv', [row(0).replace(',1,1000,10,1010', f',1,{cell},0,{cell}')])
    assert analyse([path]).figure('input_tokens').value == value


@pytest.mark.parametrize('cell', ['1.5', '1.234', '-1', '12a', '1,23', 'nan', 'inf', '9' * 17])
def test_what_is_no_whole_number_is_named(tmp_path: Path, cell: str) -> None:
    """Nothing is rounded or guessed."""
    path = written(tmp_path / 'x.csv', [row(0), row(1).replace(',1,1000,10,1010', f',1,"{cell}",0,0')])
    report = analyse([path])
    assert report.figure('rows').value == 1
    assert [one.line for one in report.odd_rows] == [3]


@pytest.mark.parametrize('time', ['2026-03-02T14:00:00+02:00', '2026-03-02 12:00', '2026-03-02T12:00:00 UTC'])
def test_times_are_in_utc_unless_they_say(tmp_path: Path, time: str) -> None:
    """An offset is heeded."""
    path = written(tmp_path / 'x.csv', [row(0).replace('2026-03-02T12:00:00.000Z', time)])
    assert analyse([path]).sources[0].first == 1_772_452_800


def test_times_of_a_zone(tmp_path: Path) -> None:
    """A mapping may say whose times they are."""
    path = written(tmp_path / 'x.csv', [row(0).replace('.000Z', '')])
    report = analyse([path], columns=Columns(time_zone='Europe/Berlin'))
    assert report.sources[0].first == 1_772_452_800 - 3_600


def test_gzip_and_names_with_patterns(tmp_path: Path) -> None:
    """A star in a name is no pattern, a gzip needs no unpacking, and one that was cut off gives what it holds."""
    plain = tmp_path / 'a[1]*.csv'
    shutil.copyfile(FOLDER / 'clean.csv', plain)
    packed = tmp_path / 'b.csv.gz'
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert [analyse([path]).figure('requests').value for path in (plain, packed)] == 2 * [
        answers()['clean']['requests']
    ]
    packed.write_bytes(packed.read_bytes()[:-600])
    cut = analyse([packed])
    assert 0 < (cut.figure('rows').value or 0) < answers()['clean']['rows']
    assert 'damaged' in cut.odd_rows[-1].reason


def test_a_line_without_end(tmp_path: Path) -> None:
    """A line of megabytes is one bad row, and the next one is read."""
    path = written(tmp_path / 'x.csv', ['x' * 3_000_000, row(0)])
    report = analyse([path])
    assert report.figure('rows').value == 1
    assert [(one.line, one.text[:3]) for one in report.odd_rows] == [(2, 'xxx')]


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('', 'x.csv is empty'),
        ('\n\n', 'x.csv is empty'),
        ('a,b\n1,2\n', 'an export that is known (anthropic, ccusage, cerebras,'),
        ('a,b\n1,2\n', "it has 'a', 'b'. Say which column is what"),
        (HEADER.replace('Time Start', 'Began') + '\n', "of cerebras (usage by the minute) it lacks 'Time Start'"),
        (f'{HEADER},Requests\n', "2 columns named 'Requests'"),
    ],
)
def test_what_is_no_export(tmp_path: Path, text: str, says: str) -> None:
    """The message names the file and what to do."""
    (tmp_path / 'x.csv').write_text(text)
    with pytest.raises(ConfigError) as raised:
        analyse([tmp_path / 'x.csv'])
    assert says in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """And nothing at all to read."""
    with pytest.raises(ConfigError, match='cannot be read: No such file'):
        analyse([tmp_path / 'none.csv'])
    with pytest.raises(ConfigError, match='name at least one export'):
        analyse()


def test_a_header_alone(tmp_path: Path) -> None:
    """No rows, no figures that would divide by nothing, no error."""
    report = analyse([written(tmp_path / 'x.csv', [])])
    assert report.figure('rows').value == 0
    assert report.figure('input_per_request').value is None
    assert (report.sessions, report.days) == ((), ())


def test_a_mapping_that_is_none(tmp_path: Path) -> None:
    """What is missing, and what there is no such thing as."""
    path = tmp_path / 'x.toml'
    path.write_text('start = "a"\ninput = "b"\n')
    with pytest.raises(ConfigError, match='which column is output'):
        Columns.load(path)
    path.write_text('start = "a"\ninput = "b"\noutput = "c"\nend_time = "d"\n')
    with pytest.raises(ConfigError, match='end_time: unknown key'):
        Columns.load(path)


def test_without_duckdb_it_says_what_to_install() -> None:
    """The extra is named; the library itself does not need it."""
    code = (
        'import sys, importlib.util as u; found = u.find_spec\n'
        'u.find_spec = lambda name, *rest: None if name == "duckdb" else found(name, *rest)\n'
        'from compactor.analysis.usage import analyse\n'
        'assert "duckdb" not in sys.modules\n'
        'try: analyse(["x.csv"])\n'
        'except Exception as error: print(type(error).__name__, error)\n'
    )
    done = subprocess.run([sys.executable, '-c', code], check=True, capture_output=True, text=True)
    assert 'ConfigError' in done.stdout
    assert "pip install 'pydantic-ai-compactor[analysis]'" in done.stdout


def test_many_odd_lines_are_counted_and_some_named(tmp_path: Path) -> None:
    """A file of nothing but dirt does not fill the report."""
    path = written(tmp_path / 'x.csv', ['dirt'] * 1_000)
    with workspace() as work:
        source, named = read_export(work, 0, path, CEREBRAS)
    assert (source.bad, len(named)) == (1_000, 100)


@pytest.mark.parametrize(
    'odd',
    [
        row(2).replace('2026-03-02', '2026-02-30'),
        row(2).replace('2026-03-02', '2026-03-0٢'),
        row(2).replace(',1,1000,10,', ',١,1000,10,'),
        row(2).replace(',1010', ''),
        row(2, lasts=-1),
    ],
)
def test_a_bad_row_among_sound_ones(tmp_path: Path, odd: str) -> None:
    """It is named with its line, whatever is wrong with it; the others count."""
    path = written(tmp_path / 'x.csv', [row(0), row(1), odd, row(3)])
    report = analyse([path])
    assert (report.figure('rows').value, [one.line for one in report.odd_rows]) == (3, [4])
