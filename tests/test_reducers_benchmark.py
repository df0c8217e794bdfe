"""The benchmark of outputs: what it takes for a fact, and which forms of a result still tell it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest


def module(name: str) -> Any:
    """A module of the benchmark, which is no part of the package and so not known to the type checker by this name."""
    return import_module(f'benchmarks.reducers.{name}')


facts, kinds, reading, extract = map(module, ('facts', 'kinds', 'reading', 'extract'))
What, Form, Reading = kinds.What, facts.Form, reading.Reading

PATHS = ['src/app/models.py', 'src/app/views.py', 'src/lib/models.py', 'README.md']


@pytest.mark.parametrize(
    'result',
    [
        '\n'.join(PATHS),
        'src/app/: models.py, views.py\nsrc/lib/: models.py\nREADME.md',
        'src/app/\n  models.py\n  views.py\nsrc/lib/\n  models.py\n\nREADME.md',
        'src/\n  app/\n    models.py\n    views.py\n  lib/\n    models.py\nREADME.md',
        'src\n├── app\n│   ├── models.py\n│   └── views.py\n└── lib\n    └── models.py\n\nREADME.md',
        'src/app/{models,views}.py src/lib/models.py README.md',
        '/home/me/src/app/models.py\n/home/me/src/app/views.py\n/home/me/src/lib/models.py\n./README.md',
        'app/models.py views.py lib/models.py README.md',
    ],
)
def test_paths_are_told_by_every_honest_form(result: str) -> None:
    """Folders over or before names, trees, braces and unambiguous ends all say the path."""
    assert all(fact.kept(Reading(result)) for fact in facts.paths('file', 1, PATHS))


def test_an_ambiguous_end_tells_nothing() -> None:
    """'models.py' alone could be either of two files."""
    assert [fact.kept(Reading('models.py views.py')) for fact in facts.paths('file', 1, PATHS)] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    'result', ['src/a.go:12: x', 'File "src/a.go", line 12', 'a.go: 12, 40', 'src/a.go\n12: x\n40: y']
)
def test_places_are_told_by_file_and_line(result: str) -> None:
    """On one line, or under the file's name as `rg --heading` prints it."""
    assert facts.places('place', 1, [('src/a.go', 12)])[0].kept(Reading(result))
    assert not facts.places('place', 1, [('src/a.go', 13)])[0].kept(Reading(result))


def test_texts_are_compared_without_regard_to_blanks_and_escapes() -> None:
    """Verbatim means: with white space squeezed, strings of JSON unescaped, and whole words."""
    (fact,) = facts.texts('line', 1, ['say  "no"\tto all'])
    assert fact.kept(Reading('{"text": "say \\"no\\"\\n to all"}'))
    assert not facts.texts('name', 1, ['test_a'])[0].kept(Reading('test_ab my_test_a'))


def test_rows_and_counts() -> None:
    """A row counts by its cells in one line, a number only as a number of things."""
    assert facts.Fact('row', 1, ('1', 'anna'), Form.ROW).kept(Reading('1,anna,x'))
    count = facts.Fact('count', 1, ('1200',), Form.COUNT)
    assert count.kept(Reading('[1,190 of 1,200 rows left out]'))
    assert not count.kept(Reading('took 1200 ms'))


def test_limits_share_the_weight() -> None:
    """Many facts of one kind weigh no more together than their limit."""
    assert sum(fact.weight for fact in facts.texts('hit', 1, map(str, range(1_000)), 100)) == pytest.approx(100)


PYTEST = """\
collected 3 items
_____________ TestCart.test_total[eur] _____________
    def test_total(self):
>       assert total() == 4
E       assert 3 == 4
tests/test_cart.py:9: AssertionError
=========== short test summary info ===========
FAILED tests/test_cart.py::TestCart::test_total[eur] - assert 3 == 4
=========== 1 failed, 2 passed in 0.12s ===========
"""
GO = """\
--- FAIL: TestSum (0.00s)
    sum_test.go:11: starting, should be quick
    sum_test.go:14: got 3, want 4
FAIL
FAIL\texample.com/shop/cart\t0.01s
"""
TRACE = """\
Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    run()
  File "/app/shop/cart.py", line 41, in run
    client.get()
  File "/usr/lib/python3.12/site-packages/http/client.py", line 9, in get
    raise Broken('no route')
http.Broken: no route
"""


DIFF = 'diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-old = 1\n+new = 1\n'


@pytest.mark.parametrize(
    ('what', 'text', 'expected'),
    [
        (What.TEST_LOG, PYTEST, {'TestCart.test_total[eur]', 'assert 3 == 4', '1 failed, 2 passed in 0.12s'}),
        (What.TEST_LOG, GO, {'TestSum', 'sum_test.go:14: got 3, want 4', 'example.com/shop/cart'}),
        (What.TRACE, TRACE, {'http.Broken: no route', '/app/shop/cart.py', '/app/main.py'}),
        (What.BUILD_LOG, 'a/b.c:3:1: error: no such thing\n2 errors\n', {'no such thing', 'a/b.c', '2 errors'}),
        (What.DIFF, DIFF, {'x.py', '-old = 1', '+new = 1'}),
        (What.SEARCH, 'a/b.py:3:def go():\na/b.py-4-    pass\na/c-1.py:9:go()\n', {'a/b.py', 'a/c-1.py', 'def go():'}),
        (What.JSON, '{"items": [{"id": 100, "name": "anna"}, 2, 3]}', {'items', 'name', '100', 'anna', '3'}),
        (What.CODE, 'import os\n\nclass Cart:\n    def total(self): ...\n', {'import os', 'Cart', 'total'}),
        (What.TABLE, 'id | name\n---+---\n1 | anna\n2 | otto\n3 | eve\n', {'name', 'otto', '3'}),
    ],
)  # fmt: skip
def test_facts_of_each_kind(what: Any, text: str, expected: set[str]) -> None:
    """The patterns find what the table of facts promises, and the whole text tells all of it."""
    kind, found = extract.facts_of(what, reading.shown(text))
    said = {form.lstrip('/') for fact in found for form in fact.texts}
    assert kind is what
    assert {form.lstrip('/') for form in expected} <= said
    assert all(fact.kept(Reading(text)) for fact in found if fact.form is not Form.COUNT)


def test_kinds_of_outputs_out_of_conversations() -> None:
    """The tool and a few plain patterns tell what an output is."""
    assert kinds.what_is(PYTEST) is What.TEST_LOG
    assert kinds.what_is(TRACE, 'bash', 'python main.py') is What.TRACE
    assert kinds.what_is('{"a": 1}') is What.JSON
    assert kinds.what_is('diff --git a/x b/x\n', 'bash', 'git diff') is What.DIFF
    assert kinds.what_is('x = 1\n', 'Read', 'a.py') is What.CODE
    assert kinds.what_is('hm', 'bash', 'echo hm') is What.OTHER


def test_laws_hold_over_generated_texts() -> None:
    """None of the laws of outputs is broken by texts made of the tables' samples; a seed makes the same text again."""
    generated = module('generated')
    checked = [generated.broken(seed) for seed in range(60)]
    assert [(case.id, budget, laws) for laws, case, budget in checked if laws] == []
    assert generated.broken(7)[1].text == checked[7][1].text
    assert len({case.text for _, case, _ in checked}) > 50


@pytest.mark.parametrize('seed', [12_610, 19_389, 72_818, 89_234])
def test_texts_that_once_broke_a_law(seed: int) -> None:
    """A blank at a line's end, and one at the beginning of what was cut, each changed what was counted."""
    assert module('generated').broken(seed)[0] == []
