"""The cut is remembered: runs that follow send what was sent, from memory, from JSON and in a new process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest, ModelResponse, UserPromptPart

from compactor import Compactor, Policy, Store
from compactor.run.cut import parse
from compactor.telemetry.events import Compacted, CutForgotten, CutIgnored, CutResumed
from tests.adapters.driver import (
    Log,
    Script,
    as_capability,
    by_run,
    by_stream,
    drive,
    faults,
    reading_agent,
    rounds,
    small,
)

ROUNDS = 9
RUNS = 6
Carry = Callable[[list[ModelMessage]], list[ModelMessage]]


def in_memory(messages: list[ModelMessage]) -> list[ModelMessage]:
    """The record itself."""
    return messages


def through_json(messages: list[ModelMessage]) -> list[ModelMessage]:
    """The record written and read again."""
    return ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(messages))


def without_metadata(messages: list[ModelMessage]) -> list[ModelMessage]:
    """The record in a format that has no place for metadata."""
    bare: list[ModelMessage] = []
    for message in through_json(messages):
        message.metadata = None
        bare.append(message)
    return bare


def plain(messages: list[ModelMessage]) -> list[str]:
    """What a provider is sent: each message as JSON, without what is stored beside it."""
    values = json.loads(ModelMessagesTypeAdapter.dump_json(messages))
    return [json.dumps(value['parts']) for value in values]


class Chat:
    """A chat of several runs, each by the same instance or by a new one, as in a new process.

    Args:
        carry: how the record comes from one run to the next.
        fresh: each run has an instance of its own.
        store: where they all keep what they keep.
        policy: when to compact.
    """

    def __init__(
        self, carry: Carry = in_memory, *, fresh: bool = False, store: Path | None = None, policy: Policy | None = None
    ) -> None:
        self.carry, self.fresh, self.store, self.policy = carry, fresh, store, policy or small()
        self.script, self.log = Script(rounds(ROUNDS)), Log()
        self.record: list[ModelMessage] = []
        self.firsts: list[int] = []
        self._agent: Any = None

    def run(self, prompt: str, record: list[ModelMessage] | None = None, **more: Any) -> list[ModelMessage]:
        """One run on the record so far, or on another; the record after it."""
        before = self.record if record is None else record
        self.firsts.append(len(self.script.seen))
        given = self.carry(before)
        if self._agent is None or self.fresh:
            compactor: Compactor[None] = Compactor(self.policy, on_event=self.log, store=self.store)
            self._agent = reading_agent(self.script, **as_capability(compactor))
        self.record = drive(by_run, self._agent, prompt, message_history=given, **more).all_messages()
        return self.record

    def repeated(self) -> list[bool]:
        """For each run but the first, whether its first request begins with the last one of the run before."""
        seen = self.script.seen
        return [plain(seen[at])[: len(seen[at - 1])] == plain(seen[at - 1]) for at in self.firsts[1:]]


CHATS: dict[str, dict[str, Any]] = {
    'memory': {},
    'json': {'carry': through_json},
    'new process': {'carry': through_json, 'fresh': True},
}


@pytest.mark.parametrize('stored', [False, True], ids=['no store', 'store'])
@pytest.mark.parametrize('kind', CHATS)
def test_the_first_request_of_a_run_repeats_the_last_one(kind: str, stored: bool, tmp_path: Path) -> None:
    """Runs 2 to 6 of a chat go on with the bytes of the run before, and their record holds every step."""
    chat = Chat(**CHATS[kind], store=tmp_path / 'store.db' if stored else None)
    for i in range(RUNS):
        chat.run(f'Look into part {i}.')
    assert chat.repeated() == [True] * (RUNS - 1)
    assert len(chat.log.of(Compacted)) >= RUNS - 1
    assert [event.where for event in chat.log.of(CutResumed)] == ['metadata'] * (RUNS - 1)
    assert not chat.log.of(CutForgotten)
    assert sum(isinstance(message, ModelResponse) for message in chat.record) == RUNS * ROUNDS
    assert not any('[compactor ' in str(message.parts) for message in chat.record)
    assert [faults(seen) for seen in chat.script.seen] == [[]] * len(chat.script.seen)


def test_a_format_without_metadata_goes_on_with_a_store(tmp_path: Path) -> None:
    """Where the record loses what was noted with it, the store knows the conversation."""
    chat = Chat(without_metadata, fresh=True, store=tmp_path / 'store.db')
    for i in range(3):
        chat.run(f'Look into part {i}.')
    if getattr(chat.record[-1], 'conversation_id', None) is None:
        pytest.skip('this version of pydantic-ai knows no conversations')
    assert chat.repeated() == [True, True]
    assert [event.where for event in chat.log.of(CutResumed)] == ['store', 'store']


def test_without_either_the_cut_is_worked_out_anew_and_said_so() -> None:
    """A record without metadata and no store: the run goes on within its budget, and one event tells."""
    chat = Chat(without_metadata, fresh=True)
    chat.run('Look into part 1.')
    chat.run('Look into part 2.')
    assert chat.repeated() == [False]
    assert len(chat.log.of(CutForgotten)) == 1
    assert [faults(seen) for seen in chat.script.seen] == [[]] * len(chat.script.seen)


def _deleted(messages: list[ModelMessage]) -> list[ModelMessage]:
    return messages[4:]


def _edited(messages: list[ModelMessage]) -> list[ModelMessage]:
    first = messages[0]
    assert isinstance(first, ModelRequest)
    return [replace(first, parts=[UserPromptPart('Something else altogether.')]), *messages[1:]]


@pytest.mark.parametrize('change', [_deleted, _edited], ids=['deleted', 'edited'])
def test_another_beginning_is_another_conversation(change: Carry, tmp_path: Path) -> None:
    """What was cut of a history that was edited since is not sent for it: the cut is ignored, and that is told."""
    chat = Chat(store=tmp_path / 'store.db')
    chat.run('Look into part 1.')
    chat.run('Look into part 2.', record=change(through_json(chat.record)))
    assert chat.log.of(CutIgnored)
    assert not chat.log.of(CutResumed)
    assert 'Look into part 1.' not in str(chat.script.seen[-1]) or change is not _edited
    assert [faults(seen) for seen in chat.script.seen] == [[]] * len(chat.script.seen)


def test_a_branch_goes_on_with_the_newest_cut_that_is_still_its_own() -> None:
    """A user goes back and asks something else: of two cuts the earlier one still fits, and is used."""
    chat = Chat(through_json)
    first = chat.run('Look into part 1.')
    whole = chat.run('Look into part 2.')
    half = whole[: len(first) + 3]  # back to where the second run had hardly begun: a prompt, calls and their results
    chat.run('Look into part 3 instead.', record=half)
    covered = [event.covers for event in chat.log.of(CutResumed)]
    assert len(covered) == 2
    assert covered[1] <= len(first)
    assert [faults(seen) for seen in chat.script.seen] == [[]] * len(chat.script.seen)


def test_two_tabs_on_one_conversation(tmp_path: Path) -> None:
    """Two writers go on from one record: each continues its own, and the one that is reloaded finds its own cut."""
    chat = Chat(without_metadata, fresh=True, store=tmp_path / 'store.db')
    common = chat.run('Look into part 1.')
    if getattr(common[-1], 'conversation_id', None) is None:
        pytest.skip('this version of pydantic-ai knows no conversations')
    left = chat.run('Left: look into part 2.', record=common)
    left_last = chat.script.seen[-1]
    right = chat.run('Right: look into part 3.', record=common)
    right_last = chat.script.seen[-1]
    for record, last, prompt in ((left, left_last, 'Left, again.'), (right, right_last, 'Right, again.')):
        chat.run(prompt, record=record)
        first = chat.script.seen[chat.firsts[-1]]
        assert plain(first)[: len(last)] == plain(last)


def test_what_others_put_into_metadata_stays() -> None:
    """A note of ours is added to a response's metadata."""
    chat = Chat()
    chat.run('Look into part 1.', metadata=None)
    noted = [message for message in chat.record if message.metadata]
    assert noted
    for message in noted:
        message.metadata = {**(message.metadata or {}), 'mine': 1}
    chat.run('Look into part 2.')
    assert chat.repeated() == [True]
    assert all(message.metadata and message.metadata['mine'] == 1 for message in noted)


HOSTILE: dict[str, Any] = {
    'a number': 7,
    'nothing': {},
    'another version': {'version': 99, 'covers': 3, 'print': 'x', 'sent': [[0, 3]], 'handle': None},
    'a stretch beyond the history': {'version': 1, 'covers': 3, 'print': 'x', 'sent': [[0, 9]], 'handle': None},
    'a piece that is none': {'version': 1, 'covers': 3, 'print': 'x', 'sent': [{'a': 1}], 'handle': None},
    'no piece': {'version': 1, 'covers': 3, 'print': 'x', 'sent': [], 'handle': None},
    'too many': {'version': 1, 'covers': 3, 'print': 'x', 'sent': ['{}'] * 100_001, 'handle': None},
    'covers a truth': {'version': 1, 'covers': True, 'print': 'x', 'sent': ['{}'], 'handle': None},
    'a handle of another type': {'version': 1, 'covers': 3, 'print': 'x', 'sent': ['{}'], 'handle': 3},
    'a forged print': {'version': 1, 'covers': 3, 'print': '0' * 32, 'sent': ['[]'], 'handle': None},
}


@pytest.mark.parametrize('what', HOSTILE)
def test_a_note_that_is_none_is_ignored(what: str) -> None:
    """What is found in metadata is believed only if it is whole and of this history; the run goes on without."""
    chat = Chat(through_json, fresh=True)
    chat.run('Look into part 1.')
    for message in chat.record:
        if message.metadata:
            message.metadata['compactor'] = HOSTILE[what]
    chat.run('Look into part 2.')
    assert chat.log.of(CutIgnored)
    assert not chat.log.of(CutResumed)
    assert [faults(seen) for seen in chat.script.seen] == [[]] * len(chat.script.seen)


def test_a_cut_is_what_it_says() -> None:
    """It names stretches of the record by position, and holds only what does not stand there."""
    chat = Chat()
    chat.run('Look into part 1.')
    cuts = [parse(message.metadata['compactor']) for message in chat.record if message.metadata]
    assert cuts
    for cut in cuts:
        made = [piece for piece in cut.pieces if isinstance(piece, str)]
        assert '[compactor ' in made[0]
        assert not any('[compactor ' in piece for piece in made[1:])
        assert cut.pieces[0] == (0, 1)  # the goal stands in the record
        assert cut == parse(json.loads(json.dumps(cut.dump())))


def test_streamed_runs_are_noted_too() -> None:
    """The answer of a stream carries the note as well."""
    script, log = Script(rounds(ROUNDS)), Log()
    compactor: Compactor[None] = Compactor(small(), on_event=log)
    agent = reading_agent(script, **as_capability(compactor))
    first = drive(by_stream, agent, 'Look into part 1.').all_messages()
    last = script.seen[-1]
    drive(by_stream, agent, 'Look into part 2.', message_history=through_json(first))
    assert plain(script.seen[ROUNDS])[: len(last)] == plain(last)


def test_a_store_keeps_few_cuts_of_a_conversation(tmp_path: Path) -> None:
    """However many branches there are, what covers least goes first; another scope finds nothing."""
    from compactor.store.cuts import MOST, StoredCuts

    with Store(tmp_path / 'store.db') as store:
        kept = StoredCuts(store, 'compactor')
        for covers in range(1, 3 * MOST):
            kept.put('a conversation', f'print {covers}', covers, {'covers': covers})
        assert [value['covers'] for value in kept.of('a conversation')] == list(range(3 * MOST - 1, 2 * MOST - 1, -1))
        kept.put('a conversation', f'print {3 * MOST - 1}', 3 * MOST - 1, {'covers': 'again'})
        assert kept.of('a conversation')[0] == {'covers': 'again'}
        assert kept.of('another') == []
        assert StoredCuts(store, 'another').of('a conversation') == []
