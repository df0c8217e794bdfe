"""The page: one document with its style, its script and uPlot inside; it asks nobody but this server."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

HOLES = {'/*style*/': 'page.css', '/*chart style*/': 'uplot/uPlot.min.css', '/*chart*/': 'uplot/uPlot.iife.min.js'}
"""Where a file stands in the page; the script comes last."""
NONCE = '__nonce__'


def page(nonce: str) -> str:
    """The page, for one answer.

    Args:
        nonce: by which the browser knows its script and its style.
    """
    return _page().replace(NONCE, nonce)


@cache
def _page() -> str:
    text = _read('page.html')
    for hole, name in HOLES.items():
        text = text.replace(hole, _read(name))
    return text.replace('/*script*/', _read('page.js'))


def _read(name: str) -> str:
    return files('compactor.dashboard').joinpath('static', *name.split('/')).read_text('utf-8')
