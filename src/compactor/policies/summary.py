"""What the summary of a compaction may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from compactor.policies.station import Positive, Station


class SummaryPolicy(Station):
    """What a `Compactor` with a summariser may spend on the summary of one compaction.

    Attributes:
        max_prompt_tokens: tokens of one prompt at most; a longer record is summed up in pieces. The summariser's
            window may set a lower bound.
        max_tokens: tokens of one answer at most; the thinking of a model that thinks counts.
        timeout: seconds that a request waits for its summary at most, all questions and retries together.
        attempts: attempts at one question, where the error may pass (429, 5xx, connection, time-out).
        circuit_failures: summaries that fail in a row before the summariser is left alone for a while.
        circuit_pause: how long, in seconds.
        ahead: write the summary in the background when a request comes within 80 % of the trigger, so that the
            compaction need not wait; capability mode only.
    """

    max_prompt_tokens: Annotated[int, Field(ge=2_000)] = 24_000
    max_tokens: Annotated[int, Field(ge=100)] = 800
    timeout: Annotated[float, Field(gt=0)] = 20.0
    attempts: Positive = 3
    circuit_failures: Positive = 3
    circuit_pause: Annotated[float, Field(ge=0)] = 300.0
    ahead: bool = False
