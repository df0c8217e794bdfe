"""An entry of the ledger: one model request, as it was paid for."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from compactor.ledger.billing import Billing
from compactor.ledger.context import Context
from compactor.ledger.reacquired import Reacquired

EntryKind = Literal['request', 'summary', 'failover', 'cache']
"""What a request was for: the agent's own, a summariser's, one sent on to another model, one that a cache answered."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model request.

    Attributes:
        at: when it ended, in seconds since 1970.
        model: the model's name without its provider.
        provider: the provider's name, '' if unknown.
        kind: see `EntryKind`.
        agent: the agent's name, '' if it has none.
        conversation: the conversation's id, else the run's.
        run: the run's id.
        workload: what it was routed as, '' if it was not.
        task: the task that was detected, '' if none was.
        input_tokens: tokens sent, those read from and written to the provider's cache included.
        output_tokens: tokens received, thinking included.
        cache_read_tokens: of the input, those that the provider had cached.
        cache_write_tokens: of the input, those that it cached now.
        cost: in dollars; None where no price is known.
        latency: seconds from sending to the end of the answer; None where it was not measured.
        finish_reason: why the answer ended.
        streamed: whether it was streamed.
        cache_hit: it was answered from the response cache and not sent.
        saved_by_compaction: input tokens that it would have had besides, without compaction; negative if it has more.
        saved_by_outputs: the same for outputs within budgets.
        saved_by_cache: tokens, input and output, of the answer that was not asked for again.
        error: the exception's name and message where it failed, without content of messages.
        billing: what its price hangs on besides tokens.
        estimated: its provider reported no usage; its tokens are those that were counted, or set aside for it.
        added_by_frames: of the input, tokens that frames of prompts added (`routing.frames`).
        context: what it was made of; None where nobody looked.
        reacquired: what its input has again that a compaction had taken, since the request before.
    """

    at: float
    model: str
    provider: str = ''
    kind: EntryKind = 'request'
    agent: str = ''
    conversation: str = ''
    run: str = ''
    workload: str = ''
    task: str = ''
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost: Decimal | None = None
    latency: float | None = None
    finish_reason: str | None = None
    streamed: bool = False
    cache_hit: bool = False
    saved_by_compaction: int = 0
    saved_by_outputs: int = 0
    saved_by_cache: int = 0
    error: str | None = None
    billing: Billing = field(default_factory=Billing)
    estimated: bool = False
    added_by_frames: int = 0
    context: Context | None = None
    reacquired: tuple[Reacquired, ...] = ()
