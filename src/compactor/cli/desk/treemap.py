"""Files as a map: an area for each, as large as its tokens; one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compactor.analysis.page.text import esc, section, table
from compactor.cli.desk.counting import Counted, Sum
from compactor.packing.item import kind_of

WIDTH, HEIGHT = 1_000.0, 560.0
MOST = 400
"""Areas of the map; what is smaller is one area together."""
ROWS = 200
"""Rows of the table."""
LABELLED = (46.0, 13.0)
"""Width and height from which on an area has a label."""
COLOURS = {
    'code': '#7aa6d8',
    'tests': '#8fc0a9',
    'docs': '#d9b36c',
    'config': '#b79bd0',
    'comments': '#c9c9c9',
    '': '#c9c9c9',
}
STYLE = (
    'body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1020px;padding:0 1rem}'
    'svg{width:100%;height:auto}rect{stroke:#fff}text{font-size:10px;fill:#10202c;pointer-events:none}'
    'table{border-collapse:collapse;width:100%}td,th{padding:.15rem .6rem;text-align:left}'
    '.n{text-align:right;font-variant-numeric:tabular-nums}.quiet{color:#667}'
    '.key span{display:inline-block;margin-right:1rem}'
    '.key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}'
    '@media(prefers-color-scheme:dark){body{background:#14181c;color:#dde3e8}rect{stroke:#14181c}}'
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Area(NamedTuple):
    """A rectangle of the map, and which text it stands for."""

    at: int
    x: float
    y: float
    width: float
    height: float


def areas(sizes: Sequence[int], width: float = WIDTH, height: float = HEIGHT) -> Iterator[Area]:
    """Rectangles as large as the sizes, which are in descending order; each as square as a row of them can be."""
    whole = sum(sizes)
    if whole <= 0:
        return
    scale = width * height / whole
    x, y, at = 0.0, 0.0, 0
    while at < len(sizes) and sizes[at] > 0:
        side = min(width, height)
        row, worst, total = at, float('inf'), 0.0
        while row < len(sizes) and sizes[row] > 0:
            grown = total + sizes[row] * scale
            flattest = max(side * side * sizes[at] * scale / grown**2, grown**2 / (side * side * sizes[row] * scale))
            if flattest > worst:
                break
            worst, total, row = flattest, grown, row + 1
        thick = total / side
        along = 0.0
        for i in range(at, row):
            long = sizes[i] * scale / thick
            if width >= height:
                yield Area(i, x, y + along, thick, long)
            else:
                yield Area(i, x + along, y, long, thick)
            along += long
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        at = row


def page(files: Sequence[Counted], whole: Sum, title: str) -> str:
    """The HTML file: the map, what its colours mean, and the largest files as a table."""
    ordered = sorted(files, key=lambda one: (-one.tokens, one.name))
    shown = ordered[:MOST]
    rest = sum(one.tokens for one in ordered[MOST:])
    sizes = [one.tokens for one in shown] + ([rest] if rest else [])
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i])
    drawn = ''.join(_area(area, order, shown, sizes) for area in areas([sizes[i] for i in order]))
    window = '' if whole.share is None else f', {whole.share:.1%} of the window of {whole.model}'
    rows = (
        (esc(one.name), esc(kind_of(one.name, '')), f'{one.tokens:,}', f'{one.tokens / max(1, whole.tokens):.1%}')
        for one in ordered[:ROWS]
    )
    columns = (('file', ''), ('kind', ''), ('tokens', 'n'), ('share', 'n'))
    more = f'<p class="quiet">and {len(ordered) - ROWS:,} more</p>' if len(ordered) > ROWS else ''
    key = ''.join(f'<span><i style="background:{COLOURS[kind]}"></i>{kind}</span>' for kind in list(COLOURS)[:4])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{esc(title)}</title><style>{STYLE}</style></head><body>'
        f'<h1>{esc(title)}</h1>'
        f'<p>{whole.tokens:,} tokens ({esc(whole.method)}) in {len(ordered):,} files{esc(window)}</p>'
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="tokens by file">{drawn}</svg>'
        f'<p class="key">{key}</p>{section("Files", table(columns, rows), more)}</body></html>\n'
    )


def _area(area: Area, order: Sequence[int], shown: Sequence[Counted], sizes: Sequence[int]) -> str:
    i = order[area.at]
    name = shown[i].name if i < len(shown) else 'all others'
    colour = COLOURS.get(kind_of(name, '') if i < len(shown) else '', COLOURS[''])
    box = f'x="{area.x:.1f}" y="{area.y:.1f}" width="{area.width:.1f}" height="{area.height:.1f}"'
    label = ''
    if area.width >= LABELLED[0] and area.height >= LABELLED[1]:
        short = name.rsplit('/', 1)[-1][: int(area.width / 6)]
        label = f'<text x="{area.x + 3:.1f}" y="{area.y + 11:.1f}">{esc(short)}</text>'
    return f'<g><rect {box} fill="{colour}"><title>{esc(name)}: {sizes[i]:,} tokens</title></rect>{label}</g>'
