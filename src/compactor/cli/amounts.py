"""Options that are amounts of tokens, and moments: read alike by every command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import typer

from compactor.errors import ConfigError
from compactor.ledger.amounts import number_of
from compactor.ledger.periods import zone_of


def tokens_from(least: int) -> Callable[[str], int]:
    """What reads a number of tokens of an option: 15000, 300k, 24M. It raises `typer.BadParameter`.

    Args:
        least: as many as it has to be.
    """

    def tokens(text: str) -> int:
        number = number_of(str(text))
        if number is None or number != number.to_integral_value():
            raise typer.BadParameter(f'{text!r} is no number of tokens such as 15000, 300k or 24M')
        if number < least:
            raise typer.BadParameter(f'{text} is less than {least}')
        return int(number)

    return tokens


def moment(text: str, time_zone: str) -> float:
    """A time in seconds since 1970; one that names no zone is of `time_zone`.

    Raises:
        ConfigError: it is none.
    """
    zone = zone_of(time_zone)
    now = datetime.now(zone)
    days = {'today': 0, 'yesterday': 1}.get(text.strip().lower())
    if days is not None:
        day = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=days)
        return day.replace(tzinfo=zone).timestamp()
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f'a time is 2026-01-29, 2026-01-29T16:34 or 2026-01-29T16:34Z, not {text!r}') from None
    return (read if read.tzinfo else read.replace(tzinfo=zone)).timestamp()
