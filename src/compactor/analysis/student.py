"""Quantiles of Student's t, for intervals from few sessions."""

from __future__ import annotations

from math import atan, cos, exp, lgamma, pi, sqrt, tan
from statistics import NormalDist

STEPS = 400
"""Of Simpson's rule; the result is right to about eight digits."""

NORMAL = 1_000
"""With more degrees of freedom it is the normal distribution, to three digits."""


def quantile(share: float, freedom: float) -> float:
    """The t that so large a share of the distribution lies within, on both sides: 0.95 and 2 give 4.303.

    Args:
        share: between 0 and 1.
        freedom: degrees of freedom, 1 or more, whole or not.
    """
    if freedom > NORMAL:
        return NormalDist().inv_cdf((1 + share) / 2)
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < share else (low, middle)
    return sqrt(freedom) * tan((low + high) / 2)


def within(t: float, freedom: float) -> float:
    """The share of the distribution between -t and t."""
    return _within(atan(t / sqrt(freedom)), freedom)


def _within(angle: float, freedom: float) -> float:
    """With t = sqrt(freedom) tan(angle), the density becomes a power of the cosine, which is easy to sum up."""
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(pi)
    step = angle / STEPS
    weights = (1 if i in (0, STEPS) else 4 if i % 2 else 2 for i in range(STEPS + 1))
    area: float = sum(w * cos(i * step) ** (freedom - 1) for i, w in enumerate(weights))
    return 2 * scale * area * step / 3
