"""Prune: acknowledgements, empty parts and refused attempts go; what says anything stays."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import Any

import pytest
from hypothesis import given
from inline_snapshot import snapshot
from pydantic_ai.messages import ModelMessage, TextPart, ThinkingPart

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.message import Kind
from compactor.history.parse import parse
from compactor.strategies import Prune
from compactor.strategies.clamp import FLOOR
from compactor.strategies.prune import acknowledges
from tests.laws.histories import lawful_histories
from tests.laws.release import legacy_retry
from tests.notation import COUNTER, message, room
from tests.strategies.recorded import answer, applied, ask, did, ran, results, session, shown

STEP = Prune(keep_steps=1)

IDLE = (
    'OK',
    'Done.',
    "I'll continue.",
    'I’ll continue…',
    'Great! Let me continue:',
    'Now let me run the tests again:',
    'Let me check that.',
    'Got it - moving on.',
    '...',
)
TELLING = (
    'The tests pass.',
    'Let me check parser.py.',
    'Done: 3 files changed.',
    'No.',
    "That didn't work, let me try again.",
    'Good, the bug is in the lexer.',
    'I will not run the tests.',
    'Should I continue with the lexer?',
    '✅ 12',
    'ok ' * 60,
)


@pytest.mark.parametrize('text', IDLE)
def test_acknowledgements(text: str) -> None:
    """A text of nothing but these phrases says nothing beside a call."""
    assert acknowledges(text)
    assert shown(applied(STEP, session(did('bash', 'ok', TextPart(text), command='ls'))), 'text') == ['Fixed.']


@pytest.mark.parametrize('text', TELLING)
def test_what_says_anything_stays(text: str) -> None:
    """A finding, a name, a number, a denial or a question."""
    assert not acknowledges(text)
    assert text in [
        *shown(applied(STEP, session(did('bash', 'ok', TextPart(text), command='ls'))), 'text'),
        text[:40] + '…',
    ]


def test_answers_and_words_of_users_stay() -> None:
    """'Done.' as the last word of an exchange is what the user read; 'ok' of a user is an instruction."""
    messages = session(ran('ls', 'a'), [*_exchange('ok', 'Done.')], ran('ls', 'b'))
    after = applied(STEP, messages)
    assert 'Done.' in shown(after, 'text')
    assert 'ok' in shown(after, 'user-prompt')


def _exchange(prompt: str, said: str) -> list[ModelMessage]:
    return [ask('first'), answer(TextPart('Yes.')), ask(prompt), answer(TextPart(said)), ask('go')]


def test_empty_parts_go_and_signed_ones_stay() -> None:
    """Empty texts and empty thinking without a signature; where anything is signed, the response is left alone."""
    said: list[Any] = [TextPart('OK'), TextPart(''), ThinkingPart(''), ThinkingPart('Why?')]
    after = applied(STEP, session(did('bash', 'ok', *said, command='ls')))
    assert [p.part_kind for p in after[1].parts] == ['thinking', 'tool-call']
    messages = session(did('bash', 'ok', *said, ThinkingPart('', signature='s'), command='ls'))
    assert all(a is b for a, b in zip(applied(STEP, messages), messages, strict=True))


REASON = 'Unknown unit "parsec": the units are m, km, mi and ft. Distances on maps are in km. ' * 3


def refused(content: Any, tool: str = 'measure') -> Any:
    """The retry prompt for a call."""
    return legacy_retry(content, tool_name=tool, tool_call_id='c')


def test_what_a_model_reads_of_a_refused_call() -> None:
    """The reason in one line, and where the call succeeded."""
    errors = [{'type': 'int_type', 'loc': ('n',), 'msg': 'Input should be a valid integer', 'input': 'many ' * 40}]
    steps = [
        did('measure', refused(errors), n='many', unit='km'),
        did('measure', '12 km', n=12, unit='km'),
        did('measure', refused(REASON), n=12, unit='parsec'),
        did('measure', '9 km', n=12, unit='km'),
    ]
    after = applied(STEP, session(*steps))
    assert [line for text in results(after) for line in wrap(text, 90)] == snapshot(
        [
            '[refused: n: Input should be a valid integer; called again in step 2, which worked]',
            '12 km',
            '[refused: Unknown unit "parsec": the units are m, km, mi and ft. Distances on maps are in',
            'km. Unknown unit "parsec": the units are m, km, mi and ft. Distances on maps are…; called',
            'again in step 4, which worked]',
            '9 km',
        ]
    )


def test_long_arguments_of_a_refused_call_are_cut() -> None:
    """The corrected call holds them."""
    text = 'A distance is measured along the road. ' * 40
    steps = [did('note', refused(REASON, 'note'), text=text, unit='parsec'), did('note', 'ok', text=text, unit='km')]
    after = applied(STEP, session(*steps))
    calls = [p for m in MessageReader(COUNTER).read(after) for p in m.parts if p.kind is Kind.CALL]
    assert calls[0].tokens <= FLOOR < calls[1].tokens
    assert json.loads(calls[0].text)['unit'] == 'parsec'


NOT_SUPERSEDED: dict[str, list[list[ModelMessage]]] = {
    'nothing followed': [did('measure', refused(REASON), n=1, unit='x')],
    'another tool followed': [did('measure', refused(REASON), n=1), did('guess', '3', n=1)],
    'refused again': [did('measure', refused(REASON), n=1), did('measure', refused('no'), n=2)],
    'quite another call': [did('bash', refused(REASON, 'bash'), command='pytest -q tests'), ran('ls -la', 'a')],
    'a failure is no refusal': [did('measure', REASON, outcome='failed', n=1), did('measure', '3', n=1)],
    'nor is a denial': [did('measure', REASON, outcome='denied', n=1), did('measure', '3', n=1)],
    'a short reason': [did('measure', refused('no'), n=1), did('measure', '3', n=1)],
}


@pytest.mark.parametrize('case', NOT_SUPERSEDED)
def test_other_failures_stay(case: str) -> None:
    """Only a refusal that the next step corrected goes."""
    messages = session(*NOT_SUPERSEDED[case])
    assert all(a is b for a, b in zip(applied(STEP, messages), messages, strict=True))


def test_answered_feedback_goes_where_it_stands_beside_results() -> None:
    """Alone in a request it divides two responses, and stays."""
    history = [
        message('u'),
        message('R ?a'),
        message('+a f'),
        message('R t'),
        message('f'),
        message('R ?b'),
        message('+b'),
    ]
    after = STEP.apply(parse(history).history, room(1))
    assert [p.raw.label for p in after.parts] == ['u', '?a', '+a', 't', 'f', '?b', '+b']


def test_protected_tools_and_the_newest_steps_stay() -> None:
    """Whatever they say."""
    messages = session(did('measure', refused(REASON), TextPart('OK'), n=1), did('measure', '3', n=1))
    tree = parse(MessageReader(COUNTER).read(messages)).history
    assert Prune(keep_steps=3).apply(tree, room(1)) is tree
    after = STEP.apply(tree, room(1, protect='measure'))
    assert [p.kind for p in tree.parts if p not in list(after.parts)] == [Kind.TEXT]
    assert STEP.apply(tree, room(tree.tokens)) is tree


@given(lawful_histories(text_size=2))
def test_lawful_and_sticky(messages: list[ModelMessage]) -> None:
    """On any history the laws hold, and a second time changes nothing."""
    applied(STEP, messages)
