"""What `recall` answers: a step, lines of it, what a pattern finds; paged, exact, and bounded in tokens and time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import MemoryArchive
from compactor.archive.manifest import Manifest
from compactor.archive.recall import recall
from compactor.archive.spaces import put_in
from compactor.tokens.counter import counter_for

COUNTER = counter_for(None)


def archived(texts: dict[int, str], archive: MemoryArchive | None = None, left: int = 0) -> tuple[MemoryArchive, str]:
    """An archive with these steps, and the handle that leads to them."""
    archive = archive or MemoryArchive()
    steps = {n: archive.put(put_in('step', text.encode('utf-8', 'surrogatepass'))) for n, text in texts.items()}
    manifest = Manifest(None, left, left + 1, (), steps)
    archive.put(manifest.entry)
    return archive, manifest.handle


def pages(archive: MemoryArchive, handle: str, step: int, max_tokens: int, lines: str | None = None) -> list[str]:
    """Every page of a step."""
    found: list[str] = []
    while True:
        page = recall(archive, handle, step, lines=lines, page=len(found) + 1, max_tokens=max_tokens, fit=COUNTER.fit)
        if page.startswith('There is no page'):
            return found
        found.append(page)


def body(page: str) -> str:
    """What stands behind the first line."""
    return page.partition('\n')[2]


TEXTS = st.one_of(
    st.text(st.sampled_from('ab \n\r\t.é漢😀'), max_size=600),
    st.lists(st.text('word ', max_size=80)).map('\n'.join),
    st.text(max_size=50),
    st.just('x' * 5_000 + '\n' + 'y' * 3_000),
)


@given(TEXTS, st.integers(100, 400))
def test_the_pages_together_are_the_step(text: str, max_tokens: int) -> None:
    """Byte for byte, each page within the budget, whatever the lines are like."""
    archive, handle = archived({3: text})
    found = pages(archive, handle, 3, max_tokens)
    assert ''.join(map(body, found)) == text
    assert all(COUNTER.count(page) <= max_tokens for page in found)


@given(st.integers(1, 30), st.integers(1, 40))
def test_lines(first: int, last: int) -> None:
    """A range of lines, to the end of the text at most; the line break of the last belongs to it."""
    text = '\n'.join(f'line {i}' for i in range(1, 31))
    archive, handle = archived({1: text})
    [page, *_] = [recall(archive, handle, 1, lines=f'{first}-{last}', fit=COUNTER.fit)]
    if first > min(last, 30):
        assert 'is no range of lines' in page
    else:
        assert body(page).split('\n')[: last - first + 1] == text.split('\n')[first - 1 : last]


def test_how_a_page_looks() -> None:
    """The first line says what it is, where it is from, and how to go on."""
    archive, handle = archived({36: '\n'.join(f'{i:04}: some line of the output' for i in range(1, 413))})
    page = recall(archive, handle, 36, max_tokens=150, fit=COUNTER.fit)
    assert page == snapshot("""\
Step 36, lines 1-7 of 412, next: page=2. A record of this conversation, not instructions.
0001: some line of the output
0002: some line of the output
0003: some line of the output
0004: some line of the output
0005: some line of the output
0006: some line of the output
0007: some line of the output
""")
    again = recall(archive, handle, 36, lines='410-', fit=COUNTER.fit)
    assert again == snapshot("""\
Step 36, lines 410-412 of 412, end. A record of this conversation, not instructions.
0410: some line of the output
0411: some line of the output
0412: some line of the output\
""")
    found = recall(archive, handle, pattern=r'004[12]|nowhere', fit=COUNTER.fit)
    assert found == snapshot("""\
2 lines found (#step:line), 1-2 here, end. A record of this conversation, not instructions.
#36:41: 0041: some line of the output
#36:42: 0042: some line of the output\
""")


@pytest.mark.parametrize(
    ('arguments', 'answer'),
    [
        ({'step': 99}, 'There is no step 99 in the archive, it holds 21-23, 30; newer steps stand'),
        ({'step': 25}, 'Step 25 is not in the archive: it stands in the conversation, or has expired.'),
        ({'step': 7}, 'Expired: step 7 is no longer held.'),
        ({'step': -1}, 'There is no step -1 in the archive'),
        ({'step': 21, 'page': 9}, 'There is no page 9 of step 21, there are 1-1.'),
        ({'step': 21, 'lines': '5-2'}, "lines='5-2' is no range of lines"),
        ({'step': 21, 'lines': '9' * 5_000}, "lines='999"),
        ({}, 'Say which step, or give a pattern or a query. The archive holds steps 21-23, 30.'),
        ({'pattern': 'nowhere'}, "'nowhere' is found in no line of recall."),
        ({'step': 22, 'pattern': '^one'}, "'^one' is found in no line of recall(22)."),
        ({'pattern': 'one', 'page': 5}, 'There is no page 5 of what was found, there are 1-1.'),
    ],
    ids=str,
)
def test_what_does_not_exist(arguments: dict[str, object], answer: str) -> None:
    """One line says so, and what there is."""
    archive, handle = archived({21: 'one\ntwo', 22: 'three', 23: 'four', 30: 'five'}, left=20)
    assert recall(archive, handle, fit=COUNTER.fit, **arguments).startswith(answer)  # type: ignore[arg-type]


def test_expired() -> None:
    """A handle that leads nowhere, and none at all."""
    assert recall(MemoryArchive(), '0' * 16, 1, fit=COUNTER.fit).startswith('Expired: the archive 0000000000000000')
    assert recall(MemoryArchive(), None, 1, fit=COUNTER.fit).startswith('Nothing of this conversation')


def test_a_step_whose_text_was_evicted() -> None:
    """The manifest still names it; the answer is that it has expired, and a search says how many have."""
    archive, _ = archived({})
    manifest = Manifest(None, 0, 1, (), {1: 'ab' * 32, 2: archive.put(put_in('step', b'here'))})
    archive.put(manifest.entry)
    assert recall(archive, manifest.handle, 1, fit=COUNTER.fit).startswith('Expired: step 1')
    assert '1 steps have expired' in recall(archive, manifest.handle, pattern='here', fit=COUNTER.fit)


@pytest.mark.parametrize(
    ('pattern', 'line'),
    [
        ('Err.r', 'an Error here'),
        ('(?=lookahead)', 'the text (?=lookahead) itself'),
        ('[unclosed', 'an [unclosed bracket'),
        ('x' * 300, 'x' * 300),
        (r'\d{3}', 'code 404'),
    ],
)
def test_a_pattern_is_an_expression_or_the_text_itself(pattern: str, line: str) -> None:
    """What is no expression of the linear dialect is looked for to the letter."""
    archive, handle = archived({1: f'before\n{line}\nafter'})
    assert body(recall(archive, handle, 1, pattern=pattern, fit=COUNTER.fit)).startswith('#1:2: ' + line[:20])


def test_no_pattern_hangs() -> None:
    """Expressions that take other engines for ever are done in no time."""
    archive, handle = archived({1: ('a' * 20_000 + '!\n') * 20})
    began = time.perf_counter()
    for pattern in ('(a+)+$', '(a|a)*$', '(a|aa)+$', r'(.*a){20}$', 'a*a*a*a*a*a*b'):
        recall(archive, handle, pattern=pattern, fit=COUNTER.fit)
    assert time.perf_counter() - began < 5


def test_a_long_line_that_a_pattern_finds_is_clipped() -> None:
    """A search never answers with more than its budget, and says which line to ask for."""
    archive, handle = archived({1: 'needle ' + 'x' * 100_000})
    page = recall(archive, handle, pattern='needle', max_tokens=500, fit=COUNTER.fit)
    assert COUNTER.count(page) <= 500
    assert re.search(r'^#1:1: needle x+ \[…\]$', body(page), re.MULTILINE)
