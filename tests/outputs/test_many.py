"""The laws of `shrink` over 100,000 generated texts: lines of every table, mixed with what is in none."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from compactor.outputs.level import Level
from compactor.outputs.logs.alarm_words import ALARMS, INSIDE, SHAPES
from compactor.outputs.logs.endings import ENDINGS
from compactor.outputs.logs.log_lines import FORMS
from compactor.outputs.logs.runner_rows import ROWS, TAILS
from compactor.outputs.shrink import shrink
from compactor.outputs.signs import SIGNS
from compactor.tokens.counter import counter_for

TEXTS = 100_000
PARTS = 100
TABLES = tuple(
    tuple(row.sample for row in table) for table in (SIGNS, ROWS, TAILS, FORMS, (*ALARMS, *INSIDE, *SHAPES), ENDINGS)
)
ODD = (
    '', ' ', '\t', '}', '{"a": [1, 2, {"b": "c"}]}', '{"level": "error", "msg": "gone", "n": 4}', 'a,b,c', '1,2,3',
    '| a | b |', '|---|---|', 'File "/a/b.py", line 3, in c', '    at a.b (c.js:1:2)', '@@ -1,2 +1,2 @@', '+a', '-b',
    '==> a.txt <==', 'plain words that say nothing', 'ünïcödé ✗ 失败', '\x00\x01', 'a\rb\rc', '\x1b[31mred\x1b[0m',
    '\ud800', '\u2028', 'x' * 700, '-' * 300, '= ' * 200, '[' * 300, 'data:image/png;base64,' + 'iVBORw0K' * 60,
)  # fmt: skip


def texts(part: int) -> Iterator[tuple[str, int]]:
    """Texts and budgets, the same each time."""
    drawn = random.Random(part)
    for _ in range(TEXTS // PARTS):
        tables = drawn.choices(TABLES, k=drawn.randint(1, 3))
        lines = []
        for _ in range(drawn.randint(1, 60)):
            line = drawn.choice(ODD if drawn.random() < 0.2 else drawn.choice(tables))
            if drawn.random() < 0.1:
                line = line[: drawn.randint(0, len(line))] + drawn.choice(ODD)
            lines += [' ' * drawn.choice((0, 0, 0, 2, 4)) + line] * drawn.choice((1, 1, 1, 1, 2, 9))
        yield drawn.choice(('\n', '\n', '\r\n')).join(lines), drawn.choice((16, 20, 40, 80, 150, 300))


def holds(text: str, size: int) -> None:
    """Within its budget, never larger, the same each time, and left alone when it comes again."""
    shrunk = shrink(text, size)
    assert shrunk.tokens_after <= min(size, shrunk.tokens_before)
    assert shrunk.tokens_after == counter_for(None).count(shrunk.text)
    assert shrink(text, size).text == shrunk.text
    again = shrink(shrunk.text, size)
    assert (again.text, again.level) == (shrunk.text, Level.FULL)
    if any(character.isprintable() and not character.isspace() for character in text.replace('\ufeff', '')):
        assert shrunk.text


@pytest.mark.parametrize('part', [0])
def test_some_texts(part: int) -> None:
    """The first hundred."""
    for _, (text, size) in zip(range(100), texts(part), strict=False):
        holds(text, size)


@pytest.mark.sweep
@pytest.mark.parametrize('part', range(PARTS))
def test_all_texts(part: int) -> None:
    """A thousand of them."""
    for text, size in texts(part):
        holds(text, size)
