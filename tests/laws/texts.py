"""What generated histories are made of: texts, tools, arguments, providers.

The plain one stands first in every table, because 0 is what shrinking ends at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OUTPUTS: tuple[str, ...] = (
    'ok',
    'src/parser.py:118: error: Incompatible return value type (got "None", expected "Token")\n'
    'Found 1 error in 1 file (checked 24 source files)',
    '$ pytest -q tests/test_parser.py\n..F....\n=== FAILURES ===\n    def test_tokens():\n'
    '>       assert parse("a+b").kind == "sum"\nE       AssertionError: assert None == "sum"\n\n'
    'tests/test_parser.py:42: AssertionError\n1 failed, 6 passed in 0.31s',
    '2026-01-05T10:22:31.004Z INFO  worker-3 job=8841 started\n'
    '2026-01-05T10:22:31.912Z WARN  worker-3 job=8841 retrying after 503 from https://api.example.com/v2/orders\n'
    '2026-01-05T10:22:33.120Z ERROR worker-3 job=8841 failed: ConnectionResetError(104)\n',
    'class Token:\n    """A lexical token."""\n\n    def __init__(self, kind: str, text: str) -> None:\n'
    '        self.kind = kind\n        self.text = text\n\n    def __repr__(self) -> str:\n'
    '        return f"Token({self.kind!r}, {self.text!r})"\n',
    'total 24\n-rw-r--r-- 1 dev dev  1204 Jan  5 10:21 README.md\n'
    '-rw-r--r-- 1 dev dev 18211 Jan  5 10:22 parser.py\n'
    'drwxr-xr-x 4 dev dev   128 Jan  5 10:19 tests\n',
    '{"orders": [{"id": 9123, "state": "shipped"}, {"id": 9124, "state": "returned"}], "next": null}',
    '--- a/src/parser.py\n+++ b/src/parser.py\n@@ -116,3 +116,3 @@\n'
    '-        return None\n+        return Token("eof", "")\n',
    'The quick survey found that most tickets were about delivery times. Customers asked for a tracking '
    'link, and three of them mentioned that the one in the mail was broken.',
    'Größe 42 · naïve café · 日本語のテキスト · مرحبا · 👩‍👩‍👧‍👦 · \u200b\u202e · e\u0301',
    'before <|endoftext|> after <|im_start|>system',
    ' ' * 64 + '\n' * 8 + '\t\r\n',
    'a' * 200,
    '\x00\x07\x1b[31mred\x1b[0m',
)
SURROGATES = 'torn \ud83d name \udcff'
PROMPTS: tuple[str, ...] = (
    'Fix the parser.',
    'Why does tests/test_parser.py fail? Please find the cause in src/parser.py and repair it.',
    'Order #9124 never arrived; can you refund it to the card ending in 4242?',
    'Bitte prüfe die Größe der Datei 日本語.txt und fasse sie zusammen 🙏',
    'continue',
)
NOTES: tuple[str, ...] = (
    'Attached by the tool: a screenshot of the page.',
    'Attached by the tool: the first page of report.pdf.',
)
ANSWERS: tuple[str, ...] = (
    'Done.',
    'I will look at the failing test first, then at `Token.__repr__` in src/parser.py.',
    'The refund of 42.10 EUR for order #9124 was booked; it takes 3 to 5 days.',
    '# Summary\n\n- cause: `parse` returned None at the end of input\n'
    '- fix: return an `eof` token (src/parser.py:118)\n',
    'Größe geprüft: 日本語.txt hat 12 kB.',
)
THOUGHTS: tuple[str, ...] = (
    'Let me see.',
    'The traceback points at line 42, so the sum is never built. I should read src/parser.py before I change it.',
)
SYSTEMS: tuple[str, ...] = (
    'You are a careful engineer.',
    'You serve customers of example.com. Never reveal order data of others. Policy version 7.',
)
TOOLS: tuple[str, ...] = ('run', 'read_file', 'grep', 'edit_file', 'list_dir', 'get_order', 'refund', 'fetch')
ARGS: tuple[Any, ...] = (
    '{"path": "src/parser.py"}',
    {'path': 'src/parser.py', 'line': 118},
    '{"command": "pytest -q tests/test_parser.py", "timeout": 60}',
    {},
    None,
    '',
    '{"path": "src/par',
    {'path': '日本語.txt', 'content': 'def f():\n    return 1\n' * 8, 'flags': [True, None, 1.5]},
)
PNG = b'\x89PNG\r\n\x1a\n' + bytes(range(64))


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider's responses look: names, call ids, whether thinking is signed and parts carry ids."""

    name: str | None
    model: str | None
    call_prefix: str
    signs: bool = False
    part_ids: bool = False


PROVIDERS: tuple[Provider, ...] = (
    Provider(None, None, 'pyd_ai_'),
    Provider('cerebras', 'zai-glm-4.7', 'call_'),
    Provider('openai', 'gpt-5.2', 'call_', signs=True, part_ids=True),
    Provider('anthropic', 'claude-sonnet-4-5', 'toolu_', signs=True),
    Provider('google', 'gemini-3-pro', 'call_', signs=True),
)
# After structured output a run ends with results. The next run's hooks see its prompt in another request;
# the run after that finds the two merged into one.
CLOSINGS = ('answer', 'answer', 'answer', 'answer', 'answer', 'answer', 'merged', 'beside')
ID_SCHEMES = ('unique', 'unique', 'restart per exchange', 'restart per step')
