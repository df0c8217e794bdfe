"""What each part of a pydantic-ai message is, and the text it is counted by.

Parts are told apart by `part_kind`, and fields that only some versions have are looked up by name, so that two
tables serve every supported version: `request_parts.REQUEST` and `response_parts.RESPONSE`.
"""

from __future__ import annotations

from typing import Any

from compactor.adapters.pydantic_ai.messages import request_parts, response_parts
from compactor.adapters.pydantic_ai.messages.measured import Measured, Reading


def describe(part: Any, reading: Reading, response: bool) -> Measured:
    """What a part of a response, or of a request, is."""
    kind = getattr(part, 'part_kind', '')
    if response:
        return response_parts.RESPONSE.get(kind, response_parts.UNKNOWN).describe(part, reading)
    return request_parts.REQUEST.get(kind, request_parts.UNKNOWN).describe(part, reading)
