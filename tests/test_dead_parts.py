"""Nothing lies idle: every setting is read by some code, and every module is used by another one or by users."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from compactor.policies.station import Station
from compactor.policy import Policy

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / 'src').rglob('*.py'))
FOR_USERS = {
    'compactor.__main__': '`python -m compactor`',
    'compactor.outputs.json_text.columns': 'TOON for whoever wants it; outputs become JSON rows instead',
    'compactor.routing.decision': 'nine fields of a route for whoever knows them by their names',
    'compactor.routing.plans': 'dated multipliers, prices and windows, for whoever has such a subscription',
    'compactor.routing.workload': 'names of workloads for whoever writes a table',
    'compactor.telemetry.sinks': 'a queue in front of a slow sink',
}
"""Modules that nothing in the library imports, and what they are there for."""


def fields(station: type[Station]) -> Iterator[tuple[str, str]]:
    """(station, field) of a station and of the stations in it."""
    for name, info in station.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, Station):
            yield from fields(inner)
        yield station.__name__, name


SETTINGS = sorted({one for name in Policy.model_fields for one in fields(type(getattr(Policy(), name)))})


@pytest.fixture(scope='module')
def read() -> set[str]:
    """Names of attributes that the sources read."""
    nodes = (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text())))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}


@pytest.mark.parametrize(('station', 'setting'), SETTINGS)
def test_every_setting_is_read(station: str, setting: str, read: set[str]) -> None:
    """A field that a user can set, and that no line of the library asks for, would be a promise without a deed."""
    assert setting in read, f'{station}.{setting} is never read'


def test_every_module_is_used() -> None:
    """A module that nothing imports does nothing, however well it is tested."""
    modules = {name_of(path) for path in SOURCES if path.name != '__init__.py'}
    used = {name for path in SOURCES for name in imported(ast.parse(path.read_text()))}
    assert modules - used <= set(FOR_USERS)


def name_of(path: Path) -> str:
    """The module in a file."""
    return '.'.join(path.relative_to(ROOT / 'src').with_suffix('').parts)


def imported(tree: ast.AST) -> Iterator[str]:
    """Names that a module imports, or names in a text, as lazy imports do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
