"""Test logs: every failing test, the first line of its error, its own frames, the totals."""

from __future__ import annotations

import pytest
from hypothesis import given
from inline_snapshot import snapshot

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.runners import from_go_json
from compactor.outputs.reducers.tests import reduce_tests
from tests.outputs.reducers.logs import HOSTILE, allowances, keeps_the_laws, room, survives, texts
from tests.outputs.reducers.runs import RUNS


@given(texts, allowances)
def test_laws(text: str, allowance: Allowance) -> None:
    """Whatever comes in, the result fits and is the same each time."""
    keeps_the_laws(reduce_tests, text, allowance)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """Time grows with the size of a text, whatever is in it."""
    survives(reduce_tests, HOSTILE[name])


@pytest.mark.parametrize('runner', RUNS)
def test_every_runner(runner: str) -> None:
    """Name, error, place and totals of a failing run, whatever printed it, among two hundred lines of other output."""
    log, kept = RUNS[runner]
    noise = '\n'.join(f'module {n} loaded from the cache in no time at all' for n in range(200))
    text = log if runner == 'gojson' else f'{noise}\n{log}'
    result = reduce_tests(text, room(260))
    assert result is not None
    assert [fact for fact in kept if fact not in result] == []


PASSED = ''.join(f'PASSED tests/test_cart.py::test_case_{n}\n' for n in range(300))
PYTEST = f"""============================= test session starts ==============================
platform linux -- Python 3.12.1, pytest-8.2.2, pluggy-1.5.0
collected 302 items

tests/test_cart.py {'.' * 50} [ 50%]
=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total() -> None:
        cart = Cart()
        cart.add(10)
>       assert cart.total() == 30
E       assert 20 == 30
E        +  where 20 = total()

tests/test_cart.py:12: AssertionError
----------------------------- Captured stdout call -----------------------------
adding 10
adding 10
____________________________ TestShop.test_checkout ____________________________

self = <tests.test_shop.TestShop object at 0x7f00>

    def test_checkout(self) -> None:
>       self.shop.checkout()

tests/test_shop.py:31:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
shop/shop.py:88: in checkout
    self.pay(total)
/venv/lib/python3.12/site-packages/pay/client.py:9: PayError
E       pay.PayError: no money
==================================== PASSES ====================================
________________________________ test_case_3 ___________________________________
----------------------------- Captured stdout call -----------------------------
Error: this is what the test expects
=========================== short test summary info ============================
{PASSED}FAILED tests/test_cart.py::test_total - assert 20 == 30
FAILED tests/test_shop.py::TestShop::test_checkout - pay.PayError: no money
======================== 2 failed, 300 passed in 3.21s =========================
"""


def test_pytest() -> None:
    """The summary, of each failure error and place, nothing of what passed."""
    assert reduce_tests(PYTEST, room(260)) == snapshot("""\
============================= test session starts ==============================
FAILED tests/test_cart.py::test_total - assert 20 == 30 (tests/test_cart.py:12)
    def test_total() -> None:
        cart = Cart()
        cart.add(10)
>       assert cart.total() == 30
E        +  where 20 = total()
tests/test_cart.py:12: AssertionError
…
adding 10
FAILED tests/test_shop.py::TestShop::test_checkout - pay.PayError: no money (shop/shop.py:88)
self = <tests.test_shop.TestShop object at 0x7f00>
    def test_checkout(self) -> None:
>       self.shop.checkout()
tests/test_shop.py:31:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
shop/shop.py:88: in checkout
    self.pay(total)
/venv/lib/python3.12/site-packages/pay/client.py:9: PayError
2 failed, 300 passed in 3.21s
[318 of 341 lines left out]\
""")


def test_pytest_in_little_room() -> None:
    """Names and first lines of errors come before everything else."""
    assert reduce_tests(PYTEST, room(110)) == snapshot("""\
FAILED tests/test_cart.py::test_total - assert 20 == 30 (tests/test_cart.py:12)
>       assert cart.total() == 30
E        +  where 20 = total()
FAILED tests/test_shop.py::TestShop::test_checkout - pay.PayError: no money (shop/shop.py:88)
>       self.shop.checkout()
…
shop/shop.py:88: in checkout
2 failed, 300 passed in 3.21s
[330 of 341 lines left out]\
""")


def test_many_failures_with_one_error() -> None:
    """An error that many tests share is shown once and counted; names that take too much are grouped by file."""
    blocks = ''.join(
        f'______ test_{n} ______\n\n    def test_{n}():\n>       make()\n'
        f'E   NameError: make\n\ntests/test_a.py:{n}: NameError\n'
        for n in range(60)
    )
    names = ''.join(f'FAILED tests/test_a.py::test_{n} - NameError: ma...\n' for n in range(60))
    text = (
        f'=========== FAILURES ===========\n{blocks}=========== short test summary info ============\n{names}'
        '=========== 60 failed in 0.50s ===========\n'
    )
    result = reduce_tests(text, room(420))
    assert result is not None
    assert 'make (×60)' in result
    assert [n for n in range(60) if f'\n test_{n}' not in result] == []
    assert result.count('FAILED tests/test_a.py') == 1
    assert '60 failed in 0.50s' in result


def test_details_go_round() -> None:
    """Each of many failures gets its share of the details, not the first all."""
    text = ''.join(
        f'--- FAIL: TestCart{n} (0.00s)\n    cart_test.go:{n}: want {n}, got nothing\n'
        + f'    more about it {n}\n' * 40
        for n in range(8)
    )
    result = reduce_tests(f'{text}FAIL\nFAIL\tacme/cart\t0.1s\n', room(400))
    assert result is not None
    assert [n for n in range(8) if f'want {n}, got' not in result or f'more about it {n}' not in result] == []


def test_go_prints_before_it_fails() -> None:
    """With -v Go prints what a test logs before it says that the test failed; it belongs to that test."""
    text = (
        ''.join(
            f'=== RUN   TestFine{n}\n    fine_test.go:{n}: fine\n--- PASS: TestFine{n} (0.00s)\n' for n in range(90)
        )
        + '=== RUN   TestCart\n    cart_test.go:7: starting\n    cart_test.go:21: want 30, got 20\n'
        + '--- FAIL: TestCart (0.01s)\nFAIL\nFAIL\tacme/cart\t0.013s\nok  \tacme/shop\t0.010s\nFAIL\n'
    )
    assert reduce_tests(text, room(120)) == snapshot("""\
    fine_test.go:0: fine
…
    cart_test.go:7: starting
FAIL TestCart - cart_test.go:21: want 30, got 20
FAIL
FAIL	acme/cart	0.013s
ok  	acme/shop	0.010s
FAIL
[271 of 279 lines left out]\
""")


def test_go_says_last_what_failed() -> None:
    """Logs come first and look the same; ticks that a test prints end nothing; long lines of logs are cut."""
    hook = f'    hooks.go:196: hook stop: 10:00:00 INFO stop session=s-1 file={"deep/" * 60}x.json'
    blocks = ''.join(
        f"""--- FAIL: TestStore{n} (0.2{n}s)
    store_test.go:38: opening store {n}
{hook}
        copied the session to s-{n}/full.jsonl
        ✓ created branch 'sessions'
    store_test.go:{n}1: after rewind: got "version 1", want "version {n}"
    store_test.go:{n}9: ✓ all checks of {n} done
"""
        for n in range(2, 6)
    )
    assert reduce_tests(f'ok  \tapp/cart\t0.1s\n{blocks}FAIL\nFAIL\tapp/store\t0.9s\n', room(260)) == snapshot("""\
FAIL TestStore2 - store_test.go:21: after rewind: got "version 1", want "version 2"
    store_test.go:38: opening store 2
…
        ✓ created branch 'sessions'
    store_test.go:29: ✓ all checks of 2 done
FAIL TestStore3 - store_test.go:31: after rewind: got "version 1", want "version 3"
    store_test.go:38: opening store 3
…
    store_test.go:39: ✓ all checks of 3 done
FAIL TestStore4 - store_test.go:41: after rewind: got "version 1", want "version 4"
    store_test.go:38: opening store 4
…
    store_test.go:49: ✓ all checks of 4 done
FAIL TestStore5 - store_test.go:51: after rewind: got "version 1", want "version 5"
    store_test.go:38: opening store 5
…
    store_test.go:59: ✓ all checks of 5 done
FAIL
FAIL	app/store	0.9s
[13 of 32 lines left out]\
""")


def test_go_with_a_library_of_assertions() -> None:
    """The place stands alone on its line, and what was wrong below it."""
    log = """--- FAIL: TestTotals (0.00s)
    totals_test.go:12: opening the store for orders that got lost
    totals_test.go:30:
            Error Trace:    /app/totals_test.go:30
            Error:          Not equal:
                            expected: 30
                            actual  : 20
            Test:           TestTotals
            Messages:       the total of an order
"""
    noise = ''.join(f'    store.go:{n}: wrote row {n}\n' for n in range(60))
    head, place, rest = log.partition('    totals_test.go:30:')
    assert reduce_tests(f'{head}{noise}{place}{rest}FAIL\nFAIL\tapp/store\t0.9s\n', room(120)) == snapshot("""\
FAIL TestTotals - totals_test.go:30: Error:          Not equal: expected: 30 actual  : 20
    totals_test.go:12: opening the store for orders that got lost
    store.go:0: wrote row 0
    store.go:1: wrote row 1
…
            Error Trace:    /app/totals_test.go:30
…
            Messages:       the total of an order
FAIL
FAIL	app/store	0.9s
[60 of 72 lines left out]\
""")


def test_vitest_shows_failures_again() -> None:
    """Names that are only crossed out come behind those with a file and an error, and retries are no other tests."""
    crossed = ''.join(
        f'   × cart > adds {n} prices 48{n}ms (retry x2)\n     → expected {n} to be {n + 1}\n' for n in range(6)
    )
    loads = 'Warning: Could not load core.md\nError: ENOENT: core.md\n    at load (src/load.js:3:1)\n' * 30
    fails = ''.join(
        f""" FAIL  src/cart.test.ts > cart > adds {n} prices
AssertionError: expected {n} to be {n + 1} // Object.is equality
 ❯ src/cart.test.ts:{n}2:5
     {n}0|     const cart = make();
     {n}1|     cart.add({n});
 ❯ add src/helper.ts:6:1

⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[{n + 1}/3]⎯
"""
        for n in range(3)
    )
    totals = ' Test Files  1 failed (1)\n      Tests  3 failed (3)\n'
    text = f'{crossed}{loads}⎯⎯⎯⎯⎯⎯⎯ Failed Tests 3 ⎯⎯⎯⎯⎯⎯⎯\n\n{fails}\n{totals}'
    assert reduce_tests(text, room(200)) == snapshot("""\
FAIL
 cart > adds 3 prices
 cart > adds 4 prices
 cart > adds 5 prices
Error: ENOENT: core.md
FAIL src/cart.test.ts
 cart > adds 0 prices - AssertionError: expected 0 to be 1 // Object.is equality
 ❯ src/cart.test.ts:02:5
…
 ❯ add src/helper.ts:6:1
 cart > adds 1 prices - AssertionError: expected 1 to be 2 // Object.is equality
 ❯ src/cart.test.ts:12:5
…
 ❯ add src/helper.ts:6:1
 cart > adds 2 prices - AssertionError: expected 2 to be 3 // Object.is equality
 ❯ src/cart.test.ts:22:5
…
 ❯ add src/helper.ts:6:1
 Test Files  1 failed (1)
      Tests  3 failed (3)
[111 of 132 lines left out]\
""")


def test_headings_without_pytest() -> None:
    """Runners that write pytest's headings and end otherwise; their totals are found."""
    blocks = ''.join(
        f"""{'_' * 80}
______________ app/tests/test_cart.py:test_total_{n} ______________
  File "/app/tests/test_cart.py", line {n}3, in test_total_{n}
    assert total({n}) == {n}
AssertionError
"""
        for n in range(2)
    )
    noise = 'app/tests/test_shop.py[12] ............ [OK]\n' * 40
    text = f'{noise}{blocks}\n tests finished: 92 passed, 2 failed, \nin 1.40 seconds \nDO *NOT* COMMIT!'
    assert reduce_tests(text, room(120)) == snapshot("""\
FAILED app/tests/test_cart.py:test_total_0 - AssertionError (×2) (/app/tests/test_cart.py:03)
  File "/app/tests/test_cart.py", line 03, in test_total_0
    assert total(0) == 0
FAILED app/tests/test_cart.py:test_total_1 (/app/tests/test_cart.py:13)
 tests finished: 92 passed, 2 failed, \n\
in 1.40 seconds \n\
DO *NOT* COMMIT!
[45 of 54 lines left out]\
""")


def test_small_green_runs_name_their_tests() -> None:
    """Of a few tests it is told that they ran; and which were expected to fail, however many passed."""
    noise = 'loading the configuration of the shop\n' * 100
    few = f'{noise}PASSED tests/test_cart.py::test_a\nPASSED tests/test_cart.py::test_b\n=== 2 passed in 0.1s ===\n'
    assert reduce_tests(few, room(90)) == snapshot("""\
loading the configuration of the shop
loading the configuration of the shop
…
loading the configuration of the shop
loading the configuration of the shop
PASSED tests/test_cart.py::test_a
PASSED tests/test_cart.py::test_b
2 passed in 0.1s
[97 of 104 lines left out]\
""")
    many = ''.join(f'PASSED tests/test_cart.py::test_{n}\n' for n in range(200))
    expected = 'XFAIL tests/test_cart.py::test_order - not sorted yet\n'
    assert reduce_tests(f'{many}{expected}=== 200 passed, 1 xfailed in 0.1s ===\n', room(60)) == snapshot("""\
XFAIL tests/test_cart.py::test_order - not sorted yet
200 passed, 1 xfailed in 0.1s
[201 of 203 lines left out]\
""")


def test_go_panic_and_failed_build() -> None:
    """A panic in a test and a package that did not compile are failures like others."""
    text = (
        'ok  \tacme/a\t0.1s\n' * 60
        + '# acme/shop [acme/shop.test]\nshop/shop_test.go:11:2: "time" imported and not used\n'
        + 'FAIL\tacme/shop [build failed]\n--- FAIL: TestTotal (0.00s)\n'
        + 'panic: no price [recovered, repanicked]\n\ngoroutine 20 [running]:\n'
        + 'testing.tRunner.func1.2({0x1, 0x2})\n\t/usr/local/go/src/testing/testing.go:1872 +0x190\n'
        + 'panic({0x1?, 0x2?})\n\t/usr/local/go/src/runtime/panic.go:783 +0x120\n'
        + 'acme/cart.Total(...)\n\t/home/me/cart/total.go:21\n'
        + 'acme/cart.TestTotal(0x14)\n\t/home/me/cart/total_test.go:12 +0x64\n'
        + 'FAIL\tacme/cart\t0.395s\nFAIL\n'
    )
    assert reduce_tests(text, room(190)) == snapshot("""\
ok  	acme/a	0.1s
ok  	acme/a	0.1s
# acme/shop [acme/shop.test]
shop/shop_test.go:11:2: "time" imported and not used
FAIL	acme/shop [build failed]
FAIL TestTotal - panic: no price [recovered, repanicked] (/home/me/cart/total.go:21)
goroutine 20 [running]:
testing.tRunner.func1.2({0x1, 0x2})
	/usr/local/go/src/testing/testing.go:1872 +0x190
…
acme/cart.Total(...)
	/home/me/cart/total.go:21
acme/cart.TestTotal(0x14)
	/home/me/cart/total_test.go:12 +0x64
FAIL	acme/cart	0.395s
FAIL
[62 of 78 lines left out]\
""")


def test_a_test_that_never_ends() -> None:
    """What brought a run down in the middle of a test is shown, though no test is said to have failed."""
    text = (
        ''.join(
            f'=== RUN   TestFine{n}\n    fine_test.go:{n}: fine\n--- PASS: TestFine{n} (0.00s)\n' for n in range(90)
        )
        + '=== RUN   TestSlow\npanic: test timed out after 10m0s\n\ngoroutine 9 [running]:\n'
        + 'acme/cart.wait()\n\t/home/me/cart/wait.go:21 +0x1\nFAIL\tacme/cart\t600.013s\n'
    )
    assert reduce_tests(text, room(100)) == snapshot("""\
    fine_test.go:0: fine
FAIL TestSlow - panic: test timed out after 10m0s (/home/me/cart/wait.go:21)
goroutine 9 [running]:
acme/cart.wait()
	/home/me/cart/wait.go:21 +0x1
FAIL	acme/cart	600.013s
[271 of 278 lines left out]\
""")


def test_a_failed_run_that_is_not_understood() -> None:
    """Where the call failed and no test is known to have, other lines fill the room that is left."""
    text = f'{PASSED}something odd about the cart\n{PASSED}300 passed in 3.21s\n'
    failed = reduce_tests(text, room(100, failed=True))
    assert failed is not None
    assert 'something odd about the cart' in failed


def test_unittest() -> None:
    """The headings of unittest, the docstring between, the error, the last own frame."""
    ok = ''.join(f'test_{n} (tests.test_cart.Cart.test_{n}) ... ok\n' for n in range(200))
    text = (
        f'{ok}test_total (tests.test_cart.Cart.test_total)\nAdds all prices. ... FAIL\n\n{"=" * 70}\n'
        f'FAIL: test_total (tests.test_cart.Cart.test_total)\nAdds all prices.\n{"-" * 70}\n'
        'Traceback (most recent call last):\n  File "/app/tests/test_cart.py", line 12, in test_total\n'
        '    self.assertEqual(total(), 30)\nAssertionError: 20 != 30\n\n'
        f'{"-" * 70}\nRan 201 tests in 0.5s\n\nFAILED (failures=1)\n'
    )
    assert reduce_tests(text, room(150)) == snapshot("""\
FAIL test_total (tests.test_cart.Cart.test_total) - AssertionError: 20 != 30 (/app/tests/test_cart.py:12)
Adds all prices.
…
Traceback (most recent call last):
  File "/app/tests/test_cart.py", line 12, in test_total
    self.assertEqual(total(), 30)
----------------------------------------------------------------------
Ran 201 tests in 0.5s
FAILED (failures=1)
[207 of 217 lines left out]\
""")


def test_green_runs_are_cut_hard() -> None:
    """Of a run that passed only the totals and the ends are left, however much room there is."""
    text = f'collecting\n{PASSED}======================== 300 passed in 3.21s ========================\n'
    assert reduce_tests(text, room(2_000)) == snapshot("""\
collecting
300 passed in 3.21s
[301 of 303 lines left out]\
""")


def test_the_question_names_a_passing_test() -> None:
    """A passing test is shown where the question asks for it."""
    result = reduce_tests(PYTEST, room(260, asks=('test_case_217',)))
    assert result is not None
    assert 'PASSED tests/test_cart.py::test_case_217' in result


def test_more_names_than_fit_leave_room_for_totals_and_a_reason() -> None:
    """How many failed, and why most of them did, are worth more than the last names."""
    blocks = [
        f' FAIL  suite{n}.test.ts > a suite of tests > should handle the case number {n}\n'
        f'Error: connect ECONNREFUSED 127.0.0.1:5432\n ❯ suite{n}.test.ts:{n + 3}:5\n'
        for n in range(60)
    ]
    text = '\n'.join(
        (*blocks, ' Test Files  60 failed (60)', '      Tests  60 failed | 3 passed (63)', '   Duration 1.2s')
    )
    result = reduce_tests(text, room(200))
    assert result is not None
    assert 'connect ECONNREFUSED 127.0.0.1:5432 (×60)' in result
    assert 'Test Files  60 failed (60)' in result
    assert 'Tests  60 failed | 3 passed (63)' in result
    assert 'suite2.test.ts' in result


def test_log_of_a_build_server() -> None:
    """What the server writes before each line is dropped once, and that is said."""
    lines = [f'ok  \tacme/p{n}\t1.0{n}s' for n in range(60)]
    lines += ['--- FAIL: TestCart (0.01s)', '    cart_test.go:21: want 30, got 20', 'FAIL', 'FAIL\tacme/cart\t0.013s']
    text = '\n'.join(f'test\tTests\t2026-02-09T07:16:28.{n:07}Z {line}' for n, line in enumerate(lines))
    result = reduce_tests(text, room(90))
    assert result is not None
    assert result.startswith('[dropped where it began a line: "test Tests", times]\n')
    assert 'FAIL TestCart - cart_test.go:21: want 30, got 20\n' in result


def test_other_texts() -> None:
    """Nothing to say about a text in which no test runner speaks."""
    assert reduce_tests('a line of prose\n' * 300, room(50)) is None


def test_go_json_is_put_together_by_package() -> None:
    """Packages that ran at the same time are told apart; broken records stay as they are."""
    text = (
        '{"Time":"t","Action":"output","Package":"a","Output":"a1\\n"}\n'
        '{"Time":"t","Action":"output","Package":"b","Output":"b1\\n"}\n'
        '{"Time":"t","Action":"output","Package":"a","Output":"a2\\n"}\n{"Time":'
    )
    assert from_go_json(text) == 'a1\na2\nb1\n{"Time":'
    assert from_go_json('no json') is None
