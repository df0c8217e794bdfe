"""The ledger of failures: the last result of every command that failed and has not succeeded since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compactor.digest.evidence import told
from compactor.history.message import Kind, Part

KEPT_LINES = 4
"""Lines of a failing result that are kept."""
LONGEST = 240
"""Characters kept of one line."""

_EXIT = re.compile(
    r'(?:exit(?:ed)?(?: with)?(?: code| status)?|return ?code|exit_code"?)\s*[:=]?\s*(\d+)', re.IGNORECASE
)
_HEAD, _FOOT = 300, 300
"""Where tools report an exit code; in between, the words may be anybody's."""
_FAILED = re.compile(
    r'^(?:\s*(?:--- )?FAIL(?:ED)?\b|Traceback \(most recent|panic:|fatal:|\w*Error\b[:(]|error(?:\[\w+\])?:|E   )',
    re.MULTILINE,
)
_TELLING = (
    re.compile(r'^(?:E\s+)?[\w.]*(?:Error|Exception|panic|fatal)\b:? ?\S'),
    re.compile(r'^(?:--- )?FAIL(?:ED)?\b.*\S'),
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
_TESTS = re.compile(r'(?<![A-Za-z])tests?(?![A-Za-z/.])|pytest')
_WORD = re.compile(r'[\w./:\-]+')
_SETTING = re.compile(r'\b(?:cd [^&;]+(?:&&|;)\s*|[A-Z_]+=\S+\s+)')
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
    for step, call, result in pairs:
        if result.retried:  # the framework asked for other arguments: no command has failed
            continue
        command = command_of(call)
        failures.pop(command, None)
        if failed(result):
            failures[command] = Failing(command, step, telling(result.text))
        elif _TESTS.search(command):  # the whole suite passed, and so did each of its parts
            asked = set(_WORD.findall(command))
            failures = {other: f for other, f in failures.items() if not asked <= set(_WORD.findall(other))}
    return failures


def failed(result: Part) -> bool:
    """Whether a result reports a failure: by its outcome, by its exit code, else by how its lines begin."""
    if result.failed:
        return True
    text = result.text
    code = _EXIT.search(text[:_HEAD]) or _EXIT.search(text[-_FOOT:])
    if code is not None:
        return code[1] != '0'
    sample = text if len(text) <= 20_000 else f'{text[:10_000]}\n{text[-10_000:]}'
    return _FAILED.search(sample) is not None


def telling(text: str) -> tuple[str, ...]:
    """The lines of a failing result that say most, in their order."""
    lines = [line for raw in text.split('\n') if (line := raw.strip()) and not _EXIT.fullmatch(line)]
    best: list[int] = []
    for rank, pattern in enumerate(_TELLING):
        if best and rank >= _ALSO:
            break
        found = [i for i, line in enumerate(lines) if i not in best and pattern.search(line)]
        best += found[: KEPT_LINES - len(best)] if rank < _ALSO else found[:2]
    return tuple(lines[i][:LONGEST] for i in sorted(best))


def command_of(call: Part) -> str:
    """What identifies a command: its tool and arguments on one line, without folder, variables and filters."""
    return _FILTER.sub('', _SETTING.sub('', ' '.join(told(call.tool, call.text).split())))[:LONGEST]


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
