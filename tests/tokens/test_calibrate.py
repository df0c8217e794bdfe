"""Calibration: converges to what is reported, starts at the seed, survives nonsense."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.tokens.calibrate import HIGHEST, LOWEST, Calibration, bounded

DELTAS = st.one_of(st.integers(-10, 5_000), st.integers(), st.just(10**400))


@given(st.floats(), st.lists(st.tuples(DELTAS, DELTAS), max_size=30))
def test_ratio_stays_plausible(factor: float, steps: list[tuple[int, int]]) -> None:
    """Whatever is reported, the ratio is a number between the bounds and the sums stay finite."""
    calibration = Calibration.seed(factor)
    for reported, local in steps:
        calibration = calibration.observe(reported, local)
        assert LOWEST <= calibration.ratio <= HIGHEST
        assert math.isfinite(calibration.reported)
        assert 0 < calibration.local < math.inf


@given(st.floats(0.75, 1.95), st.floats(0.7, 2.0), st.integers(200, 3_000))
def test_converges(truth: float, seed: float, step: int) -> None:
    """After 40 equal steps the ratio is the true one, from any seed and for any ordinary size of step."""
    calibration = Calibration.seed(seed)
    for _ in range(40):
        calibration = calibration.observe(round(step * truth), step)
    assert calibration.ratio == pytest.approx(truth, abs=0.1)
    assert calibration.samples == 40


@given(st.floats(0.7, 2.0), st.integers(1, 50), st.integers(1, 200))
def test_one_tiny_step_hardly_matters(seed: float, local: int, reported: int) -> None:
    """A step of up to 50 tokens moves the ratio by less than 0.15, however noisy."""
    assert abs(Calibration.seed(seed).observe(reported, local).ratio - seed) < 0.15


@given(st.floats(0.7, 2.0), st.integers(1, 10_000))
def test_moves_towards_the_observation(seed: float, local: int) -> None:
    """The new ratio lies between the old one and the one observed."""
    calibration = Calibration.seed(seed).observe(local, local)
    assert min(seed, 1) - 1e-9 <= calibration.ratio <= max(seed, 1) + 1e-9


@pytest.mark.parametrize(
    ('reported', 'local'),
    [(0, 100), (100, 0), (-5, 100), (100, -5), (10**9, 10**9), (1_000, 100), (10, 1_000), (10**400, 3)],
)
def test_nonsense_is_ignored(reported: int, local: int) -> None:
    """No growth, shrinking, impossible sizes and absurd ratios leave the calibration as it is."""
    calibration = Calibration.seed(1.2)
    assert calibration.observe(reported, local) is calibration


@pytest.mark.parametrize(
    ('ratio', 'expected'),
    [(1.2, 1.2), (0.1, LOWEST), (9, HIGHEST), (0, 1.0), (-1, 1.0), (math.nan, 1.0), (math.inf, HIGHEST)],
)
def test_bounded(ratio: float, expected: float) -> None:
    """Ratios are clamped; what is no positive number becomes 1."""
    assert bounded(ratio) == expected
