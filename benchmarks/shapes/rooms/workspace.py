"""A workspace: what a file defines, what a prompt is after, text that files share, diffs read and applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compactor.errors import WorkspaceError
from compactor.workspace import definitions
from compactor.workspace.diffs import FileDiff, Hunk, applied, parsed
from compactor.workspace.graph import graph_of
from compactor.workspace.shared import Excerpt, once

from .prepared import Prepare


def _defined(path: str) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        lines = text.split('\n')
        return lambda: definitions._parsed(path, text, lines)

    return prepare


def _graph(text: str) -> Callable[[], object]:
    lines = text.split('\n')
    read = definitions.Read('a.py', tuple(lines), 'code', definitions._parsed('a.py', text, lines))
    return lambda: graph_of([read])


def _once(text: str) -> Callable[[], object]:
    lines = text.split('\n')
    half = len(lines) // 2
    return lambda: once([Excerpt('a', 1, lines[:half]), Excerpt('b', 1, lines[half:])])


def _refused(work: Callable[[], object]) -> Callable[[], object]:
    def done() -> object:
        try:
            return work()
        except WorkspaceError:
            return None

    return done


def _diff(text: str) -> Callable[[], object]:
    diff = '--- a/f\n+++ b/f\n@@ -1 +1 @@\n' + '\n'.join(f'+{line}' for line in text.split('\n'))
    return _refused(lambda: parsed(diff[:900_000]))


def _applied(text: str) -> Callable[[], object]:
    lines = text.split('\n')
    hunk = Hunk(3, (*lines[len(lines) // 2 :], 'never there'), ('x',))
    return _refused(lambda: applied(text, FileDiff('f', 'f', (hunk,))))


WORKSPACE: Mapping[str, Prepare] = {
    'definitions of python': _defined('a.py'),
    'definitions of go': _defined('a.go'),
    'definitions of typescript': _defined('a.ts'),
    'graph of definitions': _graph,
    'shared text once': _once,
    'diff read': _diff,
    'diff applied': _applied,
}
