"""What a price hangs on besides plain tokens: how long a cache holds, audio and images, tiers of service, the endpoint.

Names are those of `genai-prices`, which are the framework's, so that what a response says is kept as it is and priced
by whoever knows how.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOKENS = ('input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens')
"""The counts that every entry has."""
UNITS = (
    'cache_write_1h_tokens',
    'input_audio_tokens',
    'cache_audio_read_tokens',
    'output_audio_tokens',
    'output_reasoning_tokens',
    'audio_seconds',
)
"""The counts that every response has beside them, 0 where nothing is said; a provider may say more."""
TERMS = ('service_tier', 'processing', 'speed', 'route', 'search_type')
"""What of a provider's details decides the price: a tier, a batch."""
NAME = re.compile('[a-z][a-z0-9_]{0,59}')
LONGEST_TERM = 60
NOT_COUNTED = {*TOKENS, 'requests', 'tool_calls', 'unmeasured_requests', 'cost', 'details'}


@dataclass(frozen=True, slots=True)
class Billing:
    """What a price hangs on besides plain tokens.

    Attributes:
        units: counts that are not 0, by name: `cache_write_1h_tokens`, `input_audio_tokens`, `web_searches`.
        terms: what was agreed on, such as `{'service_tier': 'flex'}`.
        endpoint: the address of the interface that was asked, without query and credentials; '' if unknown.
    """

    units: Mapping[str, int | float] = field(default_factory=dict, hash=False)
    terms: Mapping[str, str] = field(default_factory=dict, hash=False)
    endpoint: str = ''

    @classmethod
    def of(cls, usage: object, details: Mapping[str, Any] | None = None, url: str | None = None) -> Billing:
        """What a response of the framework says.

        Args:
            usage: its usage: an object with counts as attributes.
            details: what its provider told besides.
            url: the address of the provider's interface.
        """
        said = getattr(usage, '__dict__', {})
        units = {name: value for name, value in said.items() if name not in NOT_COUNTED and _counts(name, value)}
        told = ((name, (details or {}).get(name)) for name in TERMS)
        terms = {name: value for name, value in told if isinstance(value, str) and 0 < len(value) <= LONGEST_TERM}
        return cls(units, terms, endpoint_of(url or ''))


def endpoint_of(url: str) -> str:
    """An address without what may be secret: user, password, query, fragment."""
    scheme, mark, rest = url.partition('://')
    if not mark:
        scheme, rest = '', url
    rest = rest.partition('#')[0].partition('?')[0]
    host, slash, path = rest.partition('/')
    return f'{scheme}{mark}{host.rpartition("@")[2]}{slash}{path}'


def _counts(name: str, value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and bool(value) and NAME.fullmatch(name) is not None
