"""Prose keeps its headings and the sentences that state facts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.reducers.prose import reduce_prose
from tests.outputs.shapes import HOSTILE, TEXTS, allowance, within

FILLER = 'There is a good deal that could be said about this. It is said in many places. Others have said it before.'
REPORT = f"""Perfect! I have everything that I need now.

# Retries

The queue gives up after 3 attempts. {FILLER} {FILLER}

## Findings

- `send_all` swallows a timeout error
- nothing else of note

{FILLER}

```python
{chr(10).join(f'line_{i}()' for i in range(40))}
```

## Recommendation

Raise `MAX_TRIES` to 5. {FILLER}
"""


def test_what_a_model_reads() -> None:
    """Headings, first sentences, facts and a trimmed block of code with its fences."""
    assert reduce_prose(REPORT, allowance(130)) == snapshot("""\
…
# Retries
The queue gives up after 3 attempts.
…
It is said in many places.
…
## Findings
- `send_all` swallows a timeout error
- nothing else of note
There is a good deal that could be said about this. It is said in many places. Others have said it before.
…
## Recommendation
Raise `MAX_TRIES` to 5. There is a good deal that could be said about this. It is said in many places. Others have said it before.
[88 of 166 words left out; recall ab12cd34ef567890]\
""")  # noqa: E501


def test_fences_are_always_closed() -> None:
    """However little fits, every fence that is opened is closed."""
    for tokens in range(40, 200, 10):
        result = reduce_prose(REPORT, allowance(tokens))
        assert result is None or result.count('```') % 2 == 0


def test_headings_come_before_everything_else() -> None:
    """All headings are there while anything has to be left out."""
    result = reduce_prose(REPORT * 3, allowance(200))
    assert result is not None
    assert result.count('## Findings') == 3
    assert result.count('## Recommendation') == 3


def test_the_question_decides_between_equals() -> None:
    """A sentence that the question names is kept before its like."""
    text = '# Notes\n\n' + '\n\n'.join(f'The part called gadget{i}x does what it does here.' for i in range(300))
    result = reduce_prose(text, allowance(120, 'gadget217x'))
    assert result is not None
    assert 'gadget217x' in result


@given(text=TEXTS, tokens=st.integers(16, 200))
@settings(max_examples=150, deadline=None)
def test_within_the_allowance_whatever_comes(text: str, tokens: int) -> None:
    """Any text gives a result within the allowance, or None."""
    room = allowance(tokens, 'ab')
    result = reduce_prose(text, room)
    assert result is None or room.holds(result)


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_texts(name: str) -> None:
    """Texts made to be slow are survived."""
    room = allowance(300)
    assert within(reduce_prose(HOSTILE[name], room), HOSTILE[name], room)
