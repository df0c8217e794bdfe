"""The span of a request, which names the chain that was asked, until a model of it has answered.

The framework writes the model that answered to the span that goes under the name of the chain it asks. A chain within
another one does not find its own there, so the span is given it for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import get_current_span

NAME = 'gen_ai.request.model'
"""The attribute that names the model that was asked (OpenTelemetry, semantic conventions for generative AI)."""
CHAINS = ('capacity:', 'fallback:')
"""How the names of chains begin; those of their models follow."""


@contextmanager
def named_for(chain: str) -> Iterator[None]:
    """While a chain is asked, the span of the one around it goes under its name; if it fails, under the old one again.

    Args:
        chain: the name of who is asked; nothing happens where it is no chain, or the span is none of one around it.
    """
    span: Any = get_current_span()
    name = getattr(span, 'attributes', {}).get(NAME) if span.is_recording() else None
    around = isinstance(name, str) and name != chain and name.startswith(CHAINS) and chain in name
    if not around or not chain.startswith(CHAINS):
        yield
        return
    span.set_attribute(NAME, chain)
    try:
        yield
    except BaseException:
        span.set_attribute(NAME, name)
        raise
