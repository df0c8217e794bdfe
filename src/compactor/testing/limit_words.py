"""What providers say when a limit is reached: the body of a 429, word for word where it was seen in public."""

import math
from typing import Any

from compactor.testing import wire_anthropic, wire_openai
from compactor.testing.account import Denial
from compactor.testing.exchange import Api
from compactor.testing.limit_headers import go_duration
from compactor.testing.limits import RateLimit, Style

_ORGANISATION = 'org-test'
_SHORT = {'requests': 'R', 'tokens': 'T', 'input_tokens': 'T', 'output_tokens': 'T'}
_LONG = {'requests': 'requests', 'tokens': 'tokens', 'input_tokens': 'input tokens', 'output_tokens': 'output tokens'}
_PER = {'minute': 'min', 'hour': 'hour', 'day': 'day'}


def refusal(api: Api, style: Style, model: str, denial: Denial) -> dict[str, Any]:
    """The error JSON of a 429.

    Args:
        api: The wire it goes over.
        style: Whose words; 'none' has those that say no number.
        model: The model that was asked.
        denial: Why.
    """
    if api == 'anthropic':
        return wire_anthropic.failed(429, '' if style == 'none' else _anthropic(model, denial))
    if style == 'cerebras' and denial.limit is not None:
        return _cerebras(denial.limit)
    if style == 'none' or denial.limit is None:
        return wire_openai.failed(429)
    body = wire_openai.failed(429, _openai(model, denial.limit, denial))
    body['error']['type'] = 'requests' if denial.limit.unit == 'requests' else 'tokens'
    return body


def _openai(model: str, limit: RateLimit, denial: Denial) -> str:
    """Seen: github.com/continuedev/continue/issues/9563; of a request that never fits, DrShushen/climb/issues/13."""
    unit, per = _LONG[limit.unit], _PER[limit.window]
    where = f'{model} in organization {_ORGANISATION} on {unit} per {per} ({_SHORT[limit.unit]}P{per[0].upper()})'
    more = 'Visit https://platform.openai.com/account/rate-limits to learn more.'
    if denial.wait is None or math.isinf(denial.wait):
        asked = f'Limit {limit.amount}, Requested {denial.asked}'
        return (
            f'Request too large for {where}: {asked}. The input or output tokens must be reduced in order to run'
            f' successfully. {more}'
        )
    asked = f'Limit {limit.amount}, Used {denial.used}, Requested {denial.asked}'
    return f'Rate limit reached for {where}: {asked}. Please try again in {go_duration(denial.wait)}. {more}'


def _cerebras(limit: RateLimit) -> dict[str, Any]:
    """Seen: github.com/nminaya/grammar-nazi-bot/issues/958 (requests), continuedev/continue/issues/9800 (tokens)."""
    if limit.unit == 'requests':
        return {
            'message': f'Requests per {limit.window} limit exceeded - too many requests sent.',
            'type': 'too_many_requests_error',
            'param': 'quota',
            'code': 'request_quota_exceeded',
        }
    return {
        'message': f'Tokens per {limit.window} limit exceeded - too many tokens processed.',
        'type': 'too_many_tokens_error',
        'param': 'quota',
        'code': 'token_quota_exceeded',
    }


def _anthropic(model: str, denial: Denial) -> str:
    """Seen: github.com/anthropics/claude-code/issues/55132; of requests at once, anthropic-sdk-python/issues/496."""
    sales = 'contact sales at https://claude.com/contact-sales to discuss your options for a rate limit increase.'
    if denial.limit is None:
        return f'Number of concurrent connections has exceeded your rate limit. Please try again later or {sales}'
    amount = f'{denial.limit.amount:,} {_LONG[denial.limit.unit]} per {denial.limit.window}'
    return (
        f"This request would exceed your organization's rate limit of {amount} (org: {_ORGANISATION}, model: {model})."
        ' For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for'
        ' current usage. Please reduce the prompt length or the maximum tokens requested, or try again later. You may'
        f' also {sales}'
    )
