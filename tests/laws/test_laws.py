"""The laws of docs/laws.md as properties: over generated histories, broken ones, and recorded conversations.

`laws.py` holds the laws, written on their own over the framework's messages; the library's checker
(`history.rules`) is itself tested at the end, by violations planted in lawful results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import Compaction, MemoryArchive, Policy, compact, counter_for
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history import reasoning, rules
from compactor.history.message import Kind, Message, Part
from compactor.strategies import STRATEGIES
from compactor.tokens.counter import counter_for as text_counter_for
from tests.corpus import NAMES, conversations, needs_corpus
from tests.laws.histories import Drawn, broken_histories, lawful_histories, shape_of
from tests.laws.laws import GENEROUS, LAWS, MODELS, Case, Run, faults, run
from tests.laws.release import NativeCall, NativeReturn
from tests.laws.writer import EPOCH

TARGETS = (4_000, 8_000, 15_000, 50_000)
SUBSET = {'oddities_unrepaired': 40, 'codex_entire': 3, 'pydantic_ai_cassettes': 60, 'tau_bench': 20}
"""Recorded conversations of every run: how many of each of these sets."""

FEWER = settings(max_examples=max(30, settings().max_examples * 3 // 10))
"""For properties that compact several times an example; the profile decides how many there are."""

HISTORIES: dict[str, st.SearchStrategy[list[ModelMessage]]] = {
    'in a run': lawful_histories(text_size=8, max_steps=24),
    'between runs': lawful_histories(in_run=False, text_size=8, max_steps=24),
    'broken': broken_histories(text_size=4),
}


@st.composite
def cases(draw: Drawn, messages: list[ModelMessage]) -> Case:
    """A policy, a model and a target from nothing to more than the history holds, forced or by the trigger."""
    size = counter_for(None).count_messages(messages)
    target = max(1, size * draw(st.integers(0, 110)) // 100)
    names = draw(st.one_of(st.just(list(STRATEGIES)), st.permutations(list(STRATEGIES)).map(lambda p: p[:2])))
    forced = draw(st.booleans())
    history = {
        'strategies': tuple(names),
        'max_exchanges': draw(st.sampled_from([None, 1, 2, 4])),
        'exchange_unit': draw(st.sampled_from(['prompt', 'request'])),
        'keep_steps': draw(st.sampled_from([1, 3, 8])),
        'band': draw(st.sampled_from([None, 0, 0.4, 0.8])),
        'clamp_prompts': draw(st.booleans()),
        'protect_tools': draw(st.sampled_from([(), ('run',), ('edit_file', 'grep')])),
    }
    if not forced:
        history |= {'max_input_tokens': 2 * target + 10, 'hard_limit_threshold': 0.9, 'goal_ratio': 0.6}
    policy = Policy.load(environment={}, history=history)
    return Case(policy, target if forced else None, draw(st.sampled_from(MODELS)), draw(st.booleans()))


@pytest.mark.parametrize('kind', HISTORIES)
@pytest.mark.parametrize('law', LAWS)
def test_law(law: str, kind: str) -> None:
    """The law holds for any history, policy, model and target, in `compact` and before a request."""

    @FEWER
    @given(HISTORIES[kind], st.data())
    def holds(messages: list[ModelMessage], data: st.DataObject) -> None:
        case = data.draw(cases(messages))
        note(shape_of(messages))
        assert list(LAWS[law](run(case, messages))) == []

    holds()


@given(lawful_histories())
def test_a_lawful_history_below_the_trigger_is_left_alone(messages: list[ModelMessage]) -> None:
    """Read and written back, nothing is repaired and every message is the very object it was."""
    for sending in (False, True):
        result = Case(GENEROUS, None, None, sending)(messages)
        assert result.repairs == ()
        assert not result.changed
        assert all(now is was for now, was in zip(result.messages, messages, strict=True)), shape_of(messages)


@FEWER
@given(lawful_histories(legacy_retries=False), st.integers(1, 100))
def test_equal_histories_give_equal_bytes(messages: list[ModelMessage], percent: int) -> None:
    """Two copies of one history, loaded apart, are compacted to the same bytes: no identity, clock or chance."""
    stored = ModelMessagesTypeAdapter.dump_json(messages)
    target = max(1, counter_for(None).count_messages(messages) * percent // 100)
    first, second = (
        ModelMessagesTypeAdapter.dump_json(
            list(compact(ModelMessagesTypeAdapter.validate_json(stored), target_tokens=target).messages)
        )
        for _ in range(2)
    )
    assert first == second


@given(lawful_histories(compaction=True), st.integers(1, 100))
def test_a_history_kept_by_its_provider_is_not_rewritten(messages: list[ModelMessage], percent: int) -> None:
    """Where a provider goes on from its own compaction of the history, nothing is touched, whatever the target."""
    responses = (message for message in messages if message.kind == 'response')
    kept = any(
        part.part_kind == 'compaction' and part.provider_name == 'anthropic'
        for message in responses
        for part in message.parts
    )
    target = max(1, counter_for(None).count_messages(messages) * percent // 100)
    result = compact(messages, target_tokens=target, model='anthropic:claude-opus-4-6')
    assert (result.outcome == 'stood_aside') == kept
    if kept:
        assert not result.changed


@FEWER
@given(HISTORIES['in a run'], st.data())
def test_idempotent_with_an_archive(messages: list[ModelMessage], data: st.DataObject) -> None:
    """The line that names the archive gives no strategy anything to do that it had not before."""
    case = data.draw(cases(messages))
    archive = MemoryArchive()

    def compacted(messages: Sequence[ModelMessage]) -> Compaction[ModelMessage]:
        target, model = case.target, case.model
        return compact(messages, case.policy, target_tokens=target, model=model, archive=archive, recall=True)

    once = compacted(messages)
    again = compacted(once.messages)
    assert all(a is b for a, b in zip(once.messages, again.messages, strict=True))
    assert not again.changed


def test_every_reasoning_rule_is_exercised() -> None:
    """The models of the properties stand under every row of the table, and under none."""
    names = (model.partition(':') if model else (None, '', None) for model in MODELS)
    met = {reasoning.rule_for(provider, model).name for provider, _, model in names}
    assert met == {rule.name for rule in reasoning.RULES} | {reasoning.NO_RULE.name}


# -- recorded conversations ----------------------------------------------------------------------------------


def unlawful(source: str, target: int, limit: int | None = None) -> list[str]:
    """The faults of every conversation of a source, compacted to a target."""
    case = Case(Policy(), target, None, sending=False)
    return [
        f'{conversation.id}: {fault}'
        for conversation in conversations(source, limit=limit)
        for fault in faults(run(case, conversation.messages))
    ]


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('source', SUBSET)
def test_corpus_is_lawful(source: str, target: int) -> None:
    """Recorded conversations, as they were recorded, compact without a violation; a named subset."""
    assert unlawful(source, target, SUBSET[source]) == []


@needs_corpus
@pytest.mark.corpus
@pytest.mark.sweep
@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('source', NAMES)
def test_whole_corpus_is_lawful(source: str, target: int) -> None:
    """Every recorded conversation compacts without a violation."""
    assert unlawful(source, target) == []


# -- the checker that runs in production: planted violations -------------------------------------------------


def history() -> list[ModelMessage]:
    """Two exchanges with parallel calls, signed thinking and a native pair."""

    def asks(*calls: str) -> ModelResponse:
        thinking = ThinkingPart('I look.', signature='sig', provider_name='anthropic')
        return ModelResponse([thinking, *(ToolCallPart('run', {'n': c}, c) for c in calls)], timestamp=EPOCH)

    def answers(*calls: str) -> list[ToolReturnPart]:
        return [ToolReturnPart('run', f'result of {c} ' * 50, c, timestamp=EPOCH) for c in calls]

    searched = [
        NativeCall('web_search', {'query': 'eof token'}, 'n', provider_name='anthropic'),
        NativeReturn('web_search', 'nothing', 'n', provider_name='anthropic', timestamp=EPOCH),
    ]
    return [
        ModelRequest([UserPromptPart('Fix the parser.', timestamp=EPOCH)]),
        asks('a', 'b'),
        ModelRequest(answers('a', 'b')),
        ModelResponse([*searched, TextPart('Done.')], timestamp=EPOCH),
        ModelRequest([UserPromptPart('Now the lexer.', timestamp=EPOCH)]),
        asks('c'),
        ModelRequest([*answers('c'), UserPromptPart('And test it.', timestamp=EPOCH)]),
    ]


def having(messages: list[Message], i: int, parts: Sequence[Part], **values: Any) -> list[Message]:
    """The view with other parts in one message."""
    tokens = 3 + sum(part.tokens for part in parts)
    changed = replace(messages[i], parts=tuple(parts), tokens=tokens, edited=True, **values)
    return [*messages[:i], changed, *messages[i + 1 :]]


def without_thinking(messages: list[Message]) -> list[Message]:
    """The calls of the second response without the thinking that led to them."""
    return having(messages, 5, [part for part in messages[5].parts if part.kind is not Kind.THINKING])


def with_point(part: Part) -> Part:
    """The part with one more cache point."""
    return replace(part, cache_points=(*part.cache_points, 'point'), edited=True)


Plant = Callable[[list[Message]], list[Message]]
PLANTED: dict[str, tuple[str, str, Plant]] = {
    'nothing': ('', 'none', lambda m: m),
    'a result dropped': ('pairs', 'none', lambda m: having(m, 2, m[2].parts[:1])),
    'a call dropped': ('pairs', 'none', lambda m: having(m, 1, m[1].parts[:2])),
    'a result twice': ('pairs', 'none', lambda m: having(m, 2, [*m[2].parts, m[2].parts[0]])),
    'a step without its results': ('pairs', 'none', lambda m: [*m[:2], *m[3:]]),
    'results without their step': ('pairs', 'none', lambda m: [m[0], *m[2:]]),
    'a prompt ahead of a result': ('pairs', 'none', lambda m: having(m, 6, m[6].parts[::-1])),
    'half a native pair dropped': ('pairs', 'none', lambda m: having(m, 3, m[3].parts[1:])),
    'messages swapped': ('pairs', 'none', lambda m: [m[0], m[2], m[1], *m[3:]]),
    'the beginning cut off': ('order', 'none', lambda m: m[1:]),
    'everything dropped': ('order', 'none', lambda m: []),
    'the last request dropped': ('order', 'none', lambda m: m[:4]),
    'an emptied message': ('order', 'none', lambda m: having(m, 3, [])),
    'two responses in a row': ('order', 'none', lambda m: [*m[:4], m[3], *m[4:]]),
    'the last words changed': (
        'order',
        'none',
        lambda m: having(m, 6, [m[6].parts[0], m[6].parts[1].with_text('?', 1)]),
    ),
    'the goal dropped': ('protected', 'none', lambda m: m[4:]),
    'a cache point too many': (
        'protected',
        'none',
        lambda m: having(m, 4, [with_point(part) for part in m[4].parts]),
    ),
    'thinking stripped': ('reasoning', 'Anthropic', without_thinking),
    'bound thinking behind a change': ('reasoning', 'Anthropic, bound', lambda m: [m[0], *m[3:]]),
    'an unchanged message rebuilt': ('identity', 'none', lambda m: [replace(m[0]), *m[1:]]),
    'grown': (
        'shrinks',
        'none',
        lambda m: having(m, 2, [m[2].parts[0].with_text('longer', 9_999), m[2].parts[1]]),
    ),
}


@pytest.mark.parametrize('plant', PLANTED)
def test_the_checker_finds(plant: str) -> None:
    """A violation planted in a lawful history is found, under its law; the history itself has none."""
    law, name, change = PLANTED[plant]
    rule = next((r for r in reasoning.RULES if r.name == name), reasoning.NO_RULE)
    messages = MessageReader(text_counter_for(None)).read(history())
    found = {violation.law for violation in rules.check(messages, change(messages), rule)}
    assert law in found if law else found == set()


@given(HISTORIES['in a run'], st.data())
def test_the_checker_agrees_with_the_laws_about_lost_parts(messages: list[ModelMessage], data: st.DataObject) -> None:
    """With one part cut out anywhere, what the independent laws of pairs and order find, the checker finds."""
    reader = MessageReader(text_counter_for(None))
    places = [(i, j) for i, message in enumerate(messages) for j in range(len(message.parts))]
    i, j = data.draw(st.sampled_from(places))
    before = reader.read(messages)
    after = having(before, i, [part for n, part in enumerate(before[i].parts) if n != j])
    torn: Any = messages[i]
    cut = replace(torn, parts=[part for n, part in enumerate(torn.parts) if n != j])
    result = replace(compact(messages, GENEROUS), messages=[*messages[:i], cut, *messages[i + 1 :]])
    without = Run(Case(GENEROUS, None, None, sending=False), messages, '', result)
    expected = {law for law in ('pairs', 'order') if list(LAWS[law](without))}
    found = {violation.law for violation in rules.check(before, after)}
    note(shape_of(messages))
    assert expected <= found
