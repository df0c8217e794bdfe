"""The question that an answer answers: the agent's own, or one that a tool has put to a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from compactor.history.message import CALL, TEXT, Part
from compactor.quoting import one_line

LONGEST = 400
"""Characters of a question at most, its end."""
SHORT = 400
"""Characters of an answer that says little without its question."""
BEHIND = 240
"""Characters that may stand behind a question which still awaits its answer."""
_SENTENCE = re.compile(r'(?<=[.!?:])\s+|(?<=[。！？])|\n+')
_ASKS = ('?', '？')
_KEYS = ('question', 'prompt', 'message', 'text', 'query')


def asked_by(parts: Iterable[Part]) -> str:
    """The question that a step ends with; '' where it ends with none, or goes on by itself."""
    said = ''
    for part in parts:
        if part.kind is CALL:
            return ''
        if part.kind is TEXT:
            said = part.text
    if not any(sign in said for sign in _ASKS):
        return ''
    sentences = [one for one in _SENTENCE.split(said[-4_000:]) if one.strip()]
    at = next((i for i in range(len(sentences) - 1, -1, -1) if any(sign in sentences[i] for sign in _ASKS)), None)
    if at is None or sum(map(len, sentences[at + 1 :])) > BEHIND:
        return ''
    first = at
    while first and any(sign in sentences[first - 1] for sign in _ASKS):
        first -= 1
    return one_line(' '.join(sentences[first : at + 1]))[-LONGEST:]


def answered(text: str) -> bool:
    """Whether a person's words are short enough to be an answer that needs its question."""
    return len(text) <= SHORT


def questions_in(values: Mapping[str, Any]) -> str:
    """What a tool was told to ask a person."""
    listed = values.get('questions')
    found = [values] if not isinstance(listed, list) else [one for one in listed if isinstance(one, Mapping)]
    texts = [next((one[key] for key in _KEYS if isinstance(one.get(key), str)), '') for one in found]
    return one_line(' '.join(text for text in texts if text))[:LONGEST]
