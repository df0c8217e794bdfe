"""Every error this library raises, by who has to act.

CompactorError
 ├── ConfigError        a policy, preset, file or argument is wrong: mend the configuration
 ├── HistoryError       what was handed in is not a history of messages: mend the input
 ├── ArchiveExpired     an archive no longer holds what a history leaves out: nothing brings it back
 ├── WorkspaceError     a path, a diff or a batch cannot be served: mend it; nothing was changed
 ├── StoreError         the database cannot be reached, read or written: mend it; runs go on without, if policy says so
 ├── BudgetExceeded     a budget of tokens, requests or money is spent: wait for its next period, or raise it
 ├── CapacityExhausted  no model of a chain can be asked for now: wait, add a model, or allow longer waits
 └── RequestTooLarge    the request cannot be brought under the hard limit: shorten what is named
"""

from __future__ import annotations

from collections.abc import Sequence


class CompactorError(Exception):
    """Root of all errors raised by this library."""


class ConfigError(CompactorError, ValueError):
    """A policy, a preset, a configuration file or an argument is not valid; the message says what to do."""


class HistoryError(CompactorError, ValueError):
    """The input is not a list of messages, or a file does not hold one; the message says what was found."""


class ArchiveExpired(CompactorError):
    """The archive does not hold what was left out of a history; the message names what is missing.

    Evicted to stay within the archive's bounds, held by another process, or never archived.
    """


class WorkspaceError(CompactorError, ValueError):
    """A path, a diff or a batch of operations on a workspace cannot be served; the message says why.

    Whatever raises it has changed no file.
    """


class StoreError(CompactorError):
    """The store cannot be reached, read or written; the message says which, why and what to do."""


class BudgetExceeded(CompactorError):
    """A budget has no room for a request.

    Attributes:
        budget: the budget's name.
        unit: 'tokens', 'requests' or 'usd'.
        used: what is spent in this period, reservations of others included.
        limit: what may be spent.
        wanted: what the request would have taken.
        resets: when the next period begins, in seconds since 1970.
    """

    def __init__(
        self, budget: str, unit: str, used: float, limit: float, wanted: float, resets: float, message: str
    ) -> None:
        self.budget = budget
        self.unit = unit
        self.used = used
        self.limit = limit
        self.wanted = wanted
        self.resets = resets
        super().__init__(message)


class CapacityExhausted(CompactorError):
    """No model of a chain can be asked: each is cooling down, has no room, or has refused.

    Attributes:
        models: a line for each model, in order, that says why.
        retry_after: seconds until the first of them may be asked again; None if nobody knows, or never.
    """

    def __init__(self, models: Sequence[str], retry_after: float | None, waited: float = 0.0) -> None:
        self.models = tuple(models)
        self.retry_after = retry_after
        super().__init__(exhausted(models, retry_after, waited))


def exhausted(models: Sequence[str], retry_after: float | None, waited: float) -> str:
    """What `CapacityExhausted` says; see there."""
    when = 'None of them is known to come back' if retry_after is None else f'Try again in {retry_after:,.0f} s'
    tried = f' after waiting for {waited:,.0f} s' if waited >= 1 else ''
    return (
        f'No model can be asked{tried}: {"; ".join(models)}. {when}, add a model, or allow a longer wait'
        ' (`max_wait` in the policy of capacity).'
    )


class RequestTooLarge(CompactorError):
    """The request is at or above the hard limit although everything that may shrink has shrunk.

    Attributes:
        tokens: tokens of the request, instructions and tool definitions included.
        limit: the hard limit in tokens.
        over: `tokens - limit + 1`, what must go before the request is let through.
        parts: descriptions of what holds the tokens, largest first.
    """

    def __init__(self, tokens: int, limit: int, parts: Sequence[str] = ()) -> None:
        self.tokens = tokens
        self.limit = limit
        self.over = tokens - limit + 1
        self.parts = tuple(parts)
        held = f' Held by: {"; ".join(self.parts)}.' if self.parts else ''
        super().__init__(
            f'The request has {tokens:,} tokens, {self.over:,} too many for the hard limit of {limit:,}.{held}'
            ' Shorten what is named, or raise `max_input_tokens` or `hard_limit_threshold` in the policy.'
        )
