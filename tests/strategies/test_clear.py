"""Clear: old results become stubs, oldest first, only as far as needed."""

from __future__ import annotations

from inline_snapshot import snapshot

from compactor.history.message import Kind
from compactor.history.parse import parse
from compactor.history.turns import History
from compactor.strategies import Clear
from compactor.strategies.clear import WORTH
from tests.notation import message, part, room
from tests.strategies.test_window import BYTES, working


def results(history: History) -> list[str]:
    """Each result as 'whole' or 'cleared'."""
    found = [part for part in history.parts if part.kind is Kind.RESULT]
    return ['cleared' if part.edited else 'whole' for part in found]


def test_oldest_first_and_only_as_far_as_needed() -> None:
    """Two results too many: the two oldest are cleared, calls and ids stay."""
    history = parse(working(6)).history
    size = history.exchanges[0].steps[0].tokens
    after = Clear(1).apply(history, room(history.tokens - int(1.5 * size)))
    assert results(after) == ['cleared'] * 2 + ['whole'] * 4
    assert [p.call_id for p in after.parts] == [p.call_id for p in history.parts]
    assert after.tokens <= history.tokens - int(1.5 * size)


def test_the_newest_steps_are_kept() -> None:
    """However small the room, the newest steps keep their results; at least the last one does."""
    history = parse(working(5)).history
    assert results(Clear(3).apply(history, room(1))) == ['cleared'] * 2 + ['whole'] * 3
    assert results(Clear(0).apply(history, room(1))) == ['cleared'] * 4 + ['whole']


def test_nothing_is_cleared_where_it_fits() -> None:
    """The same object comes back."""
    history = parse(working(5)).history
    assert Clear().apply(history, room(history.tokens)) is history


def test_a_stub_says_what_stood_there() -> None:
    """The text that takes a result's place."""
    before = working(2)
    stubs = [p.text for p in Clear(1).apply(parse(before).history, room(1)).parts if p.edited]
    assert stubs == snapshot(['[run result of about 208 tokens cleared; call the tool again if you need it]'])
    before[2] = message('request', part('+0.0', BYTES, failed=True, tool=''))
    stubs = [p.text for p in Clear(1).apply(parse(before).history, room(1)).parts if p.edited]
    assert stubs == snapshot(['[failed result of about 208 tokens cleared; call the tool again if you need it]'])


def test_what_would_not_pay_or_must_stay_is_left_alone() -> None:
    """Small, protected and cleared results, and those of protected tools, stay as they are."""
    before = working(5)
    before[2] = message('request', part('+0.0', 'short'))
    before[4] = message('request', part('+0.1', BYTES, protected=True))
    before[5] = message('R', part('?0.2', '{}', tool='edit_file'))
    before[6] = message('request', part('+0.2', BYTES, tool='edit_file'))
    history = parse(before).history
    once = Clear(1).apply(history, room(1, protect='edit_file'))
    assert results(once) == ['whole', 'whole', 'whole', 'cleared', 'whole']
    assert Clear(1).apply(once, room(1, protect='edit_file')) is once
    assert history.tokens - once.tokens >= WORTH
