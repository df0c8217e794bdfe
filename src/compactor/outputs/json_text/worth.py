"""What of a value is worth most: keys that identify, states and failures, elements that are not like the rest."""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from compactor.outputs.json_text.parts import Pairs

EXAMINED = 20_000
"""Elements that are looked through for failures and for what the question names, and characters of each of these."""
SHORT = 240
"""Characters of what somebody said that come as early as what identifies."""

_STATE = re.compile(
    r'status|state|conclusion|phase|outcome|result|level|lvl|levelname|log_?level|severity|success|succeeded|passed|ok|ready|exit_?code|health|status_?code',
    re.IGNORECASE,
)
_FAILURE = re.compile(r'errors?|failures?|failed|exception|fault|stderr|traceback|message|reason', re.IGNORECASE)
_BAD = re.compile(
    r'fail|error|critical|fatal|crash|denied|invalid|timed?.?out|unhealthy|refused|cancel|abort|panic|backoff|severe|emerg|alert'
    r'|reject|killed|^[56]0$|^5\d\d$|evict|degraded|unavailable|unreachable|conflict|expired|dead|broken|lost|offline|down$|bad',
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r'id|key|name|title|path|file|file_?name|file_?path|line|rule|rule_?id|number|kind|type|version|package|module|author'
    r'|login|date|user',
    re.IGNORECASE,
)
_SAID = re.compile(
    r'body|text|summary|description|content|comment|answer|msg|detail|details|title|event|log', re.IGNORECASE
)
_FILLER = re.compile(
    r'.*(?:_url|Url|URL|_link|_id|Id|hash|sha\d*|checksum|digest|uid)|href|url|_?links|avatar.*|gravatar.*|etag|.*[tT]imestamp'
    r'|.*_at|.*edAt',
)


class Worth:
    """Judges the keys and the elements of one text; what was judged once is remembered.

    Args:
        asks: whether a text holds what the question names; None if nothing does.
    """

    def __init__(self, asks: Callable[[str], bool] | None = None) -> None:
        self._asks = asks
        self._worths: dict[str, tuple[int, bool]] = {}
        self._kinds: dict[str, int] = {}
        self._marked: dict[int, list[int]] = {}
        self._failing: dict[int, list[int]] = {}

    def of(self, pair: tuple[str, Any]) -> int:
        """0 for what identifies, what failed and what the question names, 2 for filler, 1 for everything else."""
        key, value = pair
        if key not in self._worths:
            telling = _FAILURE.fullmatch(key) or _STATE.fullmatch(key) or (self._asks is not None and self._asks(key))
            self._worths[key] = (
                0 if telling else 0 if _IDENTITY.fullmatch(key) else 2 if _FILLER.fullmatch(key) else 1,
                not telling,
            )
        rank, scalars_only = self._worths[key]
        if rank == 1 and type(value) is str and len(value) <= SHORT and _SAID.fullmatch(key):
            return 0
        if rank == 0:
            return 1 if (scalars_only and isinstance(value, list)) or value in (None, '', [], False) else 0
        return rank if rank == 1 or type(value) is str else 1

    def _states(self, item: Pairs, *, inside: bool = False) -> Iterable[tuple[str, str]]:
        """What an object says of its state, its direct members' included; failures it speaks of are named '!…'."""
        for key, value in item[:60]:
            kind = self._kinds.get(key)
            if kind is None:
                plain = key.lower() not in ('message', 'reason')
                kind = self._kinds[key] = 1 if _STATE.fullmatch(key) else 2 if plain and _FAILURE.fullmatch(key) else 0
            if isinstance(value, list):
                if value and kind == 2:
                    yield '!' + key, 'some'
                elif not inside and isinstance(value, Pairs):
                    yield from self._states(value, inside=True)
            elif kind == 1:
                yield key, str(value)[:60]
            elif kind == 2 and value not in (None, '', False, 0):
                yield '!' + key, 'some'

    def failing(self, items: Sequence[Any]) -> list[int]:
        """Elements that failed."""
        self.remarkable(items)
        return self._failing.get(id(items), [])

    def remarkable(self, items: Sequence[Any]) -> list[int]:
        """Elements that the question names, then those that failed or whose state is not that of most."""
        key = id(items)
        if key in self._marked:
            return self._marked[key]
        found: dict[int, None] = {}
        telling = [
            (i, item)
            for i, item in enumerate(items[:EXAMINED])
            if type(item) is str or (isinstance(item, list) and item)
        ]
        if (asks := self._asks) is not None:
            found = {i: None for i, item in telling if asks(_words_in(item))}
        bad = [i for i, item in telling if type(item) is str and _BAD.search(item[:400])]
        odd: list[int] = []
        states = [(i, list(self._states(item))) for i, item in telling if isinstance(item, Pairs)]
        usual = {
            name: Tally(state for _, signs in states for key, state in signs if key == name).most_common(1)[0]
            for name in dict.fromkeys(key for _, signs in states for key, _ in signs)
        }
        for i, signs in states:
            for name, state in signs:
                most, times = usual[name]
                if state == most and times > len(items) // 2:
                    continue
                if _BAD.search(state) or name.startswith('!'):
                    bad.append(i)
                elif times > len(items) * 0.6:
                    odd.append(i)
        self._failing[key] = bad
        for i in (*bad, *odd):
            found.setdefault(i)
        return self._marked.setdefault(key, list(found))


def _words_in(item: Any) -> str:
    """Keys and texts inside a value, in one text."""
    if type(item) is str:
        return item[:EXAMINED]
    try:
        return repr(item)[:EXAMINED]
    except RecursionError:
        return ''
