"""`max_tokens` by task in a live agent: what is set, what is never touched, and what becomes of an answer it cuts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, UnexpectedModelBehavior
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from compactor import Budget, Compactor, Ledger, LedgerPolicy, Policy, Store
from compactor.adapters.pydantic_ai.answers import answer_of
from compactor.adapters.pydantic_ai.messages.pin import pin
from compactor.adapters.pydantic_ai.messages.prompts import last_prompt
from compactor.adapters.pydantic_ai.settings import is_limited, thinking_of
from compactor.history.marks import misplaced
from compactor.policy import TaskPolicy
from compactor.request.figures import TaskCount
from compactor.request.max_tokens import LIMITS, LONG_CALL, THINKING
from compactor.request.task import Task
from compactor.request.tools import takes_long_texts
from compactor.run.tasks import is_cut
from compactor.telemetry.events import AnswerCut, TaskDetected
from tests.adapters.driver import (
    PROCESSOR_MODES,
    WAYS,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    by_run,
    by_stream,
    call,
    drive,
    new_agent,
    reading_agent,
    rounds,
    say,
)

BY_TASK = Policy(tasks=TaskPolicy(max_output_by_task=LIMITS))
every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
whole_ways = pytest.mark.parametrize(
    'way', [way for way in WAYS if way.__name__ != 'by_stream'], ids=lambda f: f.__name__
)


def limits(script: Script) -> list[int | None]:
    """`max_tokens` of every request, in order."""
    return [(info.model_settings or {}).get('max_tokens') for info in script.infos]


def talker(script: Script, compactor: Compactor[None], **arguments: Any) -> Agent[None, Any]:
    """An agent without tools."""
    return new_agent(script.model, **as_capability(compactor), **arguments)


def no_recall(**tasks: Any) -> Policy:
    """Limits by task, without a tool of the library's own."""
    return Policy(tasks=TaskPolicy(**{'max_output_by_task': LIMITS, **tasks}), archive={'enabled': False})  # type: ignore[arg-type]


# -- what is set ---------------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize(
    ('prompt', 'expected'),
    [('what is a monad?', 1_800), ('implement it', 3_000), ('plan it', 1_200), ('ls', 300), ('zorble', 1_500)],
)
def test_the_limit_follows_the_prompt(way: Way, prompt: str, expected: int) -> None:
    """Without tools each task gets its own limit, and the event says which and why."""
    script, log = Script(rounds(1)), Log()
    compactor: Compactor[None] = Compactor(no_recall(), on_event=log)
    drive(way, talker(script, compactor), prompt)
    assert limits(script) == [expected]
    (event,) = log.of(TaskDetected)
    assert LIMITS[Task(event.task)] == event.max_tokens == expected
    assert event.why
    assert compactor.task_figures[Task(event.task)] == TaskCount(requests=1)


def test_by_default_nothing_is_limited() -> None:
    """`default` looks at no prompt; limits by task are for presets whose provider sets output aside."""
    script, log = Script(rounds(2)), Log()
    drive(by_run, reading_agent(script, **as_capability(Compactor(on_event=log))), 'implement it')
    assert limits(script) == [None, None]
    assert not log.of(TaskDetected)


def test_a_flat_limit_looks_at_no_prompt() -> None:
    """`default_max_output` alone is the limit of every request, whatever it asks for."""
    script, log = Script(rounds(2)), Log()
    policy = Policy(tasks=TaskPolicy(default_max_output=900))
    drive(by_run, reading_agent(script, **as_capability(Compactor(policy, on_event=log))), 'implement it')
    assert limits(script) == [900, 900]
    assert not log.of(TaskDetected)


def test_a_task_that_is_not_listed() -> None:
    """It takes `default_max_output`, or is left to the provider."""
    for default, expected in ((None, None), (700, 700)):
        script = Script(rounds(1))
        policy = no_recall(max_output_by_task={Task.REVIEW: 5_000}, default_max_output=default)
        drive(by_run, talker(script, Compactor(policy)), 'implement it')
        assert limits(script) == [expected]


def test_what_a_tool_says_is_not_asked() -> None:
    """A result with 'please explain' in it leaves the user's prompt what it is."""
    script, log = Script(lambda k, m, i: say('Done.') if k == 3 else call(k)), Log()
    agent = new_agent(script.model, **as_capability(Compactor(BY_TASK, on_event=log)))

    @agent.tool_plain
    def read(n: int) -> str:
        return 'please explain what this is and why'

    drive(by_run, agent, 'implement the parser')
    assert limits(script) == [3_000] * 3
    assert [event.task for event in log.of(TaskDetected)] == ['code_generation']


def test_an_agent_with_tools_can_call_them() -> None:
    """'ls' alone would get 300 tokens: with tools that take a text it gets what a call with one needs."""
    script = Script(lambda k, m, i: say('Done.'))
    agent = new_agent(script.model, **as_capability(Compactor(no_recall())))

    @agent.tool_plain
    def write(path: str, content: str) -> str:
        return 'ok'

    drive(by_run, agent, 'ls')
    assert limits(script) == [LONG_CALL]


def test_on_the_way_a_small_limit_grows() -> None:
    """The first request for 'run the tests' is one short call, what follows may be the report."""
    script = Script(rounds(3))
    drive(by_run, reading_agent(script, **as_capability(Compactor(no_recall()))), 'run the tests')
    assert limits(script) == [600, 1_500, 1_500]


class Answer(BaseModel):
    """What a structured answer holds."""

    text: str


def test_an_object_has_room() -> None:
    """A structured answer gets what an object needs, whatever the prompt."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, {'text': 'x'})])

    script = Script(decide)
    drive(by_run, talker(script, Compactor(no_recall()), output_type=Answer), 'ls')
    assert limits(script) == [1_500]


def test_thinking_comes_on_top() -> None:
    """A model that is told to think gets its thinking and the answer."""
    script = Script(rounds(1))
    drive(by_run, talker(script, Compactor(no_recall())), 'plan it', model_settings={'thinking': 'low'})
    assert limits(script) == [2_048 + 1_200]


def test_ceiling_and_window_bound_the_limit() -> None:
    """Never more than the model gives, nor than its window has left."""
    for tokens, expected in (({'ceilings': {'function:*': 800}}, 800), ({}, 3_000)):
        script = Script(rounds(1))
        drive(by_run, talker(script, Compactor(no_recall(**tokens))), 'implement it')
        assert limits(script) == [expected]
    script = Script(rounds(1))
    policy = no_recall().model_copy(update={'tokens': Policy(tokens={'windows': {'function:*': 2_000}}).tokens})  # type: ignore[arg-type]
    drive(by_run, talker(script, Compactor(policy)), 'implement it')
    assert 1_900 < (limits(script)[0] or 0) < 2_000


def test_observing_sets_nothing() -> None:
    """The event says what would have been set."""
    script, log = Script(rounds(1)), Log()
    drive(by_run, talker(script, Compactor(no_recall(), on_event=log, mode='observe')), 'implement it')
    assert limits(script) == [None]
    assert log.of(TaskDetected)[0].max_tokens == 3_000


def test_the_task_is_told_when_it_changes() -> None:
    """Once for forty requests of one kind, not once a request."""
    script, log = Script(rounds(40)), Log()
    drive(by_run, reading_agent(script, words=5, **as_capability(Compactor(BY_TASK, on_event=log))), 'implement it')
    assert len(script.infos) == 40
    assert len(log.of(TaskDetected)) == 1


@every_way
def test_a_chain_of_models_is_limited(way: Way) -> None:
    """Models that may answer in one another's place get the limit; a chain has no profile to ask."""
    script = Script(rounds(2))
    agent = new_agent(FallbackModel(script.model, script.model), **as_capability(Compactor(BY_TASK)))
    agent.tool_plain(name='read')(_read)
    drive(way, agent, 'implement it')
    assert limits(script) == [3_000] * 2


# -- what the caller has set ---------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize('where', ['run', 'agent', 'model', 'wrapped', 'fallback', 'body', 'none'])
def test_the_callers_limit_wins(way: Way, where: str) -> None:
    """Set for a run, an agent or a model, or in the raw body, it is never overridden, and no dict is changed."""
    mine: dict[str, Any] = {'max_tokens': 77, 'temperature': 0.5}
    if where == 'body':
        mine = {'extra_body': {'max_completion_tokens': 77}}
    if where == 'none':
        mine = {'max_tokens': None}
    before = json.dumps(mine)
    script, log = Script(rounds(2)), Log()
    model: Any = script.model
    if where in ('model', 'wrapped', 'fallback'):
        model = FunctionModel(script._answer, stream_function=script._stream, settings=mine)  # type: ignore[call-overload]
    if where == 'wrapped':
        model = WrapperModel(model)
    if where == 'fallback':
        model = FallbackModel(script.model, model)
    compactor: Compactor[None] = Compactor(BY_TASK, on_event=log)
    agent = new_agent(model, **as_capability(compactor), **({'model_settings': mine} if where == 'agent' else {}))
    agent.tool_plain(name='read')(_read)
    drive(way, agent, 'implement it', **({'model_settings': mine} if where in ('run', 'body', 'none') else {}))
    found = [(info.model_settings or {}).get('max_tokens') for info in script.infos]
    assert found == [None if where in ('body', 'none', 'fallback') else 77] * 2
    assert json.dumps(mine) == before
    assert compactor.task_figures.counts() == {}
    assert not log.of(TaskDetected)


def _read(n: int) -> str:
    return f'{n}'


@every_way
def test_the_callers_dict_is_never_changed(way: Way) -> None:
    """A settings dict without a limit does not get one: it may serve other runs."""
    mine = {'temperature': 0.5}
    script = Script(rounds(2))
    agent = reading_agent(script, model_settings=mine, **as_capability(Compactor(BY_TASK)))
    drive(way, agent, 'implement it')
    assert mine == {'temperature': 0.5}
    assert limits(script) == [3_000] * 2
    assert {(info.model_settings or {}).get('temperature') for info in script.infos} == {0.5}


@pytest.mark.parametrize('mode', PROCESSOR_MODES, ids=lambda f: str(f.__name__))
@every_way
def test_as_a_history_processor(mode: Mode, way: Way) -> None:
    """`Agent(model_settings=compactor.model_settings)` sets the same limits; a run's own limit wins over it."""
    script, log = Script(rounds(2)), Log()
    compactor: Compactor[None] = Compactor(BY_TASK, on_event=log)
    agent = reading_agent(script, **mode(compactor), model_settings=compactor.model_settings)
    drive(way, agent, 'what is this?')
    drive(way, agent, 'implement it')
    drive(way, agent, 'implement it', model_settings={'max_tokens': 77})
    assert limits(script) == [1_800, 1_800, 3_000, 3_000, 77, 77]
    assert [event.task for event in log.of(TaskDetected)][:2] == ['explanation', 'code_generation']


def test_a_models_limit_wins_over_the_processors() -> None:
    """`compactor.model_settings` says nothing where the model brings a limit of its own, nor when observing."""
    for mode, settings, expected in (('act', {'max_tokens': 55}, 55), ('observe', None, None)):
        script = Script(rounds(1))
        compactor: Compactor[None] = Compactor(BY_TASK, mode=mode)  # type: ignore[arg-type]
        model = FunctionModel(script._answer, settings=settings)  # type: ignore[arg-type]
        agent = new_agent(model, **PROCESSOR_MODES[0](compactor), model_settings=compactor.model_settings)
        drive(by_run, agent, 'implement it')
        assert limits(script) == [expected]


@every_way
def test_hook_and_settings_together(way: Way) -> None:
    """Plugged in both ways, the hook knows the limit of `model_settings` for its own and may still repeat."""
    script = Cutter()
    compactor: Compactor[None] = Compactor(BY_TASK)
    agent = script.agent(compactor, model_settings=compactor.model_settings)
    drive(way, agent, 'what is this?')
    assert script.limits[0] == 1_800


# -- answers that were cut -----------------------------------------------------------------------------------

Kind = Literal['text', 'call', 'thinking', 'empty']


@dataclass
class Cutter:
    """A model whose answer needs `needs` tokens; with less it is cut in the middle, as a provider cuts.

    Attributes:
        kind: what it is about to give when it is cut.
        needs: tokens of the whole answer.
        says_so: the provider reports 'length'.
        limits: `max_tokens` of each request.
        histories: how many messages each request had.
    """

    kind: Kind = 'call'
    needs: int = 5_000
    says_so: bool = True
    limits: list[int | None] = field(default_factory=list)
    histories: list[int] = field(default_factory=list)

    def answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """The whole answer, or the part of it that fits."""
        limit = (info.model_settings or {}).get('max_tokens')
        self.limits.append(limit)
        self.histories.append(len(messages))
        if limit is not None and limit < self.needs:
            parts: dict[Kind, list[Any]] = {
                'text': [TextPart('Half an ')],
                'call': [TextPart('Now:'), ToolCallPart('write', '{"path": "a.py", "content": "de', 'c1')],
                'thinking': [ThinkingPart('I should')],
                'empty': [],
            }
            reason: Any = 'length' if self.says_so else None
            usage = RequestUsage(input_tokens=100, output_tokens=limit)
            return ModelResponse(parts=parts[self.kind], usage=usage, finish_reason=reason)
        done = any(isinstance(part, ToolReturnPart) for message in messages for part in message.parts)
        parts_: list[Any] = [TextPart('Done.')]
        if self.kind == 'call' and not done:
            parts_ = [ToolCallPart('write', {'path': 'a.py', 'content': 'def f(): ...'}, 'c1')]
        usage = RequestUsage(input_tokens=100, output_tokens=self.needs)
        return ModelResponse(parts=parts_, usage=usage, finish_reason='stop')

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        """The same, in pieces."""
        for i, part in enumerate(self.answer(messages, info).parts):
            if isinstance(part, TextPart):
                yield part.content
            elif isinstance(part, ToolCallPart):
                yield {i: DeltaToolCall(part.tool_name, part.args_as_json_str(), tool_call_id=part.tool_call_id)}

    def agent(self, compactor: Compactor[None], **arguments: Any) -> Agent[None, Any]:
        """An agent that writes files."""
        model = FunctionModel(self.answer, stream_function=self.stream)
        agent = new_agent(model, **as_capability(compactor), **arguments)

        @agent.tool_plain
        def write(path: str, content: str) -> str:
            return f'{len(content)} characters'

        return agent


@whole_ways
@pytest.mark.parametrize(
    ('kind', 'says_so'),
    [('text', True), *((kind, says_so) for kind in ('call', 'thinking', 'empty') for says_so in (True, False))],
)
def test_a_cut_answer_is_asked_for_once_more(way: Way, kind: Kind, says_so: bool) -> None:
    """With twice the room, before the framework fails on it; the history never shows the attempt.

    Where the provider does not say so, a text that ends may be whole; the others can be told.
    """
    model, log = Cutter(kind, says_so=says_so), Log()
    compactor: Compactor[None] = Compactor(BY_TASK, on_event=log)
    result = drive(way, model.agent(compactor), 'implement it')
    assert result.output == 'Done.'
    assert model.limits == [3_000, 6_000, *([6_000] if kind == 'call' else [])]
    assert model.histories[:2] == [1, 1]
    assert [(event.task, event.max_tokens, event.asked_again) for event in log.of(AnswerCut)] == [
        ('code_generation', 3_000, 6_000)
    ]
    requests = 2 if kind == 'call' else 1
    assert compactor.task_figures[Task.CODE_GENERATION] == TaskCount(requests=requests, cut=1, asked_again=1)
    assert all('Half' not in str(part) for message in result.all_messages() for part in message.parts)


@whole_ways
def test_what_both_attempts_cost_is_counted(way: Way) -> None:
    """The run's usage holds the tokens of the attempt that was thrown away."""
    model = Cutter('text')
    usage = drive(way, model.agent(Compactor(BY_TASK)), 'implement it').usage
    usage = usage() if not hasattr(usage, 'output_tokens') else usage
    assert (usage.input_tokens, usage.output_tokens) == (200, 3_000 + 5_000)


def test_a_limit_that_was_too_small_is_not_tried_again() -> None:
    """Later requests of the run start with the room that the cut answer was given."""
    model, log = Cutter('call', needs=3_500), Log()
    drive(by_run, model.agent(Compactor(BY_TASK, on_event=log)), 'what is this?')
    assert model.limits == [1_800, 3_600, 3_600]
    assert len(log.of(AnswerCut)) == 1


def _fails(model: Cutter, compactor: Compactor[None], prompt: str = 'implement it') -> None:
    with pytest.raises(UnexpectedModelBehavior):
        drive(by_run, model.agent(compactor), prompt)


def test_only_once() -> None:
    """An answer that is cut again goes to the framework, and both are told."""
    model, log = Cutter('thinking', needs=100_000), Log()
    compactor: Compactor[None] = Compactor(BY_TASK, on_event=log)
    _fails(model, compactor)
    assert model.limits[:2] == [3_000, 6_000]
    assert [(event.max_tokens, event.asked_again) for event in log.of(AnswerCut)][:2] == [(3_000, 6_000), (6_000, None)]


def test_no_further_than_the_models_ceiling() -> None:
    """What is left up to the ceiling is used; where nothing is left, nothing is asked."""
    for ceiling, expected in ((4_000, [3_000, 4_000]), (3_000, [3_000])):
        model = Cutter('text', needs=100_000)
        policy = Policy(tasks=TaskPolicy(max_output_by_task=LIMITS, ceilings={'*': ceiling}))
        drive(by_run, model.agent(Compactor(policy)), 'implement it')
        assert model.limits == expected


def test_a_policy_may_say_no() -> None:
    """`ask_again=False` only tells."""
    model, log = Cutter('text'), Log()
    policy = Policy(tasks=TaskPolicy(max_output_by_task=LIMITS, ask_again=False))
    drive(by_run, model.agent(Compactor(policy, on_event=log)), 'implement it')
    assert model.limits == [3_000]
    assert log.of(AnswerCut)[0].asked_again is None


def test_the_callers_own_limit_may_cut() -> None:
    """What a limit of the caller's cuts is the caller's: nothing is repeated or told."""
    model, log = Cutter('text'), Log()
    agent = model.agent(Compactor(BY_TASK, on_event=log))
    assert drive(by_run, agent, 'implement it', model_settings={'max_tokens': 90}).output == 'Half an '
    assert model.limits == [90]
    assert not log.of(AnswerCut)


def test_a_flat_limit_is_ours_too() -> None:
    """What `default_max_output` cuts is asked for once more."""
    model = Cutter('text', needs=1_000)
    agent = model.agent(Compactor(Policy(tasks=TaskPolicy(default_max_output=600))))
    assert drive(by_run, agent, 'implement it').output == 'Done.'
    assert model.limits == [600, 1_200]


def test_a_stream_is_only_told_of() -> None:
    """What was handed out cannot be taken back: no second request, but the event and the count."""
    sent: list[Any] = []

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        sent.append((info.model_settings or {}).get('max_tokens'))
        yield {0: DeltaToolCall('write', '{"path": "a.py", "content": "de', tool_call_id='c1')}

    log = Log()
    # A streamed function model reports a few tokens for these arguments: more than this limit.
    compactor: Compactor[None] = Compactor(Policy(tasks=TaskPolicy(default_max_output=1)), on_event=log)
    agent = new_agent(FunctionModel(stream_function=stream), **as_capability(compactor), retries=0)
    agent.tool_plain(name='write')(_write)
    with pytest.raises(UnexpectedModelBehavior):
        drive(by_stream, agent, 'implement it')
    assert sent == [1]
    assert [(event.max_tokens, event.asked_again) for event in log.of(AnswerCut)] == [(1, None)]
    assert compactor.task_figures[Task.UNKNOWN] == TaskCount(requests=1, cut=1)


def _write(path: str, content: str) -> str:
    return 'ok'


@whole_ways
def test_both_attempts_are_in_the_ledger(way: Way, tmp_path: Path) -> None:
    """Each attempt is written down and counted in the budgets, and nothing stays reserved."""
    store = Store(tmp_path / 'ledger.db')
    budget = Budget(name='all', limit=1_000_000)
    policy = Policy(tasks=TaskPolicy(max_output_by_task=LIMITS), ledger=LedgerPolicy(budgets=(budget,)))
    model = Cutter('text')
    drive(way, model.agent(Compactor(policy, store=store)), 'implement it')
    rows = list(Ledger(store).entries())
    assert [(row.finish_reason, row.output_tokens) for row in rows] == [('length', 3_000), ('stop', 5_000)]


# -- the parts -----------------------------------------------------------------------------------------------


def test_the_last_prompt() -> None:
    """What a person wrote last: not results, not our notes, not pinned content, not a harness's words."""
    ask = ModelRequest(parts=[SystemPromptPart('Be kind.'), UserPromptPart('implement it')])
    called = ModelResponse(parts=[ToolCallPart('read', {}, 'c1')])
    result = ModelRequest(parts=[ToolReturnPart('read', 'please explain', 'c1')])
    assert last_prompt([ask]) == ('implement it', False)
    assert last_prompt([ask, called, result]) == ('implement it', True)
    for noise in (misplaced(), pin('Explain nothing.'), '<system-reminder>Explain.</system-reminder>', ' '):
        after = ModelRequest(parts=[*result.parts, UserPromptPart(noise)])
        assert last_prompt([ask, called, after]) == ('implement it', True)
    image = BinaryContent(b'x', media_type='image/png')
    mixed = ModelRequest(parts=[UserPromptPart(['what is this?', image, pin('Be brief.')])])
    assert last_prompt([ask, called, result, mixed]) == ('what is this?', False)
    assert last_prompt([]) == ('', False)


@pytest.mark.parametrize(
    ('parts', 'tokens', 'reason', 'expected'),
    [
        ([TextPart('a')], 100, 'length', True),
        ([TextPart('a')], 1, 'length', True),
        ([TextPart('a')], 100, 'stop', False),
        ([TextPart('a')], 100, None, False),
        ([ThinkingPart('a')], 100, None, True),
        ([ThinkingPart('a')], 99, None, False),
        ([ThinkingPart('a'), TextPart('b')], 100, None, False),
        ([], 100, None, True),
        ([], 0, None, False),
        ([ToolCallPart('f', '{"a": ')], 100, 'tool_call', True),
        ([ToolCallPart('f', '{"a": 1}')], 100, 'tool_call', False),
        ([ToolCallPart('f', {'a': 1})], 100, None, False),
        ([ToolCallPart('f', None)], 100, None, False),
        ([ToolCallPart('f', '{"a": ')], 99, None, False),
    ],
)
def test_what_counts_as_cut(parts: Sequence[Any], tokens: int, reason: Any, expected: bool) -> None:
    """The provider's word, or an answer of the limit's length that is no whole one."""
    response = ModelResponse(parts=list(parts), usage=RequestUsage(output_tokens=tokens), finish_reason=reason)
    assert is_cut(answer_of(None, response), 100) is expected


THINKS = SimpleNamespace(profile=SimpleNamespace(thinking_always_enabled=True))
THINKS_TOO = SimpleNamespace(profile={'thinking_always_enabled': True})
THINKS_NOT = SimpleNamespace(profile={})


@pytest.mark.parametrize(
    ('settings', 'model', 'expected'),
    [
        (None, None, 0),
        ({}, THINKS, THINKING),
        ({}, THINKS_TOO, THINKING),
        ({}, THINKS_NOT, 0),
        ({'thinking': 'high'}, None, 16_384),
        ({'thinking': True}, None, THINKING),
        ({'thinking': False}, THINKS_NOT, 0),
        ({'openai_reasoning_effort': 'low'}, THINKS, 2_048),
        ({'openai_reasoning_effort': 'none'}, THINKS_NOT, 0),
        ({'openai_reasoning_effort': 'whatever'}, THINKS_NOT, THINKING),
        ({'anthropic_thinking': {'type': 'enabled', 'budget_tokens': 5_000}}, None, 5_000),
        ({'anthropic_thinking': {'type': 'disabled'}}, None, 0),
        ({'anthropic_thinking': {'type': 'adaptive'}}, None, THINKING),
        ({'google_thinking_config': {'thinking_budget': 700}}, None, 700),
        ({'google_thinking_config': {'thinking_budget': -1}}, None, THINKING),
    ],
)
def test_how_much_is_thought(settings: Any, model: Any, expected: int) -> None:
    """What the settings grant for thinking, and much for a model that always thinks."""
    assert thinking_of(settings, model) == expected


@pytest.mark.parametrize(
    ('properties', 'expected'),
    [
        ({}, False),
        ({'path': {'type': 'string'}, 'limit': {'type': 'integer'}}, False),
        ({'content': {'type': 'string'}}, True),
        ({'command': {'type': 'string'}}, True),
        ({'edits': {'type': 'array'}}, True),
        ({'verbose': {'type': 'boolean'}, 'sort': {'enum': ['a', 'b'], 'type': 'string'}}, False),
        ({'n': {'anyOf': [{'type': 'integer'}, {'type': 'null'}]}}, False),
        ({'note': {'anyOf': [{'type': 'string'}, {'type': 'null'}]}}, True),
        ({'anything': True}, True),
        ({'anything': {}}, True),
    ],
)
def test_which_tools_take_long_texts(properties: dict[str, Any], expected: bool) -> None:
    """Numbers, choices, paths and patterns are short; any other text, list or object may be long."""
    assert takes_long_texts({'type': 'object', 'properties': properties}) is expected
    assert not takes_long_texts({'type': 'object'})


def test_a_chain_of_models_that_loops() -> None:
    """Looking for settings and profiles comes to an end."""
    chain: Any = SimpleNamespace(settings=None)
    chain.wrapped = chain
    assert not is_limited(None, chain)
    assert thinking_of(None, chain) == 0
    assert not is_limited(None, 'openai:gpt-4o')
