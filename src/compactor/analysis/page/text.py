"""Text for HTML: escaped, without control characters; times and numbers for people."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import datetime, tzinfo

from compactor.quoting import one_line

Cell = str
"""HTML of a cell: made by `esc` or from numbers, never a text from outside as it came."""


def esc(text: object) -> str:
    """Any text as HTML shows it: escaped, in one line, what cannot be seen spelled out."""
    line = one_line(text)
    return html.escape(''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in line), quote=True)


def at(moment: int | None, zone: tzinfo, form: str = '%Y-%m-%d %H:%M') -> str:
    """A moment in a time zone; '-' for none."""
    return '-' if moment is None else datetime.fromtimestamp(moment, zone).strftime(form)


def lasted(seconds: int) -> str:
    """How long something lasted: '45 min', '2 h 05'."""
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60:,} h {minutes % 60:02}'


def table(columns: Iterable[tuple[str, str]], rows: Iterable[Iterable[Cell]], empty: str = 'none') -> str:
    """A table.

    Args:
        columns: (heading, class); 'n' is a number, 'w' is left out on a narrow screen.
        rows: cells, HTML already.
        empty: what is said where there are no rows.
    """
    heads = list(columns)
    made = [
        '<tr>'
        + ''.join(f'<td class="{kind}">{cell}</td>' for (_, kind), cell in zip(heads, row, strict=True))
        + '</tr>'
        for row in rows
    ]
    if not made:
        return f'<p class="quiet">{esc(empty)}</p>'
    head = ''.join(f'<th class="{kind}" scope="col">{esc(name)}</th>' for name, kind in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(made)}</tbody></table></div>'


def section(title: str, *parts: str, ident: str = '') -> str:
    """A section with a heading; '' where there is nothing in it."""
    body = ''.join(parts)
    mark = f' id="{ident}"' if ident else ''
    return f'<section{mark}><h2>{esc(title)}</h2>{body}</section>' if body else ''


def paragraph(text: str, kind: str = '') -> str:
    """A paragraph of text that is escaped here."""
    return f'<p{f" class={kind}" if kind else ""}>{esc(text)}</p>' if text else ''


def more(shown: int, whole: int, what: str) -> str:
    """Says what a table leaves out."""
    return (
        paragraph(f'The newest {shown:,} of {whole:,} {what}; --json has the others.', 'quiet') if whole > shown else ''
    )
