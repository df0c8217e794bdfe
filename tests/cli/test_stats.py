"""`compactor stats`: requests, tokens and money of the last hours."""

from __future__ import annotations

import json
import time
from pathlib import Path

from inline_snapshot import snapshot

from tests.cli.ledgers import made, some
from tests.cli.terminal import ran, run
from tests.ledger.entries import HOUR, entry


def test_a_person_sees_tables(tmp_path: Path) -> None:
    """By model, agent, task and kind; names from outside cannot steer the terminal, unknown costs say so."""
    path = made(tmp_path, some())
    text = ran('stats', '--hours', 2, '--store', path).replace(str(path), 'STORE')
    assert text == snapshot("""\
store     sqlite:///STORE
period    the last 2 hours
requests  5, 1 failed
tokens    3,850 (3,500 sent, 350 received)
cost      $0.2500, without 1 request of unknown price
time      1.67 s a request on average
cache     1 hit, 20.0% of the requests

By model
           requests   input   output      cost     time   cached
────────────────────────────────────────────────────────────────
glm:free          2   1,500      150     $0.00   1.50 s     0.0%
gpt-5             2   1,000      100   $0.2500   2.00 s    50.0%
new�[31m          1   1,000      100   unknown        -     0.0%

By agent
         requests   input   output      cost     time   cached
──────────────────────────────────────────────────────────────
critic          2   2,000      200   unknown   1.00 s     0.0%
coder           2   1,000      100   $0.2500   2.00 s    50.0%
(none)          1     500       50     $0.00   2.00 s     0.0%

By task
         requests   input   output      cost     time   cached
──────────────────────────────────────────────────────────────
(none)          4   2,500      250   unknown   1.50 s    25.0%
coding          1   1,000      100   $0.2500   2.00 s     0.0%

By kind of request
          requests   input   output       cost     time   cached
────────────────────────────────────────────────────────────────
request          4   3,000      300   $0.2500+   1.50 s    25.0%
summary          1     500       50      $0.00   2.00 s     0.0%\
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
    text = ran('stats', '--store', tmp_path / 'new.db').replace(str(tmp_path), 'FOLDER')
    assert text == snapshot("""\
store     sqlite:///FOLDER/new.db
period    the last 24 hours
requests  none\
""")


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
