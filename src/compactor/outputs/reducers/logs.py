"""Logs of programs: every alarm with its neighbours, what is rare, one record of each template with its number.

    [1,204 lines, 10:00:00 to 10:06:39: INFO 1,180, WARNING 20, ERROR 4; most at 10:03]
    10:00:00 INFO served order 1 in 12 ms (×1,150 like this)
    10:03:19 INFO served order 240 in 11 ms
    10:03:20 ERROR ledger write failed: disk full
    10:03:21 INFO served order 241 in 13 ms
    10:06:39 INFO bye
    [1,199 of 1,204 lines left out]

A record goes on with the indented lines below it: of an alarm's the first are kept, and what was raised.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.frames import frame_of
from compactor.outputs.logs.log_lines import Grade
from compactor.outputs.logs.ranked import assembled
from compactor.outputs.logs.records import Record, records_of
from compactor.outputs.pieces import NEVER, Piece, clipped, pick, unmarked

WIDE = 300
"""Characters of a record of an alarm; of other records half as many."""
RARE = 2
"""Records of a template up to which it is rare, in a log of ten times as many."""
USUAL = 0.1
"""Share of the records from which on those of a template are told early: they are most of the log."""
MANY = 12
"""Alarms of one template that are worth more than one record: the first and the last."""
TOLD = 3
"""Lines that go on with an alarm which come with it."""
TURN, TURNS = 0.01, 90
"""What the next of a kind loses in rank, and after how many nothing more is lost."""
BURST = 6
"""Times as many lines in a minute as in the usual one, from which on that is said."""

_RAISED = re.compile(r'\s*(?:Caused by: |\w[\w.$]*(?:Error|Exception|Fault)\b|panic: |fatal error: )')
_MINUTE = re.compile(r'\d\d?:\d\d')


def reduce_logs(text: str, allowance: Allowance) -> str | None:
    """See the module; None of a text without records."""
    lines = text.split('\n')
    records = records_of(lines)
    if len(records) < 2:
        return None
    ranks = [NEVER] * len(lines)
    shown: dict[int, tuple[int, Piece]] = {}
    _rank(lines, records, ranks, shown)
    pieces = assembled(lines, ranks, shown, allowance)
    pieces.insert(0, Piece(_account(lines, records), -0.6, 0))
    return pick(pieces, allowance, of=len(lines), gap=unmarked)


def _rank(
    lines: Sequence[str], records: Sequence[Record], ranks: list[float], shown: dict[int, tuple[int, Piece]]
) -> None:
    """Ranks the records and the lines that go on with them."""
    counts = Counter(record.template for record in records)
    last = {record.template: n for n, record in enumerate(records)}
    usual = _usual(counts, records)
    turns: Counter[object] = Counter()
    first = True
    for n, record in enumerate(records):
        times = counts[record.template]
        seen = turns[record.template]
        turns[record.template] += 1
        alarm = record.grade >= Grade.WARNING and not (record.grade == Grade.WARNING and usual)
        if alarm:
            grave = record.grade >= Grade.ERROR
            turn = min(turns[record.grade], TURNS) * TURN
            if seen == 0:
                turns[record.grade] += 1
                rank = (-2.0 if first and grave else 0.1 if grave else 1.4) + (0 if first and grave else turn)
                first = first and not grave
            elif n == last[record.template] and times <= MANY:
                rank = 0.9 if grave else 2.4
            else:
                rank = (2.6 if grave else 3.4) + min(seen, TURNS) * TURN
            _alarmed(lines, record, ranks, rank)
            if seen == 0:
                for near, off in ((n - 1, 1), (n + 1, 1), (n - 2, 2), (n + 2, 2)):
                    if 0 <= near < len(records):
                        at = records[near].start
                        ranks[at] = min(ranks[at], (1.0 if grave else 2.6) + off * 0.1 + turn)
        else:
            if seen == 0:
                rare = times <= RARE and len(records) > RARE * 10
                rank = 1.3 if times >= len(records) * USUAL else 1.8 if rare else 2.2
                rank += min(turns[None], TURNS) * TURN
                turns[None] += 1
            else:
                rank = 4.0
            ranks[record.start] = min(ranks[record.start], rank)
            for i in range(record.start + 1, record.end):
                ranks[i] = min(ranks[i], 4.5)
        if seen == 0 and times > 1 and (folded := times - (1 if alarm and times == 2 else 0)) > 1:
            width = WIDE if alarm else WIDE // 2
            text = f'{clipped(lines[record.start], width)} (×{folded:,} like this)'
            shown[record.start] = (record.start + 1, Piece(text, ranks[record.start]))
    full = [i for i in range(max(0, len(lines) - 6), len(lines)) if lines[i].strip()]
    for off, i in enumerate(reversed(full[-3:])):
        ranks[i] = min(ranks[i], -1.0 if off == 0 else 1.9)
    ranks[0] = min(ranks[0], 2.0)
    for i, (end, piece) in list(shown.items()):
        shown[i] = (end, piece._replace(rank=ranks[i]))
    for i, line in enumerate(lines):
        if len(line) > WIDE and ranks[i] < NEVER and i not in shown:
            shown[i] = (i + 1, Piece(clipped(line, WIDE), ranks[i]))


def _usual(counts: Counter[str], records: Sequence[Record]) -> bool:
    """Whether warnings are what most of the log is."""
    return sum(record.grade == Grade.WARNING for record in records) > len(records) // 2


def _alarmed(lines: Sequence[str], record: Record, ranks: list[float], rank: float) -> None:
    """Ranks an alarm and what goes on with it."""
    ranks[record.start] = min(ranks[record.start], rank)
    told = 0
    owned = False
    for i in range(record.start + 1, record.end):
        line = lines[i]
        if not line.strip():
            continue
        frame = frame_of(line[:WIDE]) if line[:1] in ' \t' else None
        if frame is not None:
            own = frame.own and not owned
            owned = owned or frame.own
            more = 0.4 if own else 3.0
        elif _RAISED.match(line) or told < TOLD:
            more = 0.2
            told += 1
        else:
            more = 2.0
        ranks[i] = min(ranks[i], max(rank, 0.1) + more + min(i - record.start, TURNS) * TURN)


def _account(lines: Sequence[str], records: Sequence[Record]) -> str:
    """How long the log is, from when to when, how many lines of which level, and when there were most."""
    times = [record.time for record in records if record.time]
    said = f'{len(lines):,} lines'
    if times:
        said += f', {times[0]} to {times[-1]}'
    grades = Counter(record.grade for record in records if record.grade >= Grade.INFO)
    levels = [f'{grade.name} {grades[grade]:,}' for grade in sorted(grades)]
    if levels:
        said += f': {", ".join(levels)}'
    minutes = Counter(found.group() for time in times if (found := _MINUTE.search(time)))
    if len(minutes) > 3:
        usual = sorted(minutes.values())[len(minutes) // 2]
        minute, most = minutes.most_common(1)[0]
        if most >= usual * BURST:
            said += f'; {most:,} of them at {minute}'
    return f'[{said}]'
