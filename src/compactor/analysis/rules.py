"""What an analysis goes by: when a session ends, which limit a day has, what is asked of a request."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from compactor.ledger.periods import zone_of
from compactor.policies.station import Positive, Share, Station


class Rules(Station):
    """The rules of an analysis. Every report shows those it went by.

    Attributes:
        gap: a session ends where nothing follows for more than so many seconds.
        gap_from: what the pause is measured between: the starts of two rows, or the end of one and the start of the
            next ('end').
        gap_rows: which rows count as something: 'active' ones, or 'all', rows without requests too.
        daily_limit: tokens that a day allows; None if there is no limit.
        limit_counts: what counts against it: 'input' tokens, or the 'total' of input and output.
        time_zone: whose days are meant.
        target_tokens: input tokens of a request that sessions should stay below.
        target_share: share of the daily limit that days should stay below.
        high_input: a minute with more input tokens is a high-burn minute.
        high_total: so is one with so many tokens, input and output, or more.
        high_requests: so is one with more requests.
    """

    gap: Positive = 600
    gap_from: Literal['start', 'end'] = 'start'
    gap_rows: Literal['active', 'all'] = 'active'
    daily_limit: Positive | None = None
    limit_counts: Literal['input', 'total'] = 'input'
    time_zone: str = 'UTC'
    target_tokens: Positive = 15_000
    target_share: Share = 0.8
    high_input: int = Field(default=500_000, ge=0)
    high_total: int = Field(default=1_000_000, ge=0)
    high_requests: int = Field(default=50, ge=0)

    @field_validator('time_zone')
    @classmethod
    def _known(cls, name: str) -> str:
        zone_of(name)
        return name

    @property
    def session_rule(self) -> str:
        """When a session ends, in words."""
        rows = 'active minutes' if self.gap_rows == 'active' else 'rows, empty ones too,'
        between = (
            f'the starts of two successive {rows}'
            if self.gap_from == 'start'
            else f'the end of one and the start of the next of the {rows}'
        )
        return f'a session ends where {between} lie more than {self.gap:,} seconds apart'
