"""What the tests of reducers share: allowances, and texts that no reducer may stumble over."""

from __future__ import annotations

from hypothesis import strategies as st

from compactor.outputs.allowance import Allowance
from compactor.tokens.counter import counter_for

COUNTER = counter_for('gpt-4o')
HANDLE = 'ab12cd34ef567890'


def allowance(tokens: int, *question: str, path: str | None = None) -> Allowance:
    """An allowance with an archive behind it."""
    return Allowance(tokens, COUNTER, frozenset(question), path=path, handle=HANDLE)


def within(result: str | None, text: str, room: Allowance) -> bool:
    """Whether a result is within the allowance and no larger than its input; None always is."""
    return result is None or (room.holds(result) and len(result) <= len(text))


HOSTILE = {
    'one line': 'x' * 200_000,
    'words on one line': 'word and more. ' * 14_000,
    'brackets': '[{(' * 70_000,
    'opened on lines': '{\n' * 20_000,
    'nested deep': '[' * 10_000 + ']' * 10_000,
    'quotes': '"\\' * 100_000,
    'triple quotes': '"""\n' * 10_000,
    'half tags': '<a ' * 70_000,
    'open comments': '<!--' * 50_000,
    'open scripts': '<script>' * 20_000 + 'x>',
    'open drawings': '<svg>' * 20_000,
    'fences': '```\n' * 10_000,
    'lone surrogates': '\ud800 \udfff\n' * 5_000,
    'misread bytes': 'a\ufffdb\ufffd\n' * 10_000,
    'other line ends': 'a\u2028b\u2029' * 10_000,
    'blank lines': '\n' * 20_000,
    'blanks': ' ' * 100_000,
    'empty': '',
}
TEXTS = st.one_of(
    st.text(max_size=400),
    st.text(alphabet='{}[]",:0123456789.e-\n ab\\', max_size=400),
    st.text(alphabet='<>/!-ph1ad "=\n', max_size=400),
    st.text(alphabet='#`*-. aB1\n|', max_size=400),
    st.sampled_from(sorted(HOSTILE)).map(lambda name: HOSTILE[name][:3_000]),
)
