"""The laws of `shrink`, on every kind and every text: within budget, never larger, deterministic, idempotent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError
from compactor.outputs.allowance import Allowance
from compactor.outputs.clean import clean
from compactor.outputs.kind import Kind
from compactor.outputs.level import Level, Narrowing
from compactor.outputs.reducers import REDUCERS
from compactor.outputs.shrink import shrink
from compactor.tokens.counter import counter_for
from tests.outputs.texts import HOSTILE, HUGE, any_text

kinds = st.sampled_from([None, *Kind])
narrowings = st.sampled_from([None, *Narrowing])
sizes = st.sampled_from([16, 17, 40, 120, 300, 800])
fails = st.sampled_from([None, True, False])


@settings(max_examples=300)
@given(any_text, sizes, kinds, narrowings, fails)
def test_the_laws(text: str, size: int, kind: Kind | None, narrowing: Narrowing | None, failed: bool | None) -> None:
    """Whatever the text is, and whatever it is taken for."""
    shrunk = shrink(text, size, kind=kind, narrowing=narrowing, failed=failed)
    assert shrunk.tokens_after <= size
    assert shrunk.tokens_before == counter_for(None).count(text)
    assert shrunk.tokens_after <= shrunk.tokens_before
    assert shrink(text, size, kind=kind, narrowing=narrowing, failed=failed).text == shrunk.text
    again = shrink(shrunk.text, size, kind=kind, narrowing=narrowing, failed=failed)
    assert again.text == shrunk.text
    assert again.level is Level.FULL


@pytest.mark.sweep
@pytest.mark.parametrize('kind', [None, *Kind])
@pytest.mark.parametrize('name', HUGE)
def test_huge_hostile_texts(name: str, kind: Kind | None) -> None:
    """A megabyte of the same."""
    shrunk = shrink(HUGE[name], 300, kind=kind)
    assert shrunk.tokens_after <= 300
    if kind is not None:
        REDUCERS[kind](clean(HUGE[name]), Allowance(300, counter_for(None)))


@pytest.mark.parametrize('kind', [None, *Kind])
@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str, kind: Kind | None) -> None:
    """Whatever it is taken for, it is within budget; what is quadratic would be noticed by its minutes."""
    shrunk = shrink(HOSTILE[name], 300, kind=kind)
    assert shrunk.tokens_after <= 300


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=12), inner, max_size=12),
    max_leaves=200,
)


@given(values.filter(lambda value: isinstance(value, dict | list)), sizes, st.sampled_from([None, 1, 2]))
def test_json_stays_json(value: object, size: int, indent: int | None) -> None:
    """What parses, parses afterwards; where the budget is too small for any of its shape, as one text."""
    json.loads(shrink(json.dumps(value, indent=indent), size).text)


def test_every_kind_has_a_reducer() -> None:
    """The table is complete."""
    assert set(REDUCERS) == set(Kind)


def test_what_fits_comes_back_whole() -> None:
    """But for what a terminal would not have shown."""
    assert shrink('a\nb', 100).text == 'a\nb'
    assert shrink('\x1b[32mPASS\x1b[0m  \n50%\r100%\n\n', 100).text == 'PASS\n100%'
    assert shrink('a\nb', 100).level is Level.FULL


def test_levels() -> None:
    """Each narrowing says what it did, and marks it."""
    log = '\n'.join(f'line {i} of a log that says nothing' for i in range(300)) + '\nERROR: disk is full\nbye'
    summary = shrink(log, 60)
    assert (summary.level, summary.kind) == (Level.SUMMARIZED, Kind.LOG)
    assert 'ERROR: disk is full' in summary.text
    ends = shrink(log, 60, narrowing='heads_tails')
    assert ends.level is Level.TRUNCATED
    assert ends.text == snapshot("""\
line 0 of a log that says nothing
line 1 of a log that says nothing
line 2 of a log that says nothing
…
line 299 of a log that says nothing
ERROR: disk is full
bye
[296 of 302 lines left out]\
""")
    errors = shrink(log, 60, narrowing=Narrowing.ERROR_ONLY)
    assert errors.level is Level.ERROR_ONLY
    assert errors.text == snapshot("""\
line 298 of a log that says nothing
line 299 of a log that says nothing
ERROR: disk is full
bye
[298 of 302 lines left out]\
""")
    one_line = shrink('x y ' * 5_000, 60, kind='text', narrowing='heads_tails')
    assert (one_line.level, '...truncated' in one_line.text) == (Level.TRUNCATED, True)


def test_errors_alone_of_a_text_without_any() -> None:
    """It says so, and how long the text was."""
    text = '\n'.join(f'all is well {i}' for i in range(100))
    assert shrink(text, 60, narrowing='error_only', handle='0123456789abcdef').text == snapshot(
        '[no errors; 100 lines left out; recall 0123456789abcdef]'
    )


def test_a_note_names_the_handle() -> None:
    """Where the whole text is kept, the note says how to get it back."""
    text = '\n'.join(f'row number {i}' for i in range(500))
    assert shrink(text, 80, handle='0123456789abcdef').text.endswith('lines left out; recall 0123456789abcdef]')


def test_what_the_question_names_comes_first() -> None:
    """Of lines that are alike otherwise, those that hold its identifiers."""
    text = '\n'.join(f'setting_{i} = {i * i} # one of many settings' for i in range(2_000))
    shrunk = shrink(text, 200, kind='text', question='why is `setting_1234` so large?')
    assert 'setting_1234 = 1522756' in shrunk.text
    by_argument = shrink(text, 200, kind='text', arguments={'pattern': 'setting_777'})
    assert 'setting_777 = 603729' in by_argument.text


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        ({'max_tokens': 15}, 'max_tokens must be at least 16, got 15'),
        ({'max_tokens': 20, 'kind': 'novel'}, "unknown kind 'novel'; there are: test_log, "),
        ({'max_tokens': 20, 'narrowing': 'half'}, "unknown narrowing 'half'; there are: smart_summary, "),
    ],
)
def test_bad_arguments(arguments: dict[str, object], says: str) -> None:
    """Each is refused with what would do."""
    with pytest.raises(ConfigError) as raised:
        shrink('text', **arguments)  # type: ignore[arg-type]
    assert str(raised.value).startswith(says)


@settings(max_examples=200)
@given(any_text, sizes, st.sampled_from(list(Kind)), fails)
def test_no_reducer_raises(text: str, size: int, kind: Kind, failed: bool | None) -> None:
    """Not even on a text of another kind; and each returns no more than it may, or nothing."""
    allowance = Allowance(size, counter_for(None), failed=failed)
    reduced = REDUCERS[kind](clean(text), allowance)
    assert reduced is None or isinstance(reduced, str)


@pytest.mark.parametrize('kind', list(Kind))
@pytest.mark.parametrize('name', HOSTILE)
def test_no_reducer_raises_on_hostile_texts(name: str, kind: Kind) -> None:
    """Called bare, because `shrink` would hide it."""
    REDUCERS[kind](clean(HOSTILE[name]), Allowance(300, counter_for(None)))
