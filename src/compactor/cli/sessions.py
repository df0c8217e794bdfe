"""Loads a history from a file, and says what is wrong with a file that holds none.

Two shapes are read, plain or gzipped: JSON (a list of pydantic-ai messages, or an object with `messages`), and
JSON Lines with one such value a line.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer

from compactor.cli.screen import complain, count
from compactor.errors import HistoryError
from compactor.sources import STANDARD_INPUT, encoding_of

GZIP = b'\x1f\x8b'
UTF_8 = 'utf-8-sig'
NAMED = 3
"""How many unreadable messages are named one by one."""
DUMP = 'save a history with result.all_messages_json()'

File = Annotated[
    Path,
    typer.Argument(
        metavar='FILE',
        help='History: JSON of pydantic-ai messages, or JSON Lines with `messages`; also .gz; - for standard input.',
    ),
]
Line = Annotated[
    int | None, typer.Option('--line', min=1, metavar='N', help='Which line of a JSON Lines file (default: the first).')
]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A message that the installed pydantic-ai cannot read: its index in the file, and why."""

    message: int
    reason: str


@dataclass(frozen=True, slots=True)
class Session:
    """A history from a file.

    Attributes:
        name: the file, with the line where it is one of many.
        messages: what could be read.
        left_out: what could not.
    """

    name: str
    messages: list[Any]
    left_out: tuple[LeftOut, ...] = ()

    def tell_left_out(self) -> None:
        """Names the messages that are missing, on stderr."""
        if not self.left_out:
            return
        whole = len(self.messages) + len(self.left_out)
        complain(
            f'{self.name}: {len(self.left_out)} of {count(whole, "message")} left out, because the installed'
            ' pydantic-ai cannot read them (was the file written by a newer version?)'
        )
        for one in self.left_out[:NAMED]:
            complain(f'  message {one.message}: {one.reason}')


def load(path: Path, line: int | None = None) -> Session:
    """The history in a file.

    Args:
        path: the file; gzip is recognised by content.
        line: which line of a JSON Lines file, from 1; None for the first that is not blank.

    Raises:
        HistoryError: no such file, not JSON, cut off, no messages in it; the message names the remedy.
    """
    with _opened(path) as file:
        number, value = _record(path, file, line)
    name = str(path) if number is None else f'{path}, line {number}'
    if isinstance(value, dict):
        if 'messages' not in value:
            raise HistoryError(f'{name}: {_lacks_messages(value)}')
        value = value['messages']
    return session_of(value, name)


def session_of(value: Any, name: str) -> Session:
    """The history in a JSON value; `name` is what it is called in errors.

    Raises:
        HistoryError: it is no list, or holds no message.
    """
    if not isinstance(value, list):
        raise HistoryError(f'{name}: holds {_kind_of(value)}, not a list of messages; {DUMP}')
    messages, left_out = _validated(value)
    if left_out and not messages:
        raise HistoryError(f'{name}: {_not_messages(value[0], left_out[0].reason)}')
    return Session(name, messages, left_out)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes as UTF-8, unpacked; every way of failing to read them as a `HistoryError`."""
    try:
        with _raw(path) as raw:
            begins = raw.read(2)
            raw.seek(0)
            data = cast('BinaryIO', gzip.GzipFile(fileobj=raw)) if begins == GZIP else raw
            encoding = encoding_of(begins)
            yield data if encoding == UTF_8 else BytesIO(data.read().decode(encoding, 'replace').encode())
    except FileNotFoundError:
        raise HistoryError(f'{path}: there is no such file') from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise HistoryError(f'{path}: the gzip data is damaged or cut off ({error}); get the file again') from None
    except OSError as error:
        raise HistoryError(f'{path}: cannot be read: {error.strerror or error}') from None


def _raw(path: Path) -> BinaryIO:
    """A file that can be read again from its beginning; `-` is standard input."""
    return BytesIO(sys.stdin.buffer.read()) if str(path) == STANDARD_INPUT else path.open('rb')


def _record(path: Path, file: BinaryIO, line: int | None) -> tuple[int | None, Any]:
    """Line number (None where the file is one JSON value) and value of the wanted record.

    Only as much is read as is needed: a corpus file holds hundreds of megabytes of other conversations.
    """
    lines = enumerate(file, 1)
    number, first = next(((n, data) for n, data in lines if data.strip(b' \t\r\n\xef\xbb\xbf')), (0, b''))
    if not number:
        raise HistoryError(f'{path}: the file is empty; {DUMP}')
    value, problem = _parsed(_text(path, number, first))
    if problem:
        # Not a value a line, then: one value over several lines, or no JSON at all.
        rest = b''.join(data for _, data in lines)
        value, problem = _parsed(_text(path, number, first + rest))
        if problem:
            raise HistoryError(f'{path}: {problem.at(number)}')
        number = 0
    if line is None or line == number:
        many = number and any(data.strip() for _, data in lines)
        return (number if many else None), value
    if not number:
        raise HistoryError(f'{path}: --line is for JSON Lines, this file holds a single JSON value')
    file.seek(0)
    return line, _numbered(path, file, line)


def _numbered(path: Path, file: BinaryIO, line: int) -> Any:
    """The value in one line of a JSON Lines file."""
    last = 0
    for number, data in enumerate(file, 1):
        last = number
        if number == line:
            if not data.strip():
                raise HistoryError(f'{path}: line {line} is blank')
            value, problem = _parsed(_text(path, number, data))
            if problem:
                raise HistoryError(f'{path}: {problem.at(number)}')
            return value
    raise HistoryError(f'{path}: has {count(last, "line")}, there is no line {line}')


def _text(path: Path, line: int, data: bytes) -> str:
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise HistoryError(
            f'{path}: is not text: byte {error.start + 1} from the start of line {line} is not UTF-8; {DUMP}'
        ) from None


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a text is no JSON: `line` counts within the text, from 0."""

    what: str
    line: int = 0
    column: int = 0
    cut_off: bool = False

    def at(self, first: int) -> str:
        """The problem with its place in the file, whose line `first` the text begins with."""
        if not self.column:
            return f'{self.what}; {DUMP}'
        place = f'line {first + self.line}, character {self.column}'
        if self.cut_off:
            return f'the JSON is cut off at {place}; get the whole file again, or write it again'
        return f'is not JSON at {place} ({self.what}); {DUMP}'


def _parsed(text: str) -> tuple[Any, _Problem | None]:
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        open_string = error.msg.startswith('Unterminated string')
        cut_off = open_string or not text[error.pos :].strip()
        # An unterminated string is reported where it begins; what is cut off is cut off at the end.
        end = len(text.rstrip())
        pos = min(error.pos, end) if not cut_off else end
        line, start = text.count('\n', 0, pos), text.rfind('\n', 0, pos) + 1
        return None, _Problem(error.msg, line, pos - start + 1, cut_off)
    except RecursionError:
        return None, _Problem('is nested too deeply to be a history')
    except ValueError as error:  # a number of thousands of digits
        return None, _Problem(f'is not JSON that can be read ({error})')


def _validated(values: list[Any]) -> tuple[list[Any], tuple[LeftOut, ...]]:
    # Imported here, so that `--help` and typing mistakes do not wait for pydantic-ai.
    from compactor.adapters.pydantic_ai.messages.stored import messages_in

    messages, unread = messages_in(values)
    return messages, tuple(LeftOut(*one) for one in unread)


def _not_messages(first: Any, reason: str) -> str:
    if isinstance(first, dict) and 'role' in first and 'parts' not in first:
        return (
            "these are messages of a provider's interface (they have a `role`), not of pydantic-ai (`kind` and"
            f' `parts`); {DUMP}'
        )
    if not isinstance(first, dict):
        return f'holds a list that begins with {_kind_of(first)}, not with a message; {DUMP}'
    return f'holds no message that pydantic-ai can read (the first: {reason}); {DUMP}'


def _lacks_messages(value: dict[str, Any]) -> str:
    keys = ', '.join(re.sub(r'\s+', ' ', str(key))[:30] for key in list(value)[:6])
    if 'kind' in value and 'parts' in value:
        return 'holds a single message where a list of messages is expected; put the messages into one list'
    return f'has no `messages` (it has: {keys or "nothing"}); {DUMP}'


_KINDS = {
    str: 'a text',
    bool: 'a truth value',
    int: 'a number',
    float: 'a number',
    type(None): 'nothing (null)',
    list: 'a list',
}


def _kind_of(value: Any) -> str:
    return _KINDS.get(type(value), 'an object')
