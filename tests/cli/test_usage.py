"""`compactor usage`: exports and the ledger on a terminal, as JSON, as a report."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compactor.cli.usage import amount
from compactor.errors import ConfigError
from tests.analysis.exports import FOLDER, answers, row, written
from tests.cli.ledgers import made, some
from tests.cli.terminal import ran, run


def test_a_person_sees_figures_sessions_days_and_verdicts(tmp_path: Path) -> None:
    """Each figure with its formula; the terminal's width cuts no formula off."""
    rows = [row(0, 10, 200_000, 2_000), row(1, 0, 0, 0), row(3, 5, 50_000, 700), row(60, 4, 40_000, 500)]
    path = written(tmp_path / 'x.csv', rows)
    claims = tmp_path / 'claims.toml'
    claims.write_text('[[claim]]\ntext = "15,000 a request"\nvalue = 15000\n')
    text = ran(
        *('usage', path, '--daily-limit', '300k', '--target-tokens', '12_000', '--claims', claims),
        *('--split', '2026-03-02T12:30Z'),
    )
    assert text == snapshot("""\
                                                 value   formula
────────────────────────────────────────────────────────────────────────────────────────────────────
rows                                                 4   rows, each minute, model and region once
active rows                                          3   rows with requests or tokens
requests                                            19   Σ requests
input tokens                                   290,000   Σ input tokens
output tokens                                    3,200   Σ output tokens
tokens                                         293,200   Σ input + Σ output = 290,000 + 3,200
input tokens a request                          15,263   Σ input tokens / Σ requests = 290,000 / 19
tokens a request                                15,432   Σ (input + output) / Σ requests = 293,200 /
                                                         19
output tokens a request                            168   Σ output tokens / Σ requests = 3,200 / 19
input for one of output                          90.62   Σ input / Σ output = 290,000 / 3,200
sessions                                             2   a session ends where the starts of two
                                                         successive active minutes lie more than 600
                                                         seconds apart
of the daily limit on the fullest day            96.7%   Σ input tokens of a day in UTC / daily
                                                         limit = 290,000 / 300,000 on 2026-03-02
most input tokens in a minute                  200,000   largest sum of input tokens of one minute
most tokens in a minute                        202,000   largest sum of input + output of one minute
most requests in a minute                           10   largest sum of requests of one minute
minutes with more than 500,000 input tokens          0   minutes with more than 500,000 input
                                                         tokens, of 3 active ones
minutes with 1,000,000 tokens or more                0   minutes with 1,000,000 tokens or more, of 3
                                                         active ones
minutes with more than 50 requests                   0   minutes with more than 50 requests, of 3
                                                         active ones
mean of input tokens a request over minutes     13,333   mean of (input) / requests, each minute
                                                         with requests weighing the same
mean of tokens a request over minutes           13,488   mean of (input + output) / requests, each
                                                         minute with requests weighing the same
mean of input tokens a request over sessions    13,333   mean of (input) / requests, each session
                                                         with requests weighing the same
mean of tokens a request over sessions          13,486   mean of (input + output) / requests, each
                                                         session with requests weighing the same

Sessions
               began   minutes   requests     input   input a request        verdict
────────────────────────────────────────────────────────────────────────────────────
1   2026-03-02 12:00         2         15   250,000            16,667   above target
2   2026-03-02 13:00         1          4    40,000            10,000   below target

Days (UTC)
             requests     input   output   input / limit   total / limit        verdict
───────────────────────────────────────────────────────────────────────────────────────
2026-03-02         19   290,000    3,200           96.7%           97.7%   above target

- a session ends where the starts of two successive active minutes lie more than 600 seconds apart
- 1 of 2 sessions at or above the target of 12,000 input tokens a request, 1 below it
- 1 of 1 days at or above the target of 80% of 300,000 input tokens a day; on 0 the limit was
reached
- if it counted tokens of input and output, it would have been reached on 0
- trend: 2 sessions: too few, or too much alike, to show a trend

Two periods
- 10,000 input tokens a request after, 16,667 before: -40.0%; from 1 and 1 sessions, too few for an
interval
- This is what happened together, not what caused it: tasks, repositories, people and models that
changed between the periods are in the difference too. Sessions are taken as independent of each
other; sessions of one long task are not, and then the interval is too narrow.

Claims
- 15,000 a request: not reproducible; nearest is 15,263 = Σ input tokens / Σ requests = 290,000 /
19, 1.75% off
looked through 22 parts (beginnings, ends, all but one minute, runs of sessions): none does, the
nearest is 15,263.2

Files
- x.csv: 4 rows (cerebras)\
""")


def test_scripts_get_everything() -> None:
    """All keys; figures by name, with their formula."""
    account = json.loads(ran('usage', FOLDER / 'clean.csv', '--daily-limit', '24M', '--json'))
    assert list(account) == [
        *(
            'rules',
            'sources',
            'odd_rows',
            'merging',
            'models',
            'figures',
            'sessions',
            'days',
            'trend',
            'comparison',
            'claims',
        )
    ]
    figure = account['figures']['input_per_request']
    assert figure['value'] == answers()['clean']['input_per_request']
    assert figure['formula'] == 'Σ input tokens / Σ requests'
    assert account['sessions'][0]['verdict'] == 'above target'
    assert account['rules']['session_rule'].startswith('a session ends where')


def test_a_report_for_the_browser(tmp_path: Path) -> None:
    """Written beside what the terminal shows; said on stderr, so that --json stays JSON."""
    code, out, err = run('usage', FOLDER / 'clean.csv', '--html', tmp_path / 'r.html', '--json')
    assert (code, err) == (0, f'report: {tmp_path / "r.html"}')
    assert json.loads(out)
    assert (tmp_path / 'r.html').read_text(encoding='utf-8').startswith('<!doctype html>')
    code, _, err = run('usage', FOLDER / 'clean.csv', '--html', tmp_path / 'none' / 'r.html')
    assert (code, err.splitlines()[-1]) == (
        1,
        f'error: {tmp_path / "none" / "r.html"} cannot be written: No such file or directory',
    )


def test_odd_rows_are_named_on_stderr() -> None:
    """With file and line, ten of them."""
    code, out, err = run('usage', FOLDER / 'dirty.csv')
    assert code == 0
    assert 'dirty.csv: 61 rows, 9 left out, 1 doubted' in out
    assert err.splitlines()[0] == 'dirty.csv, line 12: the header again (left out)'


def test_the_ledger(tmp_path: Path) -> None:
    """Alone, and only where it is asked for."""
    account = json.loads(ran('usage', '--ledger', '--store', made(tmp_path, some()), '--json'))
    assert account['figures']['requests']['value'] == 4
    assert run('usage') == (1, '', 'error: name at least one export, or say that the ledger is meant')


def test_names_from_outside_cannot_steer_the_terminal() -> None:
    """No control characters come through."""
    text = ran('usage', FOLDER / 'hostile.csv')
    assert '\x1b' not in text


def test_two_periods(tmp_path: Path) -> None:
    """A split, or two spans; an end that is left out is open."""
    days = ('2026-03-27..2026-03-29', '2026-03-29..')
    by_span = json.loads(ran('usage', FOLDER / 'clean.csv', '--compare', *days, '--json'))['comparison']
    by_split = json.loads(ran('usage', FOLDER / 'clean.csv', '--split', '2026-03-29', '--json'))['comparison']
    assert by_span['change'] == by_split['change']
    assert (by_span['before']['sessions'], by_span['after']['sessions']) == (2, 5)


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        (('--daily-limit', '24 apples'), '--daily-limit is a number of tokens'),
        (('--count', 'output'), "limit_counts: Input should be 'input' or 'total'"),
        (('--time-zone', 'Mars'), 'unknown time zone'),
        (('--split', 'then'), 'a time is 2026-01-29'),
        (('--split', '2026-01-01', '--compare', '..', '..'), 'not both'),
        (('--compare', '2026-01-01', '..'), 'a period is FROM..TO'),
        (('--model', 'none'), "no rows of a model 'none'"),
    ],
)
def test_options_that_are_none(options: tuple[str, ...], says: str) -> None:
    """One line on stderr, exit code 1."""
    code, out, err = run('usage', FOLDER / 'clean.csv', *options)
    assert (code, out) == (1, '')
    assert says in err


@pytest.mark.parametrize(
    ('text', 'number'),
    [('24M', 24_000_000), ('1.5m', 1_500_000), ('300K', 300_000), ('24,000,000', 24_000_000), ('2b', 2 * 10**9)],
)
def test_amounts(text: str, number: int) -> None:
    """As people write them."""
    assert amount(text, '--x') == number


@pytest.mark.parametrize('text', ['', '0', '-1', '1.5', 'M', '0.0001k', '1e6'])
def test_what_is_no_amount(text: str) -> None:
    """The option is named."""
    with pytest.raises(ConfigError, match='--x is a number of tokens'):
        amount(text, '--x')


def test_a_format_by_name(tmp_path: Path) -> None:
    """Seen from the columns, or said; not both ways at once."""
    path = FOLDER / 'vendors' / 'openai-usage.csv'
    assert ran('usage', path, '--json') == ran('usage', path, '--format', 'openai', '--json')
    assert 'openai-usage.csv: 3 rows (openai)' in ran('usage', path)
    code, _, err = run('usage', path, '--format', 'openapi')
    assert (code, "there is no format 'openapi'" in err) == (1, True)
    code, _, err = run('usage', path, '--format', 'openai', '--columns', FOLDER / 'other.toml')
    assert (code, 'not both' in err) == (1, True)


def test_days_for_a_spreadsheet() -> None:
    """With what was paid, exactly."""
    rows = list(csv.DictReader(io.StringIO(ran('usage', FOLDER / 'vendors' / 'openrouter-days.csv', '--csv'))))
    assert [(row['date'], row['requests'], row['cost']) for row in rows] == [
        ('2026-11-02', '4115', '430.07'),
        ('2026-11-03', '4254', '505.87'),
    ]
