"""A message as it is sent where policy has everything redacted: what a person, an agent or a call says, unsaid.

Names of tools, ids and system prompts stay: a provider reads the first two, an application writes the last. What a
provider has signed stays to the letter, or it would be refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compactor.adapters.pydantic_ai.messages.response_parts import is_signed
from compactor.secrets.redact import Secrets
from compactor.secrets.values import redacted

SAID = {
    'user-prompt': 'content',
    'text': 'content',
    'thinking': 'content',
    'tool-call': 'args',
    'tool-return': 'content',
    'retry-prompt': 'content',
}
"""Which field of each kind of part says something."""


def without_secrets(message: Any, secrets: Secrets) -> Any:
    """The message without secrets; the same object where it has none."""
    parts = [_part(part, secrets) for part in message.parts]
    if all(a is b for a, b in zip(parts, message.parts, strict=True)):
        return message
    return replace(message, parts=parts)


def _part(part: Any, secrets: Secrets) -> Any:
    name = SAID.get(part.part_kind)
    if name is None or is_signed(part) or getattr(part, 'signature', None):
        return part
    said = getattr(part, name)
    bare = redacted(said, secrets)
    if bare is said:
        return part
    copied = object.__new__(type(part))  # some classes are deprecated, and their constructors warn
    copied.__dict__.update(vars(part), **{name: bare})
    return copied
