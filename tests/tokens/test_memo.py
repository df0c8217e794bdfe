"""The memo of counts is bounded by entries and by bytes and keeps what is in use."""

from __future__ import annotations

import pytest

from compactor.tokens import memo
from compactor.tokens.memo import TextMemo


def test_remembers() -> None:
    """What was put is found, what was not is None."""
    counts = TextMemo[int]()
    counts.put('text', 3)
    assert counts.get('text') == 3
    assert counts.get('other') is None
    counts.clear()
    assert counts.get('text') is None


def test_bounded_by_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many texts are put, at most two generations stay; the newest are among them."""
    monkeypatch.setattr(memo, 'GENERATION_ENTRIES', 10)
    counts = TextMemo[int]()
    for number in range(1_000):
        counts.put(str(number), number)
        assert len(counts) <= 20
    assert counts.get('999') == 999
    assert counts.get('0') is None


def test_bounded_by_bytes() -> None:
    """Large texts push each other out long before the bound on entries."""
    counts = TextMemo[int](100_000)
    for number in range(100):
        counts.put(f'{number:04}' * 2_500, number)
        assert len(counts) <= 22


def test_texts_in_use_survive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that is looked up now and then outlives any number of others."""
    monkeypatch.setattr(memo, 'GENERATION_ENTRIES', 10)
    counts = TextMemo[int]()
    counts.put('in use', 7)
    for number in range(200):
        counts.put(str(number), number)
        assert counts.get('in use') == 7


def test_huge_texts_are_not_kept() -> None:
    """A text over the limit is not remembered at all."""
    counts = TextMemo[int](800)
    counts.put('a' * (800 // memo.SHARE + 1), 1)
    assert len(counts) == 0
    counts.put('a' * (800 // memo.SHARE), 1)
    assert len(counts) == 1
