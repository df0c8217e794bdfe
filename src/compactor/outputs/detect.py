"""What a text is: by what the call says and by a table of signs, the first kind whose signs are there.

Every line of a sample (the beginning, the middle and the end of the text) is given to the first sign that fits it, in
one pass; `RULES` then says how many such lines, and what share of all, make a text of a kind. Every answer says which
rule gave it. Linear, and but for JSON, which is parsed up to `PARSED` characters, no more is read than the sample.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

from compactor.outputs.hint import Family, Hint
from compactor.outputs.kind import Kind
from compactor.outputs.sections import body_of, sections

SAMPLE = 6_000
"""Characters looked at at the beginning, and as many at the end; half as many in the middle."""
PARSED = 4_000_000
"""Characters of JSON that are parsed at most; of a longer text its beginning has to do."""
DEEPEST = 500
"""Brackets in a row at the beginning of a text beyond which it is not parsed."""
MOST = 360
"""Lines looked at."""
WIDE = 400
"""Characters of a line that are looked at."""
PART = 3_000
"""Characters of a section that are looked at."""
PARTS = 12
"""Sections that are looked at."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a text was taken for, and what gave it away."""

    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How many lines of which signs make a text of a kind.

    Attributes:
        kind: which.
        why: the rule in words.
        signs: names of `SIGNS`; their lines are counted together.
        least: lines at least.
        share: share of the sample's lines at least.
        families: only in outputs of these tools; empty for all.
        besides: (names of signs, lines at least) that must be there too.
    """

    kind: Kind
    why: str
    signs: tuple[str, ...]
    least: int = 1
    share: float = 0.0
    families: tuple[Family, ...] = ()
    besides: tuple[tuple[str, ...], int] = ((), 0)


SIGNS: dict[str, str] = {
    'diff': r'diff --(?:git|cc|combined) |diff -\w+ |@@ -\d|@@@+ -\d|Index: \S|\+\+\+ \S|--- (?:a/|/dev/null|\S+\t)'
    r'|Only in \S+: |Binary files ',
    'test': r'=+ (?:test session starts|FAILURES|ERRORS|PASSES|short test summary|tests? coverage|test process starts)'
    r'|=+ (?:\d+ (?:passed|failed|skipped|errors?|warnings?|xfailed|xpassed|deselected|tests?)\b|no tests ran)'
    r'|(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) \S+::|=== (?:RUN|CONT|PAUSE|NAME) |(?: {4})*--- (?:FAIL|PASS|SKIP): '
    r'|(?:ok  |FAIL|\?   )\t\S|running \d+ tests?$|test result: |test \S+ \.\.\. |Tests?(?: Suites| Files)?:? +\d+ (?:pass|fail|skip)'
    r'|Ran \d+ tests? in |(?:not )?ok \d+ -|(?:PASS|FAIL)  ?\S+\.(?:test|spec)\.|Tests? run: \d+|(?:ERROR|FAIL): \w+ \('
    r'|\d+ examples?, \d+ failures?|Test Suites?: |(?:\d+%|100%) tests passed| *\d+/\d+ Test +#\d+|tests finished: '
    r'| +(?:PASS|FAIL|SIGABRT|TIMEOUT) \[ *\d| tests finished: | +\d+ (?:passing|failing)\b|PHPUnit \d'
    r'| +(?:✓|✔|×|✕|✗|❯) \S|\S+(?: \([\w.]+\))? \.\.\. (?:ok|FAIL|ERROR|skipped)|\S+::\S+ (?:PASSED|FAILED|ERROR|SKIPPED)'
    r'|\S+\.py [.FEsxX]+(?: +\[|$)|\w[\w$.]* > [^\n]{1,200} (?:PASSED|FAILED|SKIPPED)$|test_\w+ (?:ok|[fFEXsw])$',
    'frame': r'Traceback \(most recent call last\)|goroutine \d+ \[|panic: |thread \'[^\']*\' panicked|Caused by: '
    r'|Exception in thread|(?: {2})+File "[^"\n]+", line \d|\s+at (?:async )?[\w$.<>\[\]/ ]{1,200}\(|\s+at /?\S+:\d+'
    r'|\t\S+:\d+ \+0x|\tfrom \S+:\d+:in|\S+:\d+:in [`\']|#\d+ +0x[0-9a-f]+ in |[\w.]+(?:Error|Exception): ',
    'build': r'error(?:\[\w+\])?: |warning: |note: | +--> \S+:\d+| *\d* \|(?: |$)| +\^|npm (?:ERR!|WARN|error|warn)'
    r'|\[(?:INFO|WARNING|ERROR|DEBUG)\](?: |$)|(?:g?make|ninja)(?:\[\d+\])?: |> Task :|BUILD (?:SUCCESSFUL|FAILED)'
    r'| *(?:Compiling|Checking|Downloaded|Downloading|Finished|Fresh|Updating|Locking|Adding|Installing|Linking) \S'
    r'|\[ *\d+[%/]|-- (?:The|Check|Detecting|Looking|Found|Configuring|Generating|Build|Performing) |CMake (?:Error|Warning)'
    r'|Collecting \S|Requirement already |Successfully (?:installed|built|tagged|uninstalled)|  (?:Using cached|Preparing) '
    r'|Building |level=(?:warning|error|info) |\d+ (?:silly|verbose|http|info|timing|notice|warn) \S|#\d+ (?:\[|DONE|CACHED|\d)'
    r'| => |Step \d+/\d+ |go: (?:downloading|finding|updates)|(?:ERROR|WARN(?:ING)?|INFO|FATAL): |(?:[we]|C/C\+\+): \S'
    r'|\d+ (?:issues?|warnings?|errors?|problems?)\b|\* \w+: \d+$|# [\w.\-]+(?:/[\w.\-]+)+(?: \[|$)|\*{5,} Module '
    r'|Found \d+ errors?|Collected errors|In file included from|collect2: |/usr/bin/ld: |(?:\S+\$|\[[\w:.\-]+\] \$) '
    r'| +\d+:\d+ +(?:error|warning) |\t\^| +\[\w+\] |\[[^\]\s:]+:\d+:\d+\] |exec_command failed'
    r'|\[?\S+\.\w{1,5}(?: ?\(\d+(?:, ?\d+)?\)|:\d+(?::\d+)?|:\[\d+(?:,\d+)?\]):? ?:? ?[^\n]{0,40}\b(?i:error|warning|info|note)\b'
    r'|\S+\.\w{1,5}:\d+:\d+: |\S+\.\w{1,5}\(\d+\): +|\S+\.\w{1,5}:\d+: \[\w|\S+: undefined reference|\S+:\d+ (?:at|in) \w',
    'numbered': r' *\d+(?:→|\t)',
    'hit': r'(?:[A-Za-z]:[\\/])?[^\s:][^:\n]{0,400}?:\d+[:\-]|[^\s:][^:\n\t]{0,300}\.\w{1,8}-\d+-|Binary file \S+ matches',
    'line': r'\d+[:\-](?!\d\d[:\-])',
    'ls': r'[d\-lbcps][rwxsStT\-]{9}[@+.]?\s|total \d+|\d{6} (?:blob|tree|commit) [0-9a-f]{7,64}\t|\d[\d.]*[KMGTB]?\t[\w./~]',
    'tree': r'(?:[│|]?[  ]{2,4})*(?:├|└|\|--|`--|\+---|\\---)',
    'status': r'[ MADRCU?!]{2} [\w"./]|\t(?:modified|new file|deleted|renamed|both modified):  |On branch \S|Changes (?:to be|not )'
    r'|Untracked files:',
    'stat': r' [\w./{}=> \-]{1,200} +\| +(?:\d+ ?[+\-]*|Bin [^\n]*)$| \d+ files? changed',
    'commit': r'commit [0-9a-f]{40}|Author: +\S|(?:Author|Commit)?Date: +\S',
    'bars': r'\s*\|[^|\n]+\||\s*[^|\n]+\|[^|\n]+\||[+|][\-=+|: ]{3,}$|[\-─┼+]{3,}$|[│┃║╔╠╚┌├└]',
    'heads': r'[A-Z][A-Z0-9%_/()\-]*(?: [A-Z]+)?(?:\s+[A-Z%][A-Z0-9%_/()\-]*){2,}$',
    'tag': r'\s*(?:<!(?:doctype|DOCTYPE) html|</?(?:html|head|body|div|p|span|script|style|table|t[rdh]|[uo]l|li|a|h[1-6]|meta'
    r'|link|nav|section|article|main|header|footer|form|input|img|button|title)\b)',
    'heading': r'#{1,6} [^\n]+',
    'bullet': r' *(?:[-*•] |\d{1,3}\. )(?:\*\*|[`"\'\[(]?\w)',
    'declared': r'\s*(?:(?:async )?def \w+\(|class \w+[:({ ]|func [\w(]|(?:pub(?:\([a-z]+\))? )?(?:fn|struct|enum|impl|mod|trait) \w'
    r'|(?:export )?(?:default )?(?:async )?function\b|import [\w{*("\']|from \S+ import |package \w+|#include [<"]|use [\w:]+'
    r'|(?:export )?(?:interface|type|const|let|var) \w+|(?:public|private|protected|static|abstract|final) \w|namespace \w|@\w+)',
    'code': r'[ \t]*(?:[})\]]+[;,)]*$|(?:return|if|for|while|elif|else|try|except|finally|switch|case|raise|throw|defer|break)\b'
    r'|//|/?\*|\* |"""|[^\n]{0,300}(?:[{;]|\) ?:|=>|[(,])$|[\w.\[\]"\']+ (?::=|[+\-*/|]?=) |self\.|[\w.]+\([^\n]{0,200}\)$)',
    'sentence': r'\W{0,6}[A-Z]\w*(?: [\w\'’,;:()"*`./\-–—]+){5,}[.:!?)*`]*$',
    'path': r'(?:\.{0,2}/|~/|[A-Za-z]:[\\/])?[\w.@+\-]+(?:[/\\][\w.@+\-=~\[\]()]+)+[/\\*]?$|[\w@+\-][\w.@+\-]*\.[A-Za-z]\w{0,9}$'
    r'|\./[\w.@+\-]+$|\.[\w\-]{2,40}/?$',
    'changed': r'[+\-](?:[^+\-\n]|$)',
}
"""What gives a line away, by name, in the order in which they are tried: patterns at the beginning of a line."""

_RUNS = (Family.TEST_RUNNER,)
_LOGS = ('test', 'frame', 'build')
RULES: tuple[Rule, ...] = (
    Rule(Kind.DIFF, 'headers of a diff and changed lines', ('diff',), 1, 0, (Family.DIFF,)),
    Rule(Kind.LISTING, 'names with a mark of what changed', ('status',), 2, 0.5),
    Rule(Kind.SEARCH, 'a search, and hits', ('hit', 'line', 'build', 'bars'), 1, 0.2, (Family.SEARCH,)),
    Rule(Kind.LISTING, 'a listing, and names', ('ls', 'tree', 'path', 'status'), 1, 0.5, (Family.LISTING,)),
    Rule(Kind.TEST_LOG, 'lines of a test runner', ('test',), 1, 0.0, (Family.TEST_RUNNER, Family.SHELL)),
    Rule(Kind.TEST_LOG, 'many lines of a test runner', ('test',), 2, 0.02),
    Rule(Kind.DIFF, 'headers of a diff and changed lines', ('diff', 'changed', 'bullet', 'stat'), 2, 0.1, (), (('diff',), 1)),
    Rule(Kind.DIFF, 'a summary of changes', ('stat',), 2, 0.5),
    Rule(Kind.DIFF, 'a summary of changes behind commits', ('stat', 'commit'), 4, 0.3, (), (('stat',), 2)),
    Rule(Kind.STACK_TRACE, 'frames of a stack', ('frame',), 2, 0.2),
    Rule(Kind.BUILD_LOG, 'lines of a compiler, a linter or an installer', ('build',), 2, 0.15),
    Rule(Kind.STACK_TRACE, 'frames of a stack', ('frame',), 3, 0.02),
    Rule(Kind.SEARCH, 'file:line:text', ('hit',), 2, 0.4),
    Rule(Kind.LISTING, 'lines of ls', ('ls',), 2, 0.5),
    Rule(Kind.LISTING, 'branches of a tree', ('tree',), 3, 0.6),
    Rule(Kind.TABLE, 'columns between bars', ('bars',), 3, 0.6),
    Rule(Kind.LISTING, 'a path on every line', ('path',), 4, 0.85),
    Rule(Kind.BUILD_LOG, 'some lines of a compiler or a linter', ('build',), 1, 0.3),
    Rule(Kind.CODE, 'declarations and statements', ('declared', 'code'), 5, 0.5, (), (('declared',), 2)),
    Rule(Kind.PROSE, 'headings, lists and sentences', ('heading', 'bullet', 'sentence'), 3, 0.35),
    Rule(Kind.CODE, 'statements of a file', ('declared', 'code'), 3, 0.4, (Family.FILE_READ,)),
    Rule(Kind.PROSE, 'a page', ('heading', 'bullet', 'sentence'), 1, 0.1, (Family.HTTP, Family.SUB_AGENT)),
    Rule(Kind.SEARCH, 'line numbers', ('line',), 3, 0.6),
)
"""In the order in which they are tried."""

_SIGN = re.compile('|'.join(f'(?P<{name}>{pattern})' for name, pattern in SIGNS.items()))
_NUMBER = re.compile(r' *\d+(?:→|\t)')
_CI = re.compile(r'[^\t\n]{1,100}\t[^\t\n]{1,100}\t\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?')
_PREFIX = re.compile(
    r'\ufeff?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z? |\[\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\] |\[[A-Za-z][\w:. \-]{1,40}\] '
)
_LEVELS = ('[INFO', '[WARN', '[ERRO', '[DEBU')
_BASE64 = re.compile(r'[A-Za-z0-9+/]{200,}={0,2}')
_KEY = re.compile(r'["}\]0-9a-z],?\s*"[^"\n]{1,80}"\s*:|[{\[,]\s*"[^"\n]{1,80}"\s*:')
_DEEP = re.compile(rf'[\[{{\s]{{{DEEPEST}}}')
_JSON = json.JSONDecoder()


def detect(text: str, hint: Hint = Hint()) -> Detected:  # noqa: B008 - a frozen value
    """What a clean text is."""
    if found := _binary(text):
        return found
    start = body_of(text)
    if found := _json(text, start):
        return found
    ending = (hint.path or '').rsplit('/', 1)[-1].rpartition('.')[2].lower()
    if hint.family is Family.FILE_READ and (kind := _BY_ENDING.get(ending)):
        return Detected(kind, f'a file that ends with .{ending}')
    lines = sample_of(text, start)
    if found := _prefixed(lines) or _mixed(text) or _ruled(lines, hint.family):
        return found
    if kind := _BY_ENDING.get(ending):
        return Detected(kind, f'the file ends with .{ending}')
    return Detected(_BY_FAMILY.get(hint.family, Kind.TEXT), f'the tool is of the family {hint.family}')


def sample_of(text: str, start: int = 0) -> list[str]:
    """Lines of the beginning, the middle and the end of a text, without blank ones, each cut at `WIDE`."""
    if len(text) - start <= SAMPLE * 3:
        lines = text[start:].split('\n')
    else:
        middle = (len(text) + start) // 2
        parts = (text[start : start + SAMPLE], text[middle : middle + SAMPLE // 2], text[-SAMPLE:])
        # the first line of the later parts is cut, unless all is one line
        lines = [line for i, part in enumerate(parts) for line in (part.split('\n')[1 if i and '\n' in part else 0 :])]
    lines = [line[:WIDE] for line in lines if line and not line.isspace()]
    if len(lines) > MOST:
        third = MOST // 3
        middle = len(lines) // 2
        lines = lines[:third] + lines[middle : middle + third] + lines[-third:]
    return lines


def signs_of(lines: list[str]) -> Counter[str]:
    """How many lines have which sign; '' counts those that have none."""
    match = _SIGN.match
    return Counter(found.lastgroup or '' if (found := match(line)) is not None else '' for line in lines)


def _ruled(lines: list[str], family: Family) -> Detected | None:
    if not lines:
        return None
    counts = signs_of(lines)
    if counts['numbered'] > len(lines) * 0.6 and counts['numbered'] > 1:
        return _numbered(lines)
    for rule in RULES:
        if rule.families and family not in rule.families:
            continue
        there = sum(counts[sign] for sign in rule.signs)
        if there < rule.least or there < len(lines) * rule.share:
            continue
        beside, least = rule.besides
        if sum(counts[sign] for sign in beside) >= least:
            return Detected(rule.kind, rule.why)
    return None


def _numbered(lines: list[str]) -> Detected:
    """What a file shown with line numbers holds."""
    bare = [line[found.end() :] for line in lines if (found := _NUMBER.match(line)) is not None]
    counts = signs_of([line for line in bare if line.strip()])
    total = max(1, counts.total())
    if (counts['declared'] + counts['code'] + counts['test']) >= total * 0.3 and counts['declared'] + counts['code'] > 1:
        return Detected(Kind.CODE, 'numbered lines of code')
    if counts['heading'] + counts['bullet'] + counts['sentence'] >= total * 0.3:
        return Detected(Kind.PROSE, 'numbered lines of prose')
    return Detected(Kind.TEXT, 'numbered lines')


def _prefixed(lines: list[str]) -> Detected | None:
    """Logs whose every line begins with a step, a time or the like: the rest of their lines decides."""
    if len(lines) < 4:
        return None
    probe = (lines[0], lines[len(lines) // 2], lines[-1])
    if sum(_CI.match(line) is not None for line in probe) >= 2:
        counts = signs_of([_CI.sub('', line) for line in lines])
        runs_tests = counts['test'] > 1 and counts['test'] > counts['build'] // 4
        return Detected(Kind.TEST_LOG if runs_tests else Kind.BUILD_LOG, 'steps and times of a CI run')
    if sum(_PREFIX.match(line) is not None and not line.startswith(_LEVELS) for line in probe) < 2:
        return None
    counts = signs_of([_PREFIX.sub('', line, count=1) for line in lines])
    if counts['test'] > 1:
        return Detected(Kind.TEST_LOG, 'lines of a test runner behind a prefix')
    if counts['build'] + counts['frame'] >= len(lines) * 0.1:
        return Detected(Kind.BUILD_LOG, 'lines of a compiler behind a prefix')
    return None


def _mixed(text: str) -> Detected | None:
    """Several outputs behind one another, of different kinds or of different files."""
    found = sections(text)
    if found is None:
        return None
    files = text.count('==> ', 0, SAMPLE) > 1 and text.count(' <==\n', 0, SAMPLE) > 1
    kinds: set[Kind] = set()
    for start, end in found[:PARTS]:
        heading = text.find('\n', start, end) + 1
        part = text[heading : min(end, heading + PART)] if start and heading else text[start : min(end, start + PART)]
        lines = [line[:WIDE] for line in part.split('\n') if line and not line.isspace()][: MOST // 4]
        if len(lines) > 1:
            kinds.add(inner.kind if (inner := _ruled(lines, Family.OTHER)) else Kind.TEXT)
    if len(kinds) > 1 or (files and kinds):
        return Detected(Kind.MIXED, f'{len(found)} outputs under headings')
    return None


def _binary(text: str) -> Detected | None:
    head = text[:SAMPLE]
    if head.count('\ufffd') > len(head) // 20 + 1:
        return Detected(Kind.BINARY, 'bytes that are no text')
    longest = max((len(found) for found in _BASE64.findall(head)), default=0)
    if longest >= 400 and longest > len(head.strip()) // 2 and len(set(head)) > 8:
        return Detected(Kind.BINARY, 'base64')
    return None


def _json(text: str, start: int) -> Detected | None:
    """Whether a text is JSON: whole, a value a line, cut off, or with a few words before or behind it."""
    begin = start
    while begin < len(text) and text[begin].isspace():
        begin += 1
    if text[begin : begin + 1] not in ('{', '['):
        begin = min((at for sign in ('\n{', '\n[{', '\n[\n') if (at := text.find(sign, start, start + 600)) >= 0), default=-2) + 1
        if begin < 0:
            return None
    if len(text) - begin < 2 or _DEEP.match(text, begin):
        return None
    if begin > start and begin - start > (len(text) - start) // 4:
        return None
    end = -1
    if len(text) - begin <= PARSED:
        try:
            _, end = _JSON.raw_decode(text, begin)
        except (ValueError, RecursionError):
            end = -1
    rest = text[end : end + SAMPLE].strip() if end > 0 else ''
    if end > 0 and not rest:
        return Detected(Kind.JSON, 'it parses as JSON' if begin == start else 'JSON behind a few words')
    if end > 0 and end - begin >= (len(text) - start) * 0.6:
        return Detected(Kind.JSON, 'JSON and a few words')
    lines = [line for line in text[begin : begin + SAMPLE * 2].split('\n')[:40] if line.strip()]
    if end > 0 and len(lines) > 1 and sum(line.startswith(('{"', '[')) for line in lines) >= len(lines) * 0.6:
        return Detected(Kind.JSON, 'a JSON value a line')
    head = text[begin : begin + SAMPLE]
    if end < 0 and head[1:40].lstrip()[:1] in ('"', '{', '[') and len(_KEY.findall(head)) >= max(2, len(head) // 400):
        return Detected(Kind.JSON, 'JSON that is cut or not quite JSON')
    return None


_SOURCE = (
    'py pyi go rs js mjs cjs ts mts cts tsx jsx java kt kts c h cpp cc cxx hpp hh cs rb php sh bash zsh fish swift scala lua'
    ' css scss less sql proto graphql vue svelte dart ex exs erl hs ml clj zig nim r jl pl pm ps1 m mm groovy tf'
)
_BY_ENDING = {
    **dict.fromkeys(_SOURCE.split(), Kind.CODE),
    **dict.fromkeys(('md', 'mdx', 'markdown', 'rst', 'adoc'), Kind.PROSE),
    **dict.fromkeys(('html', 'htm', 'xhtml'), Kind.HTML),
    **dict.fromkeys(('csv', 'tsv'), Kind.TABLE),
    **dict.fromkeys(('diff', 'patch'), Kind.DIFF),
    **dict.fromkeys(('json', 'jsonl', 'ndjson'), Kind.JSON),
}
_BY_FAMILY = {
    Family.TEST_RUNNER: Kind.TEST_LOG,
    Family.SEARCH: Kind.SEARCH,
    Family.LISTING: Kind.LISTING,
    Family.SQL: Kind.TABLE,
    Family.SUB_AGENT: Kind.PROSE,
}
