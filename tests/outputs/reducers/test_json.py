"""JSON stays JSON, keeps its shape, and says what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.ends import parses
from compactor.outputs.reducers.json import reduce_json
from tests.corpus import needs_corpus, tool_outputs
from tests.outputs.shapes import HOSTILE, TEXTS, allowance, within

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=12), inner, max_size=20),
    max_leaves=80,
)


def runs(count: int, failed: int) -> list[dict[str, Any]]:
    """Runs of a build, of which one failed."""
    return [
        {
            'id': 9_000 + i,
            'name': f'build-{i}',
            'conclusion': 'failure' if i == failed else 'success',
            'log': f'Set up job {i}\n' * 30,
            'html_url': f'https://ci.example.com/runs/{9_000 + i}',
        }
        for i in range(count)
    ]


def test_what_a_model_reads() -> None:
    """Ends and the run that failed are shown, long texts are cut, everything missing is counted in its place."""
    text = json.dumps({'total': 60, 'runs': runs(6, 3)}, indent=2)
    result = reduce_json(text, allowance(300))
    assert result == snapshot("""\
{"total":60,
"runs":[{"id":9000,"name":"build-0","conclusion":"success","log":"Set up job 0\\nSet up job 0\\nSet up job 0\\nSet up job 0\\nSet up job 0\\nSet up job 0\\nSet up job 0\\nSet up job 0\\nSet … 282 more chars","html_url":"https://ci.example.com/runs/9000"},
"… 2 more items",
{"id":9003,"name":"build-3","conclusion":"failure","log":"Set up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet u… 159 more chars …ob 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\nSet up job 3\\n","html_url":"https://ci.example.com/runs/9003"},
"… 2 more items"],
"…":"[about 76% of 3,495 characters left out; recall ab12cd34ef567890]"}\
""")  # noqa: E501


def test_an_element_that_failed_is_kept_among_many() -> None:
    """The one run of a thousand whose conclusion differs is in the result."""
    result = reduce_json(json.dumps(runs(1_000, 612)), allowance(300))
    assert result is not None
    assert 'failure' in result
    assert '9612' in result
    json.loads(result)


def test_an_element_that_the_question_names_is_kept() -> None:
    """What the question names is found in the middle of an array."""
    items = [{'name': f'service_{i}', 'port': 8_000 + i, 'notes': 'n' * 90} for i in range(400)]
    result = reduce_json(json.dumps(items), allowance(300, 'service_217'))
    assert result is not None
    assert 'service_217' in result


def test_rows_under_columns_where_that_is_smaller() -> None:
    """Uniform objects become rows under columns, as valid JSON, and no cell loses its place."""
    text = json.dumps([{'identifier': i, 'description': 'd' * (i % 7), 'available': True} for i in range(300)])
    result = json.loads(reduce_json(text, allowance(400)) or '')
    assert result['columns'] == ['identifier', 'description', 'available']
    assert all(len(row) == 3 for row in result['rows'] if isinstance(row, list))
    assert any('more rows' in row for row in result['rows'] if isinstance(row, str))


@pytest.mark.parametrize('literal', ['1.10', '1e400', '-0', '1E5', '123456789012345678901234567890', 'NaN', '-0.0'])
def test_a_number_keeps_its_literal(literal: str) -> None:
    """Numbers are written as they were read."""
    result = reduce_json(f'{{"kept": {literal}, "text": "{"x" * 4_000}"}}', allowance(100))
    assert result is not None
    assert f'"kept":{literal},' in result


def test_missing_keys_are_named_once() -> None:
    """The first object says which keys it has besides, those that lack the same only how many."""
    users = [{'id': n, **{f'link_{k}_url': 'https://example.com/' + 'x' * 40 for k in range(9)}} for n in range(6)]
    result = reduce_json(json.dumps({f'user{n}': user for n, user in enumerate(users)}), allowance(260)) or ''
    assert result == snapshot("""\
{"user0":{"id":0,"link_0_url":"https://example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","…":"8 more keys: link_1_url, link_2_url, link_3_url, link_4_url, link_5_url, link_6_url, link_7_url, link_8_url"},
"user1":{"id":1,"link_0_url":"https://example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","…":"8 more keys"},
"user2":{"id":2,"link_0_url":"https://example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","…":"8 more keys"},
"user3":{"id":3,"link_0_url":"https://example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","…":"8 more keys"},
"user4":{"id":4,"link_0_url":"https://example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","…":"8 more keys"},
"user5":{"id":5,"link_0_url":"https://example.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","…":"8 more keys"},
"…":"[about 83% of 4,332 characters left out; recall ab12cd34ef567890]"}\
""")  # noqa: E501
    json.loads(result)


def test_what_somebody_said_shortly_comes_before_links() -> None:
    """A body of a line is whole where addresses are not."""
    comment = {
        'id': 7,
        'body': 'Please rename this function.',
        **{f'{k}_url': 'https://x.org/' + k * 30 for k in 'abcdefg'},
    }
    result = reduce_json(json.dumps({'comment': comment, 'patch': '+ line\n' * 400}), allowance(110)) or ''
    assert 'Please rename this function.' in result


@pytest.mark.parametrize('text', ['{"a":1}', '[1,2]', '"a"', ' {"a":1}\n'])
def test_what_parses_is_known_whatever_was_asked_before(text: str) -> None:
    """What is remembered of one text is not taken for another one of the same length."""
    for _ in range(2):
        assert parses(text)
        assert not parses(text.replace('"', "'").replace('[', '{'))
        assert not parses(f'{text}{{')


def test_values_behind_one_another_are_lines() -> None:
    """Two answers on one line, as of two calls of a program, are both read."""
    one, two = ({'id': n, 'log': 'step\n' * 300, 'state': 'done'} for n in (1, 2))
    lines = (reduce_json(json.dumps(one) + json.dumps(two), allowance(300)) or '').split('\n')
    assert [json.loads(line)['id'] for line in lines[:2]] == [1, 2]


def test_repeated_keys_are_all_there() -> None:
    """An object that repeats a key is written with both."""
    result = reduce_json('{"a": 1, "a": 2, "text": "' + 'x' * 4_000 + '"}', allowance(100))
    assert result is not None
    assert '"a":1' in result
    assert '"a":2' in result


def test_a_number_of_thousands_of_digits_becomes_a_note() -> None:
    """What no interpreter reads as an integer is said to be a number of so many characters."""
    result = reduce_json('[' + '9' * 9_000 + ', 1]', allowance(300))
    assert result is not None
    assert json.loads(result)[:2] == ['… a number of 9,000 characters', 1]


def test_lines_of_json_stay_lines_of_json() -> None:
    """Every line of the result parses, and one says how many are missing."""
    text = '\n'.join(json.dumps(run) for run in runs(200, 77))
    result = reduce_json(text, allowance(500))
    assert result is not None
    lines = [json.loads(line) for line in result.split('\n')]
    assert any(isinstance(line, dict) and line.get('conclusion') == 'failure' for line in lines)
    assert 'of 200 lines left out' in lines[-1]


def test_text_around_json_is_kept() -> None:
    """Headers before and a line behind stay; what is between them parses."""
    text = 'HTTP/1.1 200 OK\n\n' + json.dumps({'values': list(range(3_000))}) + '\ndone in 12 ms'
    result = reduce_json(text, allowance(200))
    assert result is not None
    assert result.startswith('HTTP/1.1 200 OK\n{')
    assert result.endswith('}\ndone in 12 ms')
    json.loads(result[result.index('{') : result.rindex('}') + 1])


def test_what_holds_no_json_is_left_to_others() -> None:
    """A text without JSON, and nesting that no parser reads, give None."""
    assert reduce_json('no json here\n' * 500, allowance(100)) is None
    assert reduce_json('[' * 10_000 + ']' * 10_000, allowance(100)) is None


@given(value=VALUES, tokens=st.sampled_from([16, 40, 100, 300]), lines=st.booleans())
@settings(max_examples=150, deadline=None)
def test_json_stays_json(value: Any, tokens: int, lines: bool) -> None:
    """Whatever the value, the result parses, is within the allowance, and comes out the same again."""
    text = json.dumps([value] * 3, indent=None if lines else 1)
    room = allowance(tokens, 'abc')
    result = reduce_json(text, room)
    assert result is not None
    json.loads(result)
    assert room.holds(result)
    assert result == reduce_json(text, room)


@given(text=TEXTS, tokens=st.integers(16, 200))
@settings(max_examples=150, deadline=None)
def test_within_the_allowance_whatever_comes(text: str, tokens: int) -> None:
    """Any text gives a result within the allowance, or None."""
    room = allowance(tokens, 'ab')
    assert within(reduce_json(text, room), text, room)


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_texts(name: str) -> None:
    """Texts made to be slow or to break parsers are survived."""
    room = allowance(300)
    assert within(reduce_json(HOSTILE[name], room), HOSTILE[name], room)


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize('tokens', [300, 800, 2_000])
def test_recorded_json_stays_json(tokens: int) -> None:
    """All recorded outputs that parse still do."""
    for output in tool_outputs():
        try:
            json.loads(output.text)
        except ValueError:
            continue
        room = allowance(tokens)
        if not room.holds(output.text) and output.text.lstrip()[:1] in ('[', '{'):
            result = reduce_json(output.text, room)
            assert result is not None, output.file
            json.loads(result)
            assert within(result, output.text, room), output.file
