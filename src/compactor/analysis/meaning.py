"""What a row of an export means: times, figures, money, and what tells it apart from others."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain

from compactor.analysis.cells import Odd, moment, money, whole
from compactor.analysis.header import Layout
from compactor.ledger.periods import zone_of

APART = ' · '
"""Between a region and what else tells rows apart."""
BETWEEN = '\x1f'
"""Between the texts of a label."""
LABEL = 100
"""Characters of a label that is kept as it is."""
DOLLARS = ('usd', '$', 'us$')
MINUTE = 60
LOOKED_AT = 200
"""So many rows are looked at to tell requests from periods."""

Row = tuple[str, str, int, int, int, int, int, int, int, int | str, str, str, int]
"""Model, region, start, seconds, requests, input, output, cache read and written, cost ('' for none); what else tells
it apart: texts, and figures that the mapping does not name; whether it is a request that is listed by itself."""


class Meaning:
    """Understands the rows of one file.

    Args:
        layout: of its rows.
        requests: each row is a request.
    """

    def __init__(self, layout: Layout, requests: bool = False) -> None:
        self.layout = layout
        self._requests = requests
        self._zone = zone_of(layout.columns.time_zone)
        self._zero = layout.columns.blank == 'zero'
        places = layout.places
        self._figures = [*chain.from_iterable(places.get(name, ()) for name in FIGURES), *places.get('cost', ())]

    def of(self, cells: Sequence[str], number: int) -> tuple[Row, str] | None:
        """A row, and what is odd about it though it can be counted; None for one that is not to be counted.

        Args:
            cells: of the row.
            number: which row it is; tells requests apart that nothing names.

        Raises:
            Odd: it cannot be counted; the message says why.
        """
        places, columns = self.layout.places, self.layout.columns
        for index, texts in self.layout.only.items():
            if cells[index].strip() not in texts:
                return None
        if self._zero and not any(cells[index].strip() for index in self._figures):
            return None  # a stretch of time in which nothing happened
        start = self._time(cells, 'start')
        lasts = self._time(cells, 'end') - start if 'end' in places and self._text(cells, 'end') else None
        if lasts is None:
            lasts = 0 if self._requests else columns.row_seconds
        if lasts < 0 or (lasts == 0 and not self._requests):
            raise Odd('it ends before it begins')
        input_, output = self._sum(cells, 'input'), self._sum(cells, 'output')
        requests = 1 if self._requests else self._sum(cells, 'requests')
        total = self._sum(cells, 'total') if 'total' in places else input_ + output
        doubt = f'the total is {total:,}, not {input_ + output:,}' if total != input_ + output else ''
        row: Row = (
            self._text(cells, 'model'),
            APART.join([self._text(cells, 'region'), *(cells[index].strip() for index in self.layout.apart)]),
            start,
            max(1, lasts),
            requests,
            input_,
            output,
            self._sum(cells, 'cache_read'),
            self._sum(cells, 'cache_write'),
            self._cost(cells),
            *self._labels(cells, number),
            int(self._requests),
        )
        return row, doubt

    def _labels(self, cells: Sequence[str], number: int) -> tuple[str, str]:
        """What tells rows of one time and model apart: texts that name something, and what else there is."""
        if 'id' in self.layout.places:
            name = self._text(cells, 'id')
            return name, '' if name else str(number)
        texts: list[str] = []
        others: list[str] = []
        for index in self.layout.rest:
            cell = cells[index].strip()
            if cell:
                (others if _is_number(cell) else texts).append(f'{self.layout.header[index].strip()}={cell}')
        return _short(BETWEEN.join(texts)), str(number) if self._requests else _short(BETWEEN.join(others))

    def _text(self, cells: Sequence[str], name: str) -> str:
        places = self.layout.places.get(name)
        return cells[places[0]].strip() if places else ''

    def _time(self, cells: Sequence[str], name: str) -> int:
        (index,) = self.layout.places[name]
        try:
            return moment(cells[index], self.layout.columns.time, self._zone)
        except Odd as error:
            raise self._about(error, cells, index) from None

    def _sum(self, cells: Sequence[str], name: str) -> int:
        found = 0
        for index in self.layout.places.get(name, ()):
            cell = cells[index]
            if self._zero and not cell.strip():
                continue
            try:
                found += whole(cell)
            except Odd as error:
                raise self._about(error, cells, index) from None
        return found

    def _cost(self, cells: Sequence[str]) -> int | str:
        amounts = []
        currency = self._text(cells, 'currency')
        if currency and currency.casefold() not in DOLLARS:
            raise self._about(Odd('is not dollars'), cells, self.layout.places['currency'][0])
        for index in self.layout.places.get('cost', ()):
            if cells[index].strip():
                try:
                    amounts.append(money(cells[index], self.layout.columns.cost_unit))
                except Odd as error:
                    raise self._about(error, cells, index) from None
        return sum(amounts) if amounts else ''

    def _about(self, error: Odd, cells: Sequence[str], index: int) -> Odd:
        cell = cells[index].strip()[:40]
        return Odd(f'{self.layout.header[index].strip()} {error}' + (f': {cell}' if cell else ''))


FIGURES = ('requests', 'input', 'output')


def are_requests(layout: Layout, rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row is a request: the mapping says so, or no column counts them and rows are none of a meter.

    What a meter counts begins and ends with a minute; requests do when they please.
    """
    columns = layout.columns
    if columns.rows != 'auto' or 'requests' in layout.places:
        return columns.rows == 'requests'
    zone = zone_of(columns.time_zone)
    for cells in rows[:LOOKED_AT]:
        for name in ('start', 'end'):
            for index in layout.places.get(name, ()):
                try:
                    if moment(cells[index], columns.time, zone) % MINUTE or _has_fraction(cells[index]):
                        return True
                except Odd:
                    continue
    return False


def _has_fraction(text: str) -> bool:
    """Whether a time has tenths of a second or less that are not 0."""
    fraction = text.strip().partition('.')[2]
    return any(letter in '123456789' for letter in fraction.partition('+')[0].partition('Z')[0])


def _short(label: str) -> str:
    """A label that may be whole texts, as a hash of them."""
    return label if len(label) <= LABEL else blake2b(label.encode('utf-8', 'replace'), digest_size=16).hexdigest()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
