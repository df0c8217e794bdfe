"""Asks local servers with what window they serve a model: once a server and model, never for longer than `SECONDS`.

Only servers that run near by are asked, over the model's own HTTP client and with what it sends them anyway. What
public hosts give stands in the tables.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.models import infer_model

from compactor.adapters.pydantic_ai.models import identify, leaves
from compactor.bounded import Bounded
from compactor.capacity.served import FIRST, PATHS, Served, served
from compactor.locks import new_lock
from compactor.run.clock import monotonic
from compactor.run.model_name import ModelName

SECONDS = 1.0
"""How long the first request to a server may wait for what it tells; a local one answers within milliseconds."""
KEPT, UNSETTLED = 600.0, 15.0
"""Seconds for which an answer is believed: of a server that may load the model with another window, and of one that
has said nothing, the shorter."""
SERVERS = 64
"""Servers and models that are remembered."""
NEAR = ('.local', '.lan', '.internal', '.home', '.localhost')
"""Endings of names of hosts near by."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a server has told of one model of a run; `fresh` where it was only asked now."""

    name: ModelName
    served: Served
    fresh: bool


_answers: Bounded[tuple[str, str], tuple[float, Served | None]] = Bounded(SERVERS)
_lock = new_lock()


async def told_by_servers(model: Any) -> list[Told]:
    """What local servers say of the models that may answer; never raises, and waits for `SECONDS` at most."""
    found: list[Told] = []
    asking: list[tuple[Any, str, tuple[str, str]]] = []
    for one in leaves(model):
        root = root_of(one)
        if root is None:
            continue
        key = (root, str(getattr(one, 'model_name', '')))
        with _lock:
            known = _answers.get(key)
        if known is None or known[0] < monotonic():
            asking.append((one, root, key))
        elif known[1] is not None:
            found.append(Told(identify(one), known[1], fresh=False))
    if asking:
        answers = await asyncio.gather(*(_asked(one, root, key[1]) for one, root, key in asking))
        for (one, _, key), answer in zip(asking, answers, strict=True):
            kept = KEPT if answer is not None and answer.settled else UNSETTLED
            with _lock:
                _answers[key] = (monotonic() + kept, answer)
            if answer is not None:
                found.append(Told(identify(one), answer, fresh=True))
    return found


def server_of(name: str) -> tuple[str | None, Served | None]:
    """The root of the local server of a model by name, and what it tells; for use outside of an event loop.

    Neither where the model cannot be made, as without a key or a package.
    """
    try:
        model = infer_model(name)
    except Exception:  # noqa: BLE001 - that says nothing about a window
        return None, None
    told = asyncio.run(told_by_servers(model))
    return root_of(model), next((one.served for one in told), None)


def forget_servers() -> None:
    """Forgets what servers have told, so that they are asked again."""
    with _lock:
        for key in list(_answers):
            _answers.pop(key, None)


def root_of(model: Any) -> str | None:
    """The root of the local server that serves a model over OpenAI's API, without '/v1'; None if there is none."""
    client = _attribute(model, 'client')
    base = str(_attribute(client, 'base_url') or '')
    if not hasattr(_attribute(client, '_client'), 'aclose'):
        return None
    try:
        parts = urlsplit(base)
        near = parts.scheme in ('http', 'https') and is_near(parts.hostname or '')
    except ValueError:
        return None
    return base.rstrip('/').removesuffix('/v1') if near else None


def is_near(host: str) -> bool:
    """Whether a host is this machine or one of its own network, as far as its name tells."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and ('.' not in host or host.endswith(NEAR))
    return address.is_loopback or address.is_private or address.is_link_local


async def _asked(model: Any, root: str, name: str) -> Served | None:
    task = asyncio.ensure_future(_answer(model, root, name))
    done, _ = await asyncio.wait({task}, timeout=SECONDS)
    if not done:
        task.cancel()
        return None
    return task.result() if not task.cancelled() and task.exception() is None else None


async def _answer(model: Any, root: str, name: str) -> Served | None:
    client: Any = model.client
    # Asked once in a while: a connection that is kept open would outlive its event loop in the client's pool.
    http, headers = client._client, {**(_attribute(client, 'auth_headers') or {}), 'Connection': 'close'}

    async def body(method: str, path: str) -> tuple[str, object]:
        more = {'json': {'model': name}} if method == 'POST' else {}
        try:
            response = await http.request(method, root + path, headers=headers, timeout=SECONDS, **more)
            return path, response.json() if response.status_code == 200 else None
        except Exception:  # noqa: BLE001 - a server that does not tell is no error
            return path, None

    answers = dict([await body('GET', FIRST)])
    if answers[FIRST] is None:
        return None  # no such server, or one that tells nothing
    found = served(answers, name)
    if found is None or _has_props(answers[FIRST]):
        answers.update(await asyncio.gather(*(body(*one) for one in _further(found))))
        found = served(answers, name)
    return found


def _further(found: Served | None) -> Iterator[tuple[str, str]]:
    return (one for one in PATHS if found is None or one[1] == '/props')


def _has_props(listed: object) -> bool:
    """Whether it is llama.cpp, which says beside its list how many slots share the window."""
    return 'llamacpp' in str(listed)[:5_000]


def _attribute(one: Any, name: str) -> Any:
    try:
        return getattr(one, name, None)
    except Exception:  # noqa: BLE001 - some are made only when they are asked for, which may fail
        return None
