"""The headers in which providers tell their limits, as each of them writes them."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate

from compactor.testing.account import Denial, Standing
from compactor.testing.limits import RateLimits, Style, Unit, Window

ROUNDED = 1_000
"""Anthropic tells the tokens that remain "rounded to the nearest thousand"."""

Amount = Callable[[Unit, int], int]
"""How what remains of a unit is told."""
Reset = Callable[[float, float], str]
"""How a reset is told: from the seconds until then, and the provider's time."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A family of three headers, `{}` standing for limit, remaining or reset, and the windows that it may tell.

    Where limits of several windows are kept, the first of these is told.
    """

    pattern: str
    unit: Unit
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class _Writer:
    names: tuple[_Name, ...]
    reset: Reset
    amount: Amount = lambda unit, amount: amount


def go_duration(seconds: float) -> str:
    """A duration as Go's standard library writes it, to the millisecond: '12ms', '7.66s', '6m0s', '1h0m0s'."""
    milliseconds = math.ceil(seconds * 1_000)
    if milliseconds < 1_000:
        return f'{milliseconds}ms' if milliseconds else '0s'
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f'{rest / 1_000:.3f}'.rstrip('0').rstrip('.') + 's'
    if hours or minutes:
        text = f'{minutes}m{text}'
    return f'{hours}h{text}' if hours else text


def _go(seconds: float, now: float) -> str:
    return go_duration(seconds)


def _float(seconds: float, now: float) -> str:
    return f'{seconds:.6f}'


def _moment(seconds: float, now: float) -> str:
    return datetime.fromtimestamp(math.ceil(now + seconds), UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def _rounded(unit: Unit, amount: int) -> int:
    return amount if unit == 'requests' else round(amount / ROUNDED) * ROUNDED


# Source: OpenAI "Rate limits in headers" and its cookbook, Anthropic "Rate limits: response headers", Cerebras and Groq
# "Rate limits", as documented in 2026. OpenAI's name no window: small accounts have limits a day under the same names.
_WRITERS: Mapping[Style, _Writer] = {
    'openai': _Writer(
        (
            _Name('x-ratelimit-{}-requests', 'requests', ('minute', 'day')),
            _Name('x-ratelimit-{}-tokens', 'tokens', ('minute', 'day')),
        ),
        _go,
    ),
    'anthropic': _Writer(
        (
            _Name('anthropic-ratelimit-requests-{}', 'requests', ('minute',)),
            _Name('anthropic-ratelimit-tokens-{}', 'tokens', ('minute',)),
            _Name('anthropic-ratelimit-input-tokens-{}', 'input_tokens', ('minute',)),
            _Name('anthropic-ratelimit-output-tokens-{}', 'output_tokens', ('minute',)),
        ),
        _moment,
        _rounded,
    ),
    'cerebras': _Writer(
        (
            _Name('x-ratelimit-{}-requests-day', 'requests', ('day',)),
            _Name('x-ratelimit-{}-tokens-minute', 'tokens', ('minute',)),
        ),
        _float,
    ),
    'groq': _Writer(
        (
            _Name('x-ratelimit-{}-requests', 'requests', ('day',)),
            _Name('x-ratelimit-{}-tokens', 'tokens', ('minute',)),
        ),
        _go,
    ),
    'none': _Writer((), _go),
}


def headers(limits: RateLimits, standings: Iterable[Standing], now: float) -> dict[str, str]:
    """The headers of any response.

    Args:
        limits: What the provider keeps, and how it tells that.
        standings: How its limits stand.
        now: Its time, without its skew.
    """
    told = dict(_told(_WRITERS[limits.style], {_slot(one): one for one in standings}, now + limits.skew))
    return {'date': formatdate(now + limits.skew, usegmt=True), **told}


def refusal_headers(limits: RateLimits, denial: Denial) -> dict[str, str]:
    """The headers of a 429: those of any response, and when to come back, where that is known and told."""
    written = headers(limits, denial.standings, denial.at)
    if denial.wait is None or math.isinf(denial.wait) or limits.style == 'none' or limits.retry_after == 'none':
        return written
    seconds = math.ceil(denial.wait)
    if limits.retry_after == 'date':
        return {**written, 'retry-after': formatdate(math.ceil(denial.at + limits.skew) + seconds, usegmt=True)}
    return {**written, 'retry-after': str(seconds)}


def _slot(standing: Standing) -> tuple[Unit, Window]:
    return standing.limit.unit, standing.limit.window


def _told(writer: _Writer, standings: Mapping[tuple[Unit, Window], Standing], now: float) -> Iterator[tuple[str, str]]:
    for name in writer.names:
        found = [standings[name.unit, window] for window in name.windows if (name.unit, window) in standings]
        if found:
            one = found[0]
            yield name.pattern.format('limit'), str(one.limit.amount)
            yield name.pattern.format('remaining'), str(writer.amount(name.unit, one.remaining))
            yield name.pattern.format('reset'), writer.reset(one.resets_in, now)
