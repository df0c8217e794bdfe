"""What the tests of the three reducers of logs share: laws that each must keep, and texts that nobody would write."""

from __future__ import annotations

from hypothesis import strategies as st

from compactor.outputs.allowance import Allowance
from compactor.outputs.reducers import Reducer
from compactor.tokens.counter import counter_for

COUNTER = counter_for(None)

LINES = (
    '=== RUN   TestTotals',
    '--- FAIL: TestTotals (0.01s)',
    '    --- PASS: TestTotals/empty (0.00s)',
    '    totals_test.go:12: want 3, got 4',
    'FAIL\tapp/store\t0.013s',
    'panic: boom [recovered]',
    'goroutine 7 [running]:',
    'main.run(0x1)',
    '\t/app/main.go:12 +0x1b',
    '=================================== FAILURES ===================================',
    '____________________ test_totals ____________________',
    'E       assert 3 == 4',
    'tests/test_totals.py:12: AssertionError',
    '=========================== short test summary info ============================',
    'FAILED tests/test_totals.py::test_totals - assert 3 == 4',
    'PASSED tests/test_totals.py::test_empty',
    '========================= 1 failed, 1 passed in 0.10s =========================',
    '======================================================================',
    'FAIL: test_totals (tests.Totals)',
    '----------------------------------------------------------------------',
    'Traceback (most recent call last):',
    '  File "/app/totals.py", line 3, in total',
    '    return sum(rows)',
    '  [Previous line repeated 240 more times]',
    "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'",
    'During handling of the above exception, another exception occurred:',
    '  + Exception Group Traceback (most recent call last):',
    '  +-+---------------- 1 ----------------',
    'java.lang.IllegalStateException: closed',
    '\tat com.acme.Cart.total(Cart.java:12)',
    '\t... 23 more',
    'Caused by: java.io.IOException: gone',
    'TypeError: cart is undefined',
    '    at total (/app/src/cart.ts:12:5)',
    '    at node:internal/main:1:2',
    "thread 'main' panicked at src/main.rs:2:5:",
    '   4: cart::total',
    '             at ./src/main.rs:2:5',
    "app/cart.rb:3:in 'total': closed (RuntimeError)",
    '#0 /app/cart.php(12): total()',
    '  1) adds two numbers',
    '  ● Cart › adds',
    'not ok 2 - adds',
    '{"Time":"2026-01-02T10:00:00Z","Action":"output","Package":"p","Output":"--- FAIL: TestA (0.00s)\\n"}',
    'src/cart.c:12:5: error: expected expression',
    "src/cart.c:14:5: warning: unused variable 'n' [-Wunused-variable]",
    'error[E0308]: mismatched types',
    '  --> src/main.rs:2:5',
    'npm ERR! code ELIFECYCLE',
    'make: *** [Makefile:4: cart.o] Error 1',
    '2026-01-02T10:00:00.123Z Compiling cart v0.1.0',
    'build\tCompile\t2026-01-02T10:00:00.1234567Z ##[error]Process completed with exit code 1.',
    '> Task :compileJava',
    '',
    '\u2028',
    '\ud800 \ufffd',
    'x' * 900,
)

texts = st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40)), max_size=120).map('\n'.join)
allowances = st.builds(
    Allowance,
    st.integers(16, 600),
    st.just(COUNTER),
    st.sampled_from((frozenset[str](), frozenset({'TestTotals', 'cart'}))),
    failed=st.sampled_from((None, True, False)),
    handle=st.sampled_from((None, '0123456789abcdef')),
)

HOSTILE = {
    'one line of a megabyte': 'E ' + 'x' * 1_000_000,
    'a line of words': 'at ' + 'Error ' * 160_000,
    'brackets': '[' * 1_000_000,
    'parentheses': 'at ' + '(' * 1_000_000,
    'colons': 'a:1' * 300_000,
    'slashes': '/a/b:' * 200_000,
    'deeply indented': '\n'.join(' ' * min(n, 3_000) + 'File "a.py", line 1' for n in range(0, 3_000, 10)),
    'empty lines': '\n' * 1_000_000,
    'frames without end': 'Traceback (most recent call last):\n' + '  File "/a.py", line 1, in f\n    f()\n' * 20_000,
    'heads without frames': 'Traceback (most recent call last):\nE: x\n' * 20_000,
    'panics': 'panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/a.go:1 +0x1\n\n' * 15_000,
    'failures': '--- FAIL: TestA (0.00s)\n    a_test.go:1: no\n' * 20_000,
    'headings': '______ test_a ______\nE   no\na.py:1: Error\n' * 20_000,
    'errors': 'src/a.c:1:1: error: no\n' * 40_000,
    'different errors': '\n'.join(f'src/a{n}.c:{n}:1: error: no {n}' for n in range(25_000)),
    'lone surrogates': '\ud800\n' * 100_000,
    'separators': 'Error\u2028' * 100_000,
    'letters and dots': 'a.' * 500_000,
    'equals': '= ' * 500_000,
    'underscores': '_ ' * 500_000,
}


def room(tokens: int, *, asks: tuple[str, ...] = (), failed: bool | None = None) -> Allowance:
    """Room for so many tokens."""
    return Allowance(tokens, COUNTER, frozenset(asks), failed=failed)


def keeps_the_laws(reduce: Reducer, text: str, allowance: Allowance) -> None:
    """Within the allowance, the same each time, and not larger than a text that does not fit."""
    result = reduce(text, allowance)
    assert result == reduce(text, allowance)
    if result is not None:
        assert allowance.count(result) <= allowance.tokens
        if not allowance.holds(text):
            assert len(result) <= len(text) + 200  # such a text is refused by `shrink`


def survives(reduce: Reducer, text: str) -> None:
    """A hostile text is made small; what is not linear would be noticed by the minutes that it takes."""
    result = reduce(text, room(300))
    assert result is None or COUNTER.count(result) <= 300
