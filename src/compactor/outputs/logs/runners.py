"""What test runners print: which line names a failing test, opens its details, counts, or says that one passed.

One combined pattern is tried on each line; the name of its group says what the line is.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple


class Mark(NamedTuple):
    """What a line of a test runner is.

    Attributes:
        role: 'block' (a failing test, its details follow), 'name' (a failing test), 'total', 'pass', 'run' (a test
            begins), 'section' (a heading that ends what was before).
        key: the test's name, by which mentions of one test are told from those of another; '' for the others.
        runner: which alternative of the pattern it was.
    """

    role: str
    key: str = ''
    runner: str = ''


_MARK = re.compile(
    r'(?P<heading>={5,}+[ ].*[ ]={3,}+$|={1,}[ ]\d+[ ](?:passed|failed|error).*=$)'
    r'|_{3,}+[ ](?P<header>[^\s_].*?|_.*?)[ ]_{1,}$'
    r'|(?P<rule>[=\-_]{40,}+$)'
    r'|[ \t]*+(?:'
    r'---[ ]FAIL:[ ](?P<go>\S+)'
    r'|---[ ](?:PASS|SKIP):[ ](?P<gopass>\S+)'
    r'|\[[ ]+OK[ ]\][ ](?P<gtestpass>\S+)'
    r'|\[[ ]RUN[ ]+\][ ](?P<gtestrun>\S+)'
    r'|===[ ](?P<gorun>RUN|CONT|NAME|PAUSE)[ ]+(?P<gotest>\S+)'
    r'|(?P<goline>FAIL\t.*|(?:FAIL|PASS)$|exit[ ]status[ ]\d+)'
    r'|(?P<gook>ok[ ][ ]\t|\?[ ]{3}\t|ok\t|\?\t)'
    r'|(?:FAIL|ERROR):[ ](?P<unit>\w\S*[ ](?:\(|\[).+)'
    r'|(?P<pytest>(?:FAILED|ERROR)[ ]+(?=\S*(?:::|\.py|/)))'
    r'|(?P<passed>(?:PASSED|SKIPPED|XFAIL|XPASS)[ ]+\S|PASS[ ]+\[|[✓✔√][ ]|(?:ok)[ ]\d+[ ]?'
    r'|PASS[ ]+\S+\.\w+)'
    r'|----[ ](?P<cargo>.+)[ ]std(?:out|err)[ ]----$'
    r'|test[ ](?P<test>.+)[ ]\.\.\.[ ](?P<outcome>FAILED|ok|ignored)'
    r'|(?:FAIL|TIMEOUT|ABORT|SIG[A-Z]+|LEAK-FAIL)[ ]+\[[^\]]*+\](?:[ ]\([^)]*+\))?[ ]+(?P<next>\S.*)'
    r'|─{3,}+[ ](?:TRY[ ]\d+[ ])?(?:STDOUT|STDERR):[ ]+(?P<nextblock>\S.*)'
    r'|●[ ](?P<jest>\S.*)'
    r'|FAIL[ ]+(?P<vitest>\S.*[ ]>[ ].*)'
    r'|FAIL[ ](?P<jestfile>\S+\.\w+.*)'
    r'|[✕✗✘×][ ]+(?P<cross>\S.*)'
    r'|(?P<number>\d++\)[ ]\S.*)'
    r'|(?:Failed|X)[ ](?P<dotnet>\S.*\[[<\d].*s\])$'
    r'|not[ ]ok[ ](?P<tap>\d+\b(?!.*\#[ ](?:TODO|SKIP)).*)'
    r'|\[[ ]{2}FAILED[ ]{2}\][ ](?P<gtest>\w[\w.]*/?[\w./]*)'
    r'|\d+/\d+[ ]+Test[ ]+\#\d+:[ ](?P<ctest>\S+)[ ].*(?P<cresult>\*\*\*|Passed)'
    r'|\d+[ ]-[ ](?P<clist>\S+)[ ]\((?:Failed|Timeout|SEGFAULT|Not[ ]Run|.*Exception|.*abort.*)\)'
    r'|rspec[ ](?P<rspec>\./\S+.*)'
    r'|\[ERROR\][ ]+(?P<maven>[\w$.]+[.:]\w+:\d+.*|[\w$.]+(?:\.|[ ])\w+.*<<<[ ](?:FAILURE|ERROR)!)'
    r'|(?P<total>Ran[ ]\d+[ ]tests?[ ]in|FAILED[ ]\((?:failures|errors|skipped|expected|unexpected)|OK(?:$|[ ]\()'
    r'|NO[ ]TESTS[ ]RAN'
    r'|test[ ]result:|Summary[ ]\[|Tests?:?[ ]+\d|Test[ ]Suites:|Test[ ]Files[ ]|Tests[ ]run:|Time:[ ]+\d'
    r'|\[(?:ERROR|INFO|WARNING)\][ ]+(?:Tests[ ]run:|BUILD[ ]|Failures:|Errors:|Failed[ ]to[ ]execute)'
    r'|\d+[ ](?:passing|failing|pending|passed|failed|examples?,|tests?[ ]completed|tests?,|specs?,|flaky|skipped)\b'
    r'|BUILD[ ](?:SUCCESS|FAIL)|FAILURES!|ERRORS!|There[ ]w(?:as|ere)[ ]\d+[ ]|Tests:[ ]|\d+%[ ]tests[ ]passed'
    r'|(?:Failed|Passed)![ ]+-|Total[ ]tests:|\#[ ](?:tests|pass|fail)[ ]|tests[ ]finished:|error:[ ](?:test'
    r'|\d+[ ]target)'
    r'|Exit[ ]code|Process[ ]exited|\[[\w:\-]+\][ ]ERROR[ ]task|!{5,}[ ].*|\#\#\[error\]|FAILED$|1\.\.\d+'
    r'|Failing[ ]tests:'
    r'|\d+[ ]FAILED[ ]TEST|\[=+\][ ]\d+[ ]tests?|\[[ ]{2}PASSED[ ]{2}\])'
    r')'
)
_BEGIN = frozenset('=_-[FEPSXXTALORBNFDtoenr?✓✔√●✕✗✘×─#!0123456789')
"""Characters by which a line of a test runner begins: looking at them first is many times as fast."""
_TAIL = re.compile(
    r'(?P<state>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|RERUN|ok|OK|FAIL|skipped[ ]?.{0,60}|expected[ ]failure)'
    r'(?:[ ]+\[[ ]*\d+%\])?$'
)
_DOTS = re.compile(r'(?:\S+ )?[.sxXFE]{2,}+(?:\s+\[\s*\d+%\])?$')
_FAILING = ('FAILED', 'ERROR', 'FAIL')
_BLOCKS = frozenset(('go', 'unit', 'cargo', 'nextblock', 'jest', 'vitest', 'number', 'dotnet', 'tap', 'gtest'))
_NAMES = frozenset(('test', 'next', 'jestfile', 'cross', 'clist', 'rspec', 'maven'))
_TIMES = re.compile(r'\s*[\[(]?<?\d[\d.,]*\s?m?s[\])]?(?:\s+\(retry x\d+\))?$|\s+\(retry #\d+\)$')
_NUMBERED = (
    ' passing', ' failing', ' examples', ' example,', 'PHPUnit', 'FAILURES!', 'Failures:', 'laywright', ' flaky',
    'assertions', '[chromium]', '[firefox]', '[webkit]',
)  # fmt: skip


def numbers_tests(text: str) -> bool:
    """Whether lines such as '  1) adds two numbers' are failing tests here."""
    return any(word in text for word in _NUMBERED)


def mark_of(line: str, *, numbered: bool) -> Mark | None:
    """What a line is; look only at the beginning and the end of long ones."""
    found = _MARK.match(line) if line.lstrip(' \t')[:1] in _BEGIN else None
    if found is not None and (kind := found.lastgroup) is not None:
        mark = _marked(found, kind, line, numbered=numbered)
        if mark is not None:
            return mark
    tail = line[-14:]
    if tail.endswith(('<<< FAILURE!', '<<< ERROR!')):
        return Mark('block', line.partition(' ')[0], 'surefire')
    if tail.endswith(('ED', '%]', 'OR', 'ok', 'OK', 'IL', 'SS', 'UN', "'", 're')) and (
        ended := _TAIL.search(line[-90:])
    ):
        return _ended(line, ended['state'])
    if tail[-1:] in '.sFE]xX' and _DOTS.match(line):
        return Mark('pass', runner='dots')
    return None


def _marked(found: re.Match[str], kind: str, line: str, *, numbered: bool) -> Mark | None:
    if kind == 'heading':
        return Mark(
            'total'
            if line[1:2] == ' '
            or re.search(r'\d+ (?:passed|failed|error|skipped|deselected|warning|xfailed)|no tests ran', line)
            else 'section',
            runner='heading',
        )
    if kind == 'header':
        if found[kind].endswith((' tests', ' summary')):
            return Mark('section', runner='rule')
        return Mark('block', found[kind].replace('::', '.'), 'pytest')
    if kind == 'rule':
        return Mark('section', runner='rule')
    if kind == 'gotest':
        return Mark('run', found[kind], found['gorun'])
    if kind == 'gtestrun':
        return Mark('run', found[kind])
    if kind == 'outcome':
        return Mark('name', found['test'], 'test') if found[kind] == 'FAILED' else Mark('pass')
    if kind == 'cresult':
        return Mark('pass') if found[kind] == 'Passed' else Mark('name', found['ctest'], 'ctest')
    if kind == 'pytest':
        return Mark('name', line[found.end() :].partition(' - ')[0].strip(), 'summary')
    if kind == 'goline':
        return Mark('total', runner='go')
    if kind in ('gopass', 'gtestpass'):
        return Mark('pass', found[kind])
    if kind == 'passed':
        return Mark('pass')
    if kind == 'gook':
        return Mark('pass', runner='package')
    if kind == 'total':
        return Mark('total')
    if kind == 'number' and not numbered:
        return None
    key = found[kind]
    if kind == 'number':
        key = key.partition(')')[0]
    elif kind in ('jest', 'vitest', 'cross', 'next', 'nextblock', 'dotnet', 'gtest'):
        key = _TIMES.sub('', key).replace(' › ', ' > ').rpartition(' > ')[2].strip()
    elif kind == 'rspec':
        key = key.partition(' # ')[2]
    return Mark('block' if kind in _BLOCKS else 'name' if kind in _NAMES else 'pass', key, kind)


def _ended(line: str, state: str) -> Mark | None:
    """A line that ends with how the test went: pytest -v, unittest -v, Gradle."""
    if '::' in line or ' ... ' in line or line.startswith('test_'):
        if state not in _FAILING:
            return Mark('pass')
        name = line.partition(' ... ')[0] if ' ... ' in line else line.rpartition(state)[0]
        return Mark('name', name.rpartition('%] ')[2].strip() if '::' in line else name.strip(), 'inline')
    if ' > ' in line:
        if state == 'FAILED':
            return Mark('block', line[: -len(state)].strip(), 'gradle')
        return Mark('pass') if state in ('PASSED', 'SKIPPED') else None
    return None


def from_go_json(text: str) -> str | None:
    """The plain log in the records of `go test -json`, package by package; None where it is something else."""
    if not text.startswith('{"') or '"Action":' not in text[:1_000]:
        return None
    packages: dict[str, list[str]] = {}
    for line in text.split('\n'):
        if not line.startswith('{'):
            packages.setdefault('', []).append(f'{line}\n')
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            packages.setdefault('', []).append(f'{line}\n')
            continue
        if isinstance(record, dict) and isinstance(output := record.get('Output'), str):
            package = record.get('Package') or record.get('ImportPath') or ''
            packages.setdefault(str(package), []).append(output)
    return ''.join(output for outputs in packages.values() for output in outputs).rstrip('\n')
