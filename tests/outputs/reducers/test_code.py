"""Source text keeps its imports, its signatures and what the question is about."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.code_text import grammars
from compactor.outputs.code_text.languages import language_of
from compactor.outputs.code_text.signatures import Role, outline
from compactor.outputs.reducers.code import reduce_code, unnumbered
from tests.outputs.shapes import HOSTILE, TEXTS, allowance, within


def body(lines: int, indent: str = '    ') -> str:
    """Statements that nobody asks for."""
    return '\n'.join(f'{indent}value_{i} = compute(value_{i}, {i})' for i in range(lines))


PYTHON = f'''"""Sends and receives."""

import os
import re
from pathlib import Path

LIMIT = 10

# How often a thing is tried.
TRIES = 3


class Sender:
    """Sends things."""

    def __init__(self, path: Path) -> None:
        """Keeps the path."""
{body(30, '        ')}

    @property
    def open(
        self,
        mode: str = 'r',
    ) -> bool:
{body(30, '        ')}


def receive(name: str) -> None:
    """Receives one thing.

    In two steps.
    """
{body(40)}
'''


def test_what_a_model_reads() -> None:
    """Imports, signatures and first lines of documentation; bodies are gaps that say which lines are missing."""
    result = reduce_code(PYTHON, allowance(260, path='sender.py'))
    assert result == snapshot('''\
"""Sends and receives."""
import os
import re
from pathlib import Path
LIMIT = 10
# How often a thing is tried.
TRIES = 3
class Sender:
    """Sends things."""
    def __init__(self, path: Path) -> None:
        """Keeps the path."""
        value_0 = compute(value_0, 0)
        value_1 = compute(value_1, 1)
        value_2 = compute(value_2, 2)
        value_3 = compute(value_3, 3)
        value_4 = compute(value_4, 4)
        value_5 = compute(value_5, 5)
… 24 lines, 24-48
    @property
    def open(
        self,
        mode: str = 'r',
    ) -> bool:
… 30 lines, 54-85
def receive(name: str) -> None:
    """Receives one thing.
… 42 lines, 88-129
    value_39 = compute(value_39, 39)
[96 of 121 lines left out; recall ab12cd34ef567890]\
''')


def test_the_body_that_is_asked_for_is_whole() -> None:
    """A function that the question names is shown with all of its lines."""
    result = reduce_code(PYTHON, allowance(900, 'receive', path='sender.py'))
    assert result is not None
    assert body(40) in result
    assert 'class Sender:' in result
    assert body(30, '        ') not in result


def test_numbers_of_lines_stay() -> None:
    """A numbered text is understood without its numbers and shown with them."""
    text = '\n'.join(f'{i:6}→{line}'.rstrip() for i, line in enumerate(PYTHON.split('\n'), 101))
    result = reduce_code(text, allowance(300, path='sender.py'))
    assert result is not None
    assert '   113→class Sender:' in result
    assert '… 30 lines' in result


@pytest.mark.parametrize('form', ['{:6}\t{}', '{}: {}', '{:>4}→{}', '{} | {}'])
def test_forms_of_numbers(form: str) -> None:
    """The ways in which tools number lines are all recognised."""
    lines = ['def f():', '    return 1', '', 'x = 2']
    found = unnumbered(['File: a.py', *(form.format(i, line).rstrip() for i, line in enumerate(lines, 7)), 'note'])
    assert found is not None
    assert (found.bare, found.first, found.end) == (lines, 1, 5)


def test_plain_lines_have_no_numbers() -> None:
    """Code without numbers is not taken for numbered."""
    assert unnumbered(['x = 1', '2', '3 | 4']) is None


SOURCES = {
    'go': 'package a\n\nimport (\n\t"fmt"\n)\n\n// T is.\ntype T struct {\n\ta int\n}\n\n'
    'func (t *T) F(\n\ta int,\n) error {\n\treturn nil\n}\n',
    'typescript': "import {a} from 'b';\n\nexport class C extends D {\n  private x = 1;\n\n"
    '  async m(): Promise<void> {\n'
    '    await x();\n  }\n}\n\nexport const f = async (a: string) => {\n  return a;\n};\n',
    'javascript': "const a = require('a');\n\nfunction f(a) {\n  return a;\n}\n\nmodule.exports = {\n  f,\n};\n",
    'rust': 'use a::b;\n\nimpl S {\n    pub fn new() -> Self {\n        S { a: 1 }\n    }\n}\n',
    'java': 'import java.util.List;\n\npublic class C implements D {\n    private int a;\n\n    public int m(int b)\n'
    '            throws E {\n        return b;\n    }\n}\n',
    'c': '#include <stdio.h>\n\nstatic int f(int a)\n{\n    return a;\n}\n',
    'cpp': '#include <vector>\n\nnamespace n {\n\ntemplate <typename T>\nT h(T a) {\n  return a;\n}\n\n}\n',
    'ruby': "require 'a'\n\nclass A < B\n  def initialize(x)\n    @x = x\n  end\nend\n",
    'php': '<?php\nuse B\\C;\n\nclass D extends E\n{\n    public function f(int $a): int\n    {\n'
    '        return $a;\n    }\n}\n',
    'csharp': 'using System;\n\npublic class C\n{\n    public async Task<int> M(int a)\n    {\n'
    '        return a;\n    }\n}\n',
    'bash': '#!/bin/bash\nset -e\n\nf() {\n  echo "$1"\n}\n',
    'python': 'import os\n\n\nclass A:\n    def f(self):\n        return 1\n',
}


@pytest.mark.parametrize('parsed', [True, False], ids=['parsed', 'by indentation'])
@pytest.mark.parametrize('language', sorted(SOURCES))
def test_languages(language: str, parsed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every language a function is found with its signature apart from its body, parsed or by its indentation."""
    if not parsed:
        monkeypatch.setattr('compactor.outputs.code_text.signatures.PARSED', 0)
    lines = SOURCES[language].rstrip('\n').split('\n')
    functions = [block for block in outline(lines, language) if block.role is Role.FUNCTION]
    assert functions
    for block in functions:
        inside = '\n'.join(lines[block.body : block.end])
        assert any(word in inside for word in ('return', 'await', 'echo', 'S {', '@x')), lines[block.start]
        assert not any(word in inside for word in ('def ', 'func ', 'function', 'fn ', 'throws'))


@pytest.mark.parametrize(
    ('text', 'language'),
    [
        ('// Copyright\npackage paths\n' + 'const A = 1\n' * 60, 'go'),
        ('#!/usr/bin/env bash\nset -e\n', 'bash'),
        ('#!/usr/bin/env python3\nx = 1\n', 'python'),
        ('<?php\n$a = 1;', 'php'),
        ('package app.core;\nclass A {}\n', 'java'),
        ('use std::fs;\nfn main() {}\n', 'rust'),
        ('plain words\n', ''),
    ],
)
def test_a_line_that_no_other_language_has_decides(text: str, language: str) -> None:
    """However many lines look like another one."""
    assert language_of(text, None) == language


def test_what_does_not_parse_is_outlined_by_its_indentation() -> None:
    """A part of a class, as shown by `sed`, still has signatures."""
    lines = [
        '      }',
        '    }',
        '',
        '    render(width: number): string[] {',
        *['      draw(width)'] * 9,
        '    }',
        '  }',
        '}',
    ]
    assert 'render' in ''.join(lines[b.start] for b in outline(lines, 'javascript') if b.role is Role.FUNCTION)


def test_groups_of_tests_enclose_tests() -> None:
    """A test inside `describe` is found as if it were a function."""
    lines = ["describe('sender', () => {", "  it('sends', async () => {", '    await send();', '  });', '});']
    blocks = outline(lines, 'typescript')
    assert [(block.role, block.start, block.body, block.end) for block in blocks[:2]] == [
        (Role.CONTAINER, 0, 1, 1),
        (Role.FUNCTION, 1, 2, 4),
    ]


def test_a_fragment_from_the_middle() -> None:
    """A text that begins inside a function is shown in its order, with gaps marked."""
    text = '\n'.join(PYTHON.split('\n')[20:])
    result = reduce_code(text, allowance(150, path='sender.py'))
    assert result is not None
    assert 'def receive(name: str) -> None:' in result
    assert '…' in result


def test_without_a_grammar_there_is_an_outline_all_the_same() -> None:
    """A language that no grammar is installed for is outlined by its indentation."""
    assert grammars.blocks('whatever', 'no such language') is None
    assert [block.role for block in outline(['fun f() {', '  x', '}'], 'kotlin')] == [Role.FUNCTION]


@given(text=TEXTS, tokens=st.integers(16, 200), path=st.sampled_from(['a.py', 'a.go', 'a.rb', None]))
@settings(max_examples=150, deadline=None)
def test_within_the_allowance_whatever_comes(text: str, tokens: int, path: str | None) -> None:
    """Any text gives a result within the allowance, or None."""
    room = allowance(tokens, 'ab', path=path)
    result = reduce_code(text, room)
    assert result is None or room.holds(result)


@given(lines=st.lists(st.sampled_from(PYTHON.split('\n')), max_size=80), language=st.sampled_from(['python', 'go', '']))
@settings(max_examples=100, deadline=None)
def test_an_outline_covers_every_line_once(lines: list[str], language: str) -> None:
    """Blocks come in order, without overlap, and lines outside of them are blank."""
    at = 0
    for block in outline(lines, language):
        assert at <= block.start < block.end <= len(lines)
        assert block.start < block.body <= block.end
        assert not ''.join(lines[at : block.start]).strip()
        at = block.end
    assert not ''.join(lines[at:]).strip()


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_texts(name: str) -> None:
    """Texts made to be slow or to break parsers are survived."""
    room = allowance(300, path='a.go')
    assert within(reduce_code(HOSTILE[name], room), HOSTILE[name], room)
