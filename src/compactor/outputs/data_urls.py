"""Data URLs in a text: pictures and other bytes that no model reads as text, each as a note of its type and size."""

from __future__ import annotations

import re

from compactor.outputs.magic import amount, of_base64

LEAST = 120
"""Characters from which on a data URL is replaced."""

_URL = re.compile(
    r'data:(?P<mime>[\w.+\-]{1,40}/[\w.+\-]{1,60})?(?:;[\w\-]{1,40}=[^;,\s"\'<>]{1,60}){0,4}'
    rf'(?:;base64,(?P<data>[\w+/\-]{{{LEAST},}}+={{0,2}})|,(?P<text>[^\s"\'<>()\\]{{{LEAST},}}+))',
    re.ASCII,
)


def without_data_urls(text: str) -> str:
    """The text with a note in the place of each data URL; the same object where there is none."""
    if 'data:' not in text or _URL.search(text) is None:
        return text
    return _URL.sub(_noted, text)


def _noted(found: re.Match[str]) -> str:
    data = found['data']
    mime = found['mime'] or (of_base64(data) if data else None) or 'data'
    size = len(data) * 3 // 4 if data else len(found['text'])
    return f'[data URL: {mime}, about {amount(size)}]'
