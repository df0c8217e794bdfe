"""Sums over entries, and how they are grouped: what every report is made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, Literal

from compactor.ledger.entry import Entry
from compactor.ledger.prices import dollars, nano

Dimension = Literal['kind', 'agent', 'model', 'provider', 'workload', 'task']
"""What entries can be grouped by."""
CUT_OFF = 'length'
"""The finish reason of an answer that had no room left."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the entries of one sum have in common; see `Entry`."""

    kind: str
    agent: str
    model: str
    provider: str
    workload: str
    task: str

    @classmethod
    def of(cls, entry: Entry) -> Group:
        """The group that an entry belongs to."""
        return cls(entry.kind, entry.agent, entry.model, entry.provider, entry.workload, entry.task)


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over entries. All but the seconds are whole numbers, so that they add up exactly in any order.

    Attributes:
        requests: entries.
        hits: of them, answered from the response cache and not sent.
        failed: of them, ended by an error.
        cut_off: of them, answers that ended because there was no room left.
        input_tokens: tokens sent.
        output_tokens: tokens received.
        cache_read_tokens: of the input, what the provider had cached.
        cache_write_tokens: of the input, what it cached.
        nano: what is known to have been paid, in billionths of a dollar.
        priced: entries with a known cost.
        unpriced: entries with tokens and without a known cost.
        timed: entries that were sent, answered and measured.
        timed_tokens: their tokens, input and output.
        seconds: how long they took together.
        rated: those of the timed that have a known cost too; `efficiency` is of these.
        rated_tokens: their tokens, input and output.
        rated_nano: what they cost, in billionths of a dollar.
        rated_seconds: how long they took together.
        saved_by_compaction: input tokens that compaction spared; negative where it added some.
        saved_by_outputs: the same for outputs within budgets.
        saved_by_cache: tokens, input and output, of answers that were not asked for again.
        estimated: entries whose provider reported no usage, so that their tokens and costs are not its own.
    """

    requests: int = 0
    hits: int = 0
    failed: int = 0
    cut_off: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    nano: int = 0
    priced: int = 0
    unpriced: int = 0
    timed: int = 0
    timed_tokens: int = 0
    seconds: float = 0.0
    rated: int = 0
    rated_tokens: int = 0
    rated_nano: int = 0
    rated_seconds: float = 0.0
    saved_by_compaction: int = 0
    saved_by_outputs: int = 0
    saved_by_cache: int = 0
    estimated: int = 0

    @classmethod
    def of(cls, entry: Entry) -> Figures:
        """The figures of one entry."""
        tokens = entry.input_tokens + entry.output_tokens
        cost = None if entry.cost is None else nano(entry.cost)
        timed = entry.latency is not None and entry.error is None and not entry.cache_hit
        rated = timed and cost is not None
        seconds = entry.latency or 0.0
        return cls(
            requests=1,
            hits=int(entry.cache_hit),
            failed=int(entry.error is not None),
            cut_off=int(entry.finish_reason == CUT_OFF),
            input_tokens=entry.input_tokens,
            output_tokens=entry.output_tokens,
            cache_read_tokens=entry.cache_read_tokens,
            cache_write_tokens=entry.cache_write_tokens,
            nano=cost or 0,
            priced=int(cost is not None),
            unpriced=int(cost is None and tokens > 0),
            timed=int(timed),
            timed_tokens=tokens if timed else 0,
            seconds=seconds if timed else 0.0,
            rated=int(rated),
            rated_tokens=tokens if rated else 0,
            rated_nano=cost or 0 if rated else 0,
            rated_seconds=seconds if rated else 0.0,
            saved_by_compaction=entry.saved_by_compaction,
            saved_by_outputs=entry.saved_by_outputs,
            saved_by_cache=entry.saved_by_cache,
            estimated=int(entry.estimated),
        )

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, name) + getattr(other, name) for name in FIGURES))

    @property
    def sent(self) -> int:
        """Requests that went to a provider."""
        return self.requests - self.hits

    @property
    def tokens(self) -> int:
        """Tokens sent and received."""
        return self.input_tokens + self.output_tokens

    @property
    def cost(self) -> Decimal | None:
        """Dollars known to have been paid; None where tokens have no known price and the rest cost nothing."""
        return None if self.unpriced and not self.nano else dollars(self.nano)

    @property
    def hit_rate(self) -> float:
        """Share of requests answered from the response cache; 0 where there were none."""
        return self.hits / self.requests if self.requests else 0.0

    @property
    def read_rate(self) -> float | None:
        """Share of the input that the provider had cached; None where nothing was sent."""
        return self.cache_read_tokens / self.input_tokens if self.input_tokens else None

    @property
    def mean_seconds(self) -> float | None:
        """Seconds of an answered request on average; None where none was measured."""
        return self.seconds / self.timed if self.timed else None


FIGURES: tuple[str, ...] = tuple(one.name for one in fields(Figures))
"""The names of all sums, in order."""
DIMENSIONS: tuple[Dimension, ...] = ('kind', 'agent', 'model', 'provider', 'workload', 'task')
"""The names of all that entries are grouped by, in the order of `Group`."""


@dataclass(frozen=True, slots=True)
class Total:
    """The figures of one group."""

    group: Group
    figures: Figures


def added(many: Iterable[Figures]) -> Figures:
    """The sum of figures; all zero for none."""
    rows = [tuple(getattr(one, name) for name in FIGURES) for one in many]
    return Figures(*map(sum, zip(*rows, strict=True))) if rows else Figures()


def overall(totals: Iterable[Total]) -> Figures:
    """Everything together."""
    return added(total.figures for total in totals)


def by(dimension: Dimension, totals: Iterable[Total]) -> dict[str, Figures]:
    """Figures by one of the dimensions, most tokens first, names in order where they are equal."""
    parts: dict[str, list[Figures]] = {}
    for total in totals:
        parts.setdefault(getattr(total.group, dimension), []).append(total.figures)
    found = [(name, added(figures)) for name, figures in parts.items()]
    return dict(sorted(found, key=lambda pair: (-pair[1].tokens, -pair[1].requests, pair[0])))


def counted(entries: Iterable[Entry]) -> tuple[Total, ...]:
    """The totals of entries that are at hand; a store has its own way, in SQL."""
    parts: dict[Group, list[Figures]] = {}
    for entry in entries:
        parts.setdefault(Group.of(entry), []).append(Figures.of(entry))
    return tuple(Total(group, added(figures)) for group, figures in parts.items())


def to_json(value: Any) -> Any:
    """A value as JSON has it.

    Money (`Decimal`) becomes a string in plain notation, such as '0.00125': no reader may round it unasked. A number
    that JSON does not know (infinity, not a number) becomes null. A value with a `to_json` of its own decides.
    """
    own = getattr(value, 'to_json', None)
    if own is not None and not isinstance(value, type):
        return to_json(own())
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return to_json(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): to_json(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_json(one) for one in value]
    return value


def money(amount: Decimal) -> str:
    """Dollars in plain notation, exact, without the zeros at their end."""
    text = format(amount, 'f')
    text = text.rstrip('0').rstrip('.') if '.' in text else text
    return '0' if text in ('-0', '') else text
