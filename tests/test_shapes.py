"""Nothing that reads foreign text is worse than linear: twenty hostile shapes by every such function.

`python -m benchmarks.shapes` tries all shapes, up to ten million characters. Here the ratio of two processor times is
judged, the least of several calls each, so that a busy machine changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest


def module(name: str) -> Any:
    """A module of the benchmark, which is no part of the package and so not known to the type checker by this name."""
    return import_module(f'benchmarks.shapes.{name}')


clock, rooms, texts = map(module, ('clock', 'rooms', 'texts'))

SIZES = (8_192, 65_536)
BEST_OF = 5


@pytest.mark.sweep
@pytest.mark.parametrize('name', rooms.FUNCTIONS)
def test_twice_the_text_takes_twice_the_time(name: str) -> None:
    """Not four times: a doubling multiplies the time by 2.6 at most, on every shape."""
    prepare = rooms.FUNCTIONS[name]
    cells = [clock.measured(name, prepare, shape, SIZES, BEST_OF) for shape in texts.SMOKE]
    assert {cell.shape: round(cell.ratio, 2) for cell in cells if not cell.sound} == {}


@pytest.mark.parametrize('name', texts.SHAPES)
def test_a_shape_has_the_length_that_was_asked_for(name: str) -> None:
    """Else a doubling would be none."""
    assert [len(texts.text(name, size)) for size in (1_000, 2_000, 20_000)] == [1_000, 2_000, 20_000]


def test_a_square_is_seen() -> None:
    """A function that takes the square of the length is found out, and one that takes the length is not."""

    def square(text: str) -> Any:
        return lambda: [text[i:].count('x') for i in range(0, len(text), 32)]

    def line(text: str) -> Any:
        return lambda: [letter for letter in text for _ in range(8)]

    sizes = (32_768, 262_144)
    assert not clock.measured('square', square, 'dashes', sizes, BEST_OF).sound
    assert clock.measured('line', line, 'dashes', sizes, BEST_OF).sound


def test_there_are_as_many_shapes_as_promised() -> None:
    """A hundred and fifty, those of the smoke among them."""
    assert len(texts.SHAPES) >= 150
    assert len(texts.SMOKE) == 20
    assert set(texts.SMOKE) <= set(texts.SHAPES)
