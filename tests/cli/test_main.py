"""The command itself: without its extra, as a process, and its help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
