"""Serves the dashboard with uvicorn: no log of requests, in which a token could stand, and an address for people."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from compactor.dashboard.guard import loopback
from compactor.errors import ConfigError

GRACE = 1
"""Seconds that streams have to end when the server does."""


def address(host: str, port: int, token: str) -> str:
    """The page's address; the token stands behind `#`, which browsers send nowhere."""
    name = f'[{host}]' if ':' in host else host
    return f'http://{name}:{port}/#token={token}'


def bound(host: str, port: int) -> socket.socket:
    """A socket on loopback.

    Args:
        host: this machine's own name or address.
        port: 0 for any that is free.

    Raises:
        ConfigError: the host is not loopback, or the port is taken.
    """
    loopback(host)
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigError(f'port {port} cannot be had: {error.strerror or error}; take another with --port') from None
    return made


def serve(app: ASGIApp, at: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until it is interrupted.

    Args:
        app: the application.
        at: where it listens.
        ready: called once it does.
    """
    config = uvicorn.Config(
        app,
        log_level='warning',
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, ready)
    with at:
        asyncio.run(server.serve([at]))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
