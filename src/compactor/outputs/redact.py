"""What a tool returned, whatever its type, without secrets, as it is sent."""

from __future__ import annotations

from typing import Any

from compactor.secrets.redact import Secrets, redact
from compactor.secrets.values import redacted as walked


def redacted(value: Any, secrets: Secrets) -> Any:
    """A result with every text in it redacted; the same object where there is no secret."""
    return redact(value, secrets) if isinstance(value, str) else walked(value, secrets)
