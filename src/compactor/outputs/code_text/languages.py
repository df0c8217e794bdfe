"""Which language a source text is written in: by the ending of its file, else by words that few others use."""

from __future__ import annotations

import re

_ENDINGS = {
    'py': 'python',
    'pyi': 'python',
    'go': 'go',
    'js': 'javascript',
    'jsx': 'javascript',
    'mjs': 'javascript',
    'cjs': 'javascript',
    'ts': 'typescript',
    'mts': 'typescript',
    'tsx': 'tsx',
    'rs': 'rust',
    'java': 'java',
    'kt': 'kotlin',
    'scala': 'scala',
    'swift': 'swift',
    'c': 'c',
    'h': 'cpp',
    'cc': 'cpp',
    'cpp': 'cpp',
    'cxx': 'cpp',
    'hpp': 'cpp',
    'rb': 'ruby',
    'php': 'php',
    'cs': 'csharp',
    'sh': 'bash',
    'bash': 'bash',
}
SAMPLE = 4_000
"""Characters looked at where no file is named."""

_SURE = re.compile(
    r'^(?:(?P<php><\?php\b)|(?P<go>package \w+$)|(?P<bash>#!\S*(?:/|env )(?:ba|z|da|k)?sh\b)|(?P<python>#!.*\bpython)'
    r'|(?P<java>package [\w.]+;$)|(?P<rust>use (?:std|crate|super)::)|(?P<csharp>using System[\w.]*;$))',
    re.MULTILINE,
)
"""Lines that no other language has."""
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (language, re.compile(pattern, re.MULTILINE))
    for language, pattern in (
        ('php', r'^<\?php|\$this->|^\s*(?:public|private) function'),
        ('go', r'^package \w+$|^func |:= |\bif err != nil\b'),
        ('rust', r'^\s*(?:pub )?(?:fn|impl|use|mod) |\blet mut\b|->\s*(?:Result|Option|Self)\b|#\[derive'),
        ('csharp', r'^using [A-Z][\w.]*;|^namespace [A-Z]|\bstring\[\]|\{ get; '),
        (
            'java',
            r'^import (?:java|org|com)\.|^package [\w.]+;|\bpublic (?:static )?(?:final )?(?:class|void)\b|@Override',
        ),
        ('cpp', r'^#include <\w+>$|\bstd::|^\s*template ?<|\bnullptr\b'),
        ('c', r'^#include [<"][\w/]+\.h[>"]|\bstruct \w+ \*|\bsize_t\b|\bNULL\b'),
        ('typescript', r'^(?:export )?(?:interface|type) \w+|: (?:string|number|boolean)\b|^import (?:type )?[{*\w]'),
        ('javascript', r'\brequire\(|^\s*(?:const|let) [\w{\[][^=(\n]{0,80}= |^\s*function |=> \{|module\.exports|==='),
        ('ruby', r'^\s*(?:end|require .*|def \w+|module [A-Z]\w*|attr_\w+ .*)$|\.each do \|'),
        ('bash', r'^#!.*\b(?:ba)?sh\b|^\s*(?:fi|done|esac|then)$|\[\[ |\$\{?\w+\}?'),
        ('python', r'^\s*(?:def|class) \w+.*:$|^\s*from \S+ import |^\s*(?:elif|except)\b.*:$|\bself\.|^\s*if .*:$'),
    )
)


def language_of(text: str, path: str | None) -> str:
    """A language by name, '' if none is recognised."""
    if path is not None and (known := _ENDINGS.get(path.rsplit('.', 1)[-1].lower())):
        return known
    sample = text[:SAMPLE]
    if (sure := _SURE.search(sample)) is not None:
        return sure.lastgroup or ''
    counts = {language: sum(1 for _ in pattern.finditer(sample)) for language, pattern in _WORDS}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= 2 else ''
