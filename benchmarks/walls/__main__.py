"""`python -m benchmarks.walls`: providers with real limits, 150 % of the traffic they allow, and who copes.

Two providers on loopback in a process of their own keep limits as real ones do, and processes with the real SDKs send
them 150 % of what the primary allows; a minute is played in a second. Asserts nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from retention.table import aligned

from .clock import SCALE
from .controls import CONTROLS, OURS, missing
from .runs import Ordered, Row, play
from .scenarios import SCENARIOS
from .table import lines, told, wanted


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a table for each scenario."""
    options = _options(arguments)
    controls = [name for name in CONTROLS if any(part in name for part in options.controls.split(','))]
    if missing():
        print(f'{missing()}: its rows are left out')
        controls = [name for name in controls if name not in OURS]
    names = list(SCENARIOS) if options.scenario == 'all' else options.scenario.split(',')
    for name in names:
        _scenario(name, controls, options)


def _scenario(name: str, controls: Sequence[str], options: argparse.Namespace) -> None:
    scenario = SCENARIOS[name]
    minutes = max(1, round(options.seconds * options.scale / 60))
    print(f'\n{name}: {scenario.about}; {minutes} minutes of {60 / options.scale:g} s; primary over {options.wire}\n')
    rows: list[Row] = []
    counted: list[Row] = []
    for workers in map(int, options.workers.split(',')):
        for control in controls:
            ordered = Ordered(
                control, workers, minutes, scenario, options.wire, options.deadline, options.seed,
                postgres=options.store,
                bursty=options.bursty, scale=options.scale,
            )  # fmt: skip
            rows.append(play(ordered))
            if control in OURS and not options.no_counting:
                counted.append(play(replace(ordered, enforce=False)))
    print(aligned(lines(rows, counted)))
    for line in (*told(rows), *wanted(rows, counted)):
        print(line)
    print(flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.walls', description=__doc__)
    parser.add_argument('--scenario', default='requests', help=f'{", ".join(SCENARIOS)}; several with commas; or all')
    parser.add_argument('--workers', default='1,4,8', help='processes that send, comma-separated (default 1,4,8)')
    parser.add_argument('--seconds', type=int, default=16, help='real seconds that are measured of a row (default 16)')
    parser.add_argument('--wire', choices=('openai', 'anthropic'), default='openai', help="the primary's (openai)")
    parser.add_argument('--controls', default='', help='only those whose name contains one of these, comma-separated')
    parser.add_argument('--deadline', type=float, default=60.0, help='played seconds of a request (default 60)')
    parser.add_argument('--seed', type=int, default=1, help='of the moments at which requests are due (default 1)')
    parser.add_argument('--store', help='a PostgreSQL server to make a database on (default: a SQLite file)')
    parser.add_argument('--bursty', action='store_true', help='requests come wholly at random, with clusters and gaps')
    parser.add_argument('--scale', type=float, default=SCALE, help='played seconds in a real one (default 60)')
    parser.add_argument('--no-counting', action='store_true', help='leave out the runs at a primary that only counts')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
