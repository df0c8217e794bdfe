"""One failing run of each test runner, in the manner of the real ones, and what must be left of it."""

from __future__ import annotations

RUNS: dict[str, tuple[str, tuple[str, ...]]] = {
    'jest': (
        r""" PASS  src/util/format.test.ts
 FAIL  src/cart.test.ts
  Cart
    ✓ starts empty (2 ms)
    ✕ adds prices (5 ms)
    ✓ counts (1 ms)

  ● Cart › adds prices

    expect(received).toBe(expected) // Object.is equality

    Expected: 30
    Received: 20

      10 |     cart.add(10)
      11 |     cart.add(20)
    > 12 |     expect(cart.total()).toBe(30)
         |                          ^
      13 |   })

      at Object.<anonymous> (src/cart.test.ts:12:26)
      at Promise.then.completed (node_modules/jest-circus/build/utils.js:298:28)

  console.log
    adding 10

      at Cart.add (src/cart.ts:8:13)

Test Suites: 1 failed, 1 passed, 2 total
Tests:       1 failed, 12 passed, 13 total
Snapshots:   0 total
Time:        1.842 s
Ran all test suites.
""",
        (
            'Cart › adds prices',
            'expect(received).toBe(expected)',
            'Expected: 30',
            'Received: 20',
            'src/cart.test.ts:12:26',
            '1 failed, 12 passed, 13 total',
        ),
    ),
    'vitest': (
        r""" ✓ src/a.test.ts (3 tests) 4ms
 ❯ src/b.test.ts (2 tests | 1 failed) 9ms
   ✓ suite > works 1ms
   × suite > breaks 5ms
     → expected 2 to be 3 // Object.is equality

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/b.test.ts > suite > breaks
AssertionError: expected 2 to be 3 // Object.is equality

- Expected
+ Received

- 3
+ 2

 ❯ src/b.test.ts:14:21
     12|   it('breaks', () => {
     13|     const n = count()
     14|     expect(n).toBe(3)

⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯

 Test Files  1 failed | 1 passed (2)
      Tests  1 failed | 4 passed (5)
   Start at  10:00:00
   Duration  412ms
""",
        ('suite > breaks', 'AssertionError: expected 2 to be 3', 'src/b.test.ts:14:21', '1 failed | 4 passed (5)'),
    ),
    'mocha': (
        r"""
  Calculator
    ✔ subtracts
    1) adds two numbers
    ✔ divides

  2 passing (12ms)
  1 failing

  1) Calculator
       adds two numbers:

      AssertionError [ERR_ASSERTION]: 4 == 5
      + expected - actual

      -4
      +5

      at Context.<anonymous> (test/calculator.spec.js:15:14)
      at process.processImmediate (node:internal/timers:476:21)
""",
        (
            'Calculator adds two numbers',
            'adds two numbers',
            'AssertionError [ERR_ASSERTION]: 4 == 5',
            'test/calculator.spec.js:15:14',
            '1 failing',
            '2 passing',
        ),
    ),
    'rspec': (
        r"""...F.

Failures:

  1) Cart#total adds prices
     Failure/Error: expect(cart.total).to eq(30)

       expected: 30
            got: 20

       (compared using ==)
     # ./spec/cart_spec.rb:12:in `block (3 levels) in <top (required)>'
     # /home/u/.rbenv/gems/rspec-core/lib/rspec/core/example.rb:259:in `instance_exec'

Finished in 0.0123 seconds (files took 0.1 seconds to load)
5 examples, 1 failure

Failed examples:

rspec ./spec/cart_spec.rb:10 # Cart#total adds prices
""",
        (
            'Cart#total adds prices',
            'Failure/Error: expect(cart.total).to eq(30)',
            'spec/cart_spec.rb:12',
            '5 examples, 1 failure',
        ),
    ),
    'phpunit': (
        r"""PHPUnit 10.5.2 by Sebastian Bergmann and contributors.

Runtime:       PHP 8.2.1

..F.                                                                4 / 4 (100%)

Time: 00:00.012, Memory: 6.00 MB

There was 1 failure:

1) App\Tests\CartTest::testTotal
Failed asserting that 20 matches expected 30.

/app/tests/CartTest.php:18

FAILURES!
Tests: 4, Assertions: 9, Failures: 1.
""",
        (
            'App\\Tests\\CartTest::testTotal',
            'Failed asserting that 20 matches expected 30.',
            '/app/tests/CartTest.php:18',
            'Tests: 4, Assertions: 9, Failures: 1.',
        ),
    ),
    'maven': (
        r"""[INFO] -------------------------------------------------------
[INFO]  T E S T S
[INFO] -------------------------------------------------------
[INFO] Running com.acme.CartTest
[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.05 s <<< FAILURE! -- in com.acme.CartTest
[ERROR] com.acme.CartTest.total -- Time elapsed: 0.004 s <<< FAILURE!
org.opentest4j.AssertionFailedError: expected: <30> but was: <20>
	at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
	at org.junit.jupiter.api.Assertions.assertEquals(Assertions.java:527)
	at com.acme.CartTest.total(CartTest.java:21)
	at java.base/java.lang.reflect.Method.invoke(Method.java:580)

[INFO] Running com.acme.FormatTest
[INFO] Tests run: 8, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.01 s -- in com.acme.FormatTest
[INFO]
[INFO] Results:
[INFO]
[ERROR] Failures:
[ERROR]   CartTest.total:21 expected: <30> but was: <20>
[INFO]
[ERROR] Tests run: 11, Failures: 1, Errors: 0, Skipped: 0
[INFO]
[INFO] BUILD FAILURE
""",
        (
            'com.acme.CartTest.total',
            'AssertionFailedError: expected: <30> but was: <20>',
            'CartTest.java:21',
            'Tests run: 11, Failures: 1',
            'BUILD FAILURE',
        ),
    ),
    'gradle': (
        r"""> Task :compileJava UP-TO-DATE
> Task :test

CartTest > total() FAILED
    org.opentest4j.AssertionFailedError: expected: <30> but was: <20>
        at app//org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
        at app//com.acme.CartTest.total(CartTest.java:21)

CartTest > empty() PASSED

11 tests completed, 1 failed

> Task :test FAILED

FAILURE: Build failed with an exception.

* What went wrong:
Execution failed for task ':test'.
BUILD FAILED in 3s
""",
        (
            'CartTest > total()',
            'AssertionFailedError: expected: <30> but was: <20>',
            'CartTest.java:21',
            '11 tests completed, 1 failed',
        ),
    ),
    'ctest': (
        r"""Test project /build
    Start 1: parse
1/3 Test #1: parse ............................   Passed    0.01 sec
    Start 2: cart_total
2/3 Test #2: cart_total .......................***Failed    0.02 sec
[==========] Running 1 test from 1 test suite.
[ RUN      ] Cart.Total
/src/tests/cart_test.cc:31: Failure
Expected equality of these values:
  cart.total()
    Which is: 20
  30
[  FAILED  ] Cart.Total (0 ms)
 1 FAILED TEST
    Start 3: fmt
3/3 Test #3: fmt ..............................   Passed    0.01 sec

67% tests passed, 1 tests failed out of 3

The following tests FAILED:
          2 - cart_total (Failed)
Errors while running CTest
""",
        (
            'cart_total',
            '/src/tests/cart_test.cc:31: Failure',
            'Expected equality of these values',
            '1 tests failed out of 3',
        ),
    ),
    'dotnet': (
        r"""  Determining projects to restore...
[xUnit.net 00:00:00.61]     Acme.CartTests.Total [FAIL]
  Failed Acme.CartTests.Total [5 ms]
  Error Message:
   Assert.Equal() Failure: Values differ
Expected: 30
Actual:   20
  Stack Trace:
     at Acme.CartTests.Total() in /src/tests/CartTests.cs:line 21
     at System.RuntimeMethodHandle.InvokeMethod(Object target, Void** arguments)

Failed!  - Failed:     1, Passed:    11, Skipped:     0, Total:    12, Duration: 31 ms - Acme.Tests.dll (net8.0)
""",
        (
            'Acme.CartTests.Total',
            'Assert.Equal() Failure: Values differ',
            '/src/tests/CartTests.cs:line 21',
            'Failed:     1, Passed:    11',
        ),
    ),
    'tap': (
        r"""TAP version 13
ok 1 - starts empty
not ok 2 - adds prices
  ---
  operator: equal
  expected: 30
  actual:   20
  at: Test.<anonymous> (/app/test/cart.js:12:5)
  ...
ok 3 - counts
1..3
# tests 3
# pass  2
# fail  1
""",
        ('not ok 2 - adds prices', 'expected: 30', 'actual:   20', '/app/test/cart.js:12:5', '# fail  1'),
    ),
    'playwright': (
        r"""Running 3 tests using 2 workers

  ✓  1 [chromium] › home.spec.ts:3:1 › opens (1.2s)
  ✘  2 [chromium] › cart.spec.ts:8:1 › adds to cart (5.4s)
  ✓  3 [chromium] › about.spec.ts:3:1 › about (0.8s)


  1) [chromium] › cart.spec.ts:8:1 › adds to cart ──────────────────────────────

    Error: expect(locator).toHaveText(expected)

    Locator: getByTestId('total')
    Expected string: "30"
    Received string: "20"

      10 |   await page.click('text=Add')
    > 11 |   await expect(page.getByTestId('total')).toHaveText('30')
         |                                           ^

        at /app/tests/cart.spec.ts:11:43

  1 failed
    [chromium] › cart.spec.ts:8:1 › adds to cart ───────────────────────────────
  2 passed (7.4s)
""",
        (
            'cart.spec.ts › adds to cart',
            'Error: expect(locator).toHaveText(expected)',
            'Expected string: "30"',
            '/app/tests/cart.spec.ts:11:43',
            '1 failed',
        ),
    ),
    'cargo': (
        r"""   Compiling cart v0.1.0 (/app)
running 3 tests
test tests::empty ... ok
test tests::total ... FAILED
test tests::count ... ok

failures:

---- tests::total stdout ----
adding 10
thread 'tests::total' panicked at src/lib.rs:21:9:
assertion `left == right` failed
  left: 20
 right: 30
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    tests::total

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `--lib`
""",
        (
            'tests::total',
            'src/lib.rs:21:9',
            'assertion `left == right` failed',
            'test result: FAILED. 2 passed; 1 failed',
        ),
    ),
    'gojson': (
        r"""{"Action":"start","Package":"cart"}
{"Action":"run","Package":"cart","Test":"TestEmpty"}
{"Action":"output","Package":"cart","Test":"TestEmpty","Output":"=== RUN   TestEmpty\n"}
{"Action":"output","Package":"cart","Test":"TestEmpty","Output":"--- PASS: TestEmpty (0.00s)\n"}
{"Action":"output","Package":"cart","Test":"TestTotal","Output":"=== RUN   TestTotal\n"}
{"Action":"output","Package":"cart","Test":"TestTotal","Output":"    cart_test.go:21: total = 20, want 30\n"}
{"Action":"output","Package":"cart","Test":"TestTotal","Output":"--- FAIL: TestTotal (0.00s)\n"}
{"Action":"output","Package":"cart","Output":"FAIL\n"}
{"Action":"output","Package":"cart","Output":"FAIL\tcart\t0.012s\n"}
{"Action":"fail","Package":"cart","Elapsed":0.012}
""",
        ('"Test":"TestTotal"', 'cart_test.go:21: total = 20, want 30', '"Action":"fail","Package":"cart"'),
    ),
}
