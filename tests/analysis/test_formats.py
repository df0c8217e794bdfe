"""The exports of vendors as they are: known by their columns, every figure counted, by two routes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from compactor.analysis.columns import Columns, same
from compactor.analysis.documents import is_json
from compactor.analysis.formats import FORMATS, Format, format_of, names
from compactor.analysis.usage import UsageReport, analyse
from compactor.errors import ConfigError
from tests.analysis.exports import FOLDER

VENDORS = FOLDER / 'vendors'
KEYS = ('requests', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cost')

TOTALS: dict[str, tuple[str, int, int, int, int, int, str | None]] = {
    'openai-usage.json': ('openai', 141, 1_600_250, 42_050, 400_000, 0, None),
    'openai-usage.csv': ('openai', 141, 1_600_250, 42_050, 400_000, 0, None),
    'openai-costs.json': ('openai', 0, 0, 0, 0, 0, '1.311234567891'),
    'openai-costs.csv': ('openai', 0, 0, 0, 0, 0, '0.50383598'),
    'anthropic-tokens.csv': ('anthropic', 0, 316_010, 1_575, 8_300, 6_000, None),
    'anthropic-costs.csv': ('anthropic', 0, 0, 0, 0, 0, '0.17'),
    'anthropic-usage.json': ('anthropic', 0, 3_207, 503, 200, 1_500, None),
    'anthropic-costs.json': ('anthropic', 0, 0, 0, 0, 0, '2.625'),
    'openrouter-activity.csv': ('openrouter', 3, 10_909, 142, 9_000, 0, '0.012300123456'),
    'openrouter-days.csv': ('openrouter', 8_369, 158_165_158, 5_805_092, 0, 0, '935.94'),
    'openrouter-activity.json': ('openrouter', 6, 57, 128, 0, 0, '0.016'),
    'litellm-logs.json': ('litellm', 3, 2_200, 30, 0, 0, '0.00075'),
    'litellm-days.csv': ('litellm', 450, 2_700, 1_800, 0, 0, '1046'),
    'langfuse-observations.csv': ('langfuse', 2, 1_500, 50, 0, 0, '0.001756'),
    'helicone-requests.csv': ('helicone', 2, 2_000, 20, 0, 0, '0.0052'),
    'ccusage-daily.json': ('ccusage', 0, 1_341, 569, 14, 92, '0.43'),
    'ccusage-weekly.json': ('ccusage', 0, 80, 20, 40, 30, '1.5'),
    'ccusage-monthly.json': ('ccusage', 0, 80, 20, 40, 30, '1.5'),
    'ccusage-blocks.json': ('ccusage', 12, 2_018, 15_000, 512, 256, '8.75'),
}
"""By hand: format, requests, input, output, of the input cached and written to the cache, dollars."""


def said(report: UsageReport) -> tuple[Any, ...]:
    """The figures of `KEYS`; 0 or None where a report has none."""
    found = {one.key: one.value for one in report.figures}
    return tuple(found.get(key, None if key == 'cost' else 0) for key in KEYS)


@pytest.mark.parametrize('name', sorted(TOTALS))
def test_totals(name: str) -> None:
    """To the token and to the millionth of a millionth of a dollar; nothing left out, nothing in doubt."""
    format, *figures, cost = TOTALS[name]
    report = analyse([VENDORS / name])
    assert said(report) == (*figures, None if cost is None else Decimal(cost))
    (source,) = report.sources
    assert (source.format, source.bad, source.doubted) == (format, 0, 0)
    assert report.odd_rows == ()


def test_every_fixture_is_summed_up() -> None:
    """And every format that is claimed has one, under its name."""
    assert {path.name for path in VENDORS.iterdir()} == set(TOTALS)
    seen = [format_of(table(VENDORS / name)[0]) for name in TOTALS]
    assert [one.what for one in FORMATS if one.name != 'cerebras' and one not in seen] == []


def table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a fixture, by another route than the library's: the standard library's readers alone."""
    text = path.read_text('utf-8')
    if not is_json(text):
        rows = list(csv.DictReader(io.StringIO(text)))
        return list(rows[0]), rows
    found = list(nested(json.loads(text, parse_float=str, parse_int=str)))
    return list(dict.fromkeys(name for row in found for name in row)), found


def nested(value: Any) -> Iterator[dict[str, str]]:
    """Rows wherever they lie in a document: objects that hold figures and no more objects in lists."""
    if isinstance(value, list):
        for one in value:
            yield from nested(one)
        return
    lists = {k: v for k, v in value.items() if isinstance(v, list) and v and isinstance(v[0], dict)}
    own = {k: v for k, v in value.items() if k not in lists and k != 'totals' and not isinstance(v, list)}
    if not lists and own and not {'has_more', 'results'} & set(value):
        yield flat(own)
    for name, rows in lists.items():
        for row in nested(rows):
            one = {**flat(own), **row} if name in ('results', 'modelBreakdowns') else row
            one = {**one, 'totalCost': one.pop('cost')} if name == 'modelBreakdowns' else one
            yield {'week': one['period'], **one} if 'period' in one else one


def flat(value: dict[str, Any], before: str = '') -> dict[str, str]:
    """Fields of objects in objects with a point."""
    found: dict[str, str] = {}
    for name, one in value.items():
        if isinstance(one, dict):
            found.update(flat(one, f'{before}{name}.'))
        elif one is not None:
            found[before + name] = str(one).lower() if isinstance(one, bool) else str(one)
    return found


@pytest.mark.parametrize('name', sorted(TOTALS))
def test_totals_by_a_second_route(name: str) -> None:
    """The same by summing up the columns with the standard library, each row of an id once."""
    header, rows = table(VENDORS / name)
    known = format_of(header)
    assert known is not None
    columns = known.columns_of(header)
    of = {same(cell): cell for cell in header}
    seen: set[str] = set()
    counted = []
    for row in rows:
        keep = all((row.get(of[same(k)]) or '') in texts for k, texts in columns.only.items())
        name_of = row.get(of[same(columns.id)], '') if columns.id else ''
        if keep and not (name_of and name_of in seen):
            counted.append(row)
        seen.add(name_of)

    def summed(names: tuple[str, ...]) -> Decimal:
        cells = (row.get(of[same(name)]) or '0' for name in names for row in counted)
        return sum((Decimal(cell.replace(',', '')) for cell in cells), Decimal(0))

    cents = 100 if columns.cost_unit == 'cents' else 1
    money = summed(columns.cost) / cents if columns.cost else None
    figures = [summed(getattr(columns, one)) for one in ('input', 'output', 'cache_read', 'cache_write')]
    told = [row for row in counted if any(row.get(of[same(n)]) for n in (*columns.input, *columns.output))]
    asked = summed(columns.requests) if columns.requests else len(told) if columns.rows == 'requests' else 0
    assert said(analyse([VENDORS / name])) == (asked, *figures, money)


@pytest.mark.parametrize('one', FORMATS, ids=lambda one: f'{one.name}-{one.what}')
def test_a_format_has_a_header_row_and_a_source(one: Format) -> None:
    """Its columns are in the header row as it was read, and it says where that was."""
    header = next(csv.reader([one.header]))
    assert one.fits(header)
    assert one.source.startswith('https://') or (FOLDER.parents[1] / one.source).is_file()
    there = {same(cell) for cell in header}
    for field, columns in one.columns.named().items():
        known = {same(name) for name in columns} & there
        assert known or field in ('cache_write', 'model'), (field, columns)
    assert format_of(header) is one
    assert format_of(header, one.name) is one


def test_a_format_by_name() -> None:
    """A file that is none of it says so; a name that there is not is refused with those that there are."""
    path = VENDORS / 'openai-usage.csv'
    assert said(analyse([path], format='openai')) == said(analyse([path]))
    with pytest.raises(ConfigError, match='not an export of litellm'):
        analyse([path], format='litellm')
    with pytest.raises(ConfigError, match=f'no format .openapi.; there are: {", ".join(names())}'):
        analyse([path], format='openapi')


def test_usage_and_costs_of_one_vendor_are_added() -> None:
    """Tokens from the one export, dollars from the other, of the same days."""
    report = analyse([VENDORS / 'openai-usage.csv', VENDORS / 'openai-costs.json'])
    assert said(report) == (141, 1_600_250, 42_050, 400_000, 0, Decimal('1.311234567891'))
    day = report.days[0]
    assert (day.date, day.input, day.cost) == ('2026-11-02', 1_600_000, Decimal('1.311234567891'))


def test_one_export_twice_counts_once() -> None:
    """As CSV and as JSON too, where both say who used it in the same words."""
    for name in TOTALS:
        path = VENDORS / name
        assert said(analyse([path, path])) == said(analyse([path])), name


@pytest.mark.parametrize('mark', ['utf-8-sig', 'utf-16'])
def test_marks_of_byte_order(tmp_path: Path, mark: str) -> None:
    """What a spreadsheet on Windows saves."""
    for name in ('litellm-days.csv', 'litellm-logs.json'):
        path = tmp_path / name
        path.write_bytes((VENDORS / name).read_text('utf-8').encode(mark))
        assert said(analyse([path])) == said(analyse([VENDORS / name]))


def test_json_lines(tmp_path: Path) -> None:
    """One row a line is read like a list of them."""
    rows = json.loads((VENDORS / 'litellm-logs.json').read_text())
    path = tmp_path / 'logs.jsonl'
    path.write_text('\n'.join(map(json.dumps, rows)) + '\n\n')
    assert said(analyse([path])) == said(analyse([VENDORS / 'litellm-logs.json']))


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('{"a": 1', 'is no JSON'),
        ('{"a": 1}\n{"b": }\n', 'line 2 is no JSON'),
        ('[1, 2]', 'holds no list of rows'),
        ('[{"a": 1}]', "it has 'a'"),
        ('[' * 100_000, 'nested too deeply'),
    ],
)
def test_documents_that_are_none(tmp_path: Path, text: str, says: str) -> None:
    """An error that names the file, never a traceback."""
    path = tmp_path / 'x.json'
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        analyse([path])


def test_a_page_without_usage_is_no_error() -> None:
    """An API that has nothing to tell says so with an empty list."""
    code = 'from compactor.analysis.usage import analyse; print(analyse(["-"]).figure("rows").value)'
    page = '{"object": "page", "data": [], "has_more": false}'
    done = subprocess.run([sys.executable, '-c', code], input=page, text=True, capture_output=True, check=True)
    assert done.stdout == '0\n'


MAPPING = Columns.of(start='at', input='in', output='out', model='model')


def table_of(path: Path, *rows: str, header: str = 'at,in,out,model,key') -> Path:
    """A small export."""
    path.write_text('\n'.join([header, *rows, '']))
    return path


def test_rows_of_different_keys_are_added(tmp_path: Path) -> None:
    """Whatever column tells them apart, text or number; only what is the same in everything is the same row."""
    rows = (
        '2026-11-02 10:00,10,1,m,a',
        '2026-11-02 10:00,20,2,m,b',
        '2026-11-02 10:00,40,4,m,7',
        '2026-11-02 10:00,80,8,m,8',
    )
    path = table_of(tmp_path / 'x.csv', *rows, rows[0])
    assert said(analyse([path], columns=MAPPING))[1:3] == (150, 15)


def test_two_files_of_different_keys_are_added_and_of_the_same_merged(tmp_path: Path) -> None:
    """An export a key gives what one export of both keys gives, in any order, and beside it, too."""
    one = table_of(tmp_path / '1.csv', '2026-11-02 10:00,10,1,m,a')
    two = table_of(tmp_path / '2.csv', '2026-11-02 10:00,20,2,m,b')
    both = table_of(tmp_path / '3.csv', '2026-11-02 10:00,10,1,m,a', '2026-11-02 10:00,20,2,m,b')
    early = table_of(tmp_path / '4.csv', '2026-11-02 10:00,9,1,m,a', '2026-11-02 10:00,20,2,m,b')
    for files in ((one, two), (two, one), (both,), (both, one), (two, both, one), (early, both), (both, early)):
        assert said(analyse(files, columns=MAPPING))[1:3] == (30, 3), files


def test_rows_apart_by_a_number_are_summed_before_files_are_compared(tmp_path: Path) -> None:
    """A number may be a name or a figure; within a file such rows are added, between files the fuller file counts."""
    early = table_of(tmp_path / '1.csv', '2026-11-02 10:00,10,1,m,1', '2026-11-02 10:00,20,2,m,2')
    late = table_of(tmp_path / '2.csv', '2026-11-02 10:00,11,1,m,1', '2026-11-02 10:00,20,2,m,2')
    for files in ((early, late), (late, early)):
        report = analyse(files, columns=MAPPING)
        assert said(report)[1:3] == (31, 3)
        assert report.merging.conflicting == 2


def test_requests_without_an_id(tmp_path: Path) -> None:
    """Rows that begin within a minute are requests; alike ones are two in a file, and the same in two files."""
    rows = ('2026-11-02 10:00:05.1,10,1,m', '2026-11-02 10:00:05.1,10,1,m', '2026-11-02 10:00:05.9,20,2,m')
    path = table_of(tmp_path / 'x.csv', *rows, header='at,in,out,model')
    assert said(analyse([path], columns=MAPPING))[:3] == (3, 40, 4)
    assert said(analyse([path, path], columns=MAPPING))[:3] == (3, 40, 4)
    report = analyse([path], columns=MAPPING)
    assert report.figure('rows').value == 1  # the minute


def test_requests_of_which_some_have_an_id(tmp_path: Path) -> None:
    """The same id is the same request; what has none is no other one."""
    rows = (
        '2026-11-02 10:00:05,1,1,a',
        '2026-11-02 10:00:05,1,1,a',
        '2026-11-02 10:00:05,1,1,',
        '2026-11-02 10:00:05,1,1,',
    )
    path = table_of(tmp_path / 'x.csv', *rows, header='at,in,out,id')
    columns = Columns.of(start='at', input='in', output='out', id='id', rows='requests')
    assert said(analyse([path], columns=columns))[:2] == (3, 3)


def test_several_columns_are_one_figure(tmp_path: Path) -> None:
    """Their sum; and a mapping says whether a row is a request."""
    path = table_of(tmp_path / 'x.csv', '2026-11-02 10:00,10,1,5', header='at,in,out,cached')
    both = Columns.of(start='at', input=('in', 'cached'), output='out', cache_read='cached', rows='requests')
    assert said(analyse([path], columns=both))[:4] == (1, 15, 1, 5)


def test_a_column_cannot_mean_two_things(tmp_path: Path) -> None:
    """Whatever its capitals; but what is cached is part of the input."""
    path = tmp_path / 'x.toml'
    path.write_text('start = "Date"\ninput = "Quantity"\noutput = "quantity"\n')
    with pytest.raises(ConfigError, match=r"x.toml: the column 'quantity' is named twice, as input and as output"):
        Columns.load(path)


def test_money_that_is_no_dollars_is_named(tmp_path: Path) -> None:
    """Never added up as if it was."""
    path = tmp_path / 'costs.json'
    path.write_text((VENDORS / 'openai-costs.json').read_text().replace('"usd"', '"eur"', 1))
    report = analyse([path])
    assert said(report)[-1] == Decimal('1.25')
    assert [one.reason for one in report.odd_rows] == ['amount.currency is not dollars: eur']


@pytest.mark.parametrize('cell', ['x', '1e9', 'nan', '--1'])
def test_what_is_no_money_is_named(tmp_path: Path, cell: str) -> None:
    """Left out, with its line."""
    path = table_of(tmp_path / 'x.csv', f'2026-11-02,1,1,{cell}', '2026-11-03,1,1,$0.50', header='at,in,out,paid')
    report = analyse([path], columns=Columns.of(start='at', input='in', output='out', cost='paid'))
    assert said(report)[-1] == Decimal('0.5')
    assert [one.line for one in report.odd_rows] == [2]
