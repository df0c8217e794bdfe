"""What the body of a Gemini refusal says about limits: Google sends no headers for them.

Like headers it is untrusted: nothing here raises, and what makes no sense is no reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compactor.capacity.error_body import error_in
from compactor.capacity.headers import LARGEST, Reading, ReadingWindow, duration
from compactor.capacity.units import Unit

MOST = 50
"""Details, and violations of one, that are looked at."""

# The first text found in a quota's id decides, case and underscores aside ('GenerateRequestsPerDayPerProject...',
# 'GenerateContentInputTokensPerModelPerMinute-FreeTier'). Source: refusals of the Gemini API in 2025 and 2026.
UNITS: tuple[tuple[str, Unit], ...] = (
    ('inputtoken', 'input_tokens'),
    ('outputtoken', 'output_tokens'),
    ('token', 'tokens'),
    ('request', 'requests'),
)
WINDOWS: tuple[tuple[str, ReadingWindow], ...] = (('perminute', 'minute'), ('perhour', 'hour'), ('perday', 'day'))


def body_readings(body: object) -> list[Reading]:
    """The limits that a refusal names as exceeded; nothing is left of them.

    Args:
        body: parsed or as text.
    """
    delay = body_retry_after(body)
    found: dict[tuple[Unit, ReadingWindow], Reading] = {}
    for detail in _details(body, 'QuotaFailure'):
        violations = detail.get('violations')
        for violation in violations[:MOST] if isinstance(violations, list) else ():
            reading = _reading(violation, delay)
            if reading is not None:
                found.setdefault((reading.unit, reading.window), reading)
    return list(found.values())


def body_retry_after(body: object) -> float | None:
    """Seconds that a refusal asks to wait (`RetryInfo.retryDelay`); None if it does not say."""
    for detail in _details(body, 'RetryInfo'):
        delay = detail.get('retryDelay')
        if isinstance(delay, str):
            return duration(delay)
    return None


def _reading(violation: object, delay: float | None) -> Reading | None:
    if not isinstance(violation, dict):
        return None
    name = f'{violation.get("quotaId", "")} {violation.get("quotaMetric", "")}'[:400].lower().replace('_', '')
    unit = next((unit for text, unit in UNITS if text in name), None)
    window = next((window for text, window in WINDOWS if text in name), None)
    if unit is None or window is None:
        return None
    limit = None
    if 'quotaValue' in violation:  # some refusals leave it out
        value = str(violation['quotaValue'])[:20]
        if not (value.isascii() and value.isdigit()) or not 0 < int(value) <= LARGEST:
            return None
        limit = int(value)
    # The delay of a daily quota is as short as any other and not when the day ends.
    return Reading(unit, window, limit, 0, delay if window == 'minute' else None, 'error')


def _details(body: object, kind: str) -> Iterator[dict[str, Any]]:
    """The details of a kind."""
    details = error_in(body).get('details')
    for detail in details[:MOST] if isinstance(details, list) else ():
        if isinstance(detail, dict) and str(detail.get('@type', ''))[-40:].endswith(f'.{kind}'):
            yield detail
