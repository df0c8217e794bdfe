"""Reads a refusal: whether it says that the request was too long, which window it names, and what it counted.

A refusal is untrusted, as headers are: nothing here raises, and only its own words are read, never what it quotes of
the request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from compactor.capacity.overflow_words import CODES, MINUTE, NOT_THE_REQUEST, STATUSES, WORDINGS

LARGEST = 100_000_000
"""Tokens of no window; what is named beyond is a mistake."""
SMALLEST = 64
"""The same, below."""
LONGEST = 4_000
"""Characters of a refusal's words that are read."""
DEEP = 5
"""How far wrapped errors are unwrapped: gateways wrap what SDKs have wrapped."""
WORDS = (
    'message',
    'Message',
    'error',
    'detail',
    'msg',
    'raw',
    'error_message',
    'reason',
    'metadata',
    'Error',
    'errors',
)
"""Where providers put words, or what wraps them (OpenRouter has the provider's own error as a text in `metadata`)."""
NAMED = (('n_ctx', 'n_prompt_tokens'), ('max_context_length', 'prompt_tokens'))
"""Fields of a body that hold the window, and what was counted (llama.cpp; ds4)."""

Kind = Literal['window', 'minute']


@dataclass(frozen=True, slots=True)
class TooLong:
    """A refusal of a request as too long.

    Attributes:
        kind: 'window' for the model's context window; 'minute' where a single request asks for more tokens than its
            provider gives in a minute, so that waiting mends nothing.
        window: tokens that one request may have, as the provider counts them; None if it names none.
        asked: tokens that it counted of this request, None if it does not say; with or without the answer.
    """

    kind: Kind
    window: int | None = None
    asked: int | None = None

    def within(self, tokens: int) -> int:
        """The window in the units in which a request was counted as `tokens`, which are not always the provider's.

        It is never more than what was refused.
        """
        if self.window is None:
            return tokens
        more = self.asked is not None and self.asked > tokens
        return max(1, min(tokens, self.window * tokens // self.asked if more and self.asked else self.window))


def too_long(status: int | None, body: object, text: str = '') -> TooLong | None:
    """What a refusal says about the length of the request; None if it says something else.

    Args:
        status: the HTTP status; None for an error without one.
        body: what came with it, parsed or as text.
        text: the error in words, for errors without a body.
    """
    errors = list(_errors(body, 0))
    words = [said for error in errors for said in _said(error)]
    if isinstance(body, str) and not errors:
        words.append(body)
    if body is None and text:
        words.append(text)
    words = [said[:LONGEST] for said in words]
    coded = any(str(error.get(key)) in CODES for error in errors for key in ('code', 'type', 'error_type'))
    window, asked = _fields(errors)
    for said in words:
        found = MINUTE.search(said)
        if found is not None and status in (413, 429):
            most, wanted = _number(found['window']), _number(found['asked'])
            return TooLong('minute', most, wanted) if most and wanted and wanted > most else None
    if not coded and (status not in STATUSES or any(NOT_THE_REQUEST.search(said) for said in words)):
        return None
    matched = coded
    for said in words:
        for wording in WORDINGS:
            found = wording.pattern.search(said)
            if found is not None:
                matched = True
                groups = found.groupdict()
                window = window or _number(groups.get('window'))
                asked = asked or _number(groups.get('asked'))
                break
    if status == 413 and not words:  # Cerebras, without a body: badlogic/pi-mono, packages/ai
        matched = True
    return TooLong('window', window, asked) if matched else None


def _errors(body: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """The error in a body, and those that it wraps."""
    if depth > DEEP:
        return
    if isinstance(body, bytes | bytearray):
        body = bytes(body[: 10 * LONGEST]).decode('utf-8', 'replace')
    if isinstance(body, str):
        body = _parsed(body)
    if isinstance(body, Mapping):
        yield body
        for key in WORDS:
            yield from _errors(body.get(key), depth + 1)
    elif isinstance(body, Sequence) and not isinstance(body, str):
        for one in body[:3]:
            yield from _errors(one, depth + 1)


def _parsed(text: str) -> object:
    start = text.find('{')
    if not 0 <= start <= 200 or len(text) > 10 * LONGEST:
        return None
    try:
        found: object = json.loads(text[start:])
    except (ValueError, RecursionError):
        return None
    return found


def _said(error: Mapping[str, Any]) -> Iterator[str]:
    for key in WORDS:
        found = error.get(key)
        if isinstance(found, str):
            yield found


def _fields(errors: Sequence[Mapping[str, Any]]) -> tuple[int | None, int | None]:
    for error in errors:
        for window, asked in NAMED:
            found = _number(error.get(window))
            if found is not None:
                return found, _number(error.get(asked))
    return None, None


def _number(found: object) -> int | None:
    """A plausible number of tokens; None for anything else."""
    if isinstance(found, str):
        digits = found[:20].replace(',', '').replace('_', '')
        found = int(digits) if digits.isascii() and digits.isdigit() else None
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if SMALLEST <= found <= LARGEST else None
