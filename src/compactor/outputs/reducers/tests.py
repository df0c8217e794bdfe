"""Test logs: every failing test with its file, its error and where it happened, the totals, then the details.

    FAILED tests/test_cart.py::test_total - assert 3 == 4 (tests/test_cart.py:12)
    >       assert cart.total() == 4
    E        +  where 3 = total()
    …
    1 failed, 412 passed in 3.21s
    [431 of 440 lines left out]

Each failure is told once, in one line, whichever runner printed it and however often. With many of them the files
become headings, the suites of names and then their errors are cut, those that say the same as another first. What
passed is left out but for the totals.
"""

from __future__ import annotations

import re

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarming
from compactor.outputs.logs.cards import Card, cards_of
from compactor.outputs.logs.frames import is_own
from compactor.outputs.logs.gotests import place_rank
from compactor.outputs.logs.junit import from_junit
from compactor.outputs.logs.prefixes import without_prefix
from compactor.outputs.logs.ranked import assembled
from compactor.outputs.logs.stack import Stack
from compactor.outputs.logs.stacks import REACH
from compactor.outputs.logs.testlog import TestLog, read
from compactor.outputs.logs.teststacks import ranked_stacks
from compactor.outputs.pieces import GAP, NEVER, Piece, clipped, pick
from compactor.outputs.reducers.failures import told
from compactor.outputs.reducers.go_events import reduce_go_events
from compactor.outputs.reducers.traces import joined_frames, reduce_traces

TURN = 0.01
"""What a line of a failure loses in rank with each line before it: so all failures get their turn."""
TURNS = 90
"""Lines after which nothing more is lost."""
ALARMS = 12
"""Lines outside of tests that speak of errors; more would fill the result of a test run that passed."""
WIDE = 240
"""Characters of a line among the details of a failure."""
XFAILS = 10
"""Tests that were expected to fail; more are not shown."""
ASKED = 30
"""Passing tests that the question may name; if it names more it names none in particular."""
WORST = -1.1
"""Rank of totals that count failures: before the names of all but the first."""
MUST = 0.5
"""Rank up to which lines outside of failures are reserved room for, before the failures' errors."""
RESERVED = 0.35
"""Share of the allowance that such lines are reserved at most."""

_PLACE = re.compile(r'(?P<path>(?:[A-Za-z]:\\)?[^\s:()\'"]++):\d+: ')
_ERRORISH = re.compile(
    r'Error|Exception|Fail(?:ure|ed)|FAILURE|panicked|[Aa]ssert|[Ee]xpected|mismatch|Timeout|not equal|error:|!='
)
"""Words in lines that say why a test failed, where its runner does not mark them."""
_COMPARED = re.compile(r'\s*(?:[Ee]xpected|[Rr]eceived|[Aa]ctual|got|left|right|want)\b[^:\n]{0,30}:')
"""What a test wanted and what it got."""
_CAUSE = re.compile(r'\s*(?:Caused by|Reason|Rejected to value|panic message|\[?cause\]?)\b[^:\n]{0,20}:')
_COMPILER = re.compile(
    r'(?:\S+\.\w{1,5}:\d+(?::\d+)?: (?!in |(?:\w+)?Warning)\S|error(?:\[\w+\])?: |# \S+/\S+(?: \[|$)|\s+--> \S+:\d+'
    r'|(?P<marked>E\s{3}\S)|pytest: error: |ERROR: (?:usage|file or directory|not found)'
    r'|INTERNALERROR> \w*Error|Error: |fatal: '
    r'|(?P<raised>(?:\w+\.)*\w*(?:Error|Exception): ))'
)
_BAD = re.compile(
    r'\b[1-9]\d*+ (?:failed|errors?|failing|failures?|tests? failed|FAILED|flaky|fail\b|uncaught|unhandled)|FAIL|ERROR'
    r'|(?:Failures|Errors|Failed|fail): *[1-9]|fail +[1-9]|Interrupted|error|code [1-9]|status [1-9]'
    r'|[1-9]\d* exceptions|- Failed'
    r'|not met|No tests|Bail out|failed'
)
_COUNTS = re.compile(r'\b\d+ (?:pass|tests|examples|specs)|\bpass(?:ed)? +\d|[Tt]ests?:? ')
"""Totals that are worth their few tokens though nothing in them is bad."""
_ASIDE = re.compile(r' *(?:›|Snapshots:)')
"""Totals that say nothing that the others do not."""
_HEX = re.compile(r'0x[0-9a-fA-F]+|\d+')
_RULED = re.compile(r'^[=!─]+ (.*?) [=!─]+$')


STEPS = 2
"""Ends of steps that are kept whatever else there is."""
_STEP = ('##[error]', '::error')
"""How a line begins that says how a step of a CI run ended."""


def reduce_tests(text: str, allowance: Allowance) -> str | None:
    """See the module; None where there are neither lines of a test runner nor a stack."""
    if (events := reduce_go_events(text, allowance)) is not None:
        return events
    plain = from_junit(text) or text
    lines, dropped = without_prefix(plain.split('\n'))
    log = read(lines)
    if not (log.failures or log.totals or log.passes):
        return reduce_traces(text, allowance)  # the runner itself crashed
    ranking = _Ranking(lines, log, allowance)
    pieces = ranking.pieces()
    if dropped is not None:
        pieces.insert(0, Piece(dropped, 0.04, 0))

    def gap(begin: int, end: int) -> str:
        """A mark only within the details of a failure: its line and the totals stand for themselves."""
        inside = begin > 0 and end < len(pieces) and pieces[begin - 1].rank > MUST and pieces[end].rank > MUST
        return GAP if inside else ''

    return pick(pieces, allowance, of=len(lines), gap=gap)


class _Ranking:
    """Gives each line of a log its rank."""

    def __init__(self, lines: list[str], log: TestLog, allowance: Allowance) -> None:
        self.lines = lines
        self.log = log
        self.allowance = allowance
        self.ranks = [NEVER] * len(lines)
        self.shown: dict[int, Piece] = {}
        self.stacks: list[Stack] = []

    def pieces(self) -> list[Piece]:
        self._outside()
        self._totals()
        self._stacks()
        heads = frozenset(i for stack in self.stacks for i in stack.heads)
        cards = cards_of(self.lines, self.log, heads)
        for card in cards:
            self._details(card)
        self._asked()
        self._steps()
        self._told(cards)
        covered = joined_frames(self.lines, self.stacks, self.ranks)
        for i, piece in self.shown.items():
            covered[i] = (i + 1, piece)
        for card in cards:
            for i in card.failure.lines:
                if len(self.lines[i]) > WIDE and 1.5 <= self.ranks[i] < NEVER and i not in covered:
                    covered[i] = (i + 1, Piece(clipped(self.lines[i], WIDE), self.ranks[i]))
        return assembled(self.lines, self.ranks, covered, self.allowance)

    def _steps(self) -> None:
        """Steps of a CI run that failed, wherever they stand."""
        told: set[str] = set()
        for i, line in enumerate(self.lines):
            if line.startswith(_STEP):
                self.ranks[i] = -1.2 if line not in told and len(told) < STEPS else 3.5
                told.add(line)

    def _told(self, cards: list[Card]) -> None:
        """Puts each failure's line in the place of the lines that it says."""
        used = {i for card in cards for i in card.used} | set(self.log.repeats)
        for i in used:
            self.ranks[i] = NEVER
            self.shown[i] = _FOLDED
        musts = [
            text
            for i, rank in enumerate(self.ranks)
            if rank < MUST and (text := (self.shown[i].text if i in self.shown else self.lines[i]))
        ]
        reserved = (
            min(self.allowance.count('\n'.join(musts)) + 1, int(self.allowance.tokens * RESERVED)) if musts else 0
        )
        reserved += (
            self.allowance.count(self.allowance.left_out(f'{len(self.lines):,} of {len(self.lines):,} lines')) + 2
        )
        for n, (card, text) in enumerate(zip(cards, told(cards, self.allowance, reserved), strict=True)):
            at = card.failure.start
            self.ranks[at] = -2.0 if n == 0 else -1.0
            self.shown[at] = Piece(text, self.ranks[at], len(set(card.used)))

    def _outside(self) -> None:
        """What stands outside of failures: what a compiler or a crashed runner says, the ends, packages that passed."""
        bad = bool(self.log.failures)
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
                rank = 0.45 if not bad or (found['raised'] is None and found['marked'] is None) else 2.4
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
        for n, i in enumerate(reversed(full[-3:])):
            self.ranks[i] = min(self.ranks[i], -1.4 if n == 0 and i in self.log.outside[-1:] else 2.0)
        for i in {0, 1} - passed if len(self.lines) > 1 else ():
            self.ranks[i] = min(self.ranks[i], 3.2)

    def _totals(self) -> None:
        last = self.log.totals[-1] if self.log.totals else -1
        seen: set[str] = set()
        for i in self.log.totals:
            line = self.lines[i]
            rank = (
                -1.5
                if i == last
                else WORST
                if _BAD.search(line[:REACH]) and not _ASIDE.match(line)
                else 0.3
                if _COUNTS.search(line[:REACH])
                else 1.6
            )
            if line.strip() in ('FAIL', 'PASS', 'FAILED', 'OK') and i != last:
                rank = 2.2
            like = _HEX.sub('', line) if rank > 0 else line
            self.ranks[i] = rank if like not in seen else 4.6
            seen.add(like)
            if (ruled := _RULED.match(line)) is not None:
                self.shown[i] = Piece(ruled[1].strip(), self.ranks[i])

    def _stacks(self) -> None:
        """Finds the stacks in and outside of the failures."""
        inside = {i for failure in self.log.failures for i in failure.lines}
        self.stacks = ranked_stacks(self.lines, inside, self.log.outside, self.ranks)

    def _details(self, card: Card) -> None:
        """Ranks the lines of one failure."""
        failure = card.failure
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
                rank = (0.8 if errors < 3 else 2.0) + min(errors, TURNS) * TURN
                errors += 1
            elif speaks and not captured and n <= TURNS and (_COMPARED.match(line) or _CAUSE.match(line)):
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
            self.ranks[i] = min(self.ranks[i], rank)
        if places:
            self.ranks[places[-1]] = 2.0 if card.place and self.lines[places[-1]].startswith(card.place) else 0.9

    def _asked(self) -> None:
        """Tests that were expected to fail, the passing ones of a small green run, those that the question names."""
        if not self.log.failures and len(self.log.passes) <= ASKED:
            for n, i in enumerate(self.log.passes):
                self.ranks[i] = min(self.ranks[i], 4.0 + n * TURN)
        expected = [i for i in self.log.passes if self.lines[i].startswith(('XFAIL ', 'XPASS '))]
        for i in expected if len(expected) <= XFAILS else ():
            self.ranks[i] = min(self.ranks[i], 2.2)
        if not self.allowance.question or len(self.log.passes) > 2_000:
            return
        named = [i for i in self.log.passes if self.allowance.asks_for(self.lines[i][:REACH])]
        if len(named) <= ASKED:
            for i in named:
                self.ranks[i] = min(self.ranks[i], 3.0)


_FOLDED = Piece('', 0.0, 0)
