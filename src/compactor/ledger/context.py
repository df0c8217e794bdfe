"""What a request was made of: the tokens of its parts against its window, and what a compaction made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PARTS: Mapping[str, str] = {
    'user': 'user',
    'system': 'system',
    'mark': 'digest',
    'summary': 'digest',
    'result': 'results',
    'feedback': 'results',
    'native-result': 'results',
    'call': 'calls',
    'native-call': 'calls',
    'text': 'agent',
    'thinking': 'thinking',
}
"""Under which name each kind of part (`history.message.Kind`) is shown; what is not here is 'other'."""
SHOWN = ('instructions', 'tools', 'system', 'user', 'digest', 'agent', 'thinking', 'calls', 'results', 'other')
"""All names, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one request as it was sent.

    Attributes:
        tokens: all of it, as counted before it was sent.
        window: what it is held against: the model's window, or the policy's limit.
        parts: tokens by name (see `SHOWN`); what is 0 is left out.
        before: tokens that it had before a compaction for this very request; 0 where there was none.
        strategies: which strategies of that compaction changed something.
    """

    tokens: int
    window: int
    parts: Mapping[str, int] = field(default_factory=dict)
    before: int = 0
    strategies: tuple[str, ...] = ()
