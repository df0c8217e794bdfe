"""A row of a routing table as a user writes it: frozen, without unknown fields, its errors in one line."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from compactor.errors import ConfigError
from compactor.quoting import one_line

LONGEST = 80
"""Characters of a name that a line shows."""


class Row(BaseModel):
    """A frozen row; a bad value is a `ConfigError` that names the field."""

    model_config = ConfigDict(extra='forbid', frozen=True, validate_default=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = error.errors()[0]
            field = '.'.join(map(str, found['loc']))
            what = found['msg'].removeprefix('Value error, ')
            if found['type'] == 'extra_forbidden':
                what = f'unknown key; there are: {", ".join(type(self).model_fields)}'
            raise ConfigError(f'{field}: {what}' if field else what) from None


def shown(name: object) -> str:
    """A name from outside on one line: printable, not too long."""
    line = one_line(str(name)[: 2 * LONGEST])
    if not line.isprintable():
        line = ''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in line)
    return line if len(line) <= LONGEST else f'{line[: LONGEST - 1]}…'


def normal(name: str) -> str:
    """A workload or a task as tables compare it: lower case, one space or `_` as it comes, nothing around it."""
    return str(name).strip().lower()
