"""Prose: headings always, then what a section begins with and what states facts, then the rest.

A sentence's worth is a sum that can be read off it: it begins a section, it names numbers or identifiers, it speaks of
a decision or an error. Sentences are kept or left out whole; blocks of code are trimmed inside their fences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.pieces import GAP, Piece, pick

PARAGRAPH = 160
"""Characters up to which a line is not divided into sentences."""
FENCED = 10
"""Lines of a block of code that are shown; of a longer one the first and the last."""
MOST_SENTENCES = 400
"""Sentences of one line at most; the last holds the rest."""

_HEADING = re.compile(r'#{1,6}\s+\S|(?:\*\*|__)[^*_\n]{2,80}(?:\*\*|__):?$|={3,}$|-{3,}$')
_FENCE = re.compile(r'\s*(?:```|~~~)')
_ITEM = re.compile(r'\s*(?:[-*+•]|\d{1,3}[.)]|\[[ xX]\])\s+')
_RULE = re.compile(r'\s*(?:[-*_=]\s*){3,}$|\s*\|?(?:\s*:?-{2,}:?\s*\|)+[\s:\-]*$')
_SENTENCE = re.compile(r'(?<=[.!?。])["\')\]*]{0,2}\s+(?=[A-Z0-9`"\'(\[*])')
_FACT = re.compile(
    # each begins with what has to be there, so that the rest of a line is skipped in one go
    r'[0-9`_$/A-Z](?:(?<=\d)[\d%]|(?<=`)[^`\n]|(?<=\w_)\w|(?<=[a-z][A-Z])|(?<=\w/)\w+\.\w|(?<=\$)\d)'
)
_TELLING_WORDS = (
    "error|fail|fatal|exception|crash|bug|broken|must|never|should not|cannot|can't|require|decided|decision"
    '|chose|because|instead|conclusion|root cause|caused by|fixed|result|warning|important|note|risk|recommend|missing'
    '|deprecated|breaking|blocked|todo|limit'
)
_STEM = re.compile(_TELLING_WORDS)
"""Looked for first, as it is many times as fast without the boundary of a word."""
_TELLING = re.compile(rf'\b(?:{_TELLING_WORDS})')
_FILLER = re.compile(
    r'\s*(?:perfect|excellent|great|sure|certainly|let me|here is|here\'s|now i|okay|ok\b|i (?:have|now)|thank'
    r'|feel free|hope this)'
)
_CONCLUDING = re.compile(
    r'summary|conclusion|finding|recommend|result|decision|answer|key |tl;?dr|next step|verdict', re.IGNORECASE
)


def reduce_prose(text: str, allowance: Allowance) -> str | None:
    """See the module."""
    pieces = list(_pieces(text.split('\n')))
    return pick(pieces, allowance, unit='words')


def _pieces(lines: Sequence[str]) -> Iterator[Piece]:
    first = True  # nothing of the section was seen yet
    concluding = False
    i = 0
    while i < len(lines):
        line = lines[i]
        bare = line.strip()
        mark = bare[:1]
        if not bare or (mark in '-*_=|:' and _RULE.fullmatch(line[:300])):
            i += 1
            continue
        if mark in '`~' and _FENCE.match(line):
            end = _fence_end(lines, i)
            yield _fenced(lines[i:end])
            i = end
            continue
        words = line.count(' ') + 1
        underlined = i + 1 < len(lines) and lines[i + 1][:3] in ('===', '---') and not lines[i + 1].strip('=-')
        if underlined or (mark in '#*_=-' and _HEADING.match(line)):
            concluding = _CONCLUDING.search(line[:200]) is not None
            level = len(line) - len(line.lstrip('#')) if line.startswith('#') else 1 if underlined else 3
            yield Piece(line, 0.1 * min(level, 6), words)
            first = True
            i += 1
            continue
        table = mark == '|'
        item = not table and not mark.isalpha() and _ITEM.match(line) is not None
        for k, sentence in enumerate(_sentences(line)):
            rank = 4.0
            if first and k == 0:
                rank = 1.5
            elif item and k == 0:
                rank = 3.0
            elif table:
                rank = 3.2
            head = sentence[:600]
            if _FACT.search(head) is not None:
                rank -= 0.8
            low = head.lower()
            if _STEM.search(low) is not None and _TELLING.search(low) is not None:
                rank -= 0.8
            if concluding:
                rank -= 0.6
            if _FILLER.match(low):
                rank += 2
            yield Piece(sentence, max(1.0, rank), sentence.count(' ') + 1)
        first = False
        i += 1


def _sentences(line: str) -> list[str]:
    if len(line) <= PARAGRAPH:
        return [line]
    mark = _ITEM.match(line)
    start = mark.end() if mark else 0
    first, *others = _SENTENCE.split(line[start:], maxsplit=MOST_SENTENCES)
    return [line[:start] + first, *others]


def _fence_end(lines: Sequence[str], start: int) -> int:
    """The line behind a block of code that begins at `start`; of one that never ends, the end of the text."""
    mark = lines[start].lstrip()[:3]
    for i in range(start + 1, len(lines)):
        if lines[i].lstrip().startswith(mark) and not lines[i].lstrip(' \t`~'):
            return i + 1
    return len(lines)


def _fenced(lines: Sequence[str]) -> Piece:
    """A block of code within its fences, its middle left out where it is long."""
    mark = lines[0].lstrip()[:3]
    closed = len(lines) > 1 and lines[-1].strip() == mark
    inner = list(lines[1 : -1 if closed else None])
    words = sum(line.count(' ') + 1 for line in lines)
    if len(inner) > FENCED:
        left = len(inner) - FENCED + 1
        inner = [*inner[: FENCED - 3], f'{GAP} {left} lines', *inner[-2:]]
    return Piece('\n'.join((lines[0], *inner, mark)), 3.4, words)
