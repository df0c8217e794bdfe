"""`signature_map`: path, line and signature, in the tokens that are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError, counter_for, signature_map
from compactor.outputs.json_text.columns import encode_toon
from compactor.workspace.definitions import read_of
from compactor.workspace.signature_map import mapped
from tests.workspace.project import FILES, laid

pytest.importorskip('tree_sitter', reason='the extra code is not installed')

READS = [read_of(path, text) for path, text in FILES.items()]


def test_how_it_reads(tmp_path: Path) -> None:
    """By file and class."""
    assert signature_map(['.'], root=laid(tmp_path)).text == snapshot("""\
app/ledger.py
8 class Base:
11 def close(self):
14 def audit(self, what):
18 class Account(Base):
21 def __init__(self, amount):
24 def withdraw(self, amount):
32 def check_overdraft(held, amount):
38 def rounded(amount):
42 def unrelated():
app/mail.go
3 func Send(to string) error {
7 func post(to string) error {
tests/test_ledger.py
4 def make():
8 def test_withdraw():
12 def test_nothing():\
""")


@settings(max_examples=60, deadline=None)
@given(st.integers(64, 400), st.sampled_from(['', 'withdraw', 'How is mail sent?']))
def test_never_over_its_size(budget: int, prompt: str) -> None:
    """Counted as a whole; what is left out is said."""
    made = mapped(READS, prompt, budget, counter_for(None))
    assert made.tokens == counter_for(None).count(made.text) <= budget
    assert (made.shown == made.definitions) == ('left out' not in made.text)


def test_what_is_asked_for_comes_first() -> None:
    """Where not all of it fits."""
    assert 'func post' in mapped(READS, 'What does the function post do?', 64, counter_for(None)).text


def test_smaller_than_toon() -> None:
    """A path a row costs more than a path a file."""
    made = mapped(READS, '', 4_000, counter_for(None))
    rows: list[dict[str, str | int | float | bool | None]] = [
        {'path': one.path, 'line': one.named + 1, 'signature': one.signature}
        for read in READS
        for one in read.definitions
    ]
    assert made.shown == len(rows)
    assert made.tokens < counter_for(None).count(encode_toon(rows))


def test_too_small() -> None:
    """The error says how much it needs."""
    with pytest.raises(ConfigError, match='64 tokens'):
        signature_map(['.'], 10)
