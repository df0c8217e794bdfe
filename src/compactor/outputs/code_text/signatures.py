"""The outline of a source text: what imports, what defines, what contains definitions, and where each body lies.

Three ways, the first that can: a grammar (tree-sitter, where the extra `code` is installed), Python's own parser, and
indentation. The first two cost several times what the third does, and their errors on broken text grow faster than the
text, so they get texts up to `PARSED` and the grammar a bounded number of steps. All name lines counted from 0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from compactor.outputs.code_text import grammars

PARSED = 24_000
"""Characters up to which a parser is tried."""
SIGNATURE = 14
"""Lines of a signature at most."""


class Role(StrEnum):
    """What a block of lines is."""

    IMPORT = 'import'
    FUNCTION = 'function'
    CONTAINER = 'container'
    """What encloses definitions; its block is its head alone, what it encloses follows as blocks of its own."""
    COMMENT = 'comment'
    OTHER = 'other'


class Block(NamedTuple):
    """Lines that belong together.

    Attributes:
        role: what they are.
        start: the first line.
        body: the first line behind the signature of a function; `end` for everything else.
        end: the line behind the last.
    """

    role: Role
    start: int
    body: int
    end: int


def outline(lines: Sequence[str], language: str, parsed: int = PARSED) -> list[Block]:
    """Blocks in order, without overlap; lines between them are blank. Texts of more than `parsed` go by indentation."""
    text = '\n'.join(lines)
    suites = language in _TEMPLATES and _SUITES.search(text) is not None
    if len(text) <= parsed and not suites:
        found = grammars.blocks(text, language)
        if found is None and language == 'python':
            found = _by_ast(text)
        if found is not None:
            blocks = [Block(Role(role), start, body, end) for role, start, body, end in found]
            return list(_gapless(blocks, lines))
    return list(_by_indentation(lines, text, language))


def _gapless(blocks: Sequence[Block], lines: Sequence[str]) -> Iterator[Block]:
    """The blocks in order, those that begin inside another one dropped, lines that no block covers as others."""
    at = 0
    for block in sorted(blocks, key=lambda block: (block.start, -block.end)):
        if block.start < at:
            continue
        yield from _between(at, block.start, lines)
        yield block
        at = block.end
    yield from _between(at, len(lines), lines)


def _between(start: int, end: int, lines: Sequence[str]) -> Iterator[Block]:
    first: int | None = None
    for i in range(start, end):
        if lines[i].strip():
            if first is None:
                first = i
        elif first is not None:
            yield Block(_plain(lines[first]), first, i, i)
            first = None
    if first is not None:
        yield Block(_plain(lines[first]), first, end, end)


def _plain(line: str) -> Role:
    return Role.COMMENT if _COMMENT.match(line) else Role.IMPORT if _IMPORT.match(line) else Role.OTHER


# --- Python's own parser ---

_ESCAPED = re.compile(r'\\[^\n]')


def _by_ast(text: str) -> list[tuple[str, int, int, int]] | None:
    """Blocks of a text that is whole Python; None otherwise."""
    try:
        # Escapes say nothing about structure, and invalid ones would warn.
        tree = ast.parse(_ESCAPED.sub('__', text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: list[tuple[str, int, int, int]] = []
    _add(tree.body, found)
    return found


def _add(body: Sequence[ast.stmt], found: list[tuple[str, int, int, int]]) -> None:
    for node in body:
        start, end = node.lineno - 1, node.end_lineno or node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            start = min([start, *(decorator.lineno - 1 for decorator in node.decorator_list)])
            first = node.body[0]
            inside = min([first.lineno - 1, *(d.lineno - 1 for d in getattr(first, 'decorator_list', []))])
            if isinstance(node, ast.ClassDef):
                head = max(inside, node.lineno)
                found.append((Role.CONTAINER, start, head, head))
                _add(node.body, found)
            else:
                found.append((Role.FUNCTION, start, max(inside, node.lineno), end))
        else:
            role = Role.IMPORT if isinstance(node, ast.Import | ast.ImportFrom) else Role.OTHER
            found.append((role, start, end, end))


# --- indentation ---

_COMMENT = re.compile(
    r'\s*(?://|#(?![\[!]|(?:include|define|if|ifdef|ifndef|endif|else|pragma)\b)|/\*|\*(?:[ /]|$)|--\s)'
)
_IMPORT = re.compile(
    r'\s*(?:import\b|from\s+\S+\s+import\b|package\s+\w|use\s+[\w\\:{]|using\s+[\w.]+\s*[;=]|#include\b'
    r'|require(?:_relative)?\b'
    r'|(?:const|let|var)\s+[\w{}, ]+=\s*require\(|extern crate\b'
    r'|source\s|mod\s+\w+;|pub use\b|export\s+[*{][^=]*\bfrom\b)'
)
_CONTAINER = re.compile(
    r'\s*(?:(?:export|default|pub(?:\([^)\n]*\))?|public|private|protected|internal|abstract|final|sealed|static|unsafe|declare'
    r'|partial|open|data|enum)\s+)*(?:class|interface|trait|impl|module|mod|namespace|object|extension|struct|record)\b'
    r'(?!\s*[=:(.])'
)
_SUITE = re.compile(r'\s*(?:describe|context|suite)(?:\.\w+)?\([^\n]*\{$')
"""A group of tests, which is a call to a grammar and encloses tests to a reader."""
_SUITES = re.compile(r'^\s*(?:describe|context|suite)\b', re.MULTILINE)
_FUNCTION = re.compile(
    r'\s*(?:(?:export|default|pub(?:\([^)\n]*\))?|public|private|protected|internal|abstract|final|static|unsafe|async|override'
    r'|virtual|inline|extern|const|suspend|open|local|synchronized)\s+)*'
    r'(?:def|func|fn|function|fun|sub)\b'
)
_CONTROL = re.compile(
    r'\s*(?:[}\])]|(?:if|else|elif|elsif|for|foreach|while|switch|match|case|when|catch|except|try|do|with|return|select|loop'
    r'|unless|until|begin|rescue|ensure|finally|throw|new|yield|await|go|defer|default|type|var|let|const|static_assert'
    r')\b)'
)
_ASSIGNED = re.compile(
    r'\s*(?:export\s+)?(?:default\s+)?(?:const|let|var)\s+\w+[^=\n]*=[^\n]*(?:=>|\bfunction\b)[^\n]*\{$'
)
_CLOSER = re.compile(r'\s*(?:[}\])]+|end\b|fi\b|done\b|esac\b)')
_STRING = re.compile(
    r'"""|\'\'\'|/\*|`|"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)*+\'?|//[^\n]*|(?:^|(?<=[ \t]))#[^\n]*', re.MULTILINE
)


def _by_indentation(lines: Sequence[str], text: str, language: str) -> Iterator[Block]:
    """Blocks by the indentation of lines, those inside texts and comments of several lines aside."""
    inside = _inside(text, language)
    widths = [
        -1 if not line or (i in inside) or not (bare := line.lstrip()) else len(line) - len(bare)
        for i, line in enumerate(lines)
    ]
    i, count = 0, len(lines)
    while i < count:
        line = lines[i]
        if widths[i] < 0:
            end = i + 1
            while end < count and widths[end] < 0 and lines[end].strip():
                end += 1
            if line.strip():
                yield Block(Role.COMMENT, i, end, end)
            i = end
            continue
        if _COMMENT.match(line):
            end = i + 1
            while end < count and (i < end) and (end in inside or _COMMENT.match(lines[end])) and lines[end].strip():
                end += 1
            yield Block(Role.COMMENT, i, end, end)
        elif _IMPORT.match(line):
            end = _end(i, lines, widths)
            yield Block(Role.IMPORT, i, end, end)
        elif _CONTAINER.match(line) or _SUITE.match(line):
            end = _signature(i, lines, widths)
            yield Block(Role.CONTAINER, i, end, end)
        elif _is_function(i, lines, widths):
            body = _signature(i, lines, widths)
            end = max(body, _end(i, lines, widths, body))
            yield Block(Role.FUNCTION, i, body, end)
        else:
            end = _end(i, lines, widths)
            yield Block(Role.OTHER, i, end, end)
        i = end


def _is_function(i: int, lines: Sequence[str], widths: Sequence[int]) -> bool:
    line = lines[i][:400]
    if _FUNCTION.match(line):
        return True
    opens = line.endswith('{') or (i + 1 < len(lines) and lines[i + 1].strip() == '{')
    if opens and _ASSIGNED.match(line):
        return True
    if not opens and line.endswith(')') and i + 1 < len(lines):
        opens = widths[i + 1] > widths[i] and lines[i + 1].endswith('{')
    return opens and '(' in line and not _CONTROL.match(line)


def _signature(i: int, lines: Sequence[str], widths: Sequence[int]) -> int:
    """The line behind a signature that begins at line `i`."""
    line, width = lines[i], widths[i]
    for j in range(i, min(i + SIGNATURE, len(lines))):
        if j > i and widths[j] < 0:
            break
        if lines[j].endswith((':', '{', ';', '=>')) or lines[j].endswith(('}', 'end')):
            return j + 1
        if j > i and widths[j] < widths[i]:
            break
        follows = lines[j + 1] if j + 1 < len(lines) else ''
        if (
            j == i
            and line.count('(') == line.count(')')
            and max(widths[j + 1 : j + 2], default=-1) > width
            and follows[-1:] != '{'
        ):
            return i + 1
    if i + 1 < len(lines) and lines[i + 1].strip() == '{':
        return i + 2
    return i + 1


def _end(i: int, lines: Sequence[str], widths: Sequence[int], body: int | None = None) -> int:
    """The line behind a block: behind the lines that are indented deeper, and behind what closes it."""
    width = widths[i]
    j = body if body is not None else i + 1
    while j < len(lines) and (widths[j] < 0 or widths[j] > width):
        j += 1
        while j < len(lines) and widths[j] == width and _CLOSER.match(lines[j]):
            j += 1
    if j < len(lines) and widths[j] == width and _CLOSER.match(lines[j]):
        j += 1
    while j > i + 1 and not lines[j - 1].strip():
        j -= 1
    return j


def _inside(text: str, language: str) -> set[int]:
    """Lines that begin inside a text or a comment of several lines."""
    inside: set[int] = set()
    number = counted = at = 0
    candidate = _OPENER.search(text)
    fresh = True
    while candidate is not None:
        if fresh:  # no text or comment begins before that line and ends behind its beginning
            at = max(at, text.rfind('\n', at, candidate.start()) + 1)
            fresh = False
        found = _STRING.search(text, at)
        if found is None:
            break
        at = found.end()
        opener = found.group()
        if _opens(opener, language):
            close = text.find(_CLOSING[opener], at)
            if close < 0:
                break
            number += text.count('\n', counted, found.start())
            last = number + text.count('\n', found.start(), close)
            inside.update(range(number + 1, last + 1))
            number, counted = last, close
            at = close + len(_CLOSING[opener])
        if candidate.start() < at:
            candidate = _OPENER.search(text, at)
            fresh = True
    return inside


def _opens(opener: str, language: str) -> bool:
    """Whether this begins a text or a comment of several lines."""
    if opener not in _CLOSING:
        return False
    if opener == '`':
        return language in _TEMPLATES
    return opener == '/*' or language in ('python', 'java', 'kotlin', 'swift', 'scala', '')


_OPENER = re.compile(r'"""|\'\'\'|/\*|`')
_CLOSING = {'"""': '"""', "'''": "'''", '/*': '*/', '`': '`'}
_TEMPLATES = ('javascript', 'typescript', 'tsx', 'go')
