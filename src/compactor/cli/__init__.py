"""The command line. Its libraries come with the extra `cli` and are imported when the command is run."""

from __future__ import annotations

import sys
from typing import NoReturn

NEEDED = ('typer', 'rich')


def main() -> NoReturn:
    """Runs the command `compactor`; without its extra, says in one line what to install and exits with 2."""
    try:
        from compactor.cli.app import app
    except ModuleNotFoundError as error:
        missing = (error.name or '').partition('.')[0]
        if missing not in NEEDED:
            raise
        print(f'the command line needs {missing}: pip install "pydantic-ai-compactor[cli]"', file=sys.stderr)
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character of a session gets a question mark, not a traceback.
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='replace')
    app()
    sys.exit(0)
