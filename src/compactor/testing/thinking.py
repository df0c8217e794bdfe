"""Signed thinking: what the server seals when it hands a block out, and verifies when the block comes back.

A signature is opaque to the client. It seals the block's text, the conversation that led to it and the
thinking block before it, so that a later request can be checked without any memory of the earlier one.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_KEY = b'compactor.testing'  # The same in every server: a recorded history stays valid in the next test.

THINKING = {'thinking', 'redacted_thinking'}
"""The block types that carry a signature."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a genuine signature says: digests of the text, of all before it, of the thinking before it."""

    text: str
    prefix: str
    previous: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A thinking block where it stands now: its turn and place, and the digests that its seal should have."""

    turn: int
    place: int
    block: dict[str, Any]
    prefix: str
    previous: str


def sign(text: str, prefix: str, previous: str) -> str:
    """Seal a thinking text into the signature that is handed out with it."""
    payload = f'{digest(text)}.{prefix}.{previous}'
    return base64.b64encode(f'{payload}.{_mac(payload)}'.encode()).decode()


def unseal(signature: Any) -> Seal | None:
    """Open a signature; None if this server did not make it."""
    try:
        payload, _, mac = base64.b64decode(signature, validate=True).decode().rpartition('.')
        text, prefix, previous = payload.split('.')
    except (ValueError, TypeError):
        return None
    return Seal(text, prefix, previous) if hmac.compare_digest(mac, _mac(payload)) else None


def signature_of(block: dict[str, Any]) -> Any:
    """Return the sealed field of a thinking block: its signature, or a redacted block's data."""
    return block.get('data' if block['type'] == 'redacted_thinking' else 'signature')


def text_of(block: dict[str, Any]) -> str:
    """Return the sealed text of a thinking block; a redacted block shows none."""
    return '' if block['type'] == 'redacted_thinking' else str(block.get('thinking', ''))


def digest(text: str) -> str:
    """Digest a text, lone surrogates included."""
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]


def walk(body: dict[str, Any], turns: list[dict[str, Any]]) -> Iterator[Placed]:
    """Yield every thinking block of a request in order, then a last, empty one: where the answer will stand.

    A block's prefix is `system`, `tools` and every block before it. Deferred tools are no part of it (documented:
    platform.claude.com/docs/en/agents-and-tools/tool-use/tool-use-with-prompt-caching). Cache markers are left out,
    as they are not content; thinking is left out too, because it may be removed from the front (only a block left
    out *between* others is refused), and `previous` watches over the rest.
    """
    tools = [tool for tool in body.get('tools') or [] if not (isinstance(tool, dict) and tool.get('defer_loading'))]
    prefix = hashlib.sha256(_canonical([_blocks(body.get('system')), tools]))
    previous = ''
    for number, turn in enumerate(turns):
        prefix.update(f'|{turn["role"]}|'.encode())
        for place, block in enumerate(turn['content']):
            if block['type'] in THINKING:
                yield Placed(number, place, block, prefix.hexdigest()[:16], previous)
                previous = digest(str(signature_of(block)))
            else:
                prefix.update(_canonical(block))
    if not turns or turns[-1]['role'] != 'assistant':
        prefix.update(b'|assistant|')
    yield Placed(len(turns), 0, {}, prefix.hexdigest()[:16], previous)


def _blocks(system: Any) -> Any:
    return [{'type': 'text', 'text': system}] if isinstance(system, str) else system or []


def _canonical(value: Any) -> bytes:
    return json.dumps(_content(value), sort_keys=True).encode()


def _content(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _content(item) for key, item in value.items() if key != 'cache_control'}
    if isinstance(value, list):
        return [_content(item) for item in value]
    return value


def _mac(payload: str) -> str:
    return hmac.new(_KEY, payload.encode(), hashlib.sha256).hexdigest()[:16]
