"""Limits as each provider tells them in headers, and as the library reads them."""

from __future__ import annotations

from typing import Any

import pytest

from compactor.capacity.headers import Reading, readings, retry_after
from compactor.testing import RateLimit, RateLimits
from compactor.testing.account import Denial, Standing
from compactor.testing.limit_headers import go_duration, headers, refusal_headers
from compactor.testing.limits import Style

START = 1_770_000_000.0
MINUTE = RateLimit('requests', 'minute', 2)

KEPT = (
    RateLimit('requests', 'minute', 50),
    RateLimit('requests', 'day', 5_000),
    RateLimit('tokens', 'minute', 90_000),
    RateLimit('input_tokens', 'minute', 80_000),
    RateLimit('output_tokens', 'minute', 16_000),
)
STANDINGS = tuple(Standing(limit, limit.amount - 40, 12.34) for limit in KEPT)
HEADERS: dict[Style, dict[str, str]] = {
    'openai': {
        'x-ratelimit-limit-requests': '50',
        'x-ratelimit-remaining-requests': '10',
        'x-ratelimit-reset-requests': '12.34s',
        'x-ratelimit-limit-tokens': '90000',
        'x-ratelimit-remaining-tokens': '89960',
        'x-ratelimit-reset-tokens': '12.34s',
    },
    'anthropic': {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '10',
        'anthropic-ratelimit-requests-reset': '2026-02-02T02:40:13Z',
        'anthropic-ratelimit-tokens-limit': '90000',
        'anthropic-ratelimit-tokens-remaining': '90000',
        'anthropic-ratelimit-tokens-reset': '2026-02-02T02:40:13Z',
        'anthropic-ratelimit-input-tokens-limit': '80000',
        'anthropic-ratelimit-input-tokens-remaining': '80000',
        'anthropic-ratelimit-input-tokens-reset': '2026-02-02T02:40:13Z',
        'anthropic-ratelimit-output-tokens-limit': '16000',
        'anthropic-ratelimit-output-tokens-remaining': '16000',
        'anthropic-ratelimit-output-tokens-reset': '2026-02-02T02:40:13Z',
    },
    'cerebras': {
        'x-ratelimit-limit-requests-day': '5000',
        'x-ratelimit-remaining-requests-day': '4960',
        'x-ratelimit-reset-requests-day': '12.340000',
        'x-ratelimit-limit-tokens-minute': '90000',
        'x-ratelimit-remaining-tokens-minute': '89960',
        'x-ratelimit-reset-tokens-minute': '12.340000',
    },
    'groq': {
        'x-ratelimit-limit-requests': '5000',
        'x-ratelimit-remaining-requests': '4960',
        'x-ratelimit-reset-requests': '12.34s',
        'x-ratelimit-limit-tokens': '90000',
        'x-ratelimit-remaining-tokens': '89960',
        'x-ratelimit-reset-tokens': '12.34s',
    },
    'none': {},
}


@pytest.mark.parametrize('style', list(HEADERS))
def test_headers_of_each_style(style: Style) -> None:
    """Names and notations of the limits, and the provider's date."""
    told = headers(RateLimits(KEPT, style=style), STANDINGS, START)
    assert told == {'date': 'Mon, 02 Feb 2026 02:40:00 GMT', **HEADERS[style]}


@pytest.mark.parametrize('skew', [0.0, -7_200.0, 86_400.0])
@pytest.mark.parametrize('style', list(HEADERS))
def test_the_library_reads_what_each_style_writes(style: Style, skew: float) -> None:
    """The same limits, remainders and resets, also where the provider's clock is wrong."""
    told = headers(RateLimits(KEPT, style=style, skew=skew), STANDINGS, START)
    found = readings(told, START, style)
    written = {name.replace(kind, '') for name in told for kind in ('limit-', '-limit') if kind in name}
    names = {name for name in told if 'remaining' in name}
    assert len(found) == len(names) > 0 or (style == 'none' and not found)
    assert written or style == 'none'
    by_slot = {(one.limit.unit, one.limit.window): one for one in STANDINGS}
    for reading in found:
        standing = by_slot[reading.unit, reading.window]
        assert reading.limit == standing.limit.amount
        assert reading.remaining == pytest.approx(standing.remaining, abs=500)
        assert reading.reset_seconds == pytest.approx(12.34, abs=0.67)
        assert reading.source == 'header'


def test_a_small_account_has_openais_names_for_a_day() -> None:
    """The library tells it by the reset."""
    kept = RateLimit('requests', 'day', 200)
    told = headers(RateLimits((kept,)), [Standing(kept, 150, 21_600)], START)
    assert told['x-ratelimit-reset-requests'] == '6h0m0s'
    assert readings(told, START, 'openai') == [Reading('requests', 'day', 200, 150, 21_600.0)]


@pytest.mark.parametrize(
    ('told', 'seconds'), [('seconds', 13), ('date', pytest.approx(13, abs=1.01)), ('none', None)]
)  # fmt: skip
@pytest.mark.parametrize('skew', [0.0, 300.4, -300.4])
def test_when_to_come_back(told: Any, seconds: Any, skew: float) -> None:
    """In whole seconds, as a date of the provider's clock, or not at all; never too early."""
    kept = RateLimits((MINUTE,), retry_after=told, skew=skew)
    written = refusal_headers(kept, Denial(START, MINUTE, 2, 1, 12.34, ()))
    read = retry_after(written, START)
    assert read == seconds
    assert read is None or read >= 12.34


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [
        (0, '0s'), (0.012, '12ms'), (0.9999, '1s'), (1, '1s'), (7.66, '7.66s'), (59.9999, '1m0s'), (360, '6m0s'),
        (90.5, '1m30.5s'), (3_600, '1h0m0s'), (86_399.5, '23h59m59.5s'),
    ],
)  # fmt: skip
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """To the millisecond, rounded up."""
    assert go_duration(seconds) == text
