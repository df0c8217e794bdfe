"""No module imports what imports it, be it in a function, for types alone, or from the package it lies in."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from grimp import build_graph


def circle(package: str) -> list[str]:
    """The modules of a circle of imports in a package, the first one again at the end; empty if there is none."""
    graph = build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_circle() -> None:
    """Imports go one way through the whole library."""
    assert circle('compactor') == []


PLANTED = {
    'at the top': ('from planted import two', 'from planted import one'),
    'in a function': ('from planted.two import b', 'def a() -> None:\n    from planted.one import c'),
    'for types': ('import planted.two', 'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import planted.one'),
    'none': ('from planted.two import b', 'b = 1'),
}


@pytest.mark.parametrize('how', PLANTED)
def test_a_circle_is_found(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However one of the two imports the other."""
    root = tmp_path / 'planted'
    root.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    one, two = PLANTED[how]
    for name, text in {'__init__': '', 'one': one, 'two': two}.items():
        (root / f'{name}.py').write_text(text)
    assert bool(circle('planted')) == (how != 'none')


def test_a_circle_of_a_package_and_what_lies_in_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that names its module, which asks the package."""
    root = tmp_path / 'nested'
    root.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    (root / '__init__.py').write_text('from nested.one import a')
    (root / 'one.py').write_text('def a() -> None:\n    from nested import a')
    assert circle('nested')[0].startswith('nested')
