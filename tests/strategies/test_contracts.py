"""What every strategy keeps to, whatever it frees: the same objects where nothing changed, and nothing empty."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.history.message import PART_FRAMING, Part
from compactor.history.parse import parse
from compactor.history.turns import History
from compactor.history.write import write
from compactor.strategies import STRATEGIES
from tests.notation import COUNTER, message, messages, room

STEPS = (
    'R h',
    'R t',
    'R h t',
    'R ?a / +a',
    'R h ?a / +a',
    'R t ?a ?b / +b +a',
    'R ?a / +a f',
    'R t / f',
    'R ?a / +a d',
    'R !x =x ?a / +a',
)
TEXTS = ('', 'ok', 'Now let me run the tests again:', 'line of output\n' * 60, '{"path": "' + 'a/b ' * 80 + '"}')


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A mended history in which texts say nothing, little or much."""

    def told(part: Part) -> Part:
        text = draw(st.sampled_from(TEXTS)) if part.kind not in ('system', 'mark', 'delta') else part.text
        signed = part.signed and draw(st.booleans())
        return replace(part, body=text, tokens=COUNTER.base(text) + PART_FRAMING.get(part.kind, 0), signed=signed)

    exchanges = draw(st.lists(st.lists(st.sampled_from(STEPS), max_size=5), min_size=1, max_size=4))
    drawn = messages(' / '.join(' / '.join(['u', *steps]) for steps in exchanges))
    spoken = [message('R' if of.role == 'response' else '', *map(told, of.parts)) for of in drawn]
    return parse(write(parse(spoken).history.segments)).history


@pytest.mark.parametrize('name', STRATEGIES)
def test_the_contracts(name: str) -> None:
    """No empty message, step or exchange; what is equal to what was there is what was there."""

    @given(histories(), st.integers(0, 110), st.sampled_from([1, 3]), st.sampled_from([None, 1, 2]), st.booleans())
    def holds(history: History, percent: int, keep_steps: int, most: int | None, clamp: bool) -> None:
        strategy = STRATEGIES[name](keep_steps)
        after = strategy.apply(history, room(history.tokens * percent // 100, most, prompts=clamp))
        assert isinstance(after, History)
        assert all(segment.parts for segment in after.segments)
        assert all(exchange.prompts or exchange.steps for exchange in after.exchanges)
        was = [*history.exchanges, *(step for exchange in history.exchanges for step in exchange.steps)]
        now = [*after.exchanges, *(step for exchange in after.exchanges for step in exchange.steps)]
        known = {id(node) for node in was}
        assert all(id(node) in known or node not in was for node in now)
        assert after is history or after != history
        assert after.tokens == sum(of.tokens for of in write(after.segments))

    holds()
