"""`pin`: what is pinned survives every strategy, chains of compactions, merges and reloads, to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    UserPromptPart,
)

from compactor import Compactor, HistoryPolicy, MemoryArchive, Policy, compact, counter_for, pin
from compactor.adapters.pydantic_ai.messages.writer import merge_requests
from compactor.strategies import STRATEGIES
from tests.adapters.driver import Script, as_capability, by_run, drive, reading_agent, rounds, session, small
from tests.laws.histories import lawful_histories, shape_of
from tests.laws.laws import Case, faults, run
from tests.laws.writer import EPOCH

RULE = 'Never touch prod.\nArchive 0123456789abcdef: recall(n) gives step n back in full; the next step here is #9.'
FEWER = settings(max_examples=max(25, settings().max_examples // 4))


RESULTS = frozenset(('tool-return', 'retry-prompt'))


def said(messages: Sequence[ModelMessage]) -> list[str]:
    """Every text a user part holds."""
    contents = [p.content for m in messages for p in m.parts if isinstance(p, UserPromptPart)]
    return [str(item) for content in contents for item in ([content] if isinstance(content, str) else content)]


def with_pins(messages: list[ModelMessage], places: Sequence[int], in_list: bool) -> list[ModelMessage]:
    """The history with a pin behind the user prompts of some requests; beside results there may be no pin."""
    changed = list(messages)
    for number, place in enumerate(places):
        i = place % len(messages)
        message: Any = changed[i]
        kinds = [part.part_kind for part in message.parts]
        if isinstance(message, ModelRequest) and kinds[-1:] == ['user-prompt'] and RESULTS.isdisjoint(kinds):
            text = pin(f'{RULE} {number}')
            content: Any = ['See this.', text] if in_list else text
            changed[i] = ModelRequest([*message.parts, UserPromptPart(content, timestamp=EPOCH)])
    return changed


@pytest.mark.parametrize('strategies', [*((name,) for name in STRATEGIES), tuple(STRATEGIES)], ids='+'.join)
def test_pins_survive(strategies: tuple[str, ...]) -> None:
    """Every strategy, alone and together, in chains, with and without an archive; all laws hold beside them."""

    @FEWER
    @given(
        lawful_histories(text_size=4, legacy_retries=False),
        st.lists(st.integers(0, 200), min_size=1, max_size=6, unique=True),
        st.booleans(),
        st.integers(1, 60),
        st.sampled_from([None, 1, 2]),
    )
    def holds(messages: list[ModelMessage], places: list[int], in_list: bool, percent: int, most: int | None) -> None:
        pinned = with_pins(messages, places, in_list)
        note(shape_of(pinned))
        policy = Policy(history=HistoryPolicy(strategies=strategies, max_exchanges=most, clamp_prompts=True))
        target = max(1, counter_for(None).count_messages(pinned) * percent // 100)
        expected = [text for text in said(pinned) if 'Pinned: ' in text]
        assert faults(run(Case(policy, target, None, sending=True), pinned)) == []
        sent: Sequence[ModelMessage] = pinned
        for archive in (MemoryArchive(), None):
            result = compact(sent, policy, target_tokens=target, archive=archive)
            assert result.failures == ()
            sent = ModelMessagesTypeAdapter.validate_json(
                ModelMessagesTypeAdapter.dump_json(merge_requests(result.messages))
            )
            assert [text for text in said(sent) if 'Pinned: ' in text] == expected

    holds()


def test_how_it_reads() -> None:
    """A header that says whose it is, and the text as it was given."""
    assert pin('Never touch prod.') == '[compactor 04879563943237251038] Pinned: Never touch prod.'


def test_a_pin_that_was_edited_is_a_prompt_like_any_other() -> None:
    """The header's hash no longer fits, so nothing is promised for it."""
    messages: list[ModelMessage] = [ModelRequest([UserPromptPart('Go.')])]
    for n in range(6):
        text = pin('Keep me.').replace('me', 'you') if n == 2 else f'{n}' + ' word' * 200
        messages.append(ModelRequest([UserPromptPart(text)]))
        messages += ModelMessagesTypeAdapter.validate_python(
            [{'kind': 'response', 'parts': [{'part_kind': 'text', 'content': 'Yes.'}]}]
        )
    policy = Policy(history=HistoryPolicy(max_exchanges=1))
    assert not any('Keep you' in text for text in said(compact(messages, policy, target_tokens=300).messages))


def test_in_a_run() -> None:
    """Given beside a prompt, or as the prompt itself, it is in every later request and in the record."""
    script = Script(rounds(8))
    agent = reading_agent(script, **as_capability(Compactor(small(max_exchanges=1))))
    prompts = ['Go.', ['Fix it.', pin('Never touch prod.')], pin('Answer in French.'), 'And now?', 'And then?']
    result = session(by_run, agent, prompts)[-1]
    for messages in (script.seen[-1], result.all_messages()):
        assert [text for text in said(messages) if 'Pinned: ' in text] == [prompts[1][1], prompts[2]]


def test_media_beside_a_pin_stay() -> None:
    """In a list of contents all of the list is kept."""
    image = BinaryContent(b'\x89PNG', media_type='image/png')
    agent = reading_agent(script := Script(rounds(8)), **as_capability(Compactor(small(max_exchanges=1))))
    drive(by_run, agent, 'Go.')
    session(by_run, agent, ['Go.', ['Look.', image, pin('Blue only.')], 'And?', 'And then?'])
    contents = [p.content for m in script.seen[-1] for p in m.parts if isinstance(p, UserPromptPart)]
    assert ['Look.', image, pin('Blue only.')] in contents
