"""Where the tokens of a history go: by role, tool and kind of part, with the largest parts named."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

from compactor.history.message import FRAMING, Kind, Message, Part
from compactor.secrets.redact import redact

REACH = 4_000
"""Characters of a part in which secrets are looked for before its beginning is shown."""
LARGEST = 10
"""How many of the largest parts a report names."""


@dataclass(frozen=True, slots=True)
class Share:
    """One row of a breakdown: estimated tokens under one name, and in how many parts."""

    name: str
    tokens: int
    parts: int


@dataclass(frozen=True, slots=True)
class Holder:
    """One part that holds tokens: which message, what it is, how it begins."""

    message: int
    kind: str
    tool: str
    tokens: int
    begins: str

    def __str__(self) -> str:
        name = f'{self.kind} of {self.tool}' if self.tool else self.kind
        return f'{name} in message {self.message} ({self.tokens:,} tokens)'


@dataclass(frozen=True, slots=True)
class TokenReport:
    """What a request costs and why.

    Attributes:
        model: the model it was counted for, if named.
        budget: the size it is held against (the model's context window or the policy's limit), if known.
        estimated: tokens of the request, instructions and tool definitions included.
        actual: tokens that the provider reported for the newest response in the history, if any.
        method: 'exact', 'calibrated' or 'estimate' (see `Counter`).
        stations: instructions and tools against history.
        roles: by request and response.
        kinds: by kind of part.
        tools: by tool, calls and results together.
        largest: the largest parts, largest first.
    """

    model: str | None
    budget: int | None
    estimated: int
    actual: int | None
    method: str
    stations: tuple[Share, ...]
    roles: tuple[Share, ...]
    kinds: tuple[Share, ...]
    tools: tuple[Share, ...]
    largest: tuple[Holder, ...]

    @property
    def usage(self) -> float | None:
        """Estimated share of the budget in use, or None when there is no budget."""
        return self.estimated / self.budget if self.budget else None


def report(
    messages: Sequence[Message],
    scale: Callable[[int], int],
    *,
    model: str | None = None,
    budget: int | None = None,
    overhead: int = 0,
    method: str = 'estimate',
) -> TokenReport:
    """The report of a history; `scale` turns units of the local tokenizer into the model's tokens."""
    roles: Tally[str] = Tally()
    kinds: Tally[str] = Tally()
    tools: Tally[str] = Tally()
    in_roles: Tally[str] = Tally()
    in_kinds: Tally[str] = Tally()
    in_tools: Tally[str] = Tally()
    for message in messages:
        kinds['framing'] += FRAMING
        in_kinds['framing'] += 1
        roles[message.role] += message.tokens
        in_roles[message.role] += len(message.parts)
        for part in message.parts:
            kinds[part.kind.value] += part.tokens
            in_kinds[part.kind.value] += 1
            if part.tool:
                tools[part.tool] += part.tokens
                in_tools[part.tool] += 1
    history = sum(message.tokens for message in messages)

    def shares(tokens: Tally[str], parts: Tally[str]) -> tuple[Share, ...]:
        return tuple(Share(name, scale(n), parts[name]) for name, n in tokens.most_common())

    stations: tuple[Share, ...] = (Share('history', scale(history), sum(in_roles.values())),)
    if overhead:
        stations = (Share('instructions and tools', overhead, 0), *stations)
    return TokenReport(
        model=model,
        budget=budget,
        estimated=overhead + scale(history),
        actual=next((m.reported for m in reversed(messages) if m.reported is not None), None),
        method=method,
        stations=stations,
        roles=shares(roles, in_roles),
        kinds=shares(kinds, in_kinds),
        tools=tuple(replace(share, name=redact(share.name)) for share in shares(tools, in_tools)),
        largest=holders(messages, scale, LARGEST),
    )


def holders(messages: Sequence[Message], scale: Callable[[int], int], most: int) -> tuple[Holder, ...]:
    """The `most` largest parts, largest first."""
    sized = ((part.tokens, -i, part) for i, message in enumerate(messages) for part in message.parts)
    largest = nlargest(most, sized, key=lambda entry: entry[:2])
    return tuple(
        Holder(-i, part.kind.value, redact(part.tool), scale(tokens), _begins(part)) for tokens, i, part in largest
    )


def _begins(part: Part) -> str:
    if part.kind in (Kind.NATIVE_CALL, Kind.NATIVE_RESULT, Kind.OPAQUE, Kind.DELTA):
        return ''
    # Redacted before it is cut: half a secret is known to nobody, and a secret all the same.
    line = ' '.join(redact(part.text[:REACH])[:160].split())
    return line if len(line) <= 60 else line[:59] + '…'
