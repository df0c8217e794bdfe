"""Names of files grouped by folder, for where they do not fit one by one."""

from __future__ import annotations

from collections.abc import Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.pieces import Piece, pick, unmarked

ROW = 8
"""Names on one line: what is kept or left out as one."""


def grouped(entries: Sequence[tuple[str, str]], allowance: Allowance, title: str, unit: str) -> str | None:
    """Names with what is said of each, a folder a line: `src/app/: totals.py +2 -1, rows.py +9 -0`.

    Args:
        entries: (path, what is said of it, '' for nothing), in order.
        allowance: how much may be shown; names that its question names come first.
        title: the first line.
        unit: what the entries are, for the note.
    """
    folders: dict[str, list[tuple[str, str]]] = {}
    for path, said in entries:
        folder, name = split(path)
        folders.setdefault(folder, []).append((name, said))
    pieces = [Piece(title, -1.0, 0)]
    for folder, names in folders.items():
        for at in range(0, len(names), ROW):
            row = names[at : at + ROW]
            said = ', '.join(f'{name} {about}' if about else name for name, about in row)
            rank = 2.0 if at == 0 else 3.0
            pieces.append(Piece((f'{folder}: {said}' if folder else said).rstrip(), rank, len(row)))
    return pick(pieces, allowance, unit=unit, of=len(entries), gap=unmarked)


def split(path: str) -> tuple[str, str]:
    """A path as its folder, with the separator behind it, and the name; either separator is understood."""
    at = max(path.rfind('/', 0, -1), path.rfind('\\', 0, -1)) + 1
    return path[:at], path[at:]
