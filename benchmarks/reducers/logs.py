"""Facts of test logs, build logs and linters."""

from __future__ import annotations

import re
from collections import Counter

from .facts import Fact, Found, clip, places, texts

_FAILED = (
    re.compile(r'^(?:FAILED|ERROR) (\S+?\.py::[^\n]+?)(?: - [^\n]*)?$', re.MULTILINE),
    re.compile(r'^(\S+?\.py::\S+(?: [^\n]*?\])?) (?:FAILED|ERROR)\b', re.MULTILINE),
    re.compile(r'^\s*--- FAIL: (\S+)', re.MULTILINE),
    re.compile(r'^test (\S+)(?: - should panic)? \.\.\. FAILED$', re.MULTILINE),
    re.compile(r'^(?:FAIL|ERROR): (\w+ \([\w.<>]+\))', re.MULTILINE),
    re.compile(r'^ *(?:FAIL|×|❯) +(?:\|?[\w\-]+\|? +)?(\S+\.(?:test|spec)\.\w+ > [^\n]+?)(?: \d+ms)?$', re.MULTILINE),
    re.compile(r'^ {2,4}● ([^\n]+ › [^\n]+)$', re.MULTILINE),
    re.compile(r'^rspec (\./\S+)', re.MULTILINE),
    re.compile(r'^\[  FAILED  \] (\w+\.\w+)', re.MULTILINE),
    re.compile(r'^not ok \d+ -? ?([^\n#]+)', re.MULTILINE),
    re.compile(r'^\[ERROR\] +(?:Failures: +)?([\w.$]+\.\w+):\d+', re.MULTILINE),
    re.compile(r'^\d+\) ([\w\\]+::\w+)', re.MULTILINE),
)
_SECTION = re.compile(r'^_{3,} (?:ERROR at \w+ of |ERROR collecting )?(\S[^\n]*?) _{3,}$', re.MULTILINE)
_SECTIONS_END = re.compile(r'^={3,} (?!ERRORS|FAILURES)[^\n]*={3,}$', re.MULTILINE)
_E_LINE = re.compile(r'^E {1,8}(\S[^\n]*)', re.MULTILINE)
_RAISED = re.compile(
    r'^[ \t]*((?:[\w.]+\.)?\w*(?:Error|Exception|Failure|Failed|Exit|panic)(?::[^\n]*|[ \t]*$))', re.MULTILINE
)
_AT_MARGIN = re.compile(r'^((?:[\w.]+\.)?[A-Z]\w*(?:: [^\n]*|$))', re.MULTILINE)
_GO = re.compile(r'^[ \t]*--- FAIL: (\S+)[^\n]*\n((?:(?![ \t]*---|===|FAIL|ok|PASS|\?|exit )[^\n]*\n)*)', re.MULTILINE)
_GO_OWN = re.compile(r'^[ \t]+(\w+_test\.go:\d+: \S[^\n]*)', re.MULTILINE)
_GO_LIBRARY = re.compile(r'^[ \t]+Error:[ \t]+\S[^\n]*', re.MULTILINE)
_GO_TELLS = re.compile(
    r'expect|want|got\b|error|fail|should|must|unexpected|panic|mismatch|not equal|does not|did not|missing|invalid'
    r'|\bnil\b',
    re.IGNORECASE,
)
_UNITTEST = re.compile(r'^={60,}\n(?:FAIL|ERROR): (\w+) \([^\n]*\n(?:(?!={60,}|-{60,}\nRan )[^\n]*\n)*', re.MULTILINE)
_PANICKED = re.compile(r"^thread '[^'\n]+'[^\n]* panicked at [^\n]*(?:\n[^\n]+)?", re.MULTILINE)
_JS = re.compile(r'^ *(?:FAIL +\S+ > [^\n]+|● [^\n]+ › [^\n]+)\n((?:(?! *(?:FAIL |● |⎯))[^\n]*\n){1,12})', re.MULTILINE)
_TOTAL = re.compile(
    r'^=+ ?([^\n]*?\b(?:passed|failed|errors?|no tests ran|tests finished)\b[^\n]*?) ?=+$'
    r'|^(\d+ (?:passed|failed|passing|failing|examples|tests?)[ ,][^\n]*)$|^(Ran \d+ tests? in [^\n]*)$'
    r'|^((?:FAILED|OK) \([^\n]*\)|OK)$|^(test result: [^\n]*)$|^ *(Tests?(?: Files| Suites)?:?  *\d+ [^\n]*)$'
    r'|^(?:\[\w+\] )?(Tests run: \d+,[^\n]*)$|^(DONE \d+ tests[^\n]*)$|^tests finished:[^\n]*',
    re.MULTILINE,
)
_PACKAGE = re.compile(r'^FAIL[ \t]+(\S+/\S+|\S+\.\w+)', re.MULTILINE)
_PASSED = re.compile(r'^(?:ok[ \t]+(\S+)|[ \t]*✓ (\S+\.(?:test|spec)\.\w+)|(\S+\.py) \.+)', re.MULTILINE)


def tests(text: str) -> Found:
    """Names of failing tests, what each failed with, the totals; errors of the compiler before the tests."""
    # A run may show another's output; what failed in the run itself is told after its last heading.
    told = text.rfind(' short test summary info ')
    names = [clip(name, 300) for pattern in _FAILED for name in pattern.findall(text, max(0, told))]
    end = _SECTIONS_END.search(text, text.find(' FAILURES ') + 1) if ' FAILURES ' in text else None
    sections = [*_SECTION.finditer(text)]
    if told >= 0 and names:
        last = {re.split(r'::|\.(?=\w+(?:\[|$))', name)[-1] for name in names}
        sections = [section for section in sections if re.split(r'\.(?=\w+(?:\[|$))', section[1])[-1] in last]
    if not names:
        names = [section[1] for section in sections if ' ' not in section[1].partition('[')[0]]
    totals = [next(filter(None, match.groups()), match.group()) for match in _TOTAL.finditer(text)]
    bad = [total for total in totals if re.search(r'fail|error', total, re.IGNORECASE) and ' 0 failed' not in total]
    found = [
        *_names(names),
        *texts('first error line', 5, _first_errors(text, sections, end.start() if end else len(text))),
        *texts('totals', 5, [*bad[-3:], *totals[-2:]]),
        *texts('failed package', 5, _PACKAGE.findall(text)),
        *texts('passed', 1, (next(filter(None, groups)) for groups in _PASSED.findall(text)), 10),
    ]
    errors, _ = _problems(text)
    compiled = texts('compiler error', 4, (message for _, _, message in errors), 100) if not names else []
    return [*found, *compiled]


def _names(names: list[str]) -> Found:
    """Each distinct test; its own name suffices where no other has it, with its class it always does."""
    parts = {tuple(filter(None, re.split(r'::| > | › |(?<=\w)\.(?=[A-Za-z_]\w*$)', name))): name for name in names}
    short = Counter(part[-1] for part in {part[-2:] for part in parts})
    facts: dict[tuple[str, ...], Fact] = {}
    for part, name in parts.items():
        tails = [joint.join(part[-2:]) for joint in ('::', '.', ' > ', ' › ')] if len(part) > 2 else []
        alone = [part[-1]] if short[part[-1]] == 1 and len(part[-1]) > 3 else []
        if unit := re.fullmatch(r'(\w+) \(([\w.<>]+)\)', name):
            alone = [f'{unit[2]}.{unit[1]}', unit[1]] if sum(n.startswith(f'{unit[1]} ') for n in names) == 1 else []
        facts[part[-2:]] = Fact('failing test', 5, tuple(dict.fromkeys([name, *tails, *alone])))
    return list(facts.values())


def _first_errors(text: str, sections: list[re.Match[str]], end: int) -> list[str]:
    found: list[str] = []
    stops = [*(section.start() for section in sections[1:]), max(end, sections[-1].end() if sections else 0)]
    for section, stop in zip(sections, stops, strict=False):
        start = section.end()
        if match := _E_LINE.search(text, start, stop) or _RAISED.search(text, start, stop):
            found.append(match[1])
    found += filter(None, (_told(match[2]) for match in _GO.finditer(text)))
    found += filter(None, (_at_margin(match.group()) for match in _UNITTEST.finditer(text)))
    found += (match.group().rpartition('\n')[2] for match in _PANICKED.finditer(text))
    found += (raised[1] for match in _JS.finditer(text) if (raised := _RAISED.search(match[1])))
    return found


def _at_margin(section: str) -> str | None:
    """The first exception of a section of unittest."""
    lines = (line for line in _AT_MARGIN.findall(section) if not line.startswith(('Traceback', 'FAIL', 'ERR')))
    return next(lines, None)


def _told(block: str) -> str | None:
    """Of what a Go test wrote the line that failed it: the last that its test file said, or a library's 'Error:'."""
    if found := _GO_LIBRARY.search(block):
        return found.group()
    own = _GO_OWN.findall(block)
    return next((line for line in reversed(own) if _GO_TELLS.search(line)), own[-1] if own else None)


_PROBLEM = re.compile(
    r'(?:^|(?<=[\s\[(]))((?:[A-Za-z]:)?[\w./\\@+~\-]{0,200}\w\.[A-Za-z]\w{0,7})(?::|\(|:\[|:\w[\w.]*:)(\d{1,6})'
    r'(?:[:,.](\d{1,5}))?(?:-\d+(?::\d+)?)?\]?\)?[: \t]*[ \t]([^\s:][^\n]{2,})'
)
_RUST = re.compile(r'^(error|warning)(?:\[\w+\])?: ([^\n]+)\n[ \t]*--> ([^\s:]+):(\d+)', re.MULTILINE)
_BARE = re.compile(
    r'^(?:\[[\w: \-]{1,40}\] )?(npm ERR! [^\n]+|npm error [^\n]+|\[ERROR\] [^\n]+|ERROR:? [^\n]+|E: [^\n]+'
    r'|##\[error\][^\n]+'
    r'|make(?:\[\d+\])?: \*\*\* [^\n]+|fatal: [^\n]+|error(?:\[\w+\])?: [^\n]+|Error: [^\n]+|\S*ld: [^\n]+'
    r'|[^\n]{0,200}undefined reference to [^\n]+|FAILURE: [^\n]+|[^\n]{0,120}\berror TS\d+: [^\n]+)',
    re.MULTILINE,
)
_LEVEL = re.compile(
    r'^(?:level=warning msg=|\[WARNING\] |npm WARN |npm warn |WARNING:? |warning: )([^\n]+)', re.MULTILINE
)
_WARNS = re.compile(r'^\[?(?:(?:warning|warn|note|info|refactor|convention)\b|[CRWI](?:\d{3,4})?\b)', re.IGNORECASE)
_STATUS = re.compile(
    r'^(?:\[[\w: \-]{1,40}\] )?((?:Process )?[Ee]xit(?:ed)?(?: with)?(?: code| status) ?:?\d+'
    r'|(?:\[INFO\] )?BUILD [A-Z]+[^\n]*'
    r'|(?:Found |✖ )?\d+ (?:errors?|warnings?|issues?|problems?|files? (?:would|left|re))\b[^\n]*|[Ff]inished:? [^\n]*'
    r'|Successfully (?:installed|built)[^\n]*|All checks passed[^\n]*|Success: [^\n]*|ERROR task failed'
    r'|error: (?:could not compile|aborting)[^\n]*|[^\n]{0,60}Compilation (?:failed|succe)[^\n]*|\* \w+: \d+)$',
    re.MULTILINE,
)
_LINE = re.compile(r'^[^\n]{1,2000}', re.MULTILINE)
_RULE = re.compile(r'^(?:\[?(?:fatal )?(?:error|warning|note|info)\b\]?(?: ?TS\d+)?: *)', re.IGNORECASE)


def builds(text: str) -> Found:
    """Distinct messages with their places, errors apart from warnings; how it ended."""
    errors, warnings = _problems(text)
    bare: list[str] = _BARE.findall(text)
    status = _STATUS.findall(text)
    return [
        *texts('error', 4, [*(message for _, _, message in errors), *bare], 200),
        *places('place of an error', 2, ((path, line) for path, line, _ in errors if path), 100),
        *texts('warning', 1, [*(message for _, _, message in warnings), *_LEVEL.findall(text)], 40),
        *places('place of a warning', 1, ((path, line) for path, line, _ in warnings if path), 20),
        *texts('status', 5, [*status[:1], *status[-3:]]),
    ]


Problem = tuple[str, int, str]


def _problems(text: str) -> tuple[list[Problem], list[Problem]]:
    """Errors and warnings as file, line and message."""
    errors: list[Problem] = []
    warnings: list[Problem] = []
    for severity, message, path, line in _RUST.findall(text):
        (errors if severity == 'error' else warnings).append((path, int(line), message))
    for each in _LINE.finditer(text):
        line = each.group()
        if match := _PROBLEM.search(line):
            problem = (match[1], int(match[2]), _RULE.sub('', match[4]))
            (warnings if _WARNS.match(match[4]) else errors).append(problem)
    return errors, warnings
