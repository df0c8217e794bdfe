"""A chain of models over real SDKs: who is asked, what is waited for, what is told."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic_ai import Agent, exceptions
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.providers.openai import OpenAIProvider

from compactor import CapacityExhausted, CapacityModel, Compactor, ConfigError, Policy, Store, StoreError
from compactor.telemetry import events
from compactor.testing import Api, Failure, RateLimit, RateLimits, Reply
from compactor.testing.limits import Style
from tests.adapters.chains import Links, Playing, Time, chain
from tests.adapters.driver import WAYS, drive, go
from tests.wire.driver import requires

REFUSED = Failure(429, headers={'retry-after': '20'})
APIS: tuple[Api, ...] = ('openai', 'anthropic')
WORDS = {401: 'no access', 403: 'no access', 404: 'not there'}


def told(**stations: Any) -> Policy:
    """A policy as a TOML file would say it."""
    return Policy(**stations)


def ask(links: Links | CapacityModel, **settings: Any) -> str:
    """The answer of a chain to one prompt."""
    model = links.model if isinstance(links, Links) else links
    wanted: Any = settings or None
    return str(go(Agent(model, model_settings=wanted).run('hi')).output)


# -- failing over ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('api', APIS)
@pytest.mark.parametrize('status', [429, 503, 529])
def test_a_refusal_goes_to_the_next_model_at_once(api: Api, status: int) -> None:
    """The second model answers without any wait; the first is left alone for as long as it asked, then asked again."""
    requires(api)
    failure = Failure(status, headers={'retry-after': '20'})
    with chain(Playing(failure, Reply('from a')), api=api) as links:
        assert ask(links) == 'from b'
        assert ask(links) == 'from b'
        assert (links.asked, links.time.waits) == ((1, 2), [])
        links.time.now += 20.01
        assert ask(links) == 'from a'
        assert links.of(events.RateLimited)[0].cooldown == 20.0
        assert [e.from_model.partition(':')[2] for e in links.of(events.FailoverTriggered)] == ['model-a']
        assert len(links.of(events.FailoverSucceeded)) == 1
        assert links.of(events.Recovered)[0].diverted == 2


@pytest.mark.parametrize('status', [400, 401, 403, 404, 422])
def test_what_one_model_refuses_another_is_asked(status: int) -> None:
    """As along a chain of the framework. Nothing pauses, and the next request goes to the first again."""
    with chain(Playing(Failure(status, message='no, error 429 it is not'), Reply('from a'))) as links:
        assert ask(links) == 'from b'
        (told,) = links.of(events.FailoverTriggered)
        assert told.error_type == f'{WORDS.get(status, "refused")} ({status})'
        assert ask(links) == 'from a'
        assert links.asked == (2, 1)
        assert (links.of(events.RateLimited), links.time.waits) == ([], [])


@pytest.mark.parametrize('status', [400, 401, 404, 422])
def test_what_every_model_refuses_is_raised_at_once(status: int) -> None:
    """As the model of first choice has put it; each is asked once, and nobody waits."""
    with chain(Playing(Failure(status, message='first')), Playing(Failure(400, message='second'))) as links:
        with pytest.raises(exceptions.ModelHTTPError, match='first') as caught:
            ask(links)
        assert caught.value.status_code == status
        assert (links.asked, links.time.waits) == ((1, 1), [])


def test_nobody_waits_with_a_request_that_was_called_wrong() -> None:
    """The first pauses, the second says what is wrong with the request: that is the answer, and not in 20 seconds."""
    with chain(Playing(REFUSED), Playing(Failure(400, message='bad schema'))) as links:
        with pytest.raises(exceptions.ModelHTTPError, match='bad schema'):
            ask(links)
        assert links.time.waits == []


def test_a_provider_that_is_shut_does_not_keep_a_request_from_one_that_pauses() -> None:
    """A wrong key says nothing of the request: it waits for the first, as it would without the second."""
    with chain(Playing(REFUSED, Reply('from a')), Playing(Failure(401))) as links:
        assert ask(links) == 'from a'
        assert links.time.waits == [20.0]


@pytest.mark.parametrize('status', [500, 502, 520, 524])
def test_a_failing_server_is_left_alone_for_a_while(status: int) -> None:
    """The next model answers at once; the SDK does not try again by itself."""
    with chain(Playing(Failure(status), Reply('from a'))) as links:
        sdk: Any = links.model.models[0]
        sdk.client.max_retries = 2
        assert ask(links) == 'from b'
        assert (links.asked, links.time.waits) == ((1, 1), [])
        assert links.of(events.RateLimited)[0].cooldown == 2.0


def test_no_connection_goes_to_the_next_model() -> None:
    """A provider that is not there pauses for 2 seconds, twice as long after the next failure."""
    with chain(Playing(Reply('never'))) as links:
        links.first.__exit__(None, None, None)
        assert ask(links) == 'from b'
        links.time.now += 2.01
        assert ask(links) == 'from b'
        assert [(e.error_type, e.cooldown) for e in links.of(events.RateLimited)] == [
            ('no connection', 2.0),
            ('no connection', 4.0),
        ]
        links.first.__enter__()


def test_a_time_out_goes_to_the_next_model() -> None:
    """Only the model that took too long pauses."""

    def slow(turn: Any) -> Reply:
        import time

        time.sleep(1.0)
        return Reply('too late')

    with chain(slow) as links:
        assert ask(links, timeout=0.2) == 'from b'
        assert links.of(events.RateLimited)[0].error_type == 'time-out'


def test_a_spent_account_is_left_alone_for_long() -> None:
    """A 429 that does not pass by waiting."""
    with chain(Playing(Failure(429, code='insufficient_quota'), Reply('from a'))) as links:
        assert ask(links) == 'from b'
        assert links.of(events.RateLimited)[0].cooldown == 600.0


@pytest.mark.parametrize('way', WAYS)
def test_every_way_of_running_fails_over(way: Any) -> None:
    """Streams too."""
    with chain(Playing(REFUSED)) as links:
        agent = Agent(links.model)
        assert 'from b' in str(drive(way, agent, 'hi').all_messages()[-1].parts[0])


# -- waiting -----------------------------------------------------------------------------------------------------


def test_it_waits_only_when_every_model_pauses() -> None:
    """Then for the first of them to come back, and no longer."""
    with chain(
        Playing(REFUSED, Reply('from a')), Playing(Failure(429, headers={'retry-after': '5'}), Reply('b'))
    ) as it:
        assert ask(it) == 'b'
        assert it.time.waits == [5.0]
        assert [e.seconds for e in it.of(events.Paced)] == [5.0]


def test_an_exhausted_chain_says_who_and_when() -> None:
    """Where the wait would be longer than policy allows: a typed error, that a chain around it understands."""
    policy = told(capacity={'max_wait': 4})
    with chain(Playing(REFUSED), Playing(REFUSED), policy=policy) as links:
        for _ in range(2):
            with pytest.raises(CapacityExhausted, match=r'openai:model-a \(cooldown, 20 s left\)') as caught:
                ask(links)
            assert links.time.waits == []
        assert caught.value.retry_after == 20.0
        assert links.asked == (1, 1)
        around = FallbackModel(links.model, TestModel(custom_output_text='from the third'))
        assert str(go(Agent(around).run('hi')).output) == 'from the third'


def test_a_chain_of_one_raises_the_providers_own_error() -> None:
    """Nobody else could be asked, so the error is what it is."""
    with chain(Playing(REFUSED)) as links:
        alone = CapacityModel(links.model.models[0], policy=told(capacity={'max_wait': 1}))
        with pytest.raises(exceptions.ModelHTTPError):
            ask(alone)


# -- room --------------------------------------------------------------------------------------------------------

LIMITED = told(capacity={'limits': [{'model': '*model-a', 'unit': 'requests', 'window': 'minute', 'amount': 2}]})


def test_a_full_model_is_passed_over_before_it_is_asked() -> None:
    """Two a minute go to the first; it never sees the third. It is told once, not at each request."""
    with chain(Playing(Reply('from a')), policy=LIMITED) as links:
        assert [ask(links) for _ in range(5)] == ['from a', 'from a', 'from b', 'from b', 'from b']
        assert [e.error_type for e in links.of(events.FailoverTriggered)] == ['no room']
        assert [(e.edge, e.used, e.limit) for e in links.of(events.CapacityWarning)] == [(95.0, 2, 2)]
        links.time.now += 62
        assert ask(links) == 'from a'
        assert [(e.diverted, e.seconds) for e in links.of(events.Recovered)] == [(3, 62)]


def test_pacing_waits_a_little_for_the_model_of_first_choice() -> None:
    """As long as policy says at most, all waits of a request together."""
    policy = told(capacity={**LIMITED.capacity.model_dump(exclude_defaults=True), 'pace': 65})
    with chain(Playing(Reply('from a')), policy=policy) as links:
        assert [ask(links) for _ in range(3)] == ['from a'] * 3
        assert 59 <= sum(links.time.waits) <= 65


@pytest.mark.parametrize(('api', 'style'), [('openai', 'openai'), ('anthropic', 'anthropic')])
def test_limits_are_learned_from_headers(api: Api, style: Style) -> None:
    """What a success says is left is kept to: the next request goes elsewhere, before a refusal."""
    requires(api)
    time = Time()
    limits = RateLimits((RateLimit('requests', 'minute', 3),), style=style, clock=time)
    with chain(Playing(Reply('from a')), limits=limits, time=time, api=api) as links:
        assert [ask(links) for _ in range(5)] == ['from a'] * 3 + ['from b'] * 2
        assert links.asked[0] == 3
        links.time.now += 62
        assert ask(links) == 'from a'
        assert links.of(events.RateLimited) == []


def test_what_is_set_aside_is_given_back() -> None:
    """A request counts with its `max_tokens` while it is under way, and with what it took afterwards."""
    limits = [{'model': '*', 'unit': 'tokens', 'window': 'minute', 'amount': 3_000}]
    with chain(Playing(Reply('from a')), policy=told(capacity={'limits': limits})) as links:
        assert [ask(links, max_tokens=2_500) for _ in range(4)] == ['from a'] * 4
        first, second = go(links.model.standing())
        assert (first.model, first.status, first.windows[0].reserved) == ('openai:model-a', 'normal', 0)
        assert 0 < first.windows[0].taken < 500
        assert second.windows[0].taken == 0


def test_a_guess_of_the_answer_keeps_no_request_out() -> None:
    """Without `max_tokens`, less is set aside where a limit is smaller than the guess."""
    limits = [{'model': '*', 'unit': 'tokens', 'window': 'minute', 'amount': 1_000}]
    with chain(Playing(Reply('from a')), policy=told(capacity={'limits': limits})) as links:
        assert ask(links) == 'from a'


def test_many_at_once_get_as_much_as_there_is() -> None:
    """Of twenty at the same moment two go to the first, and nobody is refused."""
    with chain(Playing(Reply('from a')), policy=LIMITED) as links:

        async def all_of_them() -> list[str]:
            agent = Agent(links.model)
            return [str(result.output) for result in await asyncio.gather(*(agent.run('hi') for _ in range(20)))]

        assert sorted(go(all_of_them())) == ['from a'] * 2 + ['from b'] * 18


def test_windows_and_pauses_are_shared_by_a_store(tmp_path: Path) -> None:
    """What one chain was told, another on the same store keeps to."""
    url = f'sqlite:///{tmp_path / "store.db"}'
    with chain(Playing(REFUSED), store=url) as one, chain(Playing(Reply('from a')), store=url, time=one.time) as other:
        assert (ask(one), ask(other)) == ('from b', 'from b')
        assert other.asked == (0, 1)
        one.time.now += 21
        assert ask(other) == 'from a'


@pytest.mark.parametrize('rule', ['open', 'closed'])
def test_a_store_that_is_away(tmp_path: Path, rule: str) -> None:
    """Open: each process counts for itself, which is told once. Closed: requests are refused."""
    path = tmp_path / 'store.db'
    path.mkdir()
    policy = told(capacity={**LIMITED.capacity.model_dump(exclude_defaults=True), 'on_store_error': rule})
    with chain(Playing(Reply('from a')), policy=policy, store=Store(path)) as links:
        if rule == 'closed':
            with pytest.raises(StoreError):
                ask(links)
        else:
            assert [ask(links) for _ in range(3)] == ['from a', 'from a', 'from b']
            assert [e.part for e in links.of(events.StoreUnavailable)] == ['capacity']


# -- histories ---------------------------------------------------------------------------------------------------


def long_history(links: Links, tokens: int) -> list[Any]:
    """A history of several exchanges of about so many tokens."""
    from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart

    exchanges = 20
    messages: list[Any] = []
    for number in range(exchanges):
        text = f'Note {number}: ' + 'the parser drops a row when a cell holds a comma. ' * (tokens // exchanges // 11)
        messages.append(ModelRequest(parts=[UserPromptPart(text)]))
        messages.append(ModelResponse(parts=[TextPart(f'Noted {number}.')], model_name='model-a'))
    return messages


def test_a_fallback_gets_a_history_that_it_can_take() -> None:
    """Sent, not persisted: the provider with the small window is never asked too much, the run keeps everything."""
    policy = told(tokens={'windows': {'*model-b': 12_000}})
    with chain(Playing(REFUSED), policy=policy, windows=(None, 12_000)) as links:
        history = long_history(links, 20_000)
        result = go(Agent(links.model).run('What drops a row?', message_history=history))
        assert result.output == 'from b'
        assert links.first.requests[0].tokens > 15_000
        assert 5_000 < links.second.requests[0].tokens < 12_000
        assert result.all_messages()[: len(history)] == history
        assert links.second.refusals == []


def test_what_was_left_out_for_a_fallback_stays_out_for_the_run() -> None:
    """The next requests of the run begin with the very same text: prompt caches hit, and nothing is rewritten."""
    policy = told(tokens={'windows': {'*model-b': 12_000}})
    from compactor.testing import Call

    rounds = [Reply(calls=(Call('look', {'at': str(n)}),)) for n in range(3)]
    with chain(Playing(REFUSED), Playing(*rounds, Reply('done')), policy=policy, windows=(None, 12_000)) as links:
        agent = Agent(links.model)

        @agent.tool_plain
        def look(at: str) -> str:
            return f'nothing at {at}'

        history = long_history(links, 20_000)
        assert go(agent.run('What drops a row?', message_history=history)).output == 'done'
        sent = [recorded.body['messages'] for recorded in links.second.requests]
        assert len(sent) == 4
        for before, after in pairwise(sent):
            assert after[: len(before)] == before


def test_an_overflow_is_shortened_once_and_sent_again() -> None:
    """A window that nobody knew of: the refusal names it."""
    with chain(Playing(Reply('from a')), windows=(9_000, None), names=('model-a', 'model-b')) as links:
        result = go(Agent(links.model).run('What drops a row?', message_history=long_history(links, 20_000)))
        assert result.output == 'from a'
        assert [len(links.first.refusals), len(links.first.requests), links.asked[1]] == [1, 2, 0]
        assert links.of(events.OverflowRetried)


def test_max_tokens_are_what_the_answering_model_gives() -> None:
    """A limit that suits the first is lowered for a fallback that gives less."""
    policy = told(tasks={'ceilings': {'*model-b': 1_000}})
    with chain(Playing(REFUSED), policy=policy) as links:
        ask(links, max_tokens=5_000)
        body = links.second.requests[0].body
        assert body.get('max_completion_tokens', body.get('max_tokens')) == 1_000


# -- with a `Compactor`, and around it ---------------------------------------------------------------------------


def test_a_compactor_makes_its_history_for_the_model_that_will_answer() -> None:
    """The first pauses: the request is measured against the second's window before it is sent."""
    heard: list[events.Event] = []
    policy = told(tokens={'windows': {'*model-a': 200_000, '*model-b': 12_000}})
    with chain(Playing(REFUSED), policy=policy, windows=(None, 12_000), on_event=None) as links:
        agent = Agent(links.model, capabilities=[Compactor(policy, on_event=heard.append, persist=True)])
        go(agent.run('hi'))
        history = long_history(links, 20_000)
        result = go(agent.run('What drops a row?', message_history=history))
        checked = [event for event in heard if isinstance(event, events.RequestChecked)][-1]
        assert (checked.model, checked.outcome) == ('openai:model-b', 'compacted')
        assert len(result.all_messages()) < len(history)
        assert links.second.requests[-1].tokens < 12_000
        run_ids = {event.run_id for event in heard if isinstance(event, events.FailoverTriggered)}
        assert None not in run_ids
        assert len(run_ids) == 1


def test_failovers_stand_in_the_ledger(tmp_path: Path) -> None:
    """Each attempt that failed is an entry of its own, with its error; the answer is another."""
    from compactor import Ledger

    with Store.open(tmp_path / 'store.db') as store, chain(Playing(REFUSED), on_event=None) as links:
        agent = Agent(links.model, name='coder', capabilities=[Compactor(store=store)])
        go(agent.run('hi'))
        found = [(e.kind, e.model, (e.error or '')[:24]) for e in Ledger(store).entries()]
        assert sorted((kind, model) for kind, model, _ in found) == [('failover', 'model-a'), ('request', 'model-b')]
        assert next(error for kind, _, error in found if kind == 'failover').startswith('Model')


def test_it_is_a_model_like_any_other() -> None:
    """Wrapped, in a chain of the framework's, and put in another's place."""
    with chain(Playing(REFUSED)) as links:
        assert str(go(Agent(WrapperModel(links.model)).run('hi')).output) == 'from b'
        assert str(go(Agent(FallbackModel(links.model, TestModel())).run('hi')).output) == 'from b'
        agent = Agent(TestModel(custom_output_text='test'))
        with agent.override(model=links.model):
            assert go(agent.run('hi')).output == 'from b'
        inner = FallbackModel(links.model.models[0], links.model.models[0])
        assert ask(CapacityModel(inner, links.model.models[1])) == 'from b'


def test_a_chain_needs_a_model() -> None:
    """And says so."""
    with pytest.raises(ConfigError, match='at least one model'):
        CapacityModel()


def test_two_models_of_one_name_are_kept_apart() -> None:
    """By their address: a pause of the one is none of the other."""
    with chain(Playing(REFUSED), names=('same', 'same')) as links:
        assert ask(links) == 'from b'
        assert ask(links) == 'from b'
        assert links.asked == (1, 2)


# -- what must not go wrong --------------------------------------------------------------------------------------


def test_a_request_that_is_given_up_counts_as_it_was_reserved() -> None:
    """Nobody knows what it took; nothing stays set aside for it."""

    async def given_up(links: Links) -> None:
        running = asyncio.ensure_future(Agent(links.model, model_settings={'max_tokens': 900}).run('hi'))
        while not links.first.requests and not running.done():
            await asyncio.sleep(0.01)
            if waiting.is_set():
                running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    waiting, enough = threading.Event(), threading.Event()

    def slow(turn: Any) -> Reply:
        waiting.set()
        enough.wait(5)
        return Reply('too late')

    limits = [{'model': '*', 'unit': 'tokens', 'window': 'hour', 'amount': 10_000}]
    with chain(slow, policy=told(capacity={'limits': limits})) as links:
        go(given_up(links))
        enough.set()
        (window,) = go(links.model.standing())[0].windows
        assert window.reserved == 0
        assert window.taken >= 900


def test_an_answer_is_not_lost_because_the_store_went_away(tmp_path: Path) -> None:
    """Also where policy lets nobody in without it."""
    path = tmp_path / 'store.db'
    store = Store.open(path)

    def breaking(turn: Any) -> Reply:
        store.close()
        path.unlink()
        path.mkdir()
        return Reply('from a')

    policy = told(capacity={**LIMITED.capacity.model_dump(exclude_defaults=True), 'on_store_error': 'closed'})
    with chain(breaking, policy=policy, store=store) as links:
        assert ask(links) == 'from a'
        with pytest.raises(StoreError):
            ask(links)


def test_a_chain_within_a_chain() -> None:
    """When nobody of the inner one can be asked, the outer one goes on."""
    policy = told(capacity={'max_wait': 1})
    with chain(Playing(REFUSED), Playing(REFUSED), policy=policy) as links:
        outer = CapacityModel(links.model, TestModel(custom_output_text='from the third'))
        assert ask(outer) == 'from the third'


def test_an_observing_compactor_leaves_the_fitting_to_the_chain() -> None:
    """It changes nothing, so a fallback must not be sent what was made for the first."""
    policy = told(tokens={'windows': {'*model-b': 12_000}})
    with chain(Playing(REFUSED), policy=policy, windows=(None, 12_000)) as links:
        agent = Agent(links.model, capabilities=[Compactor(policy, mode='observe')])
        history = long_history(links, 20_000)
        for _ in range(2):
            result = go(agent.run('What drops a row?', message_history=history))
            assert result.output == 'from b'
            assert result.all_messages()[: len(history)] == history
        assert links.second.refusals == []


def test_an_address_with_a_password_stays_out_of_labels() -> None:
    """Labels stand in events and errors."""
    client = openai.AsyncOpenAI(base_url='http://me:secret@127.0.0.1:9/v1', api_key='test', max_retries=0)
    models = [OpenAIChatModel('same', provider=OpenAIProvider(openai_client=client)) for _ in range(3)]
    labels = [standing.model for standing in go(CapacityModel(*models).standing())]
    assert len(set(labels)) == 3
    assert 'secret' not in ' '.join(labels)
