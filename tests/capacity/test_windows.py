"""What remains of a model's windows, how that stands, when it runs out, and how long to wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError, Store
from compactor.capacity.counts import Counts, MemoryCounts
from compactor.capacity.headers import Reading
from compactor.capacity.limits import Limit, LimitTable
from compactor.capacity.units import Unit
from compactor.capacity.windows import Status, Taking, Thresholds, Windows, WindowState, status_of
from compactor.store.buckets import Buckets

START = 1_770_000_000.0
MIDNIGHT = START - 9_600
MODEL = 'cerebras:zai-glm-4.7'
MINUTE = Limit('*', 'tokens', 'minute', 1_000)


def windows(*limits: Limit, counts: Counts | None = None) -> Windows:
    """Windows over limits of policy."""
    return Windows(LimitTable(limits), counts or MemoryCounts())


def tokens(amount: int) -> Taking:
    """A request that takes tokens of input."""
    return Taking(input_tokens=amount)


def state(found: Windows, now: float, model: str = MODEL) -> WindowState:
    """How the one window of a model stands."""
    (one,) = found.states(model, now)
    return one


@pytest.fixture(params=['memory', 'store'])
def counts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counts]:
    """Both counters, which are used in the same way."""
    if request.param == 'memory':
        yield MemoryCounts()
    else:
        with Store.open(f'sqlite:///{tmp_path / "store.db"}') as store:
            yield Buckets(store)


# -- letting in ----------------------------------------------------------------------------------------------------


def test_a_request_from_beginning_to_end(counts: Counts) -> None:
    """What it may take is reserved; what it took is used; the rest is free for others."""
    found = windows(MINUTE, counts=counts)
    reservation = found.admit(MODEL, Taking(300, 500), START)
    assert reservation is not None
    now = state(found, START + 1)
    assert (now.used, now.reserved, now.remaining, now.pct) == (0, 800, 200, 80)
    assert found.admit(MODEL, tokens(201), START + 1) is None
    found.settle(reservation, Taking(310, 20))
    now = state(found, START + 5)
    assert (now.used, now.reserved, now.remaining, now.pct) == (330, 0, 670, 33)
    assert state(found, START + 62).remaining == 1_000


def test_a_refused_request_takes_nothing(counts: Counts) -> None:
    """What was set aside for it is free again."""
    found = windows(MINUTE, Limit('*', 'requests', 'minute', 1), counts=counts)
    reservation = found.admit(MODEL, tokens(800), START)
    assert reservation is not None
    assert found.admit(MODEL, tokens(1), START) is None
    found.settle(reservation)
    assert all((one.used, one.reserved) == (0, 0) for one in found.states(MODEL, START + 1))


def test_a_request_whose_end_nobody_reports_counts_until_its_window_is_over(counts: Counts) -> None:
    """What a crashed process had reserved is given back by time."""
    found = windows(MINUTE, counts=counts)
    assert found.admit(MODEL, tokens(900), START)
    assert state(found, START + 59).reserved == 900
    assert state(found, START + 62).remaining == 1_000


def test_every_unit_has_its_own_window(counts: Counts) -> None:
    """Input, output, both together and requests are limited apart; the fullest window comes first."""
    limits: dict[Unit, int] = {'tokens': 1_000, 'input_tokens': 900, 'output_tokens': 200, 'requests': 10}
    found = windows(*(Limit('*', unit, 'minute', amount) for unit, amount in limits.items()), counts=counts)
    found.record(MODEL, Taking(400, 150), START)
    assert [(one.limit.unit, one.used, one.pct) for one in found.states(MODEL, START)] == [
        ('output_tokens', 150, 75),
        ('tokens', 550, pytest.approx(55)),
        ('input_tokens', 400, pytest.approx(44.444, abs=0.01)),
        ('requests', 1, 10),
    ]
    assert found.admit(MODEL, Taking(10, 51), START) is None
    assert found.admit(MODEL, Taking(10, 50), START)


def test_models_are_counted_apart_unless_they_share() -> None:
    """A limit that models share is one account."""
    apart = windows(Limit('cerebras:*', 'tokens', 'minute', 1_000))
    shared = windows(Limit('cerebras:*', 'tokens', 'minute', 1_000, shared=True))
    for found, second in ((apart, True), (shared, False)):
        assert found.admit('cerebras:a', tokens(800), START)
        assert (found.admit('cerebras:b', tokens(800), START) is not None) is second


def test_without_limits_everything_is_let_in() -> None:
    """And it is counted, for the limit that a response may tell later."""
    found = windows()
    assert found.admit(MODEL, tokens(10**9), START)
    assert found.states(MODEL, START) == ()
    assert found.wait(MODEL, tokens(10**9), START, 0) == 0
    assert found.runs_out_in(MODEL, START) is None
    found.table.learn(MODEL, [Reading('tokens', 'minute', 2 * 10**9, None)], START)
    assert state(found, START).reserved == 10**9


def test_names_of_any_length(counts: Counts) -> None:
    """Long names are told apart, although keys are short."""
    found = windows(MINUTE, counts=counts)
    one, other = 'x:' + 'a' * 500 + '1', 'x:' + 'a' * 500 + '2'
    assert found.admit(one, tokens(700), START)
    assert [state(found, START, name).taken for name in (one, other)] == [700, 0]


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 600), st.floats(0, 1)), max_size=60))
def test_no_window_is_ever_over_its_limit(requests: list[tuple[float, int, float]]) -> None:
    """Whatever arrives when, and whatever part of it is used: what was let in within any minute is within the limit."""
    found = windows(MINUTE)
    now, taken = START, []
    for seconds, amount, part in requests:
        now += seconds
        reservation = found.admit(MODEL, tokens(amount), now)
        if reservation is not None:
            used = int(amount * part)
            found.settle(reservation, tokens(used))
            taken.append((now, used))
        assert sum(used for at, used in taken if at > now - 60) <= 1_000
        assert state(found, now).taken <= 1_000


# -- status --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('used', 'status'),
    [
        (0, Status.NORMAL),
        (499, Status.NORMAL),
        (500, Status.APPROACHING),
        (799, Status.APPROACHING),
        (800, Status.LOW),
        (949, Status.LOW),
        (950, Status.EXHAUSTED),
        (1_000, Status.EXHAUSTED),
        (5_000, Status.EXHAUSTED),
    ],
)
def test_statuses(used: int, status: Status) -> None:
    """At half, 80 % and 95 % of a limit, exactly; a refusal's pause is above all."""
    found = windows(MINUTE)
    found.record(MODEL, tokens(used), START)
    states = found.states(MODEL, START)
    assert (states[0].status, status_of(states)) == (status, status)
    assert status_of(states, cooling=True) is Status.COOLDOWN


def test_a_model_stands_as_its_fullest_window() -> None:
    """One window that is low is enough; without any, all is well."""
    found = windows(MINUTE, Limit('*', 'tokens', 'day', 1_000_000), Limit('*', 'requests', 'minute', 50))
    found.record(MODEL, tokens(850), START)
    assert status_of(found.states(MODEL, START)) is Status.LOW
    assert status_of(()) is Status.NORMAL


def test_a_status_does_not_stick() -> None:
    """Looking is enough: a window that has emptied stands well, although nothing was recorded since."""
    found = windows(MINUTE)
    found.record(MODEL, tokens(1_000), START)
    assert [state(found, START + after).status for after in (0, 59, 62)] == ['exhausted', 'exhausted', 'normal']


def test_thresholds_of_policy() -> None:
    """They may be set; they have to rise."""
    found = Windows(LimitTable([MINUTE]), MemoryCounts(), Thresholds(0.1, 0.2, 0.3))
    found.record(MODEL, tokens(200), START)
    assert state(found, START).status is Status.LOW
    for wrong in ((0.5, 0.5, 0.9), (0.0, 0.5, 0.9), (0.5, 0.8, 1.1)):
        with pytest.raises(ConfigError):
            Thresholds(*wrong)


# -- what the provider says ----------------------------------------------------------------------------------------


def test_the_provider_knows_of_others(counts: Counts) -> None:
    """What it says is left counts where that is less, and what was let in since is taken off."""
    found = windows(MINUTE, counts=counts)
    found.record(MODEL, tokens(100), START)
    found.table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 250, 40.0)], START + 10)
    now = state(found, START + 10)
    assert (now.used, now.taken, now.remaining, now.resets_at) == (100, 750, 250, START + 50)
    assert found.admit(MODEL, tokens(251), START + 12) is None
    assert found.admit(MODEL, tokens(200), START + 12)
    assert state(found, START + 12).remaining == 50
    assert found.admit(MODEL, tokens(51), START + 13) is None
    assert state(found, START + 50).remaining == 700
    assert state(found, START + 73).remaining == 1_000


def test_the_provider_may_say_more_than_policy() -> None:
    """Policy's limit holds nevertheless."""
    found = windows(MINUTE)
    found.record(MODEL, tokens(900), START)
    found.table.learn(MODEL, [Reading('tokens', 'minute', 50_000, 49_000, 40.0)], START)
    assert state(found, START).remaining == 100
    assert found.admit(MODEL, tokens(101), START) is None


def test_the_last_word_before_a_window_was_full_does_not_stop_everything(counts: Counts) -> None:
    """What we took ourselves leaves the window as usual, though the provider last said that nothing was left."""
    found = windows(counts=counts)
    found.table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 1_000, 0.0)], START)
    found.record(MODEL, tokens(600), START)
    found.record(MODEL, tokens(400), START + 30)
    found.table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 0, 60.0)], START + 31.9)
    assert state(found, START + 40).remaining == 0
    assert state(found, START + 62).remaining == 600
    assert found.admit(MODEL, tokens(600), START + 62)
    assert found.admit(MODEL, tokens(1), START + 62) is None


def test_a_word_of_the_day_before(counts: Counts) -> None:
    """Where a provider's day ends later than ours, what it said was left holds past our midnight."""
    found = windows(Limit('*', 'requests', 'day', 100), counts=counts)
    found.table.learn(MODEL, [Reading('requests', 'day', 100, 5, 7_200.0)], MIDNIGHT - 3_600)
    for after in (-1_800, 1_800):
        for _ in range(2):
            assert found.admit(MODEL, tokens(1), MIDNIGHT + after)
    assert state(found, MIDNIGHT + 1_800).remaining == 1
    assert found.wait(MODEL, Taking(requests=2), MIDNIGHT + 1_800, 3_600) == 1_800
    assert state(found, MIDNIGHT + 3_601).remaining == 98


# -- calendar and rolling ------------------------------------------------------------------------------------------


def test_a_calendar_day_is_given_back_at_midnight(counts: Counts) -> None:
    """Of its time zone; a rolling day is given back bit by bit."""
    found = windows(Limit('*', 'tokens', 'day', 1_000), Limit('*', 'tokens', 86_400, 2_000), counts=counts)
    found.record(MODEL, tokens(900), MIDNIGHT + 80_000)
    for after, left in ((86_399, (100, 1_100)), (86_400, (1_000, 1_100)), (166_000, (1_000, 1_100)),
                        (167_900, (1_000, 2_000))):  # fmt: skip
        now = {one.limit.calendar: one.remaining for one in found.states(MODEL, MIDNIGHT + after)}
        assert (now[True], now[False]) == left
    assert found.states(MODEL, MIDNIGHT + 80_001)[0].resets_at == MIDNIGHT + 86_400


def test_days_of_23_and_25_hours() -> None:
    """A day lasts as long as it does in its time zone."""
    spring = 1_774_738_800.0  # 2026-03-29 00:00 in Berlin, where that day has 23 hours
    found = windows(Limit('*', 'tokens', 'day', 1_000, time_zone='Europe/Berlin'))
    found.record(MODEL, tokens(900), spring + 60)
    assert state(found, spring + 23 * 3_600 - 1).remaining == 100
    assert state(found, spring + 23 * 3_600).remaining == 1_000


# -- prediction ----------------------------------------------------------------------------------------------------


def test_a_minute_that_runs_out(counts: Counts) -> None:
    """At 40 tokens a second, of 1,000 with 400 taken, 15 seconds are left."""
    found = windows(MINUTE, counts=counts)
    for i in range(11):
        found.record(MODEL, tokens(40), START + i)
    assert found.runs_out_in(MODEL, START + 10) == pytest.approx(19, abs=3)
    found.record(MODEL, tokens(600), START + 10)
    assert found.runs_out_in(MODEL, START + 10) == 0


def test_a_minute_that_never_runs_out(counts: Counts) -> None:
    """15 tokens a second are 900 a minute: it goes on for ever; without requests nothing runs out at all."""
    found = windows(MINUTE, counts=counts)
    assert found.runs_out_in(MODEL, START) is None
    for i in range(120):
        found.record(MODEL, tokens(15), START + i)
    assert found.runs_out_in(MODEL, START + 119) is None
    assert found.runs_out_in(MODEL, START + 400) is None


def test_what_leaves_a_window_meanwhile_is_reckoned_with() -> None:
    """A burst that leaves before the window would be full makes room; one that leaves later does not."""
    for burst_at, full in ((START + 5, None), (START + 40, True)):
        found = windows(MINUTE)
        found.record(MODEL, tokens(700), burst_at)
        for i in range(45, 60):
            found.record(MODEL, tokens(10), START + i)
        seconds = found.runs_out_in(MODEL, START + 59)
        assert (seconds is not None) is (full is not None)


def test_a_day_that_runs_out_before_midnight() -> None:
    """At the rate of the last quarter of an hour; not if midnight comes first."""
    found = windows(Limit('*', 'tokens', 'day', 24_000_000))
    noon = MIDNIGHT + 43_200
    found.record(MODEL, tokens(12_000_000), noon - 3_600)
    for i in range(60):
        found.record(MODEL, tokens(12_000), noon - 900 + 15 * i + 10)
    seconds = found.runs_out_in(MODEL, noon)
    assert seconds == pytest.approx(11_280_000 / 800, rel=0.02)
    assert found.runs_out_in(MODEL, noon + 2_000) is None


def test_what_the_provider_says_runs_out_too() -> None:
    """Unless its reset comes first."""
    for reset, seconds in ((50.0, pytest.approx(10, abs=2)), (5.0, None)):
        found = windows()
        for i in range(15):
            found.record(MODEL, tokens(20), START + i)
        found.table.learn(MODEL, [Reading('tokens', 'minute', 100_000, 200, reset)], START + 15)
        assert found.runs_out_in(MODEL, START + 15) == seconds


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 200)), min_size=1, max_size=60))
def test_predictions_are_never_negative(requests: list[tuple[float, int]]) -> None:
    """And come before a rolling window is over, as all that is in it has left by then."""
    found = windows(MINUTE)
    now = START
    for seconds, amount in requests:
        now += seconds
        found.record(MODEL, tokens(amount), now)
        left = found.runs_out_in(MODEL, now)
        assert left is None or 0 <= left < 60
        assert (left == 0) == (state(found, now).remaining == 0)


# -- waiting -------------------------------------------------------------------------------------------------------


def test_waiting_for_room(counts: Counts) -> None:
    """No longer than it takes for enough to leave the window; not longer than the bound; never for what never fits."""
    found = windows(MINUTE, counts=counts)
    found.record(MODEL, tokens(400), START)
    found.record(MODEL, tokens(500), START + 30)
    now = START + 40
    assert found.wait(MODEL, tokens(100), now, 60) == 0
    assert found.wait(MODEL, tokens(400), now, 60) == pytest.approx(21, abs=1.2)
    assert found.wait(MODEL, tokens(900), now, 60) == pytest.approx(51, abs=1.2)
    assert found.wait(MODEL, tokens(400), now, 10) is None
    assert found.wait(MODEL, tokens(400), now, 0) is None
    assert found.wait(MODEL, tokens(1_001), now, 10**6) is None


def test_waiting_for_midnight_and_for_a_reset() -> None:
    """A calendar day has room at midnight, and what a provider said was left is over at its reset."""
    found = windows(Limit('*', 'tokens', 'day', 1_000))
    found.record(MODEL, tokens(900), MIDNIGHT + 80_000)
    assert found.wait(MODEL, tokens(200), MIDNIGHT + 86_000, 500) == 400
    assert found.wait(MODEL, tokens(200), MIDNIGHT + 86_000, 300) is None
    told = windows()
    told.table.learn(MODEL, [Reading('requests', 'minute', 50, 0, 7.5)], START)
    assert told.wait(MODEL, tokens(1), START, 10) == 7.5
    assert told.wait(MODEL, tokens(1), START, 5) is None


@given(
    st.lists(st.tuples(st.floats(0, 10), st.integers(1, 200)), min_size=1, max_size=40), st.integers(1, 1_000),
)  # fmt: skip
def test_a_wait_is_long_enough_and_not_too_long(requests: list[tuple[float, int]], amount: int) -> None:
    """After it there is room, and a second or so before there was none."""
    found = windows(MINUTE)
    now = START
    for seconds, taken in requests:
        now += seconds
        found.record(MODEL, tokens(taken), now)
    wait = found.wait(MODEL, tokens(amount), now, 61)
    assert wait is not None
    if wait > 1.2:
        assert state(found, now + wait - 1.2).remaining < amount
    assert state(found, now + wait + 1.2).remaining >= amount
    assert found.admit(MODEL, tokens(amount), now + wait + 1.2)
