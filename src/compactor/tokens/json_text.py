"""Any value as the JSON text that it is counted by."""

from __future__ import annotations

import json
from typing import Any


def as_json(value: Any) -> str:
    """JSON text of any value; what JSON cannot hold is written as its string."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)
