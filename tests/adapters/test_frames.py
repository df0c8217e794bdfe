"""Frames in an agent: sent at the end, recorded nowhere, counted by task, and nothing before them moves."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Compactor, ConfigError, LedgerPolicy, Policy, Store, counter_for
from compactor.policies.frames import FramesPolicy
from compactor.routing.frames import HEADING, KINDS
from compactor.store import watched
from compactor.store.entries import Ledger
from compactor.testing import Reply
from compactor.watching.session_report import session_report
from tests.adapters.chains import Playing, chain
from tests.adapters.driver import PROCESSOR_MODES, Script, by_run, drive, reading_agent, rounds

PROMPTS = ('Fix the bug in the parser.', 'Review the importer.', 'Redesign the architecture of the schema.', 'Go on.')
IN_AND_OUT = ('input', 'output')
INSTRUCTIONS = 'You are a careful engineer. Read before you write. ' * 40


class Seen:
    """A model that answers, and what it was sent."""

    def __init__(self) -> None:
        self.requests: list[list[ModelMessage]] = []
        self.instructions: list[str | None] = []

    def answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.requests.append(messages)
        last = messages[-1]
        assert isinstance(last, ModelRequest)
        self.instructions.append(last.instructions)
        return ModelResponse(parts=[TextPart('Done.')])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of this test's own."""
    with Store.open(tmp_path / 'store.db') as opened:
        yield opened


def asked(prompts: tuple[str, ...], frames: FramesPolicy, store: Store | None = None) -> tuple[Seen, list[Any]]:
    """A conversation with a run for each prompt: what the model was sent, and what is recorded."""
    seen = Seen()
    plug: Compactor[None] = Compactor(Policy(frames=frames), store=store)
    agent = Agent(FunctionModel(seen.answer), instructions=INSTRUCTIONS, capabilities=[plug])

    async def talk() -> list[Any]:
        history: list[ModelMessage] = []
        for prompt in prompts:
            history = (await agent.run(prompt, message_history=history)).all_messages()
        return history

    return seen, asyncio.run(talk())


def bytes_of(request: list[ModelMessage]) -> bytes:
    """A request as it travels: its messages in order, without what differs by the clock and the run."""
    rows = ModelMessagesTypeAdapter.dump_python(request, mode='json')
    texts = [str(part.get('content')) for row in rows for part in row['parts']]
    return '\n'.join([str(rows[-1].get('instructions')), *texts]).encode()


def test_the_first_bytes_of_100_requests_are_equal() -> None:
    """Frames change with every prompt, and the prefix that a provider has cached does not: every request begins with
    all of the one before it but for that one's frames."""
    prompts = tuple(PROMPTS[n % len(PROMPTS)] for n in range(100))
    seen, _ = asked(prompts, FramesPolicy(use=KINDS))
    assert len(seen.requests) == 100
    sent = [bytes_of(request) for request in seen.requests]
    assert len({one[:2_000] for one in sent}) == 1
    for before, after in itertools.pairwise(sent):
        assert after.startswith(before[: before.rindex(HEADING.encode())])
    assert len(set(seen.instructions)) == 1


def test_they_are_sent_and_never_recorded() -> None:
    """At the end of the last request, and in no other."""
    seen, record = asked(PROMPTS, FramesPolicy(use=KINDS))
    for request in seen.requests:
        assert HEADING in str(request[-1].parts[-1])
        assert HEADING not in str(request[:-1])
    assert HEADING not in str(record)


def test_what_they_add_stands_in_the_ledger_by_task(store: Store) -> None:
    """To the token, as the model's counter counts what was sent; the report of the session has the sum."""
    seen, _ = asked(PROMPTS, FramesPolicy(use=KINDS), store)
    counter = counter_for('function:function:answer:')
    texts = [str(request[-1].parts[-1].content) for request in seen.requests]  # type: ignore[union-attr]
    entries = Ledger(store).entries()
    assert [entry.added_by_frames for entry in entries] == [counter.count(text) for text in texts]
    by_task = watched.framed(store, 0.0)
    assert set(by_task) == {'bug_fix', 'review', 'architecture', 'generation'}
    assert by_task['architecture'][1] > by_task['review'][1] > 20
    report = session_report(store)
    assert report is not None
    assert report.added_by_frames == sum(entry.added_by_frames for entry in entries)


def test_without_them_nothing_is_added(store: Store) -> None:
    """They are off unless somebody switches them on, and for prompts that none of them suits."""
    seen, _ = asked(PROMPTS, FramesPolicy(), store)
    assert HEADING not in str(seen.requests)
    assert watched.framed(store, 0.0) == {}


def test_every_request_of_a_loop_has_them(store: Store) -> None:
    """A run of many requests keeps what was chosen for its prompt."""
    script = Script(rounds(4))
    policy = Policy(frames=FramesPolicy(use=('role',)))
    drive(by_run, reading_agent(script, capabilities=[Compactor(policy, store=store)]), 'Fix the bug in the parser.')
    assert len({entry.added_by_frames for entry in Ledger(store).entries()}) == 1
    assert all(HEADING in str(request[-1]) for request in script.seen)


@pytest.mark.parametrize('mode', PROCESSOR_MODES, ids=lambda mode: mode.__name__)
def test_a_history_processor_refuses_them(mode: Any) -> None:
    """It records what it sends."""
    plug: Compactor[None] = Compactor(Policy(frames=FramesPolicy(use=('role',))))
    with pytest.raises(ConfigError, match='frames need capabilities'):
        drive(by_run, reading_agent(Script(rounds(1)), **mode(plug)), 'Go.')


def test_observing_adds_nothing() -> None:
    """Whatever is switched on."""
    seen = Seen()
    plug: Compactor[None] = Compactor(Policy(frames=FramesPolicy(use=KINDS)), mode='observe')
    asyncio.run(Agent(FunctionModel(seen.answer), capabilities=[plug]).run(PROMPTS[0]))
    assert HEADING not in str(seen.requests)


def test_a_simple_task_goes_to_a_cheap_model_and_the_report_shows_it(store: Store) -> None:
    """Routing by complexity, frames for the cheap one alone, and the session's report says which model did what."""
    cheap, dear = 'openai:model-a', 'openai:model-b'
    stations: dict[str, Any] = {
        'routing': {
            'rules': [
                {'workload': 'coding', 'chain': [cheap]},
                {'workload': 'coding', 'complexity': ['complex', 'expert'], 'chain': [dear]},
            ]
        }
    }
    reply = Reply('done')
    policy = Policy(
        frames=FramesPolicy(use=('role',)),
        ledger=LedgerPolicy(
            prices={'model-a': dict.fromkeys(IN_AND_OUT, Decimal(1)), 'model-b': dict.fromkeys(IN_AND_OUT, Decimal(10))}
        ),
    )
    with chain(Playing(reply), Playing(reply), policy=Policy(**stations), workload='coding') as links:
        agent = Agent(links.model, capabilities=[Compactor(policy, store=store)])

        async def talk() -> None:
            first = await agent.run('rename the variable in the parser')
            await agent.run(PROMPTS[2] + ' It is distributed.', message_history=first.all_messages())

        asyncio.run(talk())
    report = session_report(store)
    assert report is not None
    routes = {one.model: one for one in report.routes}
    assert set(routes) == {'model-a', 'model-b'}
    assert routes['model-b'].task == 'architecture'
    per_token = [routes[name].cost / routes[name].tokens for name in ('model-a', 'model-b')]  # type: ignore[operator]
    assert per_token[1] > 5 * per_token[0]
