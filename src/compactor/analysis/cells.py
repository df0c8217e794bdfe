"""What the cells of an export say: whole numbers as people and spreadsheets write them, money, and moments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache

MOST = 10**15
"""A row with more tokens than this is a mistake; sums stay exact."""
GROUPED = re.compile(r"\d{1,3}(?:([,'’_ \u00a0\u2009\u202f])\d{3})(?:\1\d{3})*")
"""Digits in threes; a point is not among the separators, because 1.234 may be a little more than one."""
SPREADSHEET = re.compile(r'\d+(?:\.\d+)?(?:[eE]\+?\d{1,2})?', re.ASCII)
"""`12.0` and `1.5E+06` are whole numbers too; what a spreadsheet rounded shows where the total does not add up."""
EARLIEST, LATEST = 0, 4_102_444_800
"""Times from 1970 to 2100 are believed."""
MONEY = 12
"""Digits behind the point of a dollar that are kept: requests cost less than a millionth, and sums are to be exact."""
MOST_DOLLARS = 1_000_000
"""A row that cost more is a mistake; sums stay within what a database adds up."""
CURRENCY = re.compile(r'^(?:US\$|\$|USD)\s*|\s*(?:\$|USD)$', re.IGNORECASE)
EXACT = Context(prec=60)
MONTH = re.compile(r'\d{4}-\d{2}', re.ASCII)


class Odd(ValueError):
    """A cell that says nothing usable; the message says what it is not."""


def whole(text: str) -> int:
    """A whole number, thousands separated or not.

    Raises:
        Odd: it is none, negative, or beyond all reason.
    """
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        if GROUPED.fullmatch(text):
            text = ''.join(letter for letter in text if letter.isdigit())
        elif SPREADSHEET.fullmatch(text) and (number := Decimal(text)) == number.to_integral_value():
            text = f'{number:.0f}'
        else:
            raise Odd('is not a whole number' if text else 'is missing')
    if len(text) > len(str(MOST)) or int(text) > MOST:
        raise Odd('is too large to be true')
    return int(text)


def money(text: str, unit: str = 'usd') -> int:
    """An amount in millionths of a millionth of a dollar, the nearest; below 0 it is money that was given back.

    Args:
        text: the cell, with or without a currency sign and separators of thousands.
        unit: 'usd' or 'cents'.

    Raises:
        Odd: it is no amount, or beyond all reason.
    """
    said = CURRENCY.sub('', text.strip()).replace(',', '').replace('_', '')
    try:
        amount = Decimal(said)
    except InvalidOperation:
        raise Odd('is no amount of dollars' if text.strip() else 'is missing') from None
    if unit == 'cents':
        amount = amount.scaleb(-2, EXACT)
    if not amount.is_finite() or abs(amount) > MOST_DOLLARS:
        raise Odd('is no amount of dollars')
    return int(amount.scaleb(MONEY, EXACT).to_integral_value(ROUND_HALF_EVEN))


def moment(text: str, time: str, zone: tzinfo) -> int:
    """A time in seconds since 1970, fractions left off.

    Args:
        text: the cell.
        time: how times are written, see `Columns.time`.
        zone: of a time that names none.

    Raises:
        Odd: it is no time.
    """
    text = text.strip()
    if not text:
        raise Odd('is missing')
    found = _iso(text, zone) if time == 'iso' else _number(text, time)
    if found is None or not EARLIEST <= found < LATEST:
        raise Odd('is not a time')
    return found


@lru_cache(maxsize=1_024)
def _iso(text: str, zone: tzinfo) -> int | None:
    if MONTH.fullmatch(text):
        text += '-01'
    try:
        read = datetime.fromisoformat(text.removesuffix(' UTC').strip())
        return int((read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def _number(text: str, time: str) -> int | None:
    try:
        return int(float(text) // (1_000 if time == 'milliseconds' else 1))
    except (ValueError, OverflowError):
        return None
