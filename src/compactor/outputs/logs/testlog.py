"""Reads a test log: which lines name failing tests, which give their details, which count, which say nothing new."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from compactor.outputs.logs.runners import Mark, mark_of, numbers_tests

HEAD, TAIL = 300, 100
"""Characters at the beginning and at the end of a line that are looked at."""
CRASHES = ('panic: ', 'fatal error: ')
"""Beginnings of lines by which a Go program goes down."""
DETAILS = 2_000
"""Lines of one failure at most."""


@dataclass(slots=True)
class Failure:
    """One failing test that is shown with its details.

    Attributes:
        start: the line that names it.
        runner: which test runner prints it so.
        key: its name.
        lines: its details, in order.
        more: lines that go on with its name.
        named: whether a line among `TestLog.names` names it too.
    """

    start: int
    runner: str
    key: str
    lines: list[int] = field(default_factory=list)
    more: list[int] = field(default_factory=list)
    named: bool = False


@dataclass(slots=True)
class TestLog:
    """A test log, by the numbers of its lines.

    Attributes:
        failures: the failing tests with their details.
        names: lines that name failing tests, one for each test; not those of `failures` that nothing else names.
        totals: lines that count tests or say how all went.
        passes: lines that say that a test passed or was skipped.
        packages: of Go, lines that say so of a package.
        outside: lines that belong to no test that is known to have passed or failed.
    """

    __test__ = False
    failures: list[Failure] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    packages: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)


_QUIET = re.compile(r'=+ (?:PASSES|XFAILURES|XPASSES|slowest|warnings summary|rerun|tests coverage)\b')
_SECTION = re.compile(rf'{_QUIET.pattern}|=+ (?:FAILURES|ERRORS|short test summary)')
_GO_MARKS = ('--- ', '=== ')
"""What Go itself says within a test, indented for the tests below it."""
_PYTEST = re.compile(r'(?:ERROR (?:at \w+ of|collecting) )')


def read(lines: Sequence[str]) -> TestLog:
    """Reads a log."""
    return _Reader(lines).run()


class _Reader:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.log = TestLog()
        self.numbered = numbers_tests('\n'.join(lines))
        self.summary = max(
            (i for i, line in enumerate(lines) if line.startswith('=') and 'short test summary' in line), default=-1
        )
        self.known = self._known()
        self.open: Failure | None = None
        self.quiet = False
        self.running: str | None = None
        self.printed: dict[str, list[int]] = {}
        self.begun: dict[str, int] = {}
        self.mentions: dict[str, tuple[int, int]] = {}

    def run(self) -> TestLog:
        for i, line in enumerate(self.lines):
            if not line:
                continue
            if self.open is not None and self.open.runner == 'pytest' and line[0] not in '_=FE':
                self._add(i)  # most lines are these
            elif line.startswith(('PASSED ', 'SKIPPED ')):
                self.open = None
                self.log.passes.append(i)
            elif line[0] in ' \t' and self._within_go() and not line.lstrip().startswith(_GO_MARKS):
                self._plain(i)  # whatever it looks like: a test may print ticks and crosses of its own
            else:
                head = line if len(line) <= HEAD + TAIL else line[:HEAD] + line[-TAIL:]
                self._line(i, head, mark_of(head, numbered=self.numbered))
        self._settle()
        return self.log

    def _within_go(self) -> bool:
        """Whether indented lines are what a Go test printed."""
        return self.open.runner == 'go' if self.open is not None else self.running is not None

    def _known(self) -> frozenset[str]:
        """Names of the failing tests in pytest's last summary, as the headings of their details write them."""
        if self.summary < 0:
            return frozenset()
        found: set[str] = set()
        for line in self.lines[self.summary + 1 :]:
            mark = mark_of(line[:HEAD], numbered=False) if line.startswith(('FAILED', 'ERROR')) else None
            if mark is not None and mark.runner == 'summary':
                file, _, name = mark.key.partition('::')
                found.add(name.replace('::', '.') or file)
        return frozenset(found)

    def _line(self, i: int, head: str, mark: Mark | None) -> None:
        if self.open is not None and self.open.runner == 'pytest' and not self._ends_pytest(i, mark):
            self._add(i)
            return
        if mark is None:
            self._plain(i)
        elif mark.role == 'section':
            self._section(i, head, mark)
        elif mark.role == 'block':
            self._block(i, mark)
        elif mark.role == 'run':
            self.running = mark.key if mark.runner != 'PAUSE' else None
            self.begun.setdefault(mark.key, i)
            self.open = None
            self.log.passes.append(i)
        elif mark.role == 'name':
            self._name(i, mark)
        elif mark.role == 'pass':
            self.open = None
            self.running = None
            self.printed.pop(mark.key, None)
            (self.log.packages if mark.runner == 'package' else self.log.passes).append(i)
        elif mark.role == 'total':
            if self.open is not None and self.open.runner == 'go' and mark.runner != 'go' and head.startswith(' '):
                self._add(i)
                return
            self.open = None
            self.quiet = False
            self.log.totals.append(i)

    def _ends_pytest(self, i: int, mark: Mark | None) -> bool:
        """Whether a line ends the details of one of pytest's failures; what a test printed may look much the same."""
        if mark is not None and mark.role == 'total' and not self.known and 'tests finished: ' in self.lines[i][:HEAD]:
            return True  # other runners that write the same headings
        if mark is None or mark.runner not in ('heading', 'pytest', 'summary'):
            return False
        if mark.runner == 'pytest':
            return not self.known or self._is_known(mark.key)
        if mark.runner == 'heading' and self.known:
            return i >= self.summary or _SECTION.match(self.lines[i]) is not None
        return mark.runner == 'heading' or i > self.summary >= 0

    def _is_known(self, key: str) -> bool:
        return _PYTEST.sub('', key) in self.known

    def _plain(self, i: int) -> None:
        if self.open is not None:
            self._add(i)
        elif self.running is not None:
            self.printed.setdefault(self.running, []).append(i)
        elif not self.quiet:
            self.log.outside.append(i)

    def _section(self, i: int, head: str, mark: Mark) -> None:
        if mark.runner == 'rule':
            if self.open is not None and (self.open.runner != 'unit' or len(self.open.lines) > 3):
                self.open = None
            return
        self.open = None
        self.quiet = _QUIET.match(head) is not None
        if not self.quiet:
            self.log.outside.append(i)

    def _block(self, i: int, mark: Mark) -> None:
        if mark.runner == 'pytest':
            if self.known and not self._is_known(mark.key):
                self.open = None
                self.quiet = True
                return
            if self.quiet:
                self.open = None
                return
        failure = Failure(i, mark.runner, mark.key)
        if mark.runner in ('go', 'gtest'):
            failure.lines = self.printed.pop(mark.key, [])[-DETAILS:]
        self.running = None
        self.log.failures.append(failure)
        self.open = failure

    def _name(self, i: int, mark: Mark) -> None:
        if mark.runner == 'summary' and i < self.summary:
            if not self.quiet and not self.known:
                self.log.outside.append(i)
            return
        strength = 2 if mark.runner == 'summary' else 1
        if self.mentions.get(mark.key, (0, 0))[0] <= strength:
            self.mentions[mark.key] = (strength, i)
        self.open = None
        if mark.runner in ('next', 'ctest', 'inline', 'maven'):
            failure = Failure(i, mark.runner, mark.key)
            self.open = failure
            self.log.failures.append(failure)

    def _add(self, i: int) -> None:
        failure = self.open
        assert failure is not None
        if (
            failure.runner == 'number'
            and i == failure.start + 1 + len(failure.more)
            and self.lines[i].rstrip().endswith(':')
        ):
            failure.more.append(i)  # mocha gives suite and test a line each
        elif len(failure.lines) < DETAILS:
            failure.lines.append(i)

    def _unfinished(self) -> None:
        """Tests that neither passed nor failed: one of them crashed, or the log was cut."""
        rest: list[int] = []
        for name, lines in self.printed.items():
            if any(self.lines[i].startswith(CRASHES) for i in lines):
                self.log.failures.append(Failure(self.begun[name], 'go', name, lines[:DETAILS]))
            else:
                rest += lines
        self.log.outside = sorted({*self.log.outside, *rest})

    def _settle(self) -> None:
        """Of the many lines that name one test keeps the best, and drops blocks that show nothing."""
        self._unfinished()
        detailed = {failure.key for failure in self.log.failures if failure.lines}
        names: list[int] = []
        for key, (strength, i) in self.mentions.items():
            if strength == 2 or key not in detailed:
                names.append(i)
        last: dict[str, Failure] = {}
        for failure in self.log.failures:
            last[failure.key] = failure if failure.lines or failure.key not in last else last[failure.key]
        self.log.names = sorted(names)
        named = set(names)
        kept: list[Failure] = []
        for failure in self.log.failures:
            failure.named = failure.start in named or (failure.runner == 'pytest' and bool(self.known))
            if failure.lines or last[failure.key] is failure:
                kept.append(failure)
        self.log.failures = kept
