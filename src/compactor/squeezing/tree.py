"""A value as a tree that keeps what JSON readers lose, and back: literals of numbers, repeated keys, order.

A node is None, a bool, a `Number` (its literal), a str, a list of nodes, or `Pairs` (keys and nodes, in order).
"""

from __future__ import annotations

import math
from typing import Any

from compactor.errors import ConfigError
from compactor.outputs.json_text.parts import Number, Pairs, dumped

DEEPEST = 100
"""Levels of a value; what is deeper is refused, as readers of JSON have limits of their own."""
MOST = 2_000_000
"""Nodes of a value, repetitions counted: neither what is squeezed nor what comes out again may have more."""
NOT_FINITE = {'NaN': math.nan, 'Infinity': math.inf, '-Infinity': -math.inf}


class Counting:
    """Counts nodes up to `MOST`."""

    def __init__(self) -> None:
        self.nodes = 0

    def add(self, nodes: int) -> None:
        """Counts so many more.

        Raises:
            ConfigError: these are too many.
        """
        self.nodes += nodes
        if self.nodes > MOST:
            raise ConfigError(f'a value of more than {MOST:,} parts: squeeze its parts one by one')


def tree_of(value: Any) -> Any:
    """A value as a tree.

    Raises:
        ConfigError: it holds what JSON cannot say exactly (a tuple, a set, bytes, an object, a key that is no string, a
            class derived from a plain one), is deeper than `DEEPEST` or has more than `MOST` parts.
    """
    return _tree(value, 0, Counting())


def _tree(value: Any, depth: int, counting: Counting) -> Any:
    counting.add(1)
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int or kind is float:
        return _literal(value)
    if depth >= DEEPEST:
        raise too_deep()
    if kind is list:
        return [_tree(item, depth + 1, counting) for item in value]
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise ConfigError(f'a key is {type(key).__name__}, not str: it would come back as another; make it one')
        return Pairs((key, _tree(item, depth + 1, counting)) for key, item in value.items())
    raise ConfigError(
        f'{kind.__module__}.{kind.__qualname__} would not come back as it went in: hand in dicts with keys of str,'
        ' lists, str, int, float, bool and None'
    )


def _literal(value: Any) -> Number:
    if isinstance(value, float):
        if math.isfinite(value):
            return Number(repr(value))
        return Number('NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity')
    try:
        return Number(value)
    except ValueError:
        raise ConfigError('an integer has more digits than Python writes: hand it in as a string') from None


def value_of(node: Any) -> Any:
    """The value that a tree stands for; of repeated keys the last counts."""
    if type(node) is Number:
        if node in NOT_FINITE:
            return NOT_FINITE[node]
        try:
            return float(node) if any(c in node for c in '.eE') else int(node)
        except ValueError:
            raise ConfigError('an integer has more digits than Python reads') from None
    if type(node) is Pairs:
        return {key: value_of(item) for key, item in node}
    if type(node) is list:
        return [value_of(item) for item in node]
    return node


def too_deep() -> ConfigError:
    """What is said of a value that is too deep."""
    return ConfigError(f'a value of more than {DEEPEST} levels: squeeze its parts one by one')


def scalar(node: Any) -> str:
    """A scalar as JSON."""
    if type(node) is str:
        return dumped(node)
    if type(node) is Number:
        return str(node)
    return 'null' if node is None else 'true' if node else 'false'


class Shapes:
    """Gives equal parts of a tree equal numbers; what has the same number is the same, down to the order of keys.

    Attributes:
        sizes: about the characters of a part as JSON, by its number.
    """

    def __init__(self, root: Any) -> None:
        self.sizes: list[int] = []
        self._numbers: dict[object, int] = {}
        self._known: dict[int, int] = {}
        self._root = root  # as long as it lives, identities stay what they are
        self.of(root)

    def of(self, node: Any) -> int:
        """The number of a part."""
        kind = type(node)
        if kind is list or kind is Pairs:
            known = self._known.get(id(node))
            if known is None:
                known = self._known[id(node)] = self._container(node, kind)
            return known
        return self._number((kind, node), len(node) + 2 if isinstance(node, str) else 4)

    def _container(self, node: Any, kind: type) -> int:
        if kind is Pairs:
            named = tuple((key, self.of(item)) for key, item in node)
            return self._number((kind, named), 2 + sum(len(key) + 4 + self.sizes[number] for key, number in named))
        items = tuple(map(self.of, node))
        return self._number((kind, items), 2 + sum(self.sizes[number] + 1 for number in items))

    def _number(self, key: object, size: int) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.sizes)
            self.sizes.append(size)
        return number
