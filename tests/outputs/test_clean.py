"""Cleaning: what a terminal would not show goes, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given

from compactor.outputs.clean import clean
from tests.outputs.texts import any_text


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('plain', 'plain'),
        ('\x1b[1;31mred\x1b[0m', 'red'),
        ('\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\', 'link'),
        ('\x1b]0;title\x07text', 'text'),
        ('a\r\nb\r\n', 'a\nb'),
        ('10%\r50%\r100%\ndone', '100%\ndone'),
        ('N\x08NA\x08AME', 'NAME'),
        ('text   \n\t\n\n\n\n\nend  ', 'text\n\n\nend'),
        ('bell\x07 null\x00', 'bell null'),
        ('keeps\ttabs', 'keeps\ttabs'),
        ('  indented', '  indented'),
        ('', ''),
    ],
)
def test_what_is_left(text: str, shown: str) -> None:
    """As a table."""
    assert clean(text) == shown


@given(any_text)
def test_laws(text: str) -> None:
    """Cleaning twice is cleaning once, and nothing grows."""
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= len(text)
