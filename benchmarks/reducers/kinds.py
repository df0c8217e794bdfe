"""What an output is, for the choice of its facts: by the tool, the command and a few plain patterns."""

from __future__ import annotations

import json
import re
from enum import StrEnum


class What(StrEnum):
    """Kinds of output as the benchmark tells them apart."""

    TEST_LOG = 'test log'
    BUILD_LOG = 'build log, lint'
    TRACE = 'stack trace'
    DIFF = 'diff'
    SEARCH = 'search'
    LISTING = 'listing'
    JSON = 'json'
    TABLE = 'table'
    CODE = 'code'
    PROSE = 'prose, web, agent'
    OTHER = 'other'


GIVEN = {
    'test_log': What.TEST_LOG,
    'build_log': What.BUILD_LOG,
    'lint': What.BUILD_LOG,
    'ci_log': What.BUILD_LOG,
    'stack_trace': What.TRACE,
    'diff': What.DIFF,
    'search': What.SEARCH,
    'listing': What.LISTING,
    'json': What.JSON,
    'web': What.PROSE,
    'subagent_report': What.PROSE,
}
"""The kinds of the recorded outputs' manifest; what it calls otherwise is told by `what_is`."""

_TESTS = re.compile(
    r'^=+ .*\b(?:passed|failed|no tests ran)\b.* =+$|^--- (?:FAIL|PASS): |^test result: |^Ran \d+ tests? in '
    r'|^\s*Tests:? +\d+ (?:passed|failed)|^(?:ok|FAIL)\s+\S+/\S+\s+(?:[\d.]+s|\(cached\))',
    re.MULTILINE,
)
_DIFF = re.compile(r'^diff --git |^--- \S.*\n\+\+\+ \S', re.MULTILINE)
_TRACE = re.compile(r'^Traceback \(most recent call last\)|^goroutine \d+ \[|^\s+at \S+ ?\(\S+:\d+', re.MULTILINE)
_BUILD = re.compile(r'^\S+?:\d+(?::\d+)?:? (?:fatal )?(?:error|warning)\b|^error(?:\[E\d+\])?: ', re.MULTILINE)
_HIT = re.compile(r'^[^\s:]+[:\-]\d+[:\-]', re.MULTILINE)
_PATH_LINE = re.compile(r'^\.{0,2}/?[\w.@+\-]+(?:/[\w.@+\-]+)+/?$', re.MULTILINE)
_LONG_LINE = re.compile(r'^[d\-l][rwxsStT\-]{9}[@+.]? ', re.MULTILINE)
_ROW = re.compile(r'^\s*\|?[^|\n]+\|[^|\n]+\|?', re.MULTILINE)
_SIGNATURE = re.compile(
    r'^\s*(?:\d+(?:→|\t)\s*)?(?:export |pub |public |static |async )*(?:def|class|func|fn|function|interface|type|impl'
    r'|import|from|package|const|use) \S',
    re.MULTILINE,
)
_SOURCE = re.compile(r'\.(?:py|go|rs|[jt]sx?|java|kt|c|h|cc|cpp|hpp|cs|rb|php|swift|scala|sh)\b')
_READ = re.compile(r'^(?:read|view|read_file|get_file|cat)', re.IGNORECASE)
_GREP = re.compile(r'(?:^|[|;&]\s*)(?:git )?(?:grep|rg|ag)\b')
_LIST = re.compile(r'(?:^|[|;&]\s*)(?:ls|find|fd|tree|git ls-files)\b')
_SAYS = re.compile(r'^(?:task|agent|web|wait_agent|exitplan)', re.IGNORECASE)


def what_is(text: str, tool: str = '', command: str = '') -> What:
    """The kind of a text without escape sequences; `command` is the command line, the file or the pattern."""
    if parses(text):
        return What.JSON
    lines = text.count('\n') + 1
    reads = bool(_READ.match(tool)) or command.lstrip().startswith(('cat ', 'sed ', 'head ', 'nl '))
    if reads and _SOURCE.search(command):
        return What.CODE
    if _TESTS.search(text):
        return What.TEST_LOG
    if _DIFF.search(text):
        return What.DIFF
    if _TRACE.search(text):
        return What.TRACE
    if len(_BUILD.findall(text)) >= 2:
        return What.BUILD_LOG
    if tool == 'Grep' or _GREP.search(command) or len(_HIT.findall(text)) > lines * 0.5:
        return What.SEARCH if len(_HIT.findall(text)) + len(_PATH_LINE.findall(text)) > lines * 0.3 else What.OTHER
    if tool in ('Glob', 'LS') or _LIST.search(command):
        paths = len(_PATH_LINE.findall(text)) + len(_LONG_LINE.findall(text))
        return What.LISTING if paths > lines * 0.4 else What.OTHER
    if len(_ROW.findall(text)) > lines * 0.6:
        return What.TABLE
    if len(_SIGNATURE.findall(text)) > max(3, lines * 0.02) and not _SAYS.match(tool):
        return What.CODE
    if _SAYS.match(tool) or re.search(r'\.(?:md|rst|txt)\b', command):
        return What.PROSE
    return What.OTHER


def parses(text: str) -> bool:
    """Whether a text is a JSON object or array."""
    stripped = text.strip()
    if not stripped or stripped[0] not in '[{':
        return False
    try:
        json.loads(stripped)
    except (ValueError, RecursionError):
        return False
    return True
