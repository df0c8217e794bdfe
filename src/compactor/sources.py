"""Where a policy's values come from: presets, TOML files, the environment; and how one layer goes over another."""

from __future__ import annotations

import logging
import re
import sys
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_origin

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


AUTO = 'auto'
"""In the place of a preset's name: the one that suits the model."""
BY_MODEL = (('cerebras', 'cerebras'),)
"""What stands in a model's name, in whatever case and behind whatever provider, and the preset that then suits it."""


def settled(name: str, model: str | None) -> str:
    """A preset's name; for 'auto' the one that suits a model, 'default' where none does or the model is not known."""
    if name != AUTO:
        return name
    called = (model or '').lower()
    return next((found for word, found in BY_MODEL if word in called), 'default')


def preset(name: str) -> dict[str, Any]:
    """The values of a preset; `ConfigError` lists the names if there is no such."""
    if not isinstance(name, str):
        raise ConfigError(f'a preset is a name, such as {presets()[0]!r}, not {name!r}')
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


_PLANS = _PRESETS / 'plans'


def plan(name: str) -> dict[str, Any]:
    """The values of a list of multipliers, prices and windows, with `about`; `ConfigError` lists the names."""
    names = sorted(f.name.removesuffix('.toml') for f in _PLANS.iterdir() if f.name.endswith('.toml'))
    if name not in names:
        raise ConfigError(f'there is no plan {name!r}; there are: {", ".join(names)}')
    return tomllib.loads((_PLANS / f'{name}.toml').read_text('utf-8'))


_FRAMES = _PRESETS / 'frames'


@cache
def _frames_text(name: str) -> str:
    names = sorted(f.name.removesuffix('.toml') for f in _FRAMES.iterdir() if f.name.endswith('.toml'))
    if name not in names:
        raise ConfigError(f'there is no table of frames {name!r}; there are: {", ".join(names)}')
    return (_FRAMES / f'{name}.toml').read_text('utf-8')


def frames(name: str) -> dict[str, Any]:
    """The values of a table of frames, with `about`; `ConfigError` lists the names."""
    return tomllib.loads(_frames_text(name))


def from_toml(path: Path) -> dict[str, Any]:
    """The values of a file, `-` for standard input; `ConfigError` says what is wrong with one that cannot be read."""
    try:
        data = sys.stdin.buffer.read() if str(path) == STANDARD_INPUT else path.read_bytes()
        return _loaded(data.decode(encoding_of(data)))
    except OSError as error:
        raise ConfigError(f'cannot read the configuration file {path}: {error.strerror or error}') from None
    except ValueError as error:
        raise ConfigError(f'{path} is not valid TOML: {error}') from None
    except RecursionError:
        raise ConfigError(f'{path} is not valid TOML: it is nested too deeply') from None


STANDARD_INPUT = '-'
"""The name of what is piped in, wherever a file is read."""
MARKS = {b'\xff\xfe': 'utf-16', b'\xfe\xff': 'utf-16'}
"""How texts begin that editors and spreadsheets on Windows write, and their encodings."""


def encoding_of(data: bytes) -> str:
    """The encoding of a text by how it begins: UTF-8, with a mark of byte order or without, or UTF-16 with one."""
    return MARKS.get(data[:2], 'utf-8-sig')


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
        if name in READ_ELSEWHERE or name.removeprefix(PREFIX) in THEIRS:
            continue
        station, _, key = name.removeprefix(PREFIX).lower().partition('_')
        model = stations.get(station)
        if model is None:
            _unread(name, stations)
            continue
        if key not in model.model_fields:
            raise ConfigError(f'{name} is set, but {station} has no {key!r}; it has: {", ".join(model.model_fields)}')
        value = _parsed(text)
        many = get_origin(model.model_fields[key].annotation) in (tuple, frozenset, list)
        found.setdefault(station, {})[key] = _parted(value) if many and isinstance(value, str) else value
    return found


PREFIX = 'COMPACTOR_'
"""Begins the names of all variables of ours."""
NOTEBOOKS_AND_TESTS = ('COMPACTOR_CHARTS', 'COMPACTOR_EXPORTS', 'COMPACTOR_LEDGER', 'COMPACTOR_CORPUS')
READ_ELSEWHERE = (
    'COMPACTOR_CONFIG',
    'COMPACTOR_PRESET',
    'COMPACTOR_STORE',
    'COMPACTOR_KEY',
    'COMPACTOR_DASHBOARD_TOKEN',
    *NOTEBOOKS_AND_TESTS,
    'COMPACTOR_POSTGRES',
)
"""Variables that are no field of a station."""
THEIRS = (
    'DEFAULT_MODEL',
    'DEFAULT_BUDGET',
    'TOKEN_CACHE_SIZE',
    'ENABLE_ADVANCED_TOKENIZERS',
    'TOKEN_CACHE_TTL',
    'BATCH_SIZE',
    'CONCURRENT_LIMIT',
    'ENABLE_CAPSULES',
    'ENABLE_DEGRADATION',
    'ENABLE_OPTIMIZATION',
)
"""Variables of PAMPAX, which `foreign.pampax` reads or refuses under our prefix too."""
ARGUMENTS = (
    'mode',
    'persist',
    'summariser',
    'archive',
    'tenant',
    'on_event',
    'counter',
    'remember',
    'reducers',
    'logfire',
)
"""What is said to a `Compactor` and in no variable."""
logger = logging.getLogger('compactor')


def _unread(name: str, stations: Mapping[str, type[BaseModel]]) -> None:
    """Raises where it is plain what a variable that nothing reads was meant to be; logs a warning, once, where not."""
    rest = name.removeprefix(PREFIX).lower()
    station, _, key = rest.partition('_')
    if key and (meant := get_close_matches(station, stations, n=1)):
        raise ConfigError(f'{name} is set, but there is no station {station!r}; did you mean {meant[0]!r}?')
    homes = [one for one, model in stations.items() if rest in model.model_fields and rest != 'enabled']
    if homes:
        known = ' or '.join(f'{PREFIX}{home}_{rest}'.upper() for home in homes)
        raise ConfigError(f'{name} is set, but nothing reads it; it is {known}')
    if rest in ARGUMENTS:
        raise ConfigError(f'{name} is set, but nothing reads it; say it to the compactor: Compactor({rest}=...)')
    if name not in _told:
        _told.add(name)
        logger.warning('%s is set, but nothing reads it', name)


_told: set[str] = set()


def _parted(text: str) -> list[str]:
    """A list as people write it in a variable: names with commas between them."""
    return [part.strip() for part in text.split(',') if part.strip()]


def _parsed(text: str) -> Any:
    """A TOML value if it is one (numbers, true, ["a", "b"]), else the text itself."""
    try:
        return _loaded(f'value = {text}')['value']
    except (ValueError, RecursionError):
        return text


DEEPEST = 32
"""Names of tables one inside the other: the parser takes the square of their number, and no policy has more than 4."""
_NESTED = re.compile(r'[\w"\'\-]\s?\.')


def _loaded(text: str) -> dict[str, Any]:
    """The values of a TOML text; `ValueError` says what is wrong with one that has none."""
    for number, line in enumerate(text.split('\n'), 1):
        if line.count('.') > DEEPEST:
            keys = line.split('=')[:-1] if '=' in line else [line] if line.lstrip().startswith('[') else []
            if any(',' not in key and len(_NESTED.findall(key)) > DEEPEST for key in keys):
                raise ValueError(f'line {number} has a name of more than {DEEPEST} parts')
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError('it is nested too deeply') from None


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two layers of stations merged field by field."""
    merged = dict(below)
    for station, values in above.items():
        under = merged.get(station)
        if isinstance(under, Mapping) and isinstance(values, Mapping):
            values = {**under, **values}
        merged[station] = values
    return merged
