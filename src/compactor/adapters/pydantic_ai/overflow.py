"""Recognises a provider's refusal of a request that is too long, and what it says about the window."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOO_LONG = re.compile(
    r'context_length_exceeded|context window|maximum (?:context|prompt) length|prompt is too long|input is too long'
    r'|exceeds? (?:the available context size|context limit)|input token count .* exceeds'
    r'|exceeds? the (?:maximum|model\'?s) (?:context|input|number of tokens)|too many tokens: '
    r'|too many (?:input )?tokens in|reduce the length of the (?:messages|prompt|input)|request too large for model',
    re.IGNORECASE,
)
_WINDOW = re.compile(
    r'(?:maximum (?:context|prompt) length is|context window (?:of|is)|>|maximum number of tokens allowed \(?'
    r'|limit (?:of|is))\s*([\d,]{3,})|([\d,]{3,}) maximum context length',
    re.IGNORECASE,
)


def is_overflow(error: BaseException) -> bool:
    """Whether an error, or one in a group of a fallback chain, says that the request was too long."""
    return any(
        type(e).__name__.endswith('ContextWindowExceededError')
        or (getattr(e, 'status_code', None) in (400, 413) and _TOO_LONG.search(_text(e)) is not None)
        for e in _errors(error)
    )


def window_from(error: BaseException) -> int | None:
    """The window the provider names in its refusal, in its own tokens, if it does."""
    for e in _errors(error):
        found = _WINDOW.search(_text(e))
        if found:
            return int((found[1] or found[2]).replace(',', '') or 0) or None
    return None


def _errors(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _errors(inner)
    else:
        yield error


def _text(error: BaseException) -> str:
    return f'{getattr(error, "body", "")} {error}'[:4_000]
