"""Amounts as people write them: 24M, 300k, 1.5M, 24,000,000."""

from __future__ import annotations

import re
from decimal import Decimal

from compactor.errors import ConfigError

AMOUNT = re.compile(r'(\d[\d,_]*(?:\.\d+)?)\s*([kmb]?)', re.IGNORECASE)
TIMES = {'': 1, 'k': 1_000, 'm': 1_000_000, 'b': 1_000_000_000}


def number_of(text: str) -> Decimal | None:
    """The number that an amount is; None where it is none."""
    found = AMOUNT.fullmatch(text.strip())
    return None if found is None else Decimal(re.sub('[,_]', '', found[1])) * TIMES[found[2].lower()]


def whole_number(text: str, what: str) -> int:
    """A number of tokens, 1 or more.

    Args:
        text: as somebody wrote it.
        what: what it is, for the message.

    Raises:
        ConfigError: it is none.
    """
    number = number_of(text)
    if not number or number != number.to_integral_value():
        raise ConfigError(f'{what} is a number of tokens such as 15000, 300k or 24M, not {text!r}')
    return int(number)
