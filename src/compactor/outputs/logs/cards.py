"""What a failing test comes down to: its name, its file, why it failed and where; taken from its lines in a log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from compactor.outputs.logs.frames import frame_of, is_own
from compactor.outputs.logs.gotests import complaint_of
from compactor.outputs.logs.runners import without_time
from compactor.outputs.logs.testlog import Failure, TestLog

REACH = 400
"""Characters of a line that are looked at."""
SOUGHT = 80
"""Lines of a failure among which the reason is looked for."""
LONGEST = 300
"""Characters of a reason."""
PARTS = 4
"""Lines that a reason is put together from at most."""


@dataclass(slots=True)
class Card:
    """A failing test.

    Attributes:
        failure: its lines.
        name: its name, without its file and how long it took.
        file: '' where it is not known.
        error: why it failed: the first line that says so, and those that complete it.
        place: file and line, where they are known; ''.
        used: lines that the card says.
        like: the reason without what varies, to tell its like.
    """

    failure: Failure
    name: str
    file: str = ''
    error: str = ''
    place: str = ''
    used: list[int] = field(default_factory=list)
    like: str = ''


_DECORATION = re.compile(r'^(?:E(?= ))?[ \t]*(?:[|│>#](?=[ \t]))?[ \t]*')
_RAISED = re.compile(
    r'(?:[\w$]+[.:/\\]+)*\w*(?:Error|Exception|Failure|Fault|Throwable|Interrupt|Exit)(?: ?\[[\w ]+\])?(?:: \S|$|:$)'
)
_ERRORISH = re.compile(
    r'Error|Exception|Fail(?:ure|ed)|FAILURE|panicked|[Aa]ssert|[Ee]xpected|mismatch|[Tt]imeout'
    r'|[Tt]imed out|not equal|error:|!==?|Cannot|cannot'
)
"""Words in the line that says why a test failed, where its runner does not mark it."""
_PREFACE = re.compile(
    r'(?:Test suite failed to run|The error below may be caused|Consider using'
    r'|Jest encountered an unexpected|Error Message:|Message:$'
    r'|Stack:?$|Stack Trace:|Error thrown in test|Failure/Error: |Difference \(|stacktrace:|Details:'
    r'|\S+\.(?:exs|js|ts|mjs|cjs|jsx|tsx)(?::\d+)*$'
    r'|got:$|want:$|\(in test file |Traceback|---$|duration_ms|type: |location: |Test executable failed'
    r'|stderr:$|stdout:$|noise before'
    r'|Hint: make sure|ImportError while importing|self = |Expected equality of these values'
    r'|C\+\+ exception|unknown file: Failure'
    r'|\d+: |rendered|Error Context|operator: |severity: |name: |assertion: |details:|\'?Difference|at:? '
    r'|failureType|code: )'
)
"""Lines before the reason, which say less than it does."""
_INCOMPLETE = re.compile(
    r'(?:\w*(?:Error|Exception)(?: ?\[\w+\])?: )?(?:Expected values to be|expect\(|Expected equality'
    r'|Items in the |Assertion with|Assert\.\w+\(\) Failure|Failure/Error|Not equal'
    r'|Lists differ|First differing|.*:$|AssertionError$|\S+\.\w{1,4}:\d+: Failure$|Value of: '
    r'|Received promise|promise (?:rejected|resolved)'
    r'|Difference|got$|should be |message: (?:\'\'|""|failed)$|Failed asserting that two|Error thrown'
    r'|[Ee]xpected\b[^:\n]{0,20}: *\S|[<(].*[>)] expected but was)'
)
"""Reasons that the next lines complete."""
_COMPLETES = re.compile(
    r'(?:[Ee]xpected|[Rr]eceived|[Aa]ctual|got|left|right|want|[Rr]ejected to value|value|but was|Which is'
    r'|[Oo]utput|Number of calls'
    r'|message|expected substring|panic message|Caused by)\b[^\n:]{0,30}(?:[:=]|<| )|\S+ (?:!==?|==+'
    r'|!=) \S+|[+\-] ?\S|\^?\d'
)
_LEGEND = re.compile(
    r'(?:[+\-] ?(?:[Ee]xpected|[Rr]eceived|[Aa]ctual|Snapshot)\b|---? Expected|\+\+\+ Actual|@@|\(compared'
    r'|\(- |[\[{(][,;]?$|[\])}][,;]?$)'
)
"""Lines that explain a difference and hold nothing of it."""
_YAML = re.compile(r'(?P<key>error|message): (?P<value>.*)')
_TRACE = re.compile(r'\s+Error Trace:')
_NUMBER = re.compile(r'0x[0-9a-fA-F]+|\d+')
_PLACE = re.compile(r'(?P<path>(?:[A-Za-z]:\\)?[^\s:()\'"]++:\d+)(?::\d+)?: ')
_AT_RUBY = re.compile(r'# (?P<place>\S+:\d+):in ')
_PHP_PLACE = re.compile(r'[│ ]*(?P<place>/\S+\.php:\d+)$')
_VITEST = re.compile(r'❯ (?:\S+ )?(?P<place>\S+:\d+):\d+$')
_ORIGIN = re.compile(r'This error originated in "(?P<file>[^"\n]+)"')
_LINE_ONLY = re.compile(r'(?P<place>\S+\.\w{1,5}:\d+): (?P<error>\S.*)')
_GTEST = re.compile(r'\S+: Failure$')
_DASHED = re.compile(r'^[-=_─⎯~^ |│+]*$')


_AS_WRITTEN = frozenset(('pytest', 'summary', 'inline'))
"""Runners that write no times behind names."""


def cards_of(lines: Sequence[str], log: TestLog, heads: frozenset[int]) -> list[Card]:
    """A card for each failing test, in the order of the log; `heads` are lines that name what was raised."""
    loose = _loose(lines, log)
    cards: list[Card] = []
    for failure in log.failures:
        card = _named(failure, lines)
        _tell(card, lines, heads)
        if not failure.lines and card.error and loose:
            _from_loose(card, loose)
        card.error = card.error[:LONGEST]
        card.like = _NUMBER.sub('', card.error)
        cards.append(card)
    return cards


def _named(failure: Failure, lines: Sequence[str]) -> Card:
    """A card with name and file."""
    name = failure.name if failure.runner in _AS_WRITTEN else without_time(failure.name).rstrip(' ─')
    file, place = failure.file, ''
    if failure.runner == 'summary' or ('::' in name and failure.runner in ('pytest', 'inline')):
        file, _, own = name.partition('::')
        name = own or file
        file = file if own else ''
    elif failure.runner == 'jest' and name.startswith('Test suite failed to run') and file:
        name, file = file, ''
    elif failure.runner == 'vitest' and name.startswith(('Uncaught', 'Unhandled')):
        origin = next((found for i in failure.lines if (found := _ORIGIN.match(lines[i]))), None)
        file = origin['file'] if origin else file
    elif failure.runner in ('number', 'minitest'):
        name = name.rstrip(':')
        if failure.runner == 'minitest' and (at := re.search(r' \[(?P<place>\S+:\d+)\]$', name)):
            name, place = name[: at.start()], at['place']
    elif failure.runner == 'tap':
        name = without_time(lines[failure.start][:REACH].strip())
        name = f'{name} # {failure.title}' if failure.title else name
    if file and re.search(r':\d+(?::\d+)?$', file):
        place = file
        file = re.sub(r'(?::\d+)+$', '', file)
    card = Card(failure, name or '?', file, place=place)
    card.used = [failure.start, *failure.more]
    return card


def _tell(card: Card, lines: Sequence[str], heads: frozenset[int]) -> None:
    """Finds why the test failed, and where."""
    failure = card.failure
    block = failure.lines
    near = block[:SOUGHT]
    first = _reason(failure, lines, near, heads)
    if first is None:
        card.error = failure.error
    else:
        text = _bare(lines[first])
        if (yaml := _YAML.match(text)) is not None:
            text = '' if yaml['value'] in ('|-', '|', '>-', '') else yaml['value'].strip('"\'')
        parts, used = [text] if text else [], [first]
        if not text or _INCOMPLETE.match(text) or len(text) < 12:
            after = [i for i in near if i > first][: PARTS * 3]
            marked = failure.runner in _AS_WRITTEN and lines[first].startswith('E ')
            if failure.runner in ('go', 'gotestsum') and text.endswith(':'):
                after = [i for i in after if not _TRACE.match(lines[i])]
            for i in after:
                more = _bare(lines[i])
                if marked and (not lines[i].startswith('E ') or more.startswith(('+ ', 'Use -v', 'Omitting'))):
                    break
                if not more or _DASHED.match(more) or _LEGEND.match(more):
                    continue
                if frame_of(lines[i][:REACH]) is not None or _stops(more):
                    break
                plain = not parts or (len(parts) == 1 and (parts[0].endswith(':') or len(parts[0]) < 12))
                if not plain and not _COMPLETES.match(more):
                    if len(parts) > 1:
                        break
                    continue
                parts.append(more)
                used.append(i)
                if len(parts) >= PARTS or sum(map(len, parts)) > LONGEST // 2:
                    break
        card.error = ' '.join(parts)
        card.used += used
        if failure.error and failure.runner != 'summary' and not card.error:
            card.error = failure.error
    if failure.named is not None:
        card.used.append(failure.named)
    if not card.place:
        card.place = _place(failure, lines, near)
    if not card.file and card.place and failure.runner in ('pytest', 'summary'):
        card.file = card.place.rpartition(':')[0]


def _bare(line: str) -> str:
    """A line without indentation and marks before it."""
    return _DECORATION.sub('', line[:REACH], count=1).strip()


def _stops(text: str) -> bool:
    return text.startswith(('at ', '❯', '> ', 'stack', 'code:', '(compared', '"""', '...')) or bool(
        re.match(r'\d+ ?\|', text)
    )


def _reason(failure: Failure, lines: Sequence[str], near: Sequence[int], heads: frozenset[int]) -> int | None:
    """The first line that says why a test failed."""
    if failure.runner in ('pytest', 'summary', 'inline'):
        first = next((i for i in near if lines[i].startswith('E ')), None)
        if first is None:
            first = next((i for i in failure.lines if lines[i].startswith('E ')), None)
        if first is not None:
            return first
    if failure.runner == 'gtest':
        thrown = next((i for i in near if lines[i].startswith('C++ exception')), None)
        return thrown if thrown is not None else next((i for i in near if _GTEST.match(lines[i])), None)
    if failure.runner in ('go', 'gotestsum') and not any(
        lines[i].startswith(('panic: ', 'fatal error: ')) for i in near
    ):
        complaint = complaint_of(lines, failure.lines)
        if complaint is not None:
            return complaint.line
    full = [i for i in near if not _DASHED.match(lines[i])]
    yaml = next(
        (
            i
            for i in full
            if (found := _YAML.match(lines[i].strip()))
            and found['value'] not in ("''", '""', 'failed', 'Error thrown in test')
        ),
        None,
    )
    if failure.runner in ('tap', 'number', 'jest') and yaml is not None and lines[yaml].startswith(' '):
        return yaml
    candidates = [i for i in full if not _PREFACE.match(_bare(lines[i]))]
    raised = next((i for i in candidates if _RAISED.match(_bare(lines[i]))), None)
    if failure.runner in _TITLED:
        title = candidates[0] if candidates else None
        if raised is not None and (
            title is None or title != full[0] or (lines[title].strip().endswith(':') and raised > title)
        ):
            return raised
        if title is not None:
            return title
    inside = [i for i in failure.lines if i in heads]
    if inside:
        panicked = 'panicked at' in lines[inside[0]]
        if panicked and len(inside) > 1:
            return inside[1]
        if not (raised is not None and raised < inside[0]):
            last = [i for i in inside if _RAISED.match(_bare(lines[i]))]
            return last[-1] if last and lines[inside[0]].lstrip().startswith('File') else inside[0]
    if raised is not None:
        return raised
    return next((i for i in candidates if _ERRORISH.search(lines[i], 0, REACH)), candidates[0] if candidates else None)


_TITLED = frozenset(
    ('jest', 'number', 'vitest', 'minitest', 'playwright', 'testdox', 'pest', 'tap', 'titled', 'node', 'dotnet', 'dart',
     'robot', 'surefire', 'gradle', 'testunit', 'deno', 'bats', 'rspec', 'ctest', 'clojure', 'testthat', 'xml')
)  # fmt: skip
"""Runners that print the reason right below the name of the test."""


def _place(failure: Failure, lines: Sequence[str], near: Sequence[int]) -> str:
    """File and line of the innermost frame that is the project's own."""
    last = ''
    for i in near:
        line = lines[i][:REACH]
        for pattern in (_AT_RUBY, _PHP_PLACE, _VITEST):
            if (found := pattern.search(line)) is not None:
                return found['place']
        if line[:1] not in ' \t' and (found := _PLACE.match(line)) is not None and is_own(found['path']):
            last = found['path']
            continue
        frame = frame_of(line) if line[:1] in ' \t#' or 'at ' in line[:12] else None
        if frame is not None and frame.own:
            if not frame.last:
                return re.sub(r'(:\d+):\d+$', r'\1', frame.place)
            last = frame.place
    return last


def _loose(lines: Sequence[str], log: TestLog) -> dict[str, list[tuple[int, str, str]]]:
    """Lines of the form 'file:line: reason' outside of tests, by the beginning of the reason: pytest, a line each."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    for i in log.outside:
        match = _LINE_ONLY.match(lines[i][:REACH]) if lines[i][:1] not in ' \t' else None
        if match is not None:
            found.setdefault(match['error'][:12], []).append((i, match['place'], match['error']))
    return found


def _from_loose(card: Card, loose: dict[str, list[tuple[int, str, str]]]) -> None:
    """The whole reason of a test of which the summary gives the beginning."""
    begun = card.error.removesuffix('...').rstrip()
    entries = loose.get(begun[:12])
    if len(begun) < 12:
        entries = next((group for key, group in loose.items() if key.startswith(begun)), None)
    for n, (i, place, error) in enumerate(entries or ()):
        if error.startswith(begun):
            card.error, card.place = error, place
            card.used.append(i)
            if entries is not None:
                entries.pop(n)
            return
