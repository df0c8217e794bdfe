"""`python -m benchmarks.shapes`: every function that reads foreign text, on every shape, at growing lengths.

A table by function: its worst shapes, what a doubling of the length multiplies its time by (2 is linear, 4 quadratic),
and what a million characters take. Exits with 1 if any is worse than linear. Then the ten that take longest, at ten
million characters.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from .clock import MOST, PATIENCE, Cell, measured
from .rooms import ROOMS
from .rooms.prepared import Prepare
from .texts import SHAPES, SMOKE

SIZES = '4096,16384,65536,262144,1048576'
HUGE = (2_500_000, 10_000_000)
SHOWN = 3
"""Shapes of a function that are shown."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    options = _options(arguments)
    sizes = [int(size) for size in options.sizes.split(',')]
    functions = _chosen(options)
    shapes = [name for name in (SMOKE if options.smoke else SHAPES) if options.shape in name]
    found: list[Cell] = []
    print(f'{len(functions)} functions, {len(shapes)} shapes, {sizes[0]:,} to {sizes[-1]:,} characters', flush=True)
    for name, prepare in functions.items():
        cells = [measured(name, prepare, shape, sizes, options.best_of, options.patience) for shape in shapes]
        found += cells
        _print(name, cells)
    slow = [cell for cell in found if not cell.sound]
    if options.huge and not slow:
        slow += _huge(functions, found, options)
    if options.out:
        rows = [{**asdict(cell), 'ratio': round(cell.ratio, 2)} for cell in found]
        options.out.write_text(json.dumps(rows))
    print(f'{len(found):,} cells, {len(slow)} worse than linear (a doubling above {MOST})')
    sys.exit(1 if slow else 0)


def _huge(functions: Mapping[str, Prepare], found: Sequence[Cell], options: argparse.Namespace) -> list[Cell]:
    """The slowest shape of each of the slowest functions, at ten million characters; those that are not linear."""
    slowest: dict[str, Cell] = {}
    for cell in sorted(found, key=lambda cell: -cell.per_megabyte):
        slowest.setdefault(cell.function, cell)
    print(f'\nat {HUGE[-1]:,} characters')
    cells = [
        measured(cell.function, functions[cell.function], cell.shape, HUGE, options.best_of, 10 * options.patience)
        for cell in list(slowest.values())[: options.huge]
    ]
    for cell in cells:
        _print(cell.function, [cell])
    return [cell for cell in cells if not cell.sound]


def _print(name: str, cells: Sequence[Cell]) -> None:
    """A function's worst shapes, and its slowest."""
    bad = sum(not cell.sound for cell in cells)
    worst = sorted(cells, key=lambda cell: (cell.sound, not cell.stopped, -cell.ratio))[:SHOWN]
    slowest = max(cells, key=lambda cell: cell.per_megabyte)
    shown = '; '.join(f'{cell.shape} {cell.ratio:.2f}{" stopped" if cell.stopped else ""}' for cell in worst)
    print(
        f'{name:36} {bad:4} bad   {shown}   slowest: {slowest.shape}, {slowest.per_megabyte * 1_000:,.0f} ms a million',
        flush=True,
    )


def _chosen(options: argparse.Namespace) -> dict[str, Prepare]:
    rooms = options.room.split(',') if options.room else list(ROOMS)
    wanted = options.function.split(',')
    return {
        name: prepare for room in rooms for name, prepare in ROOMS[room].items() if any(part in name for part in wanted)
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.shapes', description=__doc__)
    parser.add_argument('--room', default='', help=f'rooms, comma-separated (default all: {", ".join(ROOMS)})')
    parser.add_argument('--function', default='', help='parts of names of functions, comma-separated')
    parser.add_argument('--shape', default='', help='a part of names of shapes')
    parser.add_argument('--smoke', action='store_true', help='only the shapes that the tests try')
    parser.add_argument('--sizes', default=SIZES, help=f'lengths in characters (default {SIZES})')
    parser.add_argument('--best-of', type=int, default=5, help='calls of which the fastest counts (default 5)')
    parser.add_argument('--patience', type=float, default=PATIENCE, help='seconds that a call may take (default 20)')
    parser.add_argument('--huge', type=int, default=10, help='functions that are tried at 10 million (default 10)')
    parser.add_argument('--out', type=Path, help='a file for every cell, as JSON')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
