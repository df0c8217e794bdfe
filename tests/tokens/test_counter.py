"""Counters: counting, scaling, fitting to a limit, and learning a ratio."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compactor.tokens.calibrate import HIGHEST
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.encodings import sound

MODELS = ['gpt-4o', 'gpt-4', 'claude-opus-4-7', 'claude-sonnet-4-5', 'qwen-3-32b', None]
COUNTERS = st.sampled_from([counter_for(model) for model in MODELS])
ALPHABET = 'aZé中ก9²\u0301 \t\n\r\u3000\u00a0\'",-/<|>_😀👩\u200d\ud800\udc00'
WORDS = st.lists(st.sampled_from(['the', ' quick', '\n\n', '  ', '{"key": 1}', '中文', '😀', "don't", '====']))
TEXTS = st.one_of(st.text(ALPHABET, max_size=200), WORDS.map(''.join), st.text(max_size=100))
LIMITS = st.integers(-5, 120)


def cuts_a_pair(text: str, position: int) -> bool:
    """Whether a surrogate pair, one character to the encoder, lies across `position`."""
    before, after = text[:position], text[position:]
    return len(sound(before)) + len(sound(after)) != len(sound(text))


@settings(deadline=None)
@given(COUNTERS, TEXTS, LIMITS)
@example(counter_for('gpt-4o'), '\ud83d\ude00' * 3, 2)
@example(counter_for('gpt-4o'), '😀👩\u200d👧' * 3, 5)
def test_fit_is_the_beginning_and_fits(counter: Counter, text: str, limit: int) -> None:
    """The result is a beginning of the text, within the limit, no half character; all of it if it fits."""
    fitted = counter.fit(text, limit)
    assert text.startswith(fitted)
    assert counter.count(fitted) <= max(0, limit)
    assert not cuts_a_pair(text, len(fitted))
    if limit > 0 and counter.count(text) <= limit:
        assert fitted == text


@settings(deadline=None)
@given(COUNTERS, TEXTS, LIMITS)
@example(counter_for('gpt-4o'), '\ud83d\ude00' * 3, 2)
def test_fit_end_is_the_end_and_fits(counter: Counter, text: str, limit: int) -> None:
    """The same for ends."""
    fitted = counter.fit_end(text, limit)
    assert text.endswith(fitted)
    assert counter.count(fitted) <= max(0, limit)
    assert not cuts_a_pair(text, len(text) - len(fitted))
    if limit > 0 and counter.count(text) <= limit:
        assert fitted == text


@settings(deadline=None)
@given(COUNTERS, TEXTS, LIMITS)
def test_fit_is_monotone(counter: Counter, text: str, limit: int) -> None:
    """A larger limit never gives a shorter result."""
    assert len(counter.fit(text, limit)) <= len(counter.fit(text, limit + 1))
    assert len(counter.fit_end(text, limit)) <= len(counter.fit_end(text, limit + 1))


@pytest.mark.parametrize('model', ['gpt-4o', 'gpt-4', 'claude-opus-4-7'])
@pytest.mark.parametrize('limit', [10, 100, 1_000, 20_000])
def test_fit_uses_the_limit(model: str, limit: int) -> None:
    """On ordinary text of half a megabyte the result is within three tokens of the limit."""
    counter = counter_for(model)
    text = ''.join(f'{number}. def f_{number}(a, b):  # prose, "quotes" and 日本語\n' for number in range(10_000))
    assert limit - 3 <= counter.count(counter.fit(text, limit)) <= limit
    assert limit - 3 <= counter.count(counter.fit_end(text, limit)) <= limit


@pytest.mark.parametrize('unit', [' ', 'a', '-', '\n', '😀', '中', '\ud800', '<|endoftext|>', 'é\u0301'])
@pytest.mark.parametrize('share', [0.3, 0.99])
def test_fit_of_a_hostile_text(unit: str, share: float) -> None:
    """Where no place is safe to cut, and pieces are cut hard, the laws hold as well."""
    counter = counter_for('gpt-4o')
    text = unit * (300_000 // len(unit))
    limit = int(counter.count(text) * share)
    for fitted in (counter.fit(text, limit), counter.fit_end(text, limit)):
        assert limit * 0.99 <= counter.count(fitted) <= limit
        assert fitted in text


@settings(deadline=None)
@given(COUNTERS, TEXTS)
def test_count_is_the_scaled_base(counter: Counter, text: str) -> None:
    """Counts are never negative, 0 for nothing, and the base times the ratio, rounded up."""
    base = counter.base(text)
    assert counter.count(text) == counter.scale(base) == math.ceil(round(base * counter.ratio, 6))
    assert counter.count(text) >= len(text) / 200
    assert counter.count('') == 0


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=10))
def test_base_many(texts: list[str]) -> None:
    """Counting many gives what counting each gives."""
    counter = counter_for('claude-opus-4-7')
    assert counter.base_many(texts) == [counter.base(text) for text in texts]


@settings(deadline=None)
@given(st.floats(0.7, 2.0), st.integers(0, 10**9), st.integers(0, 10**9))
def test_scale_is_monotone(ratio: float, first: int, second: int) -> None:
    """More tokens of the encoding are never fewer of the model's; nothing stays nothing."""
    counter = counter_for(None).calibrated(ratio)
    assert counter.scale(0) == 0
    assert counter.scale(first) <= counter.scale(first + second)
    assert counter.scale(first) >= math.floor(first * ratio * (1 - 1e-6))


def test_scale_is_exact() -> None:
    """Rounding up is integer arithmetic: 100 tokens at 1.1 are 110, where floating point makes 111."""
    assert counter_for('qwen-3-32b').scale(100) == 110
    assert math.ceil(100 * 1.1) == 111
    assert counter_for('gpt-4o').scale(12_345) == 12_345


def test_calibrated() -> None:
    """A measured ratio makes an estimate a calibrated count; exact counters stay; nonsense is clamped."""
    guess = counter_for('cerebras:zai-glm-4.7')
    assert (guess.method, guess.ratio) == ('estimate', 1.0)
    learned = guess.calibrated(1.3)
    assert (learned.method, learned.ratio, learned.model) == ('calibrated', 1.3, 'cerebras:zai-glm-4.7')
    assert guess.calibrated(math.inf).ratio == HIGHEST
    exact = counter_for('gpt-4o')
    assert exact.calibrated(1.3) is exact


def test_enormous_limits() -> None:
    """A limit beyond any number of tokens is no limit."""
    assert counter_for('claude-opus-4-7').fit('text', 10**400) == 'text'
    assert counter_for('gpt-4o').fit_end('text', 10**400) == 'text'


def test_counters_are_values() -> None:
    """Equal names give equal, hashable counters without attributes to set."""
    assert counter_for('gpt-4o') == counter_for('gpt-4o')
    assert len({counter_for('gpt-4o'), counter_for('gpt-4')}) == 2
    with pytest.raises(AttributeError):
        counter_for('gpt-4o').ratio = 2  # type: ignore[misc]
