"""Finds what is assigned to a telling name and looks random: `api_key = "..."`, in whatever notation.

The value comes first: of the long words of a text few hold digits at all, and before those alone a name is looked for.
It is read backwards, so that it is found at once: `KEY=`, `"key": "`, `key => '`, `<key>`, `--key `, `%22key%22%3A%22`,
`{"name": "KEY", "value": "`, `Bearer `.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from compactor.secrets.randomness import looks_random, made_up
from compactor.secrets.reading import Reading
from compactor.secrets.rule import Service

REACH = 160
"""Characters before a value in which its name stands."""
LONGEST = 4_000
"""Characters of a value at most."""

# Everything here is read backwards.
_QUOTE = rb'(?:["\'`\\ \t]|;touq&|;43#&|;93#&|22%|72%|02%|m[0-9;]{1,8}\[(?:b100u\\|b1x\\|330\\|e\\))'
_SIGN = rb'(?:>[=-]|=[:?|]|={1,3}|:{1,3}|\|{1,2}|[>,(]|D3%|A3%|;16#&|si |saw )'
_TYPE = rb'(?:(?:rts&?|gnirts|gnirtS|txet|]u8\[|etyb\]\[)[ \t]{0,3}:?[ \t]{0,3})?'
_NAME = rb'([A-Za-z0-9_.$-]{2,64}(?: [A-Za-z]{2,20})?)([?&;]?)'
_BEFORE = re.compile(
    rb'(?::[0-9]{5,16}(?![0-9]))?' + _QUOTE + rb'{0,12}' + _SIGN + rb'(?:' + _QUOTE + rb'|[\])?]){0,12}' + _TYPE + _NAME
)
"""Quotes, a sign of assignment, quotes, a name; before the value proper the number of a bot."""
_FLAG = re.compile(rb'["\' \t=]{1,3}([A-Za-z][A-Za-z0-9_-]{1,40}--)')
"""`--name value`."""
_SCHEME = re.compile(rb'(?:[ \t]|02%){1,3}(?:reraeb|cisab|nekot|yekipa|yek-ipa)(?![a-z0-9_-])', re.IGNORECASE)
"""`Bearer value`."""
_PAIR = re.compile(
    rb'["\'\\]{0,4}[\s,-]{1,80}["\'\\]{0,4}' + _NAME + rb'["\'\\]{0,4}[ \t]{0,4}[=:][ \t]{0,4}["\'\\]{0,4}'
    rb'(?:eman|yek)(?![a-z0-9])',
    re.IGNORECASE,
)
"""`name: NAME, value: value`, also on two lines; what stands before the second `value`."""
_VALUES = frozenset((b'value', b'val', b'string', b'stringvalue', b'default'))
"""Names that say nothing, because the name stands before."""
_VALUE = re.compile(rb'(?:[A-Za-z0-9_.~+/=-]|%(?:2[BbFf]|3[Dd]))+')
"""A value; in a URL `+`, `/` and `=` are written otherwise."""
_OPENERS = frozenset(b'"\'`\\ \t=:>|,(%;+/~[')
"""What may stand right before a value ..."""
_SIGNS = frozenset(b'=:>|,(;%')
"""... and behind its name."""
_WORDS = re.compile(
    rb'(?:(?:si|saw|reraeb|cisab|nekot|yek-?ipa)(?![a-z0-9_])|[A-Z0-9][23]%|m[0-9;]{1,8}\[|[\w-]{2,40}--)',
    re.IGNORECASE,
)
"""Words that do as well."""


class Assigned:
    """What telling names and names of services are given."""

    def __init__(self, services: Mapping[str, Service], *, telling: bool = True) -> None:
        self._services = services
        self._telling = telling
        self._service = lru_cache(4_096)(self._find_service)

    @cached_property
    def _named(self) -> re.Pattern[str]:
        """Names of services; those that go on behind another come first."""
        names = sorted({name for service in self._services.values() for name in service.names}, key=len, reverse=True)
        return re.compile('|'.join(names) or '(?!)')

    @cached_property
    def _forms(self) -> Mapping[str, re.Pattern[str]]:
        """By a service's name: the form of its keys."""
        forms: dict[str, list[str]] = {}
        for service in self._services.values():
            for name in service.names:
                forms.setdefault(name, []).append(service.form)
        return {name: re.compile('|'.join(some), re.ASCII) for name, some in forms.items()}

    def find(self, reading: Reading) -> Iterator[tuple[int, int]]:
        """Where such values stand."""
        flat = reading.flat
        for start, _ in reading.words[0]:
            if start and flat[start - 1] in _OPENERS and (span := self._value(reading, start)):
                yield span

    def _value(self, reading: Reading, word: int) -> tuple[int, int] | None:
        """The secret that a word belongs to."""
        flat = reading.flat
        start = reading.stretch(word) if flat[word - 1] in b'+/~' else reading.begin(word)
        if span := self._assigned(flat, max(start, word - LONGEST)):
            return span
        # What was taken for a sign may belong to the value: base64 has `=` in it.
        padded = flat[start - 1] == ord('=') and reading.stretch(start, padded=True)
        return self._assigned(flat, padded) if padded and padded < start - 1 else None

    def _assigned(self, flat: bytes, start: int) -> tuple[int, int] | None:
        """The secret that begins here."""
        before = flat[max(0, start - REACH) : start][::-1]
        last = before.lstrip(b' \t"\'`\\')
        if not last or (last[0] not in _SIGNS and not _WORDS.match(last)):
            return None
        named = _named(before)
        match = _VALUE.match(flat, start, start + LONGEST) if named else None
        if named is None or match is None or flat[match.end() : match.end() + 1] in (b'(', b'['):
            return None
        value = match[0].decode().rstrip('.~/')
        return (start, start + len(value)) if self._is_secret(*named, value) else None

    def _is_secret(self, name: bytes, in_url: bool, value: str) -> bool:
        from compactor.secrets.names import telling  # its expressions take time to make that most texts never need

        if made_up(value):
            return False
        if self._telling and telling(name, in_url=in_url) and looks_random(value):
            return True
        service = self._service(name)
        return service is not None and self._forms[service].fullmatch(value) is not None

    def _find_service(self, name: bytes) -> str | None:
        from compactor.secrets.names import joined

        found = self._named.search(joined(name))
        return found[0] if found else None


def _named(before: bytes) -> tuple[bytes, bool] | None:
    """The name of a value, from what stands before it, read backwards; and whether it is a parameter of a URL."""
    if found := _BEFORE.match(before):
        if found[1][::-1].lower() in _VALUES and (pair := _PAIR.match(before, found.end(1))):
            found = pair
        return found[1][::-1], found[2] in (b'?', b'&', b';')
    if found := _FLAG.match(before):
        return found[1][::-1], False
    return (b'bearer', False) if _SCHEME.match(before) else None
