"""What is asked of a model at a cut: the agent's next responses, and later actions that use old names.

One plain format for every method, so that nothing but what a method kept makes a difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelMessage

from compactor import counter_for

if TYPE_CHECKING:
    from .vocabulary import Vocabulary

COUNTER = counter_for('gpt-4o')
NEAR = 4_000
"""Names of these newest tokens are no old ones."""
TOKENS, ACTIONS, RESPONSES, SHOWN = 256, 5, 3, 300
"""Tokens of the next responses that are scored, of so many responses; later actions; characters of results between."""
NEXT, CLIP = 40, 600
"""Messages in which later actions are looked for; characters of one that are read."""
OPENING = {'tool-call': '<call> ', 'text': '<assistant> '}
NAMES = {'user-prompt': 'user', 'system-prompt': 'system', 'text': 'assistant', 'thinking': 'thought'}
NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_./\-:]{4,}[A-Za-z0-9_]')
PLAIN = re.compile(r'[a-z]+|[A-Z][a-z]+|[A-Z]+|[a-z]+(?:-[a-z]+)+|\d{1,3}(?:[.:\-]\d{1,3})*')
"""What looks like a name, and is none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One text to score.

    Attributes:
        kind: 'next' or 'later'.
        tokens: the model's tokens.
        marks: of each token -1 (shown, not scored), 2 (of a name that only the old part holds), or 0.
    """

    kind: str
    tokens: list[int]
    marks: list[int]


def text_of(part: Any) -> str:
    """A part's text, whatever it holds."""
    if part.part_kind == 'user-prompt' and not isinstance(part.content, str):
        found = (one if isinstance(one, str) else getattr(one, 'content', '') for one in part.content)
        return '\n'.join(one for one in found if isinstance(one, str))
    if part.part_kind in ('tool-call', 'builtin-tool-call'):
        said = part.args if isinstance(part.args, str) else json.dumps(part.args, ensure_ascii=False)
        return f'{part.tool_name} {said if part.args else ""}'
    content = getattr(part, 'content', '') or ''
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def rendered(messages: Iterable[ModelMessage], most: int | None = None) -> str:
    """A history as the model reads it; `most` characters of what is not a call."""
    return ''.join(_rendered(part, most) for message in messages for part in message.parts)


def _rendered(part: Any, most: int | None) -> str:
    kind = part.part_kind
    if kind in ('tool-call', 'builtin-tool-call'):
        return f'<call> {text_of(part)}\n'
    name = NAMES.get(kind, 'result' if 'return' in kind or kind == 'retry-prompt' else kind)
    return f'<{name}> {text_of(part)[:most]}\n'


def names_in(text: str) -> set[str]:
    """Identifiers, paths, numbers: what is more than a word."""
    found = {match.group() for match in NAME.finditer(text)}
    return {name for name in found if len(name) <= 120 and not PLAIN.fullmatch(name)}


def asked(history: Sequence[ModelMessage], later: Sequence[ModelMessage], vocabulary: Vocabulary) -> list[Asked]:
    """What follows a cut, to be scored behind any compaction of the history."""
    old = _old_names(history)
    found = [Asked('next', *_encoded(_next(later), old, TOKENS, vocabulary))]
    first = {text_of(part) for message in later[:6] if message.kind == 'response' for part in message.parts}
    for kind, text, names in _actions(later[:NEXT], old, first):
        pieces = [(OPENING[kind], False), (text, True)]
        found.append(Asked('later', *_encoded(pieces, names, 400, vocabulary)))
    return [one for one in found if one.tokens]


def _old_names(history: Sequence[ModelMessage]) -> set[str]:
    size, at = 0, len(history)
    while at and size < NEAR:
        at -= 1
        size += sum(COUNTER.count(text_of(part)) for part in history[at].parts)
    recent = rendered(history[at:])
    return {name for name in names_in(rendered(history[:at])) if name not in recent}


def _next(later: Sequence[ModelMessage]) -> Iterator[tuple[str, bool]]:
    """Pieces of the next responses, each with whether it is scored."""
    responses = 0
    for message in later[:12]:
        if message.kind != 'response':
            yield rendered([message], SHOWN), False
            continue
        if responses == RESPONSES:
            return
        said = [part for part in message.parts if part.part_kind in OPENING and text_of(part).strip()]
        responses += bool(said)
        for part in said:
            yield OPENING[part.part_kind], False
            yield text_of(part) + '\n', True


def _actions(later: Sequence[ModelMessage], old: set[str], skip: set[str]) -> Iterator[tuple[str, str, set[str]]]:
    """Later calls and texts that use old names, each up to the last of them, with these names."""
    number = 0
    for message in later:
        for part in message.parts if message.kind == 'response' else ():
            text = text_of(part)
            if part.part_kind not in OPENING or number == ACTIONS or text in skip:
                continue
            clip = text[:CLIP]
            names = names_in(clip) & old
            if names:
                number += 1
                yield part.part_kind, clip[: max(clip.rfind(name) + len(name) for name in names)], names


def _encoded(
    pieces: Iterable[tuple[str, bool]], names: set[str], most: int, vocabulary: Vocabulary
) -> tuple[list[int], list[int]]:
    tokens: list[int] = []
    marks: list[int] = []
    scored = 0
    for text, counts in pieces:
        found = vocabulary.tokens(text)
        if counts:
            found = found[: most - scored]
            scored += len(found)
            marks += _marks(text, found, names, vocabulary)
        else:
            marks += [-1] * len(found)
        tokens += found
        if scored >= most:
            break
    while marks and marks[-1] == -1:
        marks.pop()
        tokens.pop()
    return tokens, marks


def _marks(text: str, tokens: list[int], names: set[str], vocabulary: Vocabulary) -> list[int]:
    """Which tokens belong to one of the names."""
    held = bytearray()
    at = 0
    for match in NAME.finditer(text):
        held += bytes(len(text[at : match.start()].encode('utf-8', 'replace')))
        held += bytes([2 * (match.group() in names)]) * len(match.group().encode('utf-8', 'replace'))
        at = match.end()
    held += bytes(len(text[at:].encode('utf-8', 'replace')))
    marks, at = [], 0
    for piece in vocabulary.pieces(tokens):
        marks.append(max(held[at : at + len(piece)], default=0))
        at += len(piece)
    return marks
