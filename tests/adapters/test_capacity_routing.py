"""A chain whose order a routing table decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic_ai import Agent, RunContext

from compactor import CapacityModel, Compactor, ConfigError, Policy
from compactor.telemetry import events
from compactor.testing import Failure, Reply
from tests.adapters.chains import Playing, chain
from tests.adapters.driver import go

A, B = 'openai:model-a', 'openai:model-b'


def table(*rules: dict[str, Any], **more: Any) -> Policy:
    """A policy with a routing table."""
    stations: dict[str, Any] = {'routing': {'rules': list(rules), **more}}
    return Policy(**stations)


CODING = ({'workload': 'coding', 'chain': [B, A]}, {'workload': 'librarian', 'chain': [A]})


def test_the_workload_decides() -> None:
    """And every decision is told, with its reason."""
    with chain(Playing(Reply('from a')), policy=table(*CODING), workload='coding') as links:
        assert go(Agent(links.model).run('Add a flag to the parser')).output == 'from b'
        assert go(Agent(links.model).run('Add another')).output == 'from b'
        told = links.of(events.WorkloadRouted)
        assert [(e.model, e.workload, e.default_model) for e in told] == [(B, 'coding', A)] * 2
        assert told[0].why == snapshot(
            "coding, code_generation, moderate 0.42 (words 0.43 ('parser', 'flag')): openai:model-b, "
            'by the rule coding/*/*'
        )


def test_complexity_decides() -> None:
    """A hard task goes to the model that the table has for it."""
    policy = table(
        {'workload': 'coding', 'chain': [A]},
        {'workload': 'coding', 'complexity': ['complex', 'expert'], 'chain': [B]},
    )
    with chain(Playing(Reply('from a')), policy=policy, workload='coding') as links:
        agent = Agent(links.model)
        assert go(agent.run('rename the variable')).output == 'from a'
        assert go(agent.run('Redesign the distributed architecture of the database schema')).output == 'from b'


def test_a_refusal_follows_the_route() -> None:
    """The chain of the route is the order of failing over."""
    refused = Playing(Failure(429, headers={'retry-after': '20'}))
    with chain(Playing(Reply('from a')), refused, policy=table(*CODING), workload='coding') as links:
        assert go(Agent(links.model).run('Add a flag')).output == 'from a'
        assert [(e.from_model, e.model) for e in links.of(events.FailoverTriggered)] == [(B, A)]


def test_a_model_that_the_table_passes_over_is_never_asked() -> None:
    """Not even when the other refuses."""
    policy = table(
        {'workload': 'coding', 'chain': [A, B], 'quality_floor': 0.9},
        models=[{'model': A, 'quality': 0.95}, {'model': B, 'quality': 0.5}],
    )
    with chain(Playing(Failure(429)), policy=policy, workload='coding') as links:
        with pytest.raises(Exception, match='429'):
            go(Agent(links.model).run('Add a flag'))
        assert links.asked[1] == 0


def test_a_table_that_leaves_nobody_says_so() -> None:
    """Before anything is sent."""
    policy = table({'workload': 'coding', 'chain': [A, B], 'quality_floor': 0.9}, models=[{'model': A, 'quality': 0.1}])
    with (
        chain(Playing(Reply('from a')), policy=policy, workload='coding') as links,
        pytest.raises(ConfigError, match=r'no model may answer: .*quality'),
    ):
        go(Agent(links.model).run('Add a flag'))


@pytest.mark.skipif('agent' not in RunContext.__dataclass_fields__, reason='this pydantic-ai tells hooks no agent')
def test_the_agents_name_stands_for_a_workload() -> None:
    """Where the chain names none; the agent is told with the decision, and its run."""
    heard: list[events.Event] = []
    policy = table(*CODING, agents={'auth-*': 'coding'})
    with chain(Playing(Reply('from a')), policy=policy, on_event=None) as links:
        agent = Agent(links.model, name='auth-agent', capabilities=[Compactor(on_event=heard.append)])
        result = go(agent.run('Add a flag'))
        assert result.output == 'from b'
    (told,) = [event for event in heard if isinstance(event, events.WorkloadRouted)]
    assert (told.agent, told.workload) == ('auth-agent', 'coding')
    assert told.run_id is not None


def test_it_learns_from_outcomes(tmp_path: Path) -> None:
    """What has gone well five times is tried first from then on; a new process still knows."""
    path = tmp_path / 'outcomes.json'
    policy = table({'workload': 'coding', 'chain': [A, B]}, learning={'path': str(path)})
    with chain(Playing(Reply('from a')), policy=policy, workload='coding') as links:
        agent = Agent(links.model)
        for _ in range(5):
            result = go(agent.run('Add a flag'))
            assert result.output == 'from a'
            run_id = str(result.all_messages()[-1].run_id)
            links.model.record_outcome(run_id, checked=True, model=B)
        assert go(agent.run('Add a flag')).output == 'from b'
        assert 'tried first as 5 of 5 went well' in links.of(events.WorkloadRouted)[-1].why
        with pytest.raises(ConfigError, match='nothing is known of a run'):
            links.model.record_outcome('no such run', success=True)
    with chain(Playing(Reply('from a')), policy=policy, workload='coding') as links:
        assert go(Agent(links.model).run('Add a flag')).output == 'from b'


def test_a_chain_may_come_from_the_table_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its models are made when a route names them."""
    monkeypatch.setenv('OPENAI_API_KEY', 'test')
    policy = table(
        {'workload': 'coding', 'chain': ['test']},
        {'workload': 'coding', 'complexity': 'expert', 'chain': ['openai:gpt-4o']},
    )
    model = CapacityModel(policy=policy, workload='coding')
    assert [one.model_name for one in model.models] == ['test']
    assert go(Agent(model).run('Add a flag')).output
    with pytest.raises(ConfigError, match=r'at least one model'):
        CapacityModel(workload='coding')


def test_nothing_is_learned_without_a_table() -> None:
    """And that is said."""
    with chain(Playing(Reply('from a'))) as links, pytest.raises(ConfigError, match='no \\[routing\\] table'):
        links.model.record_outcome('run', success=True)
