"""Fitting across the pieces of a long text: the laws hold wherever the text is cut, safely or not.

Texts of many pieces would be long, so the limits of pieces are made small instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compactor.tokens import chunks, encodings
from compactor.tokens.encodings import Encoding, encoding
from compactor.tokens.fit import exceeds, prefix, suffix

ALPHABET = "aZé中ก9²\u0301 \t\n\r\u3000',./<😀👩\u200d"
WORDS = st.lists(st.sampled_from(['the', ' quick', '\n\n', '  ', '{"key": 1}', '中文', '😀', "don't", '====', 'aaaa']))
TEXTS = st.one_of(st.text(ALPHABET, max_size=150), WORDS.map(''.join))


@pytest.fixture(scope='module')
def small_pieces() -> Iterator[Encoding]:
    """An encoding that cuts texts after 8 characters at a safe place and after 24 anywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, 'SOFT', 8)
        patch.setattr(chunks, 'HARD', 24)
        patch.setattr(encodings, 'SOFT', 8)
        # With a memo of its own: counts over small pieces must not reach other tests.
        yield Encoding('o200k_base', encoding('o200k_base').bpe)


@settings(deadline=None)
@given(text=TEXTS, limit=st.integers(1, 100))
@example(text='\n' * 100, limit=3)
@example(text='😀' * 60, limit=41)
def test_laws_across_pieces(small_pieces: Encoding, text: str, limit: int) -> None:
    """Beginning or end, within the limit, all of it if it fits, and never shorter for a larger limit."""
    count = small_pieces.count
    for fit, is_part in ((prefix, text.startswith), (suffix, text.endswith)):
        fitted = fit(small_pieces, text, limit)
        assert is_part(fitted)
        assert count(fitted) <= limit
        assert (count(text) <= limit) <= (fitted == text)
        assert len(fitted) <= len(fit(small_pieces, text, limit + 1))


@settings(deadline=None)
@given(words=st.lists(st.sampled_from(['one', 'two', 'three', 'ninety'])), limit=st.integers(1, 60))
def test_no_loss_where_cuts_are_safe(small_pieces: Encoding, words: list[str], limit: int) -> None:
    """On words, pieces change no count and the limit is used to the last token."""
    text = ' '.join(words)
    assert small_pieces.count(text) == small_pieces.size(text)
    for fit in (prefix, suffix):
        assert small_pieces.count(fit(small_pieces, text, limit)) == min(limit, small_pieces.count(text))


@pytest.mark.parametrize('word', ['a', '[', '=', '"', '|', ' ', '-=', 'aB', '\u4e2d', '\U0001f600', '\ud800'])
@pytest.mark.parametrize('limit', [1, 20, 800])
def test_an_endless_word_is_not_counted_to_its_end(word: str, limit: int) -> None:
    """Where nothing in it is safe to cut at, its beginning tells that it is too long; near the limit it is counted."""
    counts = encoding('o200k_base')
    assert exceeds(counts, word * 300_000, limit)
    most = len(prefix(counts, word * 300_000, limit)) // len(word)
    for n in (most - 1, most, most + 1, most * 2):
        assert exceeds(counts, word * n, limit) is (counts.count(word * n) > limit)
