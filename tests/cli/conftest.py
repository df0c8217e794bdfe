"""What is printed depends on the arguments only."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colours and no policy from outside."""
    outside = [name for name in os.environ if name.startswith('COMPACTOR_') and name != 'COMPACTOR_CORPUS']
    for name in (*outside, 'FORCE_COLOR', 'TTY_COMPATIBLE', 'TTY_INTERACTIVE', 'COLUMNS'):
        monkeypatch.delenv(name, raising=False)
