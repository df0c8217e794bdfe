"""150 shapes of text that functions which go back and forth in a text stumble over, each of any length."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping

Unit = str | Callable[[int], str]
"""What a shape repeats: a text, or one made of a number that counts up."""


def text(name: str, size: int) -> str:
    """The shape of a name, of `size` characters."""
    before, unit, after = SHAPES[name]
    room = size - len(before) - len(after)
    if isinstance(unit, str):
        body = (unit * (room // len(unit) + 1))[:room]
    else:
        pieces: list[str] = []
        length = n = 0
        while length < room:
            pieces.append(unit(n))
            length += len(pieces[-1])
            n += 1
        body = ''.join(pieces)[:room]
    return f'{before}{body}{after}'


def _hex(n: int) -> str:
    return hashlib.sha256(str(n).encode()).hexdigest()


def _base64(n: int) -> str:
    return base64.b64encode(hashlib.sha512(str(n).encode()).digest()).decode()


CHARACTERS: Mapping[str, str] = {
    'dashes': '-',
    'dots': '.',
    'slashes': '/',
    'underscores': '_',
    'equals signs': '=',
    'hashes': '#',
    'blanks': ' ',
    'tabs': '\t',
    'line ends': '\n',
    'carriage returns': '\r',
    'DOS line ends': '\r\n',
    'double quotes': '"',
    'single quotes': "'",
    'back quotes': '`',
    'opening brackets': '[',
    'closing brackets': ']',
    'opening braces': '{',
    'opening parentheses': '(',
    'closing parentheses': ')',
    'less than': '<',
    'greater than': '>',
    'backslashes': '\\',
    'bars': '|',
    'stars': '*',
    'plus signs': '+',
    'tildes': '~',
    'colons': ':',
    'semicolons': ';',
    'commas': ',',
    'ampersands': '&',
    'percent signs': '%',
    'at signs': '@',
    'exclamation marks': '!',
    'dollars': '$',
    'zeros': '0',
    'nines': '9',
    'small letters': 'a',
    'capitals': 'A',
    'accented letters': 'é',
    'Chinese': '漢',
    'emoji': '😀',
    'combining marks': '\u0301',
    'zero width': '\u200b',
    'hard blanks': '\u00a0',
    'line separators': '\u2028',
    'escapes': '\x1b',
    'nulls': '\x00',
    'byte order marks': '\ufeff',
    'lone surrogates': '\ud800',
}
"""One character, over and over."""

PAIRS: Mapping[str, str] = {
    'dash dot': '-.',
    'dot slash': './',
    'parent folders': '../',
    'letter dash': 'a-',
    'letter dot': 'a.',
    'letter slash': 'a/',
    'letter underscore': 'a_',
    'humps': 'aB',
    'digit dash': '1-',
    'digit letter': '1a',
    'capitals and letters': 'ABa',
    'escaped line ends': '\\n',
    'escaped quotes': '\\"',
    'empty texts': '"",',
    'brackets closed': '[]',
    'nested and closed': '[{()}]',
    'tags': '<a>',
    'half tags': '<a ',
    'end tags': '</a',
    'arrows': '->',
    'and and': ' && ',
    'substitutions': '$(',
    'percent codes': '%3D',
    'dash blank': '- ',
    'blank lines': '\n \n',
    'indented dashes': '\n  -',
    'colour codes': '\x1b[31mx\x1b[0m',
    'half colour codes': '\x1b[31;',
    'apostrophes': "it's",
    'letter comma': 'a,',
    'grouped digits': '123,456,',
    'letter and mark': 'e\u0301',
    'letter zero width': 'a\u200b',
    'right to left': 'a\u202e',
    'letter equals': 'a=',
    'redirections': ' > /a',
    'list marks': '1. ',
    'exclamations': 'A! ',
}
"""A few characters, over and over."""

LINES: Mapping[str, Unit] = {
    'paths': lambda n: f'src/part_{n}/module_{n}.py\n',
    'paths on one line': lambda n: f'src/part_{n}/module_{n}.py ',
    'one long path': lambda n: f'folder_{n}/',
    'one long name': lambda n: f'name{n}.',
    'one long symbol': lambda n: f'part{n}_',
    'one endless word': lambda n: _hex(n)[:7] + 'g',
    'hexadecimal': _hex,
    'hexadecimal lines': lambda n: _hex(n) + '\n',
    'base64': _base64,
    'base64 lines': lambda n: _base64(n)[:76] + '\n',
    'data URLs': lambda n: f'data:image/png;base64,{_base64(n)} ',
    'URLs': lambda n: f'https://example.com/a/{n}?b={n}&c=%20d#e\n',
    'one long URL': lambda n: f'/a{n}?b={n}&',
    'mail addresses': lambda n: f'first.last{n}@mail.example.com, ',
    'network addresses': lambda n: f'10.{n % 256}.0.1:80{n % 90 + 10} ',
    'version numbers': lambda n: f'{n}.{n % 7}.{n % 3}-rc{n % 5} ',
    'numbers': lambda n: f'{n} ',
    'one line of JSON': lambda n: f'"key_{n}": {n}, ',
    'rows of JSON': lambda n: f'{{"id": {n}, "name": "item {n}", "state": "ok"}}\n',
    'pretty JSON': lambda n: f'    "key_{n}": {{\n        "value": [{n}, null]\n    }},\n',
    'XML': lambda n: f'<item id="{n}"><name>part {n}</name></item>\n',
    'nested XML': lambda n: f'<a{n}>',
    'comments never closed': '<!-- a ',
    'fences': lambda n: f'```python\nvalue_{n} = {n}\n',
    'headings': lambda n: f'# Heading {n}\n\n',
    'Markdown table': lambda n: f'| name {n} | {n} | yes |\n',
    'Markdown links': lambda n: f'[a{n}](b/c{n}.md) ',
    'comma separated': lambda n: f'{n},"name, {n}",{n * 3},ok\n',
    'wide table': lambda n: f'{n:<20} name_{n:<30} ok          {n % 9}\n',
    'diff': lambda n: f'-    old_{n} = {n}\n+    new_{n} = {n}\n',
    'hunks': lambda n: f'@@ -{n},3 +{n},3 @@ def name_{n}():\n context\n-a\n+b\n',
    'diff headers': lambda n: f'diff --git a/f{n}.py b/f{n}.py\n--- a/f{n}.py\n+++ b/f{n}.py\n',
    'Python frames': lambda n: f'  File "src/a{n}.py", line {n}, in call_{n}\n    value = call({n})\n',
    'Java frames': lambda n: f'\tat org.example.Part{n}.run(Part{n}.java:{n})\n',
    'JavaScript frames': lambda n: f'    at run{n} (/srv/app/part{n}.js:{n}:7)\n',
    'Go frames': lambda n: f'main.run{n}(0xc000{n:04x})\n\t/srv/app/main.go:{n} +0x1d\n',
    'tracebacks': lambda n: f'Traceback (most recent call last):\n  File "a.py", line {n}\nValueError: no {n}\n',
    'causes': 'Caused by: ',
    'numbered lines': lambda n: f'{n:6}\tvalue = {n}\n',
    'line numbers alone': lambda n: f'{n:>6}→',
    'search hits': lambda n: f'src/a{n}.py:{n}:    value = call({n})\n',
    'search context': lambda n: f'src/a{n % 9}.go-{n}-    value\n',
    'search marks': 'a.go-58-',
    'listing': lambda n: f'-rw-r--r-- 1 root root {n:>8} Jan  1 00:00 file_{n}.txt\n',
    'tree': lambda n: f'│   ├── file_{n}.py\n',
    'test results': lambda n: f'tests/test_a{n}.py::test_b{n} {"FAILED" if n % 9 == 0 else "PASSED"} [ {n % 100}%]\n',
    'Go tests': lambda n: f'--- FAIL: TestPart{n} (0.0{n}s)\n    part_test.go:{n}: got {n}, want {n + 1}\n',
    'compiler errors': lambda n: f'src/a{n}.c:{n}:7: error: expected ; before {n}\n',
    'words of trouble': 'error failed cannot unexpected ',
    'exit codes': 'exit code ',
    'exit codes told': lambda n: f'exited with code {n} ',
    'log': lambda n: f'2026-01-01T00:00:{n % 60:02}Z INFO [worker-{n % 7}] request {n} done in {n % 90} ms\n',
    'syslog': lambda n: f'Jan  1 00:00:{n % 60:02} host app[{n}]: message {n}\n',
    'the same line': 'Downloading the package index, please wait.\n',
    'progress': lambda n: f'\rDownloading {n % 101:3}% [{"#" * (n % 40)}]',
    'progress coloured': lambda n: f'\x1b[2K\x1b[1G\x1b[32m{n % 101}%\x1b[0m',
    'commands': lambda n: f'cd part_{n} && make > out_{n}.log 2>&1; ',
    'piped commands': lambda n: f"sed -n '{n},{n + 9}p' a{n}.py | head -5 | ",
    'assignments': lambda n: f'NAME_{n}=value ',
    'settings without end': 'A=',
    'patch': lambda n: f'*** Update File: src/a{n}.py\n@@\n-a\n+b\n',
    'here-documents': lambda n: f'cat > f{n}.txt <<EOF\ntext {n}\n',
    'prose': lambda n: f'The import of part {n} dropped rows again, because its key is not unique. ',
    'sentences of one letter': 'A. B! C? ',
    'a list': lambda n: f'- item {n}, which says little\n',
    'quotations': lambda n: f'> line {n}\n',
    'questions': 'Why does it fail? How can we fix it? ',
    'code': lambda n: f'def name_{n}(value: int) -> int:\n    return value + {n}\n\n\n',
    'braces of code': lambda n: f'function f{n}() {{ if (a) {{ return {n}; }} ',
    'open comments of code': '/* a ',
    'marks of ours': lambda n: f'[compactor {_hex(n)[:8]}] {n} earlier steps ({n} tool calls)\n',
    'half marks of ours': '[compactor 0123',
    'nested marks of ours': '[compactor [compactor 01234567] 01234567] ',
    'stubs of ours': lambda n: f'[... about {n:,} of {n + 9:,} tokens left out ...]\n',
    'half stubs of ours': '[... about 1,234',
    'cleared media': lambda n: f'[image/png, {n} bytes, cleared]\n',
    'lines of a digest': lambda n: f'#{n}$ run path=a{n}\n#{n} output {n}\n',
    'refused calls': '[refused: a; called again in step 1, which ',
    'notes of a harness': '<system-reminder>a ',
    'interrupted': '[Request interrupted by user\n',
    'validation errors': '"loc": ["a"], "msg": "b\\"',
    'half validation errors': '"loc": [',
    'tables of TOML': lambda n: f'[a.b{n}]\nc = {n}\n',
    'dotted keys of TOML': 'a.',
    'secrets': lambda n: f'api_key = sk-ant-api03-{_base64(n)[:40]}\n',
    'begins of keys': '-----BEGIN PRIVATE KEY-----\n',
    'resets': '1h2m3.5s',
    'windows': 'maximum context length is 8,192 ',
    'mixed': lambda n: (
        f'Step {n}: `run_{n}(a-b.c/d)` -> {{"a": [{n}]}} <b>\x1b[1m{_hex(n)[:12]}\x1b[0m é漢 -----...////\r\n'
    ),
}  # fmt: skip
"""Lines and pieces of what tools, models and people write, each a little different from the one before."""

ENDED: Mapping[str, tuple[str, str, str]] = {
    'blanks, then a letter': ('', ' ', 'x'),
    'line ends, then a letter': ('', '\n', 'x'),
    'dashes, then a letter': ('', '-', 'x'),
    'dots, then a letter': ('', '.', 'x'),
    'letters, then a mark': ('', 'a', '!'),
    'digits, then a letter': ('', '1', 'x'),
    'a letter, then dashes': ('x', '-', ''),
    'an opened quote': ('"', 'a ', ''),
    'an opened fence': ('```\n', 'a line\n', ''),
    'an opened tag': ('<a href="', 'b ', ''),
    'an opened object': ('{"a": "', 'b\\n', ''),
    'a whole object': ('{"a": "', 'line\\n', '"}'),
    'a list in depth': ('[' * 400, '1, ', ']' * 400),
    'an object of patches': ('{"command": "', '*** Update File: a.py\\n', '"}'),
}
"""A run with something before or behind it."""

SHAPES: Mapping[str, tuple[str, Unit, str]] = {
    **{name: ('', unit, '') for table in (CHARACTERS, PAIRS, LINES) for name, unit in table.items()},
    **ENDED,
}

SMOKE = (
    'dashes',
    'dots',
    'slashes',
    'blanks, then a letter',
    'line ends, then a letter',
    'backslashes',
    'opening brackets',
    'letters, then a mark',
    'one long path',
    'one long name',
    'one line of JSON',
    'paths on one line',
    'hexadecimal',
    'half colour codes',
    'half marks of ours',
    'half stubs of ours',
    'escaped line ends',
    'sentences of one letter',
    'settings without end',
    'mixed',
)
"""Those that every test run tries."""
