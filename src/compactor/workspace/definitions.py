"""What a source text defines, and which names each definition uses; read once for each content.

Nothing is resolved as a compiler would: a name stands for every definition of that name until `graph` weighs them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compactor.bounded import Bounded
from compactor.locks import new_lock
from compactor.outputs.code_text.languages import language_of
from compactor.outputs.code_text.signatures import Block, Role, outline
from compactor.packing.item import kind_of

PARSED = 200_000
"""Characters of a text that a grammar reads; what is longer goes by indentation."""
BLANK = '\n' * 100
"""What no source text holds that somebody wrote, and what the grammar of Go takes quadratic time for."""
REMEMBERED = 4_096
"""Texts whose definitions are remembered, by their content."""
SIGNATURE = 120
"""Characters of a signature as it is shown on one line."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, a method, or the head of what encloses definitions. Lines are counted from 0.

    Attributes:
        path: the file.
        name: its name; '' where none was recognised.
        container: the name of what encloses it; '' for nothing.
        role: a function or a container.
        start: its first line, decorators and attributes included.
        named: the line that names it.
        body: the line behind its signature.
        end: the line behind its last.
        signature: its signature on one line.
        uses: names that it uses, and how: 'self' of the object itself, 'dot' called of another one,
            'attribute' of another one, 'call' or 'name' without any; 'prefix' where it puts together names that begin
            like this.
        bases: of a container, the names in its head: what it may inherit from.
    """

    path: str
    name: str
    container: str
    role: Role
    start: int
    named: int
    body: int
    end: int
    signature: str
    uses: Mapping[str, str]
    bases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Read:
    """A file with its definitions.

    Attributes:
        path: what it is called.
        lines: its text by line.
        kind: what it is, as packs tell (`packing.item.kind_of`).
        definitions: in order of their lines.
    """

    path: str
    lines: tuple[str, ...]
    kind: str
    definitions: tuple[Definition, ...]


_known: Bounded[tuple[str, str], tuple[str, tuple[Definition, ...]]] = Bounded(REMEMBERED)
_knowing = new_lock()


def read_of(path: str, text: str) -> Read:
    """The definitions of a text; remembered by path and content, so that a file costs only when it has changed."""
    key = (path, digest_of(text))
    lines = tuple(text.split('\n'))
    with _knowing:
        found = _known.used(key)
    if found is None:
        found = kind_of(path, text), _parsed(path, text, lines)
        with _knowing:
            _known[key] = found
    return Read(path, lines, *found)


def digest_of(text: str) -> str:
    """The hash of a content."""
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()


def _parsed(path: str, text: str, lines: Sequence[str]) -> tuple[Definition, ...]:
    language = language_of(text[:4_000], path)
    found: list[Definition] = []
    if language:
        around: list[tuple[int, str]] = []
        before: Block | None = None
        for block in outline(lines, language, 0 if BLANK in text else PARSED):
            if block.role in _DEFINING:
                start = _decorated(block, before, lines)
                if not _OVERLOAD.match(lines[start]):
                    found.append(_definition(path, lines, block, start, around))
            before = block
    return tuple(found)


def _decorated(block: Block, before: Block | None, lines: Sequence[str]) -> int:
    """Where a definition begins: with its decorators, which a grammar may give as a block of their own."""
    if before is not None and before.end == block.start and lines[before.start].lstrip().startswith(('@', '#[')):
        return before.start
    return block.start


def _definition(path: str, lines: Sequence[str], block: Block, start: int, around: list[tuple[int, str]]) -> Definition:
    named = next((i for i in range(block.start, block.body) if not _ASIDE.match(lines[i])), block.start)
    line = lines[named]
    width = len(line) - len(line.lstrip())
    while around and around[-1][0] >= width:
        around.pop()
    head = _TIGHT.sub('', ' '.join(part.strip() for part in lines[named : block.body] if not _COMMENT.match(part)))
    container = around[-1][1] if around else ''
    function = block.role is Role.FUNCTION
    name = _name(head, function)
    if not function:
        around.append((width, name))
    text = '\n'.join(lines[start : block.end]) if function else ''
    uses = _uses(_CODE.sub('', text), name) | dict.fromkeys(_PREFIX.findall(text), 'prefix')
    bases = frozenset() if function else frozenset(_WORD.findall(head)) - {name, 'class'}
    signature = head if len(head) <= SIGNATURE else head[: SIGNATURE - 1] + '…'
    return Definition(path, name, container, block.role, start, named, block.body, block.end, signature, uses, bases)


_COMMENT = re.compile(r'\s*(?://|#|\*|/\*)')
_DEFINING = (Role.FUNCTION, Role.CONTAINER)
_ASIDE = re.compile(r'\s*(?:@(?!interface)|#\[|//|#|\*|/\*|\)|$)')
"""Lines of a signature that do not name: decorators, attributes, comments."""
_TIGHT = re.compile(r'(?<=[(\[]) | (?=[)\]])|,(?= [)\]])')
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r'\b(?:def|fn|func|function\*?|fun|sub)\s+(?:\([^)]*\)\s*)?(?:self\.)?([A-Za-z_$][\w$]*[?!]?)',
        r'\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*[:=]',
        r'([A-Za-z_$~][\w$]*)\s*(?:<[^<>()]*>)?\(',
        r'([A-Za-z_$][\w$]*)',
    )
)
_HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        r'\bimpl\b(?:<[^>]*>)?\s+(?:[\w:<>, ]+\s+for\s+)?([A-Za-z_]\w*)',
        r'\b(?:class|interface|trait|struct|enum|module|mod|namespace|object|record|extension)\s+([A-Za-z_][\w:.\\]*)',
        r'([A-Za-z_]\w*)',
    )
)
_CODE = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\'|(?:#|//)[^\n]*')
"""Texts and comments, which use nothing."""
_WORD = re.compile(r'[A-Za-z_]\w+')
_USE = re.compile(r'(?:\b(self|cls|this|super\(\))\s*(?:\.|->)\s*|(\.|->|::)\s*)?\b([A-Za-z_]\w+)(\s*\()?')
_PREFIX = re.compile(r"""["']([a-z][a-z_]{2,30}_)(?:["'{%]|\$\{)""")
"""How names are put together: `f'visit_{kind}'`."""
_ORDER = ('self', 'call', 'dot', 'name', 'attribute')
_OVERLOAD = re.compile(r'\s*@(?:\w+\.)?overload\b')
"""A signature that another one of the same name stands for."""


def _name(head: str, function: bool) -> str:
    for pattern in _NAMES if function else _HEADS:
        if (found := pattern.search(head[:600])) is not None:
            return found[1].rstrip(':')
    return ''


def _how(use: re.Match[str]) -> str:
    if use[1]:
        return 'self'
    if use[2]:
        return 'dot' if use[4] else 'attribute'
    return 'call' if use[4] else 'name'


def _uses(code: str, own: str) -> dict[str, str]:
    """Names that a text uses; of several ways the one that says most."""
    found: dict[str, str] = {}
    for use in _USE.finditer(code):
        name = use[3]
        how = _how(use)
        if name not in found or _ORDER.index(how) < _ORDER.index(found[name]):
            found[name] = how
    found.pop(own, None)
    return found
