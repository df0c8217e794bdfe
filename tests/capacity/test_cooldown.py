"""Pauses after refusals, and their laws."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError
from compactor.capacity.cooldown import CooldownRule, Cooldowns, Cooling, MemoryStates

START = 1_770_000_000.0


def no_chance() -> float:
    """A random source that takes nothing off."""
    return 0.0


RULES = st.builds(
    lambda first, factor, more, jitter, asked: CooldownRule(first, factor, first * more, jitter, asked),
    st.floats(0.01, 100),
    st.floats(1, 50),
    st.floats(1, 1_000),
    st.floats(0, 0.99),
    st.floats(0.1, 1e5),
)
ASKED = st.none() | st.floats(-10, 1e7)
CHANCE = st.floats(0, 1)


# -- laws --------------------------------------------------------------------------------------------------------


@given(RULES, st.integers(1, 5_000), ASKED)
def test_pauses_grow(rule: CooldownRule, failures: int, asked: float | None) -> None:
    """One more failure in a row never makes a pause shorter, chance aside."""
    assert rule.seconds(failures + 1, asked) >= rule.seconds(failures, asked)


@given(RULES, st.integers(-3, 10**9), ASKED, CHANCE)
def test_pauses_are_capped(rule: CooldownRule, failures: int, asked: float | None, chance: float) -> None:
    """However many failures, and whatever is asked: within the caps, and never nothing or less."""
    seconds = rule.seconds(failures, asked, chance)
    assert 0 < seconds <= (rule.asked_cap if asked is not None and asked > 0 else rule.cap)


@given(RULES, st.integers(1, 100), CHANCE)
def test_chance_shortens_by_no_more_than_its_share(rule: CooldownRule, failures: int, chance: float) -> None:
    """Jitter spreads clients over the last part of a pause, also at the cap."""
    whole = rule.seconds(failures)
    assert whole * (1 - rule.jitter) - 1e-9 <= rule.seconds(failures, None, chance) <= whole


@given(RULES, st.integers(1, 100), st.floats(0.001, 1e7), CHANCE)
def test_what_is_asked_is_kept_to(rule: CooldownRule, failures: int, asked: float, chance: float) -> None:
    """Nothing is taken off what a provider asks for, up to the cap."""
    assert rule.seconds(failures, asked, chance) == min(asked, rule.asked_cap)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(['fail', 'succeed']),
        st.sampled_from(['one', 'two', 'three']),
        st.floats(0, 120),
        st.none() | st.floats(0.1, 2_000),
    ),
    max_size=40,
)


@given(STEPS, st.randoms(use_true_random=False))
def test_a_history_of_refusals(steps: list[tuple[str, str, float, float | None]], chance: random.Random) -> None:
    """On a simulated clock: never negative, within the caps, never earlier by one more failure, gone after a success,
    and of one model only.
    """
    rule = CooldownRule()
    cooldowns = Cooldowns(chance.random, rule)
    now, count = START, {'one': 0, 'two': 0, 'three': 0}
    for what, model, seconds, asked in steps:
        now += seconds
        others = {name: (cooldowns.left(name, now), cooldowns.failures(name)) for name in count if name != model}
        before = cooldowns.left(model, now)
        if what == 'fail':
            count[model] += 1
            state = cooldowns.failed(model, now, asked)
            assert state.failures == count[model]
            assert cooldowns.left(model, now) >= before
            assert 0 < cooldowns.left(model, now) <= max(rule.cap, rule.asked_cap)
        else:
            count[model] = 0
            cooldowns.succeeded(model)
            assert cooldowns.left(model, now) == 0
        assert cooldowns.failures(model) == count[model]
        assert others == {name: (cooldowns.left(name, now), cooldowns.failures(name)) for name in others}
        assert cooldowns.left(model, now + 10_000) == 0


# -- what it does --------------------------------------------------------------------------------------------------


def test_the_first_pauses() -> None:
    """2, 4, 8 seconds and so on up to a minute; after a success it starts again."""
    cooldowns = Cooldowns(no_chance)
    seconds = [cooldowns.failed('m', START + 100 * i).left(START + 100 * i) for i in range(7)]
    assert seconds == [2, 4, 8, 16, 32, 60, 60]
    cooldowns.succeeded('m')
    assert cooldowns.failed('m', START + 1_000).left(START + 1_000) == 2


def test_a_pause_passes() -> None:
    """What is left goes down to nothing and not below."""
    cooldowns = Cooldowns(no_chance)
    cooldowns.failed('m', START, asked=30)
    assert [cooldowns.left('m', START + after) for after in (0, 10, 30, 31, 10_000)] == [30, 20, 0, 0, 0]
    assert cooldowns.left('another', START) == 0


def test_at_once_is_no_answer() -> None:
    """A refusal that asks to wait 0 seconds is treated as one that asks for nothing."""
    assert Cooldowns(no_chance).failed('m', START, asked=0.0).left(START) == 2


def test_requests_in_flight_are_refused_together() -> None:
    """Eight requests that were sent before the first refusal came count as one failure; a longer wish is kept to."""
    cooldowns = Cooldowns(no_chance)
    for i in range(8):
        cooldowns.failed('m', START + 1 + i / 10, sent_at=START)
    assert (cooldowns.failures('m'), cooldowns.left('m', START + 1)) == (1, 2)
    cooldowns.failed('m', START + 2, asked=40, sent_at=START)
    assert (cooldowns.failures('m'), cooldowns.left('m', START + 2)) == (1, 40)
    cooldowns.failed('m', START + 50, sent_at=START + 49)
    assert cooldowns.failures('m') == 2


def test_a_late_answer_ends_no_pause() -> None:
    """The answer to a request that was sent before the refusal says nothing about how the model stands now."""
    cooldowns = Cooldowns(no_chance)
    cooldowns.failed('m', START, asked=30)
    cooldowns.succeeded('m', sent_at=START - 5)
    assert cooldowns.left('m', START) == 30
    cooldowns.succeeded('m', sent_at=START + 1)
    assert (cooldowns.left('m', START), cooldowns.failures('m')) == (0, 0)


def test_a_clock_that_goes_back_makes_no_pause_longer() -> None:
    """An hour back is not an hour more."""
    cooldowns = Cooldowns(no_chance)
    cooldowns.failed('m', START, asked=30)
    assert cooldowns.left('m', START - 3_600) == 30
    assert cooldowns.failed('m', START - 3_600).left(START - 3_600) == 30


def test_memory_is_bounded() -> None:
    """Of more models than it holds, the one not heard of for longest is forgotten."""
    cooldowns = Cooldowns(no_chance, states=MemoryStates(max_models=2))
    for name in ('a', 'b', 'a', 'c'):
        cooldowns.failed(name, START)
    assert [cooldowns.failures(name) for name in ('a', 'b', 'c')] == [2, 0, 1]


def test_threads_count_every_failure() -> None:
    """No failure is lost between threads."""
    cooldowns = Cooldowns(no_chance)
    threads = [
        threading.Thread(target=lambda: [cooldowns.failed('m', START + i) for i in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cooldowns.failures('m') == 800


def test_states_may_be_kept_elsewhere() -> None:
    """Two users of one place see each other's refusals."""
    shared = MemoryStates()
    one, other = Cooldowns(no_chance, states=shared), Cooldowns(no_chance, states=shared)
    one.failed('m', START)
    other.failed('m', START + 5)
    assert one.failures('m') == 2
    assert shared.read('m') == Cooling(2, START + 5, START + 9)


@pytest.mark.parametrize(
    'values',
    [{'first': 0.0}, {'first': 100.0}, {'factor': 0.5}, {'jitter': 1.0}, {'jitter': -0.1}, {'asked_cap': 0.0},
     {'cap': float('inf')}, {'factor': float('nan')}],
)  # fmt: skip
def test_rules_that_make_no_sense(values: dict[str, float]) -> None:
    """A rule whose pauses would be nothing, shrink or be endless is a `ConfigError`."""
    with pytest.raises(ConfigError):
        CooldownRule(**values)
