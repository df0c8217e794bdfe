"""A log as records: a line that begins as the log's lines do, and those that go on with it; by what they are like.

The template of a record is its first line without what varies: numbers, identifiers, addresses, quoted texts. Records
of one template say the same of different things. (Drain, the usual way to find templates, is worth its tree where they
have to be learned from a stream; of one text, what is masked here parts the same lines at a tenth of the cost.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from compactor.outputs.logs.alarm_words import ERROR, WARNING
from compactor.outputs.logs.alarms import graded
from compactor.outputs.logs.log_lines import Grade, log_line

REACH = 300
"""Characters of a line from which its template is made."""


class Record(NamedTuple):
    """One record.

    Attributes:
        start: its first line.
        end: the line behind its last.
        time: as it is written; ''.
        grade: the level that it gives itself, or what its words tell, whichever is worse.
        template: its first line without what varies.
    """

    start: int
    end: int
    time: str
    grade: Grade
    template: str


_VARIES = re.compile(
    r'[0-9a-fA-F]{8}-[0-9a-fA-F\-]{14,27}|0x[0-9a-fA-F]+|(?<![A-Za-z])[0-9a-f]{8,}(?![A-Za-z])|"[^"\n]{0,120}"|\'[^\'\n]{0,80}\'|\d+'
)
_STATUS = re.compile(r'" (\d{3}) |[ =](?:status|code)[=: ]"?(\d{3})\b')


def records_of(lines: Sequence[str]) -> list[Record]:
    """The records of a log, in order."""
    trouble = graded(lines)
    records: list[Record] = []
    start, time, grade, template = 0, '', Grade.NONE, ''
    opened = False
    for i, line in enumerate(lines):
        found = log_line(line) if line[:1] not in ('', ' ', '\t') else None
        if found is None and opened and (not line or line[0] in ' \t' or _goes_on(line)):
            grade = max(grade, _told(trouble.get(i, 0)))
            continue
        if opened:
            records.append(Record(start, i, time, grade, template))
        opened = True
        start = i
        time, level, at = (found.time, found.grade, found.text) if found is not None else ('', Grade.NONE, 0)
        grade = max(level, _told(trouble.get(i, 0)))
        template = _template(line, at, level)
    if opened:
        records.append(Record(start, len(lines), time, grade, template))
    return records


def _goes_on(line: str) -> bool:
    """Whether a line that begins as no log's goes on with the record before: a stack, a cause."""
    return line.startswith(('Caused by', 'Traceback', '...', 'at ', '}', ')', ']', 'Suppressed:')) or bool(
        _RAISED.match(line)
    )


_RAISED = re.compile(r'(?:[\w$]+\.)*\w*(?:Error|Exception|Warning|Fault)(?::|$)')


def _told(trouble: int) -> Grade:
    """What the words of a line make of it."""
    if trouble == ERROR:
        return Grade.ERROR
    return Grade.WARNING if trouble == WARNING else Grade.NONE


def _template(line: str, at: int, level: Grade) -> str:
    body = line[at : at + REACH]
    status = _STATUS.search(line, at, at + REACH)
    return f'{level:d}{next(filter(None, status.groups()), "") if status else ""} {_VARIES.sub("#", body)}'
