"""How much of a limit is ours: all of it, less what the provider's word shows that others have taken."""

from __future__ import annotations

from compactor.capacity.counts import FINENESS, LONGEST, Counts
from compactor.capacity.limits import Known


def room(counts: Counts, key: str, known: Known, now: float) -> int:
    """What may be counted in a limit's window at most.

    When a provider says what is left, that and what was counted here until then is all that could be counted here;
    the rest went to others on the account, to what was sent before counting began, or to what the provider reserves for
    an answer and does not give back. That is taken off until the provider's reset, or its next word. What we took
    ourselves leaves the window as it always does, so that the last word before a window was full does not stop
    everything until the reset.

    Args:
        counts: where it is counted.
        key: under what.
        known: the limit.
        now: seconds since 1970.
    """
    limit = known.limit
    if known.told is None:
        return limit.amount
    since = min(known.since(now), LONGEST)
    # Sums take in a whole bucket from before. What was taken in the bucket of the word belongs to the word, or a
    # request would be held against the very answer that it got; the limit itself is checked beside it.
    bucket = max(1.0, since / FINENESS)
    recent = since - bucket if since > bucket else None
    whole = limit.elapsed(now) if limit.calendar else min(since + limit.seconds, LONGEST)
    asked = [whole] if recent is None else [whole, recent]
    until_then, *after = counts.totals([(key, seconds) for seconds in asked], now)
    earlier = until_then - sum(after)
    # Of a calendar day it is below nothing where the word is from the day before: taken since then, before midnight.
    return min(limit.amount, known.told + (earlier if limit.calendar else max(0, earlier)))
