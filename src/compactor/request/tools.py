"""What the tools of a request may ask of an answer: a call with short arguments, or one with a whole file in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# fmt: off
SHORT = frozenset({
    'path', 'paths', 'file', 'filename', 'file_path', 'filepath', 'directory', 'dir', 'folder', 'cwd', 'pattern',
    'regex', 'glob', 'query', 'search', 'name', 'names', 'url', 'uri', 'id', 'ids', 'key', 'keys', 'language',
    'encoding', 'mode', 'branch', 'ref', 'commit', 'what', 'lines', 'page', 'limit', 'offset', 'line', 'column',
    'symbol', 'kind', 'type', 'level', 'status', 'date', 'time', 'city', 'country', 'currency', 'unit', 'email',
    'phone', 'user', 'title', 'tag', 'tags',
})
# fmt: on
"""Arguments that are short whatever tool takes them; any other text, list or object may be as long as a file."""


def takes_long_texts(schema: Any) -> bool:
    """Whether a tool takes a text, list or object that may be as long as a file."""
    properties = schema.get('properties') if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return False
    return any(name.lower() not in SHORT and _may_be_long(kind) for name, kind in properties.items())


def _may_be_long(kind: Any) -> bool:
    if not isinstance(kind, Mapping):
        return True
    if 'enum' in kind or 'const' in kind:
        return False
    if 'anyOf' in kind:
        return any(map(_may_be_long, kind['anyOf']))
    return kind.get('type') not in ('integer', 'number', 'boolean', 'null')
