"""HTML: what a reader of the page would see, as prose."""

from __future__ import annotations

from compactor.outputs.allowance import Allowance
from compactor.outputs.page import page_of
from compactor.outputs.reducers.prose import reduce_prose


def reduce_html(text: str, allowance: Allowance) -> str | None:
    """The text of the page behind a line that says what it was; None of a page without text."""
    page = page_of(text)
    if not page.text.strip():
        note = allowance.left_out(f'a page of HTML without text, {len(text):,} characters,')
        return note if allowance.holds(note) and len(note) < len(text) else None
    scripts = f', {page.silent:,} of them scripts, styles and navigation' if page.silent > len(text) // 10 else ''
    first = f'[text of an HTML page of {len(text):,} characters{scripts}]'
    inner = allowance.with_tokens(allowance.tokens - allowance.count(first) - 2)
    shown = page.text if inner.holds(page.text) else reduce_prose(page.text, inner)
    whole = f'{first}\n{shown}'
    return whole if shown and allowance.holds(whole) and len(whole) < len(text) else None
