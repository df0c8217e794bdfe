"""What counts as an identifier, as a word and as a line. The measure is this grammar; nothing in it knows a strategy.

A *token* is a maximal run of letters, digits and `_ . / @ ~ + -`, without punctuation at its ends. It is an identifier
if it is one of these, and a plain word otherwise:

| what | examples | not |
|---|---|---|
| path: has a slash and a letter | `cmd/x/main.go`, `/Users/a/b`, `origin/main` | `10/20` |
| dotted name or file: a dot inside, 4 characters or more | `main.go`, `os.MkdirAll`, `1.2.3` | `e.g` |
| snake or upper case: an underscore inside | `max_tokens`, `GIT_DIR` | `_` |
| camel case: a capital inside, next to a lower-case letter | `getX`, `HTTPConn` | `Done`, `TODO` |
| number of 3 digits or more | `404`, `46273` | `42` |
| letters and digits mixed, 4 characters or more: hashes, versions, names | `d46342f`, `sha256` | `h1` |
| a hyphen and a digit inside, 5 characters or more | `gpt-4o-mini`, `2026-05-14` | `read-only` |

A token stands for itself and for its *forms*: of a path every end of it (`/a/b/c.go` also says `b/c.go` and `c.go`),
of a dotted name and of a hyphenated one the parts that are identifiers. So an identifier is found wherever it stands
whole, never as a piece of a longer word. A hash is a letter-digit mix or, of decimal digits alone, a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest

TOKEN = re.compile(r'[A-Za-z0-9_./@~+-]*[A-Za-z0-9_]')
WORD = re.compile(r'[A-Za-z0-9_]{2,}')
SYMBOL = re.compile(r'[A-Za-z0-9]_+[A-Za-z0-9]|[a-z][A-Z]|[A-Z]{2}[a-z]')
ESCAPED = re.compile(r'\\+[nr]')
TABBED = re.compile(r'\\+t')
GUTTER = re.compile(r'^[ \t]*\d+(?:→|\t)', re.MULTILINE)
"""Line numbers that a reading tool puts before a line: they belong to the tool, not to the text."""


@lru_cache(maxsize=1 << 18)
def forms(token: str) -> tuple[str, ...]:
    """The identifiers that a token stands for, itself first; empty for a plain word."""
    token = token.strip('./@~+-')
    if len(token) < 3:
        return ()
    if '/' in token:
        pieces = [piece for piece in token.split('/') if piece]
        if not any(c.isalpha() for c in token):
            return ()
        ends = tuple('/'.join(pieces[i:]) for i in range(len(pieces) - 1))
        return (*ends, *forms(pieces[-1]))
    if '.' in token or '-' in token:
        parts = tuple(form for piece in re.split(r'[.-]+', token) for form in forms(piece))
        whole = ('.' in token and len(token) >= 4) or (len(token) >= 5 and any(c.isdigit() for c in token))
        return (token, *parts) if whole else parts
    return (token,) if _single(token) else ()


def _single(token: str) -> bool:
    if token.isdigit():
        return True
    return bool(SYMBOL.search(token)) or (
        len(token) >= 4 and any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    )


def words(text: str) -> set[str]:
    """The words of a text, in lower case: runs of two or more letters, digits and underscores."""
    return set(WORD.findall(text.lower()))


def near(line: str, start: int, end: int, width: int) -> str:
    """The line around `start:end`, at most `width` characters each side, without a word cut in two at the edges."""
    left, right = max(0, start - width), min(len(line), end + width)
    while 0 < left < start and _inside(line, left):
        left += 1
    while end < right < len(line) and _inside(line, right):
        right -= 1
    return line[left:right]


def _inside(line: str, at: int) -> bool:
    before, after = line[at - 1], line[at]
    return (before.isalnum() or before == '_') and (after.isalnum() or after == '_')


def plain(text: str) -> str:
    """A text as lines: escaped line ends (JSON inside texts) become real, gutters of line numbers go."""
    if '\\' in text:
        text = TABBED.sub(' ', ESCAPED.sub('\n', text)).replace('\\"', '"')
    return GUTTER.sub('', text)


def said(args: Any) -> str:
    """The texts in a call's arguments, one after the other; names, numbers and flags of options are left out."""
    if isinstance(args, str):
        try:
            parsed = json.loads(args)
        except ValueError:
            return args
        return args if isinstance(parsed, str) else said(parsed)
    if isinstance(args, dict):
        return ' '.join(filter(None, (said(value) for value in args.values())))
    if isinstance(args, list | tuple):
        return ' '.join(filter(None, map(said, args)))
    return args if isinstance(args, str) else ''


def text_of(part: Any) -> str:
    """What a part says to the model, as lines; a call is its tool's name and the texts in its arguments."""
    kind = part.part_kind
    if kind == 'tool-call':
        return plain(f'{part.tool_name} {said(part.args)}')
    if kind in ('tool-return', 'builtin-tool-return'):
        return plain(part.content if isinstance(part.content, str) else part.model_response_str())
    if kind == 'retry-prompt':
        return plain(part.model_response())
    content = getattr(part, 'content', '')
    if isinstance(content, str):
        return plain(content)
    return plain('\n'.join(item for item in content or () if isinstance(item, str)))


def texts(messages: Sequence[ModelMessage]) -> Iterator[str]:
    """The text of every part, instructions left out."""
    for message in messages:
        for part in message.parts:
            yield text_of(part)


def is_request(message: ModelMessage) -> bool:
    """Whether it goes to the model."""
    return isinstance(message, ModelRequest)
