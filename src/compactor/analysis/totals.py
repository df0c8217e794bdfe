"""Sums and averages over all rows, and the minutes that burn most, each with its formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.analysis.cells import MONEY
from compactor.analysis.database import SUMMED, SUMS, Workspace
from compactor.analysis.figure import Figure, divided, paid, shown
from compactor.analysis.rules import Rules

SMALLEST = Decimal(1).scaleb(-MONEY)
"""The smallest amount of money that is told apart, in dollars."""
ACTIVE = '(requests > 0 OR input + output > 0)'
"""A row is active if something was sent in it."""


def make_minutes(work: Workspace) -> None:
    """Makes `minutes` of `rows`: one row a start, all models and regions together."""
    series = work.all('SELECT DISTINCT model, region, lasts, mark, detail FROM rows LIMIT 2')
    if len(series) > 1:
        work.run(f'CREATE TABLE minutes AS SELECT start, max(lasts) AS lasts, {SUMS} FROM rows GROUP BY start')
    else:  # every row has a start of its own already
        work.run(f'CREATE VIEW minutes AS SELECT start, lasts, {", ".join(SUMMED)} FROM rows')


def make_mean(work: Workspace, table: str, what: str) -> float | None:
    """The plain mean of a quotient per request over the rows of a table that have requests."""
    (mean,) = work.one(f'SELECT avg(({what}) / requests) FROM {table} WHERE requests > 0')
    return None if mean is None else float(mean)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all rows that count; `cost` is of the `priced` rows, which say one, None where there are none."""

    rows: int
    active_rows: int
    minutes: int
    requests: int
    input: int
    output: int
    cache_read: int
    cache_write: int
    cost: Decimal | None
    priced: int

    @property
    def total(self) -> int:
        """Input and output."""
        return self.input + self.output


def totals_of(work: Workspace) -> Totals:
    """The sums."""
    rows, active, *sums, cost, priced = work.one(
        f'SELECT count(*), count(*) FILTER ({ACTIVE}), coalesce(sum(requests), 0), coalesce(sum(input), 0),'
        ' coalesce(sum(output), 0), coalesce(sum(cache_read), 0), coalesce(sum(cache_write), 0),'
        ' sum(cost)::HUGEINT, count(cost) FROM rows'
    )
    (minutes,) = work.one(f'SELECT count(*) FROM minutes WHERE {ACTIVE}')
    requests, sent, received, read, written = map(int, sums)
    return Totals(rows, active, minutes, requests, sent, received, read, written, paid(cost), priced)


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
        *_caches(t),
        *_costs(t),
    )


def _caches(t: Totals) -> Iterator[Figure]:
    """What the provider's cache did, where rows say so."""
    if t.cache_read or t.cache_write:
        name, worked = 'input from the provider cache', f'{t.cache_read:,} / {t.input:,}'
        yield Figure('cache_read_tokens', f'{name}, tokens', t.cache_read, 'tokens', 'Σ cached input tokens')
        yield Figure('cache_write_tokens', 'input written to the provider cache', t.cache_write, 'tokens', 'Σ written')
        yield Figure(
            'cache_read_share', name, divided(t.cache_read, t.input), 'share', 'Σ cached input / Σ input', worked, True
        )


def _costs(t: Totals) -> Iterator[Figure]:
    """What was paid, where rows say so."""
    if t.cost is None:
        return
    of = 'Σ cost' if t.priced == t.rows else f'Σ cost of the {t.priced:,} of {t.rows:,} rows that say one'
    yield Figure('cost', 'cost', t.cost, 'usd', of, headline=True)
    each = (t.cost / t.requests).quantize(SMALLEST) if t.requests else None
    worked = f'{shown(t.cost, "usd")} / {t.requests:,}'
    yield Figure('cost_per_request', 'cost of a request', each, 'usd', 'Σ cost / Σ requests', worked)


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
