"""Only what is new is archived, and what was edited in place counts as new."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import MemoryArchive, Policy, counter_for, restore
from compactor.adapters.pydantic_ai.compat import SUMMARY_FRAME
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.dumped import dump
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.messages.writer import write
from compactor.archive.keeping import keeping
from compactor.archive.manifest import find
from compactor.archive.remembered import Remembered, mark
from compactor.archive.restoring import originals
from compactor.compaction import RequestContext
from compactor.history.track import Tracker
from compactor.pipeline import drive, fit
from tests.laws.histories import lawful_histories
from tests.laws.writer import EPOCH
from tests.sealing import seal_of


class Counting(MemoryArchive):
    """Counts what is put."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[bytes] = []

    def put(self, data: bytes) -> str:
        self.puts.append(data)
        return super().put(data)


class Order(BaseModel):
    """A tool's structured result."""

    id: int
    items: list[str]


def session(rounds: int, start: int = 0) -> list[ModelMessage]:
    """A prompt and rounds of calls with structured arguments and results."""
    messages: list[ModelMessage] = []
    if not start:
        messages.append(ModelRequest(parts=[UserPromptPart('Find the order.', timestamp=EPOCH)]))
    for n in range(start, start + rounds):
        call = ToolCallPart('look', {'page': n, 'where': {'shelf': [n, n + 1]}}, tool_call_id=f'c{n}')
        messages.append(ModelResponse(parts=[TextPart(f'Page {n}.'), call], timestamp=EPOCH))
        content = {'page': n, 'order': Order(id=n, items=[f'item {n}']), 'text': f'line {n} ' * 60}
        result = ToolReturnPart('look', content, tool_call_id=f'c{n}', timestamp=EPOCH, metadata={'seen': [n]})
        messages.append(ModelRequest(parts=[result]))
    return messages


def dumped(messages: list[ModelMessage]) -> bytes:
    """A history as the framework's JSON."""
    return ModelMessagesTypeAdapter.dump_json(messages)


class Run:
    """Compacts a growing history to a share of its size, with one archive and what is remembered of it."""

    def __init__(self) -> None:
        self.archive = Counting()
        self.remembered = Remembered()
        self.counter = counter_for(None)
        self.seal = seal_of(session(1))
        self.tracker = Tracker(MessageReader(self.counter, seal=self.seal))

    def compact(self, messages: list[ModelMessage], percent: int) -> list[ModelMessage]:
        """The compacted history."""
        self.tracker.update(messages)
        context = RequestContext(self.counter, archive=True, frame=SUMMARY_FRAME)
        target = max(1, self.tracker.tokens * percent // 100)
        steps = fit(
            self.tracker, Policy().history.model_copy(update={'strategies': ('window',)}), context, target=target
        )
        compaction = drive(steps, keeping(self.archive, dump, self.remembered))
        assert compaction.failures == ()
        return write(compaction.messages, self.seal) if compaction.changed else messages


def messages_in(puts: list[bytes]) -> int:
    """How many of these entries are messages."""
    return sum(data.startswith(b'compactor message ') for data in puts)


def test_a_later_compaction_stores_only_what_is_new() -> None:
    """Messages that stay are stored once; the next time only the appended ones and what was rewritten are."""
    run = Run()
    first = session(20)
    kept = run.compact(first, 50)
    assert messages_in(run.archive.puts) == len(first)
    run.archive.puts.clear()
    new = session(10, 20)
    rewritten = [message for message in kept if not any(message is was for was in first)]
    sent = run.compact([*kept, *new], 60)
    assert messages_in(run.archive.puts) == len(new) + len(rewritten)
    assert dumped(restore(sent, run.archive)) == dumped([*first, *new])


def last_call(messages: list[ModelMessage]) -> Any:
    """The newest call."""
    return messages[-2].parts[-1]


def last_result(messages: list[ModelMessage]) -> Any:
    """The newest result."""
    return messages[-1].parts[0]


EDITS: dict[str, Callable[[list[ModelMessage]], Any]] = {
    'argument': lambda m: last_call(m).args.update(page=-1),
    'deep argument': lambda m: last_call(m).args['where']['shelf'].append(-1),
    'result': lambda m: last_result(m).content.update(text='another'),
    'model in a result': lambda m: setattr(last_result(m).content['order'], 'id', -1),
    'list of a model': lambda m: last_result(m).content['order'].items.append('one more'),
    'metadata': lambda m: last_result(m).metadata['seen'].append(-1),
    'text': lambda m: setattr(m[-2].parts[0], 'content', 'Page ?'),
    'usage': lambda m: setattr(m[-2].usage, 'input_tokens', 7),  # type: ignore[union-attr]
    'part added': lambda m: m[-2].parts.append(TextPart('One more.')),  # type: ignore[union-attr]
    'part removed': lambda m: m[-2].parts.pop(0),  # type: ignore[union-attr]
    'run': lambda m: setattr(m[-1], 'run_id', 'another'),
}


@pytest.mark.parametrize('edit', EDITS.values(), ids=EDITS)
def test_what_was_edited_in_place_is_stored_again(edit: Callable[[list[ModelMessage]], Any]) -> None:
    """However deep: what is restored is what was handed in at the last compaction."""
    run = Run()
    kept = run.compact(session(20), 50)
    edit(kept)
    run.archive.puts.clear()
    handed_in = [*kept, *session(10, 20)]
    recorded = dumped(restore(copy.deepcopy(handed_in), run.archive))
    sent = run.compact(handed_in, 60)
    assert dumped(restore(sent, run.archive)) == recorded


def test_what_the_archive_has_forgotten_is_stored_again() -> None:
    """A key is used only while the archive says that it holds it."""
    run = Run()
    first = session(20)
    kept = run.compact(first, 50)
    staying = run.archive.held([key for _, key in run.remembered.known(kept) if key is not None])
    assert staying
    for key in staying:
        run.archive._bytes -= len(run.archive._entries.pop(('', key)))
        del run.archive._by_handle[key[:16]]
    new = session(10, 20)
    sent = run.compact([*kept, *new], 60)
    assert newest_restored(sent, run.archive) == dumped([*kept, *new])


def newest_restored(sent: list[ModelMessage], archive: MemoryArchive) -> bytes:
    """What the last compaction alone was handed."""
    handle = newest_handle(sent)
    assert handle is not None
    manifest = find(archive, handle)
    assert manifest is not None
    return dumped(originals(FORMAT, archive, manifest, handle, {}))


@given(lawful_histories(legacy_retries=False))
def test_a_message_is_what_it_was_until_something_in_it_changes(messages: list[ModelMessage]) -> None:
    """Every message the framework writes can be marked, and two marks of it name the same objects."""
    for message in messages:
        one, two = mark(message), mark(message)
        assert one is not None
        assert two is not None
        assert len(one) == len(two)
        assert all(a is b for a, b in zip(one, two, strict=True))


@given(st.integers(2, 6), st.integers(0, 5))
def test_nothing_moves_between_containers_unseen(size: int, at: int) -> None:
    """[[a, b], []] and [[a], [b]] hold the same objects in the same order, and are told apart."""
    inner: list[list[str]] = [[str(n) for n in range(size)], []]
    message = ModelRequest(parts=[ToolReturnPart('look', inner, tool_call_id='c', timestamp=EPOCH)])
    before = mark(message)
    inner[1].insert(0, inner[0].pop())
    after = mark(message)
    assert before is not None
    assert after is not None
    assert len(before) != len(after) or any(a is not b for a, b in zip(before, after, strict=True))


@dataclasses.dataclass
class Slotted:
    """A value whose fields do not show in `vars`."""

    __slots__ = ('size',)
    size: int


class Words(list[str]):
    """A container with more to it than a list has."""


@pytest.mark.parametrize(
    'value', [Slotted(1), Words(['a']), object(), {1, 2}, bytearray(b'x')], ids=lambda value: type(value).__name__
)
def test_what_may_hide_something_is_not_remembered(value: Any) -> None:
    """A type that is not known to show all it holds is stored anew each time."""
    assert mark(ModelRequest(parts=[ToolReturnPart('look', value, tool_call_id='c', timestamp=EPOCH)])) is None


def test_a_value_that_holds_itself_ends() -> None:
    """No endless walk."""
    circle: list[Any] = []
    circle.append(circle)
    assert mark(ModelRequest(parts=[ToolReturnPart('look', circle, tool_call_id='c', timestamp=EPOCH)])) is None
