"""Which errors go to the next model, and which are raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.capacity.cooldown import Cooldowns
from compactor.routing.failover import Action, Decision, Failure, Kind, action_for, decide, passes

START = 1_770_000_000.0


def cooldowns() -> Cooldowns:
    """Pauses without chance."""
    return Cooldowns(lambda: 0.0)


@pytest.mark.parametrize(
    ('failure', 'decision'),
    [
        (Failure(status=429), Decision(Action.NEXT, 2.0, 'rate limit (429)')),
        (Failure(status=429, retry_after=20.0), Decision(Action.NEXT, 20.0, 'rate limit (429)')),
        (Failure(status=429, retry_after=9e6), Decision(Action.NEXT, 600.0, 'rate limit (429)')),
        (Failure(status=429, code='insufficient_quota'), Decision(Action.NEXT, 600.0, 'quota spent (429)')),
        (Failure(status=503), Decision(Action.NEXT, 2.0, 'unavailable (503)')),
        (Failure(status=529), Decision(Action.NEXT, 2.0, 'overloaded (529)')),
        (Failure(status=504), Decision(Action.NEXT, 2.0, 'time-out (504)')),
        (Failure('timeout'), Decision(Action.NEXT, 2.0, 'time-out')),
        (Failure('connection'), Decision(Action.NEXT, 2.0, 'no connection')),
        (Failure('overflow', 400), Decision(Action.SHORTEN, 0.0, 'the request is too long for the model')),
        (Failure('overflow', 413), Decision(Action.SHORTEN, 0.0, 'the request is too long for the model')),
        (Failure('overflow', 429), Decision(Action.SHORTEN, 0.0, 'the request is too long for the model')),
        (Failure('provider'), Decision(Action.ELSEWHERE, 0.0, 'the provider failed')),
        (Failure('validation'), Decision(Action.RAISE, 0.0, 'the answer or the request is not valid')),
        (Failure('validation', 429), Decision(Action.RAISE, 0.0, 'the answer or the request is not valid')),
        (Failure('other'), Decision(Action.RAISE, 0.0, 'unknown error')),
        (Failure(), Decision(Action.RAISE, 0.0, 'unknown error')),
    ],
)
def test_each_error(failure: Failure, decision: Decision) -> None:
    """Where another model may do better it is asked at once, and this one pauses; a long request is told apart."""
    assert decide(failure, 'm', cooldowns(), START) == decision


@pytest.mark.parametrize(('status', 'word'), [(401, 'no access'), (403, 'no access'), (404, 'not there')])
def test_what_one_provider_refuses_another_may_not(status: int, word: str) -> None:
    """The next model is asked, and nothing pauses: other requests may fare better."""
    pauses = cooldowns()
    decision = decide(Failure(status=status, retry_after=30.0), 'm', pauses, START)
    assert decision == Decision(Action.ELSEWHERE, 0.0, f'{word} ({status})')
    assert (pauses.failures('m'), pauses.left('m', START)) == (0, 0.0)


@pytest.mark.parametrize('status', [400, 405, 409, 413, 418, 422, 498, 501, 505])
def test_what_is_wrong_with_a_request_may_be_right_elsewhere(status: int) -> None:
    """As along a chain of the framework; nothing pauses, as the next request says something else."""
    pauses = cooldowns()
    assert decide(Failure(status=status), 'm', pauses, START) == Decision(Action.ELSEWHERE, 0.0, f'refused ({status})')
    assert pauses.failures('m') == 0


@pytest.mark.parametrize('status', [500, 502, 507, *range(520, 528), 530])
def test_a_server_that_fails_pauses(status: int) -> None:
    """Whichever way: its own, or a gateway's before it."""
    decision = decide(Failure(status=status), 'm', cooldowns(), START)
    assert (decision.action, decision.cooldown_seconds) == (Action.NEXT, 2.0)
    assert str(status) in decision.reason


@pytest.mark.parametrize('status', [200, 302, 0, -1])
def test_what_is_no_error_is_raised(status: int) -> None:
    """Nobody knows what it is."""
    assert decide(Failure(status=status), 'm', cooldowns(), START).action is Action.RAISE


@pytest.mark.parametrize(
    ('failure', 'seconds'),
    [
        (Failure(status=402), 600.0),
        (Failure(status=402, retry_after=0.0), 600.0),
        (Failure(status=402, retry_after=4.0), 4.0),
        (Failure(status=402, retry_after=4.0, code='insufficient_quota'), 4.0),
        (Failure(status=429, retry_after=4.0, code='insufficient_quota'), 600.0),
        (Failure(status=429, code='1113'), 600.0),
        (Failure(status=429, code='1310'), 600.0),
        (Failure(status=403, code='exceeded_current_quota_error'), 600.0),
        (Failure(status=400, code='billing_error'), 600.0),
        (Failure(status=429, code='1302'), 2.0),
        (Failure(status=429, code='rate_limit_reached_error'), 2.0),
    ],
)
def test_an_empty_account_is_left_alone_for_long(failure: Failure, seconds: float) -> None:
    """It does not fill up in 2 seconds, whatever its status; where a 402 asks to wait, that is another matter."""
    decision = decide(failure, 'm', cooldowns(), START)
    assert (decision.action, decision.cooldown_seconds) == (Action.NEXT, seconds)
    assert decision.reason.startswith('quota spent') == failure.spent


@pytest.mark.parametrize('code', ['400', '429', 'error_429', 'Error 400: 429 tokens', 'rate_limit_exceeded'])
@pytest.mark.parametrize('kind', ['other', 'validation'])
def test_numbers_in_texts_mean_nothing(code: str, kind: Kind) -> None:
    """Only a status is a status."""
    assert action_for(Failure(kind, None, None, code))[0] is Action.RAISE
    assert action_for(Failure('status', 400, None, code))[0] is Action.ELSEWHERE
    assert action_for(Failure('status', 429, None, code))[0] is Action.NEXT


@given(st.integers(-10, 1_000), st.none() | st.floats(max_value=0) | st.floats(0.001), st.none() | st.text(max_size=20))
def test_only_a_model_that_cannot_answer_now_pauses(status: int, asked: float | None, code: str | None) -> None:
    """Refusals, time-outs, failing servers and empty accounts; after any other error the next is asked at most."""
    decision = decide(Failure('status', status, asked, code), 'm', cooldowns(), START)
    pausing = status in {402, 408, 429} or (500 <= status < 600 and status not in {501, 505})
    assert (decision.action is Action.NEXT) == pausing
    assert (decision.action is Action.RAISE) == (status < 400)
    assert (decision.cooldown_seconds > 0) == pausing
    assert decision.cooldown_seconds <= 600
    assert passes(status) == (pausing and status != 402)


def test_pauses_grow_with_refusals_of_the_same_model_only() -> None:
    """Each model has its own counter; an error that is raised in between changes nothing."""
    pauses = cooldowns()
    seconds = [decide(Failure(status=429), 'a', pauses, START + 100 * i).cooldown_seconds for i in range(3)]
    assert seconds == [2, 4, 8]
    decide(Failure(status=400), 'a', pauses, START + 300)
    assert decide(Failure('timeout'), 'b', pauses, START + 300).cooldown_seconds == 2
    assert decide(Failure(status=503), 'a', pauses, START + 400).cooldown_seconds == 16
