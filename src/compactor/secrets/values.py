"""Secrets out of values of any shape: keys and values, however deep, and JSON that stands in a text.

A value is read as one text, a line for each of its texts behind the key it stands under, as YAML would have it: a key
is part of what its value means, and a list may hold the lines of a file. What is found there is then taken out of the
texts themselves:

    {'password': 'hunter2', 'lines': ['-----BEGIN ...', 'MIIE...']}     password: hunter2
                                                                        lines: -----BEGIN ...
                                                                        lines: MIIE...

What is no text for a model stays as it is: images, documents and the like with their URLs, bytes, what a framework
keeps beside a result for the application (`metadata`), and whatever is neither text nor made of such.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from compactor.secrets.redact import HIGH_CONFIDENCE, LONGEST_NAME, Secrets, found, redact

T = TypeVar('T')

DEEPEST = 100
"""Levels of a value that are looked through; what lies deeper is withheld."""
WITHHELD = '[withheld: nested too deep to be looked through for secrets]'
MEDIA = frozenset(
    ('audio', 'document', 'file', 'image', 'image_url', 'input_audio', 'input_file', 'input_image', 'video')
)
"""Kinds of blocks, where a framework has dicts, that may hold a medium ..."""
CONTENT = frozenset(('data', 'file_data', 'file_id', 'file_url', 'image', 'image_url', 'input_audio', 'source'))
"""... and under which of their keys it stands."""
DUMPED = frozenset(('audio-url', 'binary', 'document-url', 'image-url', 'uploaded-file', 'video-url'))
"""Kinds of media as a framework's JSON has them."""
UNSEEN = frozenset(('metadata', 'provider_details'))
"""Fields of parts of messages, and of results, that are kept for the application and never sent."""


def redacted(value: T, secrets: Secrets | None = HIGH_CONFIDENCE) -> T:
    """The value with every text in it redacted; the very object where there is no secret, else a copy of its type.

    Args:
        value: texts, dicts, lists, dataclasses, pydantic models, and whatever stands in them.
        secrets: what counts as one; None for nothing.
    """
    if secrets is None:
        return value
    if isinstance(value, str):
        return _text(value, secrets)  # type: ignore[return-value]
    own = dataclasses.replace(secrets, patterns={}) if secrets.patterns else secrets
    while True:
        reader = _Reader(secrets)
        value = _Walk(reader, secrets.bare_name).value(value, '', ())
        bare = reader.without(own)
        if bare is None:
            return value
        value = _Walk(bare, secrets.bare_name).value(value, '', ())


class _Texts(Protocol):
    """What a walk makes of the texts that it comes to."""

    def leaf(self, text: str, name: str, depth: int) -> str:
        """The text that is to stand in the place of one that stands under a name."""
        ...

    def opens(self, name: str, depth: int) -> None:
        """Hears that what follows stands under a name."""
        ...


class _Reader:
    """Reads a value's texts, and puts them together to one."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._lines: list[str] = []
        self._texts: list[tuple[int, str]] = []
        self._size = 0

    def leaf(self, text: str, name: str, depth: int) -> str:
        """Notes a text; what a pattern of the user's finds in it alone goes at once, and what JSON hides."""
        bare = redact(text, self._secrets) if self._secrets.patterns else text
        bare = _unhidden(bare, self._secrets) if '\\u' in bare else bare
        self._add(f'{"  " * depth}{name}: ' if _is_name(name) else '  ' * depth)
        self._texts.append((self._size, bare))
        self._add(bare)
        self._add('\n')
        return bare

    def opens(self, name: str, depth: int) -> None:
        """See `_Texts.opens`."""
        if _is_name(name):
            self._add(f'{"  " * depth}{name}:\n')

    def _add(self, text: str) -> None:
        self._lines.append(text)
        self._size += len(text)

    def without(self, secrets: Secrets) -> _Bare | None:
        """The texts in their order without secrets; None where there is none."""
        whole = ''.join(self._lines)
        spans = found(whole, secrets)
        return _Bare(_cut(self._texts, spans, secrets, whole)) if spans else None


class _Bare:
    """Hands out texts in the order in which they were read."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts

    def leaf(self, text: str, name: str, depth: int) -> str:
        """The next text, which is the same object where nothing was taken out of it."""
        return next(self._texts)

    def opens(self, name: str, depth: int) -> None:
        """See `_Texts.opens`."""


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and '\n' not in name


def _cut(texts: list[tuple[int, str]], spans: list[tuple[int, int]], secrets: Secrets, whole: str) -> Iterator[str]:
    """The texts, which stand at these places of a whole, each without its share of what was found there."""
    at = 0
    for place, text in texts:
        while at < len(spans) and spans[at][1] <= place:
            at += 1
        parts: list[str] = []
        end, n = 0, at
        while n < len(spans) and spans[n][0] < place + len(text):
            start, stop = spans[n]
            first, last = max(0, start - place), min(len(text), stop - place)
            parts += (text[end:first], secrets.mark(whole[start:stop]))
            end = last
            n += 1
        yield ''.join((*parts, text[end:])) if parts else text


def _text(text: str, secrets: Secrets) -> str:
    bare = redact(text, secrets)
    return _unhidden(bare, secrets) if '\\u' in bare else bare


def _unhidden(text: str, secrets: Secrets) -> str:
    """JSON in which letters are written as numbers, without what they hide."""
    if text.lstrip()[:1] not in ('{', '['):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    bare = redacted(value, secrets)
    return text if bare is value else json.dumps(bare, ensure_ascii=False)


class _Walk:
    """One walk through a value, which changes its texts; equal walks come to the same texts in the same order."""

    def __init__(self, texts: _Texts, key: Callable[[str], str]) -> None:
        self._texts = texts
        self._key = key

    def value(self, value: Any, name: str, above: tuple[int, ...]) -> Any:
        """A value that stands under a name, below the objects `above`."""
        if isinstance(value, str):
            return self._texts.leaf(value, name, len(above))
        if isinstance(value, bytes | bytearray | int | float | None) or is_medium(value) or id(value) in above:
            return value
        if len(above) >= DEEPEST:
            return WITHHELD if isinstance(value, Mapping | list | tuple) and value else value
        above = (*above, id(value))
        if isinstance(value, Mapping):
            self._texts.opens(name, len(above) - 1)
            return self._mapping(value, above)
        if isinstance(value, list | tuple | set | frozenset):
            return self._items(value, name, above)
        if isinstance(value, BaseModel):
            return self._fields(value, dict(value), above)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            kept = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name not in UNSEEN}
            return self._fields(value, kept, above)
        return value

    def _mapping(self, value: Mapping[Any, Any], above: tuple[int, ...]) -> Any:
        changed = False
        items: dict[Any, Any] = {}
        left_alone = CONTENT if value.get('type') in MEDIA else UNSEEN if 'part_kind' in value else ()
        for key, item in value.items():
            if key in left_alone:
                items[key] = item
                continue
            bare = self._key(key) if isinstance(key, str) else self.value(key, '', above)
            within = self.value(item, key if isinstance(key, str) else '', above)
            changed = changed or bare is not key or within is not item
            items[bare] = within
        if not changed:
            return value
        return items if type(value) is dict else _like(value, items)

    def _items(self, value: Any, name: str, above: tuple[int, ...]) -> Any:
        items = [self.value(item, name, above) for item in value]
        if all(a is b for a, b in zip(items, value, strict=True)):
            return value
        make = getattr(type(value), '_make', type(value))  # of named tuples
        return make(items)

    def _fields(self, value: Any, fields: Mapping[str, Any], above: tuple[int, ...]) -> Any:
        """A dataclass or model with those of its fields changed that hold a secret; its other state is kept."""
        bare = {name: self.value(item, name, above) for name, item in fields.items()}
        update = {name: item for name, item in bare.items() if item is not fields[name]}
        if not update:
            return value
        if isinstance(value, BaseModel):
            return value.model_copy(update=update)
        twin = _twin(value)
        for name, item in update.items():
            object.__setattr__(twin, name, item)
        return twin


def _twin(value: Any) -> Any:
    """A copy of an object, made without its constructor: of a class that is deprecated that would warn."""
    kind = type(value)
    if hasattr(kind, '__copy__') or any(vars(base).get('__slots__') for base in kind.__mro__):
        return copy.copy(value)
    try:
        twin = object.__new__(kind)
    except TypeError:  # it is more than an object: a dict or a str with fields
        return copy.copy(value)
    twin.__dict__.update(vars(value))
    return twin


def is_medium(value: Any) -> bool:
    """Whether it is an image, a document, an uploaded file or the like: what it holds, or where, is no text."""
    if isinstance(value, Mapping):
        return value.get('kind') in DUMPED and any(name in value for name in ('data', 'url', 'file_id'))
    fields = getattr(type(value), '__dataclass_fields__', None) or getattr(type(value), 'model_fields', {})
    if not any(name in fields for name in ('data', 'url', 'file_id')):
        return False
    # Asked of the class: of an object it may be computed, and fail.
    return any(name in fields or hasattr(type(value), name) for name in ('media_type', 'mimeType', 'mime_type'))


def _like(value: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """Items in a mapping of the same type, if one can be made of them."""
    try:
        return type(value)(items)  # type: ignore[call-arg]
    except TypeError:
        return items
