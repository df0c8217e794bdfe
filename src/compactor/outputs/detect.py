"""What a text is: by what the call says and by a table of signs, the first kind whose signs are there.

A sign is a pattern and how often it has to be found, counted in the lines of a sample: the beginning, the middle and
the end of the text. Every answer says which sign gave it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from compactor.outputs.hint import Family, Hint
from compactor.outputs.kind import Kind

SAMPLE = 6_000
"""Characters looked at at the beginning, and as many at the end; half as many in the middle."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a text was taken for, and what gave it away."""

    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class Sign:
    """A pattern that gives a kind away.

    Attributes:
        kind: which.
        why: the sign in words.
        pattern: looked for in the sample.
        least: how often it must be found there.
        share: and in what share of the sample's lines, at least.
        families: only in outputs of these tools; empty for all.
    """

    kind: Kind
    why: str
    pattern: re.Pattern[str]
    least: int = 1
    share: float = 0.0
    families: frozenset[Family] = frozenset()


def detect(text: str, hint: Hint = Hint()) -> Detected:  # noqa: B008 - a frozen value
    """What a clean text is."""
    if kind := _binary(text):
        return kind
    if _is_json(text):
        return Detected(Kind.JSON, 'it parses as JSON')
    sample = sample_of(text)
    lines = sample.count('\n') + 1
    for sign in SIGNS:
        if sign.families and hint.family not in sign.families:
            continue
        need = max(sign.least, int(lines * sign.share))
        if any(n >= need for n, _ in enumerate(sign.pattern.finditer(sample), 1)):
            return Detected(sign.kind, sign.why)
    if hint.path is not None and (kind_of := _BY_ENDING.get(hint.path.rsplit('.', 1)[-1].lower())):
        return Detected(kind_of, f'the file ends with .{hint.path.rsplit(".", 1)[-1]}')
    return Detected(_BY_FAMILY.get(hint.family, Kind.TEXT), f'the tool is of the family {hint.family}')


def sample_of(text: str) -> str:
    """Beginning, middle and end of a long text, cut at lines."""
    if len(text) <= SAMPLE * 3:
        return text
    middle = len(text) // 2
    return '\n'.join((text[:SAMPLE], text[middle : middle + SAMPLE // 2], text[-SAMPLE:]))


def _binary(text: str) -> Detected | None:
    head = text[:SAMPLE]
    if head.count('\ufffd') > len(head) // 20 + 1:
        return Detected(Kind.BINARY, 'bytes that are no text')
    longest = max((len(found) for found in _BASE64.findall(head)), default=0)
    if longest >= 400 and longest > len(head.strip()) // 2:
        return Detected(Kind.BINARY, 'base64')
    return None


def _is_json(text: str) -> bool:
    stripped = text.strip()
    if not stripped or stripped[0] not in '[{' or stripped[-1] not in ']}':
        return False
    try:
        json.loads(stripped)
    except (ValueError, RecursionError):
        return False
    return True


def _sign(
    kind: Kind, why: str, pattern: str, least: int = 1, share: float = 0.0, families: tuple[Family, ...] = ()
) -> Sign:
    return Sign(kind, why, re.compile(pattern, re.MULTILINE), least, share, frozenset(families))


_BASE64 = re.compile(r'[A-Za-z0-9+/]{200,}={0,2}')

SIGNS: tuple[Sign, ...] = (
    _sign(Kind.DIFF, 'headers of a diff', r'^(?:diff --git |@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)'),
    _sign(
        Kind.TEST_LOG,
        'lines of a test runner',
        r'^(?:=+ (?:test session starts|FAILURES|ERRORS|short test summary)|--- (?:FAIL|PASS|SKIP): |=== RUN'
        r'|(?:ok|FAIL)\s+\S+\s+(?:[\d.]+s|\(cached\))|test result: |Tests?:? +\d+ (?:passed|failed)'
        r'|test \S+ \.\.\. (?:ok|FAILED|ignored)|Ran \d+ tests? in )',
    ),
    _sign(
        Kind.STACK_TRACE,
        'frames of a stack',
        r'^(?:Traceback \(most recent call last\)|goroutine \d+ \[|\s+at [\w$.<>]+ ?\(|panic: |thread \'.*\' panicked)',
    ),
    _sign(
        Kind.BUILD_LOG,
        'lines of a compiler or a linter',
        r'^(?:\S+\.\w{1,5}[:(]\d+(?:[:,]\d+)?[:)] ?(?:\w+ )?(?:error|warning|note)\b|error(?:\[\w+\])?: '
        r'|npm (?:ERR!|WARN)|\[(?:INFO|WARNING|ERROR)\] |make(?:\[\d+\])?: |\s*Compiling \S+ v\d)',
    ),
    _sign(Kind.SEARCH, 'file:line: text', r'^[\w./@~+\-]+[\w/]:\d+[:\-]', 3, 0.3),
    _sign(Kind.HTML, 'tags of HTML', r'<(?:!doctype html|html|head|body|div|p|script|table)\b', 2),
    _sign(Kind.LISTING, 'lines of ls', r'^[d\-lbcps][rwxsStT\-]{9}[@+.]?\s', 3, 0.5),
    _sign(Kind.TABLE, 'columns between bars', r'^\s*\|?[^|\n]+\|[^|\n]+\|', 4, 0.5),
)
"""In the order in which they are looked for."""

_SOURCE = tuple('py go rs js ts tsx jsx java kt c h cpp cc hpp cs rb php sh swift scala lua'.split())  # noqa: SIM905
_BY_ENDING = {
    **dict.fromkeys(_SOURCE, Kind.CODE),
    **dict.fromkeys(('md', 'rst', 'txt', 'adoc'), Kind.PROSE),
    **dict.fromkeys(('html', 'htm', 'xhtml'), Kind.HTML),
    **dict.fromkeys(('csv', 'tsv'), Kind.TABLE),
}
_BY_FAMILY = {
    Family.TEST_RUNNER: Kind.TEST_LOG,
    Family.DIFF: Kind.DIFF,
    Family.SEARCH: Kind.SEARCH,
    Family.LISTING: Kind.LISTING,
    Family.SQL: Kind.TABLE,
    Family.SUB_AGENT: Kind.PROSE,
}
