"""Two policies on live traffic: who is dealt what, and how sure the report may be."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.errors import ConfigError
from compactor.ledger.figures import Figures
from compactor.ledger.trial import LEAST, Trial, compared, difference, quantile


@given(st.text(), st.text(min_size=1), st.floats(0.01, 0.99))
def test_a_conversation_stays_on_its_side(conversation: str, name: str, share: float) -> None:
    """Whoever asks, whenever."""
    assert Trial(name, share).arm(conversation) == Trial(name, share).arm(conversation)


@pytest.mark.parametrize('share', [0.1, 0.5, 0.8])
def test_the_share_is_kept(share: float) -> None:
    """And another trial deals the same conversations anew."""
    names = [f'conversation {n}' for n in range(4_000)]
    first, second = ([Trial(name, share).arm(one) for one in names] for name in ('first', 'second'))
    assert first.count('b') / len(names) == pytest.approx(share, abs=0.03)
    both = sum(a == b == 'b' for a, b in zip(first, second, strict=True)) / len(names)
    assert both == pytest.approx(share**2, abs=0.03)


def test_the_side_never_changes_with_a_version() -> None:
    """A release in the middle of a trial must not deal anew."""
    assert [Trial('compaction').arm(f'c{n}') for n in range(8)] == ['a', 'b', 'b', 'a', 'b', 'b', 'a', 'b']


@pytest.mark.parametrize(
    ('share', 'freedom', 'wanted'),
    [(0.975, 19, 2.0930), (0.975, 40, 2.0211), (0.975, 1e9, 1.95996), (0.95, 30, 1.6973)],
)
def test_quantiles(share: float, freedom: float, wanted: float) -> None:
    """Of printed tables."""
    assert quantile(share, freedom) == pytest.approx(wanted, abs=0.001)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Skewed figures, 60 conversations a side, a true difference of 20 %: 95 % promised, at least 92 % kept here."""
    chance = random.Random(1)

    def drawn(mean: float) -> list[float]:
        return [mean * chance.expovariate(1) for _ in range(60)]

    held = 0
    for _ in range(1_500):
        found = difference('tokens', drawn(1_000), drawn(800))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= -200 <= found.high
    assert 0.92 < held / 1_500 < 0.98


def test_no_difference_is_seldom_called_one() -> None:
    """Both sides alike: one in twenty is called different, about."""
    chance = random.Random(2)
    wrong = 0
    for _ in range(1_000):
        a, b = ([chance.expovariate(1) for _ in range(40)] for _ in 'ab')
        wrong += difference('cost', a, b).verdict != 'no difference shown'
    assert wrong / 1_000 < 0.07


def test_too_few_conversations_have_no_interval() -> None:
    """Means are shown all the same."""
    found = difference('tokens', [1.0] * LEAST, [2.0] * (LEAST - 1))
    assert (found.a, found.b, found.low, found.verdict) == (1.0, 2.0, None, 'too few to tell')
    assert difference('tokens', [], []).a is None


def test_figures_without_a_spread() -> None:
    """The difference is what it is."""
    assert difference('tokens', [1.0] * 30, [3.0] * 30).verdict == 'b is higher'
    assert difference('tokens', [1.0] * 30, [1.0] * 30).verdict == 'no difference shown'


def test_a_report() -> None:
    """By conversation, those of unknown price left out of the costs alone."""
    trial = Trial('compaction')
    some = [
        (f'c{n}', Figures(requests=1, input_tokens=1_000 if trial.arm(f'c{n}') == 'a' else 600 + n % 7, nano=10**6))
        for n in range(200)
    ]
    found = compared(trial, [*some, ('x', Figures(requests=1, input_tokens=800, unpriced=1))])
    told = found.to_json()
    assert sum(found.conversations.values()) == 201
    assert found.unpriced == 1
    assert {one['measure']: one['verdict'] for one in told['measures']} == {
        'tokens': 'b is lower',
        'cost': 'no difference shown',
        'requests': 'no difference shown',
        'failed': 'no difference shown',
        'cut_off': 'no difference shown',
    }


@pytest.mark.parametrize(('name', 'share'), [('', 0.5), ('x', 0), ('x', 1), ('x', -1)])
def test_a_trial_that_is_none(name: str, share: float) -> None:
    """Nothing would be compared."""
    with pytest.raises(ConfigError, match='share between 0 and 1'):
        Trial(name, share)
