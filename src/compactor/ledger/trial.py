"""Two policies compared on live traffic: conversations are dealt by a hash of their id, and their figures compared.

The unit is the conversation, because a policy acts on all of it: requests of one conversation resemble each other, and
an interval over requests would look far surer than it is. The interval is Welch's, which takes the two spreads as they
are; below `LEAST` conversations on a side there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Any, Literal, TypeVar

from compactor.errors import ConfigError
from compactor.ledger.figures import Figures

T = TypeVar('T')
Arm = Literal['a', 'b']
LEAST = 20
"""Conversations that a side has at least for an interval: means of skewed figures are far from normal before."""
CONFIDENCE = 0.95
"""How often an interval like this holds the true difference."""


@dataclass(frozen=True)
class Trial:
    """How conversations are dealt.

    Attributes:
        name: of another trial the same conversations are dealt anew.
        share: of the conversations that get the second policy.

    Raises:
        ConfigError: the share is not between 0 and 1, or there is no name.
    """

    name: str
    share: float = 0.5

    def __post_init__(self) -> None:
        if not self.name or not 0 < self.share < 1:
            raise ConfigError(f'a trial has a name and a share between 0 and 1: {self.name!r}, {self.share!r}')

    def arm(self, conversation: str) -> Arm:
        """The side of a conversation; the same in every process, whenever it is asked."""
        told = f'{len(self.name)}:{self.name}/{conversation}'.encode('utf-8', 'surrogatepass')
        part = int.from_bytes(blake2b(told, digest_size=8).digest()) / 2**64
        return 'b' if part < self.share else 'a'

    def choose(self, conversation: str, a: T, b: T) -> T:
        """The first of two things for side a, the second for side b."""
        return b if self.arm(conversation) == 'b' else a


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of both sides.

    Attributes:
        measure: what was measured of each conversation.
        a: its mean on side a; None without conversations.
        b: the same on side b.
        low: lower end of the interval of b - a; None where there are too few conversations.
        high: its upper end.
    """

    measure: str
    a: float | None
    b: float | None
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """What the interval allows to say."""
        if self.low is None or self.high is None:
            return 'too few to tell'
        return 'b is lower' if self.high < 0 else 'b is higher' if self.low > 0 else 'no difference shown'


@dataclass(frozen=True, slots=True)
class TrialReport:
    """What came of a trial.

    Attributes:
        trial: how conversations were dealt.
        conversations: how many each side had.
        unpriced: conversations that are left out of the costs, as some of their requests have no known price.
        rows: the measures.
    """

    trial: Trial
    conversations: Mapping[Arm, int]
    unpriced: int
    rows: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        """The attributes, each measure with its verdict."""
        return {
            'trial': self.trial.name,
            'share': self.trial.share,
            'confidence': CONFIDENCE,
            'conversations': self.conversations,
            'unpriced_conversations': self.unpriced,
            'measures': [
                {
                    'measure': one.measure,
                    'a': one.a,
                    'b': one.b,
                    'low': one.low,
                    'high': one.high,
                    'verdict': one.verdict,
                }
                for one in self.rows
            ],
        }


MEASURES: Mapping[str, Callable[[Figures], float]] = {
    'tokens': lambda one: float(one.tokens),
    'cost': lambda one: one.nano / 1e9,
    'requests': lambda one: float(one.requests),
    'failed': lambda one: float(one.failed),
    'cut_off': lambda one: float(one.cut_off),
}
"""What is measured of each conversation: tokens, dollars, requests; requests that failed, answers that were cut off."""


def compared(trial: Trial, conversations: Iterable[tuple[str, Figures]]) -> TrialReport:
    """The report of a trial.

    Args:
        trial: how conversations were dealt.
        conversations: the id and the figures of each.
    """
    sides: dict[Arm, list[Figures]] = {'a': [], 'b': []}
    for name, figures in conversations:
        if not name:
            continue  # requests without a conversation were dealt to nobody
        sides[trial.arm(name)].append(figures)
    priced = {arm: [one for one in some if not one.unpriced] for arm, some in sides.items()}
    rows = []
    for measure, read in MEASURES.items():
        some = priced if measure == 'cost' else sides
        rows.append(difference(measure, [read(one) for one in some['a']], [read(one) for one in some['b']]))
    counts: dict[Arm, int] = {arm: len(some) for arm, some in sides.items()}
    return TrialReport(trial, counts, sum(counts.values()) - sum(map(len, priced.values())), tuple(rows))


def difference(measure: str, a: Sequence[float], b: Sequence[float], confidence: float = CONFIDENCE) -> Difference:
    """Both means, and Welch's interval of b - a.

    Args:
        measure: what it is called.
        a: the figure of each conversation of side a.
        b: the same of side b.
        confidence: how often such an interval holds the true difference.
    """
    means = (fmean(a) if a else None, fmean(b) if b else None)
    if len(a) < LEAST or len(b) < LEAST:
        return Difference(measure, *means, None, None)
    parts = variance(a) / len(a), variance(b) / len(b)
    error = sqrt(sum(parts))
    middle = fmean(b) - fmean(a)
    if error == 0:
        return Difference(measure, *means, middle, middle)
    freedom = sum(parts) ** 2 / sum(part**2 / (n - 1) for part, n in zip(parts, (len(a), len(b)), strict=True))
    reach = quantile((1 + confidence) / 2, freedom) * error
    return Difference(measure, *means, middle - reach, middle + reach)


def quantile(share: float, freedom: float) -> float:
    """The quantile of Student's t (Abramowitz and Stegun, 26.7.5); good to a thousandth from 19 degrees on."""
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom ** (n + 1) for n, term in enumerate(terms))
