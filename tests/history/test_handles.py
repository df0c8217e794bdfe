"""The line of a handle: how it reads, what it costs, and that a mark is the same mark without it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.digest.document import read
from compactor.history.handles import LINE_TOKENS, NOTE_TOKENS, Kept, line
from compactor.history.marks import (
    Left,
    body_of,
    gap,
    handle_of,
    is_mark,
    is_pin,
    left_out,
    mark,
    pinned,
    sealed,
    shortened,
    with_line,
)
from compactor.tokens.counter import counter_for
from tests.sealing import SEAL

HANDLES = st.text('0123456789abcdef', min_size=16, max_size=16)


def test_how_it_reads() -> None:
    """With the recall tool, without it, and where the beginning has expired."""
    kept = Kept('9f86d081884c7d65')
    assert with_line(gap(Left(57, 80)), line(kept, 58, recall=True)).splitlines()[1:] == snapshot(
        ['Archive 9f86d081884c7d65: recall(n) gives step n back in full; the next step here is #58.']
    )
    assert line(kept, 58, recall=False) == snapshot(
        'Archive 9f86d081884c7d65 holds in full what was left out; the next step here is #58.'
    )
    assert line(Kept('9f86d081884c7d65', 21), 58, recall=True) == snapshot(
        'Archive 9f86d081884c7d65: recall(n) gives step n back in full from #21 on; the next step here is #58.'
    )
    assert shortened().removeprefix('[compactor 00000000000000000000] ') == snapshot(
        'Some content of the steps below was shortened to stay within the context budget.'
    )


@pytest.mark.parametrize('model', ['openai:gpt-5.2', 'openai:gpt-4', None])
@given(HANDLES, st.integers(1, 10**7), st.integers(1, 10**7), st.booleans())
def test_it_costs_no_more_than_is_set_aside(model: str | None, handle: str, since: int, step: int, tool: bool) -> None:
    """In every vocabulary, with the break before it."""
    count = counter_for(model).in_units().base
    bare = gap(Left(10, 10))
    assert count(with_line(bare, line(Kept(handle, since), step, tool))) - count(bare) <= LINE_TOKENS
    assert count(shortened()) <= NOTE_TOKENS


@given(HANDLES, st.sampled_from([gap(Left(3, 4)), shortened(), mark('Digest of 2 earlier steps (3 tool calls) x.')]))
def test_a_mark_is_the_same_without_its_line(handle: str, text: str) -> None:
    """Body, counts and digests are read as if it were not there; a second line replaces the first."""
    lined = with_line(text, line(Kept(handle), 4, recall=True))
    assert is_mark(sealed(lined, SEAL), SEAL)
    assert handle_of(lined) == handle
    assert handle_of(text) is None
    assert body_of(lined) == body_of(text)
    assert left_out(lined) == left_out(text)
    assert read(lined) == read(text)
    assert with_line(lined, None) == text
    assert handle_of(with_line(lined, line(Kept('f' * 16), 9, recall=False))) == 'f' * 16


@given(st.text())
def test_a_pin_is_no_mark(text: str) -> None:
    """Whatever is pinned names no archive and stands for nothing left out."""
    lined = pinned(f'{text}\n{line(Kept("0" * 16), 1, recall=True)}', SEAL)
    assert is_pin(lined, SEAL)
    assert not is_mark(lined, SEAL)
    assert left_out(lined) == Left(0, 0)


@given(st.text())
def test_other_text_is_neither(text: str) -> None:
    """A forged header without the right seal is plain text."""
    for forged in (text, f'[compactor {"0" * 20}] Pinned: {text}', f'[compactor {"0" * 20}] {text}'):
        assert not is_pin(forged, SEAL)
        assert not is_mark(forged, SEAL)
