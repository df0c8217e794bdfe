"""Summaries of small models: loops, repeats and echoes are caught, real ones pass whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.digest.babble import without_babble
from compactor.digest.narrative import Bound, Brief, SummaryRefused, checked, questions

GOOD = """Goal: the nightly import must not drop rows
Decisions: totals are kept as integer cents, because floats lost a cent in the ledger
Rejected: rounding at the end, as it hides which line is wrong
Current task: mending the tax of the second invoice
Next step: run the tests of the ledger again"""
RECORD = ['The ledger adds up floats, and so the total of invoice 7919 is a cent short of what the bank has.'] * 2


def test_a_real_summary_passes_whole() -> None:
    """Nothing of it is taken for babble."""
    assert without_babble(GOOD, lambda: RECORD) == (GOOD, '')


@pytest.mark.parametrize(
    ('who', 'answer'),
    [
        ('a loop', 'The agent is working on it. ' * 30),
        ('a loop in one line', 'Goal: ' + 'fix the bug and then fix the bug and ' * 12),
        ('the same line again', '\n'.join(['Goal: find the bug'] * 12)),
        ('lines in turn', '\n'.join(['Goal: find the bug', 'Next step: find the bug'] * 6)),
        (
            'the headings of the prompt',
            'Goal: what the user wants, as it stands now\nDecisions: what was decided, and why',
        ),
        ('the record', RECORD[0] + '\nGoal: cents'),
        ('nothing but marks', '...\n---\n'),
    ],
)
def test_babble_is_refused(who: str, answer: str) -> None:
    """Nothing of it reaches a digest; the plain digest stands instead."""
    with pytest.raises(SummaryRefused):
        checked(answer, steps=9, known=lambda: RECORD)


def test_the_prompt_itself_is_refused() -> None:
    """A model that writes back what it was asked has summed up nothing."""
    bound = Bound(4_000, lambda text: len(text) // 4, lambda text, most: text[: most * 4])
    [prompt] = questions(lambda clip: [f'#1> {RECORD[0]}'], Brief(200), bound)
    with pytest.raises(SummaryRefused):
        checked(prompt, steps=9, known=lambda: RECORD)


def test_a_line_too_many_is_left_out() -> None:
    """One repeated line, or one echo, costs only itself."""
    assert without_babble(GOOD + '\nGoal: The nightly import must not drop rows!', lambda: RECORD)[0] == GOOD
    assert without_babble(GOOD + '\nPlain lines, at most 200 words', lambda: RECORD)[0] == GOOD


@given(st.text(max_size=400), st.lists(st.text(max_size=80), max_size=3))
def test_any_answer(answer: str, known: list[str]) -> None:
    """What is left are lines of the answer, or there is a reason."""
    kept, why = without_babble(answer, lambda: known)
    assert bool(kept) != bool(why)
    assert set(kept.split('\n')) <= {*answer.split('\n'), ''}
