"""The cuts that are read: a fixed list, chosen by a seeded program before any method was tried on them.

    python -m benchmarks.likelihood.cuts        chooses anew and writes cuts.json (recorded sessions: COMPACTOR_CORPUS)

A session of Claude Code or Codex is cut before the response at which its history first reaches `AT` tokens, where
`NEXT` messages follow whose calls and texts use at least `LEAST_NAMES` identifiers of the old part. The sources take
turns; within each, sessions are shuffled. The file names conversations and steps (indexes of messages), nothing else.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import NamedTuple

from retention.laws import view
from retention.measure import Case, prepare_at
from retention.sessions import Recorded, recorded

AT = 60_000
"""Tokens at which sessions are cut."""
NEXT = 40
LEAST_NAMES = 5
CUTS = 24
SEED = 24
SOURCES = ('claude_code_entire', 'codex_entire')
FILE = Path(__file__).with_name('cuts.json')


class Cut(NamedTuple):
    """One cut: before message `step` of a conversation."""

    source: str
    id: str
    step: int


def cuts() -> list[Cut]:
    """The fixed list, in the order in which it is read."""
    return [Cut(*row) for row in json.loads(FILE.read_text(encoding='utf-8'))]


def case(cut: Cut) -> tuple[Recorded, Case]:
    """The conversation of a cut, and its case.

    Raises:
        SystemExit: the recordings do not hold it.
    """
    for talk in recorded(cut.source, least=AT):
        if talk.id == cut.id and (found := prepare_at(talk, cut.step, AT)):
            return talk, found
    raise SystemExit(f'{cut.source} does not hold {cut.id}')


def choose() -> list[Cut]:
    """The list, from the recordings."""
    queues = []
    for source in SOURCES:
        found = sorted(cut for talk in recorded(source, least=AT) if (cut := _cut(talk)))
        random.Random(SEED).shuffle(found)
        queues.append(found)
    chosen: list[Cut] = []
    while any(queues) and len(chosen) < CUTS:
        chosen += [queue.pop() for queue in queues if queue][: CUTS - len(chosen)]
    return chosen


def _cut(talk: Recorded) -> Cut | None:
    total = 0
    for index, message in enumerate(view(talk.messages)):
        if total >= AT and message.role == 'response' and index:
            if len(talk.messages) < index + NEXT:
                return None
            found = prepare_at(talk, index, AT)
            return Cut(talk.source, talk.id, index) if found and len(found.evidence) >= LEAST_NAMES else None
        total += message.tokens
    return None


def main() -> None:
    """Writes the list."""
    chosen = choose()
    FILE.write_text('[\n' + ',\n'.join(json.dumps(cut) for cut in chosen) + '\n]\n', encoding='utf-8')


if __name__ == '__main__':
    main()
