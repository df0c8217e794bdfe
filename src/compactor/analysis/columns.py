"""Where an export keeps what: the columns of Cerebras' per-minute export, or a mapping of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import field_validator

from compactor.errors import ConfigError
from compactor.ledger.periods import zone_of
from compactor.policies.station import Positive, Station
from compactor.sources import from_toml


class Columns(Station):
    """Names of an export's columns. Capitals, spaces and underscores in them do not matter. The defaults are Cerebras'.

    Attributes:
        start: when a row begins.
        end: when it ends; '' where there is no such column, and each row lasts `row_seconds`.
        requests: how many requests it counts; '' where they are not counted.
        input: tokens sent.
        output: tokens received.
        total: their sum, by which rows are checked; '' where there is none.
        model: whose tokens they are; '' where one export is of one model.
        region: where they were spent; '' where that is not told.
        apart: further columns that tell rows of the same minute apart, such as an API key's name.
        time: what times are written as: 'iso' text, or seconds or milliseconds since 1970.
        time_zone: of times that name none.
        row_seconds: how long a row lasts where `end` is ''.
    """

    start: str = 'Time Start'
    end: str = 'Time End'
    requests: str = 'Requests'
    input: str = 'Input Tokens'
    output: str = 'Output Tokens'
    total: str = 'Total Tokens'
    model: str = 'Model ID'
    region: str = 'Region ID'
    apart: tuple[str, ...] = ()
    time: Literal['iso', 'seconds', 'milliseconds'] = 'iso'
    time_zone: str = 'UTC'
    row_seconds: Positive = 60

    @field_validator('time_zone')
    @classmethod
    def _known(cls, name: str) -> str:
        zone_of(name)
        return name

    @classmethod
    def load(cls, path: Path) -> Columns:
        """A mapping from a TOML file; a column that it does not name is not in the export.

        Raises:
            ConfigError: the file is no TOML, names something else, or leaves out what no export can be without.
        """
        given = from_toml(path)
        missing = [name for name in ('start', 'input', 'output') if not given.get(name)]
        if missing:
            raise ConfigError(f'{path} does not say which column is {", ".join(missing)}: start = "Time Start"')
        none = dict.fromkeys(('end', 'requests', 'total', 'model', 'region'), '')
        try:
            return cls(**{**none, **given})
        except ConfigError as error:
            raise ConfigError(f'{path}: {error}') from None


CEREBRAS = Columns()
"""The per-minute export of Cerebras' console."""
