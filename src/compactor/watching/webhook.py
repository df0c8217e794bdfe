"""Sends an alert to an address, as JSON: names and figures only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from compactor.errors import CompactorError

MOST = 64 * 1024
"""Bytes of an answer that are read."""


class WebhookFailed(CompactorError):
    """A webhook did not take an alert; the message names its host and never its address, which may hold a secret."""


class _Nowhere(HTTPRedirectHandler):
    """Follows nothing: an alert goes to the address that was given, or nowhere."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""
        return


def post(url: str, payload: Mapping[str, Any], timeout: float) -> None:
    """Posts a payload.

    Args:
        url: an address that begins with `http://` or `https://`.
        payload: what is sent, as JSON.
        timeout: seconds for the connection, and for each piece of the answer.

    Raises:
        WebhookFailed: it cannot be reached, takes too long, or answers with another status than 2xx.
    """
    body = json.dumps(payload, ensure_ascii=True).encode()
    request = Request(url, body, {'Content-Type': 'application/json', 'User-Agent': 'compactor'}, method='POST')  # noqa: S310  policies.watch allows http and https only
    host = urlsplit(url).hostname or 'nowhere'
    try:
        with build_opener(_Nowhere).open(request, timeout=timeout) as answer:
            answer.read(MOST)
    except URLError as error:
        status = getattr(error, 'code', None)
        why = f'it answered {status}' if status is not None else type(error.reason).__name__
        raise WebhookFailed(f'the webhook at {host} did not take an alert: {why}') from None
    except (OSError, ValueError) as error:
        raise WebhookFailed(f'the webhook at {host} did not take an alert: {type(error).__name__}') from None
