"""The application: a page, its data as JSON, a stream of what is new. It only reads."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from compactor.dashboard.guard import SEALED, allowed, asks_for_us, policy_with
from compactor.dashboard.page import page
from compactor.dashboard.pulse import VIEWERS, Pulse
from compactor.errors import StoreError
from compactor.ledger.budget import Budget
from compactor.ledger.figures import to_json
from compactor.secrets.errors import logged
from compactor.store.engine import Store
from compactor.watching import views
from compactor.watching.alerts import Alerts
from compactor.watching.finding import search

log = logging.getLogger('compactor')

View = Callable[[Request], Any]


class Guard:
    """Lets through what asks for this machine by its own name and, for data, has the token; seals every answer.

    Args:
        app: what is guarded.
        token: who has it may read.
        open_paths: what anybody on this machine may have: it holds no data.
    """

    def __init__(self, app: ASGIApp, token: str, open_paths: Sequence[str]) -> None:
        self._app = app
        self._token = token
        self._open = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message['type'] == 'http.response.start':
                kept = [(name, value) for name, value in message['headers'] if name != b'server']
                message = {**message, 'headers': [*kept, *_SEALED]}
            await send(message)

        refusal = self._refusal(Request(scope))
        await (self._app if refusal is None else refusal)(scope, receive, sealed)

    def _refusal(self, request: Request) -> Response | None:
        if not asks_for_us(request.headers.get('host')):
            return _said(421, 'this server answers to the name of this machine only')
        if request.method not in ('GET', 'HEAD'):
            return _said(405, 'the dashboard only reads', {'Allow': 'GET, HEAD'})
        if request.url.path not in self._open and not allowed(request.headers.get('authorization'), self._token):
            return _said(401, 'the token is missing or wrong', {'WWW-Authenticate': 'Bearer'})
        return None


_SEALED = [(name.lower().encode(), value.encode()) for name, value in SEALED.items()]


def application(
    store: Store, token: str, *, budgets: Sequence[Budget] = (), alerts: Alerts | None = None, every: float = 60.0
) -> ASGIApp:
    """The dashboard of a store, as one tenant sees it.

    Args:
        store: what is shown.
        token: who has it may look.
        budgets: those of a policy, beside those that the store holds.
        alerts: looked for every so often, while the application runs.
        every: seconds between two looks.
    """

    def told() -> list[dict[str, Any]]:
        return [] if alerts is None else alerts.to_json()

    def live() -> dict[str, Any]:
        return {**views.live(store, budgets), 'alerts': told()}

    pulse = Pulse(store, live)

    def overview(_: Request) -> Any:
        return {**views.overview(store, budgets), 'alerts': told()}

    def sessions(request: Request) -> Any:
        return views.sessions(store, _moment(request.query_params.get('before')))

    def session(request: Request) -> Any:
        found = views.session(store, request.query_params.get('id', ''))
        if found is None:
            raise HTTPException(404, 'no such session')
        return found

    def found(request: Request) -> Any:
        return search(store, request.query_params.get('q', ''))

    async def stream(_: Request) -> Response:
        if pulse.viewers >= VIEWERS:
            raise HTTPException(503, 'too many look at once')
        return StreamingResponse(pulse.stream(), media_type='text/event-stream', headers={'X-Accel-Buffering': 'no'})

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        watching = None if alerts is None else asyncio.get_running_loop().create_task(_watch(alerts, every))
        try:
            yield
        finally:
            await pulse.close()
            if watching is not None:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching

    routes = [
        Route('/', _shell),
        Route('/api/overview', _json(overview)),
        Route('/api/agents', _json(lambda _: views.by_agent(store))),
        Route('/api/sessions', _json(sessions)),
        Route('/api/session', _json(session)),
        Route('/api/search', _json(found)),
        Route('/api/live', stream),
    ]
    app = Starlette(routes=routes, lifespan=running, exception_handlers={HTTPException: _refused})
    return Guard(app, token, ('/',))


async def _shell(_: Request) -> Response:
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(page(nonce), headers={'Content-Security-Policy': policy_with(nonce)})


def _json(view: View) -> Callable[[Request], Awaitable[Response]]:
    """An answer made in a thread, so that a slow store keeps nobody else waiting."""

    async def answer(request: Request) -> Response:
        try:
            value = await asyncio.to_thread(view, request)
        except StoreError as error:
            log.warning('the dashboard cannot read its store', exc_info=logged(error))
            return _said(503, 'the store cannot be read at the moment')
        return _written(200, value)

    return answer


async def _watch(alerts: Alerts, every: float) -> None:
    told = False
    while True:
        try:
            await asyncio.to_thread(alerts.look)
            told = False
        except StoreError as error:
            if not told:
                log.warning('alerts cannot be looked for: the store cannot be read', exc_info=logged(error))
            told = True
        await asyncio.sleep(every)


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _said(status, error.detail if isinstance(error, HTTPException) else 'failed')


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise HTTPException(400, 'before is a time in seconds since 1970') from None


def _said(status: int, error: str, headers: dict[str, str] | None = None) -> Response:
    return _written(status, {'error': error}, headers)


def _written(status: int, value: Any, headers: dict[str, str] | None = None) -> Response:
    # `<` never stands in it, whatever a browser takes the answer for.
    text = json.dumps(to_json(value), ensure_ascii=True).replace('<', '\\u003c').replace('>', '\\u003e')
    return Response(
        text, status, {**(headers or {}), 'Content-Security-Policy': "default-src 'none'"}, 'application/json'
    )
