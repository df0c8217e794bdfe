"""Editing the tree: what is unchanged stays the same object, and no message is left empty."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.history.message import Part
from compactor.history.parse import parse
from compactor.history.rules import check
from compactor.history.turns import Edit, History, Segment, Step
from compactor.history.write import write
from tests.notation import label, message, messages, part, taking, tree, without, written

EMPTIED: dict[str, tuple[str, str, str, str]] = {
    'an only response': ('u / R h', '1h', 'u / R h', 'u'),
    'an only response before a prompt': ('u / R h / u / R t', '1h', 'u / R h / u / R t', 'u / u / R t'),
    'the last response': ('u / R t / u / R h', '3h', 'u / R t / u / R h', 'u / R t / u'),
    'the last response of an exchange': (
        'u / R ?a / +a / R t / u',
        '3t',
        'u / R ?a / +a / R t / u',
        'u / R ?a / +a / u',
    ),
    'every part of a response': ('u / R h t / u', '1h 1t', 'u / R h t / u', 'u / u'),
    'a part of a response': ('u / R h t / u', '1h', 'u / R t / u', 'u / R t / u'),
    'one response of two': ('u / R h / f / R h t / u', '1h 3h', 'u / R h / f / R t / u', 'u / f / R t / u'),
    'feedback between responses': ('u / R t / f / R h t', '2f 3h', 'u / R t / f / R t', 'u / R t t'),
    'feedback beside a result': ('u / R ?a / +a f / R t', '2f', 'u / R ?a / +a / R t', 'u / R ?a / +a / R t'),
    'a share of a request': ('u / R t / d u / R t', '2d', 'u / R t / d u / R t', 'u / R t / u / R t'),
    'a whole step': ('u / R ?a / +a / R t', '1?a 2+a', 'u / R ?a / +a / R t', 'u / R t'),
    'all steps': ('u / R h / u / R h', '1h 3h', 'u / R h / u / R h', 'u / u'),
    'nothing': ('u / R ?a / +a u / R t', '', 'u / R ?a / +a u / R t', 'u / R ?a / +a u / R t'),
}
"""What is taken out: history, places, what `map` leaves, what `only` leaves."""


def mapped(history: History, edit: Edit) -> History:
    """The history with every step edited."""
    return history.map_steps(lambda _, step: step.map(edit))


@pytest.mark.parametrize('case', EMPTIED)
def test_a_message_that_an_edit_would_empty(case: str) -> None:
    """`map` leaves it as it is, `only` takes it out, and with it the step that held nothing else."""
    text, places, kept, left = EMPTIED[case]
    before = messages(text)
    history = parse(before).history
    after = mapped(history, taking(before, places))
    assert written(write(after.segments)) == kept
    assert (after is history) == (kept == text)
    assert written(without(before, places)) == left
    assert [len(e.steps) for e in after.exchanges] == [len(e.steps) for e in history.exchanges]


def test_only_leaves_no_empty_step_or_exchange() -> None:
    """What is emptied is gone from the tree, not just from what is written."""
    before = messages('R h / u / R ?a / +a / R h / u')
    history = parse(before[:1] + before).history
    assert tree(history.map_steps(lambda _, step: step.only(taking(before, '0h 4h')))) == 'm* : | u : ?a +a | u :'
    headless = history.map(lambda _, prompt: None, lambda _, step: step.only(taking(before, '0h 4h')))
    assert tree(headless) == ': ?a +a'


@pytest.mark.parametrize('edit', [lambda part: part, replace], ids=['the same', 'equal'])
def test_a_node_that_an_edit_leaves_alone_is_itself(edit: Edit) -> None:
    """A segment, a step and a history, whether its parts come back or others that are equal to them."""
    history = parse(messages('u / R h ?a / +a')).history
    [step] = history.exchanges[0].steps
    assert all(of.map(edit) is of and of.only(edit) is of for of in step.segments)
    assert step.map(edit) is step
    assert step.only(edit) is step
    assert history.map(lambda _, prompt: prompt.map(edit), lambda _, of: of.map(edit)) is history


def test_what_stays_when_a_step_or_a_prompt_goes() -> None:
    """Bookkeeping and system prompts, not halves of pairs; nothing of what holds none."""
    protected = message('R', replace(part('?a'), protected=True))
    history = parse([*messages('s u'), protected, *messages('+a d f / R t')]).history
    prompt, (called, spoken) = history.exchanges[0].prompts[0], history.exchanges[0].steps
    residue = called.residue()
    assert residue is not None
    assert [label(one) for one in residue.parts] == ['d']
    assert spoken.residue() is None
    kept = prompt.residue()
    assert kept is not None
    assert [label(one) for one in kept.parts] == ['s']


def test_steps_and_prompts_come_in_the_order_in_which_they_are_sent() -> None:
    """Prompts with the index of their exchange, steps with their own, from 0 through all exchanges."""
    history = parse(messages('u / R t / u u / R ?a / +a / R t')).history
    seen: list[str] = []

    def prompt(e: int, of: Segment) -> Segment:
        seen.append(f'u{e}')
        return of

    def step(number: int, of: Step) -> Step:
        seen.append(f's{number}')
        return of

    assert history.map(prompt, step) is history
    assert seen == ['u0', 's0', 'u1', 's1', 's2']


SHAPES = (
    'R h',
    'R t',
    'R h t',
    'R ?a / +a',
    'R h ?a ?b / +b +a',
    'R ?a / +a f',
    'R t / f',
    'R ?a / +a d',
    'R h ?a / +a u',
)
HISTORIES = st.lists(st.lists(st.sampled_from(SHAPES), max_size=4), min_size=1, max_size=4).map(
    lambda exchanges: ' / '.join(' / '.join(['u', *steps]) for steps in exchanges)
)


@given(HISTORIES, st.data())
def test_map_keeps_both_contracts(text: str, data: st.DataObject) -> None:
    """Whatever is taken out or made anew: as many messages as before, none empty, unchanged nodes the same objects."""
    before = write(parse(messages(text)).history.segments)
    history = parse(before).history
    parts = list(history.parts)
    fate = {id(part): data.draw(st.sampled_from(['stays', 'goes', 'made anew', 'cut'])) for part in parts}

    def edit(part: Part) -> Part | None:
        return {
            'stays': part,
            'goes': None,
            'made anew': replace(part),
            'cut': part.with_text(f'{part.text}…', part.tokens),
        }[fate[id(part)]]

    edited = history.map(lambda _, prompt: prompt.map(edit), lambda _, step: step.map(edit))
    after = write(edited.segments)
    assert [message.role for message in after] == [message.role for message in before]
    assert all(message.parts for message in after)
    assert [v for v in check(before, after) if v.law == 'identity'] == []
    for now, was in zip(edited.exchanges, history.exchanges, strict=True):
        assert now is was or now != was
        assert all(a is b or a != b for a, b in zip(now.steps, was.steps, strict=True))
    assert edited is history or edited != history
    assert edited.tokens == sum(message.tokens for message in after)
