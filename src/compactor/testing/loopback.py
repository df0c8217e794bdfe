"""HTTP on the loopback interface: requests in as bytes, answers out."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: its status, its body in bytes, and its headers beside `content-length`."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Route: TypeAlias = Callable[[bytes], Answer]
"""Answers the requests to one path."""


def as_json(status: int, data: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Wrap a JSON object, with further headers if given."""
    return Answer(status, json.dumps(data).encode(), {'content-type': 'application/json', **(headers or {})})


def as_events(events: Iterable[str]) -> Answer:
    """Wrap server-sent events. They leave in one piece: a client parses them as it would a slow stream."""
    return Answer(200, ''.join(events).encode(), {'content-type': 'text/event-stream'})


def with_headers(answer: Answer, headers: Mapping[str, str]) -> Answer:
    """Add headers to an answer; its own stay."""
    return replace(answer, headers={**headers, **answer.headers})


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread of its own."""

    request_queue_size = 128  # Clients that connect all at once; one too many would try again after a whole second.

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is no error of the server; any other is printed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Hands the body of a POST, or of a GET nothing, to the route of its path; all else is 404."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # Headers and body leave as two writes; Nagle would hold the second back.

    def __init__(self, routes: Mapping[str, Route], told: Mapping[str, Route], *args: Any) -> None:
        self._routes = routes
        self._told = told
        super().__init__(*args)

    def do_POST(self) -> None:
        """Answer a POST."""
        length = self.headers.get('content-length', '')
        raw = self.rfile.read(int(length)) if length.isdecimal() else b''
        route = self._routes.get(urlsplit(self.path).path)
        self._send(route(raw) if route else as_json(404, {'error': {'message': f'no such path: {self.path}'}}))

    def do_GET(self) -> None:
        """Answer a GET: servers that tell of themselves are asked so."""
        route = self._told.get(urlsplit(self.path).path)
        self._send(route(b'') if route else as_json(404, {'error': {'message': f'no such path: {self.path}'}}))

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: a test reads `StrictProvider.requests`."""

    def _send(self, answer: Answer) -> None:
        if 'date' in answer.headers:  # A provider with a clock of its own.
            self.send_response_only(answer.status)
        else:
            self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header('content-length', str(len(answer.content)))
        with suppress(ConnectionError):  # A client that has stopped waiting.
            self.end_headers()
            self.wfile.write(answer.content)
