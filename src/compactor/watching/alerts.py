"""Looks at a store now and then, and tells once of each figure that has gone beyond the value of a rule."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from compactor.ledger.alerts import Alert, Edges
from compactor.ledger.budget import Budget
from compactor.ledger.figures import by, overall
from compactor.ledger.report import day_of
from compactor.policies.watch import WatchPolicy
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.telemetry import events
from compactor.watching.budgets import burns
from compactor.watching.views import shown
from compactor.watching.webhook import WebhookFailed, post

log = logging.getLogger('compactor')

KEPT = 100
"""Alerts that are kept to be shown."""


class Alerts:
    """The alerts of one store.

    Args:
        store: the store, as one tenant sees it.
        policy: rules, webhook, how long it may take.
        emit: receives each alert as an event.
        budgets: of a policy, beside those that the store holds.

    Attributes:
        told: what was told of, newest last, with the moment in seconds since 1970.
        failed: how often the webhook did not take one.
    """

    def __init__(
        self,
        store: Store,
        policy: WatchPolicy,
        emit: Callable[[events.Event], None],
        budgets: Sequence[Budget] = (),
    ) -> None:
        self.told: deque[tuple[float, Alert]] = deque(maxlen=KEPT)
        self.failed = 0
        self._store = store
        self._policy = policy
        self._emit = emit
        self._budgets = tuple(budgets)
        self._edges = Edges(policy.alerts)

    def look(self) -> list[Alert]:
        """Looks once; tells of what is new, and returns it. Where the webhook fails, the event is told all the same.

        Raises:
            StoreError: the store cannot be read.
        """
        now = self._store.clock()
        totals = Ledger(self._store).totals(*day_of(now))
        groups = {
            'all': {'': overall(totals)},
            'agent': by('agent', totals),
            'model': by('model', totals),
            'task': by('task', totals),
        }
        new = self._edges.crossed(groups, burns(self._store, self._budgets))
        for alert in new:
            self.told.append((now, alert))
            self._emit(event_of(alert))
            self._post(alert, now)
        return new

    def _post(self, alert: Alert, now: float) -> None:
        if not self._policy.webhook:
            return
        said = {**alert.to_json(), 'subject': shown(alert.subject), 'at': now, 'tenant': shown(self._store.tenant)}
        try:
            post(self._policy.webhook, said, self._policy.timeout)
        except WebhookFailed as error:
            self.failed += 1
            log.warning('%s', error)

    def to_json(self) -> list[dict[str, Any]]:
        """What was told of, newest first."""
        return [
            {**alert.to_json(), 'subject': shown(alert.subject), 'at': at} for at, alert in reversed(list(self.told))
        ]


def event_of(alert: Alert) -> events.AlertRaised:
    """An alert as an event."""
    rule = alert.rule
    subject = shown(alert.subject)
    return events.AlertRaised(
        None, None, rule.name, rule.measure, rule.by, subject, alert.value, rule.above, rule.level
    )
