"""What texts define, by name, class and line, and who is taken to use whom."""

from __future__ import annotations

import pytest

from compactor.workspace.definitions import read_of
from compactor.workspace.graph import graph_of, needed
from tests.workspace.project import FILES

pytest.importorskip('tree_sitter', reason='the extra code is not installed')


@pytest.mark.parametrize(
    ('path', 'text', 'names'),
    [
        ('a.py', 'class A(B):\n    @x\n    def f(self):\n        pass\n\n\ndef g(): pass\n', ['A', 'A.f', 'g']),
        ('a.go', 'package a\n\nfunc (s *S) Run(x int) error {\n\treturn nil\n}\n', ['Run']),
        ('a.ts', 'export class A {\n  run(x: number) {\n    go();\n  }\n}\n\nexport const f = () => {\n  go();\n};\n',
         ['A', 'A.run', 'f']),
        ('a.rs', 'impl Show for Book {\n    fn show(&self) -> u8 {\n        1\n    }\n}\n', ['Book', 'Book.show']),
        ('A.java', 'class A {\n    public int add(int x) {\n        return x;\n    }\n}\n', ['A', 'A.add']),
        ('a.rb', 'class A\n  def run(x)\n    x\n  end\nend\n', ['A', 'A.run']),
        ('a.md', '# def f():\n', []),
    ],
)  # fmt: skip
def test_names(path: str, text: str, names: list[str]) -> None:
    """In six languages."""
    found = read_of(path, text).definitions
    assert [f'{one.container}.{one.name}'.lstrip('.') for one in found] == names


def test_decorators_belong_to_what_they_decorate() -> None:
    """And overloads are not definitions of their own."""
    text = '@typing.overload\ndef f(x: int) -> int: ...\n@cache\ndef f(x):\n    return x\n'
    (one,) = read_of('a.py', text).definitions
    assert (one.start, one.named, one.end) == (2, 3, 5)


def scores(seed: str, files: dict[str, str]) -> dict[str, float]:
    """What a definition that is named hands on, by class and name."""
    graph = graph_of([read_of(path, text) for path, text in files.items()])
    (place,) = [i for i, one in enumerate(graph.definitions) if one.name == seed]
    found = needed(graph, {place: 1.0})
    return {f'{one.container}.{one.name}'.lstrip('.'): found[i] for i, one in enumerate(graph.definitions)}


def test_calls_are_followed_through_classes() -> None:
    """From a test to what it makes, a method of it, what that inherits, and what that calls."""
    found = scores('test_withdraw', dict(FILES))
    assert found['test_withdraw'] == 1.0
    assert found['make'] > 0.5
    assert found['Account.withdraw'] > 0.5
    assert found['Base.audit'] > 0.3
    assert found['check_overdraft'] > found['rounded'] > 0.2
    assert found['unrelated'] < 0.05
    assert found['post'] < 0.01


def test_names_that_are_put_together() -> None:
    """`visit_` with a name behind it stands for the methods of the class that begin so."""
    text = 'class V:\n def visit(self, n):\n  return getattr(self, f"visit_{n}")()\n def visit_a(self):\n  pass\n'
    assert scores('visit', {'a.py': text})['V.visit_a'] > 0.2


def test_what_is_overridden() -> None:
    """A call of a method of one's own may be one of a subclass."""
    text = 'class Up:\n def run(self):\n  self.step()\n def step(self): ...\nclass Sub(Up):\n def step(self): ...\n'
    found = scores('run', {'a.py': text})
    assert found['Up.step'] > found['Sub.step'] > 0.2
