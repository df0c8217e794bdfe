"""A simulated day: one model with a minute's and a day's limit, clients that want more than it gives."""

from __future__ import annotations

import random
from collections import Counter

from compactor.capacity.cooldown import Cooldowns
from compactor.capacity.counts import MemoryCounts
from compactor.capacity.edges import Edges
from compactor.capacity.headers import readings, retry_after
from compactor.capacity.limits import Limit, LimitTable
from compactor.capacity.windows import Status, Taking, Windows, status_of
from compactor.routing.failover import Action, Failure, decide

MIDNIGHT = 1_769_990_400.0
"""2026-02-02 00:00 UTC."""
PER_MINUTE, PER_DAY = 100_000, 24_000_000
MODEL = 'cerebras:zai-glm-4.7'


class Provider:
    """Gives so many tokens in each sixty seconds and each day, and says in headers what is left."""

    def __init__(self) -> None:
        self.answered: list[tuple[float, int]] = []
        self.today = 0
        self.day = MIDNIGHT

    def ask(self, tokens: int, now: float) -> tuple[int, dict[str, str]]:
        """A status and its headers."""
        if now >= self.day + 86_400:
            self.day, self.today = self.day + 86_400, 0
        self.answered = [(at, taken) for at, taken in self.answered if at > now - 60]
        minute = sum(taken for _, taken in self.answered)
        fits = minute + tokens <= PER_MINUTE and self.today + tokens <= PER_DAY
        if fits:
            self.answered.append((now, tokens))
            self.today, minute = self.today + tokens, minute + tokens
        headers = {
            'x-ratelimit-limit-tokens-minute': str(PER_MINUTE),
            'x-ratelimit-remaining-tokens-minute': str(PER_MINUTE - minute),
            'x-ratelimit-reset-tokens-minute': str(self.answered[-1][0] + 60 - now if self.answered else 0.0),
            'x-ratelimit-limit-tokens-day': str(PER_DAY),
            'x-ratelimit-remaining-tokens-day': str(PER_DAY - self.today),
            'x-ratelimit-reset-tokens-day': str(self.day + 86_400 - now),
        }
        return (200, headers) if fits else (429, {**headers, 'retry-after': '5'})


def test_a_day_without_refusals() -> None:
    """Asked for half as much again as it gives, the provider never refuses; what it gives in the day is used up to a
    request; the rest is turned away before it is sent; the warnings are two a window; a new day begins afresh.
    """
    provider, chance = Provider(), random.Random(6)
    found = Windows(
        LimitTable([Limit('*', 'tokens', 'minute', PER_MINUTE), Limit('*', 'tokens', 'day', PER_DAY)]), MemoryCounts()
    )
    edges, warnings = Edges(), Counter[tuple[object, float]]()
    sent = turned_away = 0
    statuses = set[Status]()
    now = MIDNIGHT
    while now < MIDNIGHT + 86_400 + 600:
        now += chance.uniform(5, 15)
        wanted = chance.randint(2_000, 48_000)
        reservation = found.admit(MODEL, Taking(wanted, 2_000), now)
        if reservation is None:
            turned_away += 1
        else:
            tokens = wanted + chance.randint(0, 2_000)
            status, headers = provider.ask(tokens, now)
            assert status == 200
            found.table.learn(MODEL, readings(headers, now, 'cerebras'), now)
            found.settle(reservation, Taking(wanted, tokens - wanted))
            sent += tokens if now < MIDNIGHT + 86_400 else 0
        states = found.states(MODEL, now)
        statuses.add(status_of(states))
        for crossing in edges.crossed(states, now):
            warnings[crossing.state.limit.window, crossing.edge] += 1
        if now > MIDNIGHT + 86_400:
            assert {one.limit.window: one.share for one in states}['day'] < 0.1
    assert PER_DAY * 0.995 < sent <= PER_DAY
    assert turned_away > 1_000
    assert (warnings['day', 0.8], warnings['day', 0.95]) == (1, 1)
    assert warnings['minute', 0.8] + warnings['minute', 0.95] <= 2 * 1_450
    assert statuses == {Status.NORMAL, Status.APPROACHING, Status.LOW, Status.EXHAUSTED}


def test_a_minute_that_others_use_too() -> None:
    """Without a limit of its own, and with others on the account, it learns from headers: far fewer refusals than
    without, and each is answered by a pause as long as was asked.
    """
    refused = Counter[bool]()
    for learns in (False, True):
        provider, chance = Provider(), random.Random(7)
        found, pauses = Windows(LimitTable(), MemoryCounts()), Cooldowns(lambda: 0.0)
        now = MIDNIGHT
        while now < MIDNIGHT + 3_600:
            now += chance.uniform(0.5, 1.5)
            provider.ask(chance.randint(0, 2_000), now - 0.25)  # someone else's
            if learns and pauses.left(MODEL, now):
                continue
            reservation = found.admit(MODEL, Taking(3_000), now)
            if reservation is None:
                continue
            status, headers = provider.ask(3_000, now)
            if learns:
                found.table.learn(MODEL, readings(headers, now, 'cerebras'), now)
            if status == 200:
                pauses.succeeded(MODEL)
                continue
            refused[learns] += 1
            found.settle(reservation)
            decision = decide(Failure(status=status, retry_after=retry_after(headers, now)), MODEL, pauses, now)
            assert (decision.action, decision.cooldown_seconds) == (Action.NEXT, 5.0)
    assert refused[True] < refused[False] / 10
