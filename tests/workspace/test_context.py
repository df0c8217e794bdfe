"""`context_for`: what of a workspace a prompt is about, never over its budget, with notes that lead to the rest."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError, WorkspaceError, context_for, counter_for
from compactor.secrets.redact import HIGH_CONFIDENCE
from compactor.tokens.bounds import recommended
from compactor.workspace import context, definitions
from compactor.workspace.composing import composed
from compactor.workspace.definitions import read_of
from tests.workspace.project import FILES, LEDGER, laid

pytest.importorskip('tree_sitter', reason='the extra code is not installed')

NAMES = ['withdraw', 'test_withdraw', '`check_overdraft`', 'app/ledger.py', 'money', 'function Send', 'class Account']
READS = [read_of(path, text) for path, text in FILES.items()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The workspace on disk."""
    return laid(tmp_path)


def test_how_it_reads(root: Path) -> None:
    """The test that is named, what it calls and what that calls; then signatures with their lines."""
    made = context_for(['.'], 'Why does test_withdraw fail?', 400, root=root)
    assert made.text == snapshot('''\
--- tests/test_ledger.py (tests, in part)
[lines 1-3 left out: read tests/test_ledger.py:1-3]
def make():
    return Account(10)


def test_withdraw():
    assert make().withdraw(5) == 5
[lines 10-14 left out: read tests/test_ledger.py:10-14]
--- app/ledger.py (code, in part)
[lines 1-7 left out: read app/ledger.py:1-7]
class Base:
    """What accounts share."""

    def close(self):
        self.audit('close')

    def audit(self, what):
        return what


class Account(Base):
    """An account."""

    def __init__(self, amount):
        self.amount = amount

    def withdraw(self, amount):
        """Takes money out."""
        check_overdraft(self.amount, amount)
        self.amount -= amount
        self.audit('withdraw')
        return self.amount


def check_overdraft(held, amount):
    """Refuses what is not there."""
    if amount > held + LIMIT:
        raise ValueError(rounded(amount))


def rounded(amount):
    return Decimal(amount).quantize(Decimal('0.01'))


def unrelated():
    return 'of no account'
--- Signatures of what it may touch, by line; read FILE:LINE for more (map)
app/ledger.py
8 class Base:
18 class Account(Base):
app/mail.go
3 func Send(to string) error {
7 func post(to string) error {\
''')


def test_a_function_brings_its_callers_and_tests(root: Path) -> None:
    """Who calls what is named, and the test of it, come before what has nothing to do with it."""
    made = context_for(['.'], 'Rename the function check_overdraft', 300, root=root)
    assert 'def check_overdraft' in made.text
    assert 'def withdraw' in made.text
    assert 'test_withdraw' in made.text
    assert 'of no account' not in made.text


def test_five_lines_around_a_name_in_a_document(root: Path) -> None:
    """Outside of definitions five lines on both sides are shown, and what is missing is said with how it is got."""
    made = context_for(['docs'], 'What is said of `check_overdraft`?', 500, root=root, how='read_many')
    shown = re.findall(r'^(?:Line|More|Of) .*', made.text, re.MULTILINE)
    assert len(shown) == 11
    assert shown[5].startswith('Of `check_overdraft`')
    assert '[lines 1-35 left out: read_many docs/guide.md:1-35]' in made.text


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), max_size=4), st.integers(64, 900), st.sampled_from(['', 'gpt-4', 'claude-3-opus'])
)
def test_never_over_the_budget(words: list[str], budget: int, model: str) -> None:
    """By construction, for any model; and every line that is shown stands in its file."""
    counter = counter_for(model or None)
    made = composed(READS, ' '.join(words), budget, counter, 'read')
    assert made.tokens == counter.count(made.text) <= budget
    assert made == composed(READS, ' '.join(words), budget, counter, 'read')
    for one in made.files:
        lines = FILES[one.path].split('\n')
        for start, end in one.ranges:
            assert '\n'.join(lines[start:end]) in made.text or made.tokens == budget


def test_what_does_not_fit_is_trimmed() -> None:
    """Of a named function that is too long its beginning is shown."""
    long = 'def big():\n' + '\n'.join(f'    step_{i} = {i} * {i}' for i in range(400))
    made = composed([read_of('a.py', long)], 'What does the function big do?', 200, counter_for(None), 'read')
    assert 'step_0' in made.text
    assert 'step_399' not in made.text
    assert re.search(r'\[lines \d+-401 left out: read a\.py:\d+-401\]', made.text)


def test_seventy_percent_of_the_input_budget(root: Path) -> None:
    """The rest is for the prompt and the tools."""
    assert context_for(['app'], 'Send', root=root, input_budget=1_000).budget == 700
    assert context_for(['app'], 'Send', root=root, model='openai:gpt-4o').budget == recommended(128_000)
    with pytest.raises(ConfigError, match='input_budget'):
        context_for(['app'], 'Send', root=root)
    with pytest.raises(ConfigError, match='64 tokens'):
        context_for(['app'], 'Send', 10, root=root)


def test_it_is_remembered_by_content(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files and prompt are not looked at again; a file that changes is, and it alone is parsed."""
    parsed: list[str] = []
    parse = definitions._parsed

    def noted(path: str, text: str, lines: Sequence[str]) -> tuple[definitions.Definition, ...]:
        parsed.append(path)
        return parse(path, text, lines)

    monkeypatch.setattr(definitions, '_parsed', noted)
    first = context_for(['app'], 'What does rounded do?', 300, root=root)
    assert context_for(['app'], 'What does rounded do?', 300, root=root) is first
    parsed.clear()
    (root / 'app/ledger.py').write_text(LEDGER.replace('0.01', '0.000000001'))
    assert '0.000000001' in context_for(['app'], 'What does rounded do?', 300, root=root).text
    assert parsed == ['app/ledger.py']
    assert context._remembered.most == 64
    assert definitions._known.most == 4_096


def test_nothing_is_read_outside_of_the_root(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By no path, and by no link in a folder."""
    away = tmp_path_factory.mktemp('away')
    (away / 'secret.py').write_text('def secret_of_others():\n    return 1\n')
    (root / 'app/link.py').symlink_to(away / 'secret.py')
    (root / 'app/folder').symlink_to(away)
    assert 'secret_of_others' not in context_for(['.'], 'secret_of_others in link.py', 500, root=root).text
    for path in ('..', str(away), 'app/link.py', 'app/folder', '/etc/passwd', 'app/../../x', '', '.git/config'):
        with pytest.raises(WorkspaceError):
            context_for([path], 'secret', 500, root=root)


def test_secrets_are_redacted(root: Path) -> None:
    """Before anything is chosen."""
    key = 'AKIA' + 'IOSFODNN7' + 'QWERTYU'
    (root / 'app/keys.py').write_text(f'def login():\n    return "{key}"\n')
    assert key not in context_for(['app'], 'function login', 500, root=root).text
    assert key in context_for(['app'], 'function login', 500, root=root, secrets=None).text
    assert HIGH_CONFIDENCE is not None


def test_without_the_extra(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, 'tree_sitter', None)
    with pytest.raises(ConfigError, match=r"pip install 'pydantic-ai-compactor\[code\]'"):
        context_for(['app'], 'Send', 300, root=root)
