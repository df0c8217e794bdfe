"""Runs pydantic-ai's own tests with a `Compactor` in every agent, and names those that fail only with it.

    python scripts/foreign.py CLONE [--processes 2] [TEST ...]

CLONE is a checkout of pydantic-ai at `TAG`; the interpreter needs what benchmarks/foreign-requirements.txt names
(`make foreign SUITE=CLONE` sees to both). The suite is run twice, without and with; a test that fails either way says
nothing of us. Vocabularies are built before the tests begin, as theirs watch for what blocks an event loop.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TAG = 'v2.33.0'
"""The release whose tests are run; README names it too."""
TESTS = (
    'tests/test_agent.py',
    'tests/test_capabilities.py',
    'tests/test_history_processor.py',
    'tests/test_messages.py',
    'tests/test_run_cancellation.py',
    'tests/test_streaming.py',
    'tests/test_tools.py',
    'tests/test_toolsets.py',
    'tests/test_usage_limits.py',
)
"""Those that run agents offline; what is not there at the tag is left out."""
PLUGIN = '''
"""A compactor in every agent."""
import functools

from pydantic_ai import Agent

from compactor import Compactor
from compactor.tokens.encodings import encoding

for name in ('o200k_base', 'cl100k_base'):
    encoding(name).count('ready')

made = Agent.__init__


@functools.wraps(made)
def plugged(self, *args, capabilities=None, **kwargs):
    made(self, *args, capabilities=[*(capabilities or ()), Compactor(id='foreign')], **kwargs)


Agent.__init__ = plugged
'''


def failed(clone: Path, tests: list[str], processes: int, plugin: Path | None) -> set[str]:
    """The ids of the tests that do not pass."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / 'report.txt'
        command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-n', str(processes), '-rfE', *tests]
        environment = dict(os.environ)
        if plugin is not None:
            environment['PYTHONPATH'] = os.pathsep.join(
                filter(None, (str(plugin.parent), os.environ.get('PYTHONPATH')))
            )
        if plugin is not None:
            command += ['-p', plugin.stem]
        with report.open('w') as out:
            subprocess.run(command, cwd=clone, stdout=out, stderr=subprocess.STDOUT, env=environment)
        lines = report.read_text(errors='replace').splitlines()
    print(lines[-1] if lines else 'no output')
    if not lines or ' passed' not in lines[-1]:  # a plug-in that cannot be imported fails no test
        raise SystemExit('\n'.join(['no test was run:', *lines[-20:]]))
    return {line.split(' ', 1)[1].split(' - ')[0] for line in lines if line.startswith(('FAILED ', 'ERROR '))}


def main() -> int:
    """Prints the tests that fail only with a compactor; 0 whatever they are, as they are for reading."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('clone', type=Path)
    parser.add_argument('tests', nargs='*')
    parser.add_argument('--processes', type=int, default=2)
    told = parser.parse_args()
    if not (told.clone / 'tests').is_dir():
        print(f'{told.clone} is no checkout of pydantic-ai: git clone --branch {TAG} its repository there')
        return 0
    tests = told.tests or [test for test in TESTS if (told.clone / test).exists()]
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder) / 'compactor_in_every_agent.py'
        plugin.write_text(PLUGIN)
        without = failed(told.clone, tests, told.processes, None)
        with_it = failed(told.clone, tests, told.processes, plugin)
    print(f'{len(without)} fail without a compactor; {len(with_it - without)} only with it:')
    for test in sorted(with_it - without):
        print(f'  {test}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
