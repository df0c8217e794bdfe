"""Recorded conversations written as dicts: lawful, and what is taken out of them is what pydantic-ai's form loses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest

from compactor import Compaction, Policy, compact, counter_for
from compactor.adapters.openai_chat import DICTS
from compactor.adapters.pydantic_ai.compat import SUMMARY_FRAME
from compactor.offline import Offline
from tests.adapters.openai_chat.dicts import Written, written
from tests.adapters.openai_chat.lens import DictCase, Lens
from tests.corpus import Conversation, conversations, needs_corpus
from tests.laws.laws import faults, run

WHOLE = {
    'claude_code_entire': 50,
    'codex_entire': 43,
    'tau_bench': 40,
    'tau2_bench': 40,
    'mini_swe_deepseek_dev': 33,
    'gemini_compression_scenarios': 25,
    'swe_agent_demos': 22,
    'pydantic_ai_cassettes': 20,
    'toolbench': 10,
    'oddities_unrepaired': 10,
    'openhands_sdk': 4,
    'pi_sessions': 2,
    'gemini_trajectory': 1,
}
"""How many conversations of each set: 300."""
SAMPLE = {'tau_bench': 4, 'gemini_compression_scenarios': 3, 'oddities_unrepaired': 3, 'pydantic_ai_cassettes': 5}
"""Those of every run: 15."""
PERCENT = (60, 25)
"""Sizes to which each is compacted, of its own."""


FRAMED = Offline(replace(DICTS.form, frame=SUMMARY_FRAME))
"""The adapter with as much room for the words around a summary as pydantic-ai's needs."""


def as_requests_of_one_part(form: Written) -> list[ModelMessage]:
    """pydantic-ai's form of what the dicts say, framed as they are: each part of a request in one of its own."""
    return [
        replace(origin, parts=parts, instructions=None, run_id=None)
        if isinstance(origin, ModelRequest)
        else replace(origin, parts=parts)
        for origin, parts in zip(form.origins, form.parts, strict=True)
    ]


def fates(compaction: Compaction[Any], home: dict[int, int]) -> Counter[tuple[int, str, str, int]]:
    """What was dropped or reduced: the dict it stands in, its kind, which of the two it was, by how many tokens."""
    raws = ((one, getattr(one.part.raw, 'message', one.part.raw)) for one in compaction.removed)
    return Counter((home[id(raw)], one.kind.value, one.how, one.tokens) for one, raw in raws)


def differences(conversation: Conversation) -> Iterator[str]:
    """Where the two forms of a conversation fare differently."""
    form = written(conversation.messages)
    messages = as_requests_of_one_part(form)
    size = counter_for(None).count_messages(messages)
    for target in (max(1, size * percent // 100) for percent in PERCENT):
        ours = FRAMED.compact(form.dicts, target_tokens=target)
        theirs = compact(messages, target_tokens=target)
        if ours.tokens_before != theirs.tokens_before:
            yield f'{conversation.id}: {ours.tokens_before} tokens, not {theirs.tokens_before}'
        lost = fates(ours, {id(one): i for i, one in enumerate(form.dicts)})
        expected = fates(theirs, {id(part): i for i, parts in enumerate(form.parts) for part in parts})
        if lost != expected:
            yield f'{conversation.id} to {target}: {lost - expected} instead of {expected - lost}'


def unlawful(conversation: Conversation) -> Iterator[str]:
    """The violations of a conversation's dicts."""
    lens = Lens()
    seen = lens.messages(written(conversation.messages).dicts)
    size = counter_for(None).count_messages(seen)
    for percent in PERCENT:
        case = DictCase(Policy(), max(1, size * percent // 100), None, False, lens)
        yield from (f'{conversation.id} to {percent} %: {fault}' for fault in faults(run(case, seen)))


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize('source', SAMPLE)
def test_recorded_conversations(source: str) -> None:
    """Some conversations: no violation, and the same parts go as in pydantic-ai's form under one counter and policy."""
    for conversation in conversations(source, limit=SAMPLE[source]):
        assert list(differences(conversation)) == []
        assert list(unlawful(conversation)) == []


@needs_corpus
@pytest.mark.corpus
@pytest.mark.sweep
@pytest.mark.parametrize('source', WHOLE)
def test_300_recorded_conversations(source: str) -> None:
    """All 300: no violation, and the same parts go as in pydantic-ai's form under one counter and policy."""
    found = list(conversations(source, limit=WHOLE[source]))
    assert len(found) == WHOLE[source]
    assert [fault for one in found for fault in (*differences(one), *unlawful(one))] == []
