"""Steps as candidate lines: what was called, said, returned and asked, each line with its names and words.

Lines of a text depend on nothing but the text, so they are remembered with it: a history is indexed as it arrives.
They are kept as columns, a few long-lived tuples for each text in place of an object for each line: the collector
walks over objects, and a history has tens of thousands of lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from compactor.digest.identifiers import names_and_words
from compactor.digest.windows import AROUND, LONG, windows
from compactor.history.message import Kind, Part
from compactor.history.stubs import is_stub, telling_line
from compactor.quoting import spelled
from compactor.tokens.memo import TextMemo

_ENVELOPE = re.compile(
    r'(?:Error: |Process |Command )?(?:exit(?:ed)?\b.{0,20}\d+)|(?:Command|Chunk ID|Wall time|Original token count'
    r'|Total output lines): .*|Output:|<\w+>|</\w+>',
    re.IGNORECASE,
)
_BEGINS = frozenset('eEpPcCwWoOtT<')
"""What an envelope begins with."""


def is_envelope(line: str) -> bool:
    """Whether a line, stripped and not empty, is what tools write around a command's own output."""
    return line[0] in _BEGINS and _ENVELOPE.fullmatch(line) is not None


_NUMBERED = re.compile(r'\s*\d+\s*(?:→|\||\t|: )')


class Voice(StrEnum):
    """Who speaks in a line; the value is what the digest writes behind the step's number."""

    CALL = '$'
    AGENT = '>'
    OUTPUT = ''
    USER = '?'
    BESIDE = '~'


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text, as columns.

    Attributes:
        texts: each line, stripped.
        names: the distinct names in it, in order.
        words: its distinct words as a bit set.
        sizes: how many words these are.
    """

    texts: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    words: tuple[int, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Lines:
        """These lines, read."""
        names, words = names_and_words(texts)
        return cls(tuple(texts), tuple(names), tuple(words), tuple(map(int.bit_count, words)))

    def __len__(self) -> int:
        return len(self.texts)


NO_LINES = Lines((), (), (), ())
VOICES = {Kind.CALL: Voice.CALL, Kind.TEXT: Voice.AGENT, Kind.RESULT: Voice.OUTPUT, Kind.USER: Voice.BESIDE}
"""Who speaks in the parts of a step; what a person asks stands before it. The lines of other parts are no evidence."""


def voice_of(part: Part) -> Voice | None:
    """Who speaks in a part of a step; None where nobody does."""
    return Voice.OUTPUT if part.by == 'tool' else VOICES.get(part.kind)


def lines_of(part: Part) -> Lines:
    """The lines of one part; a call is told as its tool and arguments. Remembered with the text."""
    kind = part.kind
    if kind not in VOICES:
        return NO_LINES
    text = part.text
    if kind is Kind.RESULT and is_stub(text):  # what stood there is gone; our own words are no evidence
        text = telling_line(text)
        if not text:
            return NO_LINES
    key = f'{kind} {part.tool} {text}' if kind is Kind.CALL or kind is Kind.TEXT else text
    found = _remembered.get(key)
    if found is None:
        found = Lines.of(_texts(told(part.tool, text) if kind is Kind.CALL else text, kind is Kind.TEXT))
        _remembered.put(key, found)
    return found


_remembered: TextMemo[Lines] = TextMemo(2 * 1024 * 1024)
"""Lines of at most 4 MB of text: a history of 120,000 tokens is a tenth of that."""


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


def _texts(text: str, prose: bool) -> list[str]:
    """What of a text is a line that a digest may keep."""
    text = spelled(_COLOURED.sub('', text) if '\x1b' in text else text)
    kept: list[str] = []
    for raw in _sentences(text) if prose else _unescaped(text) if '\\n' in text else text.split('\n'):
        line = raw.strip()
        if not line:
            continue
        first = line[0]
        if first.isdecimal() and (numbered := _NUMBERED.match(raw)):
            line = raw[numbered.end() :].strip()
            first = line[:1]
        if len(line) < 2 or (first in _BEGINS and _ENVELOPE.fullmatch(line)):
            continue
        if len(line) <= LONG:
            kept.append(line)
        else:
            kept.extend(windows(line))
    return kept


_COLOURED = re.compile(r'\x1b\[[\d;]*+[A-Za-z]')


def _unescaped(text: str) -> Iterator[str]:
    """Lines; one that holds a text as JSON or as a literal is taken as the lines of that text."""
    for line in text.split('\n'):
        if len(line) > 2 * AROUND and line.count('\\n') > 2:
            for inner in _LINE_END.split(line):
                yield inner.replace('\\t', ' ').replace('\\"', '"')
        else:
            yield line


# A run of backslashes is taken from its first one or not at all: from each of them it would take the run's square.
_LINE_END = re.compile(r'(?<!\\)(?:\\++r)?\\++n')


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
