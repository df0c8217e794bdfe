"""No room but the adapter of a framework needs that framework: all others are imported where it is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / 'src'
BLOCKED = ('pydantic_ai', 'pydantic_graph', 'pydantic_evals', 'pydantic_ai_harness')
"""Packages that are as good as not installed."""
OWN = ('compactor.adapters.pydantic_ai', 'compactor.cli.figures', 'compactor.cli.progress')
"""The framework's adapter, and what shows on a terminal what that has played."""
PROGRAM = 'compactor.__main__'
"""Whoever imports it runs the command line."""

IMPORT_ALL = f"""
import importlib, json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)

sys.meta_path.insert(0, Absent())
failed = {{}}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = f'{{type(error).__name__}}: {{error}}'
print(json.dumps(failed))
"""


def module_of(path: Path) -> str:
    """The module in a file, a package for its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def room_of(module: str) -> str:
    """The room that a module stands in: the first name below the library's own, of an adapter the first two."""
    parts = module.split('.')
    return '.'.join(parts[: 3 if parts[1:2] == ['adapters'] else 2])


MODULES = [
    module
    for module in map(module_of, sorted((ROOT / 'compactor').rglob('*.py')))
    if not any(f'{module}.'.startswith(f'{own}.') for own in (*OWN, PROGRAM))
]
ROOMS = sorted({room_of(module) for module in MODULES})


def not_imported(*modules: str) -> dict[str, str]:
    """Which of these modules cannot be imported in a process without the framework, and why."""
    command = [sys.executable, '-W', 'error', '-c', IMPORT_ALL, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope='module')
def failed() -> dict[str, str]:
    """The modules that cannot be imported, and why; one process, so that each is loaded once."""
    return not_imported(*MODULES)


@pytest.mark.parametrize('room', ROOMS)
def test_a_room_needs_no_framework(room: str, failed: dict[str, str]) -> None:
    """Every module of the room is imported where pydantic-ai is not installed."""
    assert {module: why for module, why in failed.items() if room_of(module) == room} == {}


def test_the_framework_is_absent_there() -> None:
    """What does need it cannot be imported there, and nothing is left out above that could be."""
    needing = [f'{OWN[0]}.messages.compact', *OWN[1:]]
    found = not_imported(*needing)
    assert list(found) == needing
    assert all("No module named 'pydantic_ai" in why for why in found.values()), found
