"""How efficient one session was: its totals and averages, which models did which tasks, what frames added."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.ledger.figures import Figures, added
from compactor.ledger.report import ConversationReport
from compactor.store import watched
from compactor.store.engine import Store
from compactor.store.entries import Ledger


@dataclass(frozen=True, slots=True)
class Route:
    """The requests of one kind of task that one model answered, as one workload.

    Attributes:
        task: what they were taken for, '' if nobody looked.
        workload: what they were routed as, '' if they were not.
        model: who answered.
        requests: how many.
        tokens: sent and received.
        cost: dollars; None where no price is known.
        unpriced: requests of unknown price.
    """

    task: str
    workload: str
    model: str
    requests: int
    tokens: int
    cost: Decimal | None
    unpriced: int


@dataclass(frozen=True, slots=True)
class SessionReport:
    """The report of a session.

    Attributes:
        conversation: duration, tasks, tokens, cost.
        routes: which model did what; a simple task that went to a cheap model shows here.
        saved: tokens spared by compactions, budgets of outputs and the response cache.
        compactions: requests that were compacted.
        added_by_frames: tokens that frames added.
    """

    conversation: ConversationReport
    routes: tuple[Route, ...]
    saved: int
    compactions: int
    added_by_frames: int

    def to_json(self) -> dict[str, Any]:
        """Under the names of a session's report: duration, tasks completed, tokens, cost, averages; then the rest."""
        one, total = self.conversation, self.conversation.total
        tasks = one.tasks
        cost = total.cost
        return {
            'session': {
                'id': one.conversation,
                'started': one.started,
                'ended': one.ended,
                'duration_seconds': one.duration,
                'tasks_completed': tasks,
                'requests': total.requests,
                'tokens': {'input': total.input_tokens, 'output': total.output_tokens},
                'cost': cost,
                'unpriced_requests': total.unpriced,
                'efficiency': {
                    'avg_input_tokens': total.input_tokens / tasks if tasks else None,
                    'avg_output_tokens': total.output_tokens / tasks if tasks else None,
                    'avg_cost_per_task': cost / tasks if cost is not None and tasks else None,
                    'tokens_per_dollar': float(total.tokens / cost) if cost else None,
                },
            },
            'saved_tokens': self.saved,
            'compactions': self.compactions,
            'added_by_frames': self.added_by_frames,
            'routes': self.routes,
        }


def session_report(store: Store, conversation: str | None = None) -> SessionReport | None:
    """The report of a session.

    Args:
        store: the store, as one tenant sees it.
        conversation: its id; None for the one in which something happened last.

    Returns:
        None if nothing is known of it.

    Raises:
        StoreError: the store cannot be read.
    """
    if conversation is None:
        newest = watched.sessions(store, 1)
        if not newest:
            return None
        conversation = newest[0].conversation
    ledger = Ledger(store)
    told, found = ledger.conversation(conversation), watched.session(store, conversation)
    if told is None or found is None:
        return None
    groups: dict[tuple[str, str, str], list[Figures]] = {}
    for total in ledger.totals(conversation=conversation):
        place = total.group.task, total.group.workload, total.group.model
        groups.setdefault(place, []).append(total.figures)
    routes = [_route(place, added(figures)) for place, figures in groups.items()]
    routes.sort(key=lambda one: (-one.tokens, one.task, one.workload, one.model))
    framed = watched.framed(store, 0.0, conversation=conversation)
    return SessionReport(told, tuple(routes), found.saved, found.compactions, sum(n for _, n in framed.values()))


def _route(place: tuple[str, str, str], figures: Figures) -> Route:
    return Route(*place, figures.requests, figures.tokens, figures.cost, figures.unpriced)
