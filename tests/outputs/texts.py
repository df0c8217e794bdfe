"""Texts as tools return them, and such as nobody would: for the laws of the station."""

from __future__ import annotations

from hypothesis import strategies as st

LINES = (
    '=== RUN TestTotals',
    '--- FAIL: TestTotals (0.01s)',
    '    totals_test.go:12: want 3, got 4',
    'ok  \tapp/store\t0.013s',
    'src/app.py:12:5: error: Name "x" is not defined',
    'Traceback (most recent call last):',
    '  File "src/app.py", line 3, in main',
    'ValueError: no such thing',
    'diff --git a/app.py b/app.py',
    '@@ -1,3 +1,4 @@ def main():',
    '-    return 1',
    '+    return 2',
    'src/app.py:3:def main():',
    'drwxr-xr-x  2 me me 4096 Jan  1 00:00 src',
    '| id | name |',
    'id,name,"a, b"',
    '# Heading',
    'A sentence about `main` and 42 other things. Another one.',
    '<html><body><p>text</p>',
    '{"a": [1, 2, {"b": null}]}',
    'def main(x: int) -> int:',
    '    return x + 1',
    '   12→    return x + 1',
    '\x1b[31mred\x1b[0m',
    'Downloading 10%\rDownloading 100%',
    '',
    ' ' * 40,
    '[' * 60,
    '==> app.py <==',
    '[412 of 1,290 lines left out; recall 0123456789abcdef]',
)

any_text = st.one_of(
    st.text(max_size=400),
    st.lists(st.sampled_from(LINES), max_size=120).map('\n'.join),
    st.lists(st.tuples(st.sampled_from(LINES), st.integers(1, 300)), max_size=8).map(
        lambda runs: '\n'.join('\n'.join([line] * times) for line, times in runs)
    ),
    st.tuples(st.sampled_from(LINES), st.integers(1, 4_000)).map(lambda run: run[0] * run[1]),
)
"""What comes from a tool, or from somebody who wants to break us."""


def hostile(size: int) -> dict[str, str]:
    """Texts of about `size` characters that reducers may trip over."""
    deep = size // 7
    unit = {
        'one long line': 'a',
        'one long line of words': 'word ',
        'brackets': '[',
        'spaces': ' ',
        'short lines': 'a\n',
        'line ends': '\n',
        'returns': 'a\r',
        'escapes': '\x1b[',
        'backspaces': 'a\x08',
        'no text': '\ufffd',
        'lone surrogates': '\udc80',
        'quotes': '"',
        'tags': '<div>',
        'backticks': '```\n',
        'bars': '| ',
        'commas': ',',
        'colons': 'a:1:',
        'hunks': '@@ -1 +1 @@\n',
        'frames': '  File "a.py", line 1, in f\n',
        'failures': '--- FAIL: TestA (0.0s)\n',
    }
    texts = {name: text * (size // len(text)) for name, text in unit.items()}
    return {**texts, 'nested': '{"a":' * deep + '1' + '}' * deep}


HOSTILE = hostile(100_000)
HUGE = hostile(1_000_000)
"""The same, for the sweeps."""
