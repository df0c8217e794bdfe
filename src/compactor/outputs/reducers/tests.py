"""Test logs: every failing test with its error and where it happened, the totals, then the details of the failures.

    FAILED tests/test_cart.py::test_total - assert 3 == 4
    …
    ____ test_total ____
    …
    E       assert 3 == 4
    tests/test_cart.py:12: AssertionError
    …
    === 1 failed, 412 passed in 3.21s ===
    [431 of 440 lines left out]

With many failures all names come first, then the first line of each one's error, then their details, a line of each in
turn. What passed is left out but for the totals.
"""

from __future__ import annotations

import re
from collections import Counter

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarming
from compactor.outputs.logs.frames import is_own
from compactor.outputs.logs.gotests import complaint_of, place_rank
from compactor.outputs.logs.prefixes import without_prefix
from compactor.outputs.logs.ranked import assembled
from compactor.outputs.logs.runners import from_go_json
from compactor.outputs.logs.stack import Stack
from compactor.outputs.logs.stacks import REACH
from compactor.outputs.logs.testlog import Failure, TestLog, read
from compactor.outputs.logs.teststacks import ranked_stacks
from compactor.outputs.pieces import NEVER, Piece, clipped, pick
from compactor.outputs.reducers.traces import joined_frames, reduce_traces

NAMES_SHARE = 0.7
"""Share of the allowance that names may take before they are grouped by file."""
CHARACTERS = 3.3
"""Characters of a test's name for one token, roughly."""
TURN = 0.01
"""What a line of a failure loses in rank with each line before it: so all failures get their turn."""
TURNS = 90
"""Lines after which nothing more is lost."""
ALARMS = 12
"""Lines outside of tests that speak of errors; more would fill the result of a test run that passed."""
WIDE = 240
"""Characters of a line among the details of a failure, but for those of its error."""
XFAILS = 10
"""Tests that were expected to fail; more are not shown."""
ASKED = 30
"""Passing tests that the question may name; if it names more it names none in particular."""

_PLACE = re.compile(r'(?P<path>(?:[A-Za-z]:\\)?[^\s:()\'"]++):\d+: ')
_ERRORISH = re.compile(
    r'Error|Exception|Fail(?:ure|ed)|FAILURE|panicked|[Aa]ssert|[Ee]xpected|mismatch|Timeout|not equal|error:|!='
)
"""Words in the line that says why a test failed, where its runner does not mark it."""
_COMPARED = re.compile(r'\s*(?:[Ee]xpected|[Rr]eceived|[Aa]ctual|got|left|right|want)\b[^:\n]{0,30}:')
"""What a test wanted and what it got."""
_TITLED = frozenset(('jest', 'number', 'vitest'))
"""Runners that print the error right below the name of the test."""
_COMPILER = re.compile(
    r'(?:\S+\.\w{1,5}:\d+(?::\d+)?: (?!in |(?:\w+)?Warning)\S|error(?:\[\w+\])?: |# \S+/\S+(?: \[|$)|\s+--> \S+:\d+'
    r'|E\s{3}\S'
    r'|(?P<raised>(?:\w+\.)*\w*(?:Error|Exception): ))'
)
_BAD = re.compile(
    r'\b[1-9]\d*+ (?:failed|errors?|failing|failures?|tests? failed|FAILED|flaky)|FAIL|ERROR|(?:Failures|Errors'
    r'|Failed|fail): *[1-9]'
    r'|fail [1-9]|Interrupted|error|code [1-9]|status [1-9]|[1-9]\d* exceptions'
)
_HEX = re.compile(r'0x[0-9a-fA-F]+|\d+')


def reduce_tests(text: str, allowance: Allowance) -> str | None:
    """See the module; None where there are neither lines of a test runner nor a stack."""
    lines, dropped = without_prefix((from_go_json(text) or text).split('\n'))
    log = read(lines)
    if not (log.failures or log.names or log.totals or log.passes):
        return reduce_traces(text, allowance)  # the runner itself crashed
    ranking = _Ranking(lines, log, allowance)
    pieces = ranking.pieces()
    if dropped is not None:
        pieces.insert(0, Piece(dropped, 0.04, 0))
    return pick(pieces, allowance, of=len(lines))


class _Ranking:
    """Gives each line of a log its rank."""

    def __init__(self, lines: list[str], log: TestLog, allowance: Allowance) -> None:
        self.lines = lines
        self.log = log
        self.allowance = allowance
        self.ranks = [NEVER] * len(lines)
        self.shown: dict[int, str] = {}
        self.folded: set[int] = set()
        self.counts: dict[int, int] = {}
        self.stacks: list[Stack] = []
        self.heads: set[int] = set()

    def pieces(self) -> list[Piece]:
        self._outside()
        self._totals()
        self._stacks()
        for failure in self.log.failures:
            self._details(failure)
        self._errors()
        self._names()
        self._asked()
        covered = joined_frames(self.lines, self.stacks, self.ranks)
        for i, text in self.shown.items():
            covered[i] = (i + 1, Piece(text, self.ranks[i], self.counts.get(i, 1)))
        for failure in self.log.failures:
            for i in failure.lines:
                if len(self.lines[i]) > WIDE and 1.5 <= self.ranks[i] < NEVER and i not in covered:
                    covered[i] = (i + 1, Piece(clipped(self.lines[i], WIDE), self.ranks[i]))
        for i in self.folded:
            covered[i] = (i + 1, _FOLDED)
        return assembled(self.lines, self.ranks, covered, self.allowance)

    def _outside(self) -> None:
        """What stands outside of failures: what a compiler or a crashed runner says, the ends, packages that passed."""
        bad = bool(self.log.failures or self.log.names)
        unclear = not bad and (self.allowance.failed or not self.log.totals)
        seen: set[str] = set()
        told: set[str] = set()
        outside = self.log.outside
        alarms = {outside[n] for n in alarming([self.lines[i] for i in outside])}
        for i in outside:
            line = self.lines[i]
            head = line[:REACH]
            if unclear:
                self.ranks[i] = 5.0  # something failed that is not understood: nothing is dropped for good
            if found := _COMPILER.match(head):
                # beside failing tests a bare 'SomeError: …' was only printed
                rank = 0.45 if not bad or found['raised'] is None else 2.4
                self.ranks[i] = rank if head not in told else 3.5
                told.add(head)
            elif len(seen) < ALARMS and i in alarms:
                like = _HEX.sub('', head)
                if like not in seen:
                    self.ranks[i] = 2.6 if bad else 3.0
                    seen.add(like)
        for i in self.log.packages:
            self.ranks[i] = 4.5
        passed = set(self.log.passes)
        ends = range(max(0, len(self.lines) - 12), len(self.lines))
        full = [i for i in ends if self.lines[i].strip() and i not in passed]
        for i in full[-3:]:
            self.ranks[i] = min(self.ranks[i], 2.0)
        for i in {0, 1} - passed if len(self.lines) > 1 else ():
            self.ranks[i] = min(self.ranks[i], 3.2)

    def _totals(self) -> None:
        last = self.log.totals[-1] if self.log.totals else -1
        seen: set[str] = set()
        for i in self.log.totals:
            line = self.lines[i]
            rank = 0.0 if _BAD.search(line[:REACH]) or i == last else 1.6
            if line.strip() in ('FAIL', 'PASS', 'FAILED', 'OK') and i != last:
                rank = 2.2
            like = _HEX.sub('', line) if rank else line
            self.ranks[i] = rank if like not in seen else 4.6
            seen.add(like)

    def _stacks(self) -> None:
        """Finds the stacks in and outside of the failures."""
        inside = {i for failure in self.log.failures for i in failure.lines}
        self.stacks = ranked_stacks(self.lines, inside, self.log.outside, self.ranks)
        self.heads = {i for stack in self.stacks for i in stack.heads}

    def _details(self, failure: Failure) -> None:
        """Ranks the lines of one failure, but for the first of its error."""
        captured = 0.0
        places: list[int] = []
        errors = 0
        speaks = failure.runner != 'pytest'  # which marks the lines that matter, and shows much code
        for n, i in enumerate(failure.lines):
            line = self.lines[i]
            turn = min(n, TURNS) * TURN
            if n > TURNS and line[:1] in ' \t' and not line.startswith('  File'):
                self.ranks[i] = min(self.ranks[i], 4.0 + captured)
                continue
            if line.startswith(('----', '____')) and 'aptured' in line:
                captured = 0.5
            rank = 3.0 + turn + captured
            if line.startswith('E ') and failure.runner == 'pytest':
                rank = 2.0 + min(errors, TURNS) * TURN
                errors += 1
            elif speaks and not captured and n <= TURNS and _COMPARED.match(line):
                rank = 0.8 + turn
            elif line.startswith('>'):
                rank = 1.25 + turn
            elif line[:1] not in ' \t' and (found := _PLACE.match(line, 0, REACH)):
                if is_own(found['path']):
                    places.append(i)
                    rank = 1.4 + turn
            elif (placed := place_rank(line)) is not None:
                rank = placed + turn
            elif speaks and not captured and n <= TURNS and _ERRORISH.search(line, 0, REACH):
                rank = 1.9 + turn
            self._raise(i, rank)
        if places:
            self.ranks[places[-1]] = 0.9

    def _errors(self) -> None:
        """The first line of each failure's error; those of the same words are shown once and counted."""
        firsts = [(failure, self._error_of(failure)) for failure in self.log.failures]
        texts = Counter(self.lines[i].strip() for _, i in firsts if i is not None)
        shown: set[str] = set()
        like: set[str] = set()
        often = max(texts.values(), default=0)
        for failure, i in firsts:
            rank = 0.35 if failure.named else 0.1
            if i is None:
                self.ranks[failure.start] = rank
                continue
            text = self.lines[i].strip()
            if text in shown:
                self.folded.add(i)
                self.ranks[failure.start] = 2.9 if failure.named else rank
                continue
            shown.add(text)
            alike = _HEX.sub('', text)
            again = alike in like
            like.add(alike)
            self.ranks[i] = 0.6 if again else 0.4
            if texts[text] > 1:
                self.shown[i] = f'{self.lines[i]} (×{texts[text]:,})'
                self.counts[i] = texts[text]
                if texts[text] == often > 2:
                    self.ranks[i] = 0.05
            self.ranks[failure.start] = rank
            for j in failure.more:
                self.ranks[j] = rank

    def _raise(self, i: int, rank: float) -> None:
        self.ranks[i] = min(self.ranks[i], rank)

    def _error_of(self, failure: Failure) -> int | None:
        lines = failure.lines
        if (
            failure.runner == 'pytest'
            and (first := next((i for i in lines if self.lines[i].startswith('E ')), None)) is not None
        ):
            return first
        full = [i for i in lines if self.lines[i].strip(' -=_─')]
        if failure.runner in _TITLED and full:
            return full[0]
        heads = [i for i in lines if i in self.heads]
        if heads:
            return heads[1] if len(heads) > 1 and 'panicked at' in self.lines[heads[0]] else heads[0]
        if failure.runner == 'go' and (complaint := complaint_of(self.lines, lines)) is not None:
            for i, rank in complaint.ranks.items():
                self._raise(i, rank)
            return complaint.line
        return next((i for i in full if _ERRORISH.search(self.lines[i], 0, REACH)), full[0] if full else None)

    def _names(self) -> None:
        """The lines that name failing tests; grouped by file where they would take too much."""
        size = sum(len(self.lines[i]) for i in self.log.names)
        detailed = any(failure.runner == 'vitest' for failure in self.log.failures)
        for i in self.log.names:
            # Vitest crosses out what failed as it goes, and in the end shows each again with its file and its error;
            # what is only crossed out failed in an attempt or in another run before.
            self._raise(i, 0.7 if detailed and self.lines[i].lstrip()[:1] in _CROSSES else 0.1)
        if size / CHARACTERS <= self.allowance.tokens * NAMES_SHARE:
            return
        last, before = -2, ''
        for i in self.log.names:
            found = _SUMMARY.match(self.lines[i][:REACH])
            if found is None:
                continue
            group = f'{found["state"]} {found["file"]}'
            self.shown[i] = (
                f'  {found["test"]}' if group == before and last == i - 1 else f'{group}::\n  {found["test"]}'
            )
            last, before = i, group

    def _asked(self) -> None:
        """Tests that were expected to fail, the passing ones of a small green run, those that the question names."""
        if not (self.log.failures or self.log.names) and len(self.log.passes) <= ASKED:
            for n, i in enumerate(self.log.passes):
                self._raise(i, 4.0 + n * TURN)
        expected = [i for i in self.log.passes if self.lines[i].startswith(('XFAIL ', 'XPASS '))]
        for i in expected if len(expected) <= XFAILS else ():
            self._raise(i, 2.2)
        if not self.allowance.question or len(self.log.passes) > 2_000:
            return
        named = [i for i in self.log.passes if self.allowance.asks_for(self.lines[i][:REACH])]
        if len(named) <= ASKED:
            for i in named:
                self.ranks[i] = min(self.ranks[i], 3.0)


_CROSSES = frozenset('✕✗✘×')
_FOLDED = Piece('', 0.0, 0)
_SUMMARY = re.compile(r'(?P<state>FAILED|ERROR) (?P<file>[^\s:]+)::(?P<test>.+?)(?: - .*)?$')
