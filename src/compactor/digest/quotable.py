"""Parts as they may be quoted: without secrets, also those that a model or a user wrote, which nobody has redacted.

A digest and a summariser's prompt are copies: they go to other readers and outlive what they quote. The parts that stay
in the history are not touched, nor is what is sent of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from weakref import WeakKeyDictionary

from compactor.history.message import (
    CALL,
    FEEDBACK,
    MARK,
    NATIVE_CALL,
    NATIVE_RESULT,
    RESULT,
    SUMMARY,
    TEXT,
    USER,
    Part,
)
from compactor.secrets.redact import Secrets, redact
from compactor.secrets.values import redacted
from compactor.tokens.memo import TextMemo

QUOTED = frozenset((USER, MARK, RESULT, FEEDBACK, TEXT, CALL, SUMMARY, NATIVE_CALL, NATIVE_RESULT))
"""Kinds of parts that are ever quoted."""
BYTES = 4 * 1024 * 1024
"""Texts that are remembered with what is left of them, for each generation (see `TextMemo`)."""
SHORTEST = 8
"""Characters of the shortest text that can hold a secret."""

_remembered: WeakKeyDictionary[Secrets, TextMemo[str]] = WeakKeyDictionary()


def quotable(part: Part, secrets: Secrets | None) -> Part:
    """The part with text and tool as they may be quoted; the same object where they hold no secret.

    Its size stays what it was, so that what is folded is counted as what it frees. A result is looked through when its
    text is asked for, because of an old one nobody may ask.
    """
    if secrets is None or part.kind not in QUOTED:
        return part
    if part.kind is RESULT:
        return replace(part, body=lambda: without_secrets(part.text, secrets), tool=without_secrets(part.tool, secrets))
    text = part.text
    bare = _arguments(text, secrets) if part.kind is CALL else without_secrets(text, secrets)
    tool = without_secrets(part.tool, secrets)
    return part if bare is text and tool is part.tool else replace(part, body=bare, tool=tool)


def _arguments(text: str, secrets: Secrets) -> str:
    """The JSON of a call's arguments, value by value: a digest tells them as `name=value`."""
    if text[:1] != '{':
        return without_secrets(text, secrets)
    return _once(text, secrets, _values_of, f'call {text}')


def _values_of(text: str, secrets: Secrets) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return redact(text, secrets)
    bare = redacted(value, secrets)
    return redact(text if bare is value else json.dumps(bare, ensure_ascii=False), secrets)


def without_secrets(text: str, secrets: Secrets | None) -> str:
    """A text as it may be quoted; remembered, for a history is folded again and again."""
    if secrets is None or len(text) < SHORTEST:
        return text
    return _once(text, secrets, redact)


def _once(text: str, secrets: Secrets, work: Callable[[str, Secrets], str], key: str = '') -> str:
    """What becomes of a text, remembered under a key or itself; the very text where nothing does."""
    key = key or text
    memo = _remembered.get(secrets)
    if memo is None:
        memo = _remembered[secrets] = TextMemo(BYTES)
    bare = memo.get(key)
    if bare is None:
        bare = work(text, secrets)
        memo.put(key, bare)
    return text if bare == text else bare
