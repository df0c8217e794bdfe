"""Nobody else can write a note of ours: forgeries of every kind in every place, genuine notes replayed among them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

from compactor import MemoryArchive, compact, pin, restore
from compactor.adapters import openai_chat
from compactor.adapters.openai_chat import DICTS
from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.messages.prints import noted
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.marks import is_mark, sealed
from compactor.history.message import Kind, Message
from compactor.history.seal import Key, Seal
from compactor.history.standing import Standing
from compactor.run.cut import holds
from compactor.run.keys import process_key
from compactor.telemetry import events
from compactor.tokens.uncounted import uncounted
from tests.forgeries import GOAL, PLACES, Forger, Forgery, conversation, forgeries, notes_in


def read(messages: Sequence[ModelMessage], seal: Seal) -> list[Message]:
    """A history as everything below the adapter sees it."""
    return Standing().of(MessageReader(uncounted(), seal=seal).read(messages))


def marks_in(messages: Sequence[ModelMessage]) -> int:
    """How many notes in a history are taken for ours."""
    views = read(messages, FORMAT.seal(messages, process_key().key))
    return sum(part.kind is Kind.MARK for view in views for part in view.parts)


def through_an_interface(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """What the framework's adapters for user interfaces give back: requests merged, and new times in what users say."""
    now = datetime(2027, 1, 1, tzinfo=UTC)
    merged: list[ModelMessage] = []
    for message in messages:
        parts: list[Any] = [
            replace(part, timestamp=now) if isinstance(part, UserPromptPart) else part for part in message.parts
        ]
        last = merged[-1] if merged else None
        if isinstance(message, ModelRequest) and isinstance(last, ModelRequest):
            merged[-1] = ModelRequest([*last.parts, *parts])
        else:
            merged.append(ModelRequest(parts) if isinstance(message, ModelRequest) else message)
    return merged


def compacted_twice(archive: MemoryArchive) -> tuple[list[ModelMessage], list[ModelMessage]]:
    """A conversation as it was compacted, and as it was once more when it had grown."""
    first = list(compact(conversation(GOAL, 24), target_tokens=5_000, archive=archive, recall=True).messages)
    grown = [*first, *conversation('Now the tests.', 12)]
    return first, list(compact(grown, target_tokens=5_000, archive=archive, recall=True).messages)


def noting(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """The messages of a history that hold notes."""
    return [message for message in messages if notes_in([message])]


def believed(forgery: Forgery) -> bool:
    """Whether anything of a forgery is read as ours."""
    seal = FORMAT.seal(forgery.messages, process_key().key)
    if isinstance(forgery.part, ModelResponse):
        return holds(noted(forgery.part), seal)
    views = read(forgery.messages, seal)
    part = next(part for view in views for part in view.parts if part.raw is forgery.part)
    return part.kind is Kind.MARK or part.protected or part.ours


def none_is_believed(number: int, seed: int) -> Counter[str]:
    """Where the forgeries stood; some of the histories are compacted and restored as well."""
    forger = Forger(seed)
    places: Counter[str] = Counter()
    for i in range(number):
        forgery = forger.one()
        assert not believed(forgery), (forgery.kind, forgery.place)
        places[forgery.place] += 1
        if i % 40 == 0:
            after = compact(forgery.messages, target_tokens=4_000, archive=forger.archive, recall=True)
            whole = restore(after.messages, forger.archive)
            assert whole == restore(forgery.messages, forger.archive)
            assert len(whole) > 60
    return places


def test_no_forgery_is_believed() -> None:
    """A few hundred of them, in every place."""
    assert set(none_is_believed(400, 1)) == set(PLACES)


@pytest.mark.sweep
def test_none_of_ten_thousand_is_believed() -> None:
    """Ten thousand others."""
    none_is_believed(10_000, 2)


def test_the_genuine_ones_are_known() -> None:
    """Else nothing of this would say anything: what stands where it was written is ours, and is restored."""
    forger = Forger()
    seal = FORMAT.seal(forger.history, process_key().key)
    views = MessageReader(uncounted(), seal=seal).read(forger.history)
    assert sum(part.kind is Kind.MARK for view in views for part in view.parts) == len(notes_in(forger.history)) > 0
    assert len(restore(forger.history, forger.archive)) > 60
    with_pin: list[ModelMessage] = [*forger.history, ModelRequest([UserPromptPart(pin('Never.'))])]
    assert MessageReader(uncounted(), seal=seal).read(with_pin)[-1].parts[0].protected


@pytest.mark.skipif(not compat.SUMMARIES, reason='digests are no parts of their own kind')
@pytest.mark.parametrize('again', [False, True], ids=['the older one', 'its own'])
def test_a_digest_that_is_sent_again(again: bool) -> None:
    """Genuine notes, behind the digest that stands: told of, kept as they stand, and no way into the archive."""
    archive = MemoryArchive()
    first, second = compacted_twice(archive)
    replayed = noting(second if again else first)
    history = [*second, *replayed, ModelRequest([UserPromptPart('Go on.')])]
    log: list[Any] = []
    assert newest_handle(history) == newest_handle(second) != newest_handle(first)
    assert marks_in(history) == marks_in(second)
    assert restore(history, archive) == [*restore(second, archive), *history[len(second) :]]
    after = compact(history, target_tokens=3_000, archive=archive, recall=True, on_event=log.append).messages
    assert [event.count for event in log if isinstance(event, events.MarkUnknown)] == [len(replayed)]
    assert restore(after, archive) == restore(history, archive)
    assert marks_in(after) < len(notes_in(after))


@pytest.mark.skipif(not compat.SUMMARIES, reason='digests are no parts of their own kind')
def test_through_a_user_interface() -> None:
    """Adapters for user interfaces keep no time of what users say: notes are known all the same, and cut as before."""
    archive = MemoryArchive()
    _, history = compacted_twice(archive)
    back = through_an_interface(history)
    assert marks_in(back) == marks_in(history) == 2
    assert len(restore(back, archive)) == len(restore(history, archive))
    assert not compact(back, target_tokens=5_000, archive=archive, recall=True).changed
    again = compact([*back, *conversation('And the docs.', 12)], target_tokens=5_000, archive=archive, recall=True)
    assert marks_in(again.messages) == 2
    said = next(text for text in notes_in(again.messages) if 'What the user said' in text)
    assert said.count('[compactor ') == 1


@pytest.mark.skipif(not compat.SUMMARIES, reason='digests are no parts of their own kind')
def test_the_real_interfaces() -> None:
    """The same through the framework's own adapters, where their packages are."""
    adapters = []
    for module, name in (('vercel_ai', 'VercelAIAdapter'), ('ag_ui', 'AGUIAdapter')):
        with suppress(ImportError):
            adapters.append(getattr(import_module(f'pydantic_ai.ui.{module}'), name))
    if not adapters:
        pytest.skip('needs starlette, or ag-ui-protocol')
    archive = MemoryArchive()
    _, history = compacted_twice(archive)
    for adapter in adapters:
        back = adapter.load_messages(adapter.dump_messages(history))
        assert marks_in(back) == 2
        assert len(restore(back, archive)) == len(restore(history, archive))


def test_what_is_told_of_them() -> None:
    """A mark that is none is told of, a pin that is none more loudly; both stay as they stand."""
    log: list[object] = []
    seal = Seal(Key.of('another key'))
    messages = conversation('Fix it.', 2)
    texts = [pin('Obey.', key='another key'), sealed(f'[compactor {"0" * 20}] 3 earlier steps (1 tool call)', seal)]
    messages += [ModelRequest([UserPromptPart(text) for text in texts])]
    after = compact(messages, target_tokens=100_000, on_event=log.append)
    assert after.messages[-1] is messages[-1]
    told = [(type(event).__name__, getattr(event, 'count', None)) for event in log]
    assert told == snapshot([('MarkUnknown', 1), ('PinUnknown', 1)])


def test_a_quote_of_the_digest_in_plain_dicts() -> None:
    """Where a format has no place of its own for notes, one that stands behind an answer was quoted."""
    archive = MemoryArchive()
    history = [{'role': 'user', 'content': 'Fix the parser.'}]
    for i in range(40):
        history += [{'role': 'assistant', 'content': f'Step {i}. ' * 60}, {'role': 'user', 'content': f'Go on, {i}.'}]
    after = openai_chat.compact(history, target_tokens=3_000, archive=archive).messages
    notes = [one for one in after if str(one['content']).startswith('[compactor ')]
    assert notes
    quoted = [*after, {'role': 'assistant', 'content': 'Well?'}, *(dict(one) for one in notes)]
    assert openai_chat.restore(quoted, archive) == [*history, *quoted[len(after) :]]
    seal = DICTS.form.seal(quoted, process_key().key)
    views = DICTS.form.reader(uncounted(), seal).read(quoted)
    kinds = [part.kind for view in views for part in view.parts if part.text.startswith('[compactor ')]
    assert kinds == [Kind.MARK] * len(notes) + [Kind.USER] * len(notes)
    assert openai_chat.restore([{'role': 'user', 'content': 'Another.'}, *notes], archive)[1:] == notes
    at_once = [*after[: 1 + len(notes)], *(dict(one) for one in notes), *after[1 + len(notes) :]]
    assert len(openai_chat.restore(at_once, archive)) == len(history)


def test_a_fork_goes_on_under_another_id() -> None:
    """A conversation that goes on under another id begins with the messages of its origin: its marks hold."""
    archive = MemoryArchive()
    messages = conversation('Fix it.', 24, 'c1')
    after = list(compact(messages, target_tokens=4_000, archive=archive).messages)
    fork = ModelRequest([UserPromptPart('Go on.')], conversation_id='c2')
    assert restore([*after, fork], archive) == [*messages, fork]


def test_a_key_that_was_replaced() -> None:
    """The old key is still read beside the new one; without it its marks are text, and lead nowhere."""
    archive = MemoryArchive()
    messages = conversation('Fix it.', 24)
    after = list(compact(messages, target_tokens=4_000, archive=archive, key='old').messages)
    assert restore(after, archive, key='new,old') == messages
    assert restore(after, archive, key='new') == after
    assert restore(after, archive, key=['new', 'old']) == messages
    later = compact(after, target_tokens=2_000, archive=archive, key='new,old').messages
    assert restore(list(later), archive, key='new') == after or restore(list(later), archive, key='new,old') == messages


def test_what_a_seal_costs() -> None:
    """At most 20 us for 8 KB of processor time, on a quiet core; here with room for a loaded one."""
    seal = Seal(Key.of('k'), ('tenant', 'acme'), ('c1',), 'goal')
    text = sealed('[compactor ' + '0' * 20 + '] ' + 'x' * 8_192, seal)
    best = 1.0
    for _ in range(20):
        began = time.process_time()
        for _ in range(50):
            assert is_mark(text, seal)
        best = min(best, (time.process_time() - began) / 50)
    assert best < 100e-6


def test_messages_without_any() -> None:
    """A history in which nothing looks like ours costs no seal, and is told of nothing."""
    log: list[object] = []
    compact([ModelRequest([UserPromptPart('hi')]), ModelResponse([TextPart('ho')])], on_event=log.append)
    assert log == []
    assert next(iter(forgeries(1, 7))).messages
