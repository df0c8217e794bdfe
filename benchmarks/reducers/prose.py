"""Facts of source code, of prose and of everything else."""

from __future__ import annotations

import re

from retention.grammar import TOKEN, forms

from .facts import Fact, Found, limited, texts

_SIGNATURE = re.compile(
    r'^[ \t]*(?:@\w+ )?(?:(?:export|default|pub(?:\([^)\n]*\))?|public|private|protected|internal|static|final|abstract'
    r'|async|unsafe|override|virtual|inline|extern|const|declare|sealed)\s+)*'
    r'(?:def|class|func|fn|function\*?|interface|struct|enum|trait|impl|type|module|namespace|mod|record|object)\s+'
    r'(?:\([^)\n]*\)\s*)?([A-Za-z_$][\w$]*)',
    re.MULTILINE,
)
_C_LIKE = re.compile(
    r'^(?:[ \t]{0,8}(?:public|private|protected|static|final|async|override|get|set)\s+)+[\w<>\[\], ?*&:]*?'
    r'\b([A-Za-z_$]\w*)\s*\([^;\n]*\)?[^;\n]*\{?$'
    r'|^[ \t]*(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:\([^)\n]*\)|\w+)\s*=>',
    re.MULTILINE,
)
_IMPORT = re.compile(
    r'^[ \t]*(?:import\s+[^\n]+|from\s+\S+\s+import[^\n]*|use\s+[\w:]+[^\n]*;|#include\s+[^\n]+|require[ (][^\n]+'
    r'|(?:const|let|var) [^\n=]+= require\([^\n]+|(?:\w+ )?"[\w./\-]+/[\w./\-]+"$)',
    re.MULTILINE,
)
_HEADING = re.compile(r'^#{1,6} +([^\n]+)|^([^\n]{3,80})\n[=\-~]{3,}$|^\*\*([^*\n]{3,80})\*\*:?$', re.MULTILINE)
_SENTENCE = re.compile(r'(?<=[.!?])\s+|\n+')
_ALARM = re.compile(
    r'\b(?:error|exception|fatal|panic|fail(?:ed|ure|s)?|cannot|denied|not found|no such|undefined|refused|timed? ?out'
    r'|abort(?:ed)?)\b|\bE\d{3,4}\b',
    re.IGNORECASE,
)
SENTENCE = 80
"""Characters by which a sentence counts."""


def code(text: str) -> Found:
    """Names of functions, methods, classes and types; imports."""
    names = dict.fromkeys([*_SIGNATURE.findall(text), *(a or b for a, b in _C_LIKE.findall(text))])
    keywords = ('if', 'for', 'while', 'switch', 'return', 'catch')
    signatures = limited([Fact('signature', 3, (name,)) for name in names if name not in keywords], 200)
    return [*signatures, *texts('import', 1, _IMPORT.findall(text), 20)] if signatures else []


def prose(text: str) -> Found:
    """Headings; sentences with a number or an identifier."""
    headings = [next(filter(None, found)).strip('# ') for found in _HEADING.findall(text)]
    said = [line.strip(' -*>#|\t') for line in _SENTENCE.split(text)]
    telling = [line[:SENTENCE] for line in said if len(line) >= 20 and _tells(line)]
    return [*texts('heading', 3, headings, 100), *texts('sentence', 1, telling, 100)]


def other(text: str) -> Found:
    """Lines that speak of errors; identifiers."""
    alarms = [line for line in text.split('\n') if _ALARM.search(line[:1_000])]
    named = dict.fromkeys(
        word for line in text.split('\n') for token in TOKEN.findall(line[:5_000]) for word in forms(token)[:1]
    )
    return [*texts('error line', 3, alarms, 60), *texts('identifier', 1, named, 100)]


def _tells(line: str) -> bool:
    return any(c.isdigit() for c in line) or any(forms(token) for token in TOKEN.findall(line[:1_000]))
