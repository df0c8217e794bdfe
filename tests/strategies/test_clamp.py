"""Clamp: the largest texts are cut to one height, arguments stay JSON, and what must not be edited is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.history.message import Kind, Part
from compactor.history.parse import parse
from compactor.history.turns import History
from compactor.strategies import Clamp
from compactor.strategies.clamp import CUT, FLOOR, clamped
from tests.notation import COUNTER, message, part, room

WORDS = ' '.join(f'word{n}' for n in range(3_000))


def working(*sizes: int, prompt: str = 'Fix it.', **values: Any) -> History:
    """One prompt and one step with a result of each size, in words."""
    calls = [part(f'?{n}', '{}') for n in range(len(sizes))]
    results = [part(f'+{n}', ' '.join(WORDS.split()[:size]), **values) for n, size in enumerate(sizes)]
    return parse([message('request', part('u', prompt)), message('R', *calls), message('request', *results)]).history


def sizes(history: History, kind: Kind = Kind.RESULT) -> list[int]:
    """Tokens of the parts of one kind."""
    return [p.tokens for p in history.parts if p.kind is kind]


def test_large_results_are_cut_to_one_height_and_small_ones_stay() -> None:
    """Of four results the two large ones end at about one size; the small ones are the same objects."""
    history = working(2_000, 20, 1_500, 50)
    after = Clamp().apply(history, room(1_500))
    first, second, third, fourth = sizes(after)
    assert after.tokens <= 1_500
    assert abs(first - third) <= 8
    assert (second, fourth) == (sizes(history)[1], sizes(history)[3])
    assert min(first, third) > 400


def test_beginning_and_end_are_kept() -> None:
    """A cut text says how much is missing, between its beginning and its end."""
    text = next(p.text for p in Clamp().apply(working(2_000), room(300)).parts if p.edited)
    assert text.startswith('word0 word1 ')
    assert text.endswith(' word1998 word1999')
    assert [line for line in text.split('\n') if 'left out' in line] == snapshot(
        ['[... about 4,745 of 5,000 tokens left out ...]']
    )


def test_nothing_is_cut_where_it_fits() -> None:
    """The same object comes back."""
    history = working(2_000)
    assert Clamp().apply(history, room(history.tokens)) is history


def test_no_text_is_cut_below_the_floor() -> None:
    """However small the room, a cut text keeps about `FLOOR` tokens; smaller ones are left alone."""
    after = Clamp().apply(working(2_000, 10), room(1))
    assert FLOOR - 16 <= sizes(after)[0] <= FLOOR
    assert not [p for p in after.parts if p.kind is Kind.RESULT][1].edited


def test_results_go_before_arguments_and_answers_and_prompts_last_of_all() -> None:
    """Arguments and answers are cut only where results were not enough, prompts only if allowed."""
    call, text = part('?a', json.dumps({'content': WORDS})), part('t', WORDS)
    steps = [
        message('R', call),
        message('request', part('+a', WORDS)),
        message('R', text),
        message('request', part('u')),
    ]
    history = parse([message('request', part('u', WORDS)), *steps]).history

    def cut(tokens: int, prompts: bool = False) -> set[Kind]:
        return {p.kind for p in Clamp().apply(history, room(tokens, prompts=prompts)).parts if p.edited}

    whole = history.tokens
    assert cut(whole - 1_000) == {Kind.RESULT}
    assert cut(whole // 2) == {Kind.RESULT, Kind.CALL, Kind.TEXT}
    assert cut(100) == {Kind.RESULT, Kind.CALL, Kind.TEXT}
    assert cut(100, prompts=True) == {Kind.RESULT, Kind.CALL, Kind.TEXT, Kind.USER}


def test_the_words_of_the_last_request_are_never_cut() -> None:
    """A huge current prompt stays whole even where prompts may be clamped, and the rest is cut all the same."""
    history = working(2_000, prompt='Fix it.')
    current = message('request', part('u', WORDS))
    raws = [segment.message for segment in history.segments]
    after = Clamp().apply(parse([*raws, current]).history, room(500, prompts=True))
    assert [p.edited for p in after.parts if p.kind is Kind.USER] == [False, False]
    assert [p.edited for p in after.parts if p.kind is Kind.RESULT] == [True]


@pytest.mark.parametrize('why', ['media', 'signed', 'protected'])
def test_what_must_not_be_edited_is_not(why: str) -> None:
    """Results with media, signed parts and protected parts keep their content."""
    values: dict[str, Any] = {why: True}
    history = working(2_000, **values)
    assert Clamp().apply(history, room(100)) is history


def test_protected_tools_keep_their_results_and_arguments() -> None:
    """Nothing of a tool that the policy protects is cut."""
    history = working(2_000)
    assert Clamp().apply(history, room(100, protect='run')) is history


# -- arguments -----------------------------------------------------------------------------------------------


def call(arguments: str) -> Part:
    """A call with these arguments."""
    return part('?a', arguments)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.just(WORDS[:3_000])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


def shape(value: Any) -> Any:
    """A value with its strings taken out."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return '' if isinstance(value, str) else value


@given(JSON, st.integers(20, 600))
def test_cut_arguments_are_an_object_of_the_same_shape(value: Any, height: int) -> None:
    """Keys, numbers and nesting survive where long strings are what is long; else a text under one key stands there."""
    before = call(json.dumps(value))
    after = clamped(before, height, room(1))
    now = json.loads(after.text)
    if after is not before:
        assert isinstance(now, dict)
    assert shape(now) == shape(value) or (now.keys() == {CUT} and isinstance(now[CUT], str))
    assert after.tokens <= before.tokens
    assert (after is before) == (after.text == before.text)


HOSTILE = {
    'not JSON': '{"path": "src/par' + WORDS,
    'empty': '',
    'nested beyond reason': '[' * 100_000 + ']' * 100_000,
    'nested deeply': '[' * 2_000 + json.dumps(WORDS) + ']' * 2_000,
    'numbers only': json.dumps(list(range(2_000))),
    'keys only': json.dumps({f'key {n}': n for n in range(1_000)}),
    'a huge number': '{"n": ' + '9' * 5_000 + '}',
    'not a number': '{"n": NaN, "text": ' + json.dumps(WORDS) + '}',
    'torn surrogates': json.dumps({'text': '\ud83d' * 2_000}),
    'a string alone': json.dumps(WORDS),
    'blanks': '{"plan": ' + ' \n' * 40_000,
    'blanks that are JSON': '{"plan": 1' + ' \n' * 40_000 + '}',
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_hostile_arguments(kind: str) -> None:
    """What a model may have written never raises, and is an object of JSON within its height once it is cut."""
    before = call(HOSTILE[kind])
    after = clamped(before, 200, room(1))
    assert after.tokens <= min(before.tokens, 200)
    assert after.tokens == COUNTER.base(after.text) + 6
    if after is not before:
        assert isinstance(json.loads(after.text), dict)
        assert clamped(after, 200, room(1)) is after


@given(st.text(), st.integers(1, 40), st.integers(10, 200))
def test_cut_texts_never_grow_and_keep_to_their_height(text: str, repeats: int, height: int) -> None:
    """A text is cut to at most the height, or left as it is where that cannot be done."""
    before = part('+a', text * repeats)
    after = clamped(before, height, room(1))
    assert after is before or after.tokens <= height
    assert after.tokens <= before.tokens


def test_what_the_framework_appends_is_kept_and_counted() -> None:
    """The closing words of a retry message stand behind the cut text once, within the height."""
    before = part('+a', WORDS + '\n\nFix it.')
    before = type(before)(**{**{f: getattr(before, f) for f in before.__slots__}, 'closing': '\n\nFix it.'})
    after = clamped(before, 200, room(1))
    assert after.text.endswith('\n\nFix it.')
    assert after.text.count('Fix it.') == 1
    assert after.tokens == COUNTER.base(after.text) + 6 <= 200


# -- what was cut before -------------------------------------------------------------------------------------


def told(text: str) -> list[tuple[int, int]]:
    """What the stubs in a text say: tokens left out, of how many."""
    found = re.findall(r'\[\.\.\. about ([\d,]+) of ([\d,]+) tokens left out \.\.\.\]', text)
    return [(int(left.replace(',', '')), int(whole.replace(',', ''))) for left, whole in found]


@given(st.lists(st.integers(60, 900), min_size=2, max_size=4))
def test_the_count_of_what_is_missing_adds_up(heights: list[int]) -> None:
    """However often a text is cut, one stub says how much of the whole text is missing."""
    whole = COUNTER.base(WORDS)
    cut = part('+a', WORDS)
    for height in sorted(heights, reverse=True):
        cut = clamped(cut, height, room(1))
    ((left, of),) = told(cut.text)
    assert abs(of - whole) <= 8
    assert abs(whole - left - cut.tokens) <= 40


def test_a_stub_that_a_tool_printed_is_not_torn() -> None:
    """A cut next to or in a quoted stub takes it whole, or leaves it whole."""
    quoted = '\n[... about 900 of 1,000 tokens left out ...]\n'
    for at in range(0, len(WORDS), 997):
        cut = clamped(part('+a', WORDS[:at] + quoted + WORDS[at:]), 200, room(1)).text
        assert cut.count('tokens left out') == len(told(cut)) <= 2


def test_unsigned_thinking_goes_before_arguments_and_answers() -> None:
    """Thinking has served its turn; signed thinking is never edited."""
    thought = part('h', WORDS, signed=False)
    history = parse([message('u'), message('R', thought, part('t', WORDS), part('?a')), message('+a')]).history
    after = Clamp().apply(history, room(history.tokens - 1_000))
    assert [p.raw.label for p in after.parts if p.edited] == ['h']
    signed = parse([message('u'), message('R', part('h', WORDS), part('?a')), message('+a')]).history
    assert Clamp().apply(signed, room(1)) is signed


def test_torn_surrogates_can_be_sent() -> None:
    """Half a pair cannot be encoded: in arguments it stays escaped."""
    after = clamped(call(json.dumps({'text': '\ud83d ' + WORDS})), 200, room(1))
    assert after.edited
    after.text.encode()


def test_a_megabyte_on_one_line_is_cut_in_time() -> None:
    """No work is quadratic in the length of a line."""
    for text in ('x' * 1_000_000, ' '.join(map(str, range(150_000))), '{"a": [' * 150_000):
        after = clamped(part('+a', text), 200, room(1))
        assert after.tokens <= 200
