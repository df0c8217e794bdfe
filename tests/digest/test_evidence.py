"""What becomes a line that a digest may keep, and its names."""

from __future__ import annotations

import pytest

from compactor.digest.evidence import lines_of
from compactor.digest.identifiers import identifiers, specific
from tests.notation import part


def told(output: str) -> list[str]:
    """The lines of a result."""
    return list(lines_of(part('+a', output)).texts)


def test_a_text_in_json_is_told_by_its_own_lines() -> None:
    """Escaped line ends of a long line are line ends; a short line of code stays as it is."""
    text = '{"body": "' + r'the first line of it\nthe \"second\" line\n' * 8 + '"}'
    assert told(text)[1] == 'the "second" line'
    assert told(r'print("a\n\n\nb")') == [r'print("a\n\n\nb")']


def test_what_a_tool_writes_around_an_output_is_no_line() -> None:
    """Nor are colours."""
    assert told('Chunk ID: 8f2c\nWall time: 0.1 seconds\nOutput:\n\x1b[31mred\x1b[0m') == ['red']


def test_windows_of_a_long_line_begin_and_end_with_whole_words() -> None:
    """Names stand among the words around them."""
    words = 'lorem ipsum dolor sit amet ' * 12
    for window in told(f'{words} src/a.py {words} src/b.py {words}'):
        assert set(window.split()) <= {*words.split(), 'src/a.py', 'src/b.py', '…'}


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('src/a.go-58- x', ['src/a.go']),
        ('</thinking>', []),
        ('https://example.org/a.b', ['example.org/a.b']),
        ('at 2026-01-28T23:08', ['2026-01-28T23']),
    ],
)
def test_names_are_taken_without_what_surrounds_them(text: str, names: list[str]) -> None:
    """Marks of a search, tags, schemes."""
    assert [name for name in identifiers(text) if name != '58'] == names


def test_qualified_names_say_most_and_numbers_least() -> None:
    """Versions and times are numbers."""
    assert specific('src/a.py') > specific('max_tokens') > specific('404') == specific('v1.2.3')
    assert specific('2026-01-28T23') == specific('404')
