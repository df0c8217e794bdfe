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
_FAILED = re.compile(
    r'^(?:\s*(?:--- )?FAIL(?:ED)?\b|Traceback \(most recent|panic:|fatal:|\w*Error\b[:(]|error(?:\[\w+\])?:|E   )',
    re.MULTILINE,
)
_TELLING = (
    re.compile(r'^\s*(?:E\s+|\w+(?:\.\w+)*(?:Error|Exception)\b)'),
    re.compile(r'--- FAIL|^FAILED|^FAIL\b|panic:|fatal:|assert', re.IGNORECASE),
    re.compile(r'\berror\b|\bfailed\b|not found|no such|cannot|denied|undefined', re.IGNORECASE),
)


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
        command = _command(call)
        failures.pop(command, None)
        if failed(result):
            failures[command] = Failing(command, step, telling(result.text))
    return failures


def failed(result: Part) -> bool:
    """Whether a result reports a failure: by its outcome, its exit code, or how its lines begin."""
    if result.failed:
        return True
    text = result.text
    sample = text if len(text) <= 20_000 else text[:10_000] + '\n' + text[-10_000:]
    code = _EXIT.search(sample)
    if code is not None:
        return code[1] != '0'
    return _FAILED.search(sample) is not None


def telling(text: str) -> tuple[str, ...]:
    """The lines of a failing result that say most, in their order."""
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    best: list[int] = []
    for pattern in _TELLING:
        best += [i for i, line in enumerate(lines) if i not in best and pattern.search(line)][: KEPT_LINES - len(best)]
    if not best:
        best = list(range(max(0, len(lines) - 2), len(lines)))
    return tuple(lines[i][:LONGEST] for i in sorted(best))


def _command(call: Part) -> str:
    """What identifies a command: its tool and arguments, on one line."""
    return ' '.join(told(call.tool, call.text).split())[:LONGEST]


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
