"""What the body of an OpenRouter refusal says about limits: the headers that it would have sent stand in it.

Like headers it is untrusted: nothing here raises, and what makes no sense is no reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from compactor.capacity.error_body import error_in, message_in
from compactor.capacity.headers import Reading, ReadingWindow, readings, retry_after

MOST = 50
"""Headers in a body that are looked at."""
DAY = 86_400

# The first text found in a refusal's words or source decides. Seen: 'Rate limit exceeded: free-models-per-day. Add 10
# credits ...' (Gitlawb/openclaude/issues/936), 'free-models-per-day-high-balance' (issues/1549 there),
# 'free-models-per-min.' (mrdulasolutions/AOS-Mail/pull/13), 'limit_source': 'openrouter_free_tier_daily'
# (Avarok-Cybersecurity/atlas/pull/543). A day is that of UTC (openrouter.ai/docs/api_reference/limits).
WINDOWS: tuple[tuple[str, ReadingWindow], ...] = (
    ('per-day', 'day'),
    ('tier_daily', 'day'),
    ('per-min', 'minute'),
    ('tier_minute', 'minute'),
)


def body_readings(body: object, now: float) -> list[Reading]:
    """The limits that a refusal names.

    Args:
        body: parsed or as text.
        now: seconds since 1970.
    """
    window = _window(body)
    found = []
    for reading in readings(_headers(body), now, 'openrouter'):
        reset = reading.reset_seconds
        if reset is None and window == 'day':
            reset = _until_midnight(now)
        found.append(replace(reading, window=window or reading.window, reset_seconds=reset, source='error'))
    return found


def body_retry_after(body: object, now: float) -> float | None:
    """Seconds that a refusal asks to wait; None if it does not say.

    Its headers say so, or `retry_after_seconds` (of a provider behind OpenRouter), or that it is a day's limit.

    Args:
        body: parsed or as text.
        now: seconds since 1970.
    """
    said = retry_after(_headers(body), now)
    if said is None:
        seconds = _metadata(body).get('retry_after_seconds')
        said = retry_after({'retry-after': str(seconds)}, now) if isinstance(seconds, int | float) else None
    if said is None and _window(body) == 'day':
        said = _until_midnight(now)
    return said


def _metadata(body: object) -> Mapping[str, object]:
    found = error_in(body).get('metadata')
    return found if isinstance(found, Mapping) else {}


def _headers(body: object) -> Mapping[str, str]:
    found = _metadata(body).get('headers')
    if not isinstance(found, Mapping):
        return {}
    return {str(name).lower(): str(value) for name, value in list(found.items())[:MOST]}


def _window(body: object) -> ReadingWindow | None:
    """Which window a refusal is about, by OpenRouter's own words; None where they are somebody else's."""
    words = message_in(body)[:200]
    if not words.startswith('Rate limit exceeded: '):
        words = ''
    words = f'{words} {_metadata(body).get("limit_source", "")}'[:400]
    return next((window for text, window in WINDOWS if text in words), None)


def _until_midnight(now: float) -> float:
    return DAY - now % DAY
