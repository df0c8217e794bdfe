"""The report: where the tokens of a history go."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.report import LARGEST, Share, holders, report
from tests.laws.histories import lawful_histories
from tests.notation import COUNTER, message, messages, part


def same(tokens: int) -> int:
    """The scale of an exact counter."""
    return tokens


def test_a_small_history() -> None:
    """Shares by station, role, kind and tool, with instructions and tools apart."""
    history = [
        message('request', part('s', 'one two'), part('u', 'three')),
        message('R', part('?a', '{}', tool='grep')),
        message('request', part('+a', 'four five six', tool='grep')),
    ]
    found = report(history, same, model='m', budget=100, overhead=7)
    assert found.estimated == 7 + sum(m.tokens for m in history)
    assert found.usage == found.estimated / 100
    assert [s.name for s in found.stations] == ['instructions and tools', 'history']
    assert {s.name: s.parts for s in found.roles} == {'request': 3, 'response': 1}
    assert found.kinds[0] == Share('framing', 9, 3)
    assert [s.name for s in found.tools] == ['grep']
    assert str(found.largest[0]) == 'result of grep in message 2 (9 tokens)'


def test_the_empty_history() -> None:
    """Nothing costs nothing; without a budget there is no usage."""
    found = report([], same)
    assert (found.estimated, found.usage, found.actual, found.largest) == (0, None, None, ())


def test_actual_is_what_the_newest_response_reported() -> None:
    """A provider's own figure is given beside the estimate; older ones do not count."""
    first, second, third = messages('R t / R t / u')
    assert report([replace(first, reported=5), replace(second, reported=9), third], same).actual == 9


@given(lawful_histories())
def test_every_breakdown_adds_up(raws: list[ModelMessage]) -> None:
    """Roles and kinds both add up to the whole; the largest parts come largest first."""
    view = MessageReader(COUNTER).read(raws)
    found = report(view, same)
    whole = sum(m.tokens for m in view)
    assert found.estimated == whole == sum(s.tokens for s in found.roles) == sum(s.tokens for s in found.kinds)
    sizes = [holder.tokens for holder in found.largest]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == min(LARGEST, sum(len(m.parts) for m in view))


def test_holders_come_in_order_of_the_history_where_they_are_as_large() -> None:
    """Of parts of one size the earlier is named first, with the beginning of its text in one line."""
    named = holders([message('request', part('u', 'a\nb'), part('u', 'c d'))], same, 5)
    assert [holder.begins for holder in named] == ['a b', 'c d']
    assert holders([message('request', part('u', 'x' * 200))], same, 1)[0].begins == 'x' * 59 + '…'
