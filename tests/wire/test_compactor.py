"""Hundreds of rounds of parallel tool calls through the real SDKs against the strict provider: not one refusal."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic_ai import Agent, Tool
from pydantic_ai.models import Model

from compactor import Compactor, HistoryPolicy, Policy
from compactor.testing import Api
from compactor.tokens.counter import counter_for
from tests.wire.driver import AgentFactory, live, requires
from tests.wire.test_naive_window import PROVIDERS, keeping_last, processed, shown

ROUNDS = 200
FEWER = 80
"""Rounds with several compactions in them, where all of them would take long and say the same."""
HARD_LIMIT = 25_000


def compacted(policy: Policy | str = 'cerebras', as_processor: bool = False, **options: Any) -> AgentFactory:
    """Agents with a compactor, plugged in either way."""

    def build(model: Model, tools: Sequence[Tool[None]]) -> Agent[None, str]:
        compactor: Compactor[None] = Compactor(policy, **options)
        plug = processed(compactor) if as_processor else {'capabilities': [compactor]}  # type: ignore[arg-type]
        return Agent(model, tools=tools, **plug)

    return build


@pytest.mark.parametrize('as_processor', [False, True], ids=['capability', 'processor'])
@pytest.mark.parametrize('streamed', [False, True], ids=['whole', 'streamed'])
@pytest.mark.parametrize('provider', PROVIDERS)
def test_many_rounds_without_a_refusal(provider: Api, streamed: bool, as_processor: bool) -> None:
    """Under `cerebras` every request is accepted and stays under the hard limit."""
    _lived_through(
        provider, streamed, as_processor, FEWER if streamed or as_processor or provider != 'openai' else ROUNDS
    )


@pytest.mark.sweep
@pytest.mark.parametrize('way', [(a, b) for a in (False, True) for b in (False, True)], ids=str)
@pytest.mark.parametrize('provider', PROVIDERS)
def test_two_hundred_rounds_without_a_refusal(provider: Api, way: tuple[bool, bool]) -> None:
    """The same in every way for 200 rounds."""
    _lived_through(provider, *way, ROUNDS)


def _lived_through(provider: Api, streamed: bool, as_processor: bool, rounds: int) -> None:
    requires(provider)
    lived = live(
        compacted(as_processor=as_processor),
        provider,
        rounds,
        window=HARD_LIMIT,
        count=counter_for('gpt-4o').base,
        streamed=streamed,
    )
    shown(f'{provider}, Compactor, streamed={streamed}', lived)
    assert lived.refusals == []
    assert lived.completed == rounds + 1
    assert lived.largest < HARD_LIMIT
    assert lived.output


@pytest.mark.parametrize('rounds', [FEWER, pytest.param(ROUNDS, marks=pytest.mark.sweep)])
@pytest.mark.parametrize('bound', [False, True], ids=['thinking', 'bound'])
def test_thinking_survives_many_rounds(bound: bool, rounds: int) -> None:
    """With thinking on, signed and even bound to all that precedes it, no rewrite is refused."""
    requires('anthropic')
    model = 'claude-opus-5-5' if bound else 'claude-opus-4-6'
    lived = live(
        compacted(),
        'anthropic',
        rounds,
        count=counter_for('gpt-4o').base,
        thinking=True,
        bound_thinking=bound,
        model_name=model,
    )
    shown(f'anthropic, Compactor, bound={bound}', lived)
    assert lived.refusals == []
    assert lived.completed == rounds + 1


def test_what_a_naive_window_earns_beside_it() -> None:
    """The same session behind 'keep the last 20 messages' dies at the provider's window; ours does not."""
    policy = Policy(history=HistoryPolicy(max_input_tokens=15_000, compaction_threshold=0.6, hard_limit_threshold=0.95))
    naive = live(keeping_last(20), 'openai', 60, window=15_000, count=counter_for('gpt-4o').base)
    ours = live(compacted(policy), 'openai', 60, window=15_000, count=counter_for('gpt-4o').base)
    shown('openai, last 20 messages', naive)
    shown('openai, Compactor', ours)
    assert naive.output is None
    assert ours.refusals == []
    assert ours.output


@pytest.mark.parametrize('provider', PROVIDERS)
def test_an_overflow_nobody_foresaw_is_compacted_and_sent_again(provider: Api) -> None:
    """A provider whose window is smaller than anyone knew refuses once; the request goes out smaller."""
    requires(provider)
    policy = Policy(history=HistoryPolicy(max_input_tokens=100_000))
    lived = live(compacted(policy), provider, 60, window=15_000, count=counter_for('gpt-4o').base)
    shown(f'{provider}, unknown window', lived)
    assert lived.output
    assert len(lived.refusals) <= 3
