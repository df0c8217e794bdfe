"""Values made smaller without losing any: what comes back is what went in, whatever it was."""

from __future__ import annotations

import json
import math
import random
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor import ConfigError, Squeezed, squeeze, unsqueeze
from compactor.squeezing import tree
from compactor.squeezing.layout import Layout, read
from compactor.squeezing.phrases import LONGEST
from compactor.squeezing.steps import PIPELINE, steps_of
from compactor.squeezing.tree import DEEPEST
from tests.corpus import needs_corpus, tool_outputs

_benchmark: Any = import_module('benchmarks.squeeze')
forced, generated, identical = _benchmark.forced, _benchmark.generated, _benchmark.identical

MARKS = [
    '&1',
    '*1',
    '×3',
    '§a',
    '§3',
    '[2]{a}:',
    '1,2',
    'null',
    'NaN',
    'Infinity',
    '-0',
    '1e5',
    '',
    ' ',
    'a\n1,2',
    '"',
    '\\',
]
"""Texts and keys that look like marks of ours."""
texts = st.one_of(st.sampled_from(MARKS), st.text(max_size=12), st.text(st.characters(categories=['Cs', 'L'])))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-9, 9), st.floats(), texts)
values = st.recursive(
    scalars, lambda inside: st.lists(inside, max_size=5) | st.dictionaries(texts, inside, max_size=5), max_leaves=30
)


@st.composite
def repeating(draw: st.DrawFn) -> Any:
    """A list of objects that share keys and parts, some in a row, some of their keys missing."""
    keys = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
    parts = draw(st.lists(values, min_size=1, max_size=4))
    rows = []
    for _ in range(draw(st.integers(2, 8))):
        kept = [key for key in keys if draw(st.integers(0, 4))]
        row = {key: draw(st.sampled_from(parts)) for key in kept}
        rows += [row] * draw(st.integers(1, 3))
    return rows if draw(st.booleans()) else {'total': len(rows), 'rows': rows, 'again': rows[:1]}


@given(st.one_of(values, repeating()))
@example([-0.0, 0.0, 0, False, math.nan, math.inf, -math.inf, 10**40, 1e16, 5e-324])
@example([{'a': 1, 'b': 2}, {'b': 2, 'a': 1}])
@example([{'a': {'b': 1}}, {'a': {}}, {'a': {'b': 2}}])
@example({'&1': '*1', '*1': ['×3', '×3', '×3'], '_ref': {'_ref': 1}})
@example([{'': ''}, {'': None}, {}])
@example([['same, same and same'], ['same, same and same']])
def test_a_value_comes_back_exactly(value: Any) -> None:
    """Types, order of keys, negative zero, what is no number: all of it; also where a step is not worth it."""
    squeezed = squeeze(value)
    assert identical(unsqueeze(squeezed), value)
    assert identical(unsqueeze(json.loads(json.dumps(squeezed.to_json()))), value)
    assert squeezed.result_tokens <= squeezed.original_tokens
    if not isinstance(value, str):
        assert all(identical(found, value) for found in forced(value))


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(['a line', '§3', 'x§a', '', 'another line of it', 'a\r'])).map('\n'.join)
    )
)
@example('§¤¶¬±†‡~^' * 9)
@example('[squeezed text, all of it; line§3: the line stands three times]\na§3')
@example('the very same line\n' * 40)
@example('abc and bca and cab ' * 30)
def test_a_text_comes_back_exactly(text: str) -> None:
    """Character for character, marks of ours included."""
    squeezed = squeeze(text)
    assert unsqueeze(squeezed) == text
    assert squeezed.result_tokens <= squeezed.original_tokens
    assert all(found == text for found in forced(text))


@given(values, st.sampled_from([None, 0, 1, 2, 4, '\t']), st.booleans(), st.sampled_from(['', '\n', ' \n']))
def test_a_json_text_comes_back_in_its_layout(value: Any, indent: Any, ascii: bool, end: str) -> None:
    """Indents, separators, escapes and the end of the file, literal for literal."""
    for separators in (None, (',', ':')):
        text = json.dumps(value, indent=indent, ensure_ascii=ascii, separators=separators) + end
        assert unsqueeze(squeeze(text)) == text


@pytest.mark.parametrize(
    'text',
    [
        '{"a":1.10,"a":1e400,"b":-0,"c":NaN}',
        '{"a":"\\u003cb\\u003e","c":"\\/"}',
        '[1,\n2]',
        '{"a":1}\n{"a":2}\n{"b":"x"}\n',
        '[' * 99 + ']' * 99,
        '[' * 3_000 + ']' * 3_000,
        '{"a":' + '1' * 5_000 + '}',
        '"only a string"',
        '7',
    ],
)
def test_texts_of_json_that_readers_change(text: str) -> None:
    """Repeated keys, literals that no float holds, escapes that need not be, layouts that nobody writes."""
    assert unsqueeze(squeeze(text)) == text


def test_a_layout_is_found_where_there_is_one() -> None:
    """Go's escapes, slashes of PHP, lines of JSON."""
    layouts = {
        '{\n  "a": "\\u003c",\n  "b": []\n}\n': Layout('  ', ',', ': ', 'html', False, '\n'),
        '{"a":"\\/"}': Layout(escapes='slash'),
        '{"a": 1}\n{"a": 2}\n': Layout('', ', ', ': ', 'raw', True, '\n'),
        '{"a" :1}': None,
    }
    assert {text: found[1] if (found := read(text)) is not None else None for text in layouts} == layouts


def test_rows_counts_and_names() -> None:
    """What a model reads of each step."""
    author = {'login': 'ada', 'id': 17, 'url': 'https://example.org/users/ada', 'site_admin': False}
    rows = [
        {'number': n, 'state': 'open', 'title': f'Change {n}', 'author': author, 'labels': ['bug', 'later']}
        for n in range(4)
    ]
    rows[1]['assignee'] = {**author, 'id': 18}
    value = {'total': 4, 'items': rows, 'events': ['opened'] * 30, 'first': rows[0]}
    squeezed = squeeze(value)
    assert [line[i : i + 100] for line in squeezed.data.splitlines() for i in range(0, len(line), 100)] == snapshot(
        [
            '[squeezed JSON, all of it; v×3: v stands three times; &1 names a value, *1 repeats it; [n]{a,b}: n o',
            'bjects as rows under their keys (k=v: in every row; empty: no such key)]',
            '{"total":4,"items":[4]{number,state="open",title,author=&1{"login":"ada","id":17,"url":&2 "https://e',
            'xample.org/users/ada","site_admin":false},labels=&3["bug","later"],assignee}:',
            '0,Change 0,',
            '1,Change 1,{"login":"ada","id":18,"url":*2,"site_admin":false}',
            '2,Change 2,',
            '3,Change 3,',
            ',"events":["opened"×30],"first":{"number":0,"state":"open","title":"Change 0","author":*1,"labels":*',
            '3}}',
        ]
    )
    assert (squeezed.format, squeezed.steps) == snapshot(('squeezed json', ('dedupe', 'references', 'columns')))
    assert identical(unsqueeze(squeezed), value)


def test_lines_and_phrases() -> None:
    """What a model reads of a text."""
    text = 'collecting the packages of the project\n' * 6 + '\n'.join(
        f'2026-01-01T12:00:{n:02} INFO [worker-{n % 3}] com.example.service.Loader loaded part {n}' for n in range(9)
    )
    squeezed = squeeze(text)
    assert [line[i : i + 100] for line in squeezed.data.splitlines() for i in range(0, len(line), 100)] == snapshot(
        [
            '[squeezed text, all of it; line§3: the line stands three times; ¤a: see the 3 lines below]',
            '¤a=2026-01-01T12:00:',
            '¤b=] com.example.service.Loader loaded ',
            '¤c= INFO [worker-',
            'collecting the packages of the project§6',
            '¤a00¤c0¤bpart 0',
            '¤a01¤c1¤bpart 1',
            '¤a02¤c2¤bpart 2',
            '¤a03¤c0¤bpart 3',
            '¤a04¤c1¤bpart 4',
            '¤a05¤c2¤bpart 5',
            '¤a06¤c0¤bpart 6',
            '¤a07¤c1¤bpart 7',
            '¤a08¤c2¤bpart 8',
        ]
    )
    assert squeezed.savings_pct == snapshot(38.3)
    assert squeezed.client_action == 'format_on_display'


def test_what_is_not_smaller_stays() -> None:
    """No explanation for three words."""
    assert squeeze('three short words') == Squeezed('three short words', 'text', 3, 3)
    squeezed = squeeze({'a': [1, 2]})
    assert (squeezed.data, squeezed.format, squeezed.steps) == ('{"a":[1,2]}', 'json', ())
    assert (squeezed.savings_pct, squeezed.client_action) == (0.0, 'none')


@pytest.mark.parametrize(
    ('value', 'said'),
    [
        ((1, 2), 'builtins.tuple would not come back'),
        ({'a': {1, 2}}, 'builtins.set would not come back'),
        ({1: 2}, 'a key is int'),
        (b'bytes', 'builtins.bytes would not come back'),
        (type('Word', (str,), {})('x'), 'hand in str(value)'),
        pytest.param(10**5_000, 'more digits', id='digits'),
        (json.loads('[' * (DEEPEST + 1) + ']' * (DEEPEST + 1)), 'more than 100 levels'),
    ],
)
def test_what_would_not_come_back_is_refused(value: Any, said: str) -> None:
    """A typed error that says what to hand in."""
    with pytest.raises(ConfigError) as error:
        squeeze(value)
    assert said in str(error.value)


def test_what_has_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that holds one large list often is as large as if each were its own; so is what is read."""
    large = [[0] * 100] * 100
    data = squeeze(large)
    monkeypatch.setattr(tree, 'MOST', 1_000)
    for work in (lambda: squeeze(large), lambda: unsqueeze(data)):
        with pytest.raises(ConfigError, match='more than 1,000 parts'):
            work()


@pytest.mark.parametrize(
    'data',
    [
        '',
        '{"a":1',
        '*1',
        '&1&2{}',
        '[3]{a}:\n1\n2\n',
        '[2]{a}:\n1\n2',
        '[1]{a:\n1\n',
        '[99999999]{a="x"}:\n×99999999\n',
        '[{}×99999999]',
        '{"a":&1["x"],"b":&2[*1×900],"c":&3[*2×900],"d":[*3×900]}',
        '[1]x',
        '"open',
        '[' * 5_000,
        '[1]' + '{a' * 5_000,
    ],
)
def test_hostile_data_are_refused(data: str) -> None:
    """Whatever is handed in to be read: a typed error, within bounds of memory, never another one."""
    for format in ('json', 'squeezed json'):
        head = '' if format == 'json' else '[squeezed JSON, all of it; x]\n'
        with pytest.raises(ConfigError):
            unsqueeze({'data': head + data, 'format': format})


@pytest.mark.parametrize(
    ('data', 'said'),
    [
        ('no head', 'explains it is missing'),
        ('[squeezed text, all of it; line§3: the line stands three times]\na§99999999', f'more than {LONGEST:,}'),
        ('[squeezed text, all of it; line§3: the line stands three times]\n§a b', 'inside of a line'),
        ('[squeezed text, all of it; §a: see the 1 lines below]\n§a=x\n§b', '§b stands for nothing'),
        ('[squeezed text, all of it; §a: see the 1 lines below]\n§b=x\n', '§a= is missing'),
        ('[squeezed text, all of it; §a: see the 1 lines below]\n§a="x\n', 'nothing that can be read'),
    ],
)
def test_hostile_texts_are_refused(data: str, said: str) -> None:
    """Marks that stand for nothing, runs without end."""
    with pytest.raises(ConfigError) as error:
        unsqueeze({'data': data, 'format': 'squeezed text'})
    assert said in str(error.value)


@pytest.mark.parametrize('account', [{}, {'data': 1, 'format': 'json'}, {'data': '1', 'format': 'toon'}])
def test_what_is_no_squeezed_value(account: dict[str, Any]) -> None:
    """It says what is needed."""
    with pytest.raises(ConfigError, match='data \\(a string\\) and format'):
        unsqueeze(account)
    with pytest.raises(ConfigError, match='no layout'):
        unsqueeze({'data': '1', 'format': 'json', 'layout': '[1]'})


def test_the_order_is_data() -> None:
    """The order of the pipeline, and which steps are done here."""
    assert [step.name for step in PIPELINE] == [
        'cache',
        'minify',
        'dedupe',
        'references',
        'columns',
        'phrases',
        'compress',
        'handoff',
    ]
    assert steps_of('values') == ('minify', 'dedupe', 'references', 'columns', 'phrases')
    assert steps_of('texts') == ('dedupe', 'phrases')


def test_generated_values() -> None:
    """A few of the values that the benchmark makes a hundred thousand of."""
    source = random.Random(16)
    for _ in range(100):
        value = generated(source)
        assert identical(unsqueeze(squeeze(value)), value)
        assert all(identical(found, value) for found in forced(value))


@needs_corpus
def test_recorded_outputs() -> None:
    """Real outputs come back character for character."""
    for output in tool_outputs('json', limit=10):
        assert unsqueeze(squeeze(output.text)) == output.text
