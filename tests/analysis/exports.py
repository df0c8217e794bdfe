"""Exports for tests: the generated ones with their answers, and small ones written on the spot."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / 'fixtures' / 'usage'
HEADER = 'Model ID,Region ID,Time Start,Time End,Requests,Input Tokens,Output Tokens,Total Tokens'
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def answers() -> dict[str, Any]:
    """What the generator of the fixtures planned."""
    known: dict[str, Any] = json.loads((FOLDER / 'answers.json').read_text())
    return known


def row(
    minute: float, requests: int = 1, tokens: int = 1_000, output: int = 10, *, model: str = 'm', lasts: float = 1
) -> str:
    """A row so many minutes after noon."""
    start, end = (f'{NOON + timedelta(minutes=at):%Y-%m-%dT%H:%M:%S}.000Z' for at in (minute, minute + lasts))
    return f'{model},r,{start},{end},{requests},{tokens},{output},{tokens + output}'


def written(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    """An export with these rows."""
    path.write_text('\n'.join([header, *rows, '']), encoding='utf-8')
    return path


def seconds(text: str) -> int:
    """Seconds since 1970 of a time as exports have it."""
    return int(datetime.fromisoformat(text).timestamp())
