"""Reads a test log: which lines name failing tests, which give their details, which count, which say nothing new."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from compactor.outputs.logs.runner_rows import Role
from compactor.outputs.logs.runners import NUMBERED, Mark, mark_of, numbers_tests, without_time

HEAD, TAIL = 300, 100
"""Characters at the beginning and at the end of a line that are looked at."""
CRASHES = ('panic: ', 'fatal error: ')
"""Beginnings of lines by which a Go program goes down."""
DETAILS = 2_000
"""Lines of one failure at most."""
SINCE = 60
"""Lines before one that names a failing test which may be its details, where its runner writes them so."""
NESTED = 8
"""Lines that may go on with a test's name: a suite a line."""


@dataclass(slots=True)
class Failure:
    """One failing test.

    Attributes:
        start: the line that names it.
        runner: which test runner prints it so.
        name: as it is written.
        file: its file, where its runner says so.
        error: why it failed, as far as a line that names it says so.
        lines: its details, in order.
        more: lines that go on with its name.
        named: another line that names it, such as the one of a summary.
        title: what a comment above says of it, where its own line only names an assertion.
    """

    start: int
    runner: str
    name: str
    file: str = ''
    error: str = ''
    lines: list[int] = field(default_factory=list)
    more: list[int] = field(default_factory=list)
    named: int | None = None
    title: str = ''

    @property
    def leaf(self) -> str:
        """The last part of its name, without the suites around it."""
        return leaf_of(self.name)


@dataclass(slots=True)
class TestLog:
    """A test log, by the numbers of its lines.

    Attributes:
        failures: the failing tests, those with details before those that are only named.
        repeats: lines that name a failing test which another line names better.
        totals: lines that count tests or say how all went.
        passes: lines that say that a test passed or was skipped.
        packages: of Go, lines that say so of a package.
        outside: lines that belong to no test that is known to have passed or failed.
    """

    __test__ = False
    failures: list[Failure] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    packages: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)


_SECTION = re.compile(r'=+ (?:FAILURES|ERRORS|short test summary|PASSES|warnings summary|slowest)')
_GO_MARKS = ('--- ', '=== ')
"""What Go itself says within a test, indented for the tests below it."""
_PYTEST = re.compile(r'(?:ERROR (?:at \w+ of|collecting) )')
_PYTEST_GOES_ON = frozenset('_=FE―!SI0123456789')
"""Characters by which a line begins that may end the details of one of pytest's failures."""
_FINISHED = ' tests finished'
"""How another runner that writes pytest's headings ends."""
_DETAILED = frozenset(('nextest', 'inline', 'maven', 'ctest', 'teamcity'))
"""Runners whose details may follow a line that only names a test."""
_PRINTING = frozenset(('go', 'gtest'))
"""Runners that print what a test prints between the lines by which it begins and ends."""
_QUIETED = frozenset(('pytest', 'number', 'minitest'))
"""Runners whose failing tests under a heading such as 'Pending:' are none."""
_SUITE = re.compile(r"'?\d+ (?:subtests?|tests?) failed'?$|.*failureType: 'subtestsFailed'")
_KEY = re.compile(r'(?:\.\w+:\d+(?::\d+)?)?[^\w]+')


def leaf_of(name: str) -> str:
    """The last part of a test's name, without its suites, its times and its decoration."""
    return without_time(name).replace(' › ', ' > ').rpartition(' > ')[2].strip()


def read(lines: Sequence[str]) -> TestLog:
    """Reads a log."""
    return _Reader(lines).run()


class _Reader:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.log = TestLog()
        text = '\n'.join(lines)
        self.text = text
        self.numbered: bool | None = None
        at = text.rfind('= short test summary')
        self.summary = text.count('\n', 0, at) if at >= 0 else -1
        self.known = self._known()
        at = text.find(' passing')
        self.counted = text.count('\n', 0, at) if at >= 0 else -1
        self.open: Failure | None = None
        self.quiet = False
        self.running: str | None = None
        self.file = ''
        self.files: dict[int, str] = {}
        self.printed: dict[str, list[int]] = {}
        self.begun: dict[str, int] = {}
        self.mentions: list[Failure] = []
        self.titles: set[str] = set()
        self.since: list[int] = []
        self.told: set[int] = set()
        self.title = ''

    def run(self) -> TestLog:
        for i, line in enumerate(self.lines):
            if not line:
                continue
            if (
                self.open is not None
                and self.open.runner == 'pytest'
                and line[0] not in _PYTEST_GOES_ON
                and line[:15] != _FINISHED
            ):
                self._add(i)  # most lines are these
            elif line[0] in ' \t' and self._within_go() and not line.lstrip().startswith(_GO_MARKS):
                self._plain(i)  # whatever it looks like: a test may print ticks and crosses of its own
            elif self.titles and line[0] == ' ' and line.strip() in self.titles:
                self._block(i, Mark(Role.BLOCK, 'titled', line.strip()))
            else:
                head = line if len(line) <= HEAD + TAIL else line[:HEAD] + line[-TAIL:]
                self._line(i, head, self._mark(head))
        self._settle()
        return self.log

    def _mark(self, head: str) -> Mark | None:
        """What a line is; numbers begin a failing test only where a runner that writes so is at work."""
        mark = mark_of(head)
        if mark is not None and mark.runner in NUMBERED:
            if self.numbered is None:
                self.numbered = numbers_tests(self.text)
            return mark if self.numbered else None
        return mark

    def _within_go(self) -> bool:
        """Whether indented lines are what a Go test printed."""
        return self.open.runner == 'go' if self.open is not None else self.running is not None

    def _known(self) -> frozenset[str]:
        """Names of the failing tests in pytest's last summary, as the headings of their details write them."""
        found: set[str] = set()
        for line in self.lines[self.summary + 1 :] if self.summary >= 0 else ():
            mark = mark_of(line[:HEAD]) if line.startswith(('FAILED', 'ERROR', 'SUBF')) else None
            if mark is not None and mark.runner == 'summary':
                found.add(heading_of(mark.name))
        return frozenset(found)

    def _line(self, i: int, head: str, mark: Mark | None) -> None:
        if self.open is not None and self.open.runner == 'pytest' and not self._ends_pytest(i, mark):
            self._add(i)
            return
        role = mark.role if mark is not None else None
        if mark is None:
            if head.startswith('# '):
                self.title = head[2:]
            self._plain(i)
        elif role is Role.BLOCK:
            self._block(i, mark)
        elif role is Role.AFTER:
            self._after(i, mark)
        elif role is Role.NAME:
            self._name(i, mark)
        elif role is Role.PASSED:
            self._end()
            self.running = None
            self.printed.pop(mark.name, None)
            self.log.passes.append(i)
        elif role is Role.PACKAGE:
            self._end()
            self.log.packages.append(i)
        elif role is Role.RUN:
            self._end()
            if mark.runner in _PRINTING:
                self.running = mark.name if 'PAUSE' not in head else None
                self.begun.setdefault(mark.name, i)
            self.log.passes.append(i)
        elif role is Role.TOTAL:
            self._total(i, head, mark)
        elif role is Role.FILE:
            self._end()
            self.file, self.quiet = mark.file, False
            self.files[i] = mark.file
        elif role is Role.RULE:
            if self.open is not None and (self.open.runner != 'unit' or len(self.open.lines) > 3):
                self.open = None
        else:
            self._end()
            self.quiet = role is Role.QUIET
            if not self.quiet and mark.runner not in ('pytest', 'vitest'):
                self.log.outside.append(i)

    def _end(self) -> None:
        self.open = None
        self.since.clear()

    def _total(self, i: int, head: str, mark: Mark) -> None:
        if (
            self.open is not None
            and self.open.runner == 'go'
            and mark.runner not in ('go', 'any')
            and head.startswith(' ')
        ):
            self._add(i)
            return
        self._end()
        self.quiet = False
        self.log.totals.append(i)

    def _ends_pytest(self, i: int, mark: Mark | None) -> bool:
        """Whether a line ends the details of one of pytest's failures; what a test printed may look much the same."""
        if mark is None:
            return False
        if mark.role is Role.TOTAL and not self.known:
            return mark.runner in ('pytest', 'any', 'number')
        if mark.runner == 'summary':
            return i > self.summary >= 0
        if mark.runner != 'pytest':
            return False
        if mark.role is Role.BLOCK:
            return not self.known or self._is_known(mark.name)
        if mark.role in (Role.SECTION, Role.QUIET, Role.TOTAL):
            return not self.known or i >= self.summary or _SECTION.match(self.lines[i]) is not None
        return False

    def _is_known(self, name: str) -> bool:
        return bare_heading(name) in self.known

    def _plain(self, i: int) -> None:
        if self.open is not None:
            self._add(i)
        elif self.running is not None:
            self.printed.setdefault(self.running, []).append(i)
        elif not self.quiet:
            self.log.outside.append(i)
            self.since.append(i)

    def _block(self, i: int, mark: Mark) -> None:
        if self.quiet and mark.runner in _QUIETED:
            self.open = None
            return
        if mark.runner == 'pytest' and self.known and not self._is_known(mark.name):
            self.open = None
            self.quiet = True
            return
        if mark.runner == 'number' and i < self.counted:
            self.open = None  # mocha numbers what fails as it goes, and tells more in the end
            self.log.repeats.append(i)
            return
        if mark.runner == 'jest':
            self.quiet = False
        failure = Failure(i, mark.runner, mark.name, mark.file or self.file, mark.error)
        if mark.runner == 'tap' and self.title not in mark.name:
            failure.title = self.title
        failure.lines = self.printed.pop(mark.name, [])[-DETAILS:]
        self.running = None
        self.log.failures.append(failure)
        self.open = failure
        self.since.clear()

    def _after(self, i: int, mark: Mark) -> None:
        """A failing test whose details came before the line that names it."""
        lines = self.printed.pop(mark.name, None) or self.since[-SINCE:]
        failure = Failure(i, mark.runner, mark.name, mark.file or self.file, mark.error, list(lines))
        if failure.lines:
            self.told.update(failure.lines)
            self.log.failures.append(failure)
        else:
            self.mentions.append(failure)
        self._end()
        self.running = None

    def _name(self, i: int, mark: Mark) -> None:
        if mark.runner == 'summary' and i < self.summary:
            if not self.quiet and not self.known:
                self.log.outside.append(i)
            return
        failure = Failure(i, mark.runner, mark.name.removesuffix(' Error thrown in test'), mark.file, mark.error)
        self.mentions.append(failure)
        self.open = None
        self.since.clear()
        if mark.runner == 'ava':
            self.titles.add(failure.name)
        if mark.runner in _DETAILED:
            self.open = failure

    def _add(self, i: int) -> None:
        failure = self.open
        assert failure is not None
        line = self.lines[i]
        if failure.runner == 'minitest' and not failure.lines and failure.name in ('Failure:', 'Error:', ''):
            failure.name, failure.more = line.strip().rstrip(':'), [i]
            return
        if failure.runner == 'number' and self.counted >= 0 and not failure.lines and len(failure.more) < NESTED:
            last = self.lines[failure.more[-1] if failure.more else failure.start]
            if (
                i == failure.start + 1 + len(failure.more)
                and not last.rstrip().endswith(':')
                and line.startswith('    ')
            ):
                failure.more.append(i)  # mocha gives every suite and the test a line each
                failure.name = f'{failure.name} {line.strip()}'
                return
        if len(failure.lines) < DETAILS:
            failure.lines.append(i)

    def _unfinished(self) -> None:
        """Tests that neither passed nor failed: one of them crashed, or the log was cut."""
        rest: list[int] = []
        for name, lines in self.printed.items():
            if any(self.lines[i].startswith(CRASHES) for i in lines):
                self.log.failures.append(Failure(self.begun[name], 'go', name, '', '', lines[:DETAILS]))
            else:
                rest += lines
        self.log.outside = sorted({*self.log.outside, *rest} - self.told)

    def _settle(self) -> None:
        """Of the many lines that name one test keeps the best, and drops blocks that show nothing."""
        self._unfinished()
        log = self.log
        shown = _unique(_without_suites([failure for failure in log.failures if not self._is_suite(failure)]))
        index = _Names(shown)
        for failure in shown:
            if failure.runner == 'unit' and failure.lines:  # a docstring, which verbose runs give for the name
                index.add(failure, self.lines[failure.lines[0]].strip())
        for mention in self.mentions:
            known = index.known(mention)
            if known is None:
                shown.append(mention)
                index.add(mention)
                continue
            if mention.lines and not known.lines:
                known.lines = mention.lines
            known.error = known.error or mention.error
            known.file = known.file or mention.file
            if known.named is None or mention.runner == 'summary':
                known.named = mention.start
            log.repeats.append(mention.start)
            if mention.runner == 'summary':
                known.name = mention.name
        kept = _unique(shown)
        standing = {failure.start for failure in kept}
        told = {failure.file for failure in kept} | {failure.name for failure in kept}
        log.repeats += [i for i, file in self.files.items() if file in told]
        log.outside = sorted([*log.outside, *(i for i, file in self.files.items() if file not in told)])
        log.repeats += [f.start for f in (*log.failures, *self.mentions) if f.start not in standing]
        log.failures = sorted(kept, key=lambda failure: failure.start)

    def _is_suite(self, failure: Failure) -> bool:
        """Whether it only says that tests below it failed."""
        return any(_SUITE.match(self.lines[i].strip().removeprefix('error: ')) for i in failure.lines[:8])


def heading_of(name: str) -> str:
    """How pytest's headings write the name that its summary gives."""
    file, _, own = name.partition('::')
    return own.replace('::', '.') or file


def bare_heading(name: str) -> str:
    """A heading of pytest without 'ERROR at setup of' and the like."""
    return _PYTEST.sub('', name).replace('::', '.')


def _without_suites(failures: list[Failure]) -> list[Failure]:
    """Without the blocks that show nothing, where others do, and without Go's tests that only hold others."""
    detailed = any(failure.lines for failure in failures)
    inner = {part for failure in failures if failure.runner in ('go', 'gotestsum') for part in _above(failure.name)}
    return [
        failure
        for failure in failures
        if (failure.lines and not (failure.name in inner and len(failure.lines) < 2))
        or failure.error
        or (failure.name not in inner and not (detailed and failure.runner in ('node', 'jest')))
    ]


def _above(name: str) -> list[str]:
    parts = name.split('/')
    return ['/'.join(parts[:n]) for n in range(1, len(parts))]


def _unique(failures: list[Failure]) -> list[Failure]:
    """One of each: the last that has details, as runners tell more in the end."""
    last: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        key = _key_of(failure)
        before = last.get(key)
        if before is None or failure.lines or not before.lines:
            if before is not None:
                failure.error = failure.error or before.error
                failure.file = failure.file or before.file
            last[key] = failure
    return list(last.values())


def _key_of(failure: Failure) -> tuple[str, str]:
    if failure.runner in ('pytest', 'summary', 'inline') or failure.name.startswith(('Test suite failed', 'Uncaught')):
        return (failure.file, failure.name if failure.named is None else f'{failure.name}@{failure.named}')
    name = without_time(failure.name).replace(' › ', ' > ')
    return (failure.file.partition(':')[0] if failure.runner in ('jest', 'vitest') else '', name)


class _Names:
    """Failures by the forms of their names, to tell which of them a line names; a line of a summary names its own."""

    def __init__(self, failures: list[Failure]) -> None:
        self._by: dict[str, list[Failure]] = {}
        self._taken: set[int] = set()
        for failure in failures:
            self.add(failure)

    def add(self, failure: Failure, also: str = '') -> None:
        """Takes another failure, or another name of one."""
        if also:
            self._by.setdefault(also, []).append(failure)
            return
        name = failure.name
        heading = bare_heading(heading_of(name) if '::' in name and failure.runner in ('summary', 'inline') else name)
        for form in {name, heading, heading.partition(' (')[0], failure.leaf, heading_of(name)}:
            self._by.setdefault(form, []).append(failure)

    def known(self, mention: Failure) -> Failure | None:
        """The failure that a line names."""
        name = mention.name
        for form in (name, heading_of(name), bare_heading(heading_of(name).partition(' (')[0]), mention.leaf):
            found = self._by.get(form)
            while found:
                if mention.runner != 'summary':
                    return found[0]
                if id(found[0]) in self._taken:
                    found.pop(0)
                    continue
                self._taken.add(id(found[0]))
                return found[0]
        return None
