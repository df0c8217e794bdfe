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

HOSTILE = {
    'one long line': 'a' * 1_000_000,
    'one long line of words': 'word ' * 200_000,
    'brackets': '[' * 1_000_000,
    'nested': '{"a":' * 10_000 + '1' + '}' * 10_000,
    'spaces': ' ' * 1_000_000,
    'short lines': 'a\n' * 500_000,
    'line ends': '\n' * 1_000_000,
    'returns': 'a\r' * 500_000,
    'escapes': '\x1b[' * 300_000,
    'backspaces': 'a\x08' * 200_000,
    'no text': '\ufffd' * 200_000,
    'lone surrogates': '\udc80' * 200_000,
    'quotes': '"' * 500_000,
    'tags': '<div>' * 100_000,
    'backticks': '```\n' * 100_000,
    'bars': '| ' * 300_000,
    'commas': ',' * 500_000,
    'colons': 'a:1:' * 200_000,
    'hunks': '@@ -1 +1 @@\n' * 50_000,
    'frames': '  File "a.py", line 1, in f\n' * 30_000,
    'failures': '--- FAIL: TestA (0.0s)\n' * 30_000,
}
"""A megabyte or so of what reducers may trip over."""
