"""The dashboard as its readers meet it: a token, this machine's own name, a sealed page, and a stream that is live."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

pytest.importorskip('starlette', reason='the extra dashboard is not installed')
pytest.importorskip('uvicorn', reason='the extra dashboard is not installed')

from starlette.testclient import TestClient

from compactor.dashboard.app import application
from compactor.dashboard.guard import asks_for_us, loopback, token_of
from compactor.dashboard.serving import address, bound
from compactor.errors import ConfigError
from compactor.ledger.entry import Entry
from compactor.policies.watch import WatchPolicy
from compactor.store.archive import StoreArchive
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.watching.alerts import Alerts
from tests.ledger.entries import entry

TOKEN = 'a-token-of-the-tests-0123456789'
HEADERS = {'Authorization': f'Bearer {TOKEN}'}
HOSTILE = '</script><img src=x onerror=alert(1)>'
PATHS = ('/api/overview', '/api/agents', '/api/sessions', '/api/session?id=s', '/api/search?q=row', '/api/live')


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one session of a hostile name, and an archive."""
    with Store.open(tmp_path / 'store.db') as opened:
        Ledger(opened).record(entry(opened.clock(), conversation='s', agent=HOSTILE, model=HOSTILE, error=HOSTILE))
        StoreArchive(opened).put(f'a row {HOSTILE}'.encode())
        yield opened


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """Asks the application as a program of this machine does."""
    with TestClient(application(store, TOKEN), base_url='http://127.0.0.1:8765') as found:
        yield found


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize(
    'header', [None, '', 'Bearer', 'Bearer ', f'Bearer {TOKEN}x', f'Basic {TOKEN}', TOKEN, 'Bearer ü']
)
def test_without_the_token_there_is_nothing(client: TestClient, path: str, header: str | None) -> None:
    """None of the data, whatever is sent in its place."""
    answer = client.get(path, headers=[] if header is None else [(b'Authorization', header.encode())])
    assert answer.status_code == 401
    assert answer.json() == {'error': 'the token is missing or wrong'}


def test_the_token_is_taken_from_no_address(client: TestClient) -> None:
    """Addresses are written into logs and histories."""
    assert client.get(f'/api/overview?token={TOKEN}').status_code == 401


@pytest.mark.parametrize('host', ['evil.example', 'evil.example:8765', '127.0.0.1.evil.example', '192.168.0.4', ''])
@pytest.mark.parametrize('path', ['/', '/api/overview'])
def test_another_name_is_refused(client: TestClient, host: str, path: str) -> None:
    """A page whose name was bound to this address asks under its own name: DNS rebinding."""
    assert client.get(path, headers={**HEADERS, 'Host': host}).status_code == 421


@pytest.mark.parametrize(
    ('header', 'ours'),
    [
        ('127.0.0.1', True),
        ('localhost:1', True),
        ('[::1]:8765', True),
        ('127.9.9.9', True),
        ('localhost.evil.example', False),
        ('localhost@evil.example', False),
        ('evil@localhost', False),
        ('[::1', False),
        ('0.0.0.0', False),
        (None, False),
    ],
)
def test_names_of_this_machine(header: str | None, ours: bool) -> None:
    """With any port, as it may be forwarded."""
    assert asks_for_us(header) is ours


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
def test_it_only_reads(client: TestClient, method: str) -> None:
    """No other method does anything."""
    assert client.request(method, '/api/overview', headers=HEADERS).status_code == 405


def test_the_page_asks_nobody_else(client: TestClient) -> None:
    """One document: scripts and styles by a nonce of this answer alone, no address of others, no inline handler."""
    first, second = client.get('/'), client.get('/')
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", first.headers['Content-Security-Policy'])
    assert nonce is not None
    assert f'<script nonce="{nonce[1]}">' in first.text
    assert nonce[1] not in second.text
    assert "default-src 'none'" in first.headers['Content-Security-Policy']
    assert '__nonce__' not in first.text
    assert not re.search(r'(?:src|href)\s*=\s*["\']?(?:https?:)?//', first.text)
    assert not re.search(r'\bon\w+="', first.text)
    assert 'innerHTML' not in first.text.partition('/*! https://github.com/leeoniya/uPlot')[0]
    script = first.text.rpartition('<script nonce')[2]
    assert not re.search(r'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b', script)
    assert TOKEN not in first.text


@pytest.mark.parametrize('path', ['/', *PATHS[:-1], '/nowhere'])
def test_every_answer_is_sealed(client: TestClient, path: str) -> None:
    """Not kept, not framed, not taken for anything else, and no server named."""
    headers = client.get(path, headers=HEADERS).headers
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['X-Frame-Options'] == 'DENY'
    assert headers['Cache-Control'] == 'no-store'
    assert headers['Referrer-Policy'] == 'no-referrer'
    assert "default-src 'none'" in headers['Content-Security-Policy'] or path == '/nowhere'
    assert 'server' not in headers


@pytest.mark.parametrize('path', PATHS[:-1])
def test_nothing_of_the_store_is_markup(client: TestClient, path: str) -> None:
    """A name of a tool or an agent that is HTML arrives as text, and no `<` stands in any answer."""
    answer = client.get(path, headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers['Content-Type'] == 'application/json'
    assert '<' not in answer.text
    assert HOSTILE in json.dumps(answer.json())


def test_what_is_not_there(client: TestClient) -> None:
    """A session that nobody knows, a moment that is none."""
    assert client.get('/api/session?id=nobody', headers=HEADERS).status_code == 404
    assert client.get('/api/sessions?before=yesterday', headers=HEADERS).status_code == 400


def test_a_store_that_is_away_is_said(client: TestClient, store: Store) -> None:
    """Without its name, or an error's text."""
    store.close()
    assert store.path is not None
    store.path.write_bytes(b'no database at all' * 100)
    answer = client.get('/api/overview', headers=HEADERS)
    assert answer.status_code == 503
    assert answer.json() == {'error': 'the store cannot be read at the moment'}


@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.168.1.2', 'example.org', ''])
def test_only_loopback_is_served(host: str) -> None:
    """Whoever wants more forwards a port."""
    with pytest.raises(ConfigError, match='loopback only'):
        loopback(host)
    with pytest.raises(ConfigError, match='loopback only'):
        bound(host, 0)


def test_a_port_that_is_taken() -> None:
    """It says which option helps."""
    with bound('127.0.0.1', 0) as one:
        one.listen()
        with pytest.raises(ConfigError, match='--port'):
            bound('127.0.0.1', one.getsockname()[1])


@pytest.mark.parametrize('token', ['', 'short', 'with a space in it, and long', 'ü' * 20, 'x' * 20 + '\n'])
def test_weak_tokens_are_refused(token: str) -> None:
    """Too short to be kept from guessing, or not fit for a header."""
    with pytest.raises(ConfigError, match='16 ASCII'):
        token_of(token)


def test_the_address_keeps_the_token_to_itself() -> None:
    """Behind `#`, where no request and no referrer takes it along."""
    assert address('127.0.0.1', 8765, 'abc') == 'http://127.0.0.1:8765/#token=abc'
    assert address('::1', 80, 'abc') == 'http://[::1]:80/#token=abc'


class Served:
    """The real server in a thread."""

    def __init__(self, app: Any) -> None:
        import uvicorn

        self.socket = bound('127.0.0.1', 0)
        config = uvicorn.Config(app, log_level='info', access_log=False, timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))
        self.thread.start()
        self.url = f'http://127.0.0.1:{self.socket.getsockname()[1]}'
        until = time.monotonic() + 10
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.01)

    def get(self, path: str, token: str = TOKEN) -> Any:
        """An open answer."""
        return urlopen(Request(self.url + path, headers={'Authorization': f'Bearer {token}'}), timeout=10)

    def close(self) -> None:
        """Ends it."""
        self.server.should_exit = True
        self.thread.join(10)
        self.socket.close()


@pytest.fixture
def served(store: Store) -> Iterator[Served]:
    """The application with an alert, behind uvicorn."""
    rule = {'name': 'dear', 'above': 50}
    alerts = Alerts(store, WatchPolicy(alerts=[rule]), lambda event: None)  # type: ignore[arg-type]
    found = Served(application(store, TOKEN, alerts=alerts, every=0.05))
    yield found
    found.close()


def events(stream: Any) -> Iterator[dict[str, Any]]:
    """What a stream tells."""
    for line in stream:
        if line.startswith(b'data: '):
            yield json.loads(line[6:])


def test_the_stream_is_live(served: Served, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """An entry is told as soon as it is there, and so is an alert; the token stands in no log."""
    with caplog.at_level(logging.DEBUG), served.get('/api/live') as stream:
        told = events(stream)
        assert [one['id'] for one in next(told)['sessions']] == ['s']
        Ledger(store).record(Entry(at=store.clock(), model='m', conversation='new', cost=None, input_tokens=7))
        began = time.monotonic()
        view = next(told)
        while view['sessions'][0]['id'] != 'new':
            view = next(told)
        assert time.monotonic() - began < 5
        Ledger(store).record(entry(store.clock(), conversation='dear', cost='61'))
        while not (view['alerts'] and view['sessions'][0]['id'] == 'dear'):
            view = next(told)
        assert view['alerts'][0]['alert'] == 'dear'
        with pytest.raises(HTTPError, match='401'):
            served.get('/api/live', token='x' * 30)
    assert TOKEN not in caplog.text


def test_whoever_goes_leaves_nothing_behind(served: Served) -> None:
    """Streams end with their readers: many come and go, and there is still room."""
    for _ in range(40):
        with served.get('/api/live') as stream:
            assert stream.readline() == b'retry: 1000\n'
