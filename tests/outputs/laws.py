"""What every reducer owes to every text."""

from __future__ import annotations

from hypothesis import strategies as st

from compactor.outputs.allowance import Allowance
from compactor.outputs.clean import clean
from compactor.outputs.reducers import Reducer
from compactor.tokens.counter import counter_for

COUNTER = counter_for(None)

HOSTILE = {
    'one long line': 'a' * 200_000,
    'one word of a path': '/'.join(['a'] * 50_000),
    'open brackets': '[' * 500_000,
    'nested': '[' * 10_000 + ']' * 10_000,
    'empty lines': '\n' * 50_000,
    'lone surrogates': '\ud800' * 2_000 + '\nx',
    'broken bytes': '\ufffd' * 5_000,
    'separators of lines': 'a\u2028b\n' * 5_000,
    'rules': ('=' * 100 + '\n') * 2_000,
    'dashes': '-' * 200_000,
    'bars': '|' * 200_000,
    'commas': ',' * 200_000 + '\n1\n2',
    'quotes': '"' * 100_001,
    'unclosed quotes': '"a,\n' * 20_000,
    'colons': '1:' * 100_000,
    'branches': '│   ' * 50_000,
    'a promise that is not kept': 'diff --git a/x b/x\n@@ -1,99999999 +1,9999999 @@\n' + '+a\n' * 20_000,
    'wide rows': '\n'.join(','.join(['x' * 50] * 40) for _ in range(60)),
}


def allowance(tokens: int, question: frozenset[str] = frozenset()) -> Allowance:
    """An allowance counted in tokens of an unknown model."""
    return Allowance(tokens, COUNTER, question=question)


def keeps(reducer: Reducer, text: str, tokens: int) -> None:
    """Asserts that a reducer's answer is within the allowance, not larger than the text, the same twice, and clean."""
    text = clean(text)
    result = reducer(text, allowance(tokens))
    assert result == reducer(text, allowance(tokens))
    if result is not None and COUNTER.count(text) > tokens:
        assert COUNTER.count(result) <= tokens
        assert clean(result) == result


def lines_of(*patterns: str) -> st.SearchStrategy[str]:
    """Texts of lines that look like those of a kind, with others between them."""
    line = st.one_of(*(st.from_regex(pattern, fullmatch=True) for pattern in patterns), st.text(max_size=30))
    return st.lists(line, max_size=60).map('\n'.join)
