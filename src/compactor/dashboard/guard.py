"""Who may look: only programs of this machine, only with the token, only from pages of our own."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from compactor.errors import ConfigError

LOCAL = 'localhost'
SHORTEST_TOKEN = 16
"""Characters that a token of one's own has at least."""

SEALED: Mapping[str, str] = {
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
}
"""Headers of every answer."""


def policy_with(nonce: str) -> str:
    """The content security policy of the page: its own script and style by a nonce, its own data, nothing else."""
    allowed = {
        'default-src': "'none'",
        'script-src': f"'nonce-{nonce}'",
        'style-src': f"'nonce-{nonce}'",
        'connect-src': "'self'",
        'img-src': 'data:',
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
    }
    return '; '.join(f'{name} {value}' for name, value in allowed.items())


def loopback(host: str) -> str:
    """The host, if it is this machine's own and nobody else reaches it.

    Raises:
        ConfigError: it is not.
    """
    if not is_loopback(host):
        raise ConfigError(
            f'the dashboard is served on loopback only, such as 127.0.0.1, not {host!r}: to look from elsewhere,'
            ' forward the port (ssh -L)'
        )
    return host


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    if host.lower() == LOCAL:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def asks_for_us(header: str | None) -> bool:
    """Whether the header `Host` names this machine: a page whose name was bound to our address names its own."""
    if not header or len(header) > 255:
        return False
    try:
        host = urlsplit(f'//{header}').hostname
    except ValueError:
        return False
    return host is not None and '@' not in header and is_loopback(host)


def token_of(text: str) -> str:
    """A token of one's own, if it is one.

    Raises:
        ConfigError: it is too short to be kept from guessing, or cannot stand in a header.
    """
    if len(text) < SHORTEST_TOKEN or not text.isascii() or not text.isprintable() or ' ' in text:
        raise ConfigError(f'a token of the dashboard has at least {SHORTEST_TOKEN} ASCII characters and no space')
    return text


def allowed(header: str | None, token: str) -> bool:
    """Whether the header `Authorization` has the token; compared in constant time."""
    kind, _, given = (header or '').partition(' ')
    same = hmac.compare_digest(given.strip().encode('utf-8', 'replace'), token.encode())
    return same and kind.lower() == 'bearer'
