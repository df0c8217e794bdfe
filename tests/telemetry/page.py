"""docs/observability.md as the tests read it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / 'docs' / 'observability.md'
QUERY = re.compile(r'^### ([^\n]+)\n(.*?)^```sql\n(.*?)^```', re.MULTILINE | re.DOTALL)
ROW = re.compile(r'^\| `(\w+)` \| (\w+) \| `([^\n]+?)` \| (.*?) \|$', re.MULTILINE)


def queries() -> dict[str, str]:
    """The health checks by their headings."""
    return {title: sql for title, _, sql in QUERY.findall(PAGE.read_text())}


def rows() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """The documented events by name: level, message, attributes."""
    found = ROW.findall(PAGE.read_text())
    return {name: (level, message, tuple(re.findall(r'`([^`]+)`', names))) for name, level, message, names in found}
