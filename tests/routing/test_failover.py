"""Which errors go to the next model, and which are raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.capacity.cooldown import Cooldowns
from compactor.routing.failover import Action, Decision, Failure, Kind, action_for, decide

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
        (Failure('validation'), Decision(Action.RAISE, 0.0, 'the answer or the request is not valid')),
        (Failure('validation', 429), Decision(Action.RAISE, 0.0, 'the answer or the request is not valid')),
        (Failure('other'), Decision(Action.RAISE, 0.0, 'unknown error')),
        (Failure(), Decision(Action.RAISE, 0.0, 'unknown error')),
    ],
)
def test_each_error(failure: Failure, decision: Decision) -> None:
    """Where another model may do better it is asked at once, and this one pauses; a long request is told apart."""
    assert decide(failure, 'm', cooldowns(), START) == decision


@pytest.mark.parametrize('status', [400, 401, 402, 403, 404, 405, 409, 413, 422, 500, 501, 502, 200, 0, -1])
def test_the_users_errors_are_raised(status: int) -> None:
    """A request that is wrong is wrong everywhere: no other model is asked, and nothing pauses."""
    pauses = cooldowns()
    decision = decide(Failure(status=status, retry_after=30.0), 'm', pauses, START)
    assert (decision.action, decision.cooldown_seconds) == (Action.RAISE, 0.0)
    assert (pauses.failures('m'), pauses.left('m', START)) == (0, 0.0)


@pytest.mark.parametrize('code', ['400', '429', 'error_429', 'Error 400: 429 tokens', 'rate_limit_exceeded'])
@pytest.mark.parametrize('kind', ['other', 'validation'])
def test_numbers_in_texts_mean_nothing(code: str, kind: Kind) -> None:
    """Only a status is a status."""
    assert action_for(Failure(kind, None, None, code))[0] is Action.RAISE
    assert action_for(Failure('status', 400, None, code))[0] is Action.RAISE
    assert action_for(Failure('status', 429, None, code))[0] is Action.NEXT


@given(st.integers(-10, 1_000), st.none() | st.floats(max_value=0) | st.floats(0.001), st.none() | st.text(max_size=20))
def test_only_these_statuses_fail_over(status: int, asked: float | None, code: str | None) -> None:
    """Of all statuses, those of a model that cannot answer now, and of time-outs."""
    decision = decide(Failure('status', status, asked, code), 'm', cooldowns(), START)
    assert (decision.action is Action.NEXT) == (status in {408, 429, 503, 504, 529})
    assert (decision.cooldown_seconds > 0) == (decision.action is Action.NEXT)
    assert decision.cooldown_seconds <= 600


def test_pauses_grow_with_refusals_of_the_same_model_only() -> None:
    """Each model has its own counter; an error that is raised in between changes nothing."""
    pauses = cooldowns()
    seconds = [decide(Failure(status=429), 'a', pauses, START + 100 * i).cooldown_seconds for i in range(3)]
    assert seconds == [2, 4, 8]
    decide(Failure(status=400), 'a', pauses, START + 300)
    assert decide(Failure('timeout'), 'b', pauses, START + 300).cooldown_seconds == 2
    assert decide(Failure(status=503), 'a', pauses, START + 400).cooldown_seconds == 16
