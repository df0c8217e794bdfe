"""Made-up secrets from the samples of the tables, put together when the tests run, and the contexts they stand in."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from urllib.parse import quote

from compactor.secrets.rule import Context, Service, Token, contexts, services, tokens

ALPHABET = string.ascii_letters + string.digits
SETS = {
    '': ALPHABET,
    'x': string.hexdigits[:16],
    'd': string.digits,
    'A': string.ascii_uppercase + string.digits,
    'l': string.ascii_lowercase + string.digits,
    'L': string.ascii_letters,
    'u': ALPHABET + '_-',
    'b': ALPHABET + '+/',
}
"""The sets of a sample's `{n:set}`."""
_FILL = re.compile(r'\{(\d+)(?::(\w))?\}')
_MARKED = re.compile(r'(?s)(.*?)<([^<>]*)>(.*)')

Row = Token | Context | Service


def made(length: int, alphabet: str = ALPHABET, seed: str = 'made up') -> str:
    """Characters that look random and are the same each time."""
    digest = b''.join(hashlib.sha256(f'{seed} {length} {i}'.encode()).digest() for i in range(length // 32 + 1))
    return ''.join(alphabet[byte % len(alphabet)] for byte in digest[:length])


def sample(row: Row, seed: str = '') -> tuple[str, str, str]:
    """A row's sample, filled: what stands before the secret, the secret, what stands behind it."""
    places = iter(range(99))
    filled = _FILL.sub(
        lambda found: made(int(found[1]), SETS[found[2] or ''], f'{row.name} {seed} {next(places)}'), row.sample
    )
    # Where the sample itself has angle brackets, the marks are the inner pair.
    found = _MARKED.fullmatch(filled) or re.fullmatch(r'(?s)(.*)<([^<>]*)>(.*)', filled)
    return ('', filled, '') if found is None else (found[1], found[2], found[3])


def whole(row: Row, seed: str = '') -> tuple[str, str]:
    """A row's sample as it stands in a text, and the secret in it."""
    before, secret, after = sample(row, seed)
    return before + secret + after, secret


@cache
def rows() -> Mapping[str, Row]:
    """Every row of the tables, by its name."""
    return {**tokens(), **contexts(), **services()}


def coloured(text: str) -> str:
    """As a terminal gets it from a tool that colours what it has found."""
    return f'\x1b[01;31m\x1b[K{text}\x1b[m\x1b[K'


DRESSES: Mapping[str, Callable[[str], str]] = {
    'env': '{}\n'.format,
    'export': 'export X={}\n'.format,
    'JSON': lambda text: json.dumps({'a': 1, 'x': text}),
    'JSON in JSON': lambda text: json.dumps({'body': json.dumps({'x': text})}),
    'YAML': 'x: "{}"\ny: 1\n'.format,
    'URL': 'https://example.org/p?k={}&x=1'.format,
    'header': 'X-Thing: {}\r\n'.format,
    'escaped': '"one\\n{}\\ntwo"'.format,
    'numbered': '    12\t{}\n    13\tend'.format,
    'arrow': '    12→{}\n    13→end'.format,
    'grep': 'path/a.env:12:{}\npath/a.env:13:end'.format,
    'container': 'app_1  | {}\napp_1  | end'.format,
    'diff': '+{}\n-end'.format,
    'coloured': coloured,
    'half coloured': lambda text: f'{text[:9]}\x1b[31m{text[9:]}\x1b[0m',
    'zero width': lambda text: f'{text[:9]}\u200b{text[9:]}',
    'prose': 'Use {}, please.'.format,
    'quoted': "'{}'".format,
}
"""What a secret stands in, by name; each leaves the secret itself as it is, but for what nobody sees."""


def key_lines(label: str = 'RSA ', size: int = 1_200, width: int = 64, seed: str = 'key') -> list[str]:
    """The lines of a private key, head and tail included."""
    body = made(size * 4 // 3, SETS['b'], seed)
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    dashes = '-' * 5
    return [f'{dashes}BEGIN {label}PRIVATE KEY{dashes}', *lines, f'{dashes}END {label}PRIVATE KEY{dashes}']


def _numbered(lines: list[str], form: str, start: int = 1) -> str:
    return '\n'.join(form.format(n, line) for n, line in enumerate(lines, start))


KEY_DRESSES: Mapping[str, Callable[[list[str]], str]] = {
    'plain': '\n'.join,
    'CRLF': '\r\n'.join,
    'cat -n': lambda lines: _numbered(lines, '{:6d}\t{}'),
    'nl': lambda lines: _numbered(lines, '{:6d}  {}'),
    'arrow': lambda lines: _numbered(lines, '{:6d}→{}', 98),
    'bar': lambda lines: _numbered(lines, '{:4d} │ {}'),
    'grep -n': lambda lines: _numbered(lines, '{}:{}'),
    'grep -C': lambda lines: f'1:{lines[0]}\n' + _numbered(lines[1:], '{}-{}', 2),
    'grep -rn': lambda lines: _numbered(lines, 'certs/id_rsa.pem:{}:{}'),
    'grep -rC': lambda lines: f'a-b/k.pem:1:{lines[0]}\n' + _numbered(lines[1:], 'a-b/k.pem-{}-{}', 2),
    'grep -r': lambda lines: '\n'.join(f'certs/id_rsa.pem:{line}' for line in lines),
    'columns': lambda lines: _numbered(lines, '{}:1:{}', 11),
    'compose': lambda lines: '\n'.join(f'app_1  | {line}' for line in lines),
    'compose with times': lambda lines: _numbered(lines, 'my-app-1  | 2024-05-01T10:00:{:02d}.123456789Z {}'),
    'kubectl': lambda lines: '\n'.join(f'[pod/web-7d9f-abc/app] {line}' for line in lines),
    'stern': lambda lines: '\n'.join(f'web-7d9f app {line}' for line in lines),
    'log': lambda lines: _numbered(lines, '2024-05-01 10:00:{:02d},123 INFO {}'),
    'syslog': lambda lines: _numbered(lines, 'May  1 10:00:{:02d} host prog[123]: {}', 10),
    'CI': lambda lines: _numbered(lines, '2024-05-01T10:00:{:02d}.1234567Z {}'),
    'logfmt': lambda lines: _numbered(lines, 'level=info ts=2024-05-01T10:00:{:02d}Z msg="{}"'),
    'lines of JSON': lambda lines: '\n'.join(json.dumps({'log': f'{line}\n', 'stream': 'stdout'}) for line in lines),
    'added': lambda lines: '\n'.join(f'+{line}' for line in lines),
    'removed': lambda lines: '\n'.join(f'-{line}' for line in lines),
    'around': lambda lines: '\n'.join(f' {line}' for line in lines),
    'numbered diff': lambda lines: '\n'.join(f'{n:4d} {n + 3:4d} +{line}' for n, line in enumerate(lines, 12)),
    'blame': lambda lines: _numbered(lines, '3f786850 (Ann Other 2024-05-01 10:00:00 +0000 {:3d}) {}'),
    'quoted mail': lambda lines: '\n'.join(f'> {line}' for line in lines),
    'comment': lambda lines: '\n'.join(f'# {line}' for line in lines),
    'indented': lambda lines: '\n'.join(f'    {line}' for line in lines),
    'table': lambda lines: _numbered(lines, '| {} | {} |'),
    'box': lambda lines: '\n'.join(f'│ {line} │' for line in lines),
    'continued': ' \\\n'.join,
    'program': lambda lines: 'key = (\n' + '\n'.join(f'    "{line}\\n"' for line in lines) + '\n)',
    'joined strings': lambda lines: 'String k =\n' + ' +\n'.join(f'    "{line}\\n"' for line in lines) + ';',
    'list': lambda lines: '[\n' + ',\n'.join(f"  '{line}'" for line in lines) + '\n]',
    'numbered program': lambda lines: (
        '   11\tkey = (\n' + _numbered([f'"{line}\\n"' for line in lines], '{:5d}\t    {}', 12)
    ),
    'YAML': lambda lines: '10: key: |\n' + _numbered(lines, '{}:   {}', 11),
    'JSON': lambda lines: json.dumps({'k': '\n'.join(lines) + '\n', 'z': 1}),
    'JSON in JSON': lambda lines: json.dumps({'b': json.dumps({'k': '\n'.join(lines) + '\n'})}),
    'JSON with CRLF': lambda lines: json.dumps('\r\n'.join(lines)),
    'numbered in JSON': lambda lines: json.dumps(_numbered(lines, '{:6d}\t{}')),
    'arrows in JSON': lambda lines: json.dumps(_numbered(lines, '{:6d}→{}')),
    'one line': ' '.join,
    'HTML': '<br>\n'.join,
    'XML': '&#10;'.join,
}
"""What readers of files, logs and programs make of the lines of a private key."""

WHOLE_ONLY: Mapping[str, Callable[[list[str]], str]] = {
    'JSON of PHP': lambda lines: json.dumps('\n'.join(lines)).replace('/', '\\/'),
    'URL': lambda lines: 'k=' + quote('\n'.join(lines), safe=''),
    'no ends of lines': ''.join,
}
"""Dresses in which a block without head and tail looks like anything else."""


def bodies(lines: list[str]) -> Iterator[str]:
    """The lines of a key that are secret."""
    return (line for line in lines if not line.startswith('-----'))
