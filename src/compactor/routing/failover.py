"""What to do about an error of a model: ask the next one at once, shorten the request, or raise it.

Only plain values are judged: a status code, or what kind of error it was. Texts are not searched, as a text may contain
any number, '400' and '429' too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from compactor.capacity.cooldown import Cooldowns

Kind = Literal['status', 'timeout', 'connection', 'overflow', 'provider', 'validation', 'other']
"""'status': the provider answered with one. 'overflow': it said that the request is too long for the model.
'provider': it failed, and nobody says how. 'validation': the answer, or the request, was not valid. 'other': anything
else."""

REFUSALS = {429: 'rate limit', 503: 'unavailable', 529: 'overloaded'}
"""Statuses of a model that cannot answer now, where another may (529 is Anthropic's)."""
TIMEOUTS = {408: 'time-out', 504: 'time-out', 522: 'time-out', 524: 'time-out'}
"""Statuses that mean a time-out: of the provider, or of a gateway before it (522 and 524 are Cloudflare's)."""
BROKEN = {500: 'server error', 502: 'bad gateway'}
"""Statuses of a server that failed; every other one from 500 on is one too (520 to 523 are Cloudflare's), but for
`UNKNOWING`."""
UNKNOWING = frozenset({501, 505})
"""Statuses of a server that does not know what was asked for, and will not in a minute either."""
SPENT = frozenset(
    {
        'insufficient_quota',
        'billing_hard_limit_reached',
        'credit_balance_exhausted',
        'organization_spend_limit_exceeded',
        'project_spend_limit_exceeded',
        'organization_usage_limit_exceeded',
        'billing_error',
        'exceeded_current_quota_error',
        'insufficient_balance',
        '1113',
        *map(str, range(1308, 1312)),
        *map(str, range(1313, 1322)),
    }
)
"""Codes of an account that has nothing left, which does not pass by waiting a little. Source: OpenAI "Error codes" (the
first six), Anthropic "Errors" (billing_error), Moonshot (exceeded_current_quota_error: MoonshotAI/Kimi-K2/issues/5, a
403, or a 429), Z.ai "Error codes" (docs.z.ai/api-reference/api-code: 1113 for the balance, from 1308 on for plans)."""
MONEY = 402
"""The status of an account that has nothing left (DeepSeek, OpenRouter, Mistral, Cohere)."""
PROVIDERS = {401: 'no access', 403: 'no access', 404: 'not there'}
"""Statuses that say something about one provider or one model, and nothing about the request."""


class Action(StrEnum):
    """What to do."""

    NEXT = 'next'
    ELSEWHERE = 'elsewhere'
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

    @property
    def spent(self) -> bool:
        """Whether the account has nothing left."""
        return self.kind == 'status' and (self.code in SPENT or self.status == MONEY)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about an error.

    Attributes:
        action: NEXT: ask another model at once, without waiting; this one pauses. ELSEWHERE: ask another model, and not
            this one again with the same request; other requests may ask it. SHORTEN: the request is too long for this
            model; make it shorter and ask again. RAISE: no model would do better with it.
        cooldown_seconds: how long to leave this model alone; 0 where the error says nothing about the next request.
        reason: why, in a few words of our own.
    """

    action: Action
    cooldown_seconds: float
    reason: str


def action_for(failure: Failure) -> tuple[Action, str]:
    """What to do about an error, and why; the model's pause apart."""
    if failure.kind == 'status':
        return _for_status(failure) if failure.status is not None else _KINDS['other']
    return _KINDS[failure.kind]


_KINDS: dict[Kind, tuple[Action, str]] = {
    'timeout': (Action.NEXT, 'time-out'),
    'connection': (Action.NEXT, 'no connection'),
    'overflow': (Action.SHORTEN, 'the request is too long for the model'),
    'provider': (Action.ELSEWHERE, 'the provider failed'),
    'validation': (Action.RAISE, 'the answer or the request is not valid'),
    'other': (Action.RAISE, 'unknown error'),
}


def _for_status(failure: Failure) -> tuple[Action, str]:
    status = failure.status or 0
    if failure.spent:
        return Action.NEXT, f'quota spent ({status})'
    reason = (REFUSALS | TIMEOUTS | BROKEN).get(status)
    if reason is None and 500 <= status < 600 and status not in UNKNOWING:
        reason = 'server error'
    if reason is not None:
        return Action.NEXT, f'{reason} ({status})'
    if status < 400:
        return Action.RAISE, f'status {status}'
    return Action.ELSEWHERE, f'{PROVIDERS.get(status, "refused")} ({status})'


def passes(status: int) -> bool:
    """Whether an error of this status may be over in a while, as far as a status says."""
    return status != MONEY and _for_status(Failure(status=status))[0] is Action.NEXT


def decide(failure: Failure, model: str, cooldowns: Cooldowns, now: float, sent_at: float | None = None) -> Decision:
    """What to do about an error of a model; where it is not to be asked for a while, its pause begins.

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
    # With its 402 OpenRouter asks to wait where the rest of the balance is only held for requests in flight.
    if failure.spent and not (failure.status == MONEY and asked):
        asked = cooldowns.rule.asked_cap
    return Decision(action, cooldowns.failed(model, now, asked, sent_at).left(now), reason)
