"""What was read of somebody else's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compactor.errors import ConfigError


@dataclass(slots=True)
class Found:
    """What was read.

    Attributes:
        values: values of a policy by station and field.
        holds: keys whose value is what happens here anyway, and why.
        refused: keys that have no counterpart, or another one than was asked for, and why.
    """

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def put(self, station: str, key: str, value: Any) -> None:
        """Sets a field of a policy."""
        self.values.setdefault(station, {})[key] = value

    def fixed(self, name: str, value: object, wanted: object, why: str) -> None:
        """A setting that is what it is: as `wanted` it holds, anything else is refused."""
        (self.holds if value == wanted else self.refused)[name] = why

    def settled(self, what: str) -> dict[str, dict[str, Any]]:
        """The values; `ConfigError` names all that was refused at once."""
        if self.refused:
            told = '; '.join(f'{name}: {why}' for name, why in self.refused.items())
            raise ConfigError(f'{what} says what cannot be kept to, take it out: {told}')
        return self.values


def whole(value: object, name: str) -> int:
    """A positive whole number, as a number or as text; `ConfigError` names the key."""
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if isinstance(value, bool) or number <= 0:
        raise ConfigError(f'{name} is a positive whole number, not {value!r}')
    return number


def flag(value: object, name: str) -> bool:
    """True or false, as JSON or as text; `ConfigError` names the key."""
    found = {'true': True, 'false': False}.get(str(value).lower())
    if found is None:
        raise ConfigError(f'{name} is true or false, not {value!r}')
    return found


def table(value: object, name: str) -> Mapping[str, Any]:
    """An object of JSON; `ConfigError` names the key."""
    if not isinstance(value, Mapping):
        raise ConfigError(f'{name} is an object, not {value!r}')
    return value


def parsed(text: str, where: str) -> Mapping[str, Any]:
    """The object of a JSON text; a line of `//` before it says what the file is called, as documents write it."""
    lines = text.lstrip('\ufeff').splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith('//')):
        lines.pop(0)
    try:
        return table(json.loads('\n'.join(lines)), where)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'{where} is not valid JSON: {error}') from None
