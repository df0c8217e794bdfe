"""What came of it, exchange by exchange: the agent's last words before the next prompt, commits, runs that passed.

A step that ends an exchange says what the agent concluded; what stands between is how it got there. Commits, branches
and passed runs are told by the line with which their tool reports them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from compactor.digest.document import Quote
from compactor.digest.evidence import Voice, lines_of
from compactor.digest.failures import failed, pairs_of
from compactor.history.message import CALL, TEXT, Part

_CHANGED = re.compile(
    r'\[[\w./\-]{1,120}(?: \(root-commit\))? [0-9a-f]{7,40}\] \S.*'
    r"|Switched to (?:a new )?branch '.{1,120}'"
    r'|https://[\w.\-]{1,80}/\S{1,120}/(?:pull|merge_requests)/\d{1,9}'
    r'|\s{0,4}(?:[0-9a-f]{7,40}\.\.[0-9a-f]{7,40}|\* \[new branch\])\s{1,8}\S{1,120} -> \S{1,120}'
)
_PASSED = re.compile(
    r'=*\s{0,2}\d{1,7} passed\b.{0,80}|test result: ok\..{0,120}|All checks passed!?|BUILD SUCCESS\w{0,4}'
    r'|Tests:\s{1,8}\d{1,7} passed.{0,80}|Success: no issues found.{0,80}|OK \(\d{1,7} tests?\)'
    r'|.{0,20}All \d{1,7} tests? passed.{0,40}'
)
_GIT = re.compile(r'\b(?:git|gh|jj|hg)\b')
_RUNS = re.compile(r'test|check|lint|mypy|build|ruff|cargo|gradle|mvn|tsc', re.IGNORECASE)
LONGEST = 240
"""Characters of one line at most."""
MOST = 400
"""Lines of an answer, from its end, that are looked through."""
SEARCHED = 3
"""Steps at the end of an exchange in which the agent's last words are looked for."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the agent said last in an exchange, or what a step changed.

    Attributes:
        step: the step.
        voice: who says it.
        lines: it.
    """

    step: int
    voice: Voice
    lines: tuple[str, ...]


def conclusions(steps: Sequence[tuple[int, Sequence[Part]]], starts: Collection[int]) -> Iterator[Conclusion]:
    """Of these steps (ordinal, parts), what they came to.

    Args:
        steps: oldest first.
        starts: the steps that a person's words precede.
    """
    back: list[tuple[int, Sequence[Part]]] = []
    for ordinal, parts in steps:
        if ordinal in starts:
            back = []
        back = [*back[1 - SEARCHED :], (ordinal, parts)]
        yield from _changes(ordinal, parts)
        if ordinal + 1 in starts and (last := _words(back)) is not None:
            yield last


def _words(back: Sequence[tuple[int, Sequence[Part]]]) -> Conclusion | None:
    for ordinal, parts in reversed(back):
        said = [part for part in parts if part.kind is TEXT and part.text.strip()]
        if said:
            return Conclusion(ordinal, Voice.AGENT, lines_of(said[-1]).texts)
    return None


def _changes(ordinal: int, parts: Sequence[Part]) -> Iterator[Conclusion]:
    calls = [part for part in parts if part.kind is CALL]
    git = any(_GIT.search(call.text) for call in calls)
    runs = any(_RUNS.search(call.text) for call in calls)
    if not git and not runs:
        return
    found: list[str] = []
    for _, result in pairs_of(parts):
        if failed(result):
            continue
        found += [
            line[:LONGEST]
            for line in lines_of(result).texts[-MOST:]
            if (git and _CHANGED.fullmatch(line)) or (runs and _PASSED.fullmatch(line))
        ]
    if found:
        yield Conclusion(ordinal, Voice.OUTPUT, tuple(dict.fromkeys(found))[-2:])


def told(quotes: Sequence[Quote]) -> list[Conclusion]:
    """What a standing digest tells of this."""
    found: list[Conclusion] = []
    for quote in quotes:
        if found and (found[-1].step, found[-1].voice) == (quote.step, quote.voice):
            found[-1] = Conclusion(quote.step, quote.voice, (*found[-1].lines, quote.text))
        else:
            found.append(Conclusion(quote.step, quote.voice, (quote.text,)))
    return found
