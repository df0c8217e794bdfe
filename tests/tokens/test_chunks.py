"""Cut places: pieces of a text hold exactly as many tokens as the whole."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import typing
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.tokens import chunks
from compactor.tokens.chunks import HARD, SAFE, SOFT, spans
from compactor.tokens.encodings import BUNDLED, encoding

ALPHABET = 'abZé中ก9²\u0301 \t\n\r\u3000\'",-/._😀（。'


@settings(deadline=None)
@given(text=st.text(ALPHABET, max_size=300), name=st.sampled_from(list(BUNDLED)))
def test_every_safe_cut_is_exact(text: str, name: str) -> None:
    """Cutting at every safe place at once changes no count."""
    size = encoding(name).size
    bounds = [0, *(found.end() for found in SAFE.finditer(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(bounds)]
    assert sum(map(size, pieces)) == size(text)


def test_letters_mean_the_same_to_both_engines() -> None:
    """What is a word character to Python, other than `_`, is a letter or number in Unicode."""
    word = re.compile(r'[^\W_]')
    strange = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if word.match(chr(code)) and unicodedata.category(chr(code))[0] not in 'LN'
    ]
    assert strange == []


def test_real_text_is_cut_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python source cut into pieces of 100 characters and more counts the same, under both encodings."""
    monkeypatch.setattr(chunks, 'SOFT', 100)
    source = inspect.getsource(argparse) + inspect.getsource(typing)
    for name in BUNDLED:
        size = encoding(name).size
        pieces = list(spans(source))
        assert len(pieces) > 100
        assert all(exact for _, _, exact in pieces)
        assert sum(size(source[start:end]) for start, end, _ in pieces) == size(source)


@pytest.mark.parametrize(
    'text',
    [
        '',
        'short',
        'a' * SOFT,
        'a' * HARD,
        'a' * (3 * HARD + 1),
        'word ' * SOFT,
        '\n' * (HARD + 5),
        'a,' * HARD,
    ],
)
def test_pieces_cover_the_text(text: str) -> None:
    """Pieces follow each other without gaps, none is larger than the hard limit."""
    pieces = list(spans(text))
    assert ''.join(text[start:end] for start, end, _ in pieces) == text
    assert all(0 < end - start <= HARD for start, end, _ in pieces)


@pytest.mark.parametrize('extra', [0, 1, 2, 1_000])
def test_a_beginning_is_cut_where_the_whole_is(extra: int) -> None:
    """Up to its own end, a beginning of a text has the pieces of the text; `fit` relies on it."""
    text = 'some words\n' * 20_000 + 'a' * (2 * HARD)
    whole = list(spans(text))
    for number, (_, end, _) in enumerate(whole[:-1], start=1):
        beginning = list(spans(text[:end] + text[end : end + extra]))
        assert [piece[:2] for piece in beginning[:number]] == [piece[:2] for piece in whole[:number]]
