"""The plan: the last list of tasks of a tool or in words, and what of it is open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compactor.digest.plans import Planner, keeps_tasks
from compactor.history.message import Kind, Part


def told(planner: Planner) -> list[str] | None:
    """The plan in short."""
    return None if planner.plan is None else [f'{item.state or "-"}{item.text}' for item in planner.plan.items]


def call(planner: Planner, step: int, tool: str, arguments: Any, result: str = 'ok') -> None:
    """A call with its result."""
    planner.called(
        step,
        Part(Kind.CALL, None, 9, json.dumps(arguments), 'c', tool),
        Part(Kind.RESULT, None, 9, result, 'c', tool),
    )


@pytest.mark.parametrize(
    ('tool', 'arguments', 'result', 'plan'),
    [
        (
            'TodoWrite',
            {'todos': [{'content': 'a', 'status': 'completed'}, {'content': 'b', 'status': 'in_progress'}]},
            'ok',
            ['xa', '>b'],
        ),
        (
            'update_plan',
            {'plan': [{'step': 'a', 'status': 'pending'}, {'step': 'b', 'status': 'completed'}]},
            'ok',
            [' a', 'xb'],
        ),
        (
            'write_todos',
            {'todos': json.dumps([{'title': 'a', 'done': True}, {'title': 'b', 'done': False}])},
            'ok',
            ['xa', ' b'],
        ),
        ('todo_write', {'todos': ['a', 'b']}, 'ok', [' a', ' b']),
        ('manage_todo_list', {'todoList': [{'title': 'a', 'status': 'not-started'}]}, 'ok', [' a']),
        ('todo_read', {}, '[x] a\n[ ] b\n- [>] c', ['xa', ' b', '>c']),
        ('todo_read', {}, json.dumps({'todos': [{'content': 'a', 'status': 'cancelled'}, {'content': 'b'}]}), [' b']),
        ('update_todo_list', {'todos': '- [x] a\n- [ ] b'}, 'ok', ['xa', ' b']),
        ('TaskList', {}, '#1. [completed] a\n#2. [in_progress] b\n☐ c', ['xa', '>b', ' c']),
        ('todo_write', {'todos': [{'content': 'a', 'status': 'completed'}]}, 'ok', None),
    ],
)
def test_lists_of_tools(tool: str, arguments: Any, result: str, plan: list[str] | None) -> None:
    """Whatever the names of the fields; what is done altogether is no plan any more."""
    planner = Planner()
    assert keeps_tasks(tool)
    call(planner, 3, tool, arguments, result)
    assert told(planner) == plan


def test_tasks_that_are_kept_one_by_one() -> None:
    """Made, changed and taken away by their numbers, in one compaction or in several."""
    planner = Planner()
    call(planner, 1, 'TaskCreate', {'subject': 'Look', 'description': 'at it'}, 'Task #1 created successfully: Look')
    call(planner, 2, 'TaskCreate', {'subject': 'Mend'}, 'Task #2 created successfully: Mend')
    call(planner, 3, 'TaskCreate', {'subject': 'Rest'}, 'Task #3 created successfully: Rest')
    call(planner, 4, 'TaskUpdate', {'taskId': '1', 'status': 'completed'})
    assert told(planner) == ['x#1 Look', ' #2 Mend', ' #3 Rest']
    later = Planner(planner.plan)
    call(later, 5, 'TaskUpdate', {'taskId': '2', 'status': 'in_progress'})
    call(later, 6, 'TaskUpdate', {'taskId': '3', 'status': 'deleted'})
    call(later, 7, 'TaskUpdate', {'taskId': '9', 'status': 'completed'})
    assert told(later) == ['x#1 Look', '>#2 Mend']


def test_plans_in_words() -> None:
    """A numbered list that is called a plan, or one with boxes; a tool's list goes before it."""
    planner = Planner()
    planner.said(1, 'Three files matter here:\n1. a.py\n2. b.py\n3. c.py')
    assert told(planner) is None
    planner.said(2, 'Here is my plan:\n\n1. Look at it.\n2. Mend it.\n3. Test it.')
    assert told(planner) == ['-Look at it.', '-Mend it.', '-Test it.']
    planner.said(3, '- [x] Look\n- [ ] Mend\n- [ ] Test')
    assert told(planner) == ['xLook', ' Mend', ' Test']
    call(planner, 4, 'todo_write', {'todos': ['Rest']})
    planner.said(5, 'The plan:\n1. a\n2. b\n3. c')
    assert told(planner) == [' Rest']


@pytest.mark.parametrize(
    'tool', ['read_file', 'Task', 'bash', 'TaskOutput', 'explain', 'autodoc', 'update_planet', 'photo_do']
)
def test_other_tools_keep_no_tasks(tool: str) -> None:
    """A tool is known by its name: what another one returns is no plan, whatever it looks like."""
    assert not keeps_tasks(tool)
