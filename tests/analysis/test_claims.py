"""Quoted figures: reproduced with a formula, or not, with the nearest one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from compactor.analysis.claims import Checked, Claim, check, load_claims
from compactor.analysis.days import Day
from compactor.analysis.figure import Figure
from compactor.analysis.sessions import Session
from compactor.errors import ConfigError

FIGURES = (
    Figure('input_per_request', 'input a request', 28_351.4950, 'tokens', 'Σ input / Σ requests', '71 / 25'),
    Figure('ratio', 'ratio', 86.976, 'ratio', 'Σ input / Σ output'),
    Figure('none', 'nothing', None, 'ratio', '0 / 0'),
)
SESSIONS = tuple(
    Session(n, n, n + 1, 1, 10, 10 * each, 0, 1, 'below target') for n, each in enumerate((30_000, 35_000, 4_000), 1)
)
DAYS = (
    Day('2026-01-27', 24, 1, 1, 1, 0.991, 1.004, 'above target'),
    Day('2026-01-28', 24, 1, 1, 1, 0.85, 0.9, 'above target'),
)


def checked(**claim: object) -> Checked:
    """What comes of one claim."""
    exact = {name: Decimal(str(one)) if type(one) in (int, float) else one for name, one in claim.items()}
    (found,) = check([Claim.model_validate({'text': 'x', **exact})], FIGURES, SESSIONS, DAYS)
    return found


@pytest.mark.parametrize(
    ('value', 'verdict'),
    [
        (87, 'reproduced'),
        (86.98, 'reproduced'),
        ('87.0', 'reproduced'),
        (86.97, 'not reproducible'),
        (28351, 'reproduced'),
    ],
)
def test_a_figure_is_reproduced_in_the_places_that_are_claimed(value: object, verdict: str) -> None:
    """87 is 86.976, 86.97 is not."""
    assert checked(value=value).verdict == verdict


def test_what_is_not_reproducible_has_a_nearest() -> None:
    """With its formula and how far off it is."""
    found = checked(value=28_326)
    assert found.verdict == 'not reproducible'
    assert found.found == 'nearest is 28,351 = Σ input / Σ requests = 71 / 25, 0.09% off'


def test_a_range_of_sessions() -> None:
    """Each of them, and all together."""
    assert checked(at_least=30_000, at_most=40_000, sessions='1-2').verdict == 'reproduced'
    found = checked(at_least=30_000, at_most=40_000, sessions='1-3')
    assert (found.verdict, found.found) == (
        'partly',
        'together 23,000 (Σ input / Σ requests); not so: session 3 with 4,000',
    )
    assert checked(at_most=3_999, sessions='3').verdict == 'not reproducible'
    with pytest.raises(ConfigError, match='there are 3'):
        checked(at_least=1, sessions='2-4')


def test_days() -> None:
    """In percent, of all of them; the other way of counting is told."""
    found = checked(value=99, days=True)
    assert (found.verdict, found.found) == ('partly', 'by day 99.1%, 85.0%; counted the other way 100.4%, 90.0%')


def test_parts_of_the_rows_are_looked_through() -> None:
    """A beginning, an end, all but one, a run of sessions; a match by luck says how many were tried."""
    minutes = [(1, 100, 1), (1, 200, 1), (2, 1_000, 1)]
    (found,) = check([Claim(text='x', value=Decimal(150))], FIGURES, SESSIONS, DAYS, minutes)
    assert found.verdict == 'not reproducible'
    assert found.subsets is not None
    assert found.subsets.hits == 2  # the first two, and all but the last
    assert 'some would by chance' in found.subsets.text
    (found,) = check([Claim(text='x', value=Decimal(151_000))], FIGURES, SESSIONS, DAYS, minutes)
    assert found.subsets is not None
    assert (found.subsets.hits, found.subsets.nearest) == (0, 35_000)


def test_a_file_of_claims(tmp_path: Path) -> None:
    """TOML; numbers keep their places."""
    path = tmp_path / 'claims.toml'
    path.write_text('[[claim]]\ntext = "a"\nvalue = 1.50\n[[claim]]\ntext = "b"\nat_most = 3\nsessions = "2"\n')
    first, second = load_claims(path)
    assert (first.value, second.at_most, second.sessions) == (Decimal("1.5"), Decimal(3), "2")


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('x = 1', 'holds no claims'),
        ('claim = 3', 'holds no claims'),
        ('[[claim]]\ntext = "a"', 'claim 1: a claim has either a value'),
        ('[[claim]]\ntext = "a"\nvalue = 1\nvalu = 2', 'valu: unknown key'),
        ('[[claim]]\ntext = "a"\nvalue = 1\nsessions = "all"', "sessions are '3' or '1-5'"),
    ],
)
def test_a_file_that_holds_none(tmp_path: Path, text: str, says: str) -> None:
    """The message names the claim."""
    path = tmp_path / 'claims.toml'
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_claims(path)
    assert says in str(raised.value)


def test_a_figure_that_there_is_none_of() -> None:
    """The message lists them."""
    with pytest.raises(ConfigError, match='there are input_per_request, ratio, none'):
        checked(value=1, figure='speed')
