"""What a tool returned, whatever its type, with its texts made smaller: the same type where that can be.

str                                   a shorter str
{'stdout': ..., 'stderr': ..., ...}   the same dict; each stream has its share, the error stream first
any other dict, list, tuple           the same shape: long texts cut, then rows sampled (`reducers.json`)
pydantic model, dataclass             the same class, its texts cut; as JSON where that is not enough
bytes                                 the text that they hold, else a note of what they are
a tool's return with `return_value`   the same; what the model does not see (`metadata`) stays
anything else                         untouched
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel
from pydantic_core import to_json

from compactor.outputs.encodings import decoded

STDOUT = ('stdout', 'output', 'out')
STDERR = ('stderr', 'error', 'err')
"""Names of the streams in results that have them apart."""
CODES = ('exit_code', 'exitcode', 'returncode', 'return_code', 'exit_status')
LEAST_OF_ALL = 16
"""Tokens of a stream at least, however small its own limit is."""
LEAST_TEXT = 64
"""Tokens; a text inside a larger value is not cut below this: its value is made smaller as a whole instead."""


class Narrow(Protocol):
    """Makes a text smaller: to so many tokens; `failed` says whether the call did; `json` that it has to stay JSON."""

    def __call__(self, text: str, tokens: int, *, failed: bool | None = None, json: bool = False) -> str:
        """The smaller text."""
        ...


@dataclass(frozen=True, slots=True)
class Streams:
    """Tokens that each stream of a result may have at most, whatever is left; None for no limit of its own."""

    stdout: int | None = None
    stderr: int | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How a value is measured and cut.

    Attributes:
        tokens: most tokens of it.
        stderr: share of them for its error stream.
        exceeds: whether a text has more than so many tokens.
        narrow: makes a text smaller.
        note: the note that stands for data that are no text.
        streams: limits of the streams alone.
    """

    tokens: int
    stderr: float
    exceeds: Callable[[str, int], bool]
    narrow: Narrow
    note: Callable[[bytes], str]
    streams: Streams = Streams()


def narrowed(value: Any, sizes: Sizes, failed: bool | None = None) -> Any:
    """The value within its budget; the same object where nothing had to be done."""
    if isinstance(value, str):
        return _text(value, sizes, failed)
    if isinstance(value, bytes | bytearray):
        return _bytes(value, sizes, failed)
    if isinstance(value, Mapping):
        failed = failed if failed is not None else failed_in(value)
        return _streams(value, sizes, failed) if _has_streams(value) else _shaped(value, sizes, failed)
    if isinstance(value, list | tuple) and any(map(is_medium, value)):
        return _among_media(value, sizes, failed)
    if isinstance(value, list | tuple):
        return _shaped(value, sizes, failed)
    if is_return(value):
        return _returned(value, sizes, failed)
    if is_medium(value):
        return value
    if isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return _record(value, sizes, failed)
    return value


def is_return(value: Any) -> bool:
    """Whether it is a framework's envelope around what a tool returned: a dataclass with a `return_value`."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type) and hasattr(value, 'return_value')


def _returned(value: Any, sizes: Sizes, failed: bool | None) -> Any:
    """The envelope with its value within the budget, and what goes to the model beside it within the same."""
    update = {}
    for name in ('return_value', 'content'):
        item = getattr(value, name, None)
        if name == 'content' and isinstance(item, list | tuple):
            smaller = _among_media(item, sizes, failed)
        else:
            smaller = narrowed(item, sizes, failed)
        if smaller is not item:
            update[name] = smaller
    return dataclasses.replace(value, **update) if update else value


def put_beside(value: Any) -> list[str] | None:
    """The texts that a tool puts beside its result; None where there may be others, as media are sent in many ways."""
    inner = value.return_value if is_return(value) else value
    if any(map(is_medium, inner if isinstance(inner, list | tuple) else (inner,))):
        return None
    content = getattr(value, 'content', None) if is_return(value) else None
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    texts = (item if isinstance(item, str) else getattr(item, 'content', None) for item in content)
    return ['\n'.join(text for text in texts if isinstance(text, str))]


def is_medium(value: Any) -> bool:
    """Whether it is an image, a document or the like, which are counted and cleared elsewhere."""
    where = ('data', 'url', 'file_id')
    try:
        return any(hasattr(value, name) for name in where) and isinstance(getattr(value, 'media_type', None), str)
    except ValueError:  # the address of a medium whose ending tells nothing
        return True


def _among_media(items: list[Any] | tuple[Any, ...], sizes: Sizes, failed: bool | None) -> Any:
    """Texts and other values among media: what is small stays whole, the others have equal shares of what is left."""
    others = [item for item in items if not is_medium(item)]
    left, large = sizes.tokens, len(others)
    share = left // max(1, large)
    for item in others:
        size = _size(item, share, sizes)
        if size <= share:
            left, large = left - size, large - 1
    each = dataclasses.replace(sizes, tokens=max(LEAST_TEXT, left // max(1, large)))
    entries = [item if is_medium(item) else narrowed(item, each, failed) for item in items]
    return items if all(a is b for a, b in zip(entries, items, strict=True)) else type(items)(entries)


def _size(item: Any, most: int, sizes: Sizes) -> int:
    """Tokens of a value that has at most `most`, to a sixteenth of that; more than `most` where it has more."""
    text = item if isinstance(item, str) else as_json(item) or ''
    return most + 1 if sizes.exceeds(text, most) else _tokens(text, most, sizes)


def failed_in(value: Mapping[Any, Any]) -> bool | None:
    """Whether a result says that its command failed; None if it does not say."""
    for key in CODES:
        code = value.get(key)
        if isinstance(code, int):
            return code != 0
    success = value.get('success', value.get('ok'))
    return not success if isinstance(success, bool) else None


def _text(text: str, sizes: Sizes, failed: bool | None) -> str:
    return sizes.narrow(text, sizes.tokens, failed=failed) if sizes.exceeds(text, sizes.tokens) else text


def _bytes(data: bytes | bytearray, sizes: Sizes, failed: bool | None) -> Any:
    """Small data as it is. Of more, the text that it holds, shortened; else a note: a model can read nothing else."""
    if len(data) <= sizes.tokens:
        return data
    text = decoded(bytes(data))
    return _text(text, sizes, failed) if text is not None else sizes.note(bytes(data))


def _has_streams(value: Mapping[Any, Any]) -> bool:
    return any(isinstance(value.get(key), str) for key in STDOUT) and any(key in value for key in (*STDERR, *CODES))


def _streams(value: Mapping[Any, Any], sizes: Sizes, failed: bool | None) -> Any:
    """Both streams within the budget: the error stream takes its share at most, the other what that leaves."""
    err = next((key for key in STDERR if isinstance(value.get(key), str)), None)
    out = next(key for key in STDOUT if isinstance(value.get(key), str))
    changed = dict(value)
    left = sizes.tokens
    if err is not None:
        most = max(LEAST_TEXT, int(sizes.tokens * sizes.stderr))
        if sizes.streams.stderr is not None:
            most = max(LEAST_OF_ALL, min(most, sizes.streams.stderr))
        if sizes.exceeds(value[err], most):
            changed[err] = sizes.narrow(value[err], most, failed=failed)
            left -= most
        else:
            left -= _tokens(value[err], most, sizes)
    left = max(LEAST_TEXT, left)
    if sizes.streams.stdout is not None:
        left = max(LEAST_OF_ALL, min(left, sizes.streams.stdout))
    if sizes.exceeds(value[out], left):
        changed[out] = sizes.narrow(value[out], left, failed=failed)
    rest = {key: item for key, item in value.items() if key not in (err, out)}
    smaller = _shaped(rest, dataclasses.replace(sizes, tokens=max(LEAST_TEXT, sizes.tokens // 4)), failed)
    if smaller is not rest and isinstance(smaller, dict):
        changed.update(smaller)
    if all(changed[key] is value[key] for key in value):
        return value
    return _like(value, changed)


def _tokens(text: str, most: int, sizes: Sizes) -> int:
    """Tokens of a text that has at most `most`, to a sixteenth of that."""
    step = max(1, most // 16)
    return next((n for n in range(0, most, step) if not sizes.exceeds(text, n)), most)


def _shaped(value: Any, sizes: Sizes, failed: bool | None) -> Any:
    """JSON-like data of the same shape, as far as its text as JSON tells; data that JSON cannot hold is left alone."""
    text = as_json(value)
    if text is None or not sizes.exceeds(text, sizes.tokens):
        return value
    smaller = sizes.narrow(text, sizes.tokens, failed=failed, json=True)
    try:
        return _like(value, json.loads(smaller))
    except (ValueError, RecursionError):
        return _like(value, smaller)


def _record(value: Any, sizes: Sizes, failed: bool | None) -> Any:
    text = as_json(value)
    if text is None or not sizes.exceeds(text, sizes.tokens):
        return value
    fields = dict(value) if isinstance(value, BaseModel) else {f.name: getattr(value, f.name) for f in _fields(value)}
    streams = (
        _streams(fields, sizes, failed if failed is not None else failed_in(fields)) if _has_streams(fields) else {}
    )
    texts = {name: text for name, text in fields.items() if isinstance(text, str)}
    most = max(LEAST_TEXT, sizes.tokens // max(1, len(texts)))
    cut = {
        name: streams.get(name, text) if streams else sizes.narrow(text, most, failed=failed)
        for name, text in texts.items()
        if streams or sizes.exceeds(text, most)
    }
    smaller = value.model_copy(update=cut) if isinstance(value, BaseModel) else dataclasses.replace(value, **cut)
    whole = as_json(smaller)
    if whole is not None and not sizes.exceeds(whole, sizes.tokens):
        return smaller
    return sizes.narrow(text, sizes.tokens, failed=failed, json=True)


def _fields(value: Any) -> tuple[dataclasses.Field[Any], ...]:
    return tuple(f for f in dataclasses.fields(value) if f.init)


def as_json(value: Any) -> str | None:
    """A value as a tool's result would be sent, as JSON; None where JSON cannot hold it."""
    try:
        return to_json(value).decode()
    except (ValueError, TypeError, RecursionError):
        return None


def _like(value: Any, data: Any) -> Any:
    """`data` as the type of `value`, where that is a plain one; what became another shape is put into one."""
    if type(value) is list:
        return data if isinstance(data, list) else [data]
    if type(value) is tuple:
        return tuple(data) if isinstance(data, list) else (data,)
    if isinstance(value, Mapping) and not isinstance(data, dict):
        return {'…': data}
    return data
