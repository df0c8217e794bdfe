"""A frozen station of a policy: its fields are checked, and what is wrong is said by field and remedy."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compactor.errors import ConfigError

Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class Station(BaseModel):
    """A frozen station; a bad value is a `ConfigError` that names the field and what it takes."""

    model_config = ConfigDict(extra='forbid', frozen=True, validate_default=True)

    def __init__(self, *wrong: object, **values: Any) -> None:
        if wrong:
            raise ConfigError(f'{type(self).__name__} takes fields by name ({_some(self)}), not {wrong[0]!r}')
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_explain(type(self), error)) from None


def _some(station: Station) -> str:
    return ', '.join(f'{name}=...' for name in list(type(station).model_fields)[:3])


@lru_cache(maxsize=256)  # exact fractions cost 4 us each, and every request asks for four
def share(whole: int, part: float) -> int:
    """`part` of `whole`, rounded down exactly: 0.3 of 50,000 is 15,000, whatever binary fractions make of 0.3."""
    fraction = Fraction(str(part))
    return whole * fraction.numerator // fraction.denominator


def _explain(model: type[BaseModel], error: ValidationError) -> str:
    """One line a problem: the field, what is wrong, and for an unknown field which ones exist."""
    lines = []
    for problem in error.errors():
        where = '.'.join(str(key) for key in problem['loc'])
        what = problem['msg'].removeprefix('Value error, ')
        if problem['type'] == 'extra_forbidden':
            what = f'unknown key; there are: {", ".join(model.model_fields)}'
        elif problem['type'] != 'value_error':
            what = f'{what}, got {problem["input"]!r}'
        lines.append(f'{where}: {what}' if where else what)
    return '; '.join(lines)
