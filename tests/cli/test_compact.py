"""`compactor compact`: what it would do, what it writes, and what it never overwrites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from pydantic_ai.messages import ModelMessagesTypeAdapter

from tests.cli.terminal import FIXTURE, call, prompt, ran, returns, run, saved, says

LONG = [
    prompt('Find the fault in the log.'),
    says('Reading.', call('read', '1', {'path': 'a.log'})),
    returns(('read', '1', 'all is well\n' * 400)),
    *(m for n in range(2, 7) for m in (says(call('read', str(n))), returns(('read', str(n), f'page {n}\n' * 40)))),
    says('The fault is on page 3.'),
    prompt('And now?'),
]


def test_a_person_sees_what_would_be_done(tmp_path: Path) -> None:
    """Without --output nothing is written, and the last line says so."""
    text = ran('compact', saved(tmp_path, LONG), '--target', 900).replace(str(tmp_path), 'FOLDER')
    assert text == snapshot("""\
history   FOLDER/session.json
tokens    2,554 -> 203
messages  15 -> 4
counted   estimate, by o200k_base
result    compacted; fits the target of 900

Strategies
         before   after
───────────────────────
digest    2,554     203

Removed
                 dropped   reduced   tokens
───────────────────────────────────────────
result of read         6         0    2,436
call of read           6         0       53
text                   1         0        2

nothing was written: add --output FILE\
""")
    assert [path.name for path in tmp_path.iterdir()] == ['session.json']


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    """A target that cannot be reached is no error: the parts that hold the tokens are shown."""
    messages = [prompt('word ' * 300), says('yes'), prompt('Go on.')]
    text = ran('compact', saved(tmp_path, messages), '--target', 100)
    assert 'over the target of 100, see below' in text
    assert 'user, message 0' in text


def test_below_the_trigger_nothing_is_done(tmp_path: Path) -> None:
    """The preset decides; the way to compact all the same is named."""
    text = ran('compact', saved(tmp_path, LONG), '--preset', 'cerebras')
    assert 'nothing to do: below the trigger of 15,000 tokens (--target N compacts anyway)' in text
    assert 'nothing was written' not in text


def test_the_compacted_history_is_written(tmp_path: Path) -> None:
    """The file holds what the library returns, and loads again."""
    output = tmp_path / 'small.json'
    account = json.loads(ran('compact', FIXTURE, '--preset', 'cerebras', '--output', output, '--json'))
    messages = ModelMessagesTypeAdapter.validate_json(output.read_bytes())
    assert account['fits'] is True
    assert account['tokens_after'] <= account['target'] < account['tokens_before']
    assert account['messages_after'] == len(messages) < account['messages_before'] == 182
    assert 'messages' not in account
    again = json.loads(ran('compact', output, '--preset', 'cerebras', '--json'))
    assert (again['changed'], again['tokens_after']) == (False, account['tokens_after'])
    assert not list(tmp_path.glob('.small*')), 'the temporary file is gone'


def test_json_without_output_holds_the_messages(tmp_path: Path) -> None:
    """So that it can be piped on; it accounts for everything that the text names."""
    account = json.loads(ran('compact', saved(tmp_path, LONG), '--target', 900, '--json'))
    assert len(ModelMessagesTypeAdapter.validate_python(account['messages'])) == account['messages_after']
    assert account['strategies'][0]['tokens_before'] == account['tokens_before']
    assert {row['what'] for row in account['removed']} >= {'result of read'}
    assert sorted(account) == snapshot(
        [
            'changed',
            'encoding',
            'failures',
            'fits',
            'history',
            'incompressible',
            'left_out',
            'limits',
            'messages',
            'messages_after',
            'messages_before',
            'method',
            'outcome',
            'output',
            'removed',
            'repairs',
            'strategies',
            'target',
            'tokens_after',
            'tokens_before',
        ]
    )


def test_repairs_are_named(tmp_path: Path) -> None:
    """A history that arrived broken is mended, and the mending is shown."""
    messages = [prompt('a'), says(call('read', '1'), call('grep', '2')), prompt('b'), says('c'), prompt('d')]
    text = ran('compact', saved(tmp_path, messages))
    assert 'repairs   1 x unanswered_call (read), 1 x unanswered_call (grep)' in text


def test_the_input_is_never_overwritten_unless_forced(tmp_path: Path) -> None:
    """By name, by another spelling of it or by a link; --force allows it."""
    path = saved(tmp_path, LONG)
    before = path.read_bytes()
    link = tmp_path / 'link.json'
    link.symlink_to(path)
    for output in (path, tmp_path / '.' / 'session.json', link):
        code, out, err = run('compact', path, '--target', 900, '--output', output)
        assert (code, out) == (1, '')
        assert err == f'error: {output} is the input itself: name another file, or add --force'
        assert path.read_bytes() == before
    assert 'written to' in ran('compact', path, '--target', 900, '--output', path, '--force')
    assert path.read_bytes() != before


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    """A typed error with the system's reason, and nothing left behind."""
    path = saved(tmp_path, LONG)
    code, _, err = run('compact', path, '--output', tmp_path / 'no' / 'such' / 'folder.json')
    assert (code, err) == (1, f'error: cannot write {tmp_path}/no/such/folder.json: No such file or directory')


@pytest.mark.parametrize(
    ('options', 'code', 'message'),
    [
        (['--preset', 'nope'], 1, "error: there is no preset 'nope'; there are: "),
        (['--preset', 'nope.toml'], 1, 'error: cannot read the configuration file nope.toml: '),
        (['--target', '0'], 2, 'Usage: '),
        (['--target', 'many'], 2, 'Usage: '),
        (['--line', '0'], 2, 'Usage: '),
        (['--colour'], 2, 'Usage: '),
    ],
)
def test_wrong_options(options: list[str], code: int, message: str, tmp_path: Path) -> None:
    """2 for what the command line does not take, 1 for what the library refuses."""
    ended, out, err = run('compact', saved(tmp_path, LONG), *options)
    assert (ended, out) == (code, '')
    assert err.startswith(message)


def test_a_policy_of_ones_own(tmp_path: Path) -> None:
    """A TOML file serves as a preset."""
    policy = tmp_path / 'mine.toml'
    policy.write_text('[history]\nmax_input_tokens = 2_000\n')
    assert 'fits the target of 650' in ran('compact', saved(tmp_path, LONG), '--preset', policy)


def test_the_preset_of_a_model(tmp_path: Path) -> None:
    """`--preset auto` is `cerebras` where the model's name holds that word."""
    path = saved(tmp_path, LONG)
    for model, goal in (('cerebras:zai-glm-4.7', 9_000), ('openai:gpt-4o', 32_000)):
        assert json.loads(ran('compact', path, '--preset', 'auto', '--model', model, '--json'))['target'] == goal
