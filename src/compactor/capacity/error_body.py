"""The body of a refusal, in which some providers say what others say in headers.

Like headers it is untrusted: nothing here raises, and what makes no sense says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST_BODY = 200_000
"""Characters of the longest body that is read; real ones have a few thousand."""


def error_in(body: object) -> Mapping[str, Any]:
    """What a body says about the error; empty if nothing.

    Providers wrap it into `error`, and SDKs unwrap it; a stream's body may be a list with one error in it. Where
    `error` is a text (xAI), what stands beside it is the error.

    Args:
        body: parsed or as text.
    """
    found = _parsed(body)
    if isinstance(found, list):
        found = found[0] if found else None
    if not isinstance(found, Mapping):
        return {}
    inside = found.get('error')
    return inside if isinstance(inside, Mapping) else found


def message_in(body: object) -> str:
    """What a body says in words, '' if nothing; an SDK may have left nothing but them."""
    error = error_in(body)
    found = error.get('message') or error.get('error')
    if not error and isinstance(body, str):
        found = body
    return found[:LONGEST_BODY] if isinstance(found, str) else ''


def _parsed(body: object) -> object:
    if isinstance(body, bytes | bytearray):
        body = body[:LONGEST_BODY].decode('utf-8', 'replace')
    if not isinstance(body, str):
        return body
    try:
        found: object = json.loads(body) if len(body) <= LONGEST_BODY else None
    except (ValueError, RecursionError):
        return None
    return found
