"""Model name -> context window in tokens: what input and answer may hold together.

Looked up in this order: what the user says, the table below, `genai_prices` if it is installed, None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType

from compactor.tokens.families import LOOSE, normal_name
from compactor.tokens.window_hosts import ALIASES, HOSTS
from compactor.tokens.window_table import WINDOWS

UNKNOWN_WINDOWS: frozenset[str] = frozenset(
    (
        'crusoe:nvidia/Nemotron-3-Nano-Omni-Reasoning-30B-A3B',
        'crusoe:nvidia/nemotron-3.5-lightning-30b-a3b',
        'gateway/google-cloud:gemini-4-carbon',
        'gateway/google:gemini-4-carbon',
        'google-cloud:gemini-4-carbon',
        'google-decisions:gemini-decision-1',
        'google:gemini-4-carbon',
        'test',
    )
)
"""Names that pydantic-ai knows, and whose window nobody has published (December 2026): one is assumed, and told."""

NO_OVERRIDES: Mapping[str, int] = MappingProxyType({})


def context_window(model: str | None, overrides: Mapping[str, int] = NO_OVERRIDES) -> int | None:
    """Return the context window of a model in tokens, or None if nobody knows it.

    `overrides` maps model names, or patterns with `*` and `?`, to windows. A name that is equal to the
    model's goes before patterns; among patterns the first in the mapping's order decides. Case does not
    matter, and a model 'openai:gpt-4o' is also found as 'gpt-4o'.
    """
    if not model:
        return None
    stated = stated_window(model, overrides)
    return _documented(normal_name(model)) if stated is None else stated


def stated_window(model: str | None, overrides: Mapping[str, int]) -> int | None:
    """Return the window that `overrides` states for a model, or None; see `context_window`."""
    if not model or not overrides:
        return None
    name = normal_name(model)
    names = (name, re.split('[:/]', name, maxsplit=1)[-1])
    wanted = {normal_name(pattern): window for pattern, window in overrides.items()}
    for known in names:
        if known in wanted:
            return wanted[known]
    for pattern, window in wanted.items():
        if any(fnmatchcase(known, pattern) for known in names):
            return window
    return None


@lru_cache(maxsize=512)
def _documented(name: str) -> int | None:
    """Return the window of a normal name: the smaller of the table and its host's, else what `genai_prices` knows."""
    general = in_table(name)
    provider, model = _parted(name)
    hosts = (windows for host, windows in HOSTS.items() if host == provider or host.startswith(f'{provider}-'))
    at_host = min((windows[model] for windows in hosts if model in windows), default=None) if provider else None
    if general is not None and at_host is not None:
        return min(general, at_host)
    return general or at_host or _from_prices(provider, model)


def in_table(name: str) -> int | None:
    """Return what the table of windows says of a normal name, whoever hosts it."""
    return next((window for pattern, window in _PATTERNS if pattern.search(name)), None)


_PATTERNS = tuple((re.compile(LOOSE + f'(?:{pattern})'), window) for pattern, window in WINDOWS)


def _parted(name: str) -> tuple[str, str]:
    """A normal name's provider, as `genai_prices` calls it, and the rest; ('', name) where it names none."""
    provider, colon, model = name.partition(':')
    if not colon:
        return '', name
    if provider in _WRAPPERS:
        return _parted(model)
    provider = provider.removeprefix('gateway/')
    return ALIASES.get(provider, provider), model


_WRAPPERS = frozenset(('function', 'test'))
"""Providers of stand-ins, whose models are called what they stand in for."""


def _from_prices(provider: str, model: str) -> int | None:
    """Return the window that `genai_prices` knows, which takes 0.3 to 0.6 s to import, or None.

    With its provider, that provider's; without, or where it does not say, the smallest that any provider gives.
    """
    try:
        from genai_prices.data_snapshot import get_snapshot

        providers = get_snapshot().providers
        last = normal_name(model.rpartition('/')[2])
        windows: dict[bool, list[int]] = {True: [], False: []}
        for one in providers:
            host = normal_name(one.id)
            for known in one.models:
                window = known.context_window
                if window and normal_name(known.id) in (model, last):
                    windows[host == provider or host.startswith(f'{provider}-')].append(window)
        found = windows[True] or windows[False]
        if found:
            return min(found)
        # A name with a date or an alias, which only its own rules recognise.
        for reference, at in ((model, provider or None), (model, None), (last, None)):
            try:
                window = get_snapshot().find_provider_model(reference, None, at, None)[1].context_window
            except LookupError:
                continue
            if window:
                return int(window)
    except (ImportError, AttributeError, TypeError):
        # Not installed, or a version of the package that arranges its data in another way.
        return None
    return None
