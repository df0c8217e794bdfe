"""Several outputs in one text are made smaller each by what it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.outputs.reducers.mixed import reduce_mixed
from tests.outputs.shapes import HOSTILE, TEXTS, allowance, within

TRACE = 'Traceback (most recent call last):\n  File "run.py", line 3, in <module>\n    main()\nValueError: bad value 12'
TEXT = (
    '$ ls\n'
    + '\n'.join(f'file{i}.py' for i in range(300))
    + f'\n$ python run.py\n{TRACE}\n$ cat x.json\n'
    + json.dumps([{'id': i, 'name': f'n{i}'} for i in range(300)], indent=1)
)


def test_every_section_by_what_it_is() -> None:
    """Headings stay, a small section is whole, JSON parses, and each section says what it lacks."""
    result = reduce_mixed(TEXT, allowance(300))
    assert result is not None
    assert '$ ls\n' in result
    assert f'$ python run.py\n{TRACE}' in result
    json.loads(result.split('$ cat x.json\n')[1])
    assert result.count('left out') >= 2


def test_what_failed_gets_more_room() -> None:
    """Of two long streams the one of errors keeps more."""
    lines = '\n'.join(f'line {i} of the output' for i in range(400))
    result = reduce_mixed(f'stdout:\n{lines}\nstderr:\n{lines}', allowance(300))
    assert result is not None
    out, errors = result.split('stderr:')
    assert len(errors) > 1.5 * len(out)


def test_more_sections_than_can_be_shown_are_counted() -> None:
    """Where there are too many, the ends and those that failed are shown, and the note counts the others."""
    text = '\n'.join(f'==> f{i} <==\n{"error: broken" if i == 57 else "fine " * 40}' for i in range(100))
    result = reduce_mixed(text, allowance(300))
    assert result is not None
    assert '==> f57 <==\nerror: broken' in result
    assert 'of 100 sections left out' in result


def test_one_output_is_left_to_others() -> None:
    """A text without sections gives None."""
    assert reduce_mixed('just lines\n' * 200, allowance(50)) is None


@given(
    parts=st.lists(TEXTS, min_size=1, max_size=6),
    tokens=st.integers(16, 200),
)
@settings(max_examples=100, deadline=None)
def test_within_the_allowance_whatever_comes(parts: list[str], tokens: int) -> None:
    """Any sections give a result within the allowance, or None."""
    text = '\n'.join(f'==> file{i} <==\n{part}' for i, part in enumerate(parts))
    room = allowance(tokens, 'ab')
    result = reduce_mixed(text, room)
    assert result is None or room.holds(result)


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_texts(name: str) -> None:
    """Texts made to be slow are survived, also as one section of several."""
    text = f'$ first\nshort\n$ second\n{HOSTILE[name]}'
    room = allowance(300)
    assert within(reduce_mixed(text, room), text, room)
