"""What providers demand of thinking: the table, what a rewrite takes out, and what the law finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compactor.history.parse import parse
from compactor.history.reasoning import NO_RULE, RULES, ReasoningRule, has_thinking, rule_for, settle
from compactor.history.rules import check, reasoning
from compactor.history.write import write
from tests.notation import Raw, dropping, message, messages, part, without, written

RULE_OF = {
    (None, None): 'none',
    ('', 'claude-opus-5'): 'none',
    ('anthropic', 'claude-sonnet-4-5-20250929'): 'Anthropic',
    ('anthropic', 'claude-3-7-sonnet-latest'): 'Anthropic',
    ('anthropic', 'claude-opus-4-20250514'): 'Anthropic',
    ('anthropic', 'claude-opus-5'): 'Anthropic, bound',
    ('Anthropic', 'claude-opus-5'): 'Anthropic, bound',
    ('anthropic', None): 'Anthropic',
    ('bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'): 'Bedrock, Claude',
    ('bedrock', 'us.anthropic.claude-opus-5'): 'Bedrock, bound Claude',
    ('bedrock', 'amazon.nova-pro-v1:0'): 'none',
    ('google-gla', 'gemini-3-pro'): 'Google',
    ('google-vertex', 'claude-opus-5'): 'Vertex, bound Claude',
    ('openai', 'gpt-5.2'): 'OpenAI Responses',
    ('openai-chat', 'gpt-5.2'): 'OpenAI chat',
    ('azure', 'gpt-5.2'): 'OpenAI Responses',
    ('cerebras', 'zai-glm-4.7'): 'OpenAI chat',
    ('test', 'test'): 'none',
}


@pytest.mark.parametrize(('provider', 'model'), RULE_OF)
def test_the_rule_of_a_model(provider: str | None, model: str | None) -> None:
    """First match in the table wins; dates do not pass for versions; what is not listed has no rule."""
    assert rule_for(provider, model).name == RULE_OF[provider, model]


def test_every_rule_names_its_source() -> None:
    """The table says where each row comes from and how far that was checked."""
    assert all(rule.source and rule.checked for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


BOUND = next(rule for rule in RULES if rule.binds)


def test_bound_thinking_behind_a_change_goes() -> None:
    """Where signatures cover what precedes them, thinking before the change stays and thinking behind it goes."""
    before = messages('u / R h ?a / +a / R h ?b / +b / R h ?c / +c')
    after = dropping(parse(before).history, '?b')
    assert written(write(settle(before, after, BOUND).segments)) == 'u / R h ?a / +a / R ?c / +c'


def test_a_response_of_bound_thinking_alone_goes_with_it() -> None:
    """No empty response is left."""
    before = messages('u / R h ?a / +a / R h / u')
    after = dropping(parse(before).history, '?a')
    assert written(write(settle(before, after, BOUND).segments)) == 'u / u'


def test_unbound_thinking_is_left_alone() -> None:
    """Without a binding rule nothing is taken out."""
    before = messages('u / R h ?a / +a / R h ?b / +b')
    after = dropping(parse(before).history, '?a')
    assert settle(before, after, NO_RULE) is after


@pytest.mark.parametrize(
    ('text', 'expected'),
    {'u / R h ?a / +a': True, 'u / R h t / u': False, 'u / R ?a / +a': False, '': False}.items(),
)
def test_thinking_of_the_current_turn(text: str, expected: bool) -> None:
    """Only signed thinking behind the current prompt holds a compaction back."""
    assert has_thinking(parse(messages(text)).history) == expected


# -- the law -------------------------------------------------------------------------------------------------

TWO_TURNS = 'u / R h ?a / +a / R t / u / R h ?b / +b'
LOST = '1 responses kept their calls but lost their thinking'
REFERS = 'an id refers to thinking that is gone'

LAW: dict[str, tuple[str, str, str, list[str]]] = {
    'of an earlier turn': (TWO_TURNS, '1h', 'Anthropic', []),
    'of the current turn': (TWO_TURNS, '5h', 'Anthropic', [LOST]),
    'of an earlier step of the turn': ('u / R h ?a / +a / R h ?b / +b', '1h', 'Anthropic', [LOST]),
    'of a step that is folded whole': ('u / R h ?a / +a / R h ?b / +b', '1h 1?a 2+a', 'Anthropic', []),
    'of two calls one of which goes': ('u / R h ?a ?b / +a +b', '1h 1?b 2+b', 'Anthropic', [LOST]),
    'of a response without calls': ('u / R h t / f / R ?b / +b', '1h', 'Anthropic', []),
    'of a turn that a prompt has ended': ('u / R h ?a / +a / R t / u', '1h', 'Anthropic', []),
    'of a turn that a mark has ended': ('u / R h ?a / +a / R t / m / R ?b / +b', '1h', 'Anthropic', []),
    'of a turn that only an answer has ended': ('u / R h ?a / +a / R t', '1h', 'Anthropic', [LOST]),
    'ahead of feedback': ('u / R h ?a / +a / R t / f / R ?b / +b', '1h', 'Anthropic', [LOST]),
    'of calls that are answered beside a prompt': ('u / R h ?a / +a u', '1h', 'Anthropic', [LOST]),
    'of calls that are answered ahead of a prompt': ('u / R h ?a / +a / u', '1h', 'Anthropic', [LOST]),
    'of calls that were answered beside a prompt': ('u / R h ?a / +a u / R h ?b / +b', '1h', 'Anthropic', []),
    'ahead of what a tool put beside its result': (
        'u @1 / R h ?a @1 / +a u @1 / R ?b @1 / +b @1',
        '1h',
        'Anthropic',
        [LOST],
    ),
    'ahead of a prompt of another run': ('u @1 / R h ?a @1 / +a u @2 / R ?b @2 / +b @2', '1h', 'Anthropic', []),
    'where nothing is demanded': (TWO_TURNS, '1h 5h', 'OpenAI chat', []),
    'of an unknown provider': (TWO_TURNS, '1h 5h', 'none', []),
    'of an earlier turn, Google': (TWO_TURNS, '1h', 'Google', []),
    'of the current turn, Google': (TWO_TURNS, '5h', 'Google', [LOST]),
    'of an earlier turn, nothing refers to it': (TWO_TURNS, '1h', 'OpenAI Responses', []),
    'of the current turn, nothing refers to it': (TWO_TURNS, '5h', 'OpenAI Responses', [LOST]),
    'bound, ahead of more': (TWO_TURNS, '1h', 'Anthropic, bound', ['bound thinking behind a change']),
    'bound, with nothing behind it': (TWO_TURNS, '5h', 'Anthropic, bound', []),
}
"""Which thinking goes: history, parts taken out (index of the message and label), provider, what the law finds."""


def named(name: str) -> ReasoningRule:
    """The rule of that name."""
    return next((rule for rule in RULES if rule.name == name), NO_RULE)


@pytest.mark.parametrize('case', LAW)
def test_thinking_that_goes(case: str) -> None:
    """That of the current tool turn only with its calls, that of earlier turns as it pleases; no other law minds."""
    text, places, name, expected = LAW[case]
    before = messages(text)
    found = check(before, without(before, places), named(name))
    assert [violation.detail for violation in found] == expected
    assert {violation.law for violation in found} <= {'reasoning'}


@pytest.mark.parametrize('rule', RULES, ids=lambda rule: rule.name)
def test_every_provider_lets_the_thinking_of_an_ended_turn_go(rule: ReasoningRule) -> None:
    """All of it, from the front, with nothing behind it; and what stays as it was is lawful."""
    before = messages('u / R h ?a / +a / R t / u')
    assert check(before, without(before, '1h'), rule) == []
    assert check(before, before, rule) == []


REFERRING: dict[str, tuple[str, str, list[str]]] = {
    'a call': ('h ?a*', '1h', [REFERS]),
    'a text': ('h t* ?a', '1h', [REFERS]),
    'both': ('h t* ?a*', '1h', [REFERS, REFERS]),
    'a call that goes with it': ('h ?a* ?b', '1h 1?a 2+a', []),
    'the thinking stays': ('h ?a*', '', []),
    'a call of other thinking': ('h ?a* g ?b', '1g', []),
    'the call of the thinking that goes': ('h ?a* g ?b*', '1g', [REFERS]),
    'one of two thoughts ahead of it': ('g h ?a*', '1g', [REFERS]),
    'nothing signed was gone': ('h ?a* n ?b*', '1n', []),
}
"""The response of an earlier turn (what refers has a star; `g` is more thinking, `n` is unsigned), parts taken out."""


@pytest.mark.parametrize('case', REFERRING)
def test_what_refers_to_thinking_that_is_gone(case: str) -> None:
    """Where thinking goes, an id that refers to it must go too, be it in an earlier turn; with that provider only."""
    items, places, expected = REFERRING[case]
    made = {'g': part('h'), 'n': replace(part('h'), signed=False)}
    for letter, thought in made.items():
        made[letter] = replace(thought, raw=Raw(letter))
    parts = [made.get(item) or replace(part(item.rstrip('*')), refers=item.endswith('*')) for item in items.split()]
    results = ' '.join(f'+{item[1]}' for item in items.split() if item[0] == '?') or 'f'
    before = [*messages('u'), message('R', *parts), *messages(f'{results} / R t / u / R h ?z / +z')]
    after = without(before, places)
    assert [violation.detail for violation in check(before, after, named('OpenAI Responses'))] == expected
    assert check(before, after, named('Anthropic')) == []


def test_an_id_that_was_taken_out_refers_to_nothing() -> None:
    """Who takes the thinking out may take the ids out with it."""
    thought, call = part('h'), replace(part('?a'), refers=True)
    before = [*messages('u'), message('R', thought, call), *messages('+a / R t / u')]
    after = [before[0], message('R', replace(call, refers=False, edited=True)), *before[2:]]
    assert list(reasoning(before, after, named('OpenAI Responses'))) == []


def test_thinking_in_another_message_than_its_calls() -> None:
    """It has to stay with them; each copy of a response that a log holds twice has its own."""
    before = messages('u / R h ?a / +a')
    thought, call = before[1].parts
    apart = [before[0], message('R', thought), *messages('f'), message('R', call), before[2]]
    assert [violation.detail for violation in reasoning(before, apart, named('Anthropic'))] == [LOST]
    twice = [before[0], before[1], before[2], before[1], before[2]]
    assert list(reasoning(before, twice, named('Anthropic'))) == []
    assert list(reasoning(twice, twice[:3], named('Anthropic'))) == []


SIGNED = 'u / R ?a / +a / R t / u / R ?b / +b'
REWRITTEN: dict[str, tuple[str, int, bool, list[str]]] = {
    'thinking of an earlier turn': ('Anthropic', 1, True, ['a signed thinking part was rewritten']),
    'thinking of the current turn': ('OpenAI Responses', 5, True, ['a signed thinking part was rewritten']),
    'thinking that nobody reads': ('OpenAI chat', 5, True, []),
    'a call of the current turn': ('Google', 5, False, ['a signed call part was rewritten']),
    'a call of an earlier turn': ('Google', 1, False, []),
    'a call whose provider signs none': ('Anthropic', 5, False, []),
}
"""What is rewritten: the provider, the message, whether it is its thinking, what the law finds."""


@pytest.mark.parametrize('case', REWRITTEN)
@pytest.mark.parametrize('how', ['cut', 'unsigned', 'same words'])
def test_what_is_signed_and_rewritten(case: str, how: str) -> None:
    """Thinking comes back as it was or not at all; a signed call does in its own turn (Gemini)."""
    name, at, thinking, expected = REWRITTEN[case]
    before = messages(TWO_TURNS if thinking else SIGNED)
    signed = replace(before[at].parts[0], signed=True)
    before[at] = message('R', signed, *before[at].parts[1:])
    changed = {
        'cut': signed.with_text('?', 1),
        'unsigned': replace(signed, signed=False, edited=True),
        'same words': replace(signed, edited=True),
    }[how]
    after = [*before[:at], message('R', changed, *before[at].parts[1:]), *before[at + 1 :]]
    found = [violation.detail for violation in reasoning(before, after, named(name))]
    assert found == (expected if how != 'same words' else [])
