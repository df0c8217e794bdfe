"""Picking pieces: by rank, in order, within the allowance, with an honest note."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.allowance import Allowance
from compactor.outputs.pieces import GAP, NEVER, Piece, clipped, pick
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


def test_long_lines_grow_where_there_is_room() -> None:
    """Of few long lines no more is cut than must be; where there are many others, they stay short."""
    long = ' '.join(map(str, range(2_000)))
    few = pick([Piece('begin', 1), Piece(long, 1), Piece('end', 1)], allowance(900))
    assert few is not None
    assert 800 <= COUNTER.count(few) <= 900
    assert few.startswith('begin\n0 1 2 ')
    assert few.endswith(' 1998 1999\nend')
    many = pick([Piece(long, 1), *(Piece(f'line {n}', 1) for n in range(900))], allowance(900))
    assert many is not None
    assert len(many.split('\n')[0]) < 700
    assert pick([Piece('begin', 1), Piece(long, 1)], allowance(8_000)) is not None


@given(pieces, st.integers(16, 400), st.integers(500, 3_000))
def test_long_lines_fit(given: list[Piece], tokens: int, length: int) -> None:
    """Whatever stands beside a long line, the result is within the allowance."""
    text = pick([*given, Piece('ab ' * length, 1)], allowance(tokens))
    assert text is None or COUNTER.count(text) <= tokens


def test_what_is_asked_for() -> None:
    """What the question names is kept before its equals, unless nearly all pieces name it; `NEVER` stays never."""
    given = [Piece(f'line {n}', 4.0) for n in range(100)]
    given[70] = Piece('the Total of all', 4.0)
    given[80] = Piece('total', NEVER, 1)
    text = pick(given, allowance(30, frozenset({'total'})))
    assert text is not None
    assert 'the Total of all' in text
    assert '\ntotal' not in text
    assert pick(given, allowance(30, frozenset({'line'}))) == pick(given, allowance(30))


def test_patience() -> None:
    """Without patience nothing is picked behind a piece that does not fit."""
    given = [Piece('a', 1), Piece('word ' * 100, 1), Piece('b', 1)]
    assert pick(given, allowance(30), patience=0) == 'a\n…\n[2 of 3 lines left out]'
    assert pick(given, allowance(30)) == 'a\n…\nb\n[1 of 3 lines left out]'
