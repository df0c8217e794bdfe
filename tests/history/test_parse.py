"""Every shape that recorded histories have, read into the tree and written back (notation: `tests/notation.py`)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.message import Message
from compactor.history.parse import Parser, parse
from compactor.history.write import write
from tests.laws.histories import broken_histories, lawful_histories, shape_of
from tests.notation import COUNTER, messages, repairs, tree, written

WHOLE = {
    'results in another order than their calls': ('u / R ?a ?b / +b +a', 'u : ?a ?b +b +a'),
    'results over two requests': ('u / R ?a ?b / +a / +b', 'u : ?a ?b +a +b'),
    'an id used again': ('u / R ?a / +a / R ?a / +a', 'u : ?a +a, ?a +a'),
    'results and a prompt in one request': ('u / R ?a / +a u', 'u : ?a +a | u :'),
    'results and a prompt of another run': ('u @1 / R ?a @1 / +a u @2', 'u : ?a +a | u :'),
    'a note of a tool: same run, beside results': ('u @1 / R ?a @1 / +a u @1', 'u : ?a +a u'),
    'bookkeeping between results and a prompt': ('u / R ?a / +a d u', 'u : ?a +a d | u :'),
    'feedback goes on with the exchange': ('u / R t / f / R t', 'u : t f, t'),
    'several prompts in one request': ('u u / R t', 'u u : t'),
    'several prompts in two requests': ('u / u / R t', 'u u : t'),
    'a system prompt behind results': ('u / R ?a / +a s / R t', 'u : ?a +a s, t'),
    'a system prompt ahead of a later prompt': ('u / R t / s u', 'u : t s | u :'),
    'a native pair in one response': ('u / R !x =x t / u', 'u : !x =x t | u :'),
    'a native pair across steps joins them': ('u / R !x ?a / +a / R =x t / u', 'u : !x ?a +a =x t | u :'),
    'a mark merged behind the goal': ('s u m / R t / u', 's u m : t | u :'),
    'a mark in a request of its own': ('u / m / R ?a / +a', 'u m : ?a +a'),
    'a prompt behind a mark is a new exchange': ('u m u / R t', 'u m : | u : t'),
    'a mark merged with a later prompt': ('u / R t / m u / R t', 'u : t | m : | u : t'),
    'calls of the last response may still be answered': ('u / R ?a ?b', 'u : ?a ?b'),
    'an empty request first: a run on instructions alone': (' / R t / u', ': t | u :'),
    'an empty request last: a run resumed': ('u / R t / ', 'u : t'),
}
"""Shapes with nothing to mend: the history and its tree."""

BROKEN = {
    'results behind a prompt': (
        'u / R ?a ?b / u +a +b',
        'u : ?a ?b +a +b | u :',
        'u / R ?a ?b / +a +b u',
        ['results_not_first a'],
    ),
    'a result late, across another response': (
        'u / R ?a ?b / +a / R ?c / +b +c',
        'u : ?a ?b +b +a, ?c +c',
        'u / R ?a ?b / +b / +a / R ?c / +c',
        ['moved_result b'],
    ),
    'late results of an open id used twice: the current step first': (
        'u / R ?a / u / R ?a / +a / +a',
        'u : ?a +a | u : ?a +a',
        'u / R ?a / +a / u / R ?a / +a',
        ['moved_result a'],
    ),
    'one result for two open calls with one id: the current step first': (
        'u / R ?a / u / R ?a / +a',
        'u : ?a +a* | u : ?a +a',
        'u / R ?a / +a* / u / R ?a / +a',
        ['unanswered_call a'],
    ),
    'a result behind the note of a tool': (
        'u @1 / R ?a ?b @1 / +a u @1 / +b @1',
        'u : ?a ?b +b +a u',
        'u / R ?a ?b / +b / +a u',
        ['moved_result b'],
    ),
    'a result without a call': ('u / R ?a / +a +z / R t', 'u : ?a +a, t', 'u / R ?a / +a / R t', ['orphan_result z']),
    'a request of orphans alone': ('u / R t / +z / u', 'u : t | u :', 'u / R t / u', ['orphan_result z']),
    'an orphan beside words of its run: they stand beside no result any more': (
        'u @1 / R t @1 / +z u @1',
        'u : t | u :',
        'u / R t / u',
        ['orphan_result z'],
    ),
    'a result twice': ('u / R ?a / +a +a / u', 'u : ?a +a | u :', 'u / R ?a / +a / u', ['orphan_result a']),
    'a result before its call': (
        'u / +a / R ?a / u',
        'u : ?a +a* | u :',
        'u / R ?a / +a* / u',
        ['orphan_result a', 'unanswered_call a'],
    ),
    'a call unanswered in the middle': (
        'u / R ?a ?b / +a / R t / u',
        'u : ?a ?b +b* +a, t | u :',
        'u / R ?a ?b / +b* / +a / R t / u',
        ['unanswered_call b'],
    ),
    'a call unanswered before a prompt': (
        'u / R ?a / u',
        'u : ?a +a* | u :',
        'u / R ?a / +a* / u',
        ['unanswered_call a'],
    ),
    'two open calls with one id and one result': (
        'u / R ?a ?a / +a / R t',
        'u : ?a ?a +a* +a, t',
        'u / R ?a ?a / +a* / +a / R t',
        ['unanswered_call a'],
    ),
    'consecutive responses': ('u / R t / R ?a / +a', 'u : t ?a +a', 'u / R t ?a / +a', ['consecutive_responses']),
    'a native pair over consecutive responses': (
        'u / R !x / R =x t',
        'u : !x =x t',
        'u / R !x =x t',
        ['consecutive_responses'],
    ),
    'an empty response': ('u / R / R t / u', 'u : t | u :', 'u / R t / u', ['empty_message']),
    'an empty request in the middle': ('u / R t /  / u', 'u : t | u :', 'u / R t / u', ['empty_message']),
    'no beginning': ('R ?a / +a / R t / u', 'm* : ?a +a, t | u :', 'm* / R ?a / +a / R t / u', ['missing_beginning']),
    'no beginning, results first': (
        '+a / R t / u',
        'm* : t | u :',
        'm* / R t / u',
        ['orphan_result a', 'missing_beginning'],
    ),
}
"""Shapes that are mended: the history, its tree, the messages written, the repairs reported."""

AT_THE_END = {
    'a call partly answered': ('u / R ?a ?b / +a', 'u / R ?a ?b / +b* / +a'),
    'bookkeeping behind the results': ('u / R ?a ?b / +a d', 'u / R ?a ?b / +b* / +a d'),
    'the note of a tool behind the results': ('u @1 / R ?a ?b @1 / +a u @1', 'u / R ?a ?b / +b* / +a u'),
    'nothing but bookkeeping': ('u / R ?a / d', 'u / R ?a / +a* / d'),
}
"""Unanswered calls whose answers may still come between runs, but not once the history is being sent."""


def names(history: str) -> str:
    """A history without its run ids, as it is written back."""
    return written(messages(history))


@pytest.mark.parametrize('sending', [True, False])
@pytest.mark.parametrize('shape', WHOLE)
def test_whole_shapes(shape: str, sending: bool) -> None:
    """The tree is as listed; nothing is repaired; every message is written back as the same object."""
    text, expected = WHOLE[shape]
    before = messages(text)
    parsed = parse(before, sending)
    assert tree(parsed.history) == expected
    assert repairs(parsed) == []
    after = write(parsed.history.segments)
    assert len(after) == len(before)
    assert all(now is was for now, was in zip(after, before, strict=True))
    assert parsed.history.tokens == sum(message.tokens for message in before)


@pytest.mark.parametrize('sending', [True, False])
@pytest.mark.parametrize('shape', BROKEN)
def test_broken_shapes(shape: str, sending: bool) -> None:
    """The tree, the messages written and the repairs are as listed; written again, nothing is left to mend."""
    text, expected, mended, defects = BROKEN[shape]
    parsed = parse(messages(text), sending)
    assert tree(parsed.history) == expected
    assert repairs(parsed) == defects
    after = write(parsed.history.segments)
    assert written(after) == mended
    assert repairs(parse(after, sending)) == []


@pytest.mark.parametrize('shape', AT_THE_END)
def test_unanswered_at_the_end(shape: str) -> None:
    """Between runs the call stays open; in a history that is sent it gets a marked result."""
    text, sent = AT_THE_END[shape]
    waiting, sending = parse(messages(text), sending=False), parse(messages(text), sending=True)
    assert (repairs(waiting), written(write(waiting.history.segments))) == ([], names(text))
    assert written(write(sending.history.segments)) == sent
    assert {repair.defect for repair in sending.repairs} == {'unanswered_call'}


def test_a_marked_result_names_its_tool_and_says_that_it_failed() -> None:
    """The result put in for a call that was never answered carries the call's id and tool."""
    history = parse(messages('u / R ?a / u')).history
    result = next(part for part in history.parts if part.raw is None)
    assert (result.call_id, result.tool, result.failed) == ('a', 'run', True)
    assert result.text == '[no result: this call was never answered]'


def test_untouched_messages_of_a_mended_history_stay_themselves() -> None:
    """A repair rebuilds only the messages that it concerns."""
    before = messages('u / R t / R ?a / +a +z / R t / u')
    after = write(parse(before).history.segments)
    assert written(after) == 'u / R t ?a / +a / R t / u'
    assert [any(now is was for was in before) for now in after] == [True, False, False, True, True]
    assert [message.edited for message in after] == [False, True, True, False, False]


def read(raws: list[ModelMessage]) -> list[Message]:
    """The neutral view."""
    return MessageReader(COUNTER).read(raws)


@given(st.one_of(lawful_histories(max_steps=12), broken_histories()), st.data())
def test_fed_message_by_message(raws: list[ModelMessage], data: st.DataObject) -> None:
    """A parser that grows with the history gives at every length what reading all at once gives."""
    view, parser = read(raws), Parser()
    for n, message in enumerate(view, start=1):
        parser.feed([message])
        sending = data.draw(st.booleans())
        fresh = parse(view[:n], sending)
        assert parser.snapshot(sending) == fresh, shape_of(raws[:n])
        other = Parser()
        other.feed(view[:n])
        assert parser.broken == other.broken


@given(lawful_histories())
def test_the_tree_holds_every_part_once(raws: list[ModelMessage]) -> None:
    """Nothing is lost or doubled, and sizes add up."""
    view = read(raws)
    history = parse(view).history
    assert [id(part) for part in history.parts] == [id(part) for message in view for part in message.parts]
    assert history.tokens == sum(message.tokens for message in view)


@given(lawful_histories(), st.data())
def test_removing_any_steps_breaks_no_pair(raws: list[ModelMessage], data: st.DataObject) -> None:
    """Whichever steps are left out, every call that stays has its result, because a step holds both."""
    history = parse(read(raws)).history
    segments = [
        segment
        for exchange in history.exchanges
        for segment in (*exchange.prompts, *(s for step in exchange.steps if data.draw(KEEP) for s in step.segments))
    ]
    again = parse(write(segments))
    assert {repair.defect for repair in again.repairs} == set()


KEEP = st.booleans()
