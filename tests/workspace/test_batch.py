"""Many reads and searches in one call: within its tokens, shared text once, what cannot be served said in place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError, Workspace, WorkspaceError, counter_for
from compactor.workspace.shared import Excerpt, once
from tests.workspace.project import FILES, LEDGER, laid


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The workspace on disk."""
    return laid(tmp_path)


def test_how_reads_look(root: Path) -> None:
    """Whole files, lines, and what is not there; lines that stand above are named."""
    answer = Workspace(root).read_many(
        ['app/mail.go', 'tests/test_ledger.py:9-', 'app/gone.py', 'app/mail.go:3-9', '../x']
    )
    assert answer.text == snapshot("""\
--- app/mail.go (code)
package mail

func Send(to string) error {
	return post(to)
}

func post(to string) error {
	return nil
}
--- tests/test_ledger.py:9- (tests)
    assert make().withdraw(5) == 5


def test_nothing():
    assert True
--- app/gone.py (failed)
there is no such file, or it is too large
--- app/mail.go:3-9 (code)
func Send(to string) error {
	return post(to)
}

func post(to string) error {
	return nil
}
--- ../x (failed)
../x leads out of the root: only paths under it are served\
""")
    assert answer.payload()['_ops'] == 5
    assert answer.payload()['_batch'] is True
    assert [('error' in one) for one in answer.payload()['reads']] == [False, False, True, False, True]


def test_how_searches_look(root: Path) -> None:
    """File, line number, line; expressions by line, or to the letter where they are none."""
    answer = Workspace(root).search_many(['^def \\w+', 'amount)', 'nowhere', '*('], path='app')
    assert answer.text == snapshot("""\
--- ^def \\w+ (found)
app/ledger.py:32:def check_overdraft(held, amount):
app/ledger.py:38:def rounded(amount):
app/ledger.py:42:def unrelated():
--- amount) (found)
app/ledger.py:21:    def __init__(self, amount):
app/ledger.py:24:    def withdraw(self, amount):
app/ledger.py:26:        check_overdraft(self.amount, amount)
app/ledger.py:32:def check_overdraft(held, amount):
app/ledger.py:35:        raise ValueError(rounded(amount))
app/ledger.py:38:def rounded(amount):
app/ledger.py:39:    return Decimal(amount).quantize(Decimal('0.01'))
--- nowhere (found)
nothing found
--- *( (found)
nothing found\
""")


def test_lines_around_what_is_found(root: Path) -> None:
    """Each line once."""
    text = Workspace(root).search_many(['overdraft'], path='app/ledger.py', around=1).text
    rows = [line for line in text.split('\n') if line.startswith('app/ledger.py:')]
    assert len(rows) == len(set(rows)) == 9


def test_an_expression_that_takes_too_long(root: Path) -> None:
    """It is given up, and the others are served."""
    (root / 'app/long.txt').write_text('a' * 60_000 + '\n')
    answer = Workspace(root).search_many(['(a|a)*b(?=c)x', 'func Send'], path='app')
    assert 'app/mail.go:3:func Send' in answer.text


@pytest.mark.parametrize('tokens', [256, 400, 900])
def test_never_over_its_tokens(root: Path, tokens: int) -> None:
    """Each read has an equal share, and a note says how the rest is got."""
    workspace = Workspace(root, max_tokens=tokens)
    (root / 'big.txt').write_text('\n'.join(f'number {i} is {i * i}' for i in range(5_000)))
    answer = workspace.read_many(['big.txt', 'app/ledger.py', 'docs/guide.md', 'big.txt:100-3000'])
    assert answer.tokens == counter_for(None).count(answer.text) <= tokens
    assert 'left out: read_many big.txt:' in answer.text
    assert workspace.search_many(['number']).tokens <= tokens


def test_too_many(root: Path) -> None:
    """25 operations at most, as Tokenette's; the error says to split them."""
    with pytest.raises(WorkspaceError, match='1 to 25 paths, got 26: split'):
        Workspace(root).read_many(['app/mail.go'] * 26)
    with pytest.raises(WorkspaceError, match='got 0'):
        Workspace(root).search_many([])
    with pytest.raises(ConfigError, match='256 tokens'):
        Workspace(root, max_tokens=10)
    with pytest.raises(WorkspaceError, match='is no folder'):
        Workspace(root / 'gone')


def test_a_name_with_a_colon(root: Path) -> None:
    """A file that is called like a range of lines is a file."""
    (root / 'a:1').write_text('text')
    assert 'text' in Workspace(root).read_many(['a:1']).text


def test_binary_files_and_devices_are_not_read(root: Path) -> None:
    """What is no text is said to be none."""
    (root / 'a.bin').write_bytes(b'\0\1\2')
    (root / 'null').symlink_to('/dev/zero')
    answer = Workspace(root).read_many(['a.bin', 'null', 'app'])
    assert [bool(one.failed) for one in answer.reads] == [True, True, True]


LINE = st.sampled_from([*(f'line {i} of some text that is long enough' for i in range(6)), '', 'x'])


@given(st.lists(st.lists(LINE, max_size=24), min_size=1, max_size=4))
def test_shared_text_can_be_put_together_again(texts: list[list[str]]) -> None:
    """Every note leads to lines that stand above it: nothing is lost, and nothing grows."""
    excerpts = [Excerpt(f'f{i}', 1, lines) for i, lines in enumerate(texts)]
    shown = once(excerpts)
    for i, (text, lines) in enumerate(zip(shown, texts, strict=True)):
        whole: list[str] = []
        for line in text.split('\n') if lines else []:
            if line.startswith('['):
                path, _, span = line.removesuffix(', as above]').rpartition(' ')[2].partition(':')
                first, last = map(int, span.split('-'))
                assert int(path[1:]) <= i
                whole += texts[int(path[1:])][first - 1 : last]
            else:
                whole.append(line)
        assert whole == lines
        assert len(text) <= len('\n'.join(lines))


def test_two_versions_of_a_file(root: Path) -> None:
    """What they share is shown once: a copy costs a line."""
    (root / 'app/copy.py').write_text(LEDGER + '\n\ndef more():\n    return 1\n')
    text = Workspace(root).read_many(['app/ledger.py', 'app/copy.py']).text
    assert text.count('def check_overdraft') == 1
    assert 'are app/ledger.py:1-' in text
    assert 'def more' in text
    assert len(FILES) == 4
