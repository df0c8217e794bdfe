"""Writes src/compactor/tokens/window_hosts.py: what single hosts give less of than the table of windows says.

    .venv/bin/python scripts/windows.py          writes it
    .venv/bin/python scripts/windows.py --check  prints what the installed genai-prices knows that it leaves out

It needs genai-prices, whose figures are compared; the table in `window_table.py` is written by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

from genai_prices.data_snapshot import get_snapshot

from compactor.tokens import windows
from compactor.tokens.families import normal_name

PAGE = Path(__file__).parents[1] / 'src' / 'compactor' / 'tokens' / 'window_hosts.py'


def smaller() -> dict[str, dict[str, int]]:
    """By provider, the models whose window is smaller there than the table says."""
    found: dict[str, dict[str, int]] = {}
    for provider in get_snapshot().providers:
        for model in provider.models:
            general = windows.in_table(normal_name(model.id))
            if general is not None and model.context_window and model.context_window < general:
                found.setdefault(normal_name(provider.id), {})[normal_name(model.id)] = model.context_window
    return found


def missing() -> list[str]:
    """Pairs of provider and model whose window we take for larger than genai-prices does."""
    return [
        f'{provider.id}:{model.id}: {model.context_window:,}, not {window:,}'
        for provider in get_snapshot().providers
        for model in provider.models
        if model.context_window
        and (window := windows.context_window(f'{provider.id}:{model.id}')) is not None
        and window > model.context_window
    ]


def written(hosts: dict[str, dict[str, int]]) -> str:
    """The module's text."""
    rows = [
        f'    {host!r}: {{\n'
        + ''.join(f'        {model!r}: {window:_},\n' for model, window in sorted(models.items()))
        + '    },\n'
        for host, models in sorted(hosts.items())
    ]
    text = PAGE.read_text()
    start = text.index('HOSTS: Mapping')
    return text[:start] + 'HOSTS: Mapping[str, Mapping[str, int]] = {\n' + ''.join(rows) + '}\n'


if __name__ == '__main__':
    if '--check' in sys.argv:
        print('\n'.join(missing()) or 'nothing is left out')
    else:
        PAGE.write_text(written(smaller()))
