"""Between an entry and its row in a store: what no database takes is made harmless or refused, money is whole."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from compactor.errors import ConfigError
from compactor.ledger.billing import Billing
from compactor.ledger.context import Context
from compactor.ledger.entry import Entry
from compactor.ledger.figures import DIMENSIONS
from compactor.ledger.prices import dollars, nano
from compactor.ledger.reacquired import Reacquired
from compactor.secrets.redact import redact

if TYPE_CHECKING:
    from sqlalchemy import Row

MOST_TOKENS = 10**12
"""More than any request has; the sums of a million such still fit into the database's numbers."""
TEXTS = (*DIMENSIONS, 'conversation', 'run', 'finish_reason', 'error')
"""The fields that come from outside and may hold what no database takes."""
COUNTS = (
    'input_tokens',
    'output_tokens',
    'cache_read_tokens',
    'cache_write_tokens',
    'saved_by_compaction',
    'saved_by_outputs',
    'saved_by_cache',
    'added_by_frames',
)


def storable(entry: Entry) -> Entry:
    """The entry with texts that every database takes, no secret in what a provider has said, and money in billionths.

    Raises:
        ConfigError: a figure of it is none.
    """
    if not math.isfinite(entry.at):
        raise ConfigError(f'an entry happened at a time in seconds since 1970, not {entry.at}')
    if entry.latency is not None and not math.isfinite(entry.latency):
        raise ConfigError(f'the latency of an entry is seconds or None, not {entry.latency}')
    for name in COUNTS:
        if abs(getattr(entry, name)) > MOST_TOKENS:
            raise ConfigError(f'{name} of an entry is a number of tokens, not {getattr(entry, name)}')
    if not all(math.isfinite(value) and abs(value) <= MOST_TOKENS for value in entry.billing.units.values()):
        raise ConfigError(f'what an entry is billed for are numbers, not {dict(entry.billing.units)}')
    cost = None if entry.cost is None else dollars(nano(entry.cost))
    texts: dict[str, Any] = {name: None if (said := getattr(entry, name)) is None else clean(said) for name in TEXTS}
    texts['error'] = None if entry.error is None else redact(texts['error'])
    again = tuple(replace(one, tool=clean(one.tool)) for one in entry.reacquired)
    return replace(entry, cost=cost, reacquired=again, **texts)


def clean(text: str) -> str:
    """A text without what no database takes: NUL and lone surrogates."""
    return text.replace('\0', '\N{REPLACEMENT CHARACTER}').encode('utf-8', 'replace').decode()


def row_of(entry: Entry) -> dict[str, Any]:
    """The columns of an entry."""
    plain = ('at', 'latency', 'streamed', 'cache_hit', 'estimated')
    values = {name: getattr(entry, name) for name in (*TEXTS, *COUNTS, *plain)}
    told = {'billing': _written(entry.billing), 'context': written_context(entry.context)}
    again = [[one.tool, one.way, one.tokens, one.times] for one in entry.reacquired]
    values['reacquired'] = json.dumps(again) if again else None
    return {**values, **told, 'cost': None if entry.cost is None else nano(entry.cost)}


def entry_of(row: Row[Any]) -> Entry:
    """The entry of a row."""
    values = {name: value for name, value in row._mapping.items() if name not in ('id', 'tenant')}
    cost, billing, context = values.pop('cost'), values.pop('billing'), values.pop('context')
    values['reacquired'] = reacquired_of(values['reacquired'])
    values['estimated'] = bool(values['estimated'])
    values['added_by_frames'] = values['added_by_frames'] or 0
    paid = None if cost is None else dollars(cost)
    return Entry(**values, billing=_read(billing), cost=paid, context=context_of(context))


def written_context(context: Context | None) -> str | None:
    """JSON of what a request was made of."""
    if context is None:
        return None
    said = {one.name: value for one in fields(context) if (value := getattr(context, one.name))}
    return json.dumps(said, default=dict)


def context_of(text: str | None) -> Context | None:
    """What stands in a row of it; None where that cannot be read, or only a newer version could."""
    try:
        found = json.loads(text) if text else None
        if found is None:
            return None
        parts = {str(name): int(tokens) for name, tokens in dict(found.get('parts', {})).items()}
        figures = [int(found.get(name, 0)) for name in ('tokens', 'window', 'before')]
        return Context(figures[0], figures[1], parts, figures[2], tuple(map(str, found.get('strategies', ()))))
    except (ValueError, TypeError, AttributeError):
        return None


def _written(billing: Billing) -> str | None:
    """JSON of what is not empty; None where all of it is."""
    said = {one.name: value for one in fields(billing) if (value := getattr(billing, one.name))}
    return json.dumps(said, default=dict, sort_keys=True) if said else None


def reacquired_of(text: str | None) -> tuple[Reacquired, ...]:
    """What stands in a row of what was got again."""
    return tuple(Reacquired(tool, way, tokens, times) for tool, way, tokens, times in json.loads(text or '[]'))


def _read(text: str | None) -> Billing:
    """What stands in a row; what only a newer version knows is left out."""
    found = json.loads(text) if text else {}
    return Billing(**{one.name: found[one.name] for one in fields(Billing) if one.name in found})
