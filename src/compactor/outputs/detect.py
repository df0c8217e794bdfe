"""What a text is: by what the call says and by a table of signs, the first kind whose signs are there.

Every line of a sample (the beginning, the middle and the end of the text) is given to the first sign that fits it, in
one pass; `signs.RULES` then says how many such lines, and what share of all, make a text of a kind. Every answer says
which rule gave it. Linear, and but for JSON, which is parsed up to `PARSED` characters, little more than the sample is
read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from compactor.outputs.hint import Family, Hint
from compactor.outputs.json_text.parts import end_of
from compactor.outputs.kind import Kind
from compactor.outputs.logs.junit import from_junit
from compactor.outputs.logs.log_lines import BARE, LogLine, log_line
from compactor.outputs.logs.runner_rows import Role
from compactor.outputs.logs.runners import NUMBERED, holds_go_events, mark_of, numbers_tests
from compactor.outputs.runs import runs
from compactor.outputs.sections import BEGINNINGS, body_of, sections
from compactor.outputs.signs import RULES, SIGNS

SAMPLE = 6_000
"""Characters looked at at the beginning, and as many at the end; half as many in the middle."""
PARSED = 4_000_000
"""Characters of JSON that are parsed at most; of a longer text its beginning has to do."""
DEEPEST = 500
"""Brackets in a row at the beginning of a text beyond which it is not parsed."""
MOST = 120
"""Lines looked at."""
WIDE = 240
"""Characters of a line that are looked at."""
NARROW = 60
"""Characters of a word from which on it may be base64."""
PART = 3_000
"""Characters of a section that are looked at."""
PARTS = 12
"""Sections that are looked at."""
LOG_LINES = 3
"""Lines of a log at least."""
FORMS_LEAST = 30
"""Lines from which on they may be few forms over and over ..."""
FORMS_SHARE = 0.2
"""... and forms in all of them at most, as a share."""
LOG_SHARE = 0.5
"""Share of the lines that are not indented which must be a log's."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a text was taken for, and what gave it away."""

    kind: Kind
    why: str


_GROUPS = tuple(dict.fromkeys(sign.name for sign in SIGNS))
_SIGN = re.compile(
    '|'.join(f'(?P<{name}>{"|".join(sign.pattern for sign in SIGNS if sign.name == name)})' for name in _GROUPS)
)
_TESTS = {
    **dict.fromkeys((Role.BLOCK, Role.AFTER, Role.NAME, Role.TOTAL, Role.SECTION, Role.FILE), 'test'),
    **dict.fromkeys((Role.PASSED, Role.RUN, Role.PACKAGE), 'passed'),
}
"""What lines of a test runner count as."""
_UNSURE = frozenset(('dots', 'any', 'number', 'minitest', 'unit', 'rspec', 'testdox', 'deno', 'boost', 'phpunit'))
"""Runners whose lines others write too: without a line of another runner's they need company."""
_VARIES = re.compile(r'0x[0-9a-fA-F]+|\d+')
_WEAK = (Kind.PROSE, Kind.SEARCH)
_NUMBER = re.compile(r' *\d+(?:→|\t)')
_CI = re.compile(r'[^\t\n]{1,100}\t[^\t\n]{1,100}\t\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?')
_PREFIX = re.compile(
    r'\ufeff?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z? |\[\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\] '
    r'|\[[A-Za-z][\w:. \-]{1,40}\] '
)
_LEVELS = ('[INFO', '[WARN', '[ERRO', '[DEBU')
_BASE64 = re.compile(r'[A-Za-z0-9+/_\-]{60,}={0,2}')
_KEY = re.compile(r'["}\]0-9a-z],?\s*"[^"\n]{1,80}"\s*:|[{\[,]\s*"[^"\n]{1,80}"\s*:')
_QUOTED = re.compile(r'"[^"]*+"')
_GAP = re.compile(r'\S {2,}\S')
_DEEP = re.compile(rf'[\[{{\s]{{{DEEPEST}}}')
_BLANK = re.compile(r'\s{0,1000}+')


def detect(text: str, hint: Hint = Hint()) -> Detected:  # noqa: B008 - a frozen value
    """What a clean text is."""
    if found := _binary(text):
        return found
    start = body_of(text)
    if found := _run(text, start):
        return found
    if found := _json(text, start):
        return found
    ending = (hint.path or '').rsplit('/', 1)[-1].rpartition('.')[2].lower()
    if hint.family is Family.FILE_READ and (kind := _BY_ENDING.get(ending)):
        return Detected(kind, f'a file that ends with .{ending}')
    parts = sample_of(text, start)
    lines = lines_of(parts)
    counts = counts_of(lines)
    found = (
        _prefixed(lines)
        or _mixed(text, lines)
        or _logged(lines, counts, hint)
        or _ruled(lines, counts, hint.family)
        or _columns(text, start)
    )
    if found and found.kind is Kind.STACK_TRACE and _COUNTED.search(text):
        return Detected(Kind.TEST_LOG, 'stacks, and how many tests failed')
    if found and found.kind in _OF_TOOLS and _may_be_several(counts, hint) and (several := runs(text)) is not None:
        return Detected(Kind.MIXED, f'runs of {len(several)} tools')
    if hint.kind is not None and (found is None or found.kind in _OUTRANKED.get(hint.kind, ())):
        return Detected(hint.kind, f'the command says so: {" ".join(hint.command.split())[:60]}')
    if found:
        return found
    if kind := _BY_ENDING.get(ending):
        return Detected(kind, f'the file ends with .{ending}')
    if hint.family in (Family.SHELL, Family.OTHER) and _few_forms(lines):
        return Detected(Kind.LOG, 'lines of few forms, over and over')
    return Detected(_BY_FAMILY.get(hint.family, Kind.TEXT), f'the tool is of the family {hint.family}')


def explained(text: str, hint: Hint = Hint()) -> list[str]:  # noqa: B008 - a frozen value
    """Why a clean text is taken for what it is: what the call says, what the lines of its sample are, what decided."""
    parts = sample_of(text, body_of(text))
    lines = lines_of(parts)
    counts = counts_of(lines)
    logged = Counter(found.family for line in lines if (found := log_line(line)) is not None)
    taken = detect(text, hint)
    said = [f'the call: family {hint.family}' + (f', its command tells {hint.kind}' if hint.kind else '')]
    signs = ', '.join(f'{name} {number}' for name, number in counts.most_common() if name and number)
    said.append(f'{len(lines)} lines looked at: {signs or "no signs"}')
    if logged:
        said.append('lines of logs: ' + ', '.join(f'{family} {number}' for family, number in logged.most_common(4)))
    return [*said, f'{taken.kind}: {taken.why}']


def sample_of(text: str, start: int = 0) -> tuple[str, ...]:
    """Beginning, middle and end of a text; the whole of a short one."""
    if len(text) - start <= SAMPLE * 3:
        return (text[start:],)
    middle = (len(text) + start) // 2
    return text[start : start + SAMPLE], text[middle : middle + SAMPLE // 2], text[-SAMPLE:]


def lines_of(parts: tuple[str, ...]) -> list[str]:
    """Up to `MOST` lines from begin, middle and end of a sample, without blank ones, each cut at `WIDE`."""
    # the first line of the later parts is cut, unless all is one line
    lines = [line for i, part in enumerate(parts) for line in part.split('\n')[1 if i and '\n' in part else 0 :]]
    lines = [line[:WIDE] for line in lines if line and not line.isspace()]
    if len(lines) > MOST:
        third = MOST // 3
        middle = len(lines) // 2 - third // 2
        lines = lines[:third] + lines[middle : middle + third] + lines[-third:]
    return lines


def signs_of(lines: list[str]) -> Counter[str]:
    """How many lines have which sign; '' counts those that have none."""
    match = _SIGN.match
    return Counter(found.lastgroup or '' if (found := match(line)) is not None else '' for line in lines)


def counts_of(lines: list[str]) -> Counter[str]:
    """How many lines have which sign, and how many are a test runner's ('test', 'maybe', 'passed')."""
    counts = signs_of(lines)
    marks = [mark for line in lines if (mark := mark_of(line)) is not None]
    if any(mark.runner in NUMBERED for mark in marks) and not numbers_tests('\n'.join(lines)):
        marks = [mark for mark in marks if mark.runner not in NUMBERED]
    sure = any(mark.runner not in _UNSURE and _TESTS.get(mark.role) == 'test' for mark in marks)
    for mark in marks:
        if (what := _TESTS.get(mark.role)) is not None and mark.runner != 'any':
            counts['maybe' if what == 'test' and not sure else what] += mark.runner != 'dots' or sure
    counts['runners'] = len({mark.runner for mark in marks if mark.runner in _APART})
    return counts


def _may_be_several(counts: Counter[str], hint: Hint) -> bool:
    """Whether several tools may have written a text: two kinds of runners, findings and tests, a command of many."""
    many = counts['runners'] > 1 or (counts['build'] > 2 and counts['test'] + counts['passed'] > 0)
    return many or (counts['build'] > 2 and _STARTS.search(hint.command) is not None)


def _logged(lines: list[str], counts: Counter[str], hint: Hint) -> Detected | None:
    """Logs of programs, by how their lines begin; what a test runner or a build wrote with times is none."""
    if hint.family in _NEVER_LOGS:
        return None
    read = [found for line in lines if line[0] not in ' \t' and (found := log_line(line)) is not None]
    bodies = sum(line[0] in ' \t' for line in lines)
    outer = max(1, len(lines) - bodies)
    if len(read) < LOG_LINES or len(read) < outer * (LOG_SHARE if hint.kind is not Kind.LOG else LOG_SHARE / 3):
        return None
    if counts['frame'] > 1 and (counts['frame'] + bodies) * 2 > len(lines):
        return None  # a stack with a few lines before it
    sure = sum(found.family not in BARE for found in read)
    if hint.kind is Kind.LOG:
        return Detected(Kind.LOG, f'lines of a log ({_families(read)}), and the command')
    if counts['test'] > 1 and counts['test'] > len(lines) * 0.03:
        return None
    if sure < len(read) * 0.5:
        built = counts['build'] - sum(found.family == 'level, colon' for found in read)
        levels = {found.grade for found in read}
        if built > len(lines) * 0.1 or (len(levels) < 2 and not any(found.time for found in read)):
            return None
    maven = sum(line.startswith(('[INFO]', '[ERROR]', '[WARNING]')) for line in lines)
    if maven > len(read) * 0.5 and any(_MAVEN.match(line) for line in lines):
        return None
    return Detected(Kind.LOG, f'lines of a log ({_families(read)})')


def _families(read: list[LogLine]) -> str:
    return Counter(found.family for found in read).most_common(1)[0][0]


def _ruled(lines: list[str], counts: Counter[str], family: Family) -> Detected | None:
    if not lines:
        return None
    if counts['numbered'] > len(lines) * 0.6 and _counted(lines):
        return _numbered(lines)
    for rule in RULES:
        if rule.families and family not in rule.families:
            continue
        there = sum(counts[sign] for sign in rule.signs)
        if there < rule.least or there < len(lines) * rule.share:
            continue
        beside, least = rule.besides
        if sum(counts[sign] for sign in beside) >= least:
            if rule.kind in _WEAK and family in (Family.SHELL, Family.OTHER) and _few_forms(lines):
                return Detected(Kind.LOG, 'lines of few forms, over and over')
            return Detected(rule.kind, rule.why)
    return None


def _few_forms(lines: list[str]) -> bool:
    """Whether many lines say the same of different things, as a program's do."""
    if len(lines) < FORMS_LEAST:
        return False
    forms = {_VARIES.sub('#', line) for line in lines}
    return len(forms) <= len(lines) * FORMS_SHARE


def _counted(lines: list[str]) -> bool:
    """Whether the numbers at the beginning of lines go up one by one."""
    numbers = [int(found[0].strip().rstrip('→')) for line in lines if (found := _NUMBER.match(line[:20])) is not None]
    return sum(after == before + 1 for before, after in pairwise(numbers)) >= max(1, len(numbers) // 2)


def _numbered(lines: list[str]) -> Detected:
    """What a file shown with line numbers holds."""
    bare = [line[found.end() :] for line in lines if (found := _NUMBER.match(line)) is not None]
    bare = [line for line in bare if line.strip()]
    counts = signs_of(bare)
    total = max(1, counts.total())
    if counts['diff'] > 1 and signs_of(bare[:1]).keys() <= {'diff', 'commit', 'stat'}:
        return Detected(Kind.DIFF, 'numbered lines of a diff')
    if counts['hit'] > 1 and counts['hit'] >= total * 0.4:
        return Detected(Kind.SEARCH, 'numbered lines of a search')
    if counts['declared'] + counts['code'] > max(1, total * 0.3):
        return Detected(Kind.CODE, 'numbered lines of code')
    if counts['sentence'] > 1 and counts['heading'] + counts['bullet'] + counts['sentence'] >= total * 0.3:
        return Detected(Kind.PROSE, 'numbered lines of prose')
    return Detected(Kind.TEXT, 'numbered lines')


def _prefixed(lines: list[str]) -> Detected | None:
    """Logs whose every line begins with a step, a time or the like: the rest of their lines decides."""
    if len(lines) < 4:
        return None
    probe = (lines[0], lines[len(lines) // 2], lines[-1])
    if sum(_CI.match(line) is not None for line in probe) >= 2:
        counts = counts_of([bare for line in lines if (bare := _CI.sub('', line))])
        tests = counts['test'] + counts['passed']
        runs_tests = tests > 1 and tests > counts['build'] // 4
        return Detected(Kind.TEST_LOG if runs_tests else Kind.BUILD_LOG, 'steps and times of a CI run')
    if sum(_PREFIX.match(line) is not None and not line.startswith(_LEVELS) for line in probe) < 2:
        return None
    counts = counts_of([bare for line in lines if (bare := _PREFIX.sub('', line, count=1))])
    if counts['test'] and counts['test'] + counts['passed'] > 1:
        return Detected(Kind.TEST_LOG, 'lines of a test runner behind a prefix')
    if counts['build'] + counts['frame'] >= len(lines) * 0.1:
        return Detected(Kind.BUILD_LOG, 'lines of a compiler behind a prefix')
    return None


def _mixed(text: str, lines: list[str]) -> Detected | None:
    """Several outputs behind one another, of different kinds or of different files."""
    found = sections(text) if any(line.startswith(BEGINNINGS) for line in lines) else None
    if found is None:
        return None
    files = text.count('==> ', 0, SAMPLE) > 1 and text.count(' <==\n', 0, SAMPLE) > 1
    kinds: set[Kind] = set()
    for start, end in found[:PARTS]:
        heading = text.find('\n', start, end) + 1
        part = text[heading : min(end, heading + PART)] if start and heading else text[start : min(end, start + PART)]
        lines = [line[:WIDE] for line in part.split('\n') if line and not line.isspace()][: MOST // 4]
        if len(lines) > 1:
            kinds.add(inner.kind if (inner := _ruled(lines, counts_of(lines), Family.OTHER)) else Kind.TEXT)
    if len(kinds) > 1 or (files and kinds):
        return Detected(Kind.MIXED, f'{len(found)} outputs under headings')
    return None


def _columns(text: str, start: int) -> Detected | None:
    """Rows of equally many cells: between commas, semicolons or tabs, or under a header in capitals."""
    head = text[start : start + SAMPLE]
    if '"' in head:
        head = _QUOTED.sub('', head)
    lines = [line for line in head.split('\n')[:30] if line.strip()]
    if start + SAMPLE < len(text) and len(lines) > 1:
        lines.pop()
    if len(lines) < 3:
        return None
    for sign in ',\t;':
        counts = [line.count(sign) for line in lines]
        enough = counts[0] > 1 or (counts[0] and sign != ',' and not lines[0].startswith('\t'))
        if enough and sum(count == counts[0] for count in counts) >= len(counts) * 0.9:
            return Detected(Kind.TABLE, f'{counts[0] + 1} cells in every row')
    if signs_of(lines[:1])['heads'] and sum(bool(_GAP.search(line[:WIDE])) for line in lines) >= len(lines) * 0.8:
        return Detected(Kind.TABLE, 'columns under a header in capitals')
    return None


def _run(text: str, start: int) -> Detected | None:
    """A test run in a form for machines: Go's events, JUnit's XML."""
    head = text[start : start + 1_000]
    if holds_go_events(text[start : start + 4_000]):
        return Detected(Kind.TEST_LOG, 'events of go test -json')
    if '<testsuite' in head and from_junit(text[start : start + SAMPLE]) is not None:
        return Detected(Kind.TEST_LOG, "JUnit's XML")
    return None


def _binary(text: str) -> Detected | None:
    head = text[:SAMPLE]
    if head.count('\ufffd') > len(head) // 20 + 1:
        return Detected(Kind.BINARY, 'bytes that are no text')
    coded = sum(
        len(token)
        for word in head.split()
        if len(word) >= NARROW and _BASE64.fullmatch(token := word.rpartition(',')[2]) and len(set(token)) > 16
    )
    if coded >= 400 and coded > len(head.strip()) // 2:
        return Detected(Kind.BINARY, 'base64')
    return None


def _json(text: str, start: int) -> Detected | None:
    """Whether a text is JSON: whole, a value a line, cut off, or with a few words before or behind it."""
    blank = _BLANK.match(text, start)
    begin = blank.end() if blank is not None else start
    if text[begin : begin + 1] not in ('{', '['):
        begin = (
            min(
                (at for sign in ('\n{', '\n[{', '\n[\n') if (at := text.find(sign, start, start + 600)) >= 0),
                default=-2,
            )
            + 1
        )
        if begin < 0:
            return None
    if len(text) - begin < 2 or _DEEP.match(text, begin):
        return None
    if begin > start and begin - start > (len(text) - start) // 4:
        return None
    end = end_of(text, begin) if len(text) - begin <= PARSED else -1
    rest = text[end : end + SAMPLE].strip() if end > 0 else ''
    if end > 0 and not rest:
        return Detected(Kind.JSON, 'it parses as JSON' if begin == start else 'JSON behind a few words')
    if end > 0 and end - begin >= (len(text) - start) * 0.6:
        return Detected(Kind.JSON, 'JSON and a few words')
    if end > 0 and text[end : end + 2] in ('{"', '[{', '[['):
        return Detected(Kind.JSON, 'JSON values behind one another')
    lines = [line for line in text[begin : begin + SAMPLE * 2].split('\n')[:40] if line.strip()]
    if end > 0 and len(lines) > 1 and sum(line.startswith(('{"', '[')) for line in lines) >= len(lines) * 0.6:
        return Detected(Kind.JSON, 'a JSON value a line')
    head = text[begin : begin + SAMPLE]
    if end < 0 and head[1:40].lstrip()[:1] in ('"', '{', '[') and len(_KEY.findall(head)) >= max(2, len(head) // 400):
        return Detected(Kind.JSON, 'JSON that is cut or not quite JSON')
    return None


_APART = frozenset(
    (
        'pytest',
        'vitest',
        'jest',
        'mocha',
        'node',
        'cargo',
        'go',
        'unit',
        'phpunit',
        'rspec',
        'maven',
        'gradle',
        'playwright',
        'tap',
        'bats',
    )
)
"""Runners that are told from one another."""
_STARTS = re.compile(r'&&|;|\n|\b(?:make|tox|nox|just|task|npm|pnpm|yarn|pre-commit|mise)\b')
"""Commands that run several tools."""
_OF_TOOLS = (Kind.TEST_LOG, Kind.BUILD_LOG)
_NEVER_LOGS = frozenset((Family.SEARCH, Family.LISTING, Family.DIFF, Family.TEST_RUNNER))
_OUTRANKED = {
    Kind.LOG: (Kind.SEARCH, Kind.PROSE, Kind.TEXT, Kind.LISTING, Kind.TABLE, Kind.CODE),
    Kind.TABLE: (Kind.SEARCH, Kind.PROSE, Kind.TEXT, Kind.LISTING, Kind.CODE, Kind.LOG),
    Kind.LISTING: (Kind.SEARCH, Kind.PROSE, Kind.TEXT, Kind.TABLE, Kind.CODE, Kind.LOG),
    Kind.TEXT: (Kind.SEARCH, Kind.LISTING, Kind.PROSE, Kind.LOG),
}
"""What a text may look like that a command says to be of a kind."""
_COUNTED = re.compile(r'^ *(?:\d+ (?:passing|failing)|Tests?:? +\d+ (?:failed|passed)|Tests run: \d+)\b', re.MULTILINE)
_MAVEN = re.compile(r'\[(?:INFO|ERROR|WARNING)\] (?:Scanning|Building|BUILD|---|Tests run|Compiling|Download|/)')
_SOURCE = (
    'py pyi go rs js mjs cjs ts mts cts tsx jsx java kt kts c h cpp cc cxx hpp hh cs rb php sh bash'
    ' zsh fish swift scala lua css scss less sql proto graphql vue svelte dart ex exs erl hs ml clj'
    ' zig nim r jl pl pm ps1 m mm groovy tf'
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
