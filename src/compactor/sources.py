"""Where a policy's values come from: presets, TOML files, the environment; and how one layer goes over another."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from compactor.errors import ConfigError


def presets() -> list[str]:
    """Names of the policies that come with the library."""
    return sorted(f.name.removesuffix('.toml') for f in _PRESETS.iterdir() if f.name.endswith('.toml'))


_PRESETS = resources.files('compactor') / 'presets'


@cache
def _preset_text(name: str) -> str:
    if name not in presets():
        raise ConfigError(f'there is no preset {name!r}; there are: {", ".join(presets())}')
    return (_PRESETS / f'{name}.toml').read_text('utf-8')


def preset(name: str) -> dict[str, Any]:
    """The values of a preset; `ConfigError` lists the names if there is no such."""
    return tomllib.loads(_preset_text(name))


def routing_presets() -> list[str]:
    """Names of the routing tables that come with the library."""
    return sorted(f.name.removesuffix('.toml') for f in _ROUTING.iterdir() if f.name.endswith('.toml'))


_ROUTING = _PRESETS / 'routing'


@cache
def _routing_text(name: str) -> str:
    if name not in routing_presets():
        raise ConfigError(f'there is no routing table {name!r}; there are: {", ".join(routing_presets())}')
    return (_ROUTING / f'{name}.toml').read_text('utf-8')


def routing_preset(name: str) -> dict[str, Any]:
    """The values of a routing table, with `about`: where they come from, and when they were read off."""
    return tomllib.loads(_routing_text(name))


def from_toml(path: Path) -> dict[str, Any]:
    """The values of a file; `ConfigError` says what is wrong with one that cannot be read."""
    try:
        return tomllib.loads(path.read_text('utf-8'))
    except OSError as error:
        raise ConfigError(f'cannot read the configuration file {path}: {error.strerror or error}') from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path} is not valid TOML: {error}') from None


def from_environment(
    variables: Mapping[str, str], stations: Mapping[str, type[BaseModel]]
) -> dict[str, dict[str, Any]]:
    """`COMPACTOR_HISTORY_MAX_EXCHANGES=4` -> {'history': {'max_exchanges': 4}}.

    Args:
        variables: the environment.
        stations: the model of each station, by name.

    Raises:
        ConfigError: a station has no such field, or there is none of a name but one much like it.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, text in variables.items():
        if not name.startswith(PREFIX):
            continue
        station, _, key = name.removeprefix(PREFIX).lower().partition('_')
        model = stations.get(station)
        if model is None:
            if key and (meant := get_close_matches(station, stations, n=1)):
                raise ConfigError(f'{name} is set, but there is no station {station!r}; did you mean {meant[0]!r}?')
            continue  # other programs, and other parts of this one, have variables of their own
        if key not in model.model_fields:
            raise ConfigError(f'{name} is set, but {station} has no {key!r}; it has: {", ".join(model.model_fields)}')
        found.setdefault(station, {})[key] = _parsed(text)
    return found


PREFIX = 'COMPACTOR_'
"""Begins the names of all variables of ours."""


def _parsed(text: str) -> Any:
    """A TOML value if it is one (numbers, true, ["a", "b"]), else the text itself."""
    try:
        return tomllib.loads(f'value = {text}')['value']
    except tomllib.TOMLDecodeError:
        return text


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two layers of stations merged field by field."""
    merged = dict(below)
    for station, values in above.items():
        under = merged.get(station)
        if isinstance(under, Mapping) and isinstance(values, Mapping):
            values = {**under, **values}
        merged[station] = values
    return merged
