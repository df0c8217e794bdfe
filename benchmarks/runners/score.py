"""What is left of outputs at a budget: failing names, first error lines, totals; and of logs their alarm."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from compactor import counter_for, shrink

from .logs import written
from .published import SAMPLES

KINDS = ('names', 'errors', 'totals')
FIT = 0.6
"""Share of the budget within which what is asked for has to lie, to count."""
OWN = Path(__file__).parent / 'outputs'


class Output(NamedTuple):
    """An output, and what it says by kind."""

    name: str
    command: str
    text: str
    wanted: Mapping[str, Sequence[str]]


class Kept(NamedTuple):
    """What share of the wanted is kept, by way ('known' command, or 'blind') and kind; how many outputs counted."""

    shares: dict[tuple[str, str], float]
    outputs: dict[tuple[str, str], int]
    missed: list[str]


def read(folder: Path) -> Iterator[Output]:
    """The outputs of a folder with an `expected.json`."""
    for name, wanted in json.loads((folder / 'expected.json').read_text(encoding='utf-8')).items():
        data = gzip.decompress((folder / f'{name}.txt.gz').read_bytes())
        yield Output(name, wanted['command'], data.decode('utf-8', 'replace'), {kind: wanted[kind] for kind in KINDS})


def published() -> Iterator[Output]:
    """The outputs that were not run here."""
    for sample in SAMPLES:
        wanted = {'names': sample.names, 'errors': sample.errors, 'totals': sample.totals}
        yield Output(f'{sample.name} (not run here)', sample.command, sample.text, wanted)


def kept(outputs: Sequence[Output], tokens: int) -> Kept:
    """Counts what is left, where all that is wanted of an output lies within `FIT` of the budget."""
    count = counter_for(None).count
    found: dict[tuple[str, str], list[float]] = {}
    missed: list[str] = []
    for output in outputs:
        if count('\n'.join(item for items in output.wanted.values() for item in items)) > tokens * FIT:
            continue
        for way, shrunk in _ways(output.text, output.command, tokens):
            for kind, items in output.wanted.items():
                there = [item for item in items if item in output.text or item in _shown(output.text)]
                gone = [item for item in there if item not in shrunk]
                if there:
                    found.setdefault((way, kind), []).append(1 - len(gone) / len(there))
                missed += [f'{output.name} at {tokens}, {way}: {kind} {gone}'] if gone else []
    shares = {key: sum(each) / len(each) for key, each in found.items()}
    return Kept(shares, {key: len(each) for key, each in found.items()}, missed)


def alarms(tokens: int, seeds: Sequence[int]) -> tuple[int, int, list[str]]:
    """Of how many generated logs the alarm is kept, of how many, and which lost it."""
    lost: list[str] = []
    total = 0
    for seed in seeds:
        for log in written(seed):
            for way, shrunk in _ways(log.text, log.command, tokens):
                total += 1
                if log.alarm not in shrunk:
                    lost.append(f'{log.family}, {way}, seed {seed}: {log.alarm}')
    return total - len(lost), total, lost


def _ways(text: str, command: str, tokens: int) -> Iterator[tuple[str, str]]:
    yield 'known', shrink(text, tokens, tool='bash', arguments={'command': command}).text
    yield 'blind', shrink(text, tokens).text


def _shown(text: str) -> str:
    return shrink(text, 10**7).text
