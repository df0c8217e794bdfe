"""How far reported usage is believed: growth confirms it, and what cannot be is no measure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.run.reported import Figure, Finding, Trust
from compactor.tokens.counter import Counter, counter_for

EXACT = counter_for('gpt-4o')
UNKNOWN = counter_for('my-finetune')


def told(
    figures: list[tuple[int, int]],
    counter: Counter = EXACT,
    overhead: int = 50,
    window: int | None = None,
    stated: int | None = None,
    vouched: bool = True,
) -> tuple[Trust, list[Finding]]:
    """What figures tell, each (reported, base)."""
    trust = Trust()
    found = [trust.weigh(Figure(r, b, vouched), counter, overhead, window, stated) for r, b in figures]
    return trust, [one for one in found if one is not None]


def test_figures_that_grow_with_the_history_tell_nothing() -> None:
    """What was counted is confirmed."""
    assert told([(150, 100), (1_060, 1_000), (2_080, 2_000)])[1] == []


def test_a_figure_that_stands_still_is_the_window() -> None:
    """The history has grown by a third under the same figure: no doubt at once."""
    _, [found] = told([(2_050, 2_000), (2_050, 2_700)])
    assert (found.why, found.window) == ('it did not grow with the history', 2_050)


def test_whole_messages_that_are_dropped_need_a_second_figure() -> None:
    """A server that drops whole messages reports a little less each time: the largest figure is its window."""
    _, found = told([(3_900, 3_850), (3_700, 4_300), (3_800, 4_800)])
    assert [one.window for one in found] == [None, 3_900]


def test_what_came_from_a_cache_is_no_window() -> None:
    """A proxy that reports only what is new: refused, and no window is made of it."""
    _, found = told([(9_000, 8_950), (700, 9_600), (420, 10_000), (900, 10_900)])
    assert len(found) == 3
    assert all(one.why and one.window is None for one in found)


def test_no_server_keeps_more_than_it_was_sent() -> None:
    """A constant far above what was counted is believed once as tokens nobody can count, and then not any more."""
    trust, found = told([(8_000, 100), (8_000, 900), (8_000, 1_700)])
    assert [one.why for one in found] == ['', 'it did not grow with the history', 'it did not grow with the history']
    assert all(one.window is None for one in found)
    assert trust.uncounted == 0


def test_a_window_that_was_told_is_not_made_a_fraction_of_itself() -> None:
    """Half of it may be what a server truncates to, a tenth is an odd usage."""
    _, [half] = told([(2_050, 2_000), (2_050, 2_700)], stated=4_096)
    _, [tenth] = told([(2_050, 2_000), (2_050, 2_700)], stated=32_768)
    assert (half.window, tenth.window) == (2_050, None)


@pytest.mark.parametrize(
    ('window', 'stated', 'absurd'), [(4_096, None, False), (1_000, None, True), (None, 4_096, True)]
)
def test_no_request_is_as_large(window: int | None, stated: int | None, absurd: bool) -> None:
    """Four times the window of the tables, which may be too small; or all of the one that was told."""
    _, [found] = told([(4_500, 100)], window=window, stated=stated)
    assert (found.why == 'no request is as large') is absurd


def test_far_less_than_was_sent() -> None:
    """A fifth of what was counted, with the first figure."""
    _, [found] = told([(2_000, 10_000)])
    assert found.why == 'it is far less than was sent'


def test_uncounted_tokens_are_told_with_the_first_figure() -> None:
    """Of an exact family: 30,000 beyond the count; told once, and kept in mind."""
    trust, found = told([(30_100, 100), (30_900, 900), (31_700, 1_700)])
    assert [(one.why, one.figure.tokens) for one in found] == [('', 30_100)]
    assert trust.uncounted == 31_700 - 1_750


@pytest.mark.parametrize('ratio', [0.75, 1.0, 1.3, 1.6, 1.9])
def test_a_tokenizer_that_is_not_ours_is_no_uncounted_token(ratio: float) -> None:
    """Of a family nobody has measured, what its ratio explains is not told."""
    bases = [100, 900, 1_700, 4_000, 9_000]
    assert told([(round(ratio * (base + 50)), base) for base in bases], UNKNOWN)[1] == []


def test_who_is_nobody_must_grow_to_be_believed() -> None:
    """A stand-in's figure is heard only where it has grown as the history has."""
    assert told([(90_000, 100), (90_000, 900)], vouched=False)[0].uncounted == 0
    assert told([(30_000, 100), (30_800, 900)], vouched=False)[0].uncounted > 29_000


@given(st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 10**6)), max_size=8), st.booleans())
def test_any_figures(figures: list[tuple[int, int]], vouched: bool) -> None:
    """Whatever comes, a window that is made of it is one of the figures, and was sent by our own count."""
    _, found = told(figures, vouched=vouched)
    for one in found:
        assert one.window is None or (vouched and one.window in {r for r, _ in figures})
