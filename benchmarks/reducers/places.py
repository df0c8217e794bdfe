"""Facts of searches and listings: paths, and the lines that were found in them."""

from __future__ import annotations

import re
from collections import Counter

from .facts import Found, paths, texts

_HIT = re.compile(
    r'^([^\s:]{1,300}\.[A-Za-z]\w{0,7})-\d+-([^\n]*)|^([^\s:]{1,300}):\d+(?::\d+)?:([^\n]*)'
    r'|^([^\s:]{1,300}/[^\s:]+):(?!//)([^\n]+)',
    re.MULTILINE,
)
"""A line beside a hit, a hit with its number, a hit without."""
_HEADED = re.compile(r'^(\d+)[:\-]([^\n]*)', re.MULTILINE)
_FILE = re.compile(
    r'^(?:\.{0,2}/)?[\w.@+~%=\-]+(?:/[\w.@+~%=\-\[\]()]+)*\.\w{1,12}$|^\.{0,2}/?[\w.@+~%=\-]+/[\w./@+~%=\-]+$',
    re.MULTILINE,
)
_LONG = re.compile(
    r'^[dl\-][rwxsStT\-]{9}[@+.]?\s+\d+\s+\S+\s+\S+\s+[\d,.]+\w?\s+\w+\s+\d+\s+[\d:]+\s+([^\n]+)', re.MULTILINE
)
_TREE = re.compile(r'^[\s│|]*[├└`|+][─\-]+\s*(\S+)', re.MULTILINE)
_STATUS = re.compile(
    r'^\s*(?:modified|new file|deleted|renamed|both modified):\s+(\S+)|^ ?[MADRU?]{1,2} (\S+)$', re.MULTILINE
)
_BESIDE = re.compile(r'-\d+-/*$')
LEAST = 4
"""Characters of a found line below which it says nothing."""


def searches(text: str) -> Found:
    """Files with hits, and the distinct texts of the hits."""
    files: dict[str, None] = {}
    hits: list[str] = []
    for match in _HIT.finditer(text):
        path = match[1] or match[3] or match[5]
        if ('/' in path or '.' in path) and not path.startswith(('http', '"', '{', '//')):
            files[path] = None
            hits.append(match[2] or match[4] or match[6] or '')
    files.update(dict.fromkeys(path for path in _FILE.findall(text) if not _BESIDE.search(path)))
    if not hits:
        hits = [line for _, line in _HEADED.findall(text)]
    said = [line for line in hits if len(line.strip()) >= LEAST and any(c.isalnum() for c in line)]
    return [*paths('file', 3, files, 200), *texts('hit', 1, said, 100)] if files else []


def listings(text: str) -> Found:
    """Paths and names; what else stands in the text is not looked at."""
    found = [
        *_FILE.findall(text),
        *(name.partition(' -> ')[0].strip('\'"') for name in _LONG.findall(text)),
        *_TREE.findall(text),
        *(a or b for a, b in _STATUS.findall(text)),
    ]
    named = [path for path in found if path not in ('.', '..')]
    if len(named) < 3:
        words = [line.strip() for line in text.split('\n') if line.strip() and ' ' not in line.strip()]
        named = words if len(words) >= 3 else named
    counted = Counter(named)
    return paths('path', 1, counted, 200)
