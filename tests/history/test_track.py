"""A tracked history is what a fresh reading would give, whatever happens to the list between two requests."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.message import Message
from compactor.history.track import AUDIT_STRIDE, AUDIT_TAIL, Tracker
from tests.laws.histories import Drawn, lawful_histories, shape_of
from tests.laws.writer import EPOCH
from tests.notation import COUNTER


class CountingReader(MessageReader):
    """Reads as ever, and tells how many messages it was asked for."""

    asked = 0

    def read(self, raws: Sequence[Any]) -> list[Message]:
        """See `MessageReader.read`."""
        self.asked += len(raws)
        return super().read(raws)


def talk(exchanges: int, start: int = 0) -> list[ModelMessage]:
    """So many prompts with their answers."""
    return [
        message
        for n in range(start, start + exchanges)
        for message in (
            ModelRequest([UserPromptPart(f'question {n}', timestamp=EPOCH)]),
            ModelResponse([TextPart(f'answer {n}')], timestamp=EPOCH),
        )
    ]


def seen(tracker: Tracker) -> object:
    """All that a tracker says, comparable."""
    parts = [[(p.kind, p.text, p.tokens, p.call_id, id(p.raw)) for p in m.parts] for m in tracker.messages]
    tree = [
        [id(p.raw) if p.raw is not None else p.text for p in exchange.parts]
        for exchange in tracker.snapshot().history.exchanges
    ]
    repairs = tracker.snapshot().repairs
    return parts, tree, repairs, tracker.tokens, tracker.broken, tracker.compactions, tracker.snapshot().history.tokens


def fresh(raws: Sequence[ModelMessage]) -> Tracker:
    """A tracker that has seen this list only."""
    tracker = Tracker(MessageReader(COUNTER))
    tracker.update(raws)
    return tracker


def edited(message: ModelMessage) -> None:
    """Replaces the parts of a message in place, as frameworks do to add a tool or a dynamic prompt."""
    if isinstance(message, ModelRequest):
        message.parts = [SystemPromptPart('Also be brief.', timestamp=EPOCH), *message.parts]
    else:
        message.parts = [*message.parts, TextPart('And one more thing.')]


def rewritten(message: ModelMessage) -> None:
    """Changes the text of a part in place."""
    for part in message.parts:
        if isinstance(part, TextPart | UserPromptPart | SystemPromptPart) and isinstance(part.content, str):
            part.content += ' (edited)'
            return


def operated(draw: Drawn, raws: list[ModelMessage], more: list[ModelMessage]) -> list[ModelMessage]:
    """What one of many hands does to the list between two requests."""
    at = draw(st.integers(0, len(raws)))
    operation = draw(st.sampled_from(['grow', 'same', 'shrink', 'cut', 'tail', 'in place', 'text', 'reload', 'equal']))
    if operation == 'grow':
        return [*raws, *more[:at]]
    if operation == 'shrink':
        return raws[:at]
    if operation == 'cut':
        return raws[at:]
    if operation == 'tail':
        return [*raws[:at], *copy.deepcopy(raws[at:])]
    if operation == 'equal' and at:
        twin: Any = raws[at - 1]
        return [*raws[: at - 1], replace(twin), *raws[at:]]
    if operation == 'reload':
        return ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(raws))
    if operation == 'in place' and at:
        edited(raws[at - 1])
    if operation == 'text' and at:
        rewritten(raws[at - 1])
    return raws


SHORT = lawful_histories(max_exchanges=2, max_steps=4, legacy_retries=False, in_run=False)


@settings(max_examples=max(100, settings().max_examples))
@given(SHORT, SHORT, st.data())
def test_any_list_of_operations(raws: list[ModelMessage], more: list[ModelMessage], data: st.DataObject) -> None:
    """After every operation the tracker says what a fresh reading of the list says."""
    tracker = Tracker(MessageReader(COUNTER))
    for _ in range(data.draw(st.integers(1, 6))):
        tracker.update(raws)
        assert seen(tracker) == seen(fresh(raws)), shape_of(raws)
        raws = operated(data.draw, raws, more)
    tracker.update(raws)
    assert seen(tracker) == seen(fresh(raws)), shape_of(raws)


STEPS: dict[str, tuple[bool, int]] = {
    'same': (True, 0),
    'grown': (True, 2),
    'shrunk': (False, 0),
    'tail replaced': (False, 1),
    'tail edited in place': (False, 1),
    'reloaded': (False, 8),
    'front cut off': (False, 0),
}
"""What happens to a list of 8 messages: whether it counts as grown, and how many messages are read again."""


@pytest.mark.parametrize('step', STEPS)
def test_only_what_is_new_is_read(step: str) -> None:
    """Each change costs the reading of what changed, no more."""
    raws = talk(4)
    reader = CountingReader(COUNTER)
    tracker = Tracker(reader)
    tracker.update(raws)
    reader.asked = 0
    if step == 'tail edited in place':
        edited(raws[-1])
    after = {
        'grown': [*raws, *talk(1, 4)],
        'shrunk': raws[:-2],
        'tail replaced': [*raws[:-1], copy.deepcopy(raws[-1])],
        'reloaded': ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(raws)),
        'front cut off': raws[2:],
    }.get(step, raws)
    assert (tracker.update(after), reader.asked) == STEPS[step]
    assert seen(tracker) == seen(fresh(after))


def test_an_old_message_edited_in_place_is_noticed_in_rotation() -> None:
    """Within so many requests as there are stretches, an edit anywhere in a long history is seen."""
    raws = talk(1_000)
    tracker = fresh(raws)
    edited(raws[700])
    within = len(raws) // AUDIT_STRIDE + 1
    grown = [tracker.update(raws) for _ in range(within)]
    assert grown.count(False) == 1
    assert seen(tracker) == seen(fresh(raws))


@pytest.mark.parametrize('back', range(1, AUDIT_TAIL + 1))
def test_the_newest_messages_are_audited_at_every_request(back: int) -> None:
    """An edit in one of the newest messages is seen at once, however long the history."""
    raws = talk(500)
    tracker = fresh(raws)
    tracker.update(raws)
    edited(raws[-back])
    assert not tracker.update(raws)
    assert seen(tracker) == seen(fresh(raws))


def test_everything_is_audited_where_it_is_asked_for() -> None:
    """At the start of a run every message is checked."""
    raws = talk(500)
    tracker = fresh(raws)
    tracker.update(raws)
    rewritten(raws[800])
    assert not tracker.update(raws, audit_all=True)
    assert seen(tracker) == seen(fresh(raws))


def test_messages_are_held_while_their_entries_live() -> None:
    """An address cannot be taken for an old message: a list rebuilt in place of a freed one is read anew."""
    tracker = Tracker(MessageReader(COUNTER))
    for n in range(50):
        raws = talk(1, n)
        tracker.update(raws)
        assert seen(tracker) == seen(fresh(raws))
        del raws
