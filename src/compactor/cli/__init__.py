"""The command line. Its libraries come with the extra `cli` and are imported when the command is run.

Exit codes: 0 done, 1 something failed (its message on stderr), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from compactor.cli.exits import INTERRUPTED

NEEDED = ('typer', 'rich')


def main() -> NoReturn:
    """Runs the command `compactor`; without its extra, says in one line what to install and exits with 2."""
    try:
        code = _run()
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough
        code = 1
        _drop_output()
    except OSError as error:
        code = 1
        _drop_output()
        print(f'error: the output cannot be written: {error.strerror or error}', file=sys.stderr)
    sys.exit(code)


def _run() -> int:
    try:
        from compactor.cli.app import app
    except ModuleNotFoundError as error:
        missing = (error.name or '').partition('.')[0]
        if missing not in NEEDED:
            raise
        print(f'the command line needs {missing}: pip install "pydantic-ai-compactor[cli]"', file=sys.stderr)
        return 2
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character of a session gets a question mark, not a traceback.
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='replace')
    try:
        app(prog_name='compactor')
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _drop_output() -> None:
    """Sends what is still to be written nowhere, so that the interpreter does not complain as it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # no file behind it
        sys.stdout = open(os.devnull, 'w')  # noqa: SIM115  it lives as long as the process
