"""Patterns of users and models: what is wrong with one is said when it is read, and none can hang."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.errors import ConfigError
from compactor.patterns import TooSlow, pattern, seconds_for
from compactor.policy import OutputsPolicy, Policy

BROKEN = {
    'not closed': '(',
    'a set that is not closed': '[a-',
    'nothing to repeat': '*a',
    'repeated twice': 'a**',
    'a range the wrong way round': '[z-a]',
    'an escape without a character': 'key=\\',
    'a group nobody has named': '(?P=name)',
    'a group without an end of its name': '(?P<secret',
    'nested without end': '(' * 20_000,
    'a huge repetition': 'a{1000000000}',
    'a repetition of a repetition': '(?:(?:a{1000}){1000}){1000}',
    'the same with blanks': '(?x)(?:a{1000}) # )\n {1000}',
}


@pytest.mark.parametrize('source', BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_expression_is_refused_when_it_is_read(source: str) -> None:
    """At once, with the pattern's text and what is wrong with it, and of a policy with the field."""
    started = time.process_time()
    with pytest.raises(ConfigError, match='the pattern'):
        pattern(source)
    with pytest.raises(ConfigError, match='secrets: the pattern'):
        OutputsPolicy(secrets={'mine': source})
    with pytest.raises(ConfigError, match='secrets: the pattern'):
        Policy.load(environment={}, outputs={'secrets': {'mine': source}})
    assert time.process_time() - started < 5  # a second repetition of a thousand would take minutes, or the memory


SLOW = {
    'a repetition of a repetition': (r'(a+)+$', 'a' * 2_000 + '!'),
    'alternatives that overlap': (r'(a|aa)+$', 'a' * 2_000 + '!'),
    'blanks at the end of a line': (r'\s+$', ' ' * 300_000 + 'x'),
    'one that calls itself': (r'(?R)', 'abc'),
}


@pytest.mark.parametrize(('source', 'text'), SLOW.values(), ids=list(SLOW))
def test_what_takes_too_long_is_stopped(source: str, text: str) -> None:
    """A search ends within the time for its text, and says that it has no answer."""
    slow = pattern(source)
    for search in (lambda: list(slow.matches(text)), lambda: slow.found_in(text)):
        started = time.process_time()
        with pytest.raises(TooSlow, match='the pattern'):
            search()
        assert time.process_time() - started < 5 * seconds_for(text)


def test_many_matches_share_one_time() -> None:
    """Not every match of its own: what finds something everywhere, slowly, is stopped as well."""
    with pytest.raises(TooSlow):
        list(pattern(r'a(?!(?:a|aa)+$)').matches(('a' * 14 + '!') * 10_000))


def test_the_time_grows_with_the_text_and_no_faster() -> None:
    """Twice the text has at most twice the time."""
    sizes = [10**n for n in range(8)]
    given_ = [seconds_for('a' * size) for size in sizes]
    assert given_ == sorted(given_)
    assert all(b - a <= (t - s) / 1_000_000 for a, b, s, t in zip(given_, given_[1:], sizes, sizes[1:], strict=False))


ORDINARY = (
    r'acme[-_](?P<secret>[a-z0-9]{8,})',
    r'(?i)\b(?:password|token)\s*[:=]\s*(?P<secret>\S+)',
    r'(?P<secret>\d{3}-\d{2}-\d{4})',
    r'^\s*key: (?P<secret>.*)$',
    r'(?m)^ID (?P<secret>\w+)$',
    r'[^\W\d_]+\d*',
    r'a*',
)


@given(
    st.sampled_from(ORDINARY),
    st.text('acme-_ 0123456789:=\n', max_size=80) | st.sampled_from(['password: abc', 'ID x\nID y', 'Token=é1']),
)
def test_ordinary_expressions_mean_what_they_mean_in_re(source: str, text: str) -> None:
    """The same matches with the same groups."""
    expected = [(match.span(), match.groupdict()) for match in re.finditer(source, text)]
    assert [(match.span(), match.groupdict()) for match in pattern(source).matches(text)] == expected
    assert pattern(source).found_in(text) == bool(expected)


def test_a_pattern_is_compiled_once() -> None:
    """The same expression is the same object, and equal by what was written."""
    assert pattern('a+b') is pattern('a+b')
    assert pattern('a+b') != pattern('a+c')
