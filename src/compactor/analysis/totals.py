"""Sums and averages over all rows, and the minutes that burn most, each with its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compactor.analysis.database import Workspace
from compactor.analysis.figure import Figure, divided
from compactor.analysis.rules import Rules

ACTIVE = '(requests > 0 OR input + output > 0)'
"""A row is active if something was sent in it."""


def make_minutes(work: Workspace) -> None:
    """Makes `minutes` of `rows`: one row a start, all models and regions together."""
    series = work.all('SELECT DISTINCT model, region, lasts FROM rows LIMIT 2')
    if len(series) > 1:
        sums = ', '.join(f'sum({name})::BIGINT AS {name}' for name in ('requests', 'input', 'output'))
        work.run(f'CREATE TABLE minutes AS SELECT start, max(lasts) AS lasts, {sums} FROM rows GROUP BY start')
    else:  # every row has a start of its own already
        work.run('CREATE VIEW minutes AS SELECT start, lasts, requests, input, output FROM rows')


def make_mean(work: Workspace, table: str, what: str) -> float | None:
    """The plain mean of a quotient per request over the rows of a table that have requests."""
    (mean,) = work.one(f'SELECT avg(({what}) / requests) FROM {table} WHERE requests > 0')
    return None if mean is None else float(mean)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all rows that count."""

    rows: int
    active_rows: int
    minutes: int
    requests: int
    input: int
    output: int

    @property
    def total(self) -> int:
        """Input and output."""
        return self.input + self.output


def totals_of(work: Workspace) -> Totals:
    """The sums."""
    rows, active, *sums = work.one(
        f'SELECT count(*), count(*) FILTER ({ACTIVE}), coalesce(sum(requests), 0), coalesce(sum(input), 0),'
        ' coalesce(sum(output), 0) FROM rows'
    )
    (minutes,) = work.one(f'SELECT count(*) FROM minutes WHERE {ACTIVE}')
    return Totals(rows, active, minutes, *map(int, sums))


def sums(t: Totals) -> tuple[Figure, ...]:
    """The sums and what follows from them by division."""

    def per(key: str, name: str, above: int, what: str, headline: bool = False) -> Figure:
        return Figure(
            key,
            name,
            divided(above, t.requests),
            'tokens',
            f'Σ {what} / Σ requests',
            f'{above:,} / {t.requests:,}',
            headline,
        )

    return (
        Figure('rows', 'rows', t.rows, 'count', 'rows, each minute, model and region once'),
        Figure('active_rows', 'active rows', t.active_rows, 'count', 'rows with requests or tokens'),
        Figure('requests', 'requests', t.requests, 'requests', 'Σ requests', headline=True),
        Figure('input_tokens', 'input tokens', t.input, 'tokens', 'Σ input tokens', headline=True),
        Figure('output_tokens', 'output tokens', t.output, 'tokens', 'Σ output tokens', headline=True),
        Figure('total_tokens', 'tokens', t.total, 'tokens', 'Σ input + Σ output', f'{t.input:,} + {t.output:,}'),
        per('input_per_request', 'input tokens a request', t.input, 'input tokens', True),
        per('total_per_request', 'tokens a request', t.total, '(input + output)', True),
        per('output_per_request', 'output tokens a request', t.output, 'output tokens'),
        Figure(
            'input_output_ratio',
            'input for one of output',
            divided(t.input, t.output),
            'ratio',
            'Σ input / Σ output',
            f'{t.input:,} / {t.output:,}',
            True,
        ),
    )


def burn(work: Workspace, rules: Rules) -> tuple[Figure, ...]:
    """The minutes that burn most. Rows that last longer than a minute say nothing about minutes and are left out."""
    where = f'FROM minutes WHERE {ACTIVE} AND lasts <= 60'
    found: tuple[Any, ...] = work.one(
        f'SELECT max(input), max(input + output), max(requests),'
        f' count(*) FILTER (input > {rules.high_input}), count(*) FILTER (input + output >= {rules.high_total}),'
        f' count(*) FILTER (requests > {rules.high_requests}), count(*) {where}'
    )
    if not found[-1]:
        return ()
    peaks = ('input tokens', 'input + output', 'requests')
    keys = ('peak_minute_input', 'peak_minute_total', 'peak_minute_requests')
    names = ('most input tokens in a minute', 'most tokens in a minute', 'most requests in a minute')
    over = (
        ('minutes_high_input', f'more than {rules.high_input:,} input tokens'),
        ('minutes_high_total', f'{rules.high_total:,} tokens or more'),
        ('minutes_high_requests', f'more than {rules.high_requests:,} requests'),
    )
    return (
        *(
            Figure(
                key, name, value, 'requests' if 'requests' in key else 'tokens', f'largest sum of {what} of one minute'
            )
            for key, name, value, what in zip(keys, names, found, peaks, strict=False)
        ),
        *(
            Figure(key, f'minutes with {what}', value, 'count', f'minutes with {what}, of {found[-1]:,} active ones')
            for (key, what), value in zip(over, found[3:], strict=False)
        ),
    )


def means(work: Workspace) -> tuple[Figure, ...]:
    """Averages of averages: every minute, or every session, weighs the same, however many requests it has."""
    made = []
    for table, one in (('minutes', 'minute'), ('sessions', 'session')):
        for what, sql in (('input', 'input'), ('total', 'input + output')):
            value = make_mean(work, table, sql)
            name = f'mean of {"input tokens" if what == "input" else "tokens"} a request over {table}'
            formula = f'mean of ({sql}) / requests, each {one} with requests weighing the same'
            made.append(Figure(f'mean_of_{table}_{what}', name, value, 'tokens', formula))
    return tuple(made)
