"""Writes a value as JSON within a number of characters: what is small whole, what is large shortened in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from compactor.outputs.allowance import Allowance
from compactor.outputs.json_text.parts import Number, Pairs, dumped, uniform
from compactor.outputs.json_text.shares import poured
from compactor.outputs.json_text.worth import Worth

GAP = '…'
"""Key, or beginning of a text, that stands for what is missing."""
DEEPEST = 40
"""Levels below which nothing is shown."""
NOTE = 26
"""Characters that a note of missing elements takes."""
LEAST = 14
"""Characters for which a scalar can at least be begun."""
INSIDE = 48
"""Characters for which an object or an array can at least be begun, so that it says what it is."""
ELEMENT = 240
"""Characters that an element of an array is given before another one is shown, at least."""
MOST_ELEMENT = 1_000
"""Characters that an element is given at most before another one is shown."""
PARTS = 3
"""Large elements that an array's room is for."""
FIRST = 0.6
"""Share of the room that elements which tell of failures may take before the others."""
MOST_NAMES = 100
"""Missing keys beyond which their names are not said."""
NAMES = 300
"""Characters of the names of missing keys that are said."""
LONGEST_NUMBER = 40
"""Characters of a number that is always written as it is."""
TABULAR = 10
"""Objects with the same keys from which on rows under columns are tried."""


class JsonWriter:
    """Writes values within characters.

    Attributes:
        allowance: counts, and words the notes.
        cut: whether anything was left out since `begin`.
    """

    def __init__(
        self, allowance: Allowance, asks: Callable[[str], bool] | None = None, *, on_one_line: bool = False
    ) -> None:
        self.allowance = allowance
        self._worth = Worth(asks)
        self._comma = ',' if on_one_line else ',\n'
        self.cut = False
        self._chosen: dict[tuple[int, int], list[int]] = {}
        self._columns: dict[int, bool] = {}
        self._sizes: dict[int, tuple[int, bool]] = {}
        self._told: set[tuple[str, ...]] = set()

    def begin(self) -> None:
        """Forgets what the text written before said."""
        self.cut = False
        self._told.clear()

    def size(self, value: Any, cap: int, depth: int = 0) -> int:
        """Characters that a value takes as JSON, roughly; counting ends beyond `cap`."""
        if type(value) is str:
            return len(value) + 2 + (value.count('\n') + value.count('"') if len(value) <= cap else 0)
        if not isinstance(value, list):
            return len(value) if isinstance(value, Number) else len(str(value))
        if depth >= DEEPEST and value:
            return cap + 1
        known, whole = self._sizes.get(id(value), (0, False))
        if whole or known > cap:
            return known
        total = 2
        if isinstance(value, Pairs):
            for name, inner in value:
                total += len(name) + 4 + self.size(inner, cap - total, depth + 1)
                if total > cap:
                    break
        else:
            for inner in value:
                total += 1 + self.size(inner, cap - total, depth + 1)
                if total > cap:
                    break
        self._sizes[id(value)] = total, total <= cap
        return total

    def write(self, value: Any, room: int, note: str = '', depth: int = 0) -> str:
        """A value as JSON in about `room` characters, with a note of what is missing inside it if one is given."""
        if type(value) is str:
            return self._string(value, room, note)
        if not isinstance(value, list):
            return self._scalar(value, room)
        if not value:
            return '{}' if isinstance(value, Pairs) else '[]'
        if isinstance(value, Pairs):
            return self._object(value, room, note, depth)
        return self._array(value, room, note, depth)

    def shares(
        self, values: Sequence[Any], room: int, each: int, depth: int = 0, first: Iterable[int] = ()
    ) -> list[int]:
        """What each value may take: what it needs if that is little, else its part of what the small ones leave.

        The values at `first` get what they need before the others, up to a share of the room.
        """
        needs = [self.size(value, room, depth) + each for value in values]
        before = sorted(set(first))
        if not before or len(before) == len(values):
            return [share - each for share in poured(needs, room)]
        given = dict(zip(before, poured([needs[i] for i in before], int(room * FIRST)), strict=True))
        others = [i for i in range(len(values)) if i not in given]
        given |= dict(zip(others, poured([needs[i] for i in others], room - sum(given.values())), strict=True))
        return [given[i] - each for i in range(len(values))]

    def failing(self, items: Sequence[Any], chosen: Sequence[int]) -> list[int]:
        """Which of the chosen elements tell of a failure, by their place among them."""
        marked = set(self._worth.failing(items))
        return [n for n, i in enumerate(chosen) if i in marked]

    def chosen(self, items: Sequence[Any], room: int, saved: int = 0) -> list[int]:
        """The elements to show, in order: named and odd ones and the ends, then those at the beginning.

        `saved` is how many characters less each of them takes than as an object.
        """
        key = (id(items), room)
        if key in self._chosen:
            return self._chosen[key]
        ends = [0, len(items) - 1] if len(items) > 1 else [0]
        kept: dict[int, None] = {}
        left = room
        element = max(ELEMENT, min(MOST_ELEMENT, room // PARTS)) + saved
        first, others = (marked := self._worth.remarkable(items))[:2], marked[2:]
        order: Iterable[int] = [*first, *ends, *others, *range(len(items))]
        for i in order:
            if i in kept:
                continue
            left -= max(3, min(self.size(items[i], element), element) - saved) + 2
            if left < 0 and kept:
                break
            kept[i] = None
        return self._chosen.setdefault(key, sorted(kept))

    def _string(self, text: str, room: int, note: str) -> str:
        if len(text) <= max(LEAST, room * 1.3) and not note:
            whole = dumped(text)
            if len(whole) <= max(LEAST + 2, room * 1.3):
                return whole
        self.cut = True
        head = room - NOTE - 6 - len(note)
        if head < 8 and not note:
            return f'"{GAP} {len(text):,} chars"' if len(text) > LEAST else dumped(text)
        head = min(max(4, head), len(text))
        tail = head // 4 if head > 200 else 0
        middle = f'{GAP} {len(text) - head:,} more chars'
        if tail:
            middle += f' {GAP}{text[-tail:]}'
        return dumped(f'{text[: head - tail]}{middle}{note and " " + note}')

    def _scalar(self, value: Any, room: int) -> str:
        if value is None:
            return 'null'
        if isinstance(value, bool):
            return 'true' if value else 'false'
        text = str(value)
        if len(text) <= max(LONGEST_NUMBER, room):
            return text
        self.cut = True
        return f'"{GAP} a number of {len(text):,} characters"'

    def _object(self, pairs: Pairs, room: int, note: str, depth: int) -> str:
        if not note and self.size(pairs, room, depth) <= room:
            shown = [f'{dumped(key)}:{self.write(value, room, depth=depth + 1)}' for key, value in pairs]
            return '{' + (self._comma if depth == 0 else ',').join(shown) + '}'
        names = [dumped(key) for key, _ in pairs[: room // 4 + 2]]
        order = sorted(range(len(names)), key=lambda i: self._worth.of(pairs[i]))
        left = room - 2 - (len(note) + 8 if note else 0)
        kept: list[int] = []
        if depth < DEEPEST:
            for i in order:
                cost = len(names[i]) + 2 + self._least(pairs[i])
                if cost > left - (NOTE if len(kept) < len(pairs) - 1 else 0):
                    continue
                left -= cost
                kept.append(i)
        kept.sort()
        inner = left + sum(self._least(pairs[i]) for i in kept)
        shares = self._object_shares([pairs[i] for i in kept], inner, depth)
        shown = [
            f'{names[i]}:{self.write(pairs[i][1], share, depth=depth + 1)}'
            for i, share in zip(kept, shares, strict=True)
        ]
        missing = len(pairs) - len(kept)
        if missing:
            self.cut = True
            shown.append(f'"{GAP}":{dumped(self._missing(pairs, kept))}')
        if note:
            shown.append(f'"{GAP}":{dumped(note)}')
        return '{' + (self._comma if depth == 0 else ',').join(shown) + '}'

    def _missing(self, pairs: Pairs, kept: Sequence[int]) -> str:
        """How many keys are missing; the first time also which."""
        shown = set(kept)
        count = len(pairs) - len(kept)
        said = f'{count:,} {"more " if kept else ""}{_many("key", count)}'
        if count > MOST_NAMES:
            return said
        names = tuple(name for i, (name, _) in enumerate(pairs) if i not in shown)
        if names in self._told or sum(map(len, names)) > NAMES:
            return said
        self._told.add(names)
        return f'{said}: {", ".join(names)}'

    def _least(self, pair: tuple[str, Any]) -> int:
        value = pair[1]
        if isinstance(value, list):
            return min(INSIDE, self.size(value, INSIDE))
        return min(LEAST, len(value) + 2) if type(value) is str else len(str(value))

    def _object_shares(self, pairs: Sequence[tuple[str, Any]], room: int, depth: int) -> list[int]:
        """Filler gets no more than its least, what speaks of failures and of the question up to half of all first."""
        values = [value for _, value in pairs]
        needs = [self.size(value, room, depth + 1) for value in values]
        if sum(needs) <= room:
            return needs
        ranks = [self._worth.of(pair) for pair in pairs]
        shares = [min(need, self._least(pair)) for need, pair in zip(needs, pairs, strict=True)]
        left = room - sum(shares)
        for wanted, part in (((0,), 0.5), ((0, 1), 0.6), ((0, 1, 2), 1.0)):
            group = [i for i, rank in enumerate(ranks) if rank in wanted]
            given = poured([needs[i] - shares[i] for i in group], int(left * part))
            for i, more in zip(group, given, strict=True):
                shares[i] += more
            left -= sum(given)
        return shares

    def _array(self, items: list[Any], room: int, note: str, depth: int) -> str:
        whole = not note and self.size(items, room, depth) <= room
        room -= 2 + (len(note) + 4 if note else 0)
        if whole:
            chosen = list(range(len(items)))
        elif depth >= DEEPEST or room < LEAST:
            self.cut = True
            return f'["{GAP} {len(items):,} {_many("item", len(items))}"{note and "," + dumped(note)}]'
        else:
            chosen = self.chosen(items, room - NOTE)
        if len(items) >= TABULAR and len(chosen) > 2 and (keys := self._columns_of(items)) is not None:
            return self._rows(items, keys, room, note, depth)
        objects = all(isinstance(items[i], list) for i in chosen)
        lines = self._elements(items, chosen, room, depth, 'item')
        if note:
            lines.append(dumped(note))
        return '[' + (self._comma if objects and depth < 4 else ',').join(lines) + ']'

    def _rows(self, items: list[Any], keys: list[str], room: int, note: str, depth: int) -> str:
        """Objects with the same keys as rows under columns: `{"columns":["a","b"],"rows":[[1,2],[3,4]]}`."""
        head = '{"columns":[' + ','.join(map(dumped, keys)) + '],"rows":['
        room -= len(head) + 2
        saved = sum(len(key) + 3 for key in keys)
        chosen = self.chosen(items, room - NOTE, saved)
        lines = self._elements(items, chosen, room + saved * len(chosen), depth + 1, 'row')
        if note:
            lines.append(dumped(note))
        return head + self._comma.join(lines) + ']}'

    def _row(self, item: Pairs, room: int, depth: int) -> str:
        """The values of an object; each keeps its place."""
        names = sum(len(name) + 3 for name, _ in item)
        shares = self._object_shares(item, room - 2 - len(item) - names, depth)
        cells = [self.write(value, share, depth=depth + 1) for (_, value), share in zip(item, shares, strict=True)]
        return '[' + ','.join(cells) + ']'

    def _elements(self, items: Sequence[Any], chosen: list[int], room: int, depth: int, what: str) -> list[str]:
        """The chosen elements, with a note at each gap between them."""
        gaps = sum(1 for a, b in zip([-1, *chosen], [*chosen, len(items)], strict=True) if b > a + 1)
        first = self.failing(items, chosen)
        shares = self.shares([items[i] for i in chosen], room - gaps * NOTE, 1, depth + 1, first)
        lines: list[str] = []
        before = -1
        for i, share in zip([*chosen, len(items)], [*shares, 0], strict=True):
            if i > before + 1:
                self.cut = True
                lines.append(f'"{GAP} {i - before - 1:,} more {_many(what, i - before - 1)}"')
            if i < len(items):
                write = self._row if what == 'row' else self.write
                lines.append(write(items[i], share, depth=depth + 1))
            before = i
        return lines

    def _columns_of(self, items: list[Any]) -> list[str] | None:
        """The keys that all elements share, if rows under columns are measured smaller than objects."""
        first = items[0]
        if not isinstance(first, Pairs) or not first:
            return None
        key = id(items)
        if key not in self._columns:
            self._columns[key] = uniform(items) and self._smaller_as_rows(items)
        return [name for name, _ in first] if self._columns[key] else None

    def _smaller_as_rows(self, items: list[Any]) -> bool:
        """Measured in tokens on the first rows, with long values shortened as they will be."""
        probe = JsonWriter(self.allowance, on_one_line=True)
        sample = items[:6]
        objects = ',\n'.join(probe.write(item, ELEMENT * 2, depth=1) for item in sample)
        rows = ',\n'.join(probe._row(item, ELEMENT * 2, depth=1) for item in sample)
        head = dumped(str([name for name, _ in items[0]])) + '{"columns":,"rows":[]}'
        count = self.allowance.count
        return count(rows) * len(items) / len(sample) + count(head) < count(objects) * len(items) / len(sample)


def _many(what: str, count: int) -> str:
    return what if count == 1 else what + 's'
