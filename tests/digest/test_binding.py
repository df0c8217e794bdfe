"""What binds as a text: read back as it was written, within any budget, with nothing that breaks out of its line."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.digest.binding import Binding, Instructions, Item, Plan, Refusal, bounded, merged, read, render
from compactor.history.marks import body_of, mark

TEXTS = st.text(st.characters(codec='utf-8'), max_size=60) | st.sampled_from(
    [
        '## Refused',
        '#4$ rm',
        ' [x] done',
        '[compactor 01716669038914263445] x',
        'Never pay.\n\n- Only Oskar may.',
        'a\rb\u2028c',
    ]
)
NAMES = TEXTS.map(lambda text: ' '.join(text.split())[:40] or 'AGENTS.md').map(lambda text: f'{text}.md')
BINDINGS = st.builds(
    Binding,
    st.lists(
        st.builds(Instructions, st.sampled_from(('file', 'tool')), NAMES, st.integers(1, 99), TEXTS, st.booleans()),
        max_size=3,
    ).map(tuple),
    st.lists(st.builds(Refusal, NAMES, st.integers(1, 99), TEXTS), max_size=3).map(tuple),
    st.none()
    | st.builds(
        Plan,
        st.integers(1, 99),
        st.lists(st.builds(Item, NAMES, st.sampled_from(('x', '>', ' ', ''))), min_size=1, max_size=4).map(tuple),
        st.integers(0, 9),
    ),
)


def count(text: str) -> int:
    """A size."""
    return len(text) // 4 + 1


@settings(max_examples=60, deadline=None)
@given(BINDINGS)
def test_it_is_read_as_it_was_written(binding: Binding) -> None:
    """Written, read and written again it is the same text, and no line of it is an instruction's own heading."""
    text = render(binding)
    found = read(body_of(text))
    if not binding:
        return
    assert found is not None
    assert render(found) == text
    assert len(found.instructions) == len(binding.instructions)
    assert [one.call for one in found.refusals] == [' '.join(one.call.split()) for one in found.refusals]


@settings(max_examples=40, deadline=None)
@given(BINDINGS, st.integers(0, 300))
def test_it_is_bounded(binding: Binding, budget: int) -> None:
    """Within a budget it takes no more, but for the names of what found no room; and again nothing changes."""
    cut = bounded(binding, budget, count)
    assert count(render(cut)) <= max(budget, count(render(Binding(unfit=cut.unfit)))) or not cut
    assert set(cut.refusals) <= set(binding.refusals)


def test_two_are_one() -> None:
    """Of each subject the later stands."""
    old = Binding((Instructions('file', 'AGENTS.md', 2, 'old'),), (Refusal('rm', 3, 'no'),))
    new = Binding((Instructions('file', 'AGENTS.md', 9, 'new'),), (), Plan(8, (Item('a', ' '),)))
    assert merged(old, new) == Binding(new.instructions, old.refusals, new.plan)


def test_other_marks_are_not_read() -> None:
    """A mark of another kind says nothing of what binds."""
    assert read(body_of(mark('Digest of 3 earlier steps (2 tool calls), left out.'))) is None
