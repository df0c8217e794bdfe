"""Every number a user can set: one frozen model per station, and where its values come from.

Order of precedence: argument > environment (`COMPACTOR_<STATION>_<FIELD>`) > file (TOML) > preset (TOML).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from compactor import sources
from compactor.errors import ConfigError
from compactor.foreign import files
from compactor.policies.archive import ArchivePolicy
from compactor.policies.capacity import CapacityPolicy
from compactor.policies.frames import FramesPolicy
from compactor.policies.history import ASSUMED_WINDOW, HistoryPolicy, Limits
from compactor.policies.ledger import LedgerPolicy
from compactor.policies.outputs import OutputsPolicy
from compactor.policies.routing import RoutingPolicy
from compactor.policies.station import Station, share
from compactor.policies.summary import SummaryPolicy
from compactor.policies.tasks import TaskPolicy
from compactor.policies.telemetry import TelemetryPolicy
from compactor.policies.tokens import TokenPolicy
from compactor.policies.watch import WatchPolicy

__all__ = [
    'ASSUMED_WINDOW',
    'ArchivePolicy',
    'CapacityPolicy',
    'FramesPolicy',
    'HistoryPolicy',
    'LedgerPolicy',
    'Limits',
    'OutputsPolicy',
    'Policy',
    'RoutingPolicy',
    'SummaryPolicy',
    'TaskPolicy',
    'TelemetryPolicy',
    'TokenPolicy',
    'WatchPolicy',
    'share',
]


class Policy(Station):
    """All stations. Every field may be left out."""

    history: HistoryPolicy = Field(default_factory=HistoryPolicy)
    outputs: OutputsPolicy = Field(default_factory=OutputsPolicy)
    tasks: TaskPolicy = Field(default_factory=TaskPolicy)
    frames: FramesPolicy = Field(default_factory=FramesPolicy)
    capacity: CapacityPolicy = Field(default_factory=CapacityPolicy)
    archive: ArchivePolicy = Field(default_factory=ArchivePolicy)
    tokens: TokenPolicy = Field(default_factory=TokenPolicy)
    summary: SummaryPolicy = Field(default_factory=SummaryPolicy)
    ledger: LedgerPolicy = Field(default_factory=LedgerPolicy)
    routing: RoutingPolicy = Field(default_factory=RoutingPolicy)
    telemetry: TelemetryPolicy = Field(default_factory=TelemetryPolicy)
    watch: WatchPolicy = Field(default_factory=WatchPolicy)

    @classmethod
    def preset(cls, name: str, model: str | None = None) -> Policy:
        """A policy that comes with the library, unchanged; `ConfigError` lists the names if there is no such.

        'auto' is the one that suits the `model`: `cerebras` where its name, or its provider's, holds that word.
        """
        return cls(**sources.preset(sources.settled(name, model)))

    @classmethod
    def from_limits(cls, limits: Mapping[str, Any]) -> Policy:
        """A policy from fields of several stations side by side, such as `max_exchanges` and `default_max_output`.

        Raises:
            ConfigError: no station has such a field, or more than one has.
        """
        stations: dict[str, Any] = {}
        fields = {name: field.default_factory for name, field in cls.model_fields.items()}
        for key, value in limits.items():
            homes = [name for name, station in fields.items() if key in getattr(station, 'model_fields', ())]
            if len(homes) != 1:
                raise ConfigError(f'{key!r} is a field of {" and ".join(homes) or "no station"}: say it by its station')
            stations.setdefault(homes[0], {})[key] = value
        return cls(**stations)

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        preset: str | None = None,
        model: str | None = None,
        environment: Mapping[str, str] | None = None,
        **stations: Mapping[str, Any],
    ) -> Policy:
        """A policy from all its sources, each over the next: `stations` > environment > file > preset.

        Args:
            path: a TOML file with a table per station (default: `COMPACTOR_CONFIG`, if set); its top-level key
                `preset` names the preset below it. Or a JSON file of another system (`compactor.foreign`).
            preset: the preset to start from (default: the file's, then `COMPACTOR_PRESET`, then `default`); 'auto' for
                the one that suits the model.
            model: its name, for 'auto'.
            environment: where to look for `COMPACTOR_*` (default: the process's environment).
            **stations: values by station, such as `history={'max_exchanges': 4}`.

        Raises:
            ConfigError: unreadable file, unknown key, bad value; the message names source and remedy.
        """
        values: dict[str, Any] = {}
        for _, layer in _layers(path, preset, model, environment, stations):
            values = sources.over(values, layer)
        return cls(**values)


def _layers(
    path: str | Path | None,
    preset: str | None,
    model: str | None,
    environment: Mapping[str, str] | None,
    stations: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where values come from, in words, and the values by station, each over those before; see `Policy.load`."""
    if not isinstance(path, str | Path | None):
        raise ConfigError(f'a policy is loaded from the path of a TOML file, not from {path!r}')
    variables = os.environ if environment is None else environment
    path = path or variables.get('COMPACTOR_CONFIG') or None
    file = _of_file(Path(path)) if path else {}
    named = file.pop('preset', None)
    named = sources.settled(preset or named or variables.get('COMPACTOR_PRESET') or 'default', model)
    models: dict[str, Any] = {name: field.annotation for name, field in Policy.model_fields.items()}
    yield f'preset {named}', sources.preset(named)
    yield str(path), file
    yield 'environment', files.of_environment(variables, sources.PREFIX)
    yield 'environment', sources.from_environment(variables, models)
    yield 'argument', stations


def origins(
    path: str | Path | None = None,
    *,
    preset: str | None = None,
    model: str | None = None,
    environment: Mapping[str, str] | None = None,
    **stations: Mapping[str, Any],
) -> list[tuple[str, str, Any, str]]:
    """Station, field, value in force and where it comes from ('default' if nobody set it), of a policy that is loaded.

    Args and errors are those of `Policy.load`.
    """
    layers = list(_layers(path, preset, model, environment, stations))
    values: dict[str, Any] = {}
    for _, layer in layers:
        values = sources.over(values, layer)
    policy = Policy(**values)
    found = []
    for name in Policy.model_fields:
        station = getattr(policy, name)
        for key in type(station).model_fields:
            set_by = [where for where, layer in layers if key in layer.get(name, ())]
            found.append((name, key, getattr(station, key), set_by[-1] if set_by else 'default'))
    return found


def _of_file(path: Path) -> dict[str, Any]:
    """The values of a TOML file, or of a JSON file of another system."""
    return files.values(path) if files.is_foreign(path) else sources.from_toml(path)
