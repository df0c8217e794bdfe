"""No minute counts twice, whichever files it stands in."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.analysis.rows import Counted
from compactor.analysis.usage import UsageReport, analyse
from compactor.errors import ConfigError
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from tests.analysis.exports import FOLDER, answers, row, seconds, written
from tests.ledger.entries import entry

NOON = 1_772_452_800.0


def said(report: UsageReport) -> tuple[object, ...]:
    """Rows, requests and input tokens."""
    return tuple(report.figure(key).value for key in ('rows', 'requests', 'input_tokens'))


def test_two_exports_that_overlap() -> None:
    """What both have counts once; of a minute that was still going on, the fuller row counts."""
    known = answers()
    whole = analyse([FOLDER / 'clean.csv'])
    for files in (('early.csv', 'late.csv'), ('late.csv', 'early.csv')):
        report = analyse([FOLDER / name for name in files])
        assert said(report) == said(whole)
        assert (report.merging.identical, report.merging.conflicting) == (
            known['merged']['identical'],
            known['merged']['conflicting'],
        )
        (conflict,) = report.merging.conflicts
        assert conflict.start == seconds(known['merged']['conflict'])
        assert (conflict.kept.source, conflict.dropped.source) == ('late.csv', 'early.csv')


@settings(max_examples=max(25, settings().max_examples // 4))
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 3)), max_size=8), min_size=1, max_size=3
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_files_and_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[int, int, int]]], chance: random.Random
) -> None:
    """And a file named twice changes nothing."""
    folder = tmp_path_factory.mktemp('order')
    paths = [written(folder / f'{n}.csv', [row(m, r, t) for m, r, t in rows]) for n, rows in enumerate(files)]
    one = analyse(paths)
    for path in paths:
        head, *lines = path.read_text().splitlines()
        chance.shuffle(lines)
        path.write_text('\n'.join([head, *lines, '']))
    other = analyse([*reversed(paths), paths[0]])
    assert said(one) == said(other)
    assert one.sessions == other.sessions
    best: dict[int, tuple[int, int]] = {}
    for minute, requests, tokens in (each for rows in files for each in rows):
        best[minute] = max(best.get(minute, (0, 0)), (requests, tokens))
    assert said(one) == (len(best), sum(r for r, _ in best.values()), sum(t for _, t in best.values()))


def test_models_and_regions_are_not_mixed_up(tmp_path: Path) -> None:
    """The same minute of two models is two rows, and one minute."""
    path = written(tmp_path / 'x.csv', [row(0, model='a'), row(0, model='b')])
    report = analyse([path])
    assert said(report) == (2, 2, 2_000)
    assert report.sessions[0].minutes == 1
    assert said(analyse([path], models=['b'])) == (1, 1, 1_000)
    with pytest.raises(ConfigError, match="no rows of a model 'c'; there are 'a', 'b'"):
        analyse([path], models=['c'])


@pytest.mark.parametrize(('hour', 'wanted'), [(2_000, (2, 2, 2_000)), (5_000, (1, 9, 5_000))])
def test_hours_and_the_minutes_in_them(tmp_path: Path, hour: int, wanted: tuple[int, int, int]) -> None:
    """Told twice in different lengths: the side with more tokens counts."""
    minutes = written(tmp_path / 'a.csv', [row(3), row(59)])
    hours = written(tmp_path / 'b.csv', [row(0, 9, hour, lasts=60)])
    report = analyse([hours, minutes])
    assert said(report) == wanted
    assert [one.seconds for one in report.merging.overlaps] == [3_600]


def test_a_minute_outside_of_the_hour_stays(tmp_path: Path) -> None:
    """Only what lies in the long row is told twice."""
    minutes = written(tmp_path / 'a.csv', [row(3), row(60)])
    hours = written(tmp_path / 'b.csv', [row(0, 9, 5_000, lasts=60)])
    assert said(analyse([hours, minutes])) == (2, 10, 6_000)


def test_rows_of_any_length_are_no_export(tmp_path: Path) -> None:
    """A file of other things is refused, not summed up."""
    path = written(tmp_path / 'x.csv', [row(100 * n, lasts=n + 1) for n in range(30)])
    with pytest.raises(ConfigError, match='more than 24 different times'):
        analyse([path])


def ledger(folder: Path) -> Store:
    """A ledger with requests before, within and after an hour of exports, one to another model, one from the cache."""
    store = Store.open(folder / 'store.db')
    Ledger(store).record_many(
        [
            entry(NOON - 90, model='m-1', input_tokens=1),
            entry(NOON + 30, model='m-1', input_tokens=10),
            entry(NOON + 30.5, model='m-2', input_tokens=100),
            entry(NOON + 31.5, model='m-2', input_tokens=100),
            entry(NOON + 7_200, model='m-1', input_tokens=1_000),
            entry(NOON + 7_200, model='m-1', input_tokens=0, output_tokens=0, cache_hit=True),
            entry(NOON + 7_201, model='m-1', input_tokens=0, output_tokens=0, error='ModelHTTPError: 500'),
        ]
    )
    return store


def test_a_ledger_alone(tmp_path: Path) -> None:
    """Requests by the minute they ended in; answers from the cache and failures without tokens were no usage."""
    with ledger(tmp_path) as store:
        report = analyse(ledger=store)
    assert said(report) == (4, 5, 1_211)
    assert [(one.start - NOON, one.requests) for one in report.sessions] == [(-120, 4), (7_200, 1)]
    assert report.models[0].region == 'openai'


def test_a_ledger_beside_an_export(tmp_path: Path) -> None:
    """Where the provider's export speaks of a model, the ledger does not count; elsewhere it does."""
    path = written(tmp_path / 'x.csv', [row(0, 1, 11, model='M 1'), row(59, 1, 12, model='M 1')])
    with ledger(tmp_path) as store:
        report = analyse([path], ledger=store)
    assert said(report) == (5, 6, 11 + 12 + 1 + 200 + 1_000)
    assert report.merging.ledger_rows == 1
    assert [one.merged for one in report.sources] == [0, 1]


def test_a_conflict_says_which_rows(tmp_path: Path) -> None:
    """Both are told, with the file of each."""
    a = written(tmp_path / 'a.csv', [row(0, 2, 50)])
    b = written(tmp_path / 'b.csv', [row(0, 1, 900)])
    (one,) = analyse([a, b]).merging.conflicts
    assert (one.start, one.kept, one.dropped) == (NOON, Counted('a.csv', 2, 50, 10), Counted('b.csv', 1, 900, 10))
