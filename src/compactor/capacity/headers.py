"""What the headers of a response say about limits, provider by provider, in one table.

Headers are untrusted text: whatever they hold, nothing here raises, and what makes no sense is no reading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_tz
from typing import Literal

from compactor.capacity.units import Source, Unit

ReadingWindow = Literal['minute', 'hour', 'day']
"""Windows that providers name."""

LARGEST = 10**13
"""The largest amount that is believed; the largest published limits are about 10^10 tokens a day."""
LONGEST_RESET = 31 * 86_400.0
"""Seconds of the longest reset that is believed, and of the longest wait that is asked for: a month."""
SINCE_1970 = 10**9
"""From here on a number is a time since 1970 and no length: in seconds, with three digits more in milliseconds."""
LONGEST_MINUTE = 120.0
"""Seconds of the longest reset of a limit a minute: an overdrawn bucket takes more than a minute to fill."""
LONGEST_TEXT = 64
"""Characters of the longest value that is read; real ones have up to 30."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a response says about one limit.

    Attributes:
        unit: what is limited.
        window: for how long.
        limit: how much; None if it does not say.
        remaining: how much was left when the response was written; None if it does not say.
        reset_seconds: until all is given back; None if it does not say.
        source: 'header', or 'error' for the body of a refusal.
    """

    unit: Unit
    window: ReadingWindow
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None
    source: Source = 'header'


@dataclass(frozen=True, slots=True)
class _Name:
    """A family of three headers; `{}` in its pattern stands for limit, remaining or reset; `bare` names no window.

    Of `only` one provider is known what names mean that say neither unit nor window.
    """

    pattern: str
    unit: Unit
    window: ReadingWindow
    bare: bool = False
    only: str | None = None


# Source: OpenAI "Rate limits in headers", Anthropic "Rate limits: response headers", Groq "Rate limit headers",
# Cerebras "Rate limits", as documented in 2026; "req" is Mistral's. OpenAI's names mean a minute; exceptions are below.
# OpenRouter "Limits" (openrouter.ai/docs/api_reference/limits): requests, with the reset in milliseconds since 1970.
NAMES: tuple[_Name, ...] = (
    _Name('x-ratelimit-{}-requests', 'requests', 'minute', bare=True),
    _Name('x-ratelimit-{}-tokens', 'tokens', 'minute', bare=True),
    _Name('x-ratelimit-{}-input-tokens', 'input_tokens', 'minute', bare=True),
    _Name('x-ratelimit-{}-output-tokens', 'output_tokens', 'minute', bare=True),
    _Name('x-ratelimit-{}-req-minute', 'requests', 'minute'),
    _Name('x-ratelimit-{}-requests-minute', 'requests', 'minute'),
    _Name('x-ratelimit-{}-requests-hour', 'requests', 'hour'),
    _Name('x-ratelimit-{}-requests-day', 'requests', 'day'),
    _Name('x-ratelimit-{}-tokens-minute', 'tokens', 'minute'),
    _Name('x-ratelimit-{}-tokens-hour', 'tokens', 'hour'),
    _Name('x-ratelimit-{}-tokens-day', 'tokens', 'day'),
    _Name('anthropic-ratelimit-requests-{}', 'requests', 'minute'),
    _Name('anthropic-ratelimit-tokens-{}', 'tokens', 'minute'),
    _Name('anthropic-ratelimit-input-tokens-{}', 'input_tokens', 'minute'),
    _Name('anthropic-ratelimit-output-tokens-{}', 'output_tokens', 'minute'),
    _Name('x-ratelimit-{}', 'requests', 'minute', bare=True, only='openrouter'),
)

# (provider, header) -> window, where a provider means another one by the same name.
OTHER_WINDOWS: Mapping[tuple[str, str], ReadingWindow] = {('groq', 'x-ratelimit-{}-requests'): 'day'}

ZERO_IS_NOTHING = frozenset({'azure'})
"""Providers whose 'remaining: 0' stands for a number that they do not know."""


def readings(headers: Mapping[str, str], now: float, provider: str | None = None) -> list[Reading]:
    """What response headers say about limits; empty if nothing.

    Args:
        headers: by lower-case name.
        now: seconds since 1970, for resets that name a moment; the response's own `date` is taken instead where there
            is one, so that it does not matter whether our clock is right.
        provider: its name, as pydantic-ai has it; tells apart what names alone do not (Groq, Azure, OpenRouter).
    """
    now = _server_now(headers, now)
    provider = (provider or '').lower()
    found = (_reading(name, headers, now, provider) for name in NAMES if name.only in (None, provider))
    return [reading for reading in found if reading is not None]


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a refusal asks to wait, a month at most; None if it does not say.

    `retry-after-ms` goes first, as it is finer. `retry-after` is a number of seconds, a duration as Go writes it
    ('1m30s'), a date as mail and web write it, or a moment. Without either it is the reset of what is used up, under
    the name that gateways give it.

    Args:
        headers: by lower-case name.
        now: seconds since 1970, for moments; see `readings`.
    """
    now = _server_now(headers, now)
    milliseconds = _number(_text(headers, 'retry-after-ms'))
    if milliseconds is not None:
        return min(milliseconds / 1_000, LONGEST_RESET)
    said = _wait(_text(headers, 'retry-after'), now)
    if said is None and _amount(_text(headers, 'x-ratelimit-remaining')) == 0:
        said = _wait(_text(headers, 'x-ratelimit-reset'), now)
    return said


def _wait(text: str, now: float) -> float | None:
    """Seconds that are asked for, in any form, a month at most."""
    seconds = _plain(text)
    if seconds is not None and seconds < SINCE_1970:
        return min(seconds, LONGEST_RESET)
    moment = _moment(text)
    if moment is None:
        moment = _http_date(text)
    return None if moment is None else min(max(0.0, moment - now), LONGEST_RESET)


def _reading(name: _Name, headers: Mapping[str, str], now: float, provider: str) -> Reading | None:
    texts = {field: _text(headers, name.pattern.format(field)) for field in ('limit', 'remaining', 'reset')}
    limit, remaining = _amount(texts['limit']), _amount(texts['remaining'])
    if texts['limit'] and not limit:
        return None  # a limit of 0 or -1 (Azure): nothing that comes with it means anything
    if remaining == 0 and (limit is None or provider in ZERO_IS_NOTHING):
        remaining = None
    if limit is None and remaining is None:
        return None
    if limit is not None and remaining is not None:
        remaining = min(remaining, limit)  # Anthropic rounds what is left to thousands
    reset = _reset(texts['reset'], now)
    window = OTHER_WINDOWS.get((provider, name.pattern), name.window)
    if name.bare and window == 'minute' and reset is not None and reset > LONGEST_MINUTE:
        window = 'day'  # small OpenAI accounts have limits a day, sent under the same names
    return Reading(name.unit, window, limit, remaining, reset)


# -- values ------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r'[0-9]{1,15}(?:\.[0-9]{1,30})?')
_DURATION = re.compile(r'(?:[0-9]{1,9}(?:\.[0-9]{1,30})?(?:ns|us|µs|ms|d|h|m|s))+')
_PIECE = re.compile(r'([0-9.]+)(ns|us|µs|ms|d|h|m|s)')
_SECONDS = {'ns': 1e-9, 'us': 1e-6, 'µs': 1e-6, 'ms': 1e-3, 's': 1.0, 'm': 60.0, 'h': 3_600.0, 'd': 86_400.0}
_RFC3339 = re.compile(
    r'([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})'
)
_DATE = re.compile(r'[A-Z][a-z]{2,8},? [0-9A-Za-z :+-]{16,40}')


def duration(text: str) -> float | None:
    """Seconds of a duration such as '6m0s', '12ms', '1h2m3.5s', or a plain number of seconds; None if it is neither."""
    seconds = _plain(text.strip())
    return None if seconds is None else _believed(seconds)


def _plain(text: str) -> float | None:
    if len(text) > LONGEST_TEXT:
        return None
    if _DURATION.fullmatch(text):
        return sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))
    return _number(text)


def _text(headers: Mapping[str, str], name: str) -> str:
    value: object = headers.get(name)
    return value.strip() if isinstance(value, str) and len(value) <= LONGEST_TEXT else ''


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _amount(text: str) -> int | None:
    """A whole number from 0; Anthropic and some gateways write it with a fraction."""
    number = _number(text)
    return int(number) if number is not None and number <= LARGEST else None


def _reset(text: str, now: float) -> float | None:
    moment = _moment(text)
    return duration(text) if moment is None else _believed(max(0.0, moment - now))


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a moment, as a number or as RFC 3339 writes it."""
    number = _number(text)
    if number is not None:
        number = number / 1_000 if number >= SINCE_1970 * 1_000 else number
        return number if number >= SINCE_1970 else None
    found = _RFC3339.fullmatch(text)
    if not found:
        return None
    zone = 'Z' if found[3] in 'Zz' else found[3]
    try:
        moment = datetime.fromisoformat(found[1].upper().replace(' ', 'T') + zone).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment + float(found[2] or 0)


def _http_date(text: str) -> float | None:
    """Seconds since 1970 of a date as RFC 9110 writes it, in its old forms too, or RFC 5322 ('+0100', '-0000')."""
    if not _DATE.fullmatch(text):
        return None
    try:
        found = parsedate_tz(text)
        if found is None:
            return None
        year, month, day, hour, minute, second = found[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timestamp() - (found[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _server_now(headers: Mapping[str, str], now: float) -> float:
    moment = _http_date(_text(headers, 'date'))
    return now if moment is None else moment


def _believed(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) and 0 <= seconds <= LONGEST_RESET else None
