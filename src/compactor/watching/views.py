"""What the dashboard shows, as JSON has it: every text from the store is clean, on one line and without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from compactor.ledger.budget import Budget
from compactor.ledger.context import SHOWN, Context
from compactor.ledger.efficiency import Ranking, rankings
from compactor.ledger.figures import Figures, Total, by, overall
from compactor.ledger.prices import dollars
from compactor.ledger.report import DAY, day_of
from compactor.ledger.summary import figures_json
from compactor.quoting import one_line
from compactor.secrets.redact import redact
from compactor.store import watched
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.watching.budgets import burns

LONGEST = 200
"""Characters of a name that is shown."""
SESSIONS = 50
"""Conversations in one list."""
DAYS = 30
"""Days that are shown along the time."""


def shown(text: str) -> str:
    """A name from the store as it may be shown."""
    line = one_line(redact(text))
    return line if len(line) <= LONGEST else f'{line[: LONGEST - 1]}…'


def by_agent(store: Store, hours: float = 24.0) -> dict[str, Any]:
    """Tokens, cost and efficiency by agent over the last hours.

    Of an agent: `tokens` with `input` and `output`, `cost` in dollars (null where no price is known), `efficiency` as
    tokens a second by the dollars of a request (null where it is free, or cost or time are not known), `free`,
    `tokens_per_dollar`, `requests`.
    """
    totals = Ledger(store).totals(store.clock() - hours * 3_600)
    return {'hours': hours, 'agents': _agents(totals)}


def _agents(totals: Iterable[Total]) -> dict[str, Any]:
    some = tuple(totals)
    ranked = {one.name: one for one in rankings(some, 'agent')}
    return {shown(name): _agent(figures, ranked.get(name)) for name, figures in by('agent', some).items()}


def _agent(figures: Figures, ranking: Ranking | None) -> dict[str, Any]:
    cost = figures.cost
    return {
        'tokens': {'input': figures.input_tokens, 'output': figures.output_tokens},
        'cost': cost,
        'unpriced_requests': figures.unpriced,
        'requests': figures.requests,
        'efficiency': None if ranking is None else ranking.efficiency,
        'free': ranking is not None and ranking.free,
        'tokens_per_dollar': float(figures.tokens / cost) if cost else None,
        'saved': figures.saved_by_compaction + figures.saved_by_outputs + figures.saved_by_cache,
    }


def overview(store: Store, own: Iterable[Budget] = ()) -> dict[str, Any]:
    """Days, agents, models, budgets: what changes slowly.

    Args:
        store: the store, as one tenant sees it.
        own: the budgets of a policy.
    """
    now = store.clock()
    since = day_of(now)[0] - (DAYS - 1) * DAY
    totals = Ledger(store).totals(since)
    return {
        'store': store.shown,
        'tenant': shown(store.tenant),
        'sessions_total': watched.count(store),
        'days': days(store, since),
        'agents': _agents(totals),
        'models': {shown(name): figures_json(one) for name, one in list(by('model', totals).items())[:20]},
        **live(store, own),
    }


def live(store: Store, own: Iterable[Budget] = ()) -> dict[str, Any]:
    """Today, budgets and the newest sessions: what is sent again as soon as anything happens. Arguments as above."""
    now = store.clock()
    today = Ledger(store).totals(*day_of(now))
    return {
        'now': now,
        'today': figures_json(overall(today)),
        'budgets': [{**one.to_json(), 'name': shown(one.usage.budget.name)} for one in burns(store, own)],
        'sessions': sessions(store),
    }


def days(store: Store, since: float) -> list[dict[str, Any]]:
    """What each UTC day took, from the day of a moment on, those without requests too."""
    sums: dict[int, list[int]] = {int(at): [0] * 6 for at in _days(since, store.clock())}
    for hour in watched.by_hour(store, since):
        row = sums.setdefault(hour.start // DAY * DAY, [0] * 6)
        taken = (hour.requests, hour.input_tokens, hour.output_tokens, hour.nano, hour.unpriced, hour.saved)
        row[:] = [a + b for a, b in zip(row, taken, strict=True)]
    return [
        {
            'day': datetime.fromtimestamp(at, UTC).date().isoformat(),
            'start': at,
            'requests': row[0],
            'input_tokens': row[1],
            'output_tokens': row[2],
            'cost': dollars(row[3]),
            'unpriced_requests': row[4],
            'saved': row[5],
        }
        for at, row in sorted(sums.items())
    ]


def _days(since: float, now: float) -> range:
    return range(int(day_of(since)[0]), int(day_of(now)[0]) + 1, DAY)


def sessions(store: Store, before: float | None = None) -> list[dict[str, Any]]:
    """The newest sessions, or those before a moment."""
    return [session_json(one) for one in watched.sessions(store, SESSIONS, before)]


def session_json(one: watched.Session) -> dict[str, Any]:
    """A session as a list shows it; `id` is as it stands in the store, so that it can be asked for."""
    return {
        'id': one.conversation,
        'name': shown(one.conversation),
        'agent': shown(one.agent),
        'model': shown(one.model),
        'started': one.started,
        'ended': one.ended,
        'tasks': one.runs,
        'requests': one.requests,
        'input_tokens': one.input_tokens,
        'output_tokens': one.output_tokens,
        'cost': None if one.unpriced and not one.nano else dollars(one.nano),
        'unpriced_requests': one.unpriced,
        'failed': one.failed,
        'saved': one.saved,
        'compactions': one.compactions,
        'context': context_json(one.context),
    }


def context_json(context: Context | None) -> dict[str, Any] | None:
    """A context by part, in the order in which parts are shown; None where nobody looked."""
    if context is None:
        return None
    return {
        'tokens': context.tokens,
        'window': context.window,
        'parts': {name: context.parts[name] for name in SHOWN if context.parts.get(name)},
    }


def session(store: Store, conversation: str) -> dict[str, Any] | None:
    """One session with its requests and what was compacted when; None if nothing is known of it."""
    found = watched.session(store, conversation)
    if found is None:
        return None
    moments = watched.moments(store, conversation)
    compacted = [(one.at, context) for one in moments if (context := one.context) is not None and context.before]
    return {
        **session_json(found),
        'steps': [_step(one) for one in moments],
        'compacted': [
            {
                'at': at,
                'before': context.before,
                'after': context.tokens,
                'strategies': [shown(name) for name in context.strategies],
            }
            for at, context in compacted
        ],
    }


def _step(one: watched.Moment) -> dict[str, Any]:
    context = one.context
    figures: Mapping[str, Any] = {} if context is None else {'tokens': context.tokens, 'window': context.window}
    return {
        'at': one.at,
        'kind': one.kind,
        'agent': shown(one.agent),
        'model': shown(one.model),
        'task': shown(one.task),
        'input_tokens': one.input_tokens,
        'output_tokens': one.output_tokens,
        'cost': None if one.nano is None else dollars(one.nano),
        'failed': one.failed,
        **figures,
    }
