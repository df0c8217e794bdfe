"""What a build server writes before every line: job, step, time. It is dropped once and for all, and that is said.

build<TAB>Compile<TAB>2026-01-28T23:08:42.0573597Z error: no such file
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

SHARE = 0.8
"""Share of lines that must begin with it before it is dropped."""
SAMPLE = 60
"""Lines looked at to find that out."""

_TIME = r'\ufeff?\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+\-]\d\d:?\d\d)?\]?'
_PREFIX = re.compile(
    rf'(?P<job>[^\t\n]{{1,80}}\t[^\t\n]{{1,80}}\t)?(?P<time>{_TIME}[ \t]?)?(?P<tag>\[[^\]\n]{{1,60}}\] )?'
)
_TIMED = re.compile(_TIME)


def without_prefix(lines: Sequence[str]) -> tuple[list[str], str | None]:
    """The lines without what stands before nearly all of them, and a note that says what that was; else as they are."""
    full = [line for line in lines if line]
    sample = full[:: max(1, len(full) // SAMPLE)]
    if len(sample) < 5:
        return list(lines), None
    shapes = Counter(_shape(line) for line in sample)
    jobs = Counter(job for (job, _, _), n in shapes.items() for _ in range(n) if job)
    timed = sum(n for (_, time, _), n in shapes.items() if time)
    tags = Counter(tag for (_, _, tag), n in shapes.items() for _ in range(n) if tag)
    need = SHARE * len(sample)
    drop_job = sum(jobs.values()) >= need and len(jobs) <= 3 and timed >= need
    drop_time = timed >= need
    tag, times = tags.most_common(1)[0] if tags else ('', 0)
    drop_tag = times >= need and not tag.startswith(('[INFO', '[WARN', '[ERR'))
    if not (drop_job or drop_time or drop_tag):
        return list(lines), None
    said = [f'"{" ".join(job.split())}"' for job in (jobs if drop_job else ())]
    said += ['times'] if drop_time else []
    said += [f'"{tag.strip()}"'] if drop_tag else []
    shorter = [_shortened(line, drop_job, drop_time, tag if drop_tag else '') for line in lines]
    return shorter, f'[dropped where it began a line: {", ".join(said)}]'


def untimed(line: str) -> str:
    """A line without the time at its beginning, to compare it with others."""
    found = _TIMED.match(line)
    return line[found.end() :].lstrip() if found else line


def _shape(line: str) -> tuple[str, bool, str]:
    found = _PREFIX.match(line[:300])
    assert found is not None
    return found['job'] or '', bool(found['time']), found['tag'] or ''


def _shortened(line: str, drop_job: bool, drop_time: bool, tag: str) -> str:
    if line == tag[:-1]:
        return ''  # an empty line behind its prefix, whose blank was at the end
    found = _PREFIX.match(line[:300])
    assert found is not None
    kept = '' if drop_job else found['job'] or ''
    if not drop_time:
        kept += found['time'] or ''
    if found['tag'] != tag or not tag:
        kept += found['tag'] or ''
    return kept + line[found.end() :]
