"""Every number a user can set: one frozen model per station, and where its values come from.

Order of precedence: argument > environment (`COMPACTOR_<STATION>_<FIELD>`) > file (TOML) > preset (TOML).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from compactor import sources
from compactor.policies.archive import ArchivePolicy
from compactor.policies.capacity import CapacityPolicy
from compactor.policies.history import ASSUMED_WINDOW, HistoryPolicy, Limits
from compactor.policies.ledger import LedgerPolicy
from compactor.policies.outputs import OutputsPolicy
from compactor.policies.routing import RoutingPolicy
from compactor.policies.station import Station, share
from compactor.policies.summary import SummaryPolicy
from compactor.policies.tasks import TaskPolicy
from compactor.policies.telemetry import TelemetryPolicy
from compactor.policies.tokens import TokenPolicy

__all__ = [
    'ASSUMED_WINDOW',
    'ArchivePolicy',
    'CapacityPolicy',
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
    'share',
]


class Policy(Station):
    """All stations. Every field may be left out."""

    history: HistoryPolicy = Field(default_factory=HistoryPolicy)
    outputs: OutputsPolicy = Field(default_factory=OutputsPolicy)
    tasks: TaskPolicy = Field(default_factory=TaskPolicy)
    capacity: CapacityPolicy = Field(default_factory=CapacityPolicy)
    archive: ArchivePolicy = Field(default_factory=ArchivePolicy)
    tokens: TokenPolicy = Field(default_factory=TokenPolicy)
    summary: SummaryPolicy = Field(default_factory=SummaryPolicy)
    ledger: LedgerPolicy = Field(default_factory=LedgerPolicy)
    routing: RoutingPolicy = Field(default_factory=RoutingPolicy)
    telemetry: TelemetryPolicy = Field(default_factory=TelemetryPolicy)

    @classmethod
    def preset(cls, name: str) -> Policy:
        """A policy that comes with the library, unchanged; `ConfigError` lists the names if there is no such."""
        return cls(**sources.preset(name))

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        preset: str | None = None,
        environment: Mapping[str, str] | None = None,
        **stations: Mapping[str, Any],
    ) -> Policy:
        """A policy from all its sources, each over the next: `stations` > environment > file > preset.

        Args:
            path: a TOML file with a table per station (default: `COMPACTOR_CONFIG`, if set); its top-level key
                `preset` names the preset below it.
            preset: the preset to start from (default: the file's, then `COMPACTOR_PRESET`, then `default`).
            environment: where to look for `COMPACTOR_*` (default: the process's environment).
            **stations: values by station, such as `history={'max_exchanges': 4}`.

        Raises:
            ConfigError: unreadable file, unknown key, bad value; the message names source and remedy.
        """
        variables = os.environ if environment is None else environment
        path = path or variables.get('COMPACTOR_CONFIG') or None
        file = sources.from_toml(Path(path)) if path else {}
        named = file.pop('preset', None)
        values = sources.preset(preset or named or variables.get('COMPACTOR_PRESET') or 'default')
        models: dict[str, Any] = {name: field.annotation for name, field in cls.model_fields.items()}
        for layer in (file, sources.from_environment(variables, models), stations):
            values = sources.over(values, layer)
        return cls(**values)
