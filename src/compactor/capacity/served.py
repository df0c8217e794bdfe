"""The window that a server says it serves a model with, in what local servers answer; pure reading, of untrusted text.

A server's own word goes before any table: a model of 131,072 tokens is often served with 4,096.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FIRST = '/v1/models'
"""Asked first: most servers say enough there."""
PATHS: tuple[tuple[str, str], ...] = (
    ('GET', '/props'),  # llama.cpp: tools/server/README.md, recorded
    ('GET', '/api/ps'),  # Ollama: docs/api.md, "List running models"
    ('POST', '/api/show'),  # Ollama: docs/api.md, "Show model information"
    ('GET', '/api/v0/models'),  # LM Studio: "REST API v0"
    ('GET', '/info'),  # TGI: its OpenAPI description
)
"""Asked where that does not: method and path under the server's root."""
LISTED = ('loaded_context_length', 'max_model_len', 'context_length', 'context_window', 'max_context_length')
"""Keys of an entry of `/v1/models`: LM Studio; vLLM and SGLang; OpenRouter and Together; Groq; Mistral."""
OLLAMA_DEFAULT = 4_096
"""What Ollama serves a model with that says nothing else (its FAQ, "How can I specify the context window size?"); on
large graphics cards newer versions give more, which `/api/ps` tells once the model is loaded."""
LARGEST = 100_000_000
"""Tokens of no window."""

_NUM_CTX = re.compile(r'^\s*num_ctx\s+(\d{2,9})\s*$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Served:
    """What a server told.

    Attributes:
        window: tokens that one request and its answer may hold.
        slots: requests that it works on at once; None where it does not say.
        source: the path where it said so.
        settled: it may not change while the server runs; Ollama's does when it loads the model.
    """

    window: int
    slots: int | None
    source: str
    settled: bool = True


def served(answers: Mapping[str, object], model: str) -> Served | None:
    """What answers by path say about a model; None if nothing.

    Args:
        answers: parsed bodies by path.
        model: the model's name as the server is asked for it.
    """
    said = _at(answers.get('/props'), 'total_slots')
    slots = said if isinstance(said, int) and not isinstance(said, bool) and 0 < said <= 10_000 else None
    found = _number(_at(answers.get('/props'), 'default_generation_settings', 'n_ctx'))
    if found is not None:
        return Served(found, slots, '/props')
    for entry in _entries(answers.get('/api/ps'), model, ('models',)):
        found = _number(_at(entry, 'context_length'))
        if found is not None:
            return Served(found, slots, '/api/ps')
    for path in ('/api/v0/models', FIRST):
        for entry in _entries(answers.get(path), model, ('data', 'models')):
            sizes = (_number(_at(entry, 'meta', 'n_ctx')), *(_number(_at(entry, key)) for key in LISTED))
            found = next((size for size in sizes if size is not None), None)
            if found is not None:
                return Served(found, slots, path)
    found = _number(_at(answers.get('/info'), 'max_total_tokens'))
    return Served(found, slots, '/info') if found is not None else _shown(answers.get('/api/show'))


def _shown(answer: object) -> Served | None:
    """What Ollama shows of a model that may not be loaded."""
    parameters = _at(answer, 'parameters')
    stated = _NUM_CTX.search(parameters[:10_000]) if isinstance(parameters, str) else None
    if stated is not None and (found := _number(int(stated[1]))) is not None:
        return Served(found, None, '/api/show')
    about = _at(answer, 'model_info')
    if not isinstance(about, Mapping):
        return None
    sizes = [_number(value) for key, value in about.items() if str(key).endswith('.context_length')]
    known = [size for size in sizes if size is not None]
    return Served(min(OLLAMA_DEFAULT, *known), None, '/api/show', settled=False) if known else None


def _entries(answer: object, model: str, keys: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """The entries of a list for a model; the only one there is, whatever it is called."""
    found: list[Mapping[str, Any]] = []
    for key in keys:
        listed = _at(answer, key)
        if isinstance(listed, list):
            found += [entry for entry in listed[:1_000] if isinstance(entry, Mapping)]
    named = [entry for entry in found if model in _names(entry)]
    ids = {str(_at(entry, 'id') or _at(entry, 'model') or _at(entry, 'name')) for entry in found}
    yield from named or (found if len(ids) == 1 else ())


def _names(entry: Mapping[str, Any]) -> set[str]:
    named = {str(entry[key]) for key in ('id', 'model', 'name') if isinstance(entry.get(key), str)}
    aliases = entry.get('aliases')
    named |= {one for one in aliases if isinstance(one, str)} if isinstance(aliases, list) else set()
    return named | {name.removesuffix(':latest') for name in named}


def _at(found: object, *keys: str) -> object:
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _number(found: object) -> int | None:
    plain = isinstance(found, int) and not isinstance(found, bool)
    return found if plain and isinstance(found, int) and 64 <= found <= LARGEST else None
