"""Spoken conversations: the transcript is what is sent, so it is what is compacted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pydantic_ai.messages as m
import pytest
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import HistoryPolicy, MemoryArchive, Policy, compact, restore
from compactor.adapters.pydantic_ai.messages.prompts import last_prompt
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.marks import SAID
from compactor.history.message import Kind
from tests.adapters.driver import output, texts
from tests.notation import COUNTER
from tests.sealing import seal_of

SpeechPart: Any = getattr(m, 'SpeechPart', None)
pytestmark = pytest.mark.skipif(SpeechPart is None, reason='this version has no speech')
SOUND = BinaryContent(b'RIFF' + b'1' * 20_000, media_type='audio/wav')


def asked(text: str | None, **more: Any) -> ModelRequest:
    """What a person says."""
    return ModelRequest([SpeechPart(speaker='user', transcript=text, **more)])


def answered(text: str | None, **more: Any) -> ModelResponse:
    """What the model says."""
    return ModelResponse([SpeechPart(speaker='assistant', transcript=text, **more)])


def talk(turns: int, sound: bool = True) -> list[ModelMessage]:
    """A conversation aloud, that goes on in writing."""
    messages: list[ModelMessage] = []
    for n in range(turns):
        messages += [
            asked(f'question {n} ' + output(n, 60), audio=SOUND if sound else None),
            answered(f'answer {n} ' + output(n, 60), audio=SOUND if sound else None),
        ]
    return [*messages, ModelRequest([UserPromptPart('Sum up what I said.')])]


def written(messages: list[ModelMessage]) -> list[ModelMessage]:
    """The same conversation in writing."""
    return [
        ModelRequest([UserPromptPart(p.transcript or '') if isinstance(p, SpeechPart) else p for p in message.parts])
        if isinstance(message, ModelRequest)
        else ModelResponse([TextPart(p.transcript or '') for p in message.parts if isinstance(p, SpeechPart)])
        for message in messages
    ]


@pytest.mark.parametrize('sound', [True, False])
@pytest.mark.parametrize('target', [1_000, 3_000])
def test_as_in_writing(sound: bool, target: int) -> None:
    """A spoken conversation costs what it costs in writing, and is compacted to the same texts."""
    aloud, plain = (compact(h, target_tokens=target) for h in (talk(60, sound), written(talk(60, sound))))
    assert (aloud.tokens_before, aloud.tokens_after) == (plain.tokens_before, plain.tokens_after)
    assert aloud.fits
    assert [text for text in texts(aloud.messages) if SAID in text] == [t for t in texts(plain.messages) if SAID in t]
    assert aloud.failures == ()


def test_it_comes_back() -> None:
    """What was said aloud is archived with its sound."""
    archive = MemoryArchive()
    history = talk(60)
    result = compact(history, target_tokens=3_000, archive=archive)
    dumped = ModelMessagesTypeAdapter.dump_json(restore(result.messages, archive))
    assert dumped == ModelMessagesTypeAdapter.dump_json(history)


def test_sound_goes_where_its_words_are_cut() -> None:
    """A model that hears would else be sent all of what was cut."""
    long = asked(output(1, 900), audio=SOUND, id='item_1', provider_name='openai')
    spoken = answered(output(2, 900), audio=SOUND, timestamps=[m.SpeechTimestamp(text='x', start_ms=0, duration_ms=1)])
    history: list[ModelMessage] = [
        ModelRequest([UserPromptPart('Hello.')]),
        answered('Hi.'),
        long,
        spoken,
        ModelRequest([UserPromptPart('?')]),
    ]
    policy = Policy(history=HistoryPolicy(strategies=('clamp',), clamp_prompts=True))
    result = compact(history, policy, target_tokens=400)
    assert result.fits
    parts = [p for msg in result.messages for p in msg.parts if isinstance(p, SpeechPart) and len(p.content) > 10]
    assert len(parts) == 2
    assert all(part.audio is None and part.id is None and not part.timestamps for part in parts)


@pytest.mark.parametrize('sound', [SOUND, None])
def test_without_words(sound: BinaryContent | None) -> None:
    """Speech of which nobody knows the words is not sent: it costs nothing, breaks nothing and is not quoted."""
    silent: list[ModelMessage] = [asked(None, audio=sound), answered(None, audio=sound)]
    history: list[ModelMessage] = [*talk(20)[:-1], *silent, *talk(20)]
    view = MessageReader(COUNTER).read(silent)
    assert [part.tokens for message in view for part in message.parts] == [0, 0]
    result = compact(history, target_tokens=2_000)
    assert (result.fits, result.failures) == (True, ())


def test_what_was_asked_last() -> None:
    """A spoken question is a question."""
    assert last_prompt([*talk(2)[:-1], asked('Which of the two files is larger?')]) == (
        'Which of the two files is larger?',
        False,
    )


def test_the_goal_and_the_current_prompt_stay() -> None:
    """Said aloud, they are kept as they are."""
    history = [*talk(60)[:-1], asked('And now the last one.')]
    result = compact(history, target_tokens=2_000)
    assert result.messages[0] is history[0] or result.messages[0].parts[0] is history[0].parts[0]
    assert result.messages[-1].parts[-1] is history[-1].parts[0]
    kinds = [
        part.kind
        for message in MessageReader(COUNTER, seal=seal_of(result.messages)).read(result.messages)
        for part in message.parts
    ]
    assert Kind.USER in kinds


def test_a_prompt_in_the_place_of_speech_has_the_time_of_what_stands_before_it() -> None:
    """Speech holds no cache point: where it takes over one, it becomes a prompt, the same at every compaction."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    beside = UserPromptPart(['beside', CachePoint()], timestamp=began)
    messages: list[ModelMessage] = [
        ModelRequest([UserPromptPart('Fix it. ' * 20, timestamp=began)], timestamp=began),
        ModelResponse([TextPart('ok')], timestamp=began),
        ModelRequest([SpeechPart(speaker='user', transcript='Go on. ' * 30)], timestamp=began),
        ModelResponse([ToolCallPart('run', {'a': 1}, 'c1')], timestamp=began),
        ModelRequest([ToolReturnPart('run', 'x ' * 200, 'c1', timestamp=began), beside], timestamp=began),
        ModelResponse([ToolCallPart('run', {'a': 2}, 'c2')], timestamp=began),
        ModelRequest([ToolReturnPart('run', 'y ' * 200, 'c2', timestamp=began)], timestamp=began),
    ]
    made = compact(messages, Policy(history=HistoryPolicy(strategies=('window',))), target_tokens=50).messages
    hosts = [
        p for message in made for p in message.parts if isinstance(p, UserPromptPart) and not isinstance(p.content, str)
    ]
    assert [(host.content[-1], host.timestamp) for host in hosts] == [(CachePoint(), began)]
