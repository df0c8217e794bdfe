"""Figures that somebody quotes, checked: which of them these rows give, by which formula, and which they do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from compactor.analysis.days import Day
from compactor.analysis.figure import Figure, divided, shown
from compactor.analysis.sessions import Session
from compactor.analysis.subsets import Minute, Subsets, search
from compactor.errors import ConfigError
from compactor.policies.station import Station
from compactor.sources import from_toml

Verdict = Literal['reproduced', 'partly', 'not reproducible']
RANGE = re.compile(r'(\d+)(?:-(\d+))?')


class Claim(Station):
    """A figure as somebody quotes it.

    Attributes:
        text: the claim in words.
        value: the number; it is reproduced if a figure, rounded to as many places, is the same.
        at_least: or a range: its lower end,
        at_most: and its upper end.
        figure: the key of the figure that is meant; '' looks among all of them.
        sessions: of these sessions, such as '1-5', what is claimed is their input tokens a request.
        days: it is claimed of every day's share of the daily limit, in percent.
    """

    text: str
    value: Decimal | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    figure: str = ''
    sessions: str = ''
    days: bool = False

    @model_validator(mode='after')
    def _one_of(self) -> Claim:
        if (self.value is None) == (self.at_least is None and self.at_most is None):
            raise ValueError('a claim has either a value, or at_least and at_most')
        if self.sessions and not RANGE.fullmatch(self.sessions):
            raise ValueError(f"sessions are '3' or '1-5', not {self.sessions!r}")
        return self

    @property
    def places(self) -> int:
        """How many places behind the point are claimed."""
        exponent = (self.value if self.value is not None else Decimal(0)).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    def met(self, value: float | Decimal | None) -> bool:
        """Whether a figure is what is claimed."""
        if value is None:
            return False
        if self.value is not None:
            return round(Decimal(value), self.places) == self.value
        exact = Decimal(value)
        return (self.at_least is None or exact >= self.at_least) and (self.at_most is None or exact <= self.at_most)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a claim.

    Attributes:
        text: the claim in words.
        verdict: see the values; 'partly' is what holds for some of the sessions or days that it is claimed of.
        found: what there is instead, or the formula that gives it.
        off: how far the nearest figure is from the claimed value, as a share of it; None for ranges.
        subsets: what parts of the rows give, where the whole does not.
    """

    text: str
    verdict: Verdict
    found: str
    off: float | None = None
    subsets: Subsets | None = None


def load_claims(path: Path) -> tuple[Claim, ...]:
    """The claims of a TOML file: `[[claim]]`, each with `text` and the rest of `Claim`.

    Raises:
        ConfigError: the file is no TOML, or a claim is none.
    """
    given = from_toml(path)
    some = given.get('claim')
    if set(given) != {'claim'} or not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
        raise ConfigError(f'{path} holds no claims: [[claim]], text = "28,000 tokens a request", value = 28000')
    made: list[Claim] = []
    for number, one in enumerate(some, 1):
        exact: dict[str, Any] = {k: Decimal(str(v)) if type(v) in (int, float) else v for k, v in one.items()}
        try:
            made.append(Claim(**exact))
        except ConfigError as error:
            raise ConfigError(f'{path}, claim {number}: {error}') from None
    return tuple(made)


def check(
    claims: Iterable[Claim],
    figures: Sequence[Figure],
    sessions: Sequence[Session],
    days: Sequence[Day],
    minutes: Sequence[Minute] = (),
) -> tuple[Checked, ...]:
    """Checks claims.

    Args:
        claims: in any order.
        figures: of the report.
        sessions: of the report.
        days: of the report.
        minutes: active minutes in order, for looking through parts of the rows; empty does not look.

    Raises:
        ConfigError: a claim is about a figure or a session that the report does not have.
    """
    made = []
    for claim in claims:
        if claim.days:
            made.append(_of_days(claim, days))
        elif claim.sessions:
            made.append(_of_sessions(claim, sessions))
        else:
            made.append(_of_figures(claim, figures, sessions, minutes))
    return tuple(made)


def _of_days(claim: Claim, days: Sequence[Day]) -> Checked:
    shares = [None if day.share is None else 100 * day.share for day in days]
    if not shares or None in shares:
        return Checked(claim.text, 'not reproducible', 'no day has a share: there is no daily limit to compare with')
    met = sum(map(claim.met, shares))
    ways = (', '.join('-' if s is None else f'{s:.1%}' for s in some) for some in _both(days))
    return Checked(claim.text, _part(met, len(shares)), 'by day {}; counted the other way {}'.format(*ways))


def _both(days: Sequence[Day]) -> Iterable[list[float | None]]:
    return [day.share for day in days], [day.share_other for day in days]


def _of_sessions(claim: Claim, sessions: Sequence[Session]) -> Checked:
    found = RANGE.fullmatch(claim.sessions)
    assert found is not None  # a claim is not made otherwise
    first, last = int(found[1]), int(found[2] or found[1])
    some = [session for session in sessions if first <= session.number <= last]
    if len(some) != last - first + 1:
        raise ConfigError(f'the claim {claim.text!r} is about sessions {claim.sessions}; there are {len(sessions)}')
    missed = [session for session in some if not claim.met(session.per_request)]
    together = divided(sum(s.input for s in some), sum(s.requests for s in some))
    said = f'together {shown(together)} (Σ input / Σ requests)'
    if missed:
        said += '; not so: ' + ', '.join(f'session {s.number} with {shown(s.per_request)}' for s in missed)
    met = len(some) - len(missed) + claim.met(together)
    return Checked(claim.text, _part(met, len(some) + 1), said)


def _part(met: int, of: int) -> Verdict:
    return 'reproduced' if met == of else 'partly' if met else 'not reproducible'


def _of_figures(
    claim: Claim, figures: Sequence[Figure], sessions: Sequence[Session], minutes: Sequence[Minute]
) -> Checked:
    some = [one for one in figures if one.value is not None and claim.figure in ('', one.key)]
    if not some:
        raise ConfigError(
            f'the claim {claim.text!r} is about {claim.figure!r}; there are {", ".join(one.key for one in figures)}'
        )
    best = next((one for one in some if claim.met(one.value)), None)
    if best is not None:
        return Checked(claim.text, 'reproduced', f'{best.shown} = {_formula(best)}')
    if claim.value is None:
        return Checked(claim.text, 'not reproducible', '; '.join(f'{one.name}: {one.shown}' for one in some[:3]))
    wanted = float(claim.value)
    nearest = min(some, key=lambda one: abs(float(one.value or 0) - wanted))
    off = divided(abs(float(nearest.value or 0) - wanted), abs(wanted))
    said = f'nearest is {nearest.shown} = {_formula(nearest)}' + ('' if off is None else f', {off:.2%} off')
    parts = search(wanted, claim.places, minutes, sessions) if minutes else None
    return Checked(claim.text, 'not reproducible', said, off, parts)


def _formula(figure: Figure) -> str:
    return figure.formula + (f' = {figure.worked}' if figure.worked else '')
