"""`compactor report`: what was spent and saved, and what could be better."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from inline_snapshot import snapshot

from tests.cli.ledgers import made, some
from tests.cli.terminal import ran, run
from tests.ledger.entries import NOW, entry


def test_a_person_sees_the_report(tmp_path: Path) -> None:
    """Savings, the ranking of models, advice with figures."""
    text = ran('report', '--hours', 2, '--store', made(tmp_path, some()))
    text = re.sub(r'(?m)^(today +).*$', r'\1TODAY', text)  # half an hour ago may have been yesterday
    assert text == snapshot("""\
period          the last 2 hours
requests        5, 1 failed
tokens          3,850 (3,500 sent, 350 received)
cost            $0.2500, without 1 request of unknown price
time            1.67 s a request on average
provider cache  0 tokens read, 0.0% of the input; 0 written
response cache  1 hit, 20.0% of the requests
today           TODAY

Savings
sent and received             3,850 tokens
spared by compaction          4,000
spared by output budgets      0
spared by the response cache  0
spent on summaries            -550
saved                         3,450 (47.3%)
saved, in money               $0.005000 (an estimate)

Models, most efficient first
           efficiency   tokens/s   a request   requests
───────────────────────────────────────────────────────
glm:free         free        550       $0.00          2
gpt-5           2,200        550     $0.2500          1

Agents, most efficient first
         efficiency   tokens/s   a request   requests
─────────────────────────────────────────────────────
(none)         free        275       $0.00          1
coder         2,200        550     $0.2500          1
critic            -      1,100       $0.00          1

efficiency: tokens, input and output, a second, by the dollars of a request; more is better

Recommendations
- glm:free is free, at 550 tokens a second.
- 20.0% of 5 requests were answered from the cache: a fair share.
- The price of 1 request is not known (new\\x1b[31m): set it, or the costs above are too low.\
""")


def test_scripts_get_the_same(tmp_path: Path) -> None:
    """All keys, no infinity."""
    account = json.loads(ran('report', '--store', made(tmp_path, some()), '--json'))
    assert list(account) == [
        'period_hours',
        'cache',
        'metrics',
        'efficiency_rankings',
        'agent_rankings',
        'recommendations',
        'savings',
        'reacquired',
        'today',
    ]
    best = account['efficiency_rankings'][0]
    assert (best['model'], best['free'], best['efficiency']) == ('glm:free', True, None)
    assert account['savings']['tokens_saved'] == 4_000 - 550


def test_negative_savings_are_negative(tmp_path: Path) -> None:
    """A summary that cost more than it spared."""
    text = ran('report', '--store', made(tmp_path, [entry(time.time() - 1, kind='summary', cost='0.5')]))
    rows = dict(re.findall(r'(?m)^(spent on summaries|saved|saved, in money)  +(.*)$', text))
    assert rows == snapshot(
        {'spent on summaries': '-1,100', 'saved': '-1,100', 'saved, in money': '-$0.5000 (an estimate)'}
    )


def test_a_dear_day(tmp_path: Path) -> None:
    """Above the threshold it is said loudly."""
    path = made(tmp_path, [entry(time.time(), cost='51')])
    assert 'MORE THAN $50.00 A DAY' in ran('report', '--store', path)
    assert 'MORE' not in ran('report', '--store', path, '--alert', 60)
    for form in ((), ('--json',), ('--csv',)):
        code, out, err = run('report', '--store', path, '--alert', 40, *form)
        assert (code, bool(out), err) == (1, True, 'today cost $51.00, more than $40.00')


def test_an_alert_on_what_is_not_known(tmp_path: Path) -> None:
    """A request of unknown price may be why there is none."""
    path = made(tmp_path, [entry(time.time(), cost='1'), entry(time.time(), cost=None, model='my-own')])
    code, _, err = run('report', '--store', path, '--alert', 40)
    assert (code, err) == (0, 'of today, 1 request of unknown price are not in the sum')


def test_a_conversation(tmp_path: Path) -> None:
    """Duration, tasks, tokens, cost, averages."""
    path = made(tmp_path, some(NOW))
    assert ran('report', '--conversation', 'c1', '--store', path) == snapshot("""\
conversation  c1
began         2026-02-02 02:09:58 UTC
took          2.00 s
tasks         2, in 2 requests
tokens        2,200, 1,100 a task
cost          $0.2500, $0.1250 a task

By kind of task
         requests   tokens      cost
────────────────────────────────────
(none)          1    1,100     $0.00
coding          1    1,100   $0.2500

By model
           requests   tokens      cost
──────────────────────────────────────
glm:free          1    1,100     $0.00
gpt-5             1    1,100   $0.2500\
""")
    account = json.loads(ran('report', '--conversation', 'c1', '--json', '--store', path))
    assert (account['tasks'], account['avg_cost_per_task']) == (2, '0.125')
    code, _, err = run('report', '--conversation', 'none', '--store', path)
    assert (code, "knows no conversation 'none'" in err) == (1, True)


def test_nothing_yet(tmp_path: Path) -> None:
    """Nothing is advised where nothing happened."""
    text = ran('report', '--store', made(tmp_path, []))
    assert 'requests  none' in text
    assert 'Recommendations' not in text
