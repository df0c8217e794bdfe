"""Estimates follow the usage that a provider reports, and never that of the framework's stand-ins."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.usage import RequestUsage

from compactor import Compactor, Policy, TokenPolicy
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.run.overhead import _definition
from compactor.telemetry.events import Compacted, RequestChecked
from compactor.tokens.counter import counter_for
from tests.adapters.driver import (
    MODES,
    Log,
    Mode,
    Script,
    as_capability,
    by_run,
    call,
    drive,
    reading_agent,
    rounds,
    say,
    session,
    small,
)

NAME = 'claude-opus-4-7'
FACTOR = 1.5
HIDDEN = 350
"""Tokens that a provider adds of its own."""


class Claude(Model):
    """A model that answers by a script and reports usage as a provider would, by a tokenizer we do not have."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.reported: list[int] = []
        self._counter = counter_for(f'anthropic:{NAME}').in_units()

    @property
    def model_name(self) -> str:
        return NAME

    @property
    def system(self) -> str:
        return 'anthropic'

    async def request(self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any) -> Any:
        response = self.script._answer(messages, model_request_parameters)
        tools = [_definition(tool) for tool in model_request_parameters.function_tools]
        local = sum(self._counter.base_many([*tools, _instructions(messages)])) + 8 * len(tools)
        local += self._size(messages)
        self.reported.append(int(local * FACTOR) + HIDDEN)
        return ModelResponse(
            parts=response.parts,
            model_name=NAME,
            provider_name='anthropic',
            usage=RequestUsage(input_tokens=self.reported[-1], output_tokens=int(self._size([response]) * FACTOR)),
        )

    def _size(self, messages: list[Any]) -> int:
        return sum(message.tokens for message in MessageReader(self._counter).read(messages))


def _instructions(messages: list[ModelMessage]) -> str:
    return next((m.instructions or '' for m in reversed(messages) if isinstance(m, ModelRequest)), '')


def _errors(log: Log, model: Claude) -> list[float]:
    return [
        abs(event.tokens_after - reported) / reported
        for event, reported in zip(log.of(RequestChecked), model.reported, strict=True)
    ]


@pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
def test_estimates_converge_on_what_the_provider_reports(mode: Mode) -> None:
    """From the third request on the estimate is within 2 % of the reported usage, hidden tokens included."""
    log, script = Log(), Script(rounds(20))
    model = Claude(script)
    agent = reading_agent(script, **mode(Compactor('anthropic', on_event=log)))
    drive(by_run, agent, 'Go.', model=model)
    errors = _errors(log, model)
    assert len(errors) == 20
    assert max(errors[2:]) < 0.02
    assert log.of(RequestChecked)[-1].method == 'calibrated'


def test_what_was_learned_serves_the_next_run() -> None:
    """The ratio outlives the run: within a second run the first estimate is off by the hidden tokens at most."""
    log, script = Log(), Script(rounds(10))
    model = Claude(script)
    agent = reading_agent(script, **as_capability(Compactor('anthropic', on_event=log)))
    session(by_run, agent, ['a', 'b'], model=model)
    first = log.of(RequestChecked)[10]
    assert abs(first.tokens_after - model.reported[10]) <= HIDDEN + 0.05 * model.reported[10]
    assert max(_errors(log, model)[12:]) < 0.02


@pytest.mark.parametrize('persist', [True, False])
def test_right_after_a_compaction_the_estimate_holds(persist: bool) -> None:
    """A rewrite corrects the anchor: estimates are within 10 % at once, and within 2 % later."""
    log, script = Log(), Script(rounds(30))
    model = Claude(script)
    policy = small(max_input_tokens=40_000)
    agent = reading_agent(script, **as_capability(Compactor(policy, on_event=log, persist=persist)))
    drive(by_run, agent, 'Go.', model=model)
    errors = _errors(log, model)
    checked = log.of(RequestChecked)
    rewritten = [i for i, event in enumerate(checked) if event.outcome == 'compacted']
    assert len(rewritten) >= 2
    assert all(errors[i] < 0.10 for i in rewritten)
    assert all(errors[i] < 0.02 for i in range(4, 30) if i not in rewritten and i - 1 not in rewritten)
    assert max(model.reported) < 32_000


def test_without_calibration_only_the_family_factor_counts() -> None:
    """`TokenPolicy(calibrate=False)` leaves reported usage unused."""
    log, script = Log(), Script(rounds(6))
    policy = Policy(history=small(max_input_tokens=100_000).history, tokens=TokenPolicy(calibrate=False))
    agent = reading_agent(script, **as_capability(Compactor(policy, on_event=log)))
    drive(by_run, agent, 'Go.', model=Claude(script))
    counter = counter_for(f'anthropic:{NAME}')
    reader = MessageReader(counter)
    sizes = [counter.scale(sum(m.tokens for m in reader.read(messages))) for messages in script.seen]
    overhead = {event.tokens_after - size for event, size in zip(log.of(RequestChecked), sizes, strict=True)}
    assert max(overhead) - min(overhead) <= 1  # instructions and tools, rounded together with the rest


@pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
def test_the_usage_of_stand_in_models_is_made_up_and_not_used(mode: Mode) -> None:
    """A `FunctionModel` reports usage too; the estimates stay what the local tokenizer counts."""

    def decide(k: int, messages: list[ModelMessage], info: object) -> ModelResponse:
        answer = call(k) if k < 10 else say('done')
        answer.usage = RequestUsage(input_tokens=90_000, output_tokens=9_000)
        return answer

    log, script = Log(), Script(decide)
    drive(by_run, reading_agent(script, **mode(Compactor('default', on_event=log))), 'Go.')
    checked = log.of(RequestChecked)
    assert {event.method for event in checked} == {'estimate'}
    assert checked[-1].tokens_after < 6_000
    assert not log.of(Compacted)


def test_a_report_from_another_provider_in_the_history_is_no_anchor() -> None:
    """Usage recorded before this run, by whatever model, does not become this run's measure."""
    script, log = Script(rounds(3)), Log()
    history = drive(by_run, reading_agent(Script(rounds(3))), 'Before.').all_messages()
    for message in history:
        if isinstance(message, ModelResponse):
            message.usage = RequestUsage(input_tokens=70_000, output_tokens=100)
            message.provider_name = 'anthropic'
    drive(
        by_run,
        reading_agent(script, **as_capability(Compactor('default', on_event=log))),
        'Go.',
        message_history=history,
    )
    assert max(log.sizes) < 6_000
