"""Terminals of 40, 60 and 80 columns: no digit is cut, no name of a row is dropped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from compactor.cli.screen import table
from tests.analysis.exports import FOLDER
from tests.cli.ledgers import made, some
from tests.cli.terminal import FIXTURE, run
from tests.ledger.entries import NOW, entry

WIDTHS = (40, 60, 80)
NUMBER = re.compile(r'\d[\d,.]*')
LONG = 'accounts/fireworks/models/a-model-with-a-long-name-that-goes-on-v2p5-instruct'


def commands(folder: Path) -> list[tuple[object, ...]]:
    """Everything that prints a table."""
    at = NOW + 1
    large = [entry(at, model=LONG, input_tokens=10**11, output_tokens=10**10, cost='987654.321', agent='a b c')]
    path = made(folder, [*some(NOW), *large])
    run('budget', 'set', 'a budget with quite a long name', '--limit', '24M', '--store', path)
    since = ('--since', '2026-02-01', '--store', path)
    exports = [FOLDER / 'vendors' / 'openrouter-days.csv', FOLDER / 'vendors' / 'anthropic-tokens.csv']
    return [
        ('stats', *since),
        ('stats', '--by', 'day', *since),
        ('stats', '--by', 'session', *since),
        ('report', '--hours', 10**6, '--store', path),
        ('report', '--conversation', 'c1', '--store', path),
        ('budget', 'show', '--store', path),
        ('usage', *exports, '--daily-limit', '24M'),
        ('usage', FOLDER / 'clean.csv'),
        ('inspect', FIXTURE),
        ('compact', FIXTURE, '--target', '3k'),
    ]


@pytest.mark.parametrize('width', WIDTHS)
def test_nothing_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Every number that a wide terminal shows is whole on a narrow one, and every line fits."""
    for command in commands(tmp_path):
        monkeypatch.setenv('COLUMNS', '400')
        code, wide, _ = run(*command)
        monkeypatch.setenv('COLUMNS', str(width))
        _, narrow, _ = run(*command)
        assert code == 0, command
        # Texts that begin a part are cut where the terminal ends, as the heading says; figures stand before them.
        shown, wanted = NUMBER.findall(narrow), NUMBER.findall(_figures(wide))
        missing = [number for number in wanted if number not in shown and len(number) < width - 2]
        assert missing == [], (command, width)
        assert max(map(cell_len, narrow.splitlines())) <= width, command


def _figures(text: str) -> str:
    """Without what `begins` a part, and without addresses of stores and files, which may go on in the next line."""
    lines = text.splitlines()
    begins = [n for n, line in enumerate(lines) if line.rstrip().endswith('begins')]
    return '\n'.join(
        line
        for n, line in enumerate(lines)
        if not any(b < n for b in begins) and '://' not in line and '.json' not in line
    )


names = st.text(st.characters(categories=('L', 'N', 'P')), min_size=1, max_size=90)


@given(
    st.lists(st.tuples(names, st.integers(0, 10**15), st.integers(0, 10**6)), min_size=1, max_size=4),
    st.integers(40, 90),
)
def test_a_table_of_any_width(rows: list[tuple[str, int, int]], width: int) -> None:
    """Names and numbers are all there, in whatever lines."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv('COLUMNS', str(width))
        console = Console(
            width=width, markup=False, highlight=False, emoji=False, color_system=None, record=True, quiet=False
        )
        with console.capture() as captured:
            console.print(table('', ('', 'requests', 'tokens in all'), rows))
    text = captured.get()
    bare = ''.join(text.split())
    for name, requests, tokens in rows:
        assert f'{requests:,}' in text
        assert f'{tokens:,}' in text
        assert _in_order(''.join(name.split()), bare)


def _in_order(name: str, text: str) -> bool:
    """Whether the letters of a name follow each other, with figures of its row between its lines perhaps."""
    found = iter(text)
    return all(letter in found for letter in name)
