"""Bands: calls stay calls where their results are gone, within a share, as the rules on thinking allow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import HistoryPolicy, MemoryArchive, Policy, compact, restore
from compactor.history.stubs import banded_result, is_stub, says_failed, telling_line
from compactor.strategies.bands import MOST, SHARES, share_for

TARGET = 6_000
RESULT = 'value_{n} = {n}\nname_{n}.py:12: def handler_{n}(request): return request.user_{n}\n' * 12


def session(steps: int = 60, *, signed: bool = False, long: int = 0) -> list[ModelMessage]:
    """One prompt and many calls; `signed`: with thinking that its provider has signed; `long`: words of an argument."""
    history: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart('Read every module.')])]
    for n in range(1, steps + 1):
        parts: list[Any] = [ThinkingPart(f'Now module {n}.', signature=f's{n}' if signed else None)]
        parts += [TextPart(f'Module {n} is next.')]
        parts += [ToolCallPart('read_file', {'path': f'src/module_{n}.py', 'why': 'word ' * long}, f'c{n}')]
        history += [
            ModelResponse(parts=parts),
            ModelRequest(parts=[ToolReturnPart('read_file', RESULT.format(n=n), f'c{n}')]),
        ]
    return history


def compacted(history: list[ModelMessage], model: str = 'cerebras:zai-glm-4.7', **policy: Any) -> list[ModelMessage]:
    """The history at `TARGET`, with no strategy failed."""
    made = compact(history, Policy(history=HistoryPolicy(**policy)), target_tokens=TARGET, model=model)
    assert made.fits
    assert not made.failures
    return list(made.messages)


def of(messages: list[ModelMessage], kind: str) -> list[Any]:
    """The parts of a kind."""
    return [part for message in messages for part in message.parts if part.part_kind == kind]


def digest_in(messages: list[ModelMessage]) -> str:
    """The text of the digest."""
    return next(t for m in messages for p in m.parts if 'Digest of' in (t := str(getattr(p, 'content', ''))))


def test_calls_stay_calls_and_results_are_stubs() -> None:
    """The newest steps are whole, those before them keep their calls, and what was thought is gone there."""
    made = compacted(session(), band=0.5)
    calls, results = of(made, 'tool-call'), of(made, 'tool-return')
    stubs = [result.content for result in results if is_stub(result.content)]
    assert len(calls) == len(results) > 15
    assert 0 < len(results) - len(stubs) < 5
    assert results[-1].content == RESULT.format(n=60)
    first = 61 - len(calls)
    assert stubs[0].endswith(f'tokens left out, #{first}]')
    assert [call.args_as_dict()['path'] for call in calls] == [f'src/module_{n}.py' for n in range(first, 61)]
    assert len(of(made, 'thinking')) == len(results) - len(stubs)


def test_the_digest_tells_what_stubbed_results_held() -> None:
    """Lines of results whose calls stay stand for selection like those of steps that are gone."""
    made = compacted(session(), band=0.5)
    calls = of(made, 'tool-call')
    digest = digest_in(made)
    assert f'Digest of {60 - len(calls)} earlier steps' in digest
    assert any(f'\n#{n} ' in digest for n in range(61 - len(calls), 57))


def test_arguments_are_clamped() -> None:
    """A long argument is cut as any is; it stays an object."""
    made = compacted(session(long=600), band=0.5)
    old = of(made, 'tool-call')[0].args
    assert 'tokens left out' in json.dumps(old)
    assert isinstance(json.loads(old) if isinstance(old, str) else old, dict)


def test_none_at_zero() -> None:
    """Without bands the digest stands beside the newest steps alone."""
    made = compacted(session(), band=0)
    assert len(of(made, 'tool-call')) < 5
    assert not any(is_stub(result.content) for result in of(made, 'tool-return'))


@pytest.mark.parametrize(
    ('model', 'kept'),
    [
        ('cerebras:zai-glm-4.7', True),
        ('anthropic:claude-sonnet-4-5', True),
        ('google:gemini-3-pro', True),
        ('anthropic:claude-opus-5', False),
    ],
)
def test_signed_thinking_of_the_current_turn(model: str, kept: bool) -> None:
    """A call of the current turn comes back with what led to it; where signatures bind, without."""
    made = compacted(session(signed=True), model, band=0.5)
    stubbed = [i for i, m in enumerate(made) if any(is_stub(part.content) for part in of([m], 'tool-return'))]
    assert len(stubbed) > 5
    assert all(bool(of(made[i - 1 : i], 'thinking')) is kept for i in stubbed)


@pytest.mark.parametrize('model', ['cerebras:zai-glm-4.7', 'anthropic:claude-sonnet-4-5', 'openai:gpt-5.2'])
@pytest.mark.parametrize('band', [0.2, 0.5, 0.8])
def test_again_nothing_changes_and_all_comes_back(band: float, model: str) -> None:
    """A compacted history stays as it is, growth below the trigger too, and the archive restores every word."""
    history = session(signed=True)
    archive, policy = MemoryArchive(), Policy(history=HistoryPolicy(band=band))
    made = compact(history, policy, target_tokens=TARGET, model=model, archive=archive)
    again = compact(made.messages, policy, target_tokens=TARGET, model=model, archive=archive)
    assert not again.changed
    assert restore(made.messages, archive) == history


def test_a_chain_goes_on_from_bands() -> None:
    """Steps that stood as calls are folded at a later rewrite, numbers go on, and the whole comes back."""
    history, archive = session(120), MemoryArchive()
    policy = Policy(history=HistoryPolicy(band=0.5))
    state: list[ModelMessage] = history[:61]
    for at in (61, 121, 181, 241):
        made = compact(state, policy, target_tokens=TARGET, archive=archive)
        assert made.fits
        state = [*made.messages, *history[at : at + 60]]
    first = 121 - len(of(state, 'tool-call'))
    assert f'Digest of {first - 1} earlier steps' in digest_in(state)
    assert restore(state, archive) == history


def test_stubs_are_known() -> None:
    """What a stub quotes and says is read back; a result that only quotes one is not."""
    stub = banded_result('3 passed in 1 s', 1_234, 7, failed=False)
    assert stub == '3 passed in 1 s\n[1,234 tokens left out, #7]'
    assert is_stub(stub)
    assert telling_line(stub) == '3 passed in 1 s'
    assert not says_failed(stub)
    failed = banded_result('', 50, 7, failed=True)
    assert failed == '[failed, 50 tokens left out, #7]'
    assert is_stub(failed)
    assert says_failed(failed)
    assert not is_stub(f'{stub}\nmore')


def test_shares_by_size() -> None:
    """Small rooms have no band."""
    assert share_for(SHARES[0][0] - 1) == 0
    assert share_for(SHARES[-1][0] - 1) == SHARES[-1][1]
    assert share_for(1_000_000) == MOST


def planned(items: int, words: str, at: int) -> list[ModelMessage]:
    """A session in which a long plan was written at a step that a band will hold, with a short result."""
    todos = [{'content': f'{words} number {n}', 'status': 'pending'} for n in range(1, items + 1)]
    history = session()
    history[1 + 2 * at : 1 + 2 * at] = [
        ModelResponse(parts=[TextPart('A plan.'), ToolCallPart('TodoWrite', {'todos': todos}, 'plan')]),
        ModelRequest(parts=[ToolReturnPart('TodoWrite', 'Todos have been modified.', 'plan')]),
    ]
    return history


@pytest.mark.parametrize('at', [40, 50, 55, 58, 60])
def test_a_plan_in_a_band_is_still_known(at: int) -> None:
    """A plan whose call was cut in the band is told with what binds, now and after the next compaction."""
    words = 'Look into what the module of the importer does with rows that are too long'
    made = compacted(planned(14, words, at), band=0.5)
    assert all(f'number {n}' in everything(made) for n in range(1, 15))
    again = compacted([*made, *session(40)[1:]], band=0.5)
    assert all(f'number {n}' in everything(again) for n in range(1, 15))


def test_words_in_a_band_are_told_by_the_digest() -> None:
    """What the agent decided in many words at a step of the band is not lost with what was cut of them."""
    history = session()
    talk = 'The module was read and it looks as the others do, with nothing that would stand out. ' * 12
    decided = 'I decided to keep `LedgerCache` because the importer holds rows of 4,812 bytes.'
    for n in (51, 53):
        history[1 + 2 * n] = ModelResponse(
            parts=[
                TextPart(f'{talk}{decided} {talk}'),
                *[p for p in history[1 + 2 * n].parts if p.part_kind == 'tool-call'],
            ]
        )
    made = compacted(history, band=0.5)
    assert '`LedgerCache`' in everything(made)


def everything(messages: list[ModelMessage]) -> str:
    """All that is said in a history."""
    return '\n'.join(str(getattr(p, 'args', '') or getattr(p, 'content', '')) for m in messages for p in m.parts)
