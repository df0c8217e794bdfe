"""Signatures by file and line: a map of what there is, in as few tokens as a reader can do with.

src/app/ledger.py
12 class Ledger:
15 def withdraw(self, amount: Decimal) -> None:
"""

from __future__ import annotations

from collections.abc import Iterable

from compactor.outputs.code_text.signatures import Role
from compactor.quoting import one_line
from compactor.workspace.definitions import Definition


def signature_line(one: Definition) -> str:
    """A definition on one line, its line number first."""
    return f'{one.named + 1} {one_line(one.signature)}'


def listed(definitions: Iterable[Definition]) -> str:
    """Definitions by file and by what encloses them, in order of path and line."""
    lines: list[str] = []
    path, container = None, ''
    for one in sorted(definitions, key=lambda one: (one.path, one.named)):
        if one.path != path:
            path, container = one.path, ''
            lines.append(one_line(path))
        if one.container != container and one.container and one.role is Role.FUNCTION:
            lines.append(f'{one_line(one.container)}:')
        container = one.container if one.role is Role.FUNCTION else one.name
        lines.append(signature_line(one))
    return '\n'.join(lines)
