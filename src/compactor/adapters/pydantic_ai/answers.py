"""Who answered and what it took, read once from a response."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from pydantic_ai.messages import ModelResponse

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.models import called, identify
from compactor.ledger.billing import Billing
from compactor.run.answer import Answer
from compactor.run.model_name import ModelName

SAVED = 'compactor_saved_tokens'
"""Key in `ModelResponse.provider_details` of an answer from a `CachedModel`: what asking again would have cost."""


def answer_of(model: Any, response: ModelResponse, run: str | None = None) -> Answer:
    """An answer as plain values.

    Args:
        model: who was asked, of a chain the whole of it.
        response: what came back.
        run: the id of the run, which a `CapacityModel` tells its choice by.
    """
    usage = response.usage
    asked = identify(called(model, response.model_name), run)
    return Answer(
        by=ModelName(response.provider_name or asked.provider, response.model_name or asked.name),
        asked=asked,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        finish_reason=response.finish_reason,
        billing=Billing.of(usage, response.provider_details, compat.provider_url(response)),
        measured=bool(usage.input_tokens or usage.output_tokens),
        saved=(response.provider_details or {}).get(SAVED),
        broken=partial(_is_broken, response),
    )


def _is_broken(response: ModelResponse) -> bool:
    last = response.parts[-1] if response.parts else None
    if getattr(last, 'part_kind', '') == 'tool-call':
        return not _is_whole(last)
    return all(part.part_kind == 'thinking' for part in response.parts)


def _is_whole(call: Any) -> bool:
    if not isinstance(call.args, str) or not call.args:
        return True
    try:
        json.loads(call.args)
    except (ValueError, RecursionError):
        return False
    return True
