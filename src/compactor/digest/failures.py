"""The ledger of failures: the last result of every command that failed and has not succeeded since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compactor.digest.commands import PATH_KEYS, arguments, scripts
from compactor.digest.evidence import ENVELOPE, told
from compactor.history.message import Kind, Part
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
_FAILED = re.compile(
    r'^(?:\s*(?:--- )?FAIL(?:ED)?\b|Traceback \(most recent|panic:|fatal:|\w*Error\b[:(]|error(?:\[\w+\])?:|E   )',
    re.MULTILINE,
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
_SETTING = re.compile(r'\b(?:cd [^&;]+(?:&&|;)\s*|[A-Z_]+=[^\s$`(]*\s+)')
_FILTER = re.compile(r'(?:\s*\d?>(?:&\d|\s*/dev/null)|\s*\|\s*(?:head|tail|grep|rg|sed|wc|sort)\b[^|]*)+$')


@dataclass(frozen=True, slots=True)
class Failing:
    """A command that failed: in which step last, and the lines of its result that say most."""

    command: str
    step: int
    lines: tuple[str, ...]


def failing(pairs: Iterable[tuple[int, Part, Part]], known: Mapping[str, Failing] | None = None) -> dict[str, Failing]:
    """What still fails after these calls (step's ordinal, call, result), over what failed before."""
    failures = dict(known or {})
    sessions: dict[str, str] = {}
    for step, call, result in pairs:
        if turned_down(result):  # nothing has run, so nothing has failed
            continue
        command = command_of(call)
        if waits := _WAITS.search(call.text):
            command = sessions.get(waits[1], command)
        elif session := _SESSION.search(result.text[:_EDGE]):
            sessions[session[1]] = command
        failures.pop(command, None)
        if failed(result):
            lines = telling(result.text)
            if lines or not _SEARCH.search(command):
                failures[command] = Failing(command, step, lines)
        elif _TESTS.search(command):  # the whole suite passed, and so did each of its parts
            asked = set(_WORD.findall(command))
            failures = {other: f for other, f in failures.items() if not asked <= set(_WORD.findall(other))}
    return failures


def turned_down(result: Part) -> bool:
    """Whether a call was not carried out: the framework, the tool or the user wanted other arguments, or none."""
    return result.retried or _NOT_RUN.match(result.text) is not None


def failed(result: Part) -> bool:
    """Whether a result reports a failure: by its outcome, by its exit code, else by how its lines begin."""
    if result.failed:
        return True
    text = result.text
    told = failed_by(text)
    if told is not None:
        return told
    sample = text if len(text) <= 20_000 else f'{text[:10_000]}\n{text[-10_000:]}'
    return _FAILED.search(sample) is not None


def failed_by(text: str) -> bool | None:
    """Whether an output reports a failure by its exit code; None where it tells none."""
    code = _EXIT.search(text[:_EDGE]) or _EXIT.search(text[-_EDGE:])
    return None if code is None else code[1] != '0'


def telling(text: str) -> tuple[str, ...]:
    """The lines of a failing result that say most, in their order."""
    lines = [line for raw in text.split('\n') if (line := raw.strip()) and not ENVELOPE.fullmatch(line)]
    best: list[int] = []
    for rank, pattern in enumerate(_TELLING):
        if len(best) >= (2 if rank < len(_TELLING) - 1 else 1) and rank >= _ALSO:
            break
        found = [i for i, line in enumerate(lines) if i not in best and pattern.search(line)]
        best += found[: KEPT_LINES - len(best)] if rank < _ALSO else found[: 2 - len(best)]
    return tuple(lines[i][:LONGEST] for i in sorted(best))


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
    told_as = _FILTER.sub('', _SETTING.sub('', ' '.join(text.split())))
    return told_as if len(told_as) <= LONGEST else f'{told_as[: LONGEST - ENDING - 3]} … {told_as[-ENDING:]}'


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
