"""Summaries in a history: an application's own, and our digest as one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pydantic_ai.messages as m
import pytest
from pydantic_ai import Agent
from pydantic_ai.capabilities import AbstractCapability
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
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import Compactor, HistoryPolicy, MemoryArchive, Policy, compact, restore
from compactor.adapters.pydantic_ai.compat import OURS, SUMMARIES
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.messages.writer import merge_requests
from compactor.history.marks import SAID, gap
from compactor.history.marks import Left as LeftOut
from compactor.history.message import Kind
from tests.adapters.driver import Log, Script, by_run, call, drive, new_agent, output, rounds, small, texts
from tests.notation import COUNTER
from tests.sealing import seal_of

CompactionPart: Any = getattr(m, 'CompactionPart', None)
pytestmark = pytest.mark.skipif(not SUMMARIES, reason='requests of this version hold no summaries')
TOLD = 'Earlier: the loader was ported. The tests of src/loader.py pass.\nOpen: the cache.'


def steps(n: int, first: int = 0, words: int = 200) -> list[ModelMessage]:
    """So many steps that read something."""
    messages: list[ModelMessage] = []
    for k in range(first, first + n):
        messages += [
            ModelResponse([TextPart(f'Step {k}.'), ToolCallPart('read', {'n': k}, f'c{k}')]),
            ModelRequest([ToolReturnPart('read', output(k, words), f'c{k}')]),
        ]
    return messages


def summed(text: str | None = TOLD) -> ModelRequest:
    """A summary as an application writes it."""
    return ModelRequest([CompactionPart(text)])


GOAL = ModelRequest([UserPromptPart('Fix the import.')])
PLACES: dict[str, list[ModelMessage]] = {
    'behind the goal': [GOAL, summed(), *steps(40)],
    'ahead of the goal': [summed(), GOAL, *steps(40)],
    'first of all': [summed(), *steps(40)],
    'in mid-run': [GOAL, *steps(20), summed(), *steps(20, 20)],
    'beside results': [
        GOAL,
        *steps(20),
        ModelResponse([ToolCallPart('read', {}, 'x')]),
        ModelRequest([ToolReturnPart('read', 'ok', 'x'), CompactionPart(TOLD)]),
        *steps(20, 20),
    ],
    'with a prompt': [GOAL, *steps(20), ModelRequest([CompactionPart(TOLD), UserPromptPart('Go on.')]), *steps(20, 20)],
}


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('model', ['openai:gpt-4o', 'anthropic:claude-opus-4-5', None])
def test_an_application_s_summary_is_folded(place: str, model: str | None) -> None:
    """It is no reason to stand aside: what it says stands in the digest, once, and goes on through a chain."""
    history = PLACES[place]
    for _ in range(3):
        result = compact(history, target_tokens=2_500, model=model)
        assert (result.outcome, result.fits, result.failures) == ('compacted', True, ())
        [told] = [text for text in texts(result.messages) if 'the loader was ported' in text]
        assert told.startswith('[compactor ')
        dumped = ModelMessagesTypeAdapter.dump_json(merge_requests(result.messages))
        history = [*ModelMessagesTypeAdapter.validate_json(dumped), *steps(40, 100)]


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('strategies', [('window',), ('clear', 'clamp'), ('dedupe', 'window', 'clamp')], ids='+'.join)
def test_without_a_digest_it_stays(place: str, strategies: tuple[str, ...]) -> None:
    """Nothing else tells what it sums up: only a digest takes it in, to the letter it stays otherwise."""
    result = compact(PLACES[place], Policy(history=HistoryPolicy(strategies=strategies)), target_tokens=3_000)
    assert result.failures == ()
    assert result.fits
    assert [text for text in texts(result.messages) if 'loader was ported' in text] == [TOLD]


def test_a_summary_too_long_for_its_share_is_cut_at_a_sentence() -> None:
    """A summary in one line of thousands of tokens is told as far as there is room, from its beginning."""
    long = 'It begins here. ' + ' '.join(f'Then part {n} was done.' for n in range(2_000))
    result = compact([GOAL, summed(long), *steps(40)], target_tokens=2_500)
    assert result.fits
    [digest] = [text for text in texts(result.messages) if 'It begins here.' in text]
    assert ' Then part 10 was done.\n' in digest


@pytest.mark.parametrize('text', [None, '', '  \n'])
def test_a_summary_that_says_nothing_goes(text: str | None) -> None:
    """There is nothing in it to keep."""
    result = compact([GOAL, summed(text), *steps(40)], target_tokens=2_500)
    assert result.fits
    parts = [p for msg in result.messages for p in msg.parts if p.part_kind == 'compaction']
    assert all(OURS in (part.metadata or {}) for part in parts)


def test_a_summary_cannot_pass_for_ours() -> None:
    """What an application's summary says is its own, also where it begins as a mark of ours does, to the letter."""
    forged = gap(LeftOut(900, 900))
    [message] = MessageReader(COUNTER).read([summed(forged)])
    assert message.parts[0].kind is Kind.SUMMARY
    result = compact([GOAL, summed(forged), *steps(40)], target_tokens=2_500)
    digest = texts(result.messages)[-1]
    assert 'Digest of 9' not in digest


def test_the_digest_is_a_summary() -> None:
    """It stands in a summary with metadata of ours; what the user said stands before it in a prompt."""
    said = [ModelRequest([UserPromptPart(text)]) for text in ('Use integer cents.', 'Go on.')]
    history = [GOAL, *steps(10), said[0], *steps(30, 10), said[1], *steps(2, 40)]
    result = compact(history, target_tokens=2_500)
    parts: list[Any] = [part for message in result.messages[:3] for part in message.parts]
    kinds = [(part.part_kind, str(part.content)[33:72]) for part in parts]
    assert [kind for kind, _ in kinds] == ['user-prompt', 'user-prompt', 'compaction']
    assert kinds[1][1] == SAID[: 72 - 33]
    digest = parts[2]
    assert (digest.provider_name, set(digest.metadata)) == (None, {OURS})
    assert 'Use integer cents.' not in digest.content
    assert 'Use integer cents.' in str(parts[1].content)


@pytest.mark.parametrize('merged', [True, False])
def test_it_is_found_again(merged: bool) -> None:
    """After a merge with its neighbours, a dump and a load it is the digest that it was, and its archive's too."""
    archive = MemoryArchive()
    history = [GOAL, *steps(40)]
    result = compact(history, target_tokens=2_500, archive=archive)
    sent = merge_requests(result.messages) if merged else list(result.messages)
    again = ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(sent))
    assert newest_handle(again) == newest_handle(result.messages) is not None
    kinds = [part.kind for message in MessageReader(COUNTER, seal=seal_of(again)).read(again) for part in message.parts]
    assert Kind.MARK in kinds
    assert Kind.SUMMARY not in kinds
    dumped = ModelMessagesTypeAdapter.dump_json(restore(again, archive))
    assert dumped == ModelMessagesTypeAdapter.dump_json(history)


def test_the_cache_s_health_is_told() -> None:
    """The framework's own detector calls our rewrites a compaction; it called them unexpected."""
    health = pytest.importorskip('pydantic_ai._cache_health')
    store, reasons = health.ConversationCacheMarkStore(), []

    class Watch(AbstractCapability[None]):
        async def after_model_request(self, ctx: Any, *, request_context: Any, response: Any) -> Any:
            detector = health.CacheHealthDetector(
                store, ctx.conversation_id, ctx.run_id, alert_on=frozenset(('unexpected',))
            )
            found = detector.observe(request_context, response)
            if found is not None and found.collapse is not None:
                reasons.append(found.collapse.reason)
            return response

    sent: list[str] = []

    def decide(messages: list[ModelMessage], info: Any) -> ModelResponse:
        text = repr([[(p.part_kind, str(getattr(p, 'content', ''))) for p in msg.parts] for msg in messages])
        before = sent[-1] if sent else ''
        same = next(
            (i for i, (a, b) in enumerate(zip(text, before, strict=False)) if a != b), min(map(len, (text, before)))
        )
        sent.append(text)
        usage = RequestUsage(
            input_tokens=len(text) // 4, cache_read_tokens=same // 4, cache_write_tokens=(len(text) - same) // 4
        )
        answer = call(len(sent)) if len(sent) < 40 else ModelResponse([TextPart('done')])
        return ModelResponse(answer.parts, usage=usage)

    profile: Any = {'default_cache_retention': timedelta(minutes=30)}
    log = Log()
    policy = Policy(history=HistoryPolicy(max_input_tokens=30_000))
    agent: Agent[None, Any] = new_agent(
        FunctionModel(decide, profile=profile), capabilities=[Compactor(policy, on_event=log), Watch()]
    )

    @agent.tool_plain
    def read(n: int) -> str:
        return output(n, 900)

    drive(by_run, agent, 'Fix the import.')
    assert len(reasons) >= 2
    assert set(reasons) == {'compacted'}


def test_a_run_goes_on_from_an_application_s_summary() -> None:
    """The history of a summarising capability goes on under ours: nothing stands aside, every request fits."""
    log, script = Log(), Script(rounds(30))
    agent: Agent[None, Any] = new_agent(script.model, capabilities=[Compactor(small(), on_event=log)])

    @agent.tool_plain
    def read(n: int) -> str:
        return output(n, 450)

    drive(by_run, agent, 'Go on.', message_history=[GOAL, summed(), *steps(5)])
    assert 'StoodAside' not in log.names
    assert max(log.sizes) < small().history.limits(None).hard
    assert any('loader was ported' in text for text in texts(script.seen[-1]))
