"""What to do about an error of a model: ask the next one at once, shorten the request, or raise it.

Only plain values are judged: a status code, or what kind of error it was. Texts are not searched, as a text may contain
any number, '400' and '429' too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from compactor.capacity.cooldown import Cooldowns

Kind = Literal['status', 'timeout', 'connection', 'overflow', 'validation', 'other']
"""'status': the provider answered with one. 'overflow': it said that the request is too long for the model.
'validation': the answer, or the request, was not valid. 'other': anything else."""

REFUSALS = {429: 'rate limit', 503: 'unavailable', 529: 'overloaded'}
"""Statuses of a model that cannot answer now, where another may (529 is Anthropic's)."""
TIMEOUTS = {408: 'time-out', 504: 'time-out'}
"""Statuses that mean a time-out: of the provider, or of a gateway before it."""
SPENT = frozenset({'insufficient_quota', 'billing_hard_limit_reached'})
"""Codes of a 429 that does not pass by waiting (OpenAI): the account has nothing left."""


class Action(StrEnum):
    """What to do."""

    NEXT = 'next'
    SHORTEN = 'shorten'
    RAISE = 'raise'


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as plain values.

    Attributes:
        kind: what kind of error it was.
        status: the status code, if the provider answered with one.
        retry_after: seconds that the provider asks to wait; None if it does not say.
        code: the provider's own word for the error, such as 'insufficient_quota'.
    """

    kind: Kind = 'status'
    status: int | None = None
    retry_after: float | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about an error.

    Attributes:
        action: NEXT: ask another model at once, without waiting. SHORTEN: the request is too long for this model; make
            it shorter and ask again. RAISE: no model would do better with it.
        cooldown_seconds: how long to leave this model alone; 0 where the error says nothing about the next request.
        reason: why, in a few words of our own.
    """

    action: Action
    cooldown_seconds: float
    reason: str


def action_for(failure: Failure) -> tuple[Action, str]:
    """What to do about an error, and why; the model's pause apart."""
    if failure.kind == 'overflow':
        return Action.SHORTEN, 'the request is too long for the model'
    if failure.kind == 'timeout':
        return Action.NEXT, 'time-out'
    if failure.kind == 'connection':
        return Action.NEXT, 'no connection'
    if failure.kind == 'status' and failure.status is not None:
        reason = (REFUSALS | TIMEOUTS).get(failure.status)
        if reason is not None:
            spent = failure.status == 429 and failure.code in SPENT
            return Action.NEXT, f'{"quota spent" if spent else reason} ({failure.status})'
        return Action.RAISE, f'status {failure.status}'
    return Action.RAISE, 'the answer or the request is not valid' if failure.kind == 'validation' else 'unknown error'


def decide(failure: Failure, model: str, cooldowns: Cooldowns, now: float, sent_at: float | None = None) -> Decision:
    """What to do about an error of a model; where the next one is to be asked, this one's pause begins.

    Args:
        failure: the error.
        model: whose it was.
        cooldowns: the pauses of all models.
        now: when it came, in seconds since 1970.
        sent_at: when the request was sent (see `Cooldowns.failed`).
    """
    action, reason = action_for(failure)
    if action is not Action.NEXT:
        return Decision(action, 0.0, reason)
    asked = failure.retry_after
    if failure.status == 429 and failure.code in SPENT:
        asked = cooldowns.rule.asked_cap
    return Decision(action, cooldowns.failed(model, now, asked, sent_at).left(now), reason)
