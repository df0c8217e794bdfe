"""Sessions: stretches of use without a long pause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from compactor.analysis.database import Workspace
from compactor.analysis.figure import Figure, divided
from compactor.analysis.rules import Rules
from compactor.analysis.totals import ACTIVE

LISTED = 100_000
"""Sessions that are listed one by one, the newest; all of them are counted."""
STRETCH = 900
"""Seconds of what is summed up at once."""
Verdict = Literal['below target', 'above target', 'no requests']


@dataclass(frozen=True, slots=True)
class Session:
    """One session.

    Attributes:
        number: its place among all, from 1.
        start: its first second, since 1970.
        end: the first second after it.
        minutes: active minutes in it.
        requests: requests in it.
        input: input tokens.
        output: output tokens.
        peak: most tokens, input and output, in one of its minutes.
        verdict: whether its requests were below the target on average.
    """

    number: int
    start: int
    end: int
    minutes: int
    requests: int
    input: int
    output: int
    peak: int
    verdict: Verdict

    @property
    def per_request(self) -> float | None:
        """Input tokens a request, over the whole session."""
        return divided(self.input, self.requests)


def make_sessions(work: Workspace, rules: Rules) -> None:
    """Makes the table `sessions` of `minutes`."""
    rows = ACTIVE if rules.gap_rows == 'active' else 'true'
    pause = 'start' if rules.gap_from == 'start' else 'start + lasts'
    sums = ', '.join(f'sum({name})::BIGINT AS {name}' for name in ('requests', 'input', 'output'))
    # First where sessions open, then what lies in each: a running count over all minutes takes minutes itself.
    work.run(
        f'CREATE TEMP TABLE opened AS SELECT row_number() OVER (ORDER BY start) AS number, start AS opens FROM ('
        f'SELECT start, start - lag({pause}) OVER (ORDER BY start) AS pause FROM minutes WHERE {rows})'
        f' WHERE pause IS NULL OR pause > {rules.gap}'
    )
    # Stretches in which no session opens are summed up first, so that only they have to be put in order, not every row.
    stretch = f'start // {STRETCH}'
    opening = f'(SELECT opens // {STRETCH} FROM opened)'
    work.run(
        'CREATE TEMP TABLE pieces AS SELECT min(start) AS start, max(start + lasts) AS finish,'
        f' count(*) FILTER ({ACTIVE}) AS minutes, {sums}, max(input + output) AS peak FROM minutes'
        f' WHERE {rows} AND {stretch} NOT IN {opening} GROUP BY {stretch}'
        f' UNION ALL SELECT start, start + lasts, ({ACTIVE})::BIGINT, requests, input, output, input + output'
        f' FROM minutes WHERE {rows} AND {stretch} IN {opening}'
    )
    work.run(
        'CREATE TABLE sessions AS SELECT number, min(start) AS start, max(finish) AS finish,'
        f' sum(minutes)::BIGINT AS minutes, {sums}, max(peak) AS peak'
        ' FROM pieces ASOF JOIN opened ON pieces.start >= opened.opens GROUP BY number'
    )
    work.run('DROP TABLE pieces')
    work.run('DROP TABLE opened')


def sessions_of(work: Workspace, rules: Rules) -> tuple[Session, ...]:
    """The newest sessions, oldest of them first."""
    rows = work.all(f'SELECT * FROM sessions ORDER BY number DESC LIMIT {LISTED}')
    return tuple(Session(*row, _verdict(row[4], row[5], rules)) for row in reversed(rows))  # type: ignore[call-arg]


def count_of(work: Workspace, rules: Rules) -> Figure:
    """How many sessions there are."""
    (count,) = work.one('SELECT count(*) FROM sessions')
    return Figure('sessions', 'sessions', count, 'count', rules.session_rule, headline=True)


def _verdict(requests: int, tokens: int, rules: Rules) -> Verdict:
    if not requests:
        return 'no requests'
    return 'below target' if tokens < rules.target_tokens * requests else 'above target'
