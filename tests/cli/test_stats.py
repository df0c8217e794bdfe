"""`compactor stats`: requests, tokens and money of the last hours."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.cli.ledgers import made, some
from tests.cli.terminal import ran, run
from tests.ledger.entries import HOUR, entry


def test_a_person_sees_tables(tmp_path: Path) -> None:
    """By model, agent, task and kind; names from outside cannot steer the terminal, unknown costs say so."""
    path = made(tmp_path, some())
    text = ran('stats', '--hours', 2, '--store', path).replace(str(path), 'STORE')
    text = re.sub(r'^store\s+(\S+)$', 'store           \\1', text, count=1, flags=re.MULTILINE)  # long paths wrap
    assert text == snapshot("""\
store           sqlite:///STORE
period          the last 2 hours
requests        5, 1 failed
tokens          3,850 (3,500 sent, 350 received)
cost            $0.2500, without 1 request of unknown price
time            1.67 s a request on average
provider cache  0 tokens read, 0.0% of the input; 0 written
response cache  1 hit, 20.0% of the requests

By model
                                                             provider   response
              requests   input   output      cost     time      cache      cache
────────────────────────────────────────────────────────────────────────────────
glm:free             2   1,500      150     $0.00   1.50 s       0.0%       0.0%
gpt-5                2   1,000      100   $0.2500   2.00 s       0.0%      50.0%
new\\x1b[31m          1   1,000      100   unknown        -       0.0%       0.0%

By agent
                                                        provider   response
         requests   input   output      cost     time      cache      cache
───────────────────────────────────────────────────────────────────────────
critic          2   2,000      200   unknown   1.00 s       0.0%       0.0%
coder           2   1,000      100   $0.2500   2.00 s       0.0%      50.0%
(none)          1     500       50     $0.00   2.00 s       0.0%       0.0%

By task
                                                        provider   response
         requests   input   output      cost     time      cache      cache
───────────────────────────────────────────────────────────────────────────
(none)          4   2,500      250   unknown   1.50 s       0.0%      25.0%
coding          1   1,000      100   $0.2500   2.00 s       0.0%       0.0%

By kind of request
                                                          provider   response
          requests   input   output       cost     time      cache      cache
─────────────────────────────────────────────────────────────────────────────
request          4   3,000      300   $0.2500+   1.50 s       0.0%      25.0%
summary          1     500       50      $0.00   2.00 s       0.0%       0.0%

provider cache: share of the input that the provider had cached; response cache: share of the
requests that were answered here and not sent\
""")


def test_scripts_get_json(tmp_path: Path) -> None:
    """Every grouping adds up to the whole; money is exact text."""
    account = json.loads(ran('stats', '--store', made(tmp_path, some()), '--json'))
    assert (account['total_requests'], account['total_tokens'], account['total_cost']) == (5, 3_850, '0.25')
    for group in ('by_model', 'by_agent', 'by_task', 'by_kind'):
        assert sum(one['tokens'] for one in account[group].values()) == 3_850
        assert sum(one['requests'] for one in account[group].values()) == 5


def test_only_some(tmp_path: Path) -> None:
    """Of one agent, of one model, of the last hours."""
    path = made(tmp_path, [*some(), entry(time.time() - 30 * HOUR, agent='coder')])

    def requests(*arguments: object) -> int:
        found: int = json.loads(ran('stats', '--store', path, '--json', *arguments))['total_requests']
        return found

    assert requests() == 5
    assert requests('--hours', 48) == 6
    assert requests('--agent', 'coder') == 2
    assert requests('--agent', 'coder', '--model', 'glm:free') == 0


def test_nothing_yet(tmp_path: Path) -> None:
    """No tables without rows, no division by nothing."""
    text = ran('stats', '--store', made(tmp_path, [])).replace(str(tmp_path), 'FOLDER')
    assert text == snapshot("""\
store     sqlite:///FOLDER/store.db
period    the last 24 hours
requests  none\
""")


@pytest.mark.parametrize(
    'command',
    [
        ['stats'],
        ['stats', '--by', 'day'],
        ['report'],
        ['usage', '--ledger'],
        ['budget', 'show'],
        ['budget', 'remove', 'x'],
        ['cleanup', '--older-than', '1'],
    ],
)
def test_a_mistyped_store_is_not_made(tmp_path: Path, command: list[str]) -> None:
    """Neither the file nor its folder; nor are tables of ours made in somebody else's database."""
    code, out, err = run(*command, '--store', tmp_path / 'no' / 'new.db')
    assert (code, out) == (1, '')
    assert 'new.db is not there: see that the path is right' in err
    assert list(tmp_path.iterdir()) == []
    other = tmp_path / 'other.db'
    with closing(sqlite3.connect(other)) as connection:
        connection.execute('CREATE TABLE mine (a)')
    code, _, err = run(*command, '--store', other)
    assert (code, 'other.db holds nothing of ours' in err) == (1, True)
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute('SELECT name FROM sqlite_master').fetchall() == [('mine',)]


def test_errors_are_messages(tmp_path: Path) -> None:
    """A file that is no store, a URL of another kind, a period that is none; no password in what is said."""
    (tmp_path / 'text.db').write_text('this is not a database, whatever its name is' * 50)
    code, out, err = run('stats', '--store', tmp_path / 'text.db')
    assert (code, out, 'is damaged' in err) == (1, '', True)
    code, _, err = run('stats', '--store', 'mysql://root:hunter2@host/db')
    assert (code, 'not mysql://' in err, 'hunter2' in err) == (1, True, False)
    code, _, err = run('stats', '--store', 'postgresql://u:hunter2@127.0.0.1:1/db')
    assert (code, 'u@127.0.0.1:1' in err, 'hunter2' in err) == (1, True, False)
    assert run('stats', '--hours', 0)[0] == 2


BERLIN = ('--time-zone', 'Europe/Berlin')
MONTHS = 1_767_222_000  # 2026-01-01 00:00 in Berlin, still last year in UTC


def year(folder: Path) -> Path:
    """Requests around the turn of days and months in Berlin, and of two conversations."""
    hours = (-1, 0, 23, 24, 31 * 24, 31 * 24 + 5)
    return made(
        folder,
        [
            entry(
                MONTHS + hour * HOUR + 60,
                input_tokens=100 * (n + 1),
                output_tokens=10,
                cache_read_tokens=50,
                cost='0.5',
                conversation=f'c{n % 2}',
            )
            for n, hour in enumerate(hours)
        ],
    )


def along(path: Path, *options: object) -> list[dict[str, Any]]:
    """What `stats --by` has as JSON."""
    found: list[dict[str, Any]] = json.loads(ran('stats', '--store', path, '--since', '2025-12-01', '--json', *options))
    return found


@pytest.mark.parametrize(
    ('step', 'zone', 'wanted'),
    [
        ('month', BERLIN, [('2025-12', 1), ('2026-01', 3), ('2026-02', 2)]),
        ('month', (), [('2025-12', 2), ('2026-01', 3), ('2026-02', 1)]),
        ('week', BERLIN, [('2026-W01', 4), ('2026-W05', 2)]),
        ('day', BERLIN, [('2025-12-31', 1), ('2026-01-01', 2), ('2026-01-02', 1), ('2026-02-01', 2)]),
        ('day', ('--time-zone', 'Asia/Kathmandu'), [('2026-01-01', 2), ('2026-01-02', 2), ('2026-02-01', 2)]),
        ('session', (), [('c0', 3), ('c1', 3)]),
    ],
)
def test_along_the_time(tmp_path: Path, step: str, zone: tuple[str, ...], wanted: list[tuple[str, int]]) -> None:
    """By the hours, days and months of a time zone, a quarter of an hour off others too, and by conversation."""
    found = along(year(tmp_path), '--by', step, *zone)
    assert [(one['name'], one['requests']) for one in found] == wanted
    assert sum(one['prompt_tokens'] for one in found) == 2_100
    assert [one['cost'] for one in found] == [f'{one["requests"] / 2:g}' for one in found]
    assert all(one['provider_cache_read_rate'] == one['cache_read_tokens'] / one['prompt_tokens'] for one in found)


def test_an_hour_is_an_hour(tmp_path: Path) -> None:
    """Hours have their beginning and end; what lies before and after is left out, to the second."""
    path = year(tmp_path)
    found = along(path, '--by', 'hour', '--until', '2026-01-02')
    assert [(one['name'], one['end'] - one['start']) for one in found] == [
        ('2025-12-31 22:00', 3_600),
        ('2025-12-31 23:00', 3_600),
        ('2026-01-01 22:00', 3_600),
        ('2026-01-01 23:00', 3_600),
    ]
    edge = ('--since', '2025-12-31T23:01Z', '--until', '2026-01-01T22:01Z')
    assert [one['name'] for one in along(path, '--by', 'hour', *edge)] == ['2025-12-31 23:00']


def test_sums_along_the_time_are_the_whole(tmp_path: Path) -> None:
    """Whatever the step, they add up to what the summary of the same time says."""
    path = made(tmp_path, some())
    whole = json.loads(ran('stats', '--store', path, '--json'))
    for step in ('hour', 'day', 'week', 'month', 'session'):
        found = json.loads(ran('stats', '--store', path, '--by', step, '--hours', 24, '--json'))
        assert sum(one['requests'] for one in found) == whole['total_requests']
        assert sum(one['tokens'] for one in found) == whole['total_tokens']


def test_spreadsheets_get_csv(tmp_path: Path) -> None:
    """One line a stretch, or a group; numbers plain, names that a spreadsheet would calculate are texts."""
    path = year(tmp_path)
    rows = list(
        csv.DictReader(
            io.StringIO(ran('stats', '--by', 'day', *BERLIN, '--since', '2025-12-01', '--store', path, '--csv'))
        )
    )
    assert [(row['day'], row['start'], row['requests'], row['cost']) for row in rows][:2] == [
        ('2025-12-31', '2025-12-31T00:00:00+01:00', '1', '0.5'),
        ('2026-01-01', '2026-01-01T00:00:00+01:00', '2', '1'),
    ]
    path = made(tmp_path / 'other', [entry(time.time(), model='=cmd()', cost='-1')])
    groups = list(csv.DictReader(io.StringIO(ran('stats', '--store', path, '--csv'))))
    assert [(row['by'], row['name'], row['cost']) for row in groups][:2] == [
        ('total', '', '-1'),
        ('model', "'=cmd()", '-1'),
    ]


def test_a_person_sees_days(tmp_path: Path) -> None:
    """Which cache is meant is said."""
    text = ran('stats', '--by', 'month', *BERLIN, '--since', '2025-12-01', '--store', year(tmp_path))
    assert text == snapshot("""\
By month (Europe/Berlin)
                                                         provider   response
          requests   input   output      cost     time      cache      cache
────────────────────────────────────────────────────────────────────────────
2025-12          1     100       10   $0.5000   2.00 s      50.0%       0.0%
2026-01          3     900       30     $1.50   2.00 s      16.7%       0.0%
2026-02          2   1,100       20     $1.00   2.00 s       9.1%       0.0%

provider cache: share of the input that the provider had cached; response cache: share of the
requests that were answered here and not sent\
""")


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        (('--by', 'fortnight'), 'summed up by hour, day, week, month, session'),
        (('--since', 'soon'), 'a time is 2026-01-29'),
        (('--time-zone', 'Moon', '--since', '2026-01-01'), "unknown time zone 'Moon'"),
        (('--json', '--csv'), 'not both'),
    ],
)
def test_options_that_are_none(tmp_path: Path, options: tuple[str, ...], says: str) -> None:
    """A message and exit code 1."""
    code, _, err = run('stats', *options, '--store', made(tmp_path, []))
    assert (code, says in err) == (1, True)
