"""Frames of prompts: which are chosen for what, in which order, and that nothing is said unasked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from compactor import counter_for
from compactor.errors import ConfigError
from compactor.policies.frames import FramesPolicy
from compactor.policy import Policy
from compactor.routing.complexity import Complexity
from compactor.routing.frames import HEADING, KINDS, Frame, FrameKind

TABLE = FramesPolicy(use=KINDS).whole()
HARD = 'Redesign the distributed architecture of the database schema, zero-downtime'
DEAR, CHEAP = 'anthropic:claude-opus-4-5', 'openai:gpt-4.1-mini'


@pytest.mark.parametrize(
    ('prompt', 'model', 'task', 'kinds'),
    [
        ('Fix the bug in the parser', CHEAP, 'bug_fix', ('role', 'steps')),
        ('Fix the bug in the parser', DEAR, 'bug_fix', ('steps',)),  # good enough for its level: no role
        ('Fix the bug in the parser', 'somebody:unknown', 'bug_fix', ('role', 'steps')),
        ('rename the variable', DEAR, 'generation', ()),
        ('Review this function', CHEAP, 'review', ('role', 'steps')),
        (HARD, CHEAP, 'architecture', ('role', 'steps', 'tradeoffs', 'example', 'structure')),
        (HARD, DEAR, 'architecture', ('tradeoffs', 'example', 'structure')),
        ('', CHEAP, 'generation', ('role', 'steps')),
    ],
)
def test_the_table(prompt: str, model: str, task: str, kinds: tuple[str, ...]) -> None:
    """By what is asked for, how hard that is, and whether the model is below the demand of the level."""
    found = TABLE.of(prompt, model)
    assert (found.task, found.kinds) == (task, kinds)
    assert found.text.startswith(HEADING) is bool(kinds)


def test_every_category_has_a_role() -> None:
    """The ten of the source, each with its own."""
    roles = [row for row in TABLE.rows if row.kind == 'role']
    assert len(roles) == 10
    assert len({row.text for row in roles}) == 10
    assert sum(row.kind == 'example' for row in TABLE.rows) == 3


def test_the_demands() -> None:
    """Those of the source, by level."""
    assert [TABLE.demands[level] for level in Complexity] == [0.80, 0.82, 0.88, 0.93, 0.97]


def test_what_is_said() -> None:
    """One heading, then the frames in their order."""
    assert TABLE.of('Fix the bug in the parser', CHEAP).text.splitlines() == [
        HEADING,
        'You are an expert debugger. Reason step by step before proposing any fix.',
        'Think through this step by step before writing any code. Identify edge cases, dependencies, and potential'
        ' failure points first.',
    ]


@pytest.mark.parametrize(
    ('prompt', 'role'),
    [
        ('Redesign the structure', 'Expert architect. Focus: system design, patterns.'),
        ('clean up the importer', 'Refactoring specialist. Focus: clean code, performance.'),
        ('a REST endpoint for orders', 'API developer. Focus: REST, validation, errors.'),
        ('coverage of the parser', 'Test engineer. Focus: coverage, edge cases.'),
        ('update the readme', 'Tech writer. Focus: clarity, examples.'),
        ('hello', 'Expert developer.'),
    ],
)
def test_short_roles(prompt: str, role: str) -> None:
    """Five and a default, of 8 to 12 tokens each, in the place of a paragraph."""
    table = FramesPolicy(use=('role',), table='ez-aigents').whole()
    assert table.of(prompt, DEAR).text == f'{HEADING}\n{role}'


def test_own_rows_go_first() -> None:
    """One's own role, task and quality; only the kinds that are wanted."""
    policy = FramesPolicy(
        use=('role',),
        rows=(Frame(kind='role', tasks=('billing',), text='You know our invoices.'),),
        tasks={'billing': ('invoice', 'invoices')},
        quality={'own:*': 0.99},
    )
    table = policy.whole()
    assert table.of('Why is this invoice twice as high?', CHEAP, policy.use).text.endswith('You know our invoices.')
    assert table.of('Fix the crash', 'own:model', policy.use).kinds == ()


@pytest.mark.parametrize(
    ('frames', 'says'),
    [
        ({'use': ['charm']}, 'use'),
        ({'table': 'nobody'}, "no table of frames 'nobody'; there are: ez-aigents, tokenette"),
        ({'rows': [{'kind': 'role', 'text': ''}]}, 'text'),
        ({'rows': [{'kind': 'role', 'text': 'x', 'complexity': ['hardest']}]}, "no level 'hardest'"),
        ({'demands': {'hardest': 0.5}}, "no level 'hardest'"),
    ],
)
def test_wrong_rows_are_refused(frames: dict[str, Any], says: str) -> None:
    """With what there is instead."""
    with pytest.raises(ConfigError, match=says):
        Policy.load(environment={}, frames=frames)


@pytest.mark.parametrize('task', ['generation', 'bug_fix', 'review', 'refactor', 'architecture'])
def test_the_page_counts_what_they_add(task: str) -> None:
    """The table of tokens by task on the page of frames is what the counter says."""
    page = (Path(__file__).parents[2] / 'docs' / 'asking.md').read_text()
    shown = re.search(rf'^\| {task} \| (\d+) \| (\d+) \| (\d+) \|$', page, re.MULTILINE)
    assert shown is not None
    counter = counter_for('openai:gpt-4o')
    some: tuple[tuple[Complexity, tuple[FrameKind, ...]], ...]
    some = ((Complexity.SIMPLE, ('role',)), (Complexity.SIMPLE, KINDS), (Complexity.COMPLEX, KINDS))
    assert [counter.count(TABLE.frames(task, level, kinds).text) for level, kinds in some] == [
        int(number) for number in shown.groups()
    ]


def test_nothing_is_said_unasked() -> None:
    """No preset switches a frame on."""
    assert Policy().frames.use == ()
