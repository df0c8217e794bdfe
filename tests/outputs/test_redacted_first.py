"""Secrets go before anything is cut: a cut through a secret would leave a half that no pattern knows."""

from __future__ import annotations

import pytest

from compactor import MemoryArchive, Narrowing, counter_for, output_budget

SECRET = 'gh' + 'p_' + 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5'
PIECE = 10


@pytest.mark.parametrize('narrowing', Narrowing)
@pytest.mark.parametrize('budget', range(16, 120, 4))
def test_no_piece_of_a_secret_is_left_wherever_the_cut_falls(budget: int, narrowing: Narrowing) -> None:
    """One long line, so that cuts fall inside of it, full of one secret: no ten characters of that come through."""
    archive = MemoryArchive()
    whole = f'export TOKEN={SECRET} ' * 60

    @output_budget(budget, narrowing, archive=archive)
    def environment() -> str:
        return whole

    shown = environment()
    assert counter_for(None).count(shown) <= budget
    assert not [at for at in range(len(SECRET) - PIECE) if SECRET[at : at + PIECE] in shown]
