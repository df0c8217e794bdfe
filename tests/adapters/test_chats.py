"""Chats of one request a run: what one run has learned of counting and windows, the next one goes on with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from compactor import Compactor
from compactor.adapters.pydantic_ai.served import forget_servers
from compactor.history.message import Kind, Message, Part, message_of
from compactor.run.last_sent import LastSent, SentBefore, parts_of
from compactor.run.reported import Trust
from compactor.telemetry import events
from compactor.testing import WAYS, Reply, StrictProvider, Way
from tests.adapters.driver import Log

openai = pytest.importorskip('openai')
SAID = 'It is signed by the head of accounts, who reads the invoice first, and then the ledger. ' * 2
Carry = Callable[[list[ModelMessage]], list[ModelMessage]]


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    forget_servers()


def through_json(messages: list[ModelMessage]) -> list[ModelMessage]:
    """Whatever is kept between two requests of a web application."""
    return ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(messages))


def prompt(turn: int) -> str:
    """What the user says."""
    return f'Turn {turn}: invoice {turn * 7919} is over {turn * 31} euros. Who signs it before Friday the {turn}th?'


def chat(
    server: StrictProvider,
    turns: int,
    *,
    streamed: bool = False,
    carry: Carry = list,
    instructions: Callable[[int], str] = lambda turn: 'You are a bookkeeper.',
    model_name: Callable[[int], str] = lambda turn: 'my-finetune',
    edit: Callable[[int, list[ModelMessage]], list[ModelMessage]] = lambda turn, messages: messages,
    **options: Any,
) -> Log:
    """A chat by one `Compactor`; of a streamed answer, the history is taken before the stream is left."""
    log = Log()

    async def live() -> None:
        async with openai.AsyncOpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client:
            compactor: Compactor[None] = Compactor(on_event=log, **options)
            history: list[ModelMessage] = []
            for turn in range(turns):
                model = OpenAIChatModel(model_name(turn), provider=OpenAIProvider(openai_client=client))
                agent = Agent(model, capabilities=[compactor], instructions=instructions(turn))
                given = edit(turn, carry(history))
                if streamed:
                    async with agent.run_stream(prompt(turn), message_history=given) as stream:
                        await stream.get_output()
                        history = stream.all_messages()
                else:
                    history = (await agent.run(prompt(turn), message_history=given)).all_messages()

    asyncio.run(live())
    return log


def errors(log: Log, server: StrictProvider) -> list[float]:
    """By request, how far the estimate was from what the server has counted, as a share of that."""
    checked = log.of(events.RequestChecked)
    return [event.tokens_after / one.tokens - 1 for event, one in zip(checked, server.requests, strict=True)]


@pytest.mark.parametrize(
    ('streamed', 'persist', 'carry'),
    [(False, False, list), (False, True, through_json), (True, False, through_json)],
    ids=['run', 'run, persisting, json', 'stream, json'],
)
def test_the_estimate_of_a_chat_converges(streamed: bool, persist: bool, carry: Carry) -> None:
    """Of a tokenizer nobody has measured: on the safe side first, within 3 % from the fourth request on."""
    with StrictProvider(lambda turn: Reply(SAID), way='llama.cpp', window=32_768) as server:
        log = chat(server, 8, streamed=streamed, persist=persist, carry=carry)
    found = errors(log, server)
    assert found[0] > 0.2
    assert max(map(abs, found[3:])) < 0.03


@pytest.mark.parametrize(
    ('window', 'streamed', 'persist'),
    [(1_024, False, True), (2_048, True, False)],
    ids=['run, persisting', 'stream'],
)
def test_forty_turns_in_a_small_window(window: int, streamed: bool, persist: bool) -> None:
    """A compaction at every fourth turn at most, however the history is taken; nothing is refused."""
    with StrictProvider(lambda turn: Reply(SAID), way='llama.cpp', window=window) as server:
        log = chat(server, 40, streamed=streamed, persist=persist)
    assert not server.refusals
    assert len(log.of(events.Compacted)) <= 40 // 4
    assert sum(abs(error) > 0.03 for error in errors(log, server)[3:]) <= 2  # the first digest's own frame
    assert all(prompt(0) in str(one.body['messages']) for one in server.requests)


@pytest.mark.parametrize('streamed', [False, True], ids=['run', 'stream'])
def test_a_server_that_truncates_a_chat_is_found_out(streamed: bool) -> None:
    """Each run has one figure; that they stand still is seen over the runs, and the goal is in all others."""
    with StrictProvider(lambda turn: Reply(SAID), way=WAYS['ollama'].silent(), window=1_024) as server:
        log = chat(server, 26, streamed=streamed)
    assert sum(one.kept is not None for one in server.requests) <= 3
    assert all(one.kept is None for one in server.requests[-6:])
    [found] = [event.window for event in log.of(events.UsageDoubted) if event.window]
    assert 0.8 * 1_024 < found <= 1_024


@pytest.mark.parametrize('reports', ['uncached', 'nothing', 'constant'])
def test_odd_usage_of_a_chat_makes_no_window(reports: Any) -> None:
    """What is left out because it came from a cache, or stands still above what was sent, is no measure, told once."""
    odd: Way = WAYS['llama.cpp'].silent().reporting(reports)
    with StrictProvider(lambda turn: Reply(SAID), way=odd, window=32_768) as server:
        log = chat(server, 16)
    assert not [event for event in log.of(events.UsageDoubted) if event.window]
    assert len(log.of(events.UsageDoubted)) <= 2
    assert not log.of(events.Compacted)


def test_what_travels_beside_is_taken_into_account() -> None:
    """Instructions that grow between runs move the figure that is counted from, and are no growth of the history."""
    with StrictProvider(lambda turn: Reply(SAID), way='llama.cpp', window=32_768) as server:
        log = chat(server, 10, instructions=lambda turn: 'Be brief. ' * (40 if turn == 6 else 2))
    assert abs(errors(log, server)[6]) < 0.05
    assert max(map(abs, errors(log, server)[7:])) < 0.05


def test_a_history_that_was_edited_goes_on_from_nothing() -> None:
    """A branch, a message that was taken out: no figure is taken for what it was not a measure of."""

    def without_the_second_turn(turn: int, messages: list[ModelMessage]) -> list[ModelMessage]:
        return messages if turn != 8 else [*messages[:2], *messages[4:]]

    with StrictProvider(lambda turn: Reply(SAID), way='llama.cpp', window=32_768) as server:
        log = chat(server, 12, edit=without_the_second_turn)
    assert not log.of(events.UsageDoubted)
    assert max(map(abs, errors(log, server)[8:])) < 0.06


def test_models_are_not_compared_with_each_other() -> None:
    """Each has figures of its own, though they take turns in a conversation."""
    with StrictProvider(lambda turn: Reply(SAID), way='llama.cpp', window=32_768) as server:
        log = chat(server, 8, model_name=lambda turn: ('one-finetune', 'my-finetune')[turn % 2])
    assert not log.of(events.UsageDoubted)
    assert not log.of(events.UncountedTokens)


def history(sizes: Sequence[tuple[Any, int]]) -> list[Message]:
    """Messages of these roles and sizes."""
    return [message_of(role, (Part(Kind.TEXT, None, size, 'x'),)) for role, size in sizes]


def sent(messages: Sequence[Message]) -> LastSent:
    """These messages, sent with nothing beside them."""
    parts = parts_of(len(messages), sum(message.tokens for message in messages))
    return LastSent(parts, 0, None, None, None, Trust(), frozenset())


turns = st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=1, max_size=6)


@settings(max_examples=40)
@given(turns, st.integers(1, 99), st.lists(st.integers(1, 99), max_size=3))
def test_the_end_of_what_was_sent_is_found(before: list[tuple[int, int]], last: int, after: list[int]) -> None:
    """Where its answer stands, with the size of what stands before, whatever follows."""
    asked = history([*((role, n) for pair in before for role, n in zip(('request', 'response'), pair, strict=True))])
    asked += history([('request', last)])
    whole = [*asked, *history([('response', 7)]), *history([('request', n) for n in after])]
    assert sent(asked).end_in(whole) == (len(asked), sum(message.tokens for message in asked))
    assert sent(asked).end_in(asked) is None
    assert sent(asked).end_in([*history([('request', 10_000)]), *whole]) is None


def test_requests_that_were_put_together_are_the_same() -> None:
    """Frameworks merge neighbours of one speaker; only their framing goes."""
    whole = history([('request', 50), ('response', 7), ('request', 9)])
    assert sent(history([('request', 20), ('request', 30)])).end_in(whole) == (1, 53)


def test_a_conversation_without_an_id_is_not_remembered() -> None:
    """Nor is what was forgotten."""
    before, last = SentBefore(), sent(history([('request', 20)]))
    before.keep(None, 'model', last)
    before.keep('talk', 'model', last)
    assert (before.find(None, 'model'), before.find('talk', 'model'), before.find('talk', 'other')) == (
        None,
        last,
        None,
    )
    before.keep('talk', 'model', None)
    assert before.find('talk', 'model') is None
