"""The generators' own truth: lawful histories are lawful, broken ones break, every shape comes up."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic_ai import messages as pai
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest, ModelResponse

from tests.corpus import NAMES, conversations, needs_corpus, tool_outputs
from tests.laws.histories import broken_histories, lawful_histories, shape_of
from tests.laws.mutations import MUTATIONS, STORABLE
from tests.laws.release import OUTCOMES, REQUEST_COMPACTION, RETRIED, known
from tests.laws.texts import NOTES, SURROGATES
from tests.laws.writer import Genes

# The machines that run this are shared and slow; time is judged in one test of its own.
LENIENT: Any = {'deadline': None, 'suppress_health_check': [HealthCheck.too_slow, HealthCheck.data_too_large]}


def faults(messages: list[ModelMessage]) -> list[str]:
    """What is unlawful about a history; written on its own, without the library's own checker."""
    found: list[str] = []
    if not messages or not isinstance(messages[0], ModelRequest):
        return ['does not start with a request']
    if not any(part.part_kind == 'user-prompt' for part in messages[0].parts):
        found.append('no user prompt in the first request')
    for index, (message, after) in enumerate(zip(messages, [*messages[1:], None], strict=True)):
        if not message.parts:
            found.append(f'{index} is empty')
        neighbours = after is not None and after.kind == message.kind
        if neighbours and (message.kind == 'response' or ids(after, is_answer)):
            found.append(f'{index} and its neighbour are both a {message.kind}')
        kinds = [part.part_kind for part in message.parts]
        if index and 'system-prompt' in kinds:
            found.append(f'{index} has a system prompt in the middle')
        answers = [is_answer(part) for part in message.parts]
        if answers != sorted(answers, reverse=True):
            found.append(f'{index} has a result behind other parts')
        if isinstance(message, ModelResponse):
            asked = ids(message, lambda part: part.part_kind == 'tool-call')
            if len(set(asked)) != len(asked):
                found.append(f'{index} has two open calls with one id')
            if after is not None and ids(after, is_answer) != asked:
                found.append(f'{index} is not answered in order by the next request')
            natives: list[Any] = [p for p in message.parts if p.part_kind.startswith('builtin-tool')]
            pairs = list(zip(natives[::2], natives[1::2], strict=False))
            if len(natives) % 2 or any(call.tool_call_id != result.tool_call_id for call, result in pairs):
                found.append(f'{index} has a torn native pair')
        elif index == 0 and any(answers):
            found.append('the first request answers a call that nobody made')
    return found


def is_answer(part: Any) -> bool:
    """Whether a request part answers a call: a return, or a retry prompt that names its tool."""
    return part.part_kind == 'tool-return' or (part.part_kind == 'retry-prompt' and part.tool_name is not None)


def ids(message: ModelMessage | None, wanted: Any) -> list[str]:
    """The call ids of the wanted parts of a message, in order."""
    parts: list[Any] = list(message.parts) if message else []
    return [part.tool_call_id for part in parts if wanted(part)]


def sample(strategy: st.SearchStrategy[list[ModelMessage]], count: int) -> list[list[ModelMessage]]:
    """So many generated histories, the same ones in every run."""
    gathered: list[list[ModelMessage]] = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], derandomize=True, **LENIENT)
    @given(strategy)
    def gather(messages: list[ModelMessage]) -> None:
        gathered.append(messages)

    gather()
    return gathered


def kinds_of(histories: list[list[ModelMessage]]) -> Counter[str]:
    """How often each part kind, content item and class occurs."""
    seen: Counter[str] = Counter()
    for messages in histories:
        for part in (part for message in messages for part in message.parts):
            seen[type(part).__name__] += 1
            content = getattr(part, 'content', None)
            if isinstance(part, pai.UserPromptPart) and not isinstance(content, str):
                seen.update(f'prompt:{type(item).__name__}' for item in part.content)
            if isinstance(part, pai.ToolReturnPart):
                seen[f'result:{type(content).__name__}'] += 1
                seen[f'outcome:{part.outcome}'] += 1
            if isinstance(part, pai.ToolCallPart):
                seen[
                    f'args:{part.args!r:.20}' if isinstance(part.args, str) else f'args:{type(part.args).__name__}'
                ] += 1
    return seen


@settings(**LENIENT)
@given(lawful_histories())
def test_lawful_histories_of_a_run_in_flight(messages: list[ModelMessage]) -> None:
    """A lawful history answers every call in order in the next request, and ends with a request."""
    assert faults(messages) == [], shape_of(messages)
    assert isinstance(messages[-1], ModelRequest)


@settings(**LENIENT)
@given(lawful_histories(in_run=False, compaction=True, text_size=8))
def test_lawful_histories_between_runs(messages: list[ModelMessage]) -> None:
    """Outside a run a history is as lawful, and only its last response may hold unanswered calls."""
    assert faults(messages) == [], shape_of(messages)


@settings(**LENIENT)
@given(lawful_histories(legacy_retries=False))
def test_lawful_histories_survive_json(messages: list[ModelMessage]) -> None:
    """A lawful history is loaded from its dump with the same kinds and ids, and dumps to the same bytes."""
    dumped = ModelMessagesTypeAdapter.dump_json(messages)
    loaded = ModelMessagesTypeAdapter.validate_json(dumped)
    assert shape_of(loaded) == shape_of(messages)
    assert ModelMessagesTypeAdapter.dump_json(loaded) == dumped


@settings(**LENIENT)
@given(broken_histories(mutations=STORABLE))
def test_broken_histories_survive_json(messages: list[ModelMessage]) -> None:
    """What the storable mutations leave is never empty, and is still something that pydantic-ai can store."""
    loaded = ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(messages))
    assert len(loaded) == len(messages) > 0


@settings(**LENIENT)
@given(lawful_histories())
def test_notes_share_the_run_id_of_their_response(messages: list[ModelMessage]) -> None:
    """What a tool attached stands behind results with the response's run id; a prompt never does."""
    for before, request in pairwise(messages):
        if not isinstance(request, ModelRequest) or not any(is_answer(part) for part in request.parts):
            continue
        same_run = request.run_id is not None and request.run_id == before.run_id
        for part in request.parts:
            if isinstance(part, pai.UserPromptPart) and same_run:
                assert str(part.content).strip("['").startswith(NOTES[0][:20])


def test_every_shape_comes_up() -> None:
    """A sample of lawful histories holds every part kind that this release knows, and every odd content."""
    seen = kinds_of(sample(lawful_histories(in_run=False, compaction=True), 500))
    expected = {
        *(
            'SystemPromptPart',
            'UserPromptPart',
            'ToolReturnPart',
            'RetryPromptPart',
            'TextPart',
            'ThinkingPart',
        ),
        *('ToolCallPart', 'FilePart', 'prompt:str', 'prompt:ImageUrl', 'prompt:BinaryContent'),
        *('result:str', 'result:dict', 'result:list', 'result:NoneType', 'result:Row'),
        *('args:dict', 'args:NoneType', "args:''", 'args:\'{"path": "src/par\''[:25]),
        *(f'outcome:{outcome}' for outcome in OUTCOMES),
        *({'outcome:retried'} if RETRIED else ()),
    }
    where_known = (
        *('CompactionPart', 'RetryFeedbackPart', 'ToolAvailabilityDeltaPart', 'CapabilityLoadDeltaPart'),
        *('ModelSettingsDeltaPart', 'InstructionDeltaPart', 'InstructionBaselinePart', 'SpeechPart'),
        *('ToolSearchCallPart', 'ToolSearchReturnPart', 'LoadCapabilityCallPart', 'LoadCapabilityReturnPart'),
        *(
            'NativeToolSearchCallPart',
            'NativeToolSearchReturnPart',
            'NativeToolCallPart',
            'NativeToolReturnPart',
        ),
    )
    expected |= {name for name in where_known if known(name)}
    in_prompts = ('CachePoint', 'TextContent', 'StructuredContent')
    expected |= {f'prompt:{name}' for name in in_prompts if known(name)}
    assert sorted(expected - set(seen)) == []


def test_the_shapes_of_real_histories_come_up() -> None:
    """A sample holds parallel calls, merged prompts, repeated ids, long exchanges and every kind of end."""
    histories = sample(lawful_histories(in_run=False), 300)
    seen: Counter[str] = Counter()
    for messages in histories:
        calls = [call for m in messages for call in ids(m, lambda part: part.part_kind == 'tool-call')]
        seen['repeated ids'] += len(calls) != len(set(calls))
        seen['40 messages without a new prompt'] += longest_exchange(messages) >= 40
        seen['neighbouring requests'] += any(a.kind == b.kind == 'request' for a, b in pairwise(messages))
        last = messages[-1]
        seen['ends with a request'] += isinstance(last, ModelRequest)
        hanging = any(part.part_kind == 'tool-call' for part in last.parts)
        seen['ends with open calls'] += hanging
        seen['ends with an answer'] += isinstance(last, ModelResponse) and not hanging
        for m in messages:
            kinds = [part.part_kind for part in m.parts]
            seen['5 parallel calls'] += kinds.count('tool-call') == 5
            seen['several prompts'] += kinds.count('user-prompt') > 1
            seen['results and a prompt'] += 'user-prompt' in kinds and any(map(is_answer, m.parts))
            seen['run id'] += m.run_id is not None
            seen['no run id'] += m.run_id is None
    assert min(seen.values()) >= 3, seen


def longest_exchange(messages: list[ModelMessage]) -> int:
    """The largest number of messages in a row without a prompt."""
    longest = run = 0
    for message in messages:
        run = 0 if any(part.part_kind == 'user-prompt' for part in message.parts) else run + 1
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize('name', sorted(MUTATIONS))
def test_mutations_change_the_list_and_not_the_messages(name: str) -> None:
    """Each mutation really breaks some history, and never changes the messages that it was given."""
    changed = 0
    for seed, messages in enumerate(sample(lawful_histories(max_exchanges=2, max_steps=6), 40)):
        before = list(messages)
        parts = [(list(m.parts), [dict(vars(part)) for part in m.parts]) for m in messages]
        after = MUTATIONS[name](messages, Genes(bytes((seed * 37 + n * 11) % 256 for n in range(8))))
        changed += shape_of(after) != shape_of(messages) or name == 'empty_text'
        assert all(was is now for was, now in zip(before, messages, strict=True))
        assert [(list(m.parts), [vars(part) for part in m.parts]) for m in messages] == parts
    assert changed >= 5, name


def test_broken_histories_are_sometimes_whole_and_mostly_broken() -> None:
    """Of a sample some histories stay lawful (no mutation, or a harmless one) and most do not."""
    broken = [bool(faults(messages)) for messages in sample(broken_histories(), 200)]
    assert broken.count(False) >= 20
    assert broken.count(True) >= 60


def test_unknown_parts_and_surrogates_come_up_on_request() -> None:
    """The table's unknown part is found in requests and responses; torn surrogates only where asked for."""
    unknown = [
        m.kind
        for messages in sample(broken_histories(), 300)
        for m in messages
        for part in m.parts
        if str(part.part_kind) == 'speech-x'
    ]
    assert set(unknown) == {'request', 'response'}
    assert not any(
        SURROGATES in repr(messages) or '\\ud83d' in repr(messages) for messages in sample(lawful_histories(), 100)
    )
    assert any('\\ud83d' in repr(messages) for messages in sample(lawful_histories(surrogates=True), 100))


def test_neighbouring_requests_only_where_allowed() -> None:
    """Without neighbours requests and responses strictly take turns."""
    for messages in sample(lawful_histories(neighbours=False), 200):
        assert all(a.kind != b.kind for a, b in pairwise(messages)), shape_of(messages)


def test_compaction_parts_only_where_asked_for() -> None:
    """A provider's compaction parts stay out by default, since such a history is not ours to rewrite."""
    assert kinds_of(sample(lawful_histories(), 200))['CompactionPart'] == 0
    if REQUEST_COMPACTION:
        kinds = [
            m.kind
            for messages in sample(lawful_histories(compaction=True), 300)
            for m in messages
            if any(part.part_kind == 'compaction' for part in m.parts)
        ]
        assert set(kinds) == {'request', 'response'}


def test_texts_grow_without_more_draws() -> None:
    """With a larger text size some histories hold 20,000 tokens, at about the cost of small ones."""

    def characters(messages: list[ModelMessage]) -> int:
        return sum(len(str(getattr(part, 'content', ''))) for m in messages for part in m.parts)

    large = [characters(messages) for messages in sample(lawful_histories(text_size=16), 100)]
    assert max(large) > 80_000
    assert statistics.median(large) < 80_000


def test_a_history_is_built_in_milliseconds() -> None:
    """Generating costs well under a millisecond a message on a busy machine."""
    started = time.process_time()
    histories = sample(lawful_histories(), 100)
    spent = time.process_time() - started
    assert spent / sum(map(len, histories)) < 0.001


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize('name', NAMES)
def test_recorded_conversations_load(name: str) -> None:
    """Every recorded set gives conversations whose messages this release loads, but for a few."""
    found = list(conversations(name, limit=3))
    assert found
    assert all(conversation.source == name and conversation.messages for conversation in found)
    # Older releases refuse the outcome 'interrupted', which some recorded results carry.
    assert sum(c.failed for c in found) <= sum(len(c.messages) for c in found) / 4


@needs_corpus
@pytest.mark.corpus
def test_recorded_tool_outputs_load() -> None:
    """Recorded tool outputs come with their kind and text, and can be narrowed to kinds."""
    outputs = list(tool_outputs('diff', 'json', limit=10))
    assert len(outputs) == 10
    assert {output.kind for output in outputs} <= {'diff', 'json'}
    assert all(output.text for output in outputs)
