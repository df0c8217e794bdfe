"""Secrets out of texts, before anything is cut, stored, logged or shown.

The interface that the rest of the station builds on: `redact(text, secrets)`, `HIGH_CONFIDENCE` and
`Secrets.with_patterns`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Secrets:
    """What counts as a secret: patterns by name."""

    patterns: Mapping[str, str]

    def with_patterns(self, more: Mapping[str, str]) -> Secrets:
        """The same with further patterns by name; one of the same name takes the other's place."""
        return replace(self, patterns={**self.patterns, **more}) if more else self


HIGH_CONFIDENCE = Secrets({'private key': r'-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----'})


def redact(text: str, secrets: Secrets = HIGH_CONFIDENCE) -> str:
    """The text with `[REDACTED-<8 hex>]` in the place of every secret; the same object where there is none."""
    for pattern in secrets.patterns.values():
        text = re.sub(pattern, lambda m: f'[REDACTED-{hashlib.sha256(m[0].encode()).hexdigest()[:8]}]', text)
    return text
