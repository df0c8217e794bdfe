"""Where an export keeps what: the columns of a vendor's export (see `formats`), or a mapping of your own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, field_validator, model_validator

from compactor.errors import ConfigError
from compactor.ledger.periods import zone_of
from compactor.policies.station import Positive, Station
from compactor.sources import from_toml

SUMS = ('requests', 'input', 'output', 'total', 'cache_read', 'cache_write', 'cost')
"""The fields that may be the sum of several columns."""
TEXTS = ('start', 'end', 'model', 'region', 'id', 'currency')
"""The fields that are one column."""
PARTS = ('total', 'cache_read', 'cache_write')
"""Fields that are a sum or a part of others, and so may be of their columns."""


def _names(value: Any) -> Any:
    return ((value,) if value else ()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""One column or several, whose sum is meant; none where there is no such figure."""


class Columns(Station):
    """Names of an export's columns. Capitals, spaces and underscores in them do not matter. The defaults are Cerebras'.

    Columns of JSON are the names of its fields, those of objects in it with a point: `amount.value`. Columns that are
    not named here tell rows apart: rows of one time and model that differ in a text there are added, not merged.

    Attributes:
        start: when a row begins.
        end: when it ends; '' where there is no such column, and each row lasts `row_seconds`.
        requests: how many requests it counts; none where they are not counted.
        input: tokens sent, those read from and written to a provider's cache included.
        output: tokens received.
        total: their sum, by which rows are checked; none where there is none.
        cache_read: of the input, what the provider had cached.
        cache_write: of the input, what it cached.
        cost: dollars.
        currency: what costs are in; rows that say another one than dollars are left out and named.
        model: whose tokens they are; '' where one export is of one model.
        region: where they were spent; '' where that is not told.
        id: what names a row and no other: rows of one id are one row; '' where there is no such column.
        apart: columns that tell rows of the same minute apart and are shown with the region, such as an API key's name.
        only: rows count only where a column holds one of these texts.
        rows: what a row is: 'periods' a stretch of time with what was used in it, 'requests' one request. 'auto' takes
            rows for requests where no column counts them and some begin or end within a minute.
        blank: what an empty figure is: 'odd' leaves the row out and names it, 'zero' counts it as 0.
        time: what times are written as: 'iso' text, or seconds or milliseconds since 1970.
        time_zone: of times that name none.
        row_seconds: how long a row lasts where `end` is ''.
        cost_unit: what costs are in: 'usd', or 'cents'.
    """

    start: str = 'Time Start'
    end: str = 'Time End'
    requests: Names = ('Requests',)
    input: Names = ('Input Tokens',)
    output: Names = ('Output Tokens',)
    total: Names = ('Total Tokens',)
    cache_read: Names = ()
    cache_write: Names = ()
    cost: Names = ()
    currency: str = ''
    model: str = 'Model ID'
    region: str = 'Region ID'
    id: str = ''
    apart: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = {}
    rows: Literal['auto', 'periods', 'requests'] = 'auto'
    blank: Literal['odd', 'zero'] = 'odd'
    time: Literal['iso', 'seconds', 'milliseconds'] = 'iso'
    time_zone: str = 'UTC'
    row_seconds: Positive = 60
    cost_unit: Literal['usd', 'cents'] = 'usd'

    @field_validator('time_zone')
    @classmethod
    def _known(cls, name: str) -> str:
        zone_of(name)
        return name

    @model_validator(mode='after')
    def _one_meaning(self) -> Columns:
        seen: dict[str, str] = {}
        for field, names in self.named().items():
            if field in PARTS:
                continue
            for name in names:
                if same(name) in seen:
                    raise ValueError(f'the column {name!r} is named twice, as {seen[same(name)]} and as {field}')
                seen[same(name)] = field
        return self

    def named(self) -> dict[str, tuple[str, ...]]:
        """The columns of each field that has any."""
        texts = {field: _names(getattr(self, field)) for field in TEXTS}
        sums = {field: getattr(self, field) for field in SUMS}
        return {field: names for field, names in {**texts, **sums, 'apart': self.apart}.items() if names}

    @classmethod
    def of(cls, **given: Any) -> Columns:
        """A mapping in which a field that is not given has no column."""
        none: dict[str, Any] = dict.fromkeys(('end', 'requests', 'total', 'model', 'region'), '')
        return cls(**{'input': '', 'output': '', **none, **given})

    @classmethod
    def load(cls, path: Path) -> Columns:
        """A mapping from a TOML file; a column that it does not name is not in the export.

        Raises:
            ConfigError: the file is no TOML, names something else or one column twice, or leaves out what no export can
                be without.
        """
        given = from_toml(path)
        missing = [name for name in ('start', 'input', 'output') if not given.get(name)]
        if missing and not (given.get('start') and given.get('cost')):
            raise ConfigError(f'{path} does not say which column is {", ".join(missing)}: start = "Time Start"')
        try:
            return cls.of(**given)
        except ConfigError as error:
            raise ConfigError(f'{path}: {error}') from None


def same(name: str) -> str:
    """A column's name as it is compared: letters and digits, in small letters."""
    return ''.join(letter for letter in name.casefold() if letter.isalnum())


CEREBRAS = Columns()
"""The per-minute export of Cerebras' console."""
