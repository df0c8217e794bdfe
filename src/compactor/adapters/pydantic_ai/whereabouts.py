"""Where a model is asked, and as whom: endpoint, account, organisation and headers of every model that may answer.

Two models of one name are two where an answer may differ: another server, another account, another beta. The clients of
providers have no common interface, so their attributes are read by the names that all of them use; what is read goes
into a hash and nowhere else. What is no attribute of a client (a function that hands out keys) is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compactor.adapters.pydantic_ai.models import leaves

ADDRESSES = (
    'api_endpoint',
    'api_version',
    'azure_endpoint',
    'base_url',
    'endpoint_url',
    'location',
    'region',
    'region_name',
    'server_url',
    'vertexai',
    'websocket_base_url',
)
ACCOUNTS = (
    'access_key',
    'account',
    'admin_api_key',
    'api_key',
    'auth_token',
    'bill_to',
    'organization',
    'organization_id',
    'project',
    'project_id',
    'service_account_email',
    'tenant_id',
    'token',
    'workspace_id',
)
LASTING = tuple(name for name in ACCOUNTS if name not in ('access_key', 'token'))
"""What of an account stays where its tokens are renewed every hour."""
HEADERS = (
    '_custom_headers',
    '_custom_query',
    'custom_headers',
    'default_headers',
    'default_query',
    'headers',
    'params',
)
"""Under which names clients keep where they ask, as whom, and with which headers."""
INSIDE = (
    '_provider',
    '_client',
    'client',
    '_api_client',
    '_client_wrapper',
    '_http_options',
    '_request_signer',
    '_credentials',
    'http_options',
    'meta',
    'sdk_configuration',
    'security',
)
"""Under which names a model keeps its provider, that its client, and that the client within."""
TRAVEL = frozenset(
    (
        'accept',
        'accept-encoding',
        'b3',
        'baggage',
        'connection',
        'content-length',
        'content-type',
        'date',
        'host',
        'idempotency-key',
        'request-id',
        'sentry-trace',
        'traceparent',
        'tracestate',
        'user-agent',
        'x-amzn-trace-id',
        'x-b3-sampled',
        'x-b3-spanid',
        'x-b3-traceid',
        'x-client-request-id',
        'x-cloud-trace-context',
        'x-correlation-id',
        'x-datadog-parent-id',
        'x-datadog-sampling-priority',
        'x-datadog-trace-id',
        'x-request-id',
        'x-trace-id',
    )
)
"""Headers that say how a request travels, or which one it is, and not what is asked by whom."""
CLIENTS = 64
"""Objects that are looked at: clients may hold each other."""


def whereabouts(model: Any) -> list[Any]:
    """For every model that may answer, what tells it from another of its name; plain values, in order."""
    return [[type(one).__qualname__, *_of(one)] for one in leaves(model)]


def headers(values: Any) -> dict[str, str]:
    """Headers by their names in lower case, without those that say how a request travels."""
    if not isinstance(values, Mapping):
        return {}
    said = {str(name).lower(): value for name, value in values.items()}
    return {
        name: _plain(value)
        for name, value in sorted(said.items())
        if name not in TRAVEL and not name.startswith('x-stainless-')
    }


def _of(model: Any) -> Iterator[Any]:
    yield _read(model, 'system')
    yield _read(model, 'model_name')
    for depth, one in enumerate(_within(model)):
        accounts = ACCOUNTS if not callable(_read(one, 'refresh')) else LASTING
        found = {name: _plain(value) for name in (*ADDRESSES, *accounts) if (value := _read(one, name)) is not None}
        said = {name: kept for name in HEADERS if (kept := headers(_read(one, name)))}
        if found or said:
            yield [depth, found, said]


def _within(model: Any) -> Iterable[Any]:
    """The model, its provider, and the clients within."""
    found: list[Any] = [model]
    for one in found:
        for name in INSIDE:
            inner = _read(one, name)
            if inner is None or isinstance(inner, str | bytes | int | float | Mapping) or callable(inner):
                continue
            if len(found) < CLIENTS and not any(inner is each for each in found):
                found.append(inner)
    return found


def _read(one: Any, name: str) -> Any:
    try:
        return getattr(one, name, None)
    except Exception:  # noqa: BLE001 - a property of somebody else's client; what it cannot say tells nothing apart
        return None


def _plain(value: Any) -> str:
    """A value as text: a secret's own, of a function or a sentinel its name, for its address differs each time."""
    told = getattr(value, 'get_secret_value', None)
    if callable(told):
        value = told()
    if callable(value):
        return f'{getattr(value, "__module__", "")}.{getattr(value, "__qualname__", type(value).__qualname__)}'
    if isinstance(value, str | bytes | int | float):
        return str(value)
    kind: Any = type(value)
    tells = kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__
    return str(value) if tells else kind.__qualname__
