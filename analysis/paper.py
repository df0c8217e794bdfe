"""What every chart and table of the notebooks is drawn on: size, colours, axes, and where the result goes.

Figures are made without `pyplot`: no global state, no window, the same picture in a notebook and in a plain run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

CHARTS = 'COMPACTOR_CHARTS'
"""A folder in this environment variable takes each chart as a PNG file, in a plain run too."""
WIDTH, DPI = 7.0, 140
"""Inches and dots an inch: a notebook shows 700 pixels of the 980, so that fine lines stay fine."""
SHOWN = 700
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = '#0072B2', '#E69F00', '#009E73', '#D55E00', '#CC79A7', '#56B4E9'
"""Okabe and Ito's colours, told apart with any kind of colour vision; meaning never hangs on colour alone."""
LONGEST = 48
"""Characters of a table's last column on one line: a page shows about a hundred in all."""
INK, GREY, PALE = '#222222', '#767676', '#EDEDED'
STYLE: Any = {
    'font.family': 'DejaVu Sans',  # comes with matplotlib, so that every machine has it
    'font.size': 9,
    'axes.titlesize': 10,
    'axes.titleweight': 'bold',
    'axes.titlelocation': 'left',
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.edgecolor': GREY,
    'axes.axisbelow': True,
    'text.color': INK,
    'axes.labelcolor': INK,
    'xtick.color': INK,
    'ytick.color': INK,
    'legend.frameon': False,
    'hatch.linewidth': 0.6,
}


rcParams.update(STYLE)


def sheet(title: str, height: float, pad: float = 10) -> tuple[Figure, Axes]:
    """An empty chart with a title.

    Args:
        title: what is to be seen.
        height: in inches.
        pad: points between title and axes: more where something is written above the axes.
    """
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout='constrained')
    axes = figure.add_subplot()
    axes.set_title(title, pad=pad)
    return figure, axes


def png(figure: Figure) -> bytes:
    """A chart as PNG: the same bytes each time, without a date or a version in them."""
    buffer = BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format='png', metadata={'Software': None})
    return buffer.getvalue()


def show(figure: Figure, name: str) -> None:
    """Shows a chart in a notebook; in a plain run, writes it to the folder that `CHARTS` names, if it names one.

    Args:
        figure: the chart.
        name: of the file, without its ending.
    """
    picture = png(figure)
    if folder := os.environ.get(CHARTS):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f'{name}.png').write_bytes(picture)
    if 'ipykernel' in sys.modules:
        view = import_module('IPython.display')  # there is one where there is a kernel
        view.display(view.Image(data=picture, width=SHOWN))


def short(value: float, _: object = None) -> str:
    """A number of tokens on an axis: 1.5M, 250k, 0."""
    for size, unit in ((1e9, 'bn'), (1e6, 'M'), (1e3, 'k')):
        if abs(value) >= size:
            return f'{value / size:,.3g}{unit}'
    return f'{value:,.3g}'


def percent(value: float, _: object = None) -> str:
    """A share on an axis."""
    return f'{value:.0%}'


TOKENS, SHARES = FuncFormatter(short), FuncFormatter(percent)
"""How axes write tokens and shares."""


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints rows under a header: columns of numbers to the right, long texts in the last column on several lines."""
    cells = [[*header]]
    for row in rows:
        *first, last = (cell(one) for one in row)
        lines = wrap(last, LONGEST) or ['']
        cells.append([*first, lines[0]])
        cells += ([''] * len(first) + [line] for line in lines[1:])
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    left = [all(not isinstance(row[i], int | float) for row in rows) and bool(rows) for i in range(len(header))]
    for number, row in enumerate(cells):
        aligned = (one.ljust(w) if to_left else one.rjust(w) for one, w, to_left in zip(row, widths, left, strict=True))
        print('  '.join(aligned).rstrip())
        if number == 0:
            print('  '.join('─' * width for width in widths))


def cell(value: object) -> str:
    """A value for people."""
    if value is None:
        return '-'
    return f'{value:,.0f}' if isinstance(value, int | float) else str(value)
