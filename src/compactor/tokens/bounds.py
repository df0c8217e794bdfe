"""How far a count may be off: nothing where the tokenizer is the model's own, a measured bound where it is not.

The bounds are 95th percentiles over 400 recorded sessions, against the usage that providers reported, before anything
was learned of the conversation: 20 % with the measured factor of a family, 47 % (here 50 %) with none. A counter that
has seen reported usage is far closer (`calibrate.py`); nobody has measured a bound that is never overstepped.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from compactor.tokens.counter import Counter
from compactor.tokens.families import Method

OFF: Mapping[Method, Fraction] = {'exact': Fraction(0), 'calibrated': Fraction(1, 5), 'estimate': Fraction(1, 2)}
"""By how much of itself a count may be off, by its method."""
RECOMMENDED = Fraction(7, 10)
"""Share of a window that the input may take: the rest is for the answer, for tools and for what a count is off by."""


def bounds(counter: Counter, tokens: int) -> tuple[int, int]:
    """Least and most tokens that the provider will probably count, where we count `tokens`."""
    off = OFF[counter.method]
    return int(tokens * (1 - off)), -int(-tokens * (1 + off) // 1)


def recommended(window: int, share: Fraction = RECOMMENDED) -> int:
    """Tokens of a window that the input should take at most: 5,734 of 8,192."""
    return int(window * share)
