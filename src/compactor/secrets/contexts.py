"""Finds secrets by what stands before them, such as `Authorization: Bearer ...` or the password in a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import groupby

from compactor.secrets.randomness import looks_random, made_up, password_like
from compactor.secrets.reading import Reading
from compactor.secrets.rule import Context

_GROUP = re.compile(r'\(\?P<(secret|random|password)>')


class Contexts:
    """A table of contexts, ready to be searched for: those that begin alike are one expression."""

    def __init__(self, rules: Mapping[str, Context]) -> None:
        self._rules = sorted(rules.values(), key=lambda rule: (rule.literal, rule.needs))

    @cached_property
    def _searches(self) -> list[tuple[bytes, bytes, re.Pattern[bytes]]]:
        """The expressions over small letters, each with what it finds nothing without: a character, and a literal."""
        found = []
        for (literal, needs), rules in groupby(self._rules, key=lambda rule: (rule.literal, rule.needs)):
            form = f'{re.escape(literal)}(?:{"|".join(_named(rule, n) for n, rule in enumerate(rules))})'
            found.append((needs.encode(), literal.encode(), re.compile(form.encode())))
        return found

    def find(self, reading: Reading) -> Iterator[tuple[int, int]]:
        """Where such secrets stand."""
        flat, lower = reading.flat, reading.lower
        for needs, literal, search in self._searches:
            if literal in lower and needs in flat:
                for match in search.finditer(lower):
                    if span := _span(match, reading.text):
                        yield span


def _named(rule: Context, n: int) -> str:
    """A rule's expression; the name of its group says how many characters before it go too."""
    return _GROUP.sub(lambda group: f'(?P<{group[1]}_{n}_{rule.before}>', rule.form)


def _span(match: re.Match[bytes], text: str) -> tuple[int, int] | None:
    name = match.lastgroup
    assert name is not None  # every row has exactly one group with a name
    start, end = match.span(name)
    start -= int(name.rpartition('_')[2])
    said = text[start:end]
    if name.startswith('random'):
        return (start, end) if looks_random(said) and not made_up(said) else None
    if name.startswith('password'):
        bare = said.lstrip('\\')
        quoted = bare[:1] in ('"', "'")
        start = end - len(bare) + quoted
        given = text[max(0, start - 2) : start].endswith(('=', ': ')) and not quoted
        return (start, end) if password_like(text[start:end], quoted=quoted, given=given) else None
    return None if made_up(said) else (start, end)
