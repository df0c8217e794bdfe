"""The recipes run as they stand: against servers on loopback that play GitHub, models, Prometheus and a webhook."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.metrics import Counter
from opentelemetry.sdk.metrics import MeterProvider
from pydantic_ai import Agent

from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.telemetry.metrics import instruments_of
from compactor.testing import Call, Failure, Reply, StrictProvider, Turn
from tests.telemetry.process import unconfigured

FOLDER = Path(__file__).parents[2] / 'docs' / 'recipes'
SNIPPET = re.compile(r'^```(\w+)\n(.*?)^```', re.MULTILINE | re.DOTALL)
SECRET = 'ghp_' + 'aB3dE5gH7jK9' * 3


def snippets(page: str, language: str = 'python') -> list[str]:
    """The blocks of a page."""
    return [found[2] for found in SNIPPET.finditer((FOLDER / page).read_text()) if found[1] == language]


@dataclass
class Site:
    """A server on loopback: answers by path, and what it was asked."""

    answers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    url: str = ''


@contextmanager
def site(answers: dict[str, str] | None = None) -> Iterator[Site]:
    """Runs one."""
    made = Site(answers or {})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
            made.asked.append((self.command, self.path, body))
            told = made.answers.get(self.path, '{}').encode()
            self.send_response(200)
            self.send_header('Content-Length', str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    made.url = f'http://127.0.0.1:{server.server_port}'
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Recipes:
    """Runs the programs of pages, with their settings from the environment, as a reader would."""

    store: Path
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, page: str, **environment: str) -> str:
        """What the program of a page prints."""
        [code] = snippets(page)
        told = {'COMPACTOR_STORE': str(self.store), 'COMPACTOR_KEY': 'a key of the tests, long enough'}
        for name, value in (told | environment).items():
            self.patch.setenv(name, value)
        loop = asyncio.new_event_loop()  # `run_sync` takes the thread's
        asyncio.set_event_loop(loop)
        try:
            with unconfigured():
                exec(compile(code, page, 'exec'), {'__name__': '__main__'})
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        return self.capsys.readouterr().out

    def apart(self, page: str, **environment: str) -> str:
        """The same in a process of its own, for programs that leave connections of an SDK to its end."""
        [code] = snippets(page)
        for name, value in ({'COMPACTOR_STORE': str(self.store)} | environment).items():
            self.patch.setenv(name, value)
        command = [sys.executable, '-c', code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Recipes:
    """Recipes with a store of their own."""
    return Recipes(tmp_path / 'store.db', monkeypatch, capsys)


DIFF = 'diff --git a/importer/rows.py b/importer/rows.py\n--- a/importer/rows.py\n+++ b/importer/rows.py\n' + ''.join(
    f'@@ -{n},2 +{n},2 @@\n-    old = read_row(line, {n})\n+    new = read_row(line, {n}, zone)\n'
    for n in range(1, 900, 3)
)


def test_a_github_assistant(recipes: Recipes) -> None:
    """Two tools, a large diff within its budget, no secret sent, and the ledger knows of every request."""
    issue = {'title': 'Rows are dropped', 'state': 'open', 'labels': [], 'body': f'My token is {SECRET}', 'comments': 2}

    def reply(turn: Turn) -> Reply:
        if turn.number == 1:
            where = {'repository': 'octo/importer'}
            return Reply(calls=(Call('get_diff', {**where, 'number': 7}), Call('get_issue', {**where, 'number': 3})))
        return Reply('It reads the zone, importer/rows.py line 1; that is issue 3.')

    with (
        site({'/repos/octo/importer/issues/3': json.dumps(issue), '/repos/octo/importer/pulls/7': DIFF}) as github,
        StrictProvider(reply) as provider,
    ):
        said = recipes.apart(
            'github.md', GITHUB_API_URL=github.url, OPENAI_BASE_URL=provider.openai_url, OPENAI_API_KEY='test'
        )
        sent = json.dumps([one.body for one in provider.requests])
    assert 'It reads the zone' in said
    assert '2 requests' in said
    assert {where for _, where, _ in github.asked} == {'/repos/octo/importer/issues/3', '/repos/octo/importer/pulls/7'}
    assert SECRET not in sent
    assert len(sent) < len(DIFF)
    assert 'importer/rows.py' in sent
    with Store.open(recipes.store) as store:
        assert [(one.agent, one.error) for one in Ledger(store).entries()] == [('github', None)] * 2


def test_free_models_of_openrouter(recipes: Recipes) -> None:
    """The first refuses, the second answers, and both stand in the ledger."""

    def reply(turn: Turn) -> Reply | Failure:
        if turn.body['model'].startswith('qwen/'):
            return Failure(429, 'Rate limit exceeded: free-models-per-min', headers={'retry-after': '30'})
        return Reply('The zone is not read.')

    with StrictProvider(reply) as provider:
        said = recipes.apart('openrouter.md', OPENROUTER_BASE_URL=provider.openai_url)
    assert said.splitlines()[0] == 'The zone is not read.'
    assert 'failover qwen/qwen3-coder:free' in said
    assert 'request meta-llama/llama-3.3-70b-instruct:free' in said


def test_prometheus(recipes: Recipes) -> None:
    """Metrics arrive where its receiver listens, under the names that the page queries."""
    pytest.importorskip('opentelemetry.exporter.otlp.proto.http', reason='no exporter for OTLP is installed')
    with site() as receiver:
        recipes.run('prometheus.md', PROMETHEUS_OTLP=f'{receiver.url}/api/v1/otlp/v1/metrics')
    assert {where for _, where, _ in receiver.asked} == {'/api/v1/otlp/v1/metrics'}
    told = b''.join(body for _, _, body in receiver.asked)
    if told.startswith(b'\x1f\x8b'):
        import gzip

        told = gzip.decompress(told)
    assert b'compactor.cost' in told
    assert b'compactor.context.used' in told


def test_the_queries_name_metrics_that_there_are() -> None:
    """Each name on the page of Prometheus is that of an instrument, as Prometheus writes it."""
    made: list[Any] = list(vars(instruments_of(MeterProvider())).values())
    written = {one.name.replace('.', '_') + ('_total' if isinstance(one, Counter) else '') for one in made}
    page = (FOLDER / 'prometheus.md').read_text()
    queried = set(re.findall(r'compactor_\w+', page))
    assert queried
    assert queried <= written


def test_memory_beside_us(recipes: Recipes) -> None:
    """Notes are sent and not recorded, and the reserve comes off the goal."""
    recipes.run('memory.md')


@pytest.mark.skipif(
    'conversation_id' not in signature(Agent.run).parameters, reason='this pydantic-ai knows no ids of conversations'
)
def test_two_policies(recipes: Recipes) -> None:
    """Conversations are dealt, and the report says what frames cost."""
    said = recipes.run('two-policies.md')
    assert 'b is higher' in said
    with Store.open(recipes.store) as store:
        framed = [entry.added_by_frames > 0 for entry in Ledger(store).entries()]
    assert 20 < sum(framed) < 60


def test_an_alert_for_costs(recipes: Recipes) -> None:
    """An event, a webhook, and the budget's own warning."""
    with site() as hook:
        said = recipes.run('cost-alert.md', ALERT_WEBHOOK=f'{hook.url}/hook')
    assert said.startswith('a dear agent crawler ')
    assert "['the day']" in said
    [(method, where, body)] = hook.asked
    assert (method, where) == ('POST', '/hook')
    assert json.loads(body)['subject'] == 'crawler'


@pytest.mark.parametrize('page', sorted(one.name for one in FOLDER.glob('*.md')))
def test_the_pages(page: str) -> None:
    """Links lead somewhere, and tables of settings can be read."""
    text = (FOLDER / page).read_text()
    for target in re.findall(r'\]\((?!https?:)([^)#]+)\)', text):
        assert (FOLDER / target).exists(), f'{page} links to {target}'
    for table in snippets(page, 'toml'):
        assert tomllib.loads(table)
    if page != 'README.md':
        assert f'({page})' in (FOLDER / 'README.md').read_text()


def test_every_recipe_is_run() -> None:
    """A page that no test names would rot."""
    code = Path(__file__).read_text()
    assert all(f"'{one.name}'" in code for one in FOLDER.glob('*.md') if one.name != 'README.md')
