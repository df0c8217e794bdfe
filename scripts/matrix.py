"""Runs the adapter's tests and the demo on each supported pydantic-ai, and prints one table.

    python scripts/matrix.py                     # every version below
    python scripts/matrix.py 1.107.10 latest     # a subset

Each version lives in a virtual environment of its own under `.venvs/`, made at first use and reused while what it
is made from is the same. Tools and libraries are pinned by `constraints.txt`; the framework itself, and what it
bounds (`UNPINNED`), is left to pip. The long sweeps are left to `make test-all`. Exits with 1 if anything fails; the
output of a failed step is shown.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import venv
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ('1.71.0', '1.107.10', '2.0.0', '2.54.0', '2.64.0', 'latest')
FRAMEWORK = 'pydantic-ai-slim'
BACKEND = ('hatchling', 'editables')
TOOLS = (
    'pytest',
    'hypothesis',
    'inline-snapshot',
    'tenacity',
    'tiktoken',
    'regex',
    'typer',
    'rich',
    'sqlalchemy',
    'platformdirs',
)
UNPINNED = re.compile(r'pydantic-ai|pydantic-graph|openai|anthropic|genai-prices|httpx|httpcore|opentelemetry|logfire')
"""Each version of the framework bounds these itself, so pinning them would conflict with one or another."""
TESTS = ('tests/adapters', 'tests/wire')


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one version.

    Attributes:
        asked: the version as it was asked for.
        installed: the version that was installed, '' if none could be.
        passed: tests that passed; `failed` and `skipped` likewise, errors counted as failed.
        demo: whether the demo ran and printed its figures.
        seconds: time taken by tests and demo.
    """

    asked: str
    installed: str = ''
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    demo: bool = False
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether everything ran and nothing failed."""
        return bool(self.installed and self.passed and not self.failed and self.demo)


def main(asked: Sequence[str]) -> int:
    """Runs the versions one after the other; returns the exit status."""
    rows = []
    for version in asked or VERSIONS:
        print(f'== {FRAMEWORK} {version}', flush=True)
        rows.append(_run(version))
    _print(rows)
    return 0 if all(row.good for row in rows) else 1


def _run(version: str) -> Row:
    home = _environment(version)
    if home is None:
        return Row(version)
    began = time.monotonic()
    report = home / 'tests.xml'
    report.unlink(missing_ok=True)
    pytest: list[str | Path] = [
        home / 'bin' / 'python',
        '-W',
        'error',
        '-m',
        'pytest',
        *TESTS,
        '-q',
        '-x',
        '-p',
        'no:cacheprovider',
        '-m',
        'not sweep',
    ]
    tests_ok = _step([*pytest, f'--junit-xml={report}']) is not None
    passed, failed, skipped = _counts(report)
    figures = _step([home / 'bin' / 'compactor', 'demo', '--json'])
    return Row(
        version,
        _installed(home),
        passed,
        max(failed, 0 if tests_ok else 1),
        skipped,
        figures is not None and _is_json(figures),
        time.monotonic() - began,
    )


def _environment(version: str) -> Path | None:
    """The directory of an environment with this version; None if pip could not make one."""
    home = ROOT / '.venvs' / version
    pins = _pins()
    key = hashlib.sha256('\n'.join([*pins, *TOOLS, (ROOT / 'pyproject.toml').read_text()]).encode()).hexdigest()
    ready = home / 'ready'
    if version != 'latest' and ready.exists() and ready.read_text() == key:
        return home
    if not (home / 'bin' / 'python').exists():
        venv.create(home, with_pip=True)
    constraints = home / 'constraints.txt'
    constraints.write_text('\n'.join(pins) + '\n')
    wanted = f'{FRAMEWORK}[openai,anthropic]' + ('' if version == 'latest' else f'=={version}')
    pip: list[str | Path] = [home / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    pip += ['--upgrade'] if version == 'latest' else []
    install = [*pip, wanted, *TOOLS, *BACKEND]
    pinned = [*install, '-c', constraints]
    if _step(pinned, quiet=True) is None and _step(install) is None:  # a pin conflicts with what this version asks for
        return None
    if _step([*pip, '--no-deps', '--no-build-isolation', '-e', ROOT]) is None:
        return None
    ready.write_text(key)
    return home


def _pins() -> list[str]:
    """`name==version` of each line of constraints.txt, hashes and what is left to pip taken out."""
    text = (ROOT / 'constraints.txt').read_text()
    pins = re.findall(r'^([A-Za-z0-9._-]+==[^\s;\\]+)', text, re.MULTILINE)
    return [pin for pin in pins if not UNPINNED.match(pin)]


def _installed(home: Path) -> str:
    ask = f'from importlib.metadata import version; print(version("{FRAMEWORK}"))'
    return (_step([home / 'bin' / 'python', '-c', ask]) or '').strip()


def _step(command: Sequence[str | Path], quiet: bool = False) -> str | None:
    """The standard output of a command; None, and all it said shown, if it failed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('COMPACTOR_', 'PYTHON'))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout
    if not quiet:
        print(
            f'FAILED ({done.returncode}): {" ".join(map(str, command))}\n{done.stdout[-8_000:]}{done.stderr[-4_000:]}'
        )
    return None


def _counts(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of a JUnit report; zeros if there is none."""
    if not report.exists():
        return 0, 0, 0
    suites = ElementTree.parse(report).getroot().iter('testsuite')
    tests = failed = skipped = 0
    for suite in suites:
        tests += int(suite.get('tests', 0))
        failed += int(suite.get('failures', 0)) + int(suite.get('errors', 0))
        skipped += int(suite.get('skipped', 0))
    return tests - failed - skipped, failed, skipped


def _is_json(text: str) -> bool:
    try:
        return bool(json.loads(text))
    except ValueError:
        return False


def _print(rows: Sequence[Row]) -> None:
    print(f'\n{"version":<12}{"installed":<12}{"passed":>8}{"failed":>8}{"skipped":>9}{"demo":>8}{"seconds":>9}')
    for row in rows:
        demo = 'ok' if row.demo else 'failed'
        print(
            f'{row.asked:<12}{row.installed or "none":<12}{row.passed:>8}{row.failed:>8}{row.skipped:>9}'
            f'{demo:>8}{row.seconds:>9.0f}'
        )


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
