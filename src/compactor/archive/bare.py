"""What goes into an archive, without secrets: the JSON of messages stays JSON, the texts of steps stay readable."""

from __future__ import annotations

import json
import re

from compactor.secrets.redact import Secrets, redact
from compactor.secrets.values import redacted

_BINARY = re.compile(r'"kind":\s?"binary"')
_WALKED = ('\\u', 'PRIVATE KEY')
"""What is looked through value by value: media, of which a text would be read in vain, hidden letters, and keys, whose
lines may stand in a list. Results have been looked through that way before they came into a history."""


def bare_message(data: bytes, secrets: Secrets | None) -> bytes:
    """A message's JSON without secrets; the same bytes where there is none, or where they are no JSON.

    Media, their links, and what a framework keeps for the application stay, so that the message comes back as one.
    """
    if secrets is None:
        return data
    text = data.decode('utf-8', 'surrogatepass')
    if not _is_walked(text) and redact(text, secrets) is text:
        return data
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return data
    bare = redacted(value, secrets)
    if bare is value:
        return data
    return json.dumps(bare, ensure_ascii=False, separators=(',', ':')).encode('utf-8', 'surrogatepass')


def _is_walked(text: str) -> bool:
    return any(literal in text for literal in _WALKED) or ('"binary"' in text and _BINARY.search(text) is not None)


def bare_text(text: str, secrets: Secrets | None) -> str:
    """A step's text without secrets."""
    return text if secrets is None else redact(text, secrets)
