"""What headers and bodies of responses say about limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.capacity.gemini import body_readings, body_retry_after
from compactor.capacity.headers import LONGEST_RESET, NAMES, Reading, duration, readings, retry_after

NOW = 1_770_000_000.0
"""2026-02-02 02:40:00 UTC."""

OPENAI = {
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-limit-tokens': '200000',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-remaining-tokens': '148210',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-reset-tokens': '15.537s',
    'content-type': 'application/json',
}
OPENAI_SMALL = {
    'x-ratelimit-limit-requests': '200',
    'x-ratelimit-remaining-requests': '199',
    'x-ratelimit-reset-requests': '7m12s',
}
AZURE = {
    'x-ratelimit-limit-requests': '-1',
    'x-ratelimit-remaining-requests': '-1',
    'x-ratelimit-limit-tokens': '30000',
    'x-ratelimit-remaining-tokens': '29071',
}
AZURE_ZERO = {
    'x-ratelimit-limit-requests': '0',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-limit-tokens': '30000',
    'x-ratelimit-remaining-tokens': '0',
}
ANTHROPIC = {
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '49',
    'anthropic-ratelimit-requests-reset': '2026-02-02T02:40:01Z',
    'anthropic-ratelimit-tokens-limit': '38000',
    'anthropic-ratelimit-tokens-remaining': '37000',
    'anthropic-ratelimit-tokens-reset': '2026-02-02T02:40:02.5Z',
    'anthropic-ratelimit-input-tokens-limit': '30000',
    'anthropic-ratelimit-input-tokens-remaining': '29000',
    'anthropic-ratelimit-input-tokens-reset': '2026-02-02T03:40:02+01:00',
    'anthropic-ratelimit-output-tokens-limit': '7500',
    'anthropic-ratelimit-output-tokens-remaining': '8000',
    'anthropic-ratelimit-output-tokens-reset': '2026-02-02T02:39:00Z',
}
GROQ = {
    'x-ratelimit-limit-requests': '14400',
    'x-ratelimit-limit-tokens': '18000',
    'x-ratelimit-remaining-requests': '14391',
    'x-ratelimit-remaining-tokens': '17997',
    'x-ratelimit-reset-requests': '53.9s',
    'x-ratelimit-reset-tokens': '7.66ms',
}
CEREBRAS = {
    'x-ratelimit-limit-requests-day': '1000000000',
    'x-ratelimit-limit-tokens-minute': '1000000',
    'x-ratelimit-remaining-requests-day': '999997482',
    'x-ratelimit-remaining-tokens-minute': '871340',
    'x-ratelimit-reset-requests-day': '33011.382867097855',
    'x-ratelimit-reset-tokens-minute': '11.382867097854614',
}
MISTRAL = {'x-ratelimit-limit-req-minute': '120', 'x-ratelimit-remaining-req-minute': '84'}

TABLE: dict[str, tuple[str, dict[str, str], list[Reading]]] = {
    'openai': (
        'openai',
        OPENAI,
        [
            Reading('requests', 'minute', 500, 499, 0.12),
            Reading('tokens', 'minute', 200_000, 148_210, 15.537),
        ],
    ),
    'a small OpenAI account': ('openai', OPENAI_SMALL, [Reading('requests', 'day', 200, 199, 432.0)]),
    'azure, minus one': ('azure', AZURE, [Reading('tokens', 'minute', 30_000, 29_071)]),
    'azure, zero': ('azure', AZURE_ZERO, [Reading('tokens', 'minute', 30_000)]),
    'anthropic': (
        'anthropic',
        ANTHROPIC,
        [
            Reading('requests', 'minute', 50, 49, 1.0),
            Reading('tokens', 'minute', 38_000, 37_000, 2.5),
            Reading('input_tokens', 'minute', 30_000, 29_000, 2.0),
            Reading('output_tokens', 'minute', 7_500, 7_500, 0.0),
        ],
    ),
    'groq': (
        'groq',
        GROQ,
        [
            Reading('requests', 'day', 14_400, 14_391, 53.9),
            Reading('tokens', 'minute', 18_000, 17_997, 0.00766),
        ],
    ),
    'cerebras': (
        'cerebras',
        CEREBRAS,
        [
            Reading('requests', 'day', 1_000_000_000, 999_997_482, 33_011.382867097855),
            Reading('tokens', 'minute', 1_000_000, 871_340, 11.382867097854614),
        ],
    ),
    'mistral': ('mistral', MISTRAL, [Reading('requests', 'minute', 120, 84)]),
    'exhausted': (
        'openai',
        {'x-ratelimit-limit-tokens': '200000', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6s'},
        [Reading('tokens', 'minute', 200_000, 0, 6.0)],
    ),
    'openrouter, of a day': (
        'openrouter',
        {
            'x-ratelimit-limit': '50',
            'x-ratelimit-remaining': '0',
            'x-ratelimit-reset': '1770054000000',
        },
        [Reading('requests', 'day', 50, 0, 54_000.0)],
    ),
    'openrouter, of a minute': (
        'openrouter',
        {
            'x-ratelimit-limit': '20',
            'x-ratelimit-remaining': '4',
            'x-ratelimit-reset': '1770000030000',
        },
        [Reading('requests', 'minute', 20, 4, 30.0)],
    ),
    'who knows of what': (
        'openai',
        {'x-ratelimit-limit': '50', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1770054000000'},
        [],
    ),
    'a reset as a moment': (
        'sambanova',
        {
            'x-ratelimit-limit-requests': '60',
            'x-ratelimit-remaining-requests': '59',
            'x-ratelimit-reset-requests': '1770000042',
        },
        [Reading('requests', 'minute', 60, 59, 42.0)],
    ),
    'nothing about limits': ('google', {'content-type': 'application/json', 'server': 'scaffolding'}, []),
}


@pytest.mark.parametrize('case', TABLE)
def test_each_provider(case: str) -> None:
    """Every provider's headers are read in its own units, windows and ways to write a reset."""
    provider, headers, expected = TABLE[case]
    found = readings(headers, NOW, provider)
    assert [(one.unit, one.window, one.limit, one.remaining) for one in found] == [
        (one.unit, one.window, one.limit, one.remaining) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.reset_seconds == (None if other.reset_seconds is None else pytest.approx(other.reset_seconds))


def test_a_clock_that_is_wrong_does_not_matter() -> None:
    """Where a response says what time it is, moments are taken relative to that."""
    dated = {**ANTHROPIC, 'date': 'Mon, 02 Feb 2026 02:40:00 GMT'}
    for off in (-3_600, 0, 3_600):
        assert readings(dated, NOW + off, 'anthropic')[0].reset_seconds == 1.0
        assert retry_after({'retry-after': 'Mon, 02 Feb 2026 02:40:30 GMT', **dated}, NOW + off) == 30.0


@pytest.mark.parametrize(
    ('text', 'seconds'),
    [
        ('6m0s', 360.0),
        ('12ms', 0.012),
        ('1h2m3.5s', 3_723.5),
        ('17m', 1_020.0),
        ('1d', 86_400.0),
        ('250us', 0.00025),
        ('11.38', 11.38),
        ('0s', 0.0),
        ('', None),
        ('soon', None),
        ('-5s', None),
        ('5 s', None),
        ('1h2', None),
        ('1.2.3s', None),
        ('1_000', None),
        ('١٢s', None),
        ('nan', None),
        ('inf', None),
        ('1e9', None),
        ('9999999999', None),
        ('9' * 500 + 's', None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    """Durations are read as Go writes them, or as plain seconds up to a month; anything else is none."""
    found = duration(text)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ('headers', 'seconds'),
    [
        ({'retry-after': '20'}, 20.0),
        ({'retry-after': '0.5'}, 0.5),
        ({'retry-after-ms': '1500', 'retry-after': '2'}, 1.5),
        ({'retry-after-ms': 'x', 'retry-after': '2'}, 2.0),
        ({'retry-after': 'Mon, 02 Feb 2026 02:41:00 GMT'}, 60.0),
        ({'retry-after': 'Mon, 02 Feb 2026 02:39:00 GMT'}, 0.0),
        ({'retry-after': 'Mon, 31 Feb 2026 02:39:00 GMT'}, None),
        ({'retry-after': 'Mon, 02 Xxx 2026 02:39:00 GMT'}, None),
        ({'retry-after': 'Mon, 02 Feb 2026 02:41:00 -0000'}, 60.0),
        ({'retry-after': 'Mon, 02 Feb 2026 02:41:00 +0000'}, 60.0),
        ({'retry-after': 'Mon, 02 Feb 2026 03:41:00 +0100'}, 60.0),
        ({'retry-after': 'Mon, 2 Feb 2026 02:41:00 UTC'}, 60.0),
        ({'retry-after': 'Monday, 02-Feb-26 02:41:00 GMT'}, 60.0),
        ({'retry-after': 'Mon Feb  2 02:41:00 2026'}, 60.0),
        ({'retry-after': '2026-02-02T02:41:00Z'}, 60.0),
        ({'retry-after': 'Sat, 02 May 2026 02:40:00 GMT'}, LONGEST_RESET),
        ({'retry-after': 'Mon, 02 Feb 26:99:99 soon'}, None),
        ({'retry-after': '30s'}, 30.0),
        ({'retry-after': '1m30s'}, 90.0),
        ({'retry-after': '370ms'}, 0.37),
        ({'retry-after': '2m59.56s'}, 179.56),
        ({'retry-after': '1000h'}, LONGEST_RESET),
        ({'retry-after': '1770000030'}, 30.0),
        ({'retry-after': '1770000030000'}, 30.0),
        ({'retry-after': '1769999970'}, 0.0),
        ({'retry-after': '-1'}, None),
        ({'retry-after': '-30s'}, None),
        ({'retry-after': '99999999'}, LONGEST_RESET),
        ({'retry-after-ms': '99999999999'}, LONGEST_RESET),
        ({'retry-after': 'NaN'}, None),
        ({'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1770000045000'}, 45.0),
        ({'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1770000045'}, 45.0),
        ({'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45'}, 45.0),
        ({'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '45'}, None),
        ({'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45', 'retry-after': '7'}, 7.0),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, durations, dates and moments, up to a month; what is past is now; nonsense is nothing."""
    assert retry_after(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


HOSTILE = ['', ' ', '-1', '0', '1e999', 'NaN', '0x10', '٣', '1' * 400, '\x00', 'a' * 5_000, '10,000', '5 requests']


@pytest.mark.parametrize('text', HOSTILE)
@pytest.mark.parametrize('provider', ['openai', 'anthropic', 'cerebras', 'azure', 'groq', None])
def test_nonsense_is_no_reading(text: str, provider: str | None) -> None:
    """Values that are no amounts say nothing, whichever header holds them."""
    headers = {name.pattern.format(field): text for name in NAMES for field in ('limit', 'remaining', 'reset')}
    assert readings(headers, NOW, provider) == []


WORDS = st.one_of(
    st.text(max_size=80),
    st.from_regex(r'[0-9]{1,30}(\.[0-9]+)?(ms|s|m|h)?', fullmatch=True),
    st.from_regex(r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})', fullmatch=True),
    st.from_regex(r'Mon, [0-9]{2} (Feb|Foo) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT', fullmatch=True),
)
KEYS = st.sampled_from(
    [name.pattern.format(field) for name in NAMES for field in ('limit', 'remaining', 'reset')]
    + ['retry-after', 'retry-after-ms', 'date']
)


@given(st.dictionaries(KEYS, WORDS), st.floats(0, 4e9), st.sampled_from([None, 'openai', 'groq', 'azure', 'Cerebras']))
def test_whatever_headers_hold(headers: dict[str, str], now: float, provider: str | None) -> None:
    """Nothing raises, and what is read makes sense: positive limits, no more left than that, resets within a month."""
    for one in readings(headers, now, provider):
        assert one.limit is None or one.limit > 0
        assert one.remaining is None or 0 <= one.remaining <= (one.limit or one.remaining)
        assert one.limit is not None or one.remaining
        assert one.reset_seconds is None or 0 <= one.reset_seconds <= LONGEST_RESET
    asked = retry_after(headers, now)
    assert asked is None or 0 <= asked <= LONGEST_RESET


def test_values_that_are_no_text() -> None:
    """A mapping that holds something other than text is read as if that were not there."""
    headers: Any = {'x-ratelimit-limit-tokens': 5_000, 'x-ratelimit-limit-requests': None, 'retry-after': b'3'}
    assert readings(headers, NOW) == []
    assert retry_after(headers, NOW) is None


# -- Gemini ------------------------------------------------------------------------------------------------------


def refusal(*details: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal of the Gemini API."""
    return {'error': {'code': 429, 'message': 'Quota.', 'status': 'RESOURCE_EXHAUSTED', 'details': list(details)}}


def violation(quota: str, **more: str) -> dict[str, Any]:
    """An exceeded quota, as it is named there."""
    return {'quotaMetric': 'generativelanguage.googleapis.com/generate_content_free_tier', 'quotaId': quota, **more}


FAILURE = 'type.googleapis.com/google.rpc.QuotaFailure'
INFO = {'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '34.074824224s'}
HELP = {'@type': 'type.googleapis.com/google.rpc.Help', 'links': [{'description': 'Learn more'}]}
GEMINI = refusal(
    HELP,
    {
        '@type': FAILURE,
        'violations': [
            violation('GenerateContentInputTokensPerModelPerMinute-FreeTier', quotaValue='250000'),
            violation('GenerateRequestsPerMinutePerProjectPerModel-FreeTier', quotaValue='5'),
            violation('GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue='100'),
            violation('GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue='100'),
        ],
    },
    INFO,
)


@pytest.mark.parametrize('body', [GEMINI, [GEMINI], json.dumps(GEMINI), json.dumps([GEMINI]).encode(), GEMINI['error']])
def test_a_gemini_refusal(body: object) -> None:
    """Its quotas are read from the body, parsed or not; the delay is a reset of minutes only, as days take longer."""
    assert body_retry_after(body) == pytest.approx(34.074824224)
    assert body_readings(body) == [
        Reading('input_tokens', 'minute', 250_000, 0, 34.074824224, 'error'),
        Reading('requests', 'minute', 5, 0, 34.074824224, 'error'),
        Reading('requests', 'day', 100, 0, None, 'error'),
    ]


def test_a_gemini_refusal_without_amounts() -> None:
    """Some refusals name the quota only: that nothing is left of it is still said."""
    body = refusal({'@type': FAILURE, 'violations': [violation('GenerateRequestsPerMinutePerProject')]})
    assert body_readings(body) == [Reading('requests', 'minute', None, 0, None, 'error')]
    assert body_retry_after(body) is None


NESTED: Any = []
for _ in range(500):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    'body',
    [
        None,
        '',
        '{',
        'null',
        '[' * 100_000,
        b'\xff\xfe',
        7,
        [],
        NESTED,
        {'error': 'quota'},
        {'error': {'details': 'none'}},
        {'error': {'details': [None, 3, {'@type': FAILURE}, {'@type': FAILURE, 'violations': {'quotaId': 'x'}}]}},
        {'error': {'details': [{'@type': FAILURE, 'violations': [None, 'PerDay', {}, {'quotaId': ['PerDay']}]}]}},
        refusal({'@type': FAILURE, 'violations': [violation('RequestsPerDay', quotaValue='0')]}),
        refusal({'@type': FAILURE, 'violations': [violation('RequestsPerDay', quotaValue='²')]}),
        refusal({'@type': FAILURE, 'violations': [violation('Wishes')]}),
        refusal({'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': {'seconds': 3}}),
        refusal({'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': 'later'}),
    ],
    ids=lambda body: repr(body)[:30],
)
def test_bodies_that_say_nothing(body: object) -> None:
    """A body of another form, or with nonsense in it, says nothing."""
    assert body_readings(body) == []
    assert body_retry_after(body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from([FAILURE, INFO['@type'], '5s']),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(['error', 'details', '@type', 'violations', 'quotaId', 'quotaValue', 'retryDelay']), inner
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_whatever_a_body_holds(body: object) -> None:
    """Nothing raises."""
    for form in (body, json.dumps(body)):
        assert isinstance(body_readings(form), list)
        asked = body_retry_after(form)
        assert asked is None or 0 <= asked <= LONGEST_RESET
