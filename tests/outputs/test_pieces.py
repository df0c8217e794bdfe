"""Picking pieces: by rank, in order, within the allowance, with an honest note."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.allowance import Allowance
from compactor.outputs.pieces import GAP, Piece, clipped, pick
from compactor.tokens.counter import counter_for

COUNTER = counter_for(None)
pieces = st.lists(
    st.builds(
        Piece, st.text(st.characters(exclude_characters='\n'), max_size=80), st.integers(0, 6), st.integers(1, 9)
    ),
    max_size=80,
)


def allowance(tokens: int, question: frozenset[str] = frozenset()) -> Allowance:
    """Room for so many tokens."""
    return Allowance(tokens, COUNTER, question)


@given(pieces, st.integers(16, 400))
def test_within_the_allowance_and_in_order(given: list[Piece], tokens: int) -> None:
    """What is picked fits, stands in the order of the text, and the note counts what is missing."""
    text = pick(given, allowance(tokens))
    if text is None:
        return
    assert COUNTER.count(text) <= tokens
    lines = text.split('\n')
    shown = [line for line in lines if line != GAP and not line.endswith('left out]')]
    texts = iter(piece.text for piece in given)
    assert all(line in texts for line in shown if not line.startswith('['))


def test_better_ranks_first() -> None:
    """A failing line survives among hundreds of others, gaps are marked, the missing lines are counted."""
    text = pick([Piece(f'line {i}', 0.0 if i == 57 else 4.0) for i in range(100)], allowance(40))
    assert text == snapshot("""\
line 0
line 1
line 2
line 3
line 4
line 5
…
line 57
…
[93 of 100 lines left out]\
""")


def test_all_of_it_carries_no_note() -> None:
    """Where folding made everything fit, nothing is said to be missing."""
    assert pick([Piece('same (×900)', 1, 900), Piece('end', 1)], allowance(40)) == 'same (×900)\nend'


def test_nothing_fits() -> None:
    """Then there is no result, and a plainer way is tried."""
    assert pick([Piece('x y z ' * 80, 0)], allowance(20)) is None
    assert pick([], allowance(100)) is None


def test_a_long_line_keeps_its_ends() -> None:
    """Two thirds from the beginning, one from the end, and how much is missing."""
    assert clipped('a' * 50 + 'b' * 50, 30) == 'a' * 20 + ' …70 characters… ' + 'b' * 10
    assert clipped('short', 30) == 'short'
    assert clipped('short\n' + 'c' * 40, 30).split('\n')[0] == 'short'
