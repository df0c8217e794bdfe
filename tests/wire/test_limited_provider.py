"""The strict provider keeps rate limits as real ones do: seen through the real SDKs, without their retries."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError
from compactor.testing import Answer, Api, Failure, RateLimit, RateLimits, Reply, StrictProvider, Turn
from compactor.testing.account import Account, Admission, Denial
from compactor.testing.limits import Accounting

START = 1_770_000_000.0
"""A whole minute of a day that is 9,600 seconds old."""
USER: Any = {'role': 'user', 'content': 'one two three four'}
INPUT = 10
"""Tokens of a request with that message: four words and two frames of three."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = START

    def __call__(self) -> float:
        return self.now


def words(text: str) -> int:
    """Count words: a tokenizer that a reader can check."""
    return len(text.split())


def limits(*kept: RateLimit, **more: Any) -> RateLimits:
    """Limits on a clock that stands."""
    return RateLimits(kept, **{'clock': Clock(), **more})


@contextmanager
def openai_client(kept: RateLimits, answer: str = 'ok', **more: Any) -> Iterator[tuple[StrictProvider, openai.OpenAI]]:
    """A limited provider and OpenAI's SDK."""
    with (
        StrictProvider(lambda turn: Reply(answer), count=words, limits=kept, **more) as server,
        openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client,
    ):
        yield server, client


def ask(client: openai.OpenAI, **more: Any) -> Any:
    """A request with its headers."""
    return client.chat.completions.with_raw_response.create(model='gpt-4o', messages=[USER], **more)


MINUTE = RateLimit('requests', 'minute', 2)


# -- letting in and refusing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize('stream', [False, True])
@pytest.mark.parametrize(('kind', 'again'), [('rolling', 60), ('calendar', 50), ('bucket', 30)])
def test_requests_above_the_limit_are_refused_until_there_is_room(kind: Accounting, again: float, stream: bool) -> None:
    """Two a minute, asked for ten seconds into it: each kind says when there is room, and keeps to it."""
    clock = Clock(START + 10)
    with openai_client(limits(MINUTE, accounting=kind, clock=clock)) as (server, client):
        for _ in range(2):
            ask(client, stream=stream)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, stream=stream)
        assert caught.value.response.headers['retry-after'] == str(again)
        clock.now += again - 1
        with pytest.raises(openai.RateLimitError):
            ask(client, stream=stream)
        clock.now += 1
        ask(client, stream=stream)
    assert [one.status for one in server.requests] == [200, 200, 429, 429, 200]
    assert server.refusals == []


def test_openai_words() -> None:
    """A refusal is OpenAI's, with the limit, what is used and when to try again."""
    kept = limits(RateLimit('tokens', 'minute', 50))
    with openai_client(kept) as (_, client):
        ask(client, max_tokens=30)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, max_completion_tokens=35)
        assert caught.value.body == snapshot(
            {
                'message': (
                    'Rate limit reached for gpt-4o in organization org-test on tokens per min (TPM): Limit 50, Used '
                    '11, Requested 45. Please try again in 1m0s. Visit '
                    'https://platform.openai.com/account/rate-limits to learn more.'
                ),
                'type': 'tokens',
                'param': None,
                'code': 'rate_limit_exceeded',
            }
        )
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, max_tokens=41)
        assert 'retry-after' not in caught.value.response.headers
        assert caught.value.body == snapshot(
            {
                'message': (
                    'Request too large for gpt-4o in organization org-test on tokens per min (TPM): Limit 50, '
                    'Requested 51. The input or output tokens must be reduced in order to run successfully. Visit '
                    'https://platform.openai.com/account/rate-limits to learn more.'
                ),
                'type': 'tokens',
                'param': None,
                'code': 'rate_limit_exceeded',
            }
        )


def test_cerebras_words() -> None:
    """A refusal in Cerebras's style is flat."""
    with openai_client(limits(RateLimit('requests', 'day', 1), style='cerebras')) as (_, client):
        ask(client)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client)
        assert caught.value.body == snapshot(
            {
                'message': 'Requests per day limit exceeded - too many requests sent.',
                'type': 'too_many_requests_error',
                'param': 'quota',
                'code': 'request_quota_exceeded',
            }
        )


@pytest.mark.parametrize('stream', [False, True])
def test_anthropic_words_and_headers(stream: bool) -> None:
    """Input and output each have a limit; what an answer may take at most counts from the beginning."""
    kept = limits(
        RateLimit('input_tokens', 'minute', 5_000), RateLimit('output_tokens', 'minute', 2_000), style='anthropic'
    )
    with (
        StrictProvider(lambda turn: Reply('ok'), count=words, limits=kept) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
    ):
        asked: dict[str, Any] = {'model': 'claude', 'messages': [USER], 'stream': stream}
        answer = client.messages.with_raw_response.create(max_tokens=1_000, **asked)
        assert {name: text for name, text in answer.headers.items() if name.startswith('anthropic')} == snapshot(
            {
                'anthropic-ratelimit-input-tokens-limit': '5000',
                'anthropic-ratelimit-input-tokens-remaining': '5000',
                'anthropic-ratelimit-input-tokens-reset': '2026-02-02T02:41:00Z',
                'anthropic-ratelimit-output-tokens-limit': '2000',
                'anthropic-ratelimit-output-tokens-remaining': '1000',
                'anthropic-ratelimit-output-tokens-reset': '2026-02-02T02:41:00Z',
            }
        )
        with pytest.raises(anthropic.RateLimitError) as caught:
            client.messages.create(max_tokens=2_000, **asked)
        assert caught.value.response.headers['retry-after'] == '60'
        assert isinstance(caught.value.body, dict)
        assert caught.value.body['error'] == snapshot(
            {
                'type': 'rate_limit_error',
                'message': (
                    "This request would exceed your organization's rate limit of 2,000 output tokens per minute (org: "
                    'org-test, model: claude). For details, refer to: https://docs.claude.com/en/api/rate-limits. You '
                    'can see the response headers for current usage. Please reduce the prompt length or the maximum '
                    'tokens requested, or try again later. You may also contact sales at '
                    'https://claude.com/contact-sales to discuss your options for a rate limit increase.'
                ),
            }
        )


def test_a_style_that_tells_nothing() -> None:
    """No limit, no remainder, no time to come back, and no number in the words."""
    with openai_client(limits(MINUTE, style='none')) as (_, client):
        assert not [name for name in ask(client).headers if 'limit' in name]
        ask(client)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client)
        told = caught.value.response.headers
        assert not [name for name in told if 'limit' in name or 'retry' in name]
        assert isinstance(caught.value.body, dict)
        assert caught.value.body['message'] == 'Rate limit reached for requests.'


def test_requests_at_the_same_time() -> None:
    """A third request is refused while two are being answered, and let in when one is done."""
    begun, go = threading.Semaphore(0), threading.Event()

    def reply(turn: Turn) -> Reply:
        begun.release()
        go.wait(30)
        return Reply('ok')

    with (
        StrictProvider(reply, count=words, limits=limits(concurrent=2, style='anthropic')) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key='test', max_retries=0) as client,
        ThreadPoolExecutor(2) as pool,
    ):

        def send() -> Any:
            return client.messages.create(model='claude', max_tokens=9, messages=[USER])

        two = [pool.submit(send) for _ in range(2)]
        assert all(begun.acquire(timeout=30) for _ in two)
        with pytest.raises(anthropic.RateLimitError, match='Number of concurrent connections has exceeded'):
            send()
        go.set()
        assert [one.result().content[0].text for one in two] == ['ok', 'ok']
        send()
        assert server.limits_report().at_once == 2


def test_answers_take_their_time_outside_of_every_lock() -> None:
    """Two requests of which each is only answered once the other has come too."""
    together = threading.Barrier(2, timeout=30)

    def latency(turn: Turn) -> float:
        together.wait()
        return 0.001

    with (
        openai_client(limits(MINUTE), latency=latency) as (server, client),
        ThreadPoolExecutor(2) as pool,
    ):
        list(pool.map(lambda _: ask(client), range(2)))
        assert server.limits_report().at_once == 2


# -- what counts ---------------------------------------------------------------------------------------------------


def test_what_an_answer_did_not_need_is_given_back() -> None:
    """Of 40 reserved, 2 were used: the report says so, and the rest has room again."""
    with openai_client(limits(RateLimit('tokens', 'minute', 60)), answer='two words') as (server, client):
        assert ask(client, max_tokens=40).headers['x-ratelimit-remaining-tokens'] == '10'
        assert ask(client, max_tokens=38).headers['x-ratelimit-remaining-tokens'] == '0'
        minute = server.limits_report().between(START, START + 60)
        assert (minute.admitted, minute.reserved, minute.unused) == (2, 78, 74)
        assert (minute.input_tokens, minute.output_tokens) == (2 * INPUT, 4)


def test_nothing_is_given_back_where_the_provider_does_not() -> None:
    """The same, and the second request is refused."""
    kept = limits(RateLimit('tokens', 'minute', 60), gives_back=False)
    with openai_client(kept, answer='two words') as (server, client):
        ask(client, max_tokens=40)
        with pytest.raises(openai.RateLimitError):
            ask(client, max_tokens=1)
        assert server.limits_report().limits[0].counted == 50


@pytest.mark.parametrize(('unnamed', 'counted'), [(0, INPUT + 2), (30, INPUT + 30)])
def test_a_request_that_names_no_maximum(unnamed: int, counted: int) -> None:
    """It reserves what the provider assumes; what it answers counts in any case."""
    kept = limits(RateLimit('tokens', 'minute', 60), unnamed_output=unnamed)
    with openai_client(kept, answer='two words') as (server, client):
        ask(client)
        assert server.limits_report().limits[0].counted == counted


def test_a_failure_counts_as_a_request_and_takes_no_tokens() -> None:
    """Also one that the test's own function raises."""
    kept = limits(RateLimit('tokens', 'minute', 40), RateLimit('requests', 'minute', 2))
    server = StrictProvider(lambda turn: Failure(503), count=words, limits=kept)
    body = json.dumps({'model': 'gpt-4o', 'messages': [USER], 'max_tokens': 30}).encode()
    assert [server.answer('openai', body).status for _ in range(3)] == [503, 503, 429]
    minute = server.limits_report().between(START, START + 60)
    assert (minute.admitted, minute.failed, minute.refused) == (2, 2, 1)
    assert (minute.input_tokens, minute.unused) == (0, 60)


def test_a_request_that_breaks_a_rule_does_not_count() -> None:
    """It is refused before the limits are asked."""
    server = StrictProvider(lambda turn: Reply('ok'), count=words, limits=limits(MINUTE))
    assert [server.answer('openai', b'{}').status for _ in range(5)] == [400] * 5
    assert server.limits_report().minutes == ()


def test_counting_without_enforcing() -> None:
    """Five requests where two are allowed: all are answered, and the report says by how much that is over."""
    with openai_client(limits(MINUTE, enforce=False)) as (server, client):
        for _ in range(5):
            ask(client)
        report = server.limits_report()
        assert (report.excess, report.limits[0].rolling, report.limits[0].over) == (3, 5, 1.5)


def test_time_that_has_room_and_no_request_is_reported() -> None:
    """Room came at 60 seconds, the next request at 75."""
    clock = Clock()
    account = Account(limits(RateLimit('requests', 'minute', 1), clock=clock))
    account.admit(1, 0)
    clock.now += 75
    account.admit(1, 0)
    assert [minute.idle for minute in account.report().minutes] == [0, 15]


def test_no_report_without_limits() -> None:
    """There is nothing to report on."""
    with pytest.raises(RuntimeError, match='limits=RateLimits'):
        StrictProvider(lambda turn: Reply('ok')).limits_report()


ACTIONS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 40), st.integers(0, 40), st.integers(0, 50), st.booleans()),
    max_size=40,
)


@pytest.mark.parametrize('kind', ['rolling', 'calendar', 'bucket'])
@pytest.mark.parametrize('gives_back', [True, False])
@given(ACTIONS)
def test_an_account_never_counts_more_than_its_limits(
    kind: Accounting, gives_back: bool, actions: list[tuple[int, int, int, int, bool]]
) -> None:
    """Whatever is asked and given back; and what it let in and refused is all that was asked."""
    clock = Clock()
    account = Account(
        limits(
            RateLimit('tokens', 'minute', 100), RateLimit('output_tokens', 'hour', 150),
            RateLimit('requests', 'day', 12),
            accounting=kind, gives_back=gives_back, concurrent=3, clock=clock,
        )
    )  # fmt: skip
    open_ones: list[tuple[Admission, int]] = []
    denied = 0
    for gap, input_tokens, reserved, used, settles in actions:
        clock.now += gap
        asked = account.admit(input_tokens, reserved)
        if isinstance(asked, Denial):
            denied += 1
            assert asked.wait is None or asked.wait > 0
        else:
            open_ones.append((asked, min(used, reserved)))
        if settles and open_ones:
            account.settle(*open_ones.pop(0))
    report = account.report()
    assert all(one.over == 0 for one in report.limits)
    assert report.excess == 0
    assert report.at_once <= 3
    total = report.between(START, math.inf)
    assert (total.admitted + total.refused, total.refused) == (len(actions), denied)


@pytest.mark.parametrize('skew', [0.0, 3_600.0])
def test_the_date_on_the_wire_is_the_providers(skew: float) -> None:
    """Once, with its skew, on answers and refusals."""
    with openai_client(limits(MINUTE, skew=skew)) as (_, client):
        dates = ask(client).headers.get_list('date')
        assert dates == ['Mon, 02 Feb 2026 02:40:00 GMT' if not skew else 'Mon, 02 Feb 2026 03:40:00 GMT']


# -- arguments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'wrong',
    [
        lambda: RateLimit('requests', 'minute', 0),
        lambda: RateLimit('words', 'minute', 1),  # type: ignore[arg-type] # what a user may write
        lambda: RateLimit('requests', 'week', 1),  # type: ignore[arg-type]
        lambda: RateLimits((MINUTE, replace(MINUTE, amount=3))),
        lambda: RateLimits(concurrent=0),
        lambda: RateLimits(unnamed_output=-1),
        lambda: RateLimits(style='azure'),  # type: ignore[arg-type]
        lambda: RateLimits(accounting='leaky'),  # type: ignore[arg-type]
        lambda: RateLimits(retry_after='minutes'),  # type: ignore[arg-type]
    ],
)
def test_wrong_limits_are_refused(wrong: Any) -> None:
    """With what they may be."""
    with pytest.raises(ConfigError):
        wrong()


@pytest.mark.parametrize('api', ['openai', 'anthropic'])
def test_without_limits_nothing_is_told(api: Api) -> None:
    """As ever: no header beside those of the content."""
    server = StrictProvider(lambda turn: Reply('ok'), count=words)
    body = json.dumps({'model': 'm', 'messages': [USER], 'max_tokens': 9}).encode()
    answer = server.answer(api, body)
    assert answer == Answer(200, answer.content, {'content-type': 'application/json'})
