"""How far a count may be off, and how much of a window the input should take."""

from __future__ import annotations

import pytest

from compactor.tokens.bounds import bounds, recommended
from compactor.tokens.counter import counter_for


@pytest.mark.parametrize(
    ('model', 'tokens', 'wanted'),
    [
        ('gpt-4', 1_000, (1_000, 1_000)),
        ('claude-3-opus', 1_000, (800, 1_200)),
        ('unheard-of', 1_000, (500, 1_500)),
        ('claude-3-opus', 1, (0, 2)),
        (None, 0, (0, 0)),
    ],
)
def test_bounds(model: str | None, tokens: int, wanted: tuple[int, int]) -> None:
    """Nothing where the tokenizer is the model's own; a measured share where not, rounded outwards."""
    assert bounds(counter_for(model), tokens) == wanted


def test_seventy_percent_of_a_window() -> None:
    """The two figures of PAMPAX's configuration."""
    assert (recommended(8_192), recommended(100_000)) == (5_734, 70_000)
