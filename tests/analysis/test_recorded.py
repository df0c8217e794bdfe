"""Real exports of a provider, and what was claimed of them: each figure to the digit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from compactor.analysis.claims import Claim
from compactor.analysis.rules import Rules
from compactor.analysis.usage import UsageReport, analyse
from tests.corpus import MISSING, corpus_root

ROOT = corpus_root()
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(ROOT is None or not (ROOT / 'usage').is_dir(), reason=MISSING),
]
DESCRIBED = 'cerebras_2026-01-27_29.csv'
LIMIT = Rules(daily_limit=24_000_000)


def report(*names: str, rules: Rules = LIMIT, claims: tuple[Claim, ...] = ()) -> UsageReport:
    """The analysis of some of the exports."""
    assert ROOT is not None
    return analyse([ROOT / 'usage' / name for name in names], rules, claims=claims)


@pytest.mark.parametrize(
    ('name', 'wanted'),
    [
        (DESCRIBED, (204, 151, 2_517, 71_360_713, 820_463, 28_351, 28_677, 86.98, 11)),
        ('cerebras_2026-01-27_30.csv', (224, 167, 2_686, 73_110_688, 862_819, 27_219, 27_540, 84.73, 12)),
        ('cerebras_2026-01-29_30.csv', (76, 57, 991, 12_484_264, 220_894, 12_598, 12_821, 56.52, 3)),
    ],
)
def test_headline_figures(name: str, wanted: tuple[float, ...]) -> None:
    """Of each export by itself."""
    found = report(name)
    keys = (
        'rows',
        'active_rows',
        'requests',
        'input_tokens',
        'output_tokens',
        'input_per_request',
        'total_per_request',
    )
    sums = [found.figure(key).value or 0 for key in keys]
    assert tuple(map(round, sums)) == wanted[:7]
    assert round(found.figure('input_output_ratio').value or 0, 2) == wanted[7]
    assert len(found.sessions) == wanted[8]


def test_merged_without_double_counting() -> None:
    """The second holds the first, the third overlaps it on 18 rows."""
    found = report(DESCRIBED, 'cerebras_2026-01-27_30.csv', 'cerebras_2026-01-29_30.csv')
    assert [one.merged for one in found.sources] == [0, 204, 18]
    assert found.figure('rows').value == 224 + 76 - 18


def test_sessions_and_the_rules_that_give_others() -> None:
    """Eleven; ten if empty rows count, or if pauses are measured from the end."""
    sessions = report(DESCRIBED).sessions
    assert [one.requests for one in sessions] == [772, 668, 3, 4, 61, 251, 177, 108, 126, 155, 192]
    assert [round(one.per_request or 0) for one in sessions] == [
        *(30_812, 31_827, 4_238, 4_893, 41_481, 35_515, 28_849, 27_389, 11_651, 14_885, 15_611)
    ]
    assert len(report(DESCRIBED, rules=Rules(gap_rows='all')).sessions) == 10
    assert len(report(DESCRIBED, rules=Rules(gap_from='end')).sessions) == 10


def test_days_against_the_limit() -> None:
    """99 % by input tokens; by all tokens the limit was reached every day."""
    days = report(DESCRIBED).days
    assert [f'{one.share:.1%}' for one in days] == ['99.1%', '99.3%', '99.0%']
    assert [f'{one.share_other:.1%}' for one in days] == ['100.4%', '100.1%', '100.2%']
    assert {one.verdict for one in days} == {'above target'}


def test_minutes_and_means() -> None:
    """High-burn minutes, peaks, and the averages that the claimed one is not."""
    found = report(DESCRIBED)
    keys = ('minutes_high_input', 'minutes_high_total', 'minutes_high_requests', 'peak_minute_total')
    assert [found.figure(key).value for key in (*keys, 'peak_minute_requests')] == [64, 26, 4, 1_329_249, 53]
    means = ('mean_of_minutes_input', 'mean_of_minutes_total', 'mean_of_sessions_input', 'mean_of_sessions_total')
    assert [round(found.figure(key).value or 0) for key in means] == [28_561, 28_924, 22_468, 22_741]


def test_what_was_claimed() -> None:
    """28,326 is not reproducible, whichever part of the rows is taken; the trend holds for its last part only."""
    claims = (
        Claim(text='28,326 tokens a request', value=Decimal(28_326)),
        Claim(text='87:1', value=Decimal(87), figure='input_output_ratio'),
        Claim(text='99 % of the daily limit', value=Decimal(99), days=True),
        Claim(text='30-40K', at_least=Decimal(30_000), at_most=Decimal(40_000), sessions='1-5'),
        Claim(text='20-25K', at_least=Decimal(20_000), at_most=Decimal(25_000), sessions='6-8'),
        Claim(text='10-16K', at_least=Decimal(10_000), at_most=Decimal(16_000), sessions='9-11'),
    )
    found = report(DESCRIBED, claims=claims).claims
    assert [one.verdict for one in found] == [
        *('not reproducible', 'reproduced', 'reproduced', 'partly', 'not reproducible', 'reproduced')
    ]
    assert found[0].found == 'nearest is 28,351 = Σ input tokens / Σ requests = 71,360,713 / 2,517, 0.09% off'
    assert found[0].subsets is not None
    assert found[0].subsets.hits == 0
    together = [one.found.partition(' (')[0] for one in found[3:]]
    assert together == ['together 31,572', 'together 31,676', 'together 14,318']
