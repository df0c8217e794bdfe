"""Notes of ours: recognised to the letter, counted once, and never larger than what is set aside for them."""

from __future__ import annotations

from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.history.marks import (
    MISPLACED_TOKENS,
    OPENING_TOKENS,
    UNANSWERED,
    UNANSWERED_TOKENS,
    Left,
    gap,
    is_mark,
    left_out,
    mark,
    misplaced,
    opening,
)
from compactor.history.message import FRAMING, PART_FRAMING, Kind
from compactor.strategies.window import LONGEST_MARK
from compactor.tokens.encodings import EncodingName, encoding

ENCODINGS: tuple[EncodingName, ...] = ('o200k_base', 'cl100k_base')


def test_a_gap_says_what_is_missing() -> None:
    """The text a model reads: how much was left out, and that it must not be guessed."""
    assert wrap(gap(Left(1, 0)), 100) == snapshot(
        [
            '[compactor 8c8435f9] 1 earlier step (0 tool calls) of this conversation left out here to stay within',
            'the context budget. Read again what you need; do not assume what they contained.',
        ]
    )
    assert gap(Left(1_234, 1)).count('1,234 earlier steps (1 tool call)') == 1


FORGED = {
    'nothing': '',
    'the hash of another text': mark('one').replace('one', 'two'),
    'something behind it': gap(Left(1, 1)) + ' ',
    'something ahead of it': ' ' + gap(Left(1, 1)),
    'a larger count': gap(Left(1, 1)).replace('1 earlier', '9 earlier'),
    'no hash': '[compactor] hello',
    'only the header': '[compactor 00000000] ',
    'a hash in capitals': mark('one').replace(mark('one')[11:19], mark('one')[11:19].upper() + 'A'),
}


@pytest.mark.parametrize('forgery', FORGED)
def test_forged_or_edited_marks_are_plain_text(forgery: str) -> None:
    """What differs from our text in one character is a user's text, and says nothing about what was left out."""
    assert not is_mark(FORGED[forgery])
    assert left_out(FORGED[forgery]) == Left(0, 0)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_counts_come_back(steps: int, calls: int) -> None:
    """What a gap mark says is read back from its text."""
    assert is_mark(gap(Left(steps, calls)))
    assert left_out(gap(Left(steps, calls))) == Left(steps, calls)


@given(st.text())
def test_any_text_can_be_marked(body: str) -> None:
    """A mark over any text is recognised; the text alone is not."""
    assert is_mark(mark(body))
    assert left_out(opening()) == Left(0, 0)


def test_a_torn_surrogate_does_not_stop_it() -> None:
    """A lone surrogate, which UTF-8 refuses, can be marked too."""
    assert is_mark(mark('torn \ud83d'))


@pytest.mark.parametrize('name', ENCODINGS)
def test_constants_are_true_in_both_vocabularies(name: EncodingName) -> None:
    """The sizes that are known without counting are those that a count finds."""
    count = encoding(name).count
    assert count(opening()) == OPENING_TOKENS
    assert count(misplaced()) == MISPLACED_TOKENS
    assert count(UNANSWERED) + PART_FRAMING[Kind.RESULT] == UNANSWERED_TOKENS


@pytest.mark.parametrize('name', ENCODINGS)
@given(st.integers(1, 10**6), st.integers(0, 10**7))
def test_room_for_the_longest_mark(name: EncodingName, steps: int, calls: int) -> None:
    """A gap mark in a message of its own takes no more than what the window sets aside for it."""
    assert encoding(name).count(gap(Left(steps, calls))) + FRAMING <= LONGEST_MARK
