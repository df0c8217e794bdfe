"""Writes what docs/observability.md says of events, and the dashboard of its queries, from the code and the page.

    python scripts/observability.py            # writes both files again
    python scripts/observability.py --check    # exits with 1 if one of them is not what it would write

The dashboard is in the format of Logfire's "Download dashboard as code": a Perses dashboard whose queries are Logfire's
own plugin.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from compactor.telemetry import events
from compactor.telemetry.emit import attributes_of
from compactor.telemetry.records import RECORDS, RUN, Record

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / 'docs' / 'observability.md'
DASHBOARD = ROOT / 'docs' / 'logfire-dashboard.json'
QUERY = re.compile(r'^### ([^\n]+)\n\n(.*?)^```sql\n(.*?)^```', re.MULTILINE | re.DOTALL)
BEGIN, END = '<!-- events: written by scripts/observability.py -->\n', '<!-- end of events -->\n'
LEVELS = {5: 'DEBUG', 9: 'INFO', 13: 'WARN', 17: 'ERROR'}
WIDE, HIGH = 24, 8
"""A dashboard's width in its columns, and a panel's height."""


def table() -> str:
    """The events, one a row."""
    lines = ['| record | level | message | attributes | when |', '|---|---|---|---|---|']
    lines += [_line(record) for record in RECORDS.values()]
    return '\n'.join(lines) + '\n'


def dashboard(page: str) -> dict[str, Any]:
    """Every query of the page as a panel, one below the other."""
    panels, items = {}, []
    for i, (title, _, query) in enumerate(QUERY.findall(page)):
        key = re.sub(r'\W+', '-', title.lower())
        panels[key] = _panel(title, query)
        items.append(
            {'x': 0, 'y': i * HIGH, 'width': WIDE, 'height': HIGH, 'content': {'$ref': f'#/spec/panels/{key}'}}
        )
    return {
        'kind': 'Dashboard',
        'metadata': {'name': 'compactor', 'project': 'compactor'},
        'spec': {
            'display': {'name': 'compactor'},
            'duration': '24h',
            'datasources': {},
            'variables': [],
            'panels': panels,
            'layouts': [{'kind': 'Grid', 'spec': {'display': {'title': 'Health checks'}, 'items': items}}],
        },
    }


def written(page: str) -> dict[Path, str]:
    """Both files as they ought to be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    page = f'{before}{BEGIN}{table()}{END}{after}'
    return {PAGE: page, DASHBOARD: json.dumps(dashboard(page), indent=2) + '\n'}


def main(arguments: list[str]) -> int:
    """Writes or checks."""
    wrong = 0
    for path, text in written(PAGE.read_text()).items():
        if not path.exists() or path.read_text() != text:
            wrong = 1
            print(f'{path.relative_to(ROOT)} {"differs" if "--check" in arguments else "written"}')
            if '--check' not in arguments:
                path.write_text(text)
    return wrong if '--check' in arguments else 0


def _line(record: Record) -> str:
    names = ', '.join(f'`{name}`' for name in _attributes(record))
    return f'| `{record.name}` | {LEVELS[record.level]} | `{record.message}` | {names} | {_meaning(record.kind)} |'


def _attributes(record: Record) -> list[str]:
    own = [attribute for _, attribute, _ in record.attributes if attribute != RUN]
    if record.kind is events.Compacted:
        nobody = events.Compacted(None, None, 0, 0, 0, 0, 0, (), 0, True, False)
        own += [name for name in attributes_of(nobody, record) if name not in own and not name.startswith('logfire.')]
    return own


def _meaning(kind: type[events.Event]) -> str:
    """What the tree of events says of one."""
    found = re.search(rf'[├└]── {kind.__name__} +(.+)', events.__doc__ or '')
    assert found is not None, f'{kind.__name__} is missing in the tree of events'
    return found[1]


def _panel(title: str, query: str) -> dict[str, Any]:
    plugin = {'kind': 'LogfireNonTimeSeriesQuery', 'spec': {'query': query.strip()}}
    return {
        'kind': 'Panel',
        'spec': {
            'display': {'name': title},
            'plugin': {'kind': 'Table', 'spec': {'query': ''}},
            'queries': [{'kind': 'NonTimeSeriesQuery', 'spec': {'plugin': plugin}}],
        },
    }


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
