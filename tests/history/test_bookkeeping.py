"""Which statements later ones supersede: laws over any list of them, and a table of the framework's own."""

from __future__ import annotations

from typing import Any

import pydantic_ai.messages as m
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart

from compactor import HistoryPolicy, Policy, compact
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.bookkeeping import ANSWERED, REMINDER, Share, superseded_in
from compactor.history.message import Kind, Part
from tests.notation import COUNTER

KEYS = st.sampled_from([('a',), ('a', '1'), ('a', '2'), ('b',), ('b', '1', 'x'), ANSWERED])
STATED = st.lists(st.tuples(KEYS, st.booleans()), max_size=12)


def shares(stated: list[tuple[tuple[str, ...], bool]]) -> list[Share]:
    """A message a statement; those that are marked have a response before them."""
    found: list[Share] = []
    for key, spoken in stated:
        if spoken:
            found.append(Share('response', []))
        found.append(Share('request', [Part(Kind.DELTA, object(), 1, states=(key,), protected=True)]))
    return found


def left(of: list[Share]) -> list[tuple[tuple[str, ...], ...]]:
    """What the parts state that nothing supersedes, in order."""
    gone = superseded_in(of)
    return [part.states for share in of for part in share.parts if id(part) not in gone]


@given(STATED)
def test_what_goes_is_said_later(stated: list[tuple[tuple[str, ...], bool]]) -> None:
    """Whatever is superseded is stated again by what is left, or was for a request that has been answered."""
    of = shares(stated)
    gone = superseded_in(of)
    for i, share in enumerate(of):
        for part in share.parts:
            if id(part) not in gone:
                continue
            later = [key for s in of[i + 1 :] for p in s.parts if id(p) not in gone for key in p.states]
            answered = any(s.role == 'response' for s in of[i + 1 :])
            assert any(part.states[0][: len(key)] == key for key in later) or (answered and ANSWERED in part.states)


@given(STATED)
def test_the_latest_of_each_key_stays(stated: list[tuple[tuple[str, ...], bool]]) -> None:
    """The last statement stays, each key once, and what is left supersedes nothing of itself."""
    of = shares(stated)
    kept = left(of)
    if stated:
        assert kept[-1] == (stated[-1][0],)
    lasting = [keys for keys in kept if keys != (ANSWERED,)]
    assert len(lasting) == len(set(lasting))
    gone = superseded_in(of)
    rest = [Share(s.role, [p for p in s.parts if id(p) not in gone]) for s in of]
    assert superseded_in(rest) == frozenset()


def _known(name: str) -> Any:
    return getattr(m, name, None)


def _block(name: str) -> Any:
    return m.InstructionId(m.AgentInstructionSource(), name=name)


def _loaded(name: str) -> Any:
    return m.InstructionId(m.CapabilityInstructionSource(name))


def _change(name: str, text: str | None) -> Any:
    return m.InstructionDeltaPart(id=_block(name), content=text)


def _baseline(*blocks: Any) -> Any:
    return m.InstructionBaselinePart(instructions=[m.InstructionPart('x', id=block) for block in blocks])


def _settings(effort: str, opens: bool = False) -> Any:
    return m.ModelSettingsDeltaPart(settings={'thinking': effort}, top_level=opens)  # type: ignore[typeddict-item]


def _tools(*names: str) -> Any:
    return m.ToolAvailabilityDeltaPart(tools_added=list(names))


def _load(*names: str) -> Any:
    return m.CapabilityLoadDeltaPart(loaded=list(names))


def _reminder(text: str, **more: Any) -> Any:
    return SystemPromptPart(text, **more)


# (what is recorded in request after request, the places of those that are superseded)
FRAMEWORK: dict[str, tuple[Any, set[int]]] = {
    'changes of one block': (lambda: [_change('a', '1'), _change('b', '1'), _change('a', '2')], {0}),
    'a withdrawn block': (lambda: [_change('a', '1'), _change('a', None)], {0}),
    'a baseline ends all changes': (lambda: [_change('a', '1'), _change('b', '1'), _baseline()], {0, 1}),
    'changes after a baseline': (lambda: [_baseline(), _change('a', '1'), _change('a', '2')], {1}),
    'baselines': (lambda: [_baseline(), _baseline(), _baseline()], {0, 1}),
    'a loaded block outlives baselines': (
        lambda: [m.InstructionDeltaPart(id=_loaded('c'), content='1'), _baseline()],
        set(),
    ),
    'a loaded block changed': (
        lambda: [m.InstructionDeltaPart(id=_loaded('c'), content=text) for text in ('1', '2')],
        {0},
    ),
    'a baseline that took a loaded block over': (lambda: [_baseline(_loaded('c')), _baseline()], set()),
    'settings': (lambda: [_settings('low', opens=True), _settings('high'), _settings('low')], {1}),
    'settings opened anew': (
        lambda: [_settings('low', opens=True), _settings('high'), _settings('low', opens=True)],
        {0, 1},
    ),
    'tools': (lambda: [_tools('a'), _tools('b'), _tools('a', 'c')], {0}),
    'some tools of several': (lambda: [_tools('a', 'b'), _tools('a')], set()),
    'loads': (lambda: [_load('a'), _load('b'), _load('a')], {0}),
    'appending prompts': (lambda: [_reminder(t, context_id='system_prompt:x') for t in ('1', '2', '')], {0, 1}),
    'a prompt for one request': (lambda: [_reminder('now', scope='request') for _ in range(3)], {0, 1}),
    'reminders': (lambda: [_reminder('Stay on task.'), _reminder('Be brief.'), _reminder('Stay on task.')], {0}),
}


@pytest.mark.skipif(_known('CapabilityLoadDeltaPart') is None, reason='not all of it is known to this version')
@pytest.mark.parametrize('name', FRAMEWORK)
def test_the_framework_s_own(name: str) -> None:
    """Which of the framework's statements supersede which, as its source has it."""
    made, expected = FRAMEWORK[name]
    messages: list[ModelMessage] = [ModelRequest([UserPromptPart('Go.')])]
    for part in made():
        messages += [ModelResponse([TextPart('ok')]), ModelRequest([UserPromptPart('on'), part])]
    view = MessageReader(COUNTER).read(messages)
    gone = superseded_in([Share(message.role, message.parts) for message in view], reminders=False)
    places = [i for i, message in enumerate(view[2::2]) if any(id(part) in gone for part in message.parts)]
    assert set(places) == expected


def test_a_request_under_way_keeps_its_prompts() -> None:
    """What holds for one request holds until a request follows its answer."""
    of = [Share('response', []), Share('request', [Part(Kind.SYSTEM, object(), 1, states=(ANSWERED,))])]
    assert superseded_in(of) == frozenset()
    assert superseded_in([*of, Share('response', [])]) == frozenset()
    assert len(superseded_in([*of, Share('response', []), Share('request', [])])) == 1


def test_what_opens_the_conversation_stays() -> None:
    """System prompts ahead of the first response are the standing prompt, whatever is said later."""
    words = (REMINDER, 'Be brief.', 'Be brief.')
    first, later = (Part(Kind.SYSTEM, object(), 1, states=(words,)) for _ in range(2))
    of = [Share('request', [first]), Share('response', []), Share('request', [later])]
    assert superseded_in(of) == frozenset()


@pytest.mark.parametrize('strategies', [('digest',), ('window',), ('prune', 'digest', 'window', 'clamp')], ids='+'.join)
@pytest.mark.parametrize('latest', [False, True])
def test_reminders_that_count(strategies: tuple[str, ...], latest: bool) -> None:
    """A reminder with another number each time stays every time, unless policy keeps the latest alone."""
    messages: list[ModelMessage] = [ModelRequest([SystemPromptPart('You help.'), UserPromptPart('Go.')])]
    for n in range(60):
        reminder = SystemPromptPart(f'You have {60 - n} steps left of 60.')
        messages += [ModelResponse([TextPart(f'Step {n}: ' + 'looked again. ' * 20)])]
        messages += [ModelRequest([reminder, UserPromptPart(f'Go on with {n}.')])]
    policy = Policy(history=HistoryPolicy(strategies=strategies, latest_reminders=latest))
    result = compact(messages, policy, target_tokens=2_500)
    assert result.failures == ()
    told = [p.content for msg in result.messages for p in msg.parts if isinstance(p, SystemPromptPart)]
    assert told[0] == 'You help.'
    assert told[-1] == 'You have 1 steps left of 60.'
    assert (len(told) < 30) == latest


@pytest.mark.skipif(_known('ToolAvailabilityDeltaPart') is None, reason='unknown to this version')
@pytest.mark.parametrize('prompted', [False, True])
def test_it_goes_though_a_prompt_follows_in_its_request(prompted: bool) -> None:
    """A tool that is told of again: what told of it first goes at once, whether or not a prompt stands behind it."""
    words: list[Any] = [UserPromptPart('Go on.')] if prompted else []
    messages: list[ModelMessage] = [ModelRequest([UserPromptPart('Go.')])]
    for n in range(6):
        found = m.ToolReturnPart('search', 'found', f'c{n}')
        messages += [ModelResponse([m.ToolCallPart('search', {'q': 'refund'}, f'c{n}')])]
        messages += [ModelRequest([found, _tools('refund'), *words])]
    result = compact(messages, Policy(history=HistoryPolicy(strategies=('prune',))), target_tokens=1)
    told = [i for i, msg in enumerate(result.messages) for part in msg.parts if part.part_kind == _tools().part_kind]
    # The newest steps stay as they are.
    assert told == [8, 10, 12]
    assert not compact(result.messages, Policy(history=HistoryPolicy(strategies=('prune',))), target_tokens=1).changed
