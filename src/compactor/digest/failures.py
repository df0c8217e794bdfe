"""The ledger of failures: the last result of every command that failed and has not succeeded since."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice, zip_longest

from compactor.digest.commands import PATH_KEYS, arguments, scripts
from compactor.digest.evidence import is_envelope, told
from compactor.history.message import Kind, Part
from compactor.history.stubs import is_stub, says_failed, telling_line
from compactor.quoting import one_line, spelled
from compactor.tokens.memo import TextMemo

KEPT_LINES = 4
"""Lines of a failing result that are kept."""
LONGEST = 240
"""Characters kept of one line or command."""
ENDING = 80
"""Of them, characters of a long command's end: scripts that begin alike differ there."""

_EXIT = re.compile(
    r'(?:exit(?:ed)?(?: with)?(?: code| status)?|return ?code|exit_code"?)\s*[:=]?\s*(\d+)', re.IGNORECASE
)
_EDGE = 300
"""Characters at each end in which tools report an exit code; in between, the words may be anybody's."""
_SESSION = re.compile(r'running with session ID:? (\d+)')
_WAITS = re.compile(r'"session_id": ?"?(\d+)')
"""Shells that go on in the background report later what became of a command."""
# Behind a line's end, which an expression finds faster than a line's beginning.
_FAILED = re.compile(
    r'\n(?:[^\S\n]*+(?:--- )?FAIL(?:ED)?\b|Traceback \(most recent|panic:|fatal:|\w*Error\b[:(]|error(?:\[\w+\])?:'
    r'|E   )'
)
_TELLING = (
    re.compile(r'^(?:E\s+)?(?:[\w.]*(?:Error|Exception)|panic|fatal)(?:: ?\S|\()'),
    re.compile(r'^(?:--- FAIL: |FAILED )\S'),
    re.compile(r'^\S+\.\w+:\d+(?::\d+)?:? \S'),  # file:line: message
    re.compile(r'\b(?:error|failed|panic|fatal)\b\s*[:\[]', re.IGNORECASE),
    re.compile(
        r'\b(?:error|fail\w*|denied|cannot|can\'t|not found|no such|unknown|invalid|undefined|too many|unexpected)\b',
        re.IGNORECASE,
    ),
    re.compile(r'\w{2}'),
)
"""What a line of a failing result may say, the most telling first."""
_ALSO = 3
"""Patterns whose further lines are kept beside the first telling one."""
_SEARCH = re.compile(r'(?:^|^\S+ |[;&|]\s*)(?:git )?(?:grep|rg|ag|find|diff|test|which|\[)\s[^;&|]*$')
"""A command that says by its exit code that there is nothing to find."""
_NOT_RUN = re.compile(
    r'\s*(?:\[no result|<tool_use_error>|The user doesn.t want to|\[?Request interrupted|Tool use was rejected)'
)
_TESTS = re.compile(r'(?<![A-Za-z])tests?(?![A-Za-z/.])|pytest')
_WORD = re.compile(r'[\w./:\-]+')
# Longer folders and values are left as they are: to look for the end of each of many would take the command's square.
_SETTING = re.compile(r'\b(?:cd [^&;]{1,300}+(?:&&|;)\s*|[A-Z_]++=[^\s$`(]{0,500}+\s+)')
_FILTERING = re.compile(r'\s*(?:head|tail|grep|rg|sed|wc|sort)\b')
_REDIRECTED = re.compile(r'\s*(?:(?<!>&)\d)?>(?:&\d|\s*/dev/null)$')  # the digit of `>&1` is that one's own
_REDIRECTION = 16
"""Characters of a redirection at most."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A command that failed: in which step last, and the lines of its result that say most."""

    command: str
    step: int
    lines: tuple[str, ...]


def failing(pairs: Iterable[tuple[int, Part, Part]], known: Mapping[str, Failing] | None = None) -> dict[str, Failing]:
    """What still fails after these calls (step's ordinal, call, result), over what failed before."""
    ledger = _Ledger(known or {})
    sessions: dict[str, str] = {}
    for step, call, result in pairs:
        if turned_down(result):  # nothing has run, so nothing has failed
            continue
        command = command_of(call)
        if waits := _WAITS.search(call.text):
            command = sessions.get(waits[1], command)
        elif session := _SESSION.search(result.text[:_EDGE]):
            sessions[session[1]] = command
        ledger.forget(command)
        if failed(result):
            lines = telling(result.text)
            if lines or not _SEARCH.search(command):
                ledger.note(Failing(command, step, lines))
        elif _TESTS.search(command):
            ledger.passed(command)
    return ledger.failures


class _Ledger:
    """Commands that fail, found again by their words: a session may have thousands."""

    def __init__(self, known: Mapping[str, Failing]) -> None:
        self.failures: dict[str, Failing] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._with: dict[str, set[str]] = {}
        for failure in known.values():
            self.note(failure)

    def note(self, failure: Failing) -> None:
        """A command failed."""
        command = failure.command
        self.failures[command] = failure
        words = self._words[command] = frozenset(_WORD.findall(command))
        for word in words:
            self._with.setdefault(word, set()).add(command)

    def forget(self, command: str) -> None:
        """It is told anew, or succeeded."""
        if self.failures.pop(command, None) is not None:
            for word in self._words.pop(command):
                self._with[word].discard(command)

    def passed(self, command: str) -> None:
        """The whole suite passed, and so did each of its parts: the commands that say all that this one says."""
        asked = set(_WORD.findall(command))
        rarest = min((self._with.get(word, set()) for word in asked), key=len, default=set())
        for other in [one for one in rarest if asked <= self._words[one]]:
            self.forget(other)


def turned_down(result: Part) -> bool:
    """Whether a call was not carried out: the framework, the tool or the user wanted other arguments, or none."""
    return result.retried or _NOT_RUN.match(result.text) is not None


def failed(result: Part) -> bool:
    """Whether a result reports a failure: by its outcome, by its exit code, else by how its lines begin."""
    if result.failed:
        return True
    text = result.text
    if is_stub(text):
        return says_failed(text)
    verdict = _verdicts.get(text)
    if verdict is None:
        verdict = _failed(text)
        _verdicts.put(text, verdict)
    return verdict


_verdicts: TextMemo[bool] = TextMemo(4 * 1024 * 1024)
"""What results of at most 8 MB say of themselves."""


def _failed(text: str) -> bool:
    told = failed_by(text)
    if told is not None:
        return told
    sample = text if len(text) <= 20_000 else f'{text[:10_000]}\n{text[-10_000:]}'
    return _FAILED.search('\n' + sample) is not None


def failed_by(text: str) -> bool | None:
    """Whether an output reports a failure by its exit code; None where it tells none."""
    code = _exit_code(text[:_EDGE]) or _exit_code(text[-_EDGE:])
    return None if code is None else code != '0'


def _exit_code(edge: str) -> str | None:
    """The first exit code that is told in an end of an output."""
    if edge.isascii() and 'exit' not in (small := edge.lower()) and 'return' not in small:
        return None  # without them there is none; to look for two words takes a tenth of the time
    code = _EXIT.search(edge)
    return None if code is None else code[1]


def telling(text: str) -> tuple[str, ...]:
    """The lines of a failing result that say most, in their order; remembered with its text."""
    if is_stub(text):
        return tuple(filter(None, [telling_line(text)]))
    found = _most.get(text)
    if found is None:
        found = _telling_lines(text)
        _most.put(text, found)
    return found


_most: TextMemo[tuple[str, ...]] = TextMemo(2 * 1024 * 1024)
"""The lines that say most of failing results of at most 4 MB."""


def _telling_lines(text: str) -> tuple[str, ...]:
    lines = [line for raw in spelled(text).split('\n') if (line := raw.strip()) and not is_envelope(line)]
    best: list[int] = []
    for rank, pattern in enumerate(_TELLING):
        if len(best) >= (2 if rank < len(_TELLING) - 1 else 1) and rank >= _ALSO:
            break
        found = (i for i, line in enumerate(lines) if i not in best and pattern.search(line))
        best += list(islice(found, max(0, (KEPT_LINES if rank < _ALSO else 2) - len(best))))
    return tuple(lines[i][:LONGEST] for i in sorted(best))


def fairly(failures: Sequence[Failing]) -> list[Failing]:
    """Failures in the order in which they are given room: in turns by command, and of each some of its oldest.

    So one command that fails in a thousand ways, as a hostile page can make it, crowds out no other, nor its own first.

    Args:
        failures: oldest first.
    """
    groups: dict[str, list[Failing]] = {}
    for failure in reversed(failures):
        groups.setdefault(_head(failure.command), []).append(failure)
    turns = [_by_age(group) for group in groups.values()]
    return [failure for turn in zip_longest(*turns) for failure in turn if failure is not None]


def _head(command: str) -> str:
    """What a command begins with: the tool, and in a shell the program."""
    return ' '.join(word.partition('=')[0] for word in command.split(None, 2)[:2])


def _by_age(newest_first: Sequence[Failing]) -> Iterator[Failing]:
    """Two of the newest, one of the oldest, and so on."""
    waiting = deque(newest_first)
    for turn in count(1):
        if not waiting:
            return
        yield waiting.pop() if turn % 3 == 0 else waiting.popleft()


def briefly(failure: Failing, lines: int, command: int) -> Failing:
    """A failure with its most telling lines and the beginning of its command.

    Args:
        failure: what failed.
        lines: lines at most.
        command: characters of the command at most.
    """
    ranked = sorted(range(len(failure.lines)), key=lambda i: (_rank(failure.lines[i]), i))
    kept = tuple(failure.lines[i] for i in sorted(ranked[:lines]))
    short = failure.command if len(failure.command) <= command else failure.command[: command - 2] + ' …'
    return Failing(short, failure.step, kept)


def _rank(line: str) -> int:
    return next((rank for rank, pattern in enumerate(_TELLING) if pattern.search(line)), len(_TELLING))


def command_of(call: Part) -> str:
    """What identifies a command: tool and script (else all arguments) on one line, without folder and filters."""
    said = call.text
    key = f'{call.tool} {said}'
    command = _remembered.get(key)
    if command is None:
        command = _command(call.tool, said)
        _remembered.put(key, command)
    return command


_remembered: TextMemo[str] = TextMemo(2 * 1024 * 1024)
"""Commands of at most 4 MB of calls."""


def _command(tool: str, said: str) -> str:
    values = arguments(said)
    found = [] if any(key in values for key in PATH_KEYS) else list(scripts(values))
    text = f'{tool} {found[0]}' if len(found) == 1 else told(tool, said)
    told_as = _unfiltered(_SETTING.sub('', one_line(text)))
    return told_as if len(told_as) <= LONGEST else f'{told_as[: LONGEST - ENDING - 3]} … {told_as[-ENDING:]}'


def _unfiltered(command: str) -> str:
    """A command without the filters that its output goes through at the end, and without redirections before them."""
    end = len(command)
    while (at := command.rfind('|', 0, end)) >= 0 and _FILTERING.match(command, at + 1, end):
        end = at
        while end and command[end - 1] == ' ':
            end -= 1
    while found := _REDIRECTED.search(command, max(0, end - _REDIRECTION), end):
        end = found.start()
    return command[:end]


def pairs_of(parts: Iterable[Part]) -> list[tuple[Part, Part]]:
    """Calls with their results, paired in order."""
    waiting: dict[str, list[Part]] = {}
    found: list[tuple[Part, Part]] = []
    for part in parts:
        if part.kind is Kind.CALL:
            waiting.setdefault(part.call_id, []).append(part)
        elif part.kind is Kind.RESULT and waiting.get(part.call_id):
            found.append((waiting[part.call_id].pop(0), part))
    return found
