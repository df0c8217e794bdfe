"""The tool `recall` finds steps by a question in real runs; other conversations only where policy allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from compactor import ArchivePolicy, Compactor, Store
from tests.adapters.driver import Script, as_capability, by_run, call, drive, reading_agent, say
from tests.adapters.test_recall import ROUNDS, archiving, recalled, recalling


def test_a_question_names_steps() -> None:
    """The steps that have to do with it, the best first, in a few lines, and how to get one."""
    script = Script(recalling(query='what was read'))
    compactor: Compactor[None] = Compactor(archiving(ArchivePolicy()))
    result = drive(by_run, reading_agent(script, **as_capability(compactor)), 'Go.')
    [answer] = recalled(result.all_messages())
    assert 'steps match, best first, 1-' in answer
    assert '; recall(step=n) gives one.' in answer
    assert any(line.startswith('#') for line in answer.splitlines())


def asking_twice(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads one file a round; asks for the zebra, reads what that names by digits, if it does; then answers."""
    if k < ROUNDS:
        return call(k)
    if k == ROUNDS:
        return ModelResponse(parts=[ToolCallPart('recall', {'query': 'zebra'}, tool_call_id='recall')])
    named = recalled(messages)[-1].splitlines()[-1].split(' ')[0]
    if k == ROUNDS + 1 and len(named) == 16:
        return ModelResponse(parts=[ToolCallPart('recall', {'output': named}, tool_call_id='recall-2')])
    return say('Done.')


@pytest.mark.parametrize('allowed', [False, True])
def test_earlier_conversations_where_policy_allows(tmp_path: Path, allowed: bool) -> None:
    """Another conversation's step has digits that `output` reads; off by default, and never of another tenant."""
    policy = archiving(ArchivePolicy(search_earlier=allowed))

    def run(store: Store, name: str, prompt: str) -> list[str]:
        compactor: Compactor[None] = Compactor(policy, store=store, tenant=store.tenant or None)
        agent: Any = reading_agent(Script(asking_twice), **as_capability(compactor))
        return recalled(drive(by_run, agent, prompt, conversation_id=name).all_messages())

    with Store.open(tmp_path / 'store.db') as store:
        acme = store.of('acme')
        try:
            run(acme, 'first', 'The zebra is called Zora.')
        except TypeError:
            pytest.skip('conversations have ids from pydantic-ai 1.90 on')
        told = run(acme, 'second', 'Go.')
        assert any('Zora' in answer for answer in told) is allowed
        assert len(told) == (2 if allowed else 1)
        assert not any('Zora' in answer for answer in run(store.of('other'), 'third', 'Go.'))
