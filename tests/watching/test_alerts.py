"""Alerts: told once a crossing, as an event and to a webhook, which is never told a text or shown in a log."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from compactor.errors import ConfigError
from compactor.ledger.alerts import AlertRule, Edges
from compactor.ledger.budget import Budget, Use
from compactor.ledger.figures import Figures
from compactor.policies.watch import WatchPolicy
from compactor.policy import Policy
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.store.reservations import consume
from compactor.telemetry import events
from compactor.watching.alerts import Alerts
from tests.ledger.entries import entry
from tests.store.conftest import START, Clock

DEAR = AlertRule(name='dear', measure='cost', above=50, by='agent')


def groups(**cost: float) -> dict[str, dict[str, Figures]]:
    """Figures by agent, of so many dollars each."""
    return {'agent': {name: Figures(requests=1, nano=round(value * 1e9)) for name, value in cost.items()}}


@pytest.mark.parametrize(
    ('values', 'told'),
    [
        ([49, 50, 51, 60, 70], [51]),
        ([51, 49, 51], [51]),  # it trembles at the edge: told once
        ([51, 47, 51], [51, 51]),  # it fell: told again
        ([0, 0], []),
    ],
)
def test_a_crossing_is_told_once(values: list[float], told: list[float]) -> None:
    """And again only after the figure has fallen clearly below."""
    edges = Edges((DEAR,))
    found = [alert.value for value in values for alert in edges.crossed(groups(coder=value), ())]
    assert found == told


def test_each_subject_is_told_alone() -> None:
    """One agent over its edge does not hide another; a pattern picks whom a rule looks at."""
    edges = Edges((DEAR,))
    assert [one.subject for one in edges.crossed(groups(a=60, b=10), ())] == ['a']
    assert [one.subject for one in edges.crossed(groups(a=60, b=90), ())] == ['b']
    some = Edges((AlertRule(name='dear', above=50, by='agent', of='b*'),))
    assert [one.subject for one in some.crossed(groups(a=60, b=90, bc=70), ())] == ['b', 'bc']


@contextmanager
def webhook(status: int = 204, wait: float = 0.0, location: str = '') -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on loopback, and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers['Content-Length']))
            told.append({'path': self.path, 'type': self.headers['Content-Type'], **json.loads(body)})
            time.sleep(wait)
            self.send_response(status)
            if location:
                self.send_header('Location', location)
            self.send_header('Content-Length', '0')
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = HTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}/hook?key=hunter2', told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def looking(store: Store, url: str, timeout: float = 5.0) -> tuple[Alerts, list[events.Event]]:
    """Alerts over a store, and the events they are told as."""
    found: list[events.Event] = []
    policy = WatchPolicy(alerts=(DEAR,), webhook=url, timeout=timeout)
    return Alerts(store, policy, found.append), found


def test_an_alert_is_an_event_and_reaches_the_webhook(store: Store) -> None:
    """Both have names and figures: nothing of messages, no error's text, not the webhook's own key."""
    with webhook() as (url, told):
        alerts, found = looking(store, url)
        assert alerts.look() == []
        Ledger(store).record(entry(START, agent='coder', cost='61.5', error='Key: sk-secret refused'))
        assert [one.subject for one in alerts.look()] == ['coder']
        assert alerts.look() == []
    assert found == [events.AlertRaised(None, None, 'dear', 'cost', 'agent', 'coder', 61.5, 50.0, 'warning')]
    assert told == [
        {
            'path': '/hook?key=hunter2',
            'type': 'application/json',
            'alert': 'dear',
            'measure': 'cost',
            'by': 'agent',
            'subject': 'coder',
            'value': 61.5,
            'above': 50.0,
            'level': 'warning',
            'at': START,
            'tenant': '',
        }
    ]
    assert [one['subject'] for one in alerts.to_json()] == ['coder']


def test_the_next_day_begins_anew(store: Store, clock: Clock) -> None:
    """Figures are those of a UTC day."""
    alerts, found = looking(store, '')
    Ledger(store).record(entry(START, agent='coder', cost='61.5'))
    assert len(alerts.look()) == 1
    clock.now += 86_400
    assert alerts.look() == []
    Ledger(store).record(entry(clock.now, agent='coder', cost='61.5'))
    assert len(alerts.look()) == 1
    assert len(found) == 2


@pytest.mark.parametrize(
    ('status', 'wait', 'location', 'why'),
    [
        (500, 0.0, '', 'it answered 500'),
        (204, 1.0, '', 'TimeoutError'),
        (302, 0.0, 'http://127.0.0.1:9/elsewhere', 'it answered 302'),
    ],
)
def test_a_webhook_that_fails_costs_nothing(
    store: Store, caplog: pytest.LogCaptureFixture, status: int, wait: float, location: str, why: str
) -> None:
    """The event is told all the same; the log names the host, never the address; a redirect is not followed."""
    with webhook(status, wait, location) as (url, _):
        alerts, found = looking(store, url, timeout=0.2)
        Ledger(store).record(entry(START, agent='coder', cost='61.5'))
        with caplog.at_level(logging.WARNING, 'compactor'):
            assert len(alerts.look()) == 1
    assert len(found) == alerts.failed == 1
    assert why in caplog.text
    assert 'hunter2' not in caplog.text


def test_a_webhook_that_is_not_there(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody listens."""
    with webhook() as (url, _):
        gone = url
    alerts, _found = looking(store, gone)
    Ledger(store).record(entry(START, agent='coder', cost='61.5'))
    alerts.look()
    assert 'ConnectionRefusedError' in caplog.text
    assert 'hunter2' not in caplog.text


def test_budgets_are_looked_at_by_share(store: Store) -> None:
    """What others have set aside counts."""
    budget = Budget(name='a day', limit=1_000)
    rule = AlertRule(name='nearly gone', measure='budget', above=0.9, level='error')
    alerts = Alerts(store, WatchPolicy(alerts=(rule,)), lambda event: None, (budget,))
    consume(store, [budget], Use(tokens=890), START)
    assert alerts.look() == []
    consume(store, [budget], Use(tokens=60), START)
    assert [(one.subject, one.value) for one in alerts.look()] == [('a day', 0.95)]


@pytest.mark.parametrize(
    ('table', 'says'),
    [
        ({'alerts': [{'name': 'a', 'above': -1}]}, "alert 'a': above"),
        ({'alerts': [{'name': 'a', 'above': 1, 'measure': 'luck'}]}, "alert 'a': measure"),
        ({'alerts': [{'name': 'a', 'above': 1}, {'name': 'a', 'above': 2}]}, 'two alerts have one name'),
        ({'webhook': 'file:///etc/passwd'}, 'begins with http'),
        ({'every': 0}, 'every'),
    ],
)
def test_wrong_rules_are_refused(table: dict[str, Any], says: str) -> None:
    """With what is wrong, and where."""
    with pytest.raises(ConfigError, match=says):
        Policy.load(environment={}, watch=table)
