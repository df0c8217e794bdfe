"""`compactor inspect`: where the tokens go, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

from inline_snapshot import snapshot

from tests.cli.terminal import FIXTURE, call, prompt, ran, returns, saved, says

SMALL = [
    prompt('How many lines has the log?'),
    says('I will count them.', call('count', '1', {'path': 'log'})),
    returns(('count', '1', 'lines: 12\n' * 20)),
    says('It has 240 lines.'),
]


def test_a_person_sees_where_the_tokens_go(tmp_path: Path) -> None:
    """Counted for a model with a public tokenizer; the window's use is named."""
    text = ran('inspect', saved(tmp_path, SMALL), '--model', 'openai:gpt-5').replace(str(tmp_path), 'FOLDER')
    assert text == snapshot("""\
history   FOLDER/session.json
messages  4
tokens    148 (exact)
window    0.0% of the 400,000 tokens of openai:gpt-5

By station
          tokens    share   parts
─────────────────────────────────
history      148   100.0%       5

By role
           tokens   share   parts
─────────────────────────────────
request       119   80.4%       2
response       29   19.6%       3

By kind of part
          tokens   share   parts
────────────────────────────────
result       106   71.6%       1
framing       12    8.1%       4
call          12    8.1%       1
text          11    7.4%       2
user           7    4.7%       1

By tool, calls and results
        tokens   share   parts
──────────────────────────────
count      118   79.7%       2

Largest parts
                  message   tokens   begins
─────────────────────────────────────────────────────────────────────────────────────────────────
result of count         2      106   lines: 12 lines: 12 lines: 12 lines: 12 lines: 12 lines: 12…
call of count           1       12   {"path":"log"}
user                    0        7   How many lines has the log?
text                    3        6   It has 240 lines.
text                    1        5   I will count them.\
""")


def test_the_fixture_is_what_its_readme_says() -> None:
    """All parts of the recorded session are found, by tool and by kind."""
    account = json.loads(ran('inspect', FIXTURE, '--json'))
    kinds = {share['name']: share['parts'] for share in account['kinds']}
    assert account['messages'] == 182
    assert kinds == {'result': 163, 'call': 163, 'text': 66, 'user': 9, 'thinking': 7, 'framing': 182}
    assert account['method'] == 'estimate'
    assert account['budget'] is None
    assert account['estimated'] == sum(share['tokens'] for share in account['stations'])
    assert account['largest'][0]['tool'] == 'run_python'


def test_an_empty_history_costs_nothing(tmp_path: Path) -> None:
    """No division by nothing, no table without rows."""
    text = ran('inspect', saved(tmp_path, []))
    assert 'tokens    0 (estimate: no --model named)' in text
    assert 'Largest parts' not in text


def test_an_unknown_model_is_counted_and_its_window_asked_for(tmp_path: Path) -> None:
    """A name nobody knows is no error; the message says where its window can be given."""
    text = ran('inspect', saved(tmp_path, SMALL), '--model', 'acme:brain-1')
    assert '(estimate)' in text
    assert 'window    unknown for acme:brain-1; say it in the policy: [tokens] windows = { "acme:brain-1" = N }' in text


def test_nothing_in_a_session_can_steer_the_terminal(tmp_path: Path) -> None:
    """Escape sequences, markup and line ends of a session are shown as harmless characters."""
    bad = '\x1b]0;owned\x07\x1b[2J[bold red]x[/]\u202e\x9b31m'
    messages = [prompt(bad), says(call(bad, '1')), returns((bad, '1', bad)), says(bad)]
    path = saved(tmp_path, messages)
    for command in (['inspect', path], ['compact', path, '--target', 1], ['demo', '--session', path]):
        text = ran(*command)
        assert all(c.isprintable() or c == '\n' for c in text)
    assert '[bold red]' in ran('inspect', path)
