"""The command itself: without its extra, as a process, and its help."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from tests.analysis.exports import FOLDER, HEADER, row
from tests.cli.terminal import FIXTURE, ran, run

SOURCES = Path(__file__).resolve().parents[2] / 'src'
START = 'from compactor.cli import main; main()'


def process(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python code run in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith('COMPACTOR_')}
    return subprocess.run(
        [sys.executable, '-W', 'error', '-c', code, *map(str, arguments)],
        env={**kept, 'PYTHONPATH': str(SOURCES), **environment},
        capture_output=True,
        text=True,
        encoding='utf-8',
        timeout=120,
        check=False,
    )


def test_a_real_process() -> None:
    """The whole way, warnings as errors."""
    done = process(START, 'demo', '--session', FIXTURE)
    assert (done.returncode, done.stderr) == (0, '')
    assert 'sent over the hard limit (25,000)' in done.stdout


def test_an_error_is_one_line_and_exit_code_1() -> None:
    """No traceback for what the library foresees."""
    done = process(START, 'inspect', 'no-such-file.json')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == 'error: no-such-file.json: there is no such file\n'


def test_a_terminal_of_few_characters(tmp_path: Path) -> None:
    """What cannot be encoded is shown as a question mark."""
    path = tmp_path / 'naïve→.json'
    path.write_text('[{"kind": "request", "parts": [{"part_kind": "user-prompt", "content": "→ 漢字"}]}]')
    done = process(START, 'inspect', path, PYTHONIOENCODING='ascii', PYTHONUTF8='0')
    assert (done.returncode, done.stderr) == (0, '')
    assert '? ??' in done.stdout


@pytest.mark.parametrize('missing', ['typer', 'rich'])
def test_without_its_extra_it_says_what_to_install(missing: str) -> None:
    """One line and exit code 2, as for any command that cannot be run as given."""
    done = process(f'import sys; sys.modules[{missing!r}] = None; {START}', 'demo')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == f'the command line needs {missing}: pip install "pydantic-ai-compactor[cli]"\n'


def test_the_library_does_not_import_the_command_line() -> None:
    """Extras are imported lazily, and help does not wait for pydantic-ai."""
    code = 'import sys, compactor.cli; assert not {"typer", "rich"} & set(sys.modules)'
    assert process(code).returncode == 0
    code = 'import sys, compactor.cli.app; assert "pydantic_ai" not in sys.modules'
    done = process(code)
    assert (done.returncode, done.stderr) == (0, '')


def test_help_and_version() -> None:
    """Every command is named; wrong usage is exit code 2."""
    assert all(command in ran('--help') for command in ('demo', 'compact', 'inspect'))
    assert ran('--version').startswith('pydantic-ai-compactor ')
    assert run('no-such-command')[0] == 2


def test_it_runs_as_a_module() -> None:
    """`python -m compactor` is the command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith('COMPACTOR_')}
    done = subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'compactor', '--version'],
        env={**kept, 'PYTHONPATH': str(SOURCES)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith('pydantic-ai-compactor ')


def test_completion() -> None:
    """Shells can complete its commands."""
    assert '--install-completion' in ran('--help')
    done = process(START, _COMPACTOR_COMPLETE='complete_bash', COMP_WORDS='compactor sta', COMP_CWORD='1')
    assert done.stdout.split() == ['stats']


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='no device that is full')
def test_a_full_disk() -> None:
    """A message and exit code 1, whether the output is written bit by bit or at the end."""
    for command in (['inspect', str(FIXTURE)], ['inspect', str(FIXTURE), '--json'], ['--version']):
        with open('/dev/full', 'w') as full:
            done = piped(command, full)
        assert done.returncode == 1, command
        assert done.stderr == 'error: the output cannot be written: No space left on device\n'


def piped(command: list[str], out: int | IO[str], given: str = '') -> subprocess.CompletedProcess[str]:
    """The command with its output somewhere else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith('COMPACTOR_')}
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'compactor', *command],
        env={**kept, 'PYTHONPATH': str(SOURCES)},
        stdout=out,
        stderr=subprocess.PIPE,
        input=given,
        text=True,
        timeout=120,
        check=False,
    )


def test_whoever_reads_has_seen_enough() -> None:
    """A closed pipe is no traceback."""
    for command in (['inspect', str(FIXTURE)], ['compact', str(FIXTURE), '--json']):
        reader, writer = os.pipe()
        os.close(reader)
        done = piped(command, writer)
        os.close(writer)
        assert (done.returncode, done.stderr) == (1, ''), command


def test_standard_input_is_a_file_too(tmp_path: Path) -> None:
    """Wherever one is read: histories, outputs, policies, exports, mappings."""
    history = FIXTURE.read_text('utf-8')
    policy = 'preset = "cerebras"\n[routing]\npreset = "task-tiers"\n'
    mapping = 'start = "at"\ninput = "in"\noutput = "out"\n'
    export = tmp_path / 'x.csv'
    export.write_text('at,in,out\n2026-11-02 10:00,7,1\n')
    done = piped(['inspect', '-'], subprocess.PIPE, history)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout
    for command, given in (
        (['compact', '-', '--target', '3k'], history),
        (['demo', '--session', '-', '--json'], history),
        (['shrink', '-'], 'an output\n'),
        (['compact', str(FIXTURE), '--preset', '-'], '[history]\nmax_exchanges = 3\n'),
        (['route', 'Fix it', '--policy', '-'], policy),
        (['usage', '-'], (FOLDER / 'clean.csv').read_text('utf-8')),
        (['usage', str(export), '--columns', '-'], mapping),
    ):
        code, out, err = run(*command, given=given)
        assert (code, 'error' in err) == (0, False), (command, err)
        assert out, command


def test_ctrl_c(tmp_path: Path) -> None:
    """130 and no traceback, also while a database is at work."""
    path = tmp_path / 'big.csv'
    rows = (row(minute, 3, 1_000 + minute % 77) for minute in range(60_000))
    path.write_text('\n'.join([HEADER, *(line for line in rows for _ in range(12)), '']))
    kept = {name: value for name, value in os.environ.items() if not name.startswith('COMPACTOR_')}
    for number in range(3):
        running = subprocess.Popen(
            [sys.executable, '-m', 'compactor', 'usage', str(path)],
            env={**kept, 'PYTHONPATH': str(SOURCES)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(1.5 + 0.5 * number)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)
        assert (running.returncode, said) in ((130, ''), (0, ''), (-2, '')), number
