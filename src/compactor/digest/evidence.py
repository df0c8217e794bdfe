"""Steps as candidate lines: what was called, said, returned and asked, each line with its names and words.

Lines of a text depend on nothing but the text, so they are remembered with it: a history is indexed as it arrives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from compactor.digest.identifiers import identifiers, words
from compactor.history.message import Kind, Part
from compactor.history.stubs import is_stub
from compactor.tokens.memo import TextMemo

LONG = 400
"""A line longer than this is taken in windows around its names."""
AROUND = 90
"""Characters kept on each side of a name in a long line."""
WINDOWS = 12
"""At most this many windows of one long line."""
ENVELOPE = re.compile(
    r'(?:Error: |Process |Command )?(?:exit(?:ed)?\b.{0,20}\d+)|(?:Command|Chunk ID|Wall time|Original token count'
    r'|Total output lines): .*|Output:|<\w+>|</\w+>',
    re.IGNORECASE,
)
"""What tools write around a command's own output."""
_NUMBERED = re.compile(r'\s*\d+\s*(?:→|\||\t|: )')


class Voice(StrEnum):
    """Who speaks in a line; the value is what the digest writes behind the step's number."""

    CALL = '$'
    AGENT = '>'
    OUTPUT = ''
    USER = '?'


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text: stripped, with the names in it, its distinct words as a bit set, and how many they are."""

    text: str
    names: tuple[str, ...]
    words: int
    size: int


class Candidate(NamedTuple):
    """A line that a digest may keep.

    Attributes:
        line: what it says.
        step: ordinal of its step in the conversation.
        voice: who says it.
        back: tokens between it and the end of the history.
    """

    line: Line
    step: int
    voice: Voice
    back: int


_VOICES = {Kind.CALL: Voice.CALL, Kind.TEXT: Voice.AGENT, Kind.RESULT: Voice.OUTPUT, Kind.USER: Voice.USER}


def candidates(parts: Iterable[Part], step: int, back: int) -> Iterator[Candidate]:
    """The lines of a step's parts, in order."""
    for part in parts:
        voice = _VOICES.get(part.kind)
        if voice is not None:
            for line in lines_of(part):
                yield Candidate(line, step, voice, back)


def lines_of(part: Part) -> tuple[Line, ...]:
    """The lines of one part; a call is told as its tool and arguments. Remembered with the text."""
    if part.kind not in _VOICES:
        return ()
    text = part.text
    if part.kind is Kind.RESULT and is_stub(text):  # what stood there is gone; our own words are no evidence
        return ()
    key = f'{part.kind} {part.tool} {text}' if part.kind in (Kind.CALL, Kind.TEXT) else text
    found = _remembered.get(key)
    if found is None:
        found = tuple(_lines(told(part.tool, text) if part.kind is Kind.CALL else text, part.kind is Kind.TEXT))
        _remembered.put(key, found)
    return found


_remembered: TextMemo[tuple[Line, ...]] = TextMemo(2 * 1024 * 1024)
"""Lines of at most 4 MB of text: a history of 120,000 tokens is a tenth of that."""


def line(text: str) -> Line:
    """A line from its text."""
    mask = words(text)
    return Line(text, tuple(dict.fromkeys(identifiers(text))), mask, mask.bit_count())


def told(tool: str, arguments: str) -> str:
    """A call as lines: the tool with its short arguments, then the lines of the long ones."""
    try:
        values = json.loads(arguments)
    except (ValueError, RecursionError):
        return f'{tool} {arguments}'
    if not isinstance(values, dict):
        return f'{tool} {arguments}'
    head: list[str] = []
    rest: list[str] = []
    for key, value in values.items():
        if key in _SAYS_NOTHING:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if '\n' in text.strip() or len(text) > LONG:
            rest.append(f'{key}: {text}')
        else:
            head.append(f'{key}={text}')
    return '\n'.join([' '.join([tool, *head]), *rest])


_SAYS_NOTHING = frozenset(('yield_time_ms', 'max_output_tokens', 'timeout', 'timeout_ms', 'replace_all'))
"""Arguments that say how to do it: how long to wait, how much to print."""


def _lines(text: str, prose: bool) -> Iterator[Line]:
    text = _COLOURED.sub('', text) if '\x1b' in text else text
    for raw in _sentences(text) if prose else _unescaped(text.split('\n')):
        numbered = _NUMBERED.match(raw)
        stripped = (raw[numbered.end() :] if numbered else raw).strip()
        if len(stripped) < 2 or ENVELOPE.fullmatch(stripped):
            continue
        if len(stripped) <= LONG:
            yield line(stripped)
        else:
            yield from _windows(stripped)


_COLOURED = re.compile(r'\x1b\[[\d;]*[A-Za-z]')


def _unescaped(lines: Iterable[str]) -> Iterator[str]:
    """Lines; one that holds a text as JSON or as a literal is taken as the lines of that text."""
    for text in lines:
        if len(text) > 2 * AROUND and text.count('\\n') > 2:
            for inner in _LINE_END.split(text):
                yield inner.replace('\\t', ' ').replace('\\"', '"')
        else:
            yield text


_LINE_END = re.compile(r'(?:\\+r)?\\+n')


def _sentences(text: str) -> Iterator[str]:
    """What the agent says, by sentence where it is prose (line ends in it mean nothing), else by line."""
    for paragraph in _PARAGRAPH.split(text):
        if _LISTED.search(paragraph):
            yield from _WRAPPED.sub(' ', paragraph).split('\n')
        else:
            yield from _SENTENCE.split(' '.join(paragraph.split()))


_PARAGRAPH = re.compile(r'\n\s*\n')
_LISTED = re.compile(r'^\s*(?:[-*+] |[|>#]|```|\d+[.)] )', re.MULTILINE)
_WRAPPED = re.compile(r'\n\s+(?![-*+|>#\d`])')
_SENTENCE = re.compile(r'(?<=[.!?])\s+(?=[A-Z`"(])')


def _windows(text: str) -> Iterator[Line]:
    """A long line as windows around its names; without names, its beginning."""
    spans: list[list[int]] = []
    for name in dict.fromkeys(identifiers(text)):
        at = text.find(name)
        spans.append([_edge(text, at - AROUND), min(len(text), at + len(name) + AROUND)])
    if not spans:
        yield line(text[: 2 * AROUND] + ' …')
        return
    spans.sort()
    merged: list[list[int]] = []
    for span in spans:
        if merged and span[0] <= merged[-1][1] and span[1] - merged[-1][0] <= LONG:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(span)
    for start, end in merged[:WINDOWS]:
        whole = text[start:end] if end == len(text) else text[start:end].rsplit(' ', 1)[0]
        yield line(('… ' if start else '') + whole.strip() + (' …' if end < len(text) else ''))


def _edge(text: str, at: int) -> int:
    """Where a word begins at or soon after `at`, so that a window begins with a whole word."""
    if at <= 0:
        return 0
    space = text.find(' ', at - 1, at + EDGE)
    return at if space < 0 else space + 1


EDGE = 24
"""Characters in which a window's edge looks for the beginning of a word."""
