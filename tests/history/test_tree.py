"""Around the tree: writing it back, cache points, what was removed, and what providers demand of thinking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compactor.history.cache_points import move_cache_points
from compactor.history.changes import first_change, removed
from compactor.history.message import Message, Part
from compactor.history.parse import parse
from compactor.history.reasoning import NO_RULE, RULES, has_thinking, rule_for, settle
from compactor.history.turns import History, Step, history_of
from compactor.history.write import write
from tests.notation import messages, written


def dropping(history: History, *labels: str) -> History:
    """The history without the steps that hold a part of these labels."""

    def keeps(step: Step) -> bool:
        return not any(part.raw.label in labels for part in step.parts)

    return history_of(tuple(replace(e, steps=tuple(s for s in e.steps if keeps(s))) for e in history.exchanges))


# -- write ---------------------------------------------------------------------------------------------------


def test_an_edited_part_rebuilds_its_message_alone() -> None:
    """The message with the edited part says so and is counted anew; its neighbours are the same objects."""
    before = messages('u / R ?a / +a / R t')

    def edit(part: Part) -> Part:
        return part.with_text('short', 1) if part.raw.label == '+a' else part

    after = write(parse(before).history.map_steps(lambda _, step: step.map(edit)).segments)
    assert written(after) == 'u / R ?a / +a~ / R t'
    assert [now is was for now, was in zip(after, before, strict=True)] == [True, True, False, True]
    assert (after[2].edited, after[2].tokens) == (True, 4)


def test_shares_of_one_message_become_that_message_again() -> None:
    """A request that ends a step and opens an exchange is written back as itself, by identity."""
    before = messages('u / R ?a / +a u / R t')
    assert write(parse(before).history.segments)[2] is before[2]


def test_a_share_that_is_left_is_written_alone() -> None:
    """Where the step of a shared request goes, its prompt stays, in a rebuilt message."""
    before = messages('u / R ?a / +a u / R t')
    after = write(dropping(parse(before).history, '?a').segments)
    assert written(after) == 'u / u / R t'
    assert after[1].edited


def test_nodes_that_nothing_changed_stay_the_same_objects() -> None:
    """Mapping without an effect gives the very history back."""
    history = parse(messages('u / R ?a / +a / R t')).history
    assert history.map_steps(lambda _, step: step.map(lambda part: part)) is history


# -- cache points --------------------------------------------------------------------------------------------


def pointed(text: str, *at: int) -> list[Message]:
    """A history with a cache point in the first part of the messages `at`."""
    before = messages(text)
    for i in at:
        first, *rest = before[i].parts
        before[i] = replace(before[i], parts=(replace(first, cache_points=(f'point {i}',)), *rest))
    return before


CACHE_POINTS = {
    'kept with its part': ('u / R t / u / R t', (0,), (), {'0': 'point 0'}),
    'moved to the prompt before': ('u @1 / R ?a @1 / u @1 / R t', (2,), (2,), {'0': 'point 2'}),
    'moved over what is no user part': ('u / R ?a / +a d / R t / u', (4,), (4,), {'0': 'point 4'}),
    'the newest of several lost': ('u / R t / u / R t / u / R t', (2, 4), (2, 4), {'0': 'point 4'}),
    'not onto one that has its own': ('u / R t / u / R t', (0, 2), (2,), {'0': 'point 0'}),
    'gone where nothing is before it': ('u / R t / u / R t', (0,), (0,), {}),
}
"""History, messages with a point, messages whose part goes, points in what is left."""


@pytest.mark.parametrize('case', CACHE_POINTS)
def test_cache_points(case: str) -> None:
    """A point whose part went moves to the nearest user part before it, and never beside another."""
    text, at, gone, expected = CACHE_POINTS[case]
    before = pointed(text, *at)
    lost = {id(part) for i in gone for part in before[i].parts}
    history = parse(before).history
    kept = history_of(
        tuple(
            replace(e, prompts=tuple(s for p in e.prompts if (s := p.map(lambda x: None if id(x) in lost else x))))
            for e in history.exchanges
        )
    )
    after = write(move_cache_points(before, kept).segments)
    found = {
        str(next(i for i, m in enumerate(before) if any(p.raw is part.raw for p in m.parts))): part.cache_points[0]
        for message in after
        for part in message.parts
        if part.cache_points
    }
    assert found == expected


def test_a_cache_point_is_moved_once_even_where_a_log_holds_a_prompt_twice() -> None:
    """The same part standing twice does not multiply a point that moves to it."""
    first, *rest = pointed('u / R t / u / R t', 2)
    before = [first, first, *rest]
    history = parse(before).history
    kept = replace(
        history,
        exchanges=tuple(replace(e, prompts=e.prompts[:2] * (e is not history.exchanges[1])) for e in history.exchanges),
    )
    after = write(move_cache_points(before, kept).segments)
    assert [part.cache_points for message in after for part in message.parts if part.cache_points] == [('point 2',)]


def test_a_part_that_was_cut_stays_cut_when_a_cache_point_moves_to_it() -> None:
    """The point moves to the part as it is now, not as it was recorded."""
    before = pointed('u / R t / u / R t', 2)
    history = dropping(parse(before).history)
    cut = tuple(s.map(lambda p: p.with_text('cut', 1)) or s for s in history.exchanges[0].prompts)
    kept = replace(history, exchanges=(replace(history.exchanges[0], prompts=cut),))
    goal = next(move_cache_points(before, kept).parts)
    assert (goal.text, goal.cache_points) == ('cut', ('point 2',))


def test_a_history_without_cache_points_is_not_touched() -> None:
    """Nothing to move, nothing made."""
    before = messages('u / R t')
    history = parse(before).history
    assert move_cache_points(before, history) is history


# -- changes -------------------------------------------------------------------------------------------------


def test_what_was_removed() -> None:
    """Dropped and reduced parts, with their message and what they no longer cost; kept parts are not listed."""
    before = messages('u / R ?a / +a / R ?b / +b / R t')

    def edit(part: Part) -> Part:
        return part.with_text('', 6) if part.raw.label == '+b' else part

    history = dropping(parse(before).history, '?a').map_steps(lambda _, step: step.map(edit))
    gone = removed(before, write(history.segments))
    assert [(g.how, g.part.raw.label, g.message, g.tool) for g in gone] == [
        ('dropped', '?a', 1, 'run'),
        ('dropped', '+a', 2, 'run'),
        ('reduced', '+b', 4, 'run'),
    ]
    assert [g.tokens for g in gone] == [before[1].parts[0].tokens, before[2].parts[0].tokens, 1]


def test_nothing_removed() -> None:
    """The same messages: nothing went, and the whole prefix is kept."""
    before = messages('u / R ?a / +a')
    assert removed(before, list(before)) == ()
    assert first_change(before, list(before)) == 3


def test_the_prompt_cache_ends_at_the_first_change() -> None:
    """The first message that differs, or the end of the shorter history."""
    before = messages('u / R ?a / +a / R t')
    assert first_change(before, [before[0], before[3]]) == 1
    assert first_change(before, before[:2]) == 2
    assert first_change([], before) == 0


# -- reasoning -----------------------------------------------------------------------------------------------

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
