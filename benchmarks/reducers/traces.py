"""Facts of stack traces: what was raised, and where in the program's own files."""

from __future__ import annotations

import re

from .facts import Fact, Form, Found, limited, texts, unambiguous

_RAISED = re.compile(
    r'^(?:[\w\[\]:. |]*?\b)?((?:[A-Za-z_][\w.]*\.)?(?:[A-Z]\w*)?(?:Error|Exception|Warning|Exit|Interrupt|Timeout'
    r'|Failed|NotFound|Fault)(?:\: [^\n]*|\s*$))',
    re.MULTILINE,
)
_PANIC = re.compile(r'^(?:panic: [^\n]+|fatal error: [^\n]+|thread \'[^\']*\' panicked at [^\n]+)', re.MULTILINE)
_LAST_PYTHON = re.compile(
    r'^Traceback \(most recent call last\):\n(?:[ |][^\n]*\n|\n(?= ))+([A-Za-z_][\w.]*(?:: [^\n]*|:?$))',
    re.MULTILINE,
)
_FRAMES = (
    re.compile(r'^\s*File "([^"\n]+)", line (\d+)', re.MULTILINE),
    re.compile(r'^\s+(?:at [^\n(]{1,300}\(|at )(?:file://)?([^\s():]+\.\w{1,5}):(\d+)', re.MULTILINE),
    re.compile(r'^\s+([^\s:]+\.go):(\d+)(?: \+0x[0-9a-f]+)?$', re.MULTILINE),
    re.compile(r'^\s+(?:at )?(\S+\.rs):(\d+)(?::\d+)?$', re.MULTILINE),
)
_FOREIGN = re.compile(
    r'site-packages|dist-packages|/lib/python\d|/lib64/python|/python\d\.\d+/|node_modules|node:|^internal/|^<'
    r'|/pkg/mod/|/go/[\d.]+/src/|/usr/local/go/|/libexec/src/|\.cargo/registry|/rustc/|^(?:java|javax|sun|jdk)\b'
)


def traces(text: str) -> Found:
    """Type and message of each exception; the innermost own frame of each trace, the other own frames."""
    raised = [*_LAST_PYTHON.findall(text), *_PANIC.findall(text)] or _RAISED.findall(text)
    found = texts('raised', 5, raised, 100)
    if not found:
        return []
    return [*found, *_own(text)]


def _own(text: str) -> Found:
    """Frames in the order of the text; of Python's traces the last is the innermost, of others the first."""
    inner: dict[tuple[str, int], None] = {}
    every: dict[tuple[str, int], None] = {}
    for at, pattern in enumerate(_FRAMES):
        groups: list[list[tuple[str, int]]] = []
        end = -10_000
        for match in pattern.finditer(text):
            if match.start() - end > 600 or text.find('\n\n', end, match.start()) >= 0:
                groups.append([])
            end = match.end()
            if not _FOREIGN.search(match[1]):
                groups[-1].append((match[1], int(match[2])))
        for group in groups:
            every.update(dict.fromkeys(group))
            if group:
                inner[group[-1] if at == 0 else group[0]] = None
    alone = unambiguous(path for path, _ in every)

    def fact(name: str, weight: float, frame: tuple[str, int]) -> Fact:
        return Fact(name, weight, alone[frame[0]], Form.PLACE, frame[1])

    first = [fact('innermost own frame', 5, frame) for frame in inner]
    rest = [fact('own frame', 2, frame) for frame in every if frame not in inner]
    return [*limited(first, 100), *limited(rest, 40)]
