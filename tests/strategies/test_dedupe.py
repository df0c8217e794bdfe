"""Dedupe: what stands again further on, or is no longer true, becomes a stub that says where to look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from inline_snapshot import snapshot
from pydantic_ai.messages import BinaryContent, ModelMessage, TextPart

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.marks import Left, gap
from compactor.history.parse import parse
from compactor.strategies import Dedupe
from tests.laws.histories import lawful_histories
from tests.notation import COUNTER, room
from tests.sealing import genuine
from tests.strategies.recorded import answer, applied, ask, did, ran, results, session

FILE = '\n'.join(f'{n:>4}\tdef function_{n}(value): return value + {n}' for n in range(1, 61))
LINES = FILE.split('\n')
LOG = '\n'.join(f'test_{n} PASSED in the suite of the parser' for n in range(30))

STEP = Dedupe(keep_steps=1)


def read(path: str = 'src/parser.py', text: str = FILE, **more: Any) -> list[ModelMessage]:
    """A step that reads a file."""
    return did('read_file', text, path=path, **more)


def edit(old: str, new: str, path: str = 'src/parser.py', outcome: str = 'success') -> list[ModelMessage]:
    """A step that edits a file."""
    return did('edit_file', 'Done.', outcome=outcome, path=path, old_string=old, new_string=new)


def stubbed(*steps: list[ModelMessage]) -> str:
    """Each result as `.` (whole) or `x` (a stub)."""
    return ''.join('x' if text.startswith('[') else '.' for text in results(applied(STEP, session(*steps))))


def part(first: int, last: int) -> str:
    """These lines of the file, as a tool shows them."""
    return '\n'.join(LINES[first - 1 : last])


def code(first: int, last: int) -> str:
    """These lines of the file, as an edit quotes them."""
    return '\n'.join(line.split('\t')[1] for line in LINES[first - 1 : last])


def test_what_a_model_reads() -> None:
    """A stub names the tool, the size and the step that holds the newest copy."""
    steps = [read(), ran('pytest', LOG), ran('sed -n 1,60p src/parser.py', FILE), ran('make test', LOG)]
    assert results(applied(STEP, session(*steps)))[:2] == snapshot(
        [
            '[read_file result, about 905 tokens: the same output came again in step 3]',
            '[bash result, about 365 tokens: the same output came again in step 4]',
        ]
    )


def test_stale_reads_say_so() -> None:
    """What was edited since says where, and that it has to be read again."""
    steps = [read(text=part(1, 20), offset=1, limit=20), edit(code(1, 10), 'pass')]
    assert results(applied(STEP, session(*steps))) == snapshot(
        [
            '[read_file result, about 305 tokens: superseded by the edit in step 2; read it again if you need it]',
            'Done.',
        ]
    )


def test_ordinals_count_what_was_left_out_before() -> None:
    """Behind a gap mark for 40 steps, the second step that stands is step 42."""
    messages = session(read(), read())
    messages[0] = ask('Fix the parser.')
    messages.insert(1, genuine(gap(Left(40, 50)), messages))
    assert results(applied(STEP, messages))[0] == snapshot(
        '[read_file result, about 905 tokens: the same file was read again in step 42]'
    )


SUPERSEDED = {
    'the same file again': ([read(), read()], 'x.'),
    'three times': ([read(), read(), read()], 'xx.'),
    'another file of that name': ([read('a/x.py'), read('b/x.py', 'other\n' * 60)], '..'),
    'a relative path of an absolute one': ([read(), read('/repo/src/parser.py')], 'x.'),
    'a bare name is no evidence': ([read('parser.py', FILE), read('/repo/src/parser.py', FILE + '\n')], '..'),
    'the same lines': ([read(text=part(1, 30), offset=1, limit=30)] * 2, 'x.'),
    'lines inside a later read': ([read(text=part(10, 40), offset=10, limit=31), read()], 'x.'),
    'other lines': ([read(text=part(1, 30), offset=1, limit=30), read(text=part(31, 60), offset=31, limit=30)], '..'),
    'fewer lines': ([read(), read(text=part(1, 30), offset=1, limit=30)], '..'),
    'a shell, then a tool': ([ran("cd src && sed -n '1,30p' parser.py", part(1, 30)), read('/w/src/parser.py')], 'x.'),
    'a shell that does more': ([ran('make && cat src/parser.py', FILE), read(text=FILE + '\n')], '..'),
    'another content': ([read(), read(text=LOG)], '..'),
    'a later read that failed': ([read(), did('read_file', FILE, outcome='failed', path='src/parser.py')], 'x.'),
    'a later read that was cut': (
        [read(), read(text=part(1, 50) + '\n[... about 9 of 99 tokens left out ...]\n')],
        '..',
    ),
    'the same output': ([ran('pytest', LOG), ran('tox', LOG)], 'x.'),
    'another output': ([ran('pytest', LOG), ran('pytest', LOG + '\nfailed')], '..'),
    'a short output': ([ran('git add a.py', 'ok ' * 20), ran('git add b.py', 'ok ' * 20)], '..'),
    'only the time differs': ([ran('a', f'Wall time: 1 s\n{LOG}'), ran('b', f'Wall time: 2 s\n{LOG}')], 'x.'),
    'an edit of what was read': ([read(text=part(1, 20), offset=1, limit=20), edit(code(5, 15), '')], 'x.'),
    'an edit elsewhere in the file': ([read(text=part(1, 20), offset=1, limit=20), edit(code(40, 50), '')], '..'),
    'one line of a long read': ([read(), edit(code(4, 4), 'pass')], '..'),
    'an edit that failed': ([read(), edit(code(1, 60), '', outcome='failed')], '..'),
    'an edit of another file': ([read(), edit(code(1, 60), '', path='src/lexer.py')], '..'),
    'a file written anew': ([read(), did('write_file', 'Done.', path='src/parser.py', content='pass')], 'x.'),
    'a file deleted': ([read(), ran('rm src/parser.py', '')], 'x.'),
    'an edit before the read': ([edit(code(1, 60), ''), read()], '..'),
}


@pytest.mark.parametrize('case', SUPERSEDED)
def test_what_is_superseded(case: str) -> None:
    """Each result of the steps, whole or a stub."""
    steps, expected = SUPERSEDED[case]
    assert stubbed(*steps) == expected


def test_what_must_stay() -> None:
    """The newest steps, protected tools and results with media are left alone."""
    messages = session(read(), read())
    tree = parse(MessageReader(COUNTER).read(messages)).history
    assert Dedupe(keep_steps=3).apply(tree, room(1)) is tree
    assert Dedupe(keep_steps=1).apply(tree, room(1, protect='read_file')) is tree
    picture = BinaryContent(bytes(900), media_type='image/png')
    messages = session(*(did('read_file', ['shot', picture, FILE], path='a.png') for _ in range(2)))
    tree = parse(MessageReader(COUNTER).read(messages)).history
    assert STEP.apply(tree, room(1)) is tree


def test_words_that_are_said_again_stay() -> None:
    """A second 'Yes, go on.' is an answer to another question; only what tools returned is compared."""
    said = 'Yes, go on. ' * 60
    talk = [ask(said), answer(TextPart(said))]
    messages = session(talk, read(), talk, read(), read())
    after = applied(STEP, messages)
    assert [text[:1] for text in results(after)] == ['[', '[', ' ']
    assert str(after).count(said) == 4


def test_nothing_is_done_where_it_fits() -> None:
    """A rewrite costs the provider's cache."""
    tree = parse(MessageReader(COUNTER).read(session(read(), read()))).history
    assert STEP.apply(tree, room(tree.tokens)) is tree


def test_stale_reads_stay_where_repeats_were_enough() -> None:
    """What loses nothing goes first, all of it; what loses a little goes only if there is still too much."""
    steps = [read(text=part(1, 20), offset=1, limit=20), edit(code(1, 10), ''), ran('a', LOG), ran('b', LOG)]
    messages = session(*steps)
    size = parse(MessageReader(COUNTER).read(messages)).history.tokens
    assert [text[:1] for text in results(applied(STEP, messages, room(size - 50)))] == [' ', 'D', '[', 't']


def test_calls_of_one_step_do_not_supersede_each_other() -> None:
    """Parallel reads came at once: there is no newer one."""
    one, other = read(), read()
    both = [answer(*one[0].parts, *other[0].parts), type(one[1])(parts=[*one[1].parts, *other[1].parts])]
    assert stubbed(both) == '..'


@given(lawful_histories(text_size=8))
def test_lawful_and_sticky(messages: list[ModelMessage]) -> None:
    """On any history the laws hold, and a second time changes nothing."""
    applied(STEP, messages)
