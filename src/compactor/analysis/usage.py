"""START HERE: `analyse` reads exports and a ledger, and answers everything a report says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compactor.analysis import totals
from compactor.analysis.claims import Checked, Claim, check
from compactor.analysis.columns import Columns
from compactor.analysis.compare import Comparison, Span, compare
from compactor.analysis.database import Workspace, workspace
from compactor.analysis.days import Day, busiest, days_of
from compactor.analysis.exports import read_export
from compactor.analysis.figure import Figure, paid
from compactor.analysis.ledger_rows import read_ledger
from compactor.analysis.merge import merge
from compactor.analysis.rows import Merging, OddRow, Source
from compactor.analysis.rules import Rules
from compactor.analysis.series import Series, series_of
from compactor.analysis.sessions import Session, count_of, make_sessions, sessions_of
from compactor.analysis.subsets import Minute
from compactor.analysis.trend import Trend, trend_of
from compactor.errors import ConfigError

if TYPE_CHECKING:
    from compactor.store.engine import Store

SEARCHED = 20_000
"""Active minutes up to which claims are looked for in parts of the rows."""
MODELS = 100
"""So many models are named, those with the most tokens."""


@dataclass(frozen=True, slots=True)
class Model:
    """What one model took in one region; `cost` in dollars, None where no row says one."""

    model: str
    region: str
    requests: int
    input: int
    output: int
    cache_read: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What the rows say.

    Attributes:
        rules: what the analysis went by.
        sources: the files, in the order they were named, and the ledger.
        odd_rows: lines that could not be counted, or were with a doubt; the first hundred of each file.
        merging: what was left out so that nothing counts twice.
        models: models and regions, most tokens first.
        figures: sums, averages and the busiest minutes, each with its formula.
        sessions: in order; the newest hundred thousand.
        days: in order.
        trend: whether sessions get dearer or cheaper.
        series: tokens over time, for a chart.
        comparison: of two periods, where two were asked for.
        claims: what came of the claims.
    """

    rules: Rules
    sources: tuple[Source, ...]
    odd_rows: tuple[OddRow, ...]
    merging: Merging
    models: tuple[Model, ...]
    figures: tuple[Figure, ...]
    sessions: tuple[Session, ...]
    days: tuple[Day, ...]
    trend: Trend
    series: Series
    comparison: Comparison | None = None
    claims: tuple[Checked, ...] = ()

    @property
    def has_costs(self) -> bool:
        """Whether any row says what it cost."""
        return any(one.cost is not None for one in self.models)

    @property
    def has_caches(self) -> bool:
        """Whether any row says that the provider had some of its input cached."""
        return any(one.cache_read for one in self.models)

    def figure(self, key: str) -> Figure:
        """A figure by its key; `KeyError` if there is none."""
        for one in self.figures:
            if one.key == key:
                return one
        raise KeyError(key)

    def to_json(self) -> dict[str, Any]:
        """The attributes under the names that scripts read; `figures` by key, `sessions` with their quotient."""
        figures = {one.key: {k: v for k, v in asdict(one).items() if k != 'key'} for one in self.figures}
        return {
            'rules': {**self.rules.model_dump(), 'session_rule': self.rules.session_rule},
            'sources': self.sources,
            'odd_rows': self.odd_rows,
            'merging': self.merging,
            'models': self.models,
            'figures': figures,
            'sessions': [{**asdict(one), 'input_per_request': one.per_request} for one in self.sessions],
            'days': self.days,
            'trend': self.trend,
            'comparison': self.comparison,
            'claims': self.claims,
        }


def analyse(
    files: Sequence[Path | str] = (),
    rules: Rules | None = None,
    *,
    columns: Columns | None = None,
    format: str | None = None,
    ledger: Store | None = None,
    models: Sequence[str] = (),
    periods: tuple[Span, Span] | None = None,
    claims: Sequence[Claim] = (),
) -> UsageReport:
    """Analyses usage exports and a ledger.

    Args:
        files: exports, CSV or JSON, plain or gzipped, in any order, `-` for standard input; rows that several of them
            have count once.
        rules: what the analysis goes by.
        columns: of the exports; None takes the format that fits each (see `formats`).
        format: the name of the format that all of them have.
        ledger: the store whose ledger is read besides.
        models: only these, by name; all if none is named.
        periods: two periods to compare.
        claims: figures to check.

    Raises:
        ConfigError: the extra `analysis` is missing, a file cannot be read or is no export, there is nothing to read.
        StoreError: the ledger cannot be read.
    """
    paths = [Path(file) for file in files]
    if not paths and ledger is None:
        raise ConfigError('name at least one export, or say that the ledger is meant')
    with workspace() as work:
        sources, odd = _read(work, paths, columns, format, ledger)
        merging, sources = merge(work, sources)
        if models:
            _only(work, models)
        return _answered(work, rules or Rules(), sources, odd, merging, periods, claims)


def _read(
    work: Workspace, paths: Sequence[Path], columns: Columns | None, format: str | None, ledger: Store | None
) -> tuple[list[Source], tuple[OddRow, ...]]:
    sources: list[Source] = []
    odd: list[OddRow] = []
    for number, path in enumerate(paths):
        source, named = read_export(work, number, path, columns, format)
        sources.append(source)
        odd += named
    if ledger is not None:
        sources.append(read_ledger(work, len(paths), ledger))
    return sources, tuple(odd)


def _only(work: Workspace, models: Sequence[str]) -> None:
    known = [name for (name,) in work.all('SELECT DISTINCT model FROM rows ORDER BY model')]
    for model in models:
        if model not in known:
            raise ConfigError(f'no rows of a model {model!r}; there are {", ".join(map(repr, known[:MODELS]))}')
    work.run('DELETE FROM rows WHERE NOT list_contains(?::VARCHAR[], model)', [list(models)])


def _answered(
    work: Workspace,
    rules: Rules,
    sources: Sequence[Source],
    odd: tuple[OddRow, ...],
    merging: Merging,
    periods: tuple[Span, Span] | None,
    claims: Sequence[Claim],
) -> UsageReport:
    totals.make_minutes(work)
    make_sessions(work, rules)
    sessions, days = sessions_of(work, rules), days_of(work, rules)
    figures = (
        *totals.sums(totals.totals_of(work)),
        count_of(work, rules),
        *busiest(days, rules),
        *totals.burn(work, rules),
        *totals.means(work),
    )
    return UsageReport(
        rules,
        tuple(sources),
        odd,
        merging,
        _models(work),
        figures,
        sessions,
        days,
        trend_of([one.per_request for one in sessions if one.per_request is not None]),
        series_of(work),
        compare(sessions, *periods) if periods else None,
        check(claims, figures, sessions, days, _minutes(work) if claims else ()),
    )


def _models(work: Workspace) -> tuple[Model, ...]:
    rows = work.all(
        'SELECT model, region, sum(requests)::BIGINT, sum(input)::BIGINT AS i, sum(output)::BIGINT AS o,'
        ' sum(cache_read)::BIGINT, sum(cost)::HUGEINT FROM rows'
        f' GROUP BY model, region ORDER BY i + o DESC, model, region LIMIT {MODELS}'
    )
    return tuple(
        Model(model, region, requests, sent, received, read, paid(cost))
        for model, region, requests, sent, received, read, cost in rows
    )


def _minutes(work: Workspace) -> list[Minute]:
    """Active minutes in order; none where they are too many to look through their parts."""
    rows = work.all(
        f'SELECT requests, input, output FROM minutes WHERE {totals.ACTIVE} ORDER BY start LIMIT {SEARCHED + 1}'
    )
    return [] if len(rows) > SEARCHED else [(int(r), int(i), int(o)) for r, i, o in rows]
