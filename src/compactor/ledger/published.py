"""What a request cost by the price list that is bundled with `genai-prices`, asked as the framework asks it.

The list is found by the endpoint's address first, as that is more exact than a name, then by the provider's name, then
by the model's. What the two may differ in is visible: `UNLISTED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from inspect import signature
from types import SimpleNamespace
from typing import Any

from compactor.ledger.billing import UNITS, Billing

FREE = ':free'
"""How OpenRouter and others end the names of models that cost nothing."""
BY_NAME = 'openai-decisions'
"""A provider that shares its address with another one."""
UNLISTED = 'a model that is listed without any price: the framework says 0, here its price is unknown'
"""In what a cost is not what the framework says."""


def published(model: str, provider: str, at: float, tokens: Mapping[str, int], billing: Billing) -> Decimal | None:
    """The cost in dollars; None where `genai-prices` is not installed, does not know the model, or has no price for it.

    Args:
        model: its name, with or without its provider.
        provider: its provider's name, '' to guess it from the model.
        at: when, in seconds since 1970: prices change.
        tokens: counts by the names of `billing.TOKENS`.
        billing: what the price hangs on besides.
    """
    if not _installed():
        return None
    # An object with plain attributes: what the list does not know of is not read, whatever its version.
    usage = SimpleNamespace(**{**dict.fromkeys(UNITS, 0), **billing.units, **tokens})
    more: dict[str, Any] = {}
    if billing.terms and _knows_terms():
        more['price_context'] = dict(billing.terms)
    try:
        more['genai_request_timestamp'] = datetime.fromtimestamp(at, UTC)
        found = _found(usage, model, provider, billing.endpoint, more)
    except (LookupError, ValueError, OSError, OverflowError):
        return None  # unknown there, or figures that cannot be (more cached than sent)
    if not _is_listed(found) and not model.endswith(FREE) and not found.model.id.endswith(FREE):
        return None
    return Decimal(found.total_price)


def _found(usage: object, model: str, provider: str, endpoint: str, more: Mapping[str, Any]) -> Any:
    from genai_prices import calc_price

    if endpoint and provider != BY_NAME:
        try:
            return calc_price(usage, model, provider_api_url=endpoint, **more)
        except LookupError:
            pass  # nobody knows that address, but perhaps the name
    return calc_price(usage, model, provider_id=provider or None, **more)


def _is_listed(found: Any) -> bool:
    """Whether any price is written down; one that is not is unknown, not free."""
    return any(value is not None for value in vars(found.model_price).values())


def _installed() -> bool:
    try:
        import genai_prices  # noqa: F401  whether it is there is the question
    except ImportError:
        return False
    return True


@cache
def _knows_terms() -> bool:
    """Whether the installed list has prices by tier."""
    from genai_prices import calc_price

    return 'price_context' in signature(calc_price).parameters
