"""`compactor shrink`: an output within a budget, in a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.terminal import run

LOG = '\n'.join(f'test_{i} ... ok' for i in range(900)) + '\ntest_last ... FAILED\nerror: want 3, got 4\n'


def test_the_text_and_what_became_of_it(tmp_path: Path) -> None:
    """The text alone on standard output, its account on standard error."""
    path = tmp_path / 'log'
    path.write_text(LOG)
    code, out, err = run('shrink', path, '-n', 100)
    assert code == 0
    assert 'error: want 3, got 4' in out
    assert 'summarized' in err
    assert ' -> ' in err


def test_as_json(tmp_path: Path) -> None:
    """For scripts: text, kind, level and sizes."""
    path = tmp_path / 'log'
    path.write_text(LOG)
    code, out, _ = run('shrink', path, '-n', 100, '--json', '--kind', 'text', '--narrowing', 'heads_tails')
    account = json.loads(out)
    assert code == 0
    assert (account['kind'], account['level']) == ('text', 'truncated')
    assert account['tokens_after'] <= 100 < account['tokens_before']


def test_secrets_go_unless_they_are_wanted(tmp_path: Path) -> None:
    """Redaction comes first, here too."""
    path = tmp_path / 'key'
    path.write_text('-----BEGIN PRIVATE ' + 'KEY-----\n' + 'QUJD' * 20 + '\n-----END PRIVATE ' + 'KEY-----')
    assert 'QUJD' not in run('shrink', path)[1]
    assert 'QUJD' in run('shrink', path, '--keep-secrets')[1]


def test_from_a_pipe() -> None:
    """Standard input, whatever its bytes are."""
    command = [sys.executable, '-c', 'from compactor.cli import main; main()', 'shrink', '-', '-n', '60']
    done = subprocess.run(command, input=LOG.encode() + b'\xff', capture_output=True, check=True)
    assert b'want 3, got 4' in done.stdout


def test_bad_use(tmp_path: Path) -> None:
    """No traceback: what is wrong and what would do."""
    code, _, err = run('shrink', tmp_path / 'none')
    assert (code, 'cannot read' in err) == (1, True)
    (tmp_path / 'log').write_text(LOG)
    code, _, err = run('shrink', tmp_path / 'log', '--kind', 'novel')
    assert code == 1
    assert "unknown kind 'novel'; there are: test_log" in ' '.join(err.split())
