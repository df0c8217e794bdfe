"""The table of test runners: what each prints where a test begins, passes or fails, and how it counts; with a sample.

A pattern is tried on a line without the blanks before it. `(?P<name>…)` is the test, `(?P<file>…)` the file it is in,
`(?P<error>…)` why it failed, where the line says so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a line of a test runner is."""

    BLOCK = 'block'
    """Names a failing test, whose details follow."""
    AFTER = 'after'
    """Names a failing test, whose details came before."""
    NAME = 'name'
    """Names a failing test and nothing more."""
    FILE = 'file'
    """Names the file of the failing tests below."""
    TOTAL = 'total'
    PASSED = 'pass'
    RUN = 'run'
    """A test begins: what follows, it printed."""
    PACKAGE = 'package'
    """A package or a file whose tests passed."""
    SECTION = 'section'
    """A heading: ends what was before."""
    QUIET = 'quiet'
    """A heading above what is no failure: warnings, pending tests, what was printed."""
    RULE = 'rule'
    """A rule, which may end what was before."""


class Row(NamedTuple):
    """One form of a line of one runner.

    Attributes:
        runner: whose.
        role: what the line is.
        begins: characters by which it begins, behind blanks.
        pattern: an expression, at the beginning of the line behind its blanks.
        sample: a line of that form.
        deepest: blanks before it at most.
        needs: what has to be in the line, looked for first where many lines begin so; '' for nothing.
    """

    runner: str
    role: Role
    begins: str
    pattern: str
    sample: str
    deepest: int = 80
    needs: str = ''


B, A, N, F, T, P, R, K, S, Q, U = (
    Role.BLOCK, Role.AFTER, Role.NAME, Role.FILE, Role.TOTAL, Role.PASSED, Role.RUN, Role.PACKAGE, Role.SECTION,
    Role.QUIET, Role.RULE,
)  # fmt: skip
_TIME = r'(?: *[\[(]<?[\d.,:]+ ?(?:ms|s|µs|us|sec|m)?[\d.ms ]*[\])]| \d[\d.]*m?s)?'
"""How long it took, behind a name."""

ROWS: tuple[Row, ...] = (
    # -- pytest ----------------------------------------------------------------------------------------------------
    Row('pytest', T, '=', r'={1,}+ (?:\d+ (?:passed|failed|errors?|skipped|deselected|warnings?|xfailed|xpassed|rerun|tests?)\b|no tests ran)', '===== 2 failed, 9 passed in 3.21s ====='),
    Row('pytest', Q, '=', r'={3,}+ (?:PASSES|XFAILURES|XPASSES|slowest|warnings summary|rerun|tests coverage|live log)\b', '===== warnings summary ====='),
    Row('pytest', S, '=', r'={3,}+ (?:FAILURES|ERRORS|short test summary|test session starts|test process starts)', '===== FAILURES ====='),
    Row('any', S, '=', r'={5,}+ [^=\n]+ ={3,}$', '====== anything else ======'),
    Row('pytest', B, '_', r'_{3,}+ (?P<name>[^\s_].*?|_.*?) _{1,}$', '____ TestCart.test_total ____'),
    Row('pytest', B, '―', r'―{3,}+ (?P<name>\S.*?) ―{1,}$', '―――― test_total ――――'),
    Row('summary', N, 'FE', r'(?:FAILED|ERROR) ++(?=\S*(?:::|\.py|/))(?P<name>.+?)(?: - (?P<error>.*))?$', 'FAILED tests/test_cart.py::test_total - assert 3 == 4'),
    Row('summary', N, 'SU', r'SUB(?:FAIL(?:ED)?|ERROR)\((?P<part>[^)]*)\) (?P<name>\S.*?)(?: - (?P<error>.*))?$', 'SUBFAILED(i=2) tests/test_cart.py::T::test_sub - AssertionError: 2 == 2'),
    Row('inline', N, '[', r'\[gw\d+\] (?:\[ *\d+%\] )?(?:FAILED|ERROR) (?P<name>\S.*)', '[gw0] [ 12%] FAILED tests/test_cart.py::test_total'),
    Row('pytest', P, '[', r'\[gw\d+\] (?:\[ *\d+%\] )?(?:PASSED|SKIPPED|XFAIL|XPASS|RERUN) ', '[gw0] [ 12%] PASSED tests/test_cart.py::test_total'),
    Row('pytest', P, 'PSX', r'(?:PASSED|SKIPPED|XFAIL|XPASS) ++\S', 'PASSED tests/test_cart.py::test_total'),
    Row('pytest', T, '!', r'!{5,} .*', '!!!!!!! Interrupted: 1 error during collection !!!!!!!'),
    Row('pytest', T, 'FE', r'(?:FAIL|ERROR:?) (?:R|r)equired test coverage', 'FAIL Required test coverage of 99% not reached. Total coverage: 92.31%'),
    Row('pytest', T, '0123456789n', r'(?:\d+ (?:passed|failed|errors?|skipped|deselected|warnings?|xfailed|xpassed)\b|no tests ran)[^\n]* in \d', '2 failed, 9 passed in 3.21s'),
    Row('pytest', T, '0123456789', r'\d+ (?:passed|failed|error|xfailed|xpassed|deselected)$', '6 failed'),
    Row('pytest', S, 'R', r'Results \(\d[\d.]*s', 'Results (0.28s):'),
    # -- unittest, Django, nose2, green, twisted ------------------------------------------------------------------------
    Row('unit', B, 'FE', r'(?:FAIL|ERROR): (?P<name>\w\S* (?:\(|\[).+)', 'FAIL: test_total (tests.test_cart.Cart.test_total)'),
    Row('unit', N, 'U', r'UNEXPECTED SUCCESS: (?P<name>\S.*)', 'UNEXPECTED SUCCESS: test_new (cart.tests.Cart.test_new)'),
    Row('unit', B, 'FE', r'(?:Failure|Error) in (?P<name>[\w.]+)$', 'Failure in tests.unit_case.Fleet.test_equal'),
    Row('unit', T, 'RFON', r'Ran \d+ tests? in|FAILED \((?:failures|errors|skipped|expected|unexpected)|OK(?:$| \()|NO TESTS RAN', 'Ran 3 tests in 0.001s'),
    Row('pytest', U, '=-_', r'[=\-_]{40,}+$', '=' * 70),
    # -- jest ----------------------------------------------------------------------------------------------------------
    Row('jest', Q, '●', r'● Console\b', '● Console'),
    Row('jest', B, '●', r'● (?P<name>\S.*)', '● cart › adds line 5'),
    Row('jest', N, '✕', r'✕ +(?P<name>\S.*)', '✕ adds line 5 (3 ms)'),
    Row('jest', P, '✓✔√○✎↓□', r'[✓✔√○✎↓□] ', '✓ adds line 6 (1 ms)'),
    Row('jest', F, 'F', r'FAIL ++(?:\S+ )?(?P<file>\S+\.\w+)(?: \([\d.]+ m?s\))?(?: \d+ [\d.]+m?s)?$', 'FAIL src/cart.test.js (5.2 s)'),
    Row('jest', K, 'P', r'PASS ++\S+\.\w+', 'PASS src/ok.test.js'),
    Row('jest', T, 'TSR›', r'Tests?:? ++\d+ (?:pass|fail|skip|todo|total)|Test Suites: |Snapshots: +\d+ \w|Ran all test suites|› \d+ snapshots? ', 'Test Suites: 1 failed, 3 passed, 4 total'),
    Row('jest', T, 'JNT', r'Jest: |No tests found|Time: +\d', 'Jest: "global" coverage threshold for lines (90%) not met: 50%'),
    Row('jest', S, 'S', r'(?:Summary of all failing tests|Snapshot Summary)$', 'Summary of all failing tests'),
    # -- vitest --------------------------------------------------------------------------------------------------------
    Row('vitest', B, 'F', r'FAIL ++(?:\|[^|]*\| ?)?(?P<file>[^\s>]\S*) > (?P<name>\S.*)', ' FAIL  cart.test.js > cart > adds line 5'),
    Row('vitest', B, 'F', r'FAIL ++(?:\|[^|]*\| ?)?(?P<name>\S+\.\w+) \[ \S+ \]$', ' FAIL  broken.test.js [ broken.test.js ]'),
    Row('vitest', N, '×', r'×\ +(?P<name>\S.*)', '× adds line 5 6ms'),
    Row('vitest', P, '❯', r'❯ \S+ \(\d+ tests?\b', '❯ cart.test.js (47 tests | 8 failed) 263ms'),
    Row('vitest', B, '⎯', r'⎯{3,} (?P<name>Uncaught Exception|Unhandled Rejection|Unhandled Error|Startup Error|Serialized Error) ⎯{3,}', '⎯⎯⎯⎯⎯ Uncaught Exception ⎯⎯⎯⎯⎯'),
    Row('vitest', S, '⎯', r'⎯{3,} [^⎯\n]+ ⎯{3,}$', '⎯⎯⎯⎯⎯⎯⎯ Failed Tests 8 ⎯⎯⎯⎯⎯⎯⎯'),
    Row('vitest', U, '⎯', r'⎯{3,}(?:\[\d+/\d+\]⎯*)?$', '⎯⎯⎯⎯⎯⎯⎯[1/10]⎯'),
    Row('vitest', T, 'TE', r'Test Files +\d|Tests +\d|Errors +\d+ errors?|Type Errors ', ' Test Files  3 failed | 2 passed (5)'),
    Row('vitest', Q, 's', r'(?:stdout|stderr) \| ', 'stdout | cart.test.js > cart > noise'),
    # -- mocha, Playwright, RSpec, minitest, PHPUnit, Jasmine, ExUnit, hspec ----------------------------------------------
    Row('minitest', B, '0123456789', r'\d++\) (?:Failure|Error):$', '1) Failure:'),
    Row('minitest', Q, '0123456789', r'\d++\) Skipped:$', '3) Skipped:'),
    Row('playwright', B, '0123456789', r'\d++\) (?:\[[^\]]+\] › )?(?P<file>[^\s›]+:\d+:\d+) › (?P<name>\S.*?)(?: ─+)?$', '1) pw/shop.spec.js:2:24 › adds line 5 ──────'),
    Row('number', B, '0123456789', r'\d++\) (?P<name>\S.*?)(?: ─+)?$', '1) Cart adds line 5'),
    Row('mocha', T, '0123456789', r'\d+ (?:passing|failing|pending)(?: \([^)]*\))?$', '57 passing (113ms)'),
    Row('number', T, '0123456789', r'\d+ (?:failed|passed|flaky|skipped|did not run|interrupted)(?: \([^)]*\))?$', '18 passed (10.9s)'),
    Row('number', T, '0123456789', r'\d+ (?:examples?,|specs?,|runs, |tests?, (?!\d+ passed)|tests? (?:failed|passed|skipped)|assertions|scenarios? |features? |steps? |uncaught|known failure|unhandled|suites?,|checks?,)', '65 examples, 6 failures, 2 pending'),
    Row('playwright', P, '[', r'\[\d+/\d+\] ', '[6/23] pw/shop.spec.js:2:24 › adds line 5'),
    Row('playwright', N, '✘x', r'[✘x] +\d+ (?:\[[^\]]+\] › )?(?P<file>[^\s›]+:\d+:\d+) › (?P<name>\S.*)', '✘  6 pw/shop.spec.js:2:24 › adds line 5 (12ms)'),
    Row('playwright', N, 'abcdefghijklmnopqrstuvwxyz[./', r'(?:\[[^\]]+\] › )?(?P<file>[^\s›]+:\d+:\d+) › (?P<name>\S.*?) ─{3,}$', 'pw/shop.spec.js:2:24 › adds line 5 ──────', needs=' ───'),
    Row('playwright', P, 'o-✓', r'(?:ok|-|✓) +\d+ (?:\[[^\]]+\] › )?\S+:\d+:\d+ ›', 'ok 3 pw/shop.spec.js:2:24 › adds line 3 (2ms)'),
    Row('rspec', Q, 'P', r'Pending:', "Pending: (Failures listed here are expected and do not affect your suite's status)"),
    Row('rspec', S, 'FE', r'(?:Failures|Errors|Failing tests|Failed examples|Failing scenarios|Errored scenarios):$', 'Failures:'),
    Row('rspec', N, 'rc', r'(?:rspec|cucumber) (?P<file>\.?/?\S+)\s+# (?P<name>.+)', 'rspec ./cart_spec.rb:4 # Cart rejects'),
    Row('rspec', B, 'A', r'An error occurred (?:while loading|in an? `?\S+ hook|outside of examples)[^\n]*?(?P<name>[\w./\-]+\.rb)?\.?$', 'An error occurred while loading ./load_spec.rb.'),
    Row('rspec', P, 'F', r'Finished in \d', 'Finished in 0.1 seconds (files took 0.3 seconds to load)'),
    Row('minitest', N, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', r'(?P<name>[A-Z][\w:]*#test_\w+) = [\d.]+ s = [FE]$', 'FleetTest#test_crate_7 = 0.00 s = F', needs='#test_'),
    Row('minitest', P, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', r'[A-Z][\w:]*#test_\w+ = [\d.]+ s = [.S]$', 'FleetTest#test_crate_8 = 0.00 s = .', needs='#test_'),
    Row('testunit', B, 'FE', r'(?:Failure|Error): (?P<name>test\w*\([A-Z][\w:]*\))(?:: (?P<error>.+))?$', 'Failure: test_crate_7(FleetTest)'),
    Row('phpunit', Q, 'T', r'There w(?:as|ere) \d+ (?:risky|skipped|incomplete|warning|deprecation|notice|PHP|PHPUnit)', 'There was 1 risky test:'),
    Row('phpunit', S, 'T', r'There w(?:as|ere) \d+ (?:error|failure)', 'There were 4 failures:'),
    Row('phpunit', U, '-', r'--$', '--'),
    Row('phpunit', T, 'EFWTO', r'(?:ERRORS|FAILURES|WARNINGS)!$|Tests: \d|OK(?:, but|$| \()', 'Tests: 64, Assertions: 61, Errors: 1, Failures: 4.'),
    Row('testdox', B, '✘⨯', r'[✘⨯] (?!\d+ problem|\[fail\]|Test )(?P<name>\S.*)', '✘ Weight with data set "crate 7"'),
    Row('pest', B, 'F', r'FAILED ++(?P<file>[\w\\]+) > (?P<name>\S.*)', 'FAILED  Tests\\Unit\\CartTest > it adds'),
    Row('teamcity', N, '#', r"\#\#teamcity\[testFailed name='(?P<name>(?:[^'|]|\|.)*)'(?:[^\n]*?message='(?P<error>(?:[^'|]|\|.)*)')?", "##teamcity[testFailed name='testLedger' message='RuntimeException : locked' details='x']"),
    Row('teamcity', P, '#', r'\#\#teamcity\[', "##teamcity[testStarted name='testLedger']"),
    Row('exunit', P, '*', r'\* test .+ \([\d.]+ms\)', '* test weighs crate 6 (0.01ms) [L#5]'),
    # -- node --test ---------------------------------------------------------------------------------------------------
    Row('node', S, '✖F', r'(?:✖ failing tests|Failed tests):$', '✖ failing tests:'),
    Row('node', B, '✖', r'✖ (?!\d+ problem)(?P<name>\S.*)', '✖ adds line 5 (1.16ms)'),
    Row('node', P, '▶﹣', r'[▶﹣] ', '▶ cart'),
    Row('node', T, 'ℹ', r'ℹ (?:tests|pass|fail|cancelled|suites) ', 'ℹ fail 6'),
    Row('node', P, 'ℹ', r'ℹ ', 'ℹ todo 0'),
    Row('node', F, 't', r'test at (?P<file>\S+:\d+:\d+)$', 'test at nodetest/cart.test.js:3:26'),
    # -- ava, uvu ------------------------------------------------------------------------------------------------------
    Row('ava', N, '✘', r'✘ \[fail\]: (?P<name>\S.*)', '✘ [fail]: adds line 5'),
    Row('ava', U, '─', r'─$', '─'),
    Row('ava', B, 'U', r'(?P<name>Uncaught exception in \S+|Unhandled rejection in \S+)$', 'Uncaught exception in test.js'),
    Row('uvu', B, 'F', r'FAIL  "(?P<name>[^"\n]+)"', '   FAIL  "adds line 5"'),
    # -- TAP: prove, bats, tap, tape, QUnit -------------------------------------------------------------------------------
    Row('tap', P, 'on', r'(?:not )?ok \d+\b[^\n]*\# ?(?i:TODO|SKIP)', 'not ok 3 - later # TODO not written'),
    Row('tap', B, 'n', r'not ok \d+(?: -)? ?(?P<name>\S?.*)', 'not ok 6 cart adds line 6'),
    Row('tap', P, 'o', r'ok \d+\b', 'ok 7 - cart adds line 7'),
    Row('tap', R, '#', r'\# Subtest: (?P<name>.+)', '# Subtest: adds line 5'),
    Row('tap', T, '#', r'\# +(?:tests|pass|fail|cancelled|failed|passed|asserts)\b *\d+|\# \{ total: |\# Looks like |\# failed \d', '# fail 6'),
    Row('tap', T, '1', r'1\.\.\d+', '1..64'),
    Row('tap', T, 'B', r'Bail out!', 'Bail out! no database'),
    Row('tap', T, 'FRTA', r'Files=\d+, Tests=\d+|Result: (?:FAIL|PASS|NOTESTS)|Test Summary Report|All tests successful|Asserts: +\d|Failed \d+/\d+ (?:test|subtest)', 'Files=2, Tests=14,  1 wallclock secs'),
    Row('prove', N, 'abcdefghijklmnopqrstuvwxyzt./', r'(?P<name>[\w./\-]+\.t) +\(Wstat: |(?P<file>[\w./\-]+\.t) \.{2,} (?:Failed|Dubious|No subtests)', 't/cart.t (Wstat: 256 (exited 1) Tests: 3 Failed: 1)', needs='.t '),
    Row('prove', N, '#', r"\# +Failed test '(?P<name>[^'\n]+)'", "#   Failed test 'adds line 5'"),
    Row('bats', B, '✗', r'✗ (?!\d+ problem)(?P<name>\S.*)', '✗ weighs crate 7'),
    # -- Go, gotestsum -------------------------------------------------------------------------------------------------
    Row('go', B, '-', r'--- FAIL: (?P<name>\S+)', '--- FAIL: TestTotal/line_7 (0.00s)'),
    Row('go', P, '-', r'--- (?:PASS|SKIP): (?P<name>\S+)', '--- PASS: TestTotal (0.00s)'),
    Row('go', R, '=', r'=== (?P<state>RUN|CONT|NAME|PAUSE) +(?P<name>\S+)', '=== RUN   TestTotal'),
    Row('gotestsum', B, '=', r'=== FAIL: (?P<file>\S+) (?P<name>\S+)', '=== FAIL: cart TestTotal/line_7 (0.00s)'),
    Row('gotestsum', S, '=', r'=== (?:Failed|Skipped|Errors)$', '=== Failed'),
    Row('gotestsum', T, 'D', r'DONE \d+ tests', 'DONE 33 tests, 4 failures in 0.5s'),
    Row('go', T, 'F', r'FAIL\t.*', 'FAIL\tacme/cart\t0.013s'),
    Row('any', T, 'FPe', r'(?:FAIL|PASS)$|exit status \d+', 'FAIL'),
    Row('go', K, 'o?', r'(?:ok|\?)[ ]{0,3}\t', 'ok  \tacme/cart\t0.013s'),
    # -- cargo, nextest ------------------------------------------------------------------------------------------------
    Row('cargo', B, '-', r'---- (?P<name>.+) std(?:out|err) ----$', '---- tests::l05 stdout ----'),
    Row('cargo', N, 't', r'test (?P<name>.+?)(?: - should panic)? \.\.\. FAILED', 'test tests::l05 ... FAILED'),
    Row('cargo', P, 't', r'test .+ \.\.\. (?:ok|ignored|bench)', 'test tests::l06 ... ok'),
    Row('cargo', S, 'f', r'failures:$', 'failures:'),
    Row('cargo', T, 'te', r'test result:|error: (?:test |doctest |\d+ target)', 'test result: FAILED. 17 passed; 7 failed; 1 ignored'),
    Row('nextest', N, 'FTAS L', r'(?:FAIL|TIMEOUT|ABORT|SIG[A-Z]+|LEAK-FAIL) ++\[[^\]]*+\](?: \([^)]*+\))? +(?P<name>\S.*)', 'FAIL [   0.005s] shop tests::l05'),
    Row('nextest', P, 'PS', r'(?:PASS|SLOW|SKIP) ++\[', 'PASS [   0.005s] shop tests::l06'),
    Row('nextest', B, '─-', r'[─\-]{3,}+ (?:TRY \d+ )?(?:STDOUT|STDERR): +(?P<name>\S.*?)(?: -{3})?$', '──── STDERR:             shop tests::l05'),
    Row('nextest', T, 'S', r'Summary \[', 'Summary [   0.2s] 25 tests run: 18 passed, 7 failed'),
    # -- C and C++ -----------------------------------------------------------------------------------------------------
    Row('gtest', R, '[', r'\[ RUN +\] (?P<name>\S+)', '[ RUN      ] Ledger.Opens'),
    Row('gtest', P, '[', r'\[ +OK \] (?P<name>\S+)', '[       OK ] Ledger.Opens (0 ms)'),
    Row('gtest', T, '[', r'\[  (?:PASSED|FAILED)  \] \d+ tests?|\[=+\] \d+ tests?', '[  FAILED  ] 4 tests, listed below:'),
    Row('gtest', P, '[', r'\[(?:  SKIPPED |-+)\]', '[  SKIPPED ] Ledger.Death'),
    Row('gtest', A, '[', r'\[  FAILED  \] (?P<name>\w[\w./]*(?:, where [^\n]*?)?)(?: \(\d+ ms\))?$', '[  FAILED  ] All/Crate.Weighs/7, where GetParam() = 7 (0 ms)'),
    Row('gtest', T, '0123456789', r'\d+ FAILED TESTS?', '4 FAILED TESTS'),
    Row('ctest', B, '0123456789', r'\d+/\d+ +Test +\#\d+: (?P<name>\S+) .*\*\*\*(?P<error>.*?)(?: +[\d.]+ sec)?$', '7/22 Test  #7: crate_7 ......***Failed    0.00 sec'),
    Row('ctest', P, '0123456789', r'\d+/\d+ +Test +\#\d+: .*(?:Passed|Skipped|Disabled)', '8/22 Test  #8: crate_8 ......   Passed    0.00 sec'),
    Row('ctest', P, 'S', r'Start +\d+: ', 'Start  8: crate_8'),
    Row('ctest', N, '0123456789', r'\d+ - (?P<name>\S+) \((?P<error>Failed|Timeout|SEGFAULT|Not Run|[^\n]*Exception[^\n]*|[^\n]*abort[^\n]*|BAD_COMMAND|ILLEGAL|NUMERICAL|OTHER_FAULT|Child aborted)\)', '21 - ledger_crash (SEGFAULT)'),
    Row('ctest', T, '0123456789TE', r'\d+% tests passed|The following tests FAILED|Errors while running CTest|Total Test time', '86% tests passed, 3 tests failed out of 22'),
    Row('catch2', T, 'ta', r'(?:test cases|assertions): +\d+ \|', 'test cases: 3 | 2 passed | 1 failed'),
    Row('doctest', T, '[', r'\[doctest\] (?:test cases|assertions|Status)', '[doctest] test cases:  3 |  2 passed | 1 failed | 0 skipped'),
    Row('doctest', B, 'T', r'TEST CASE:  (?P<name>\S.*)', 'TEST CASE:  weighs crate 7'),
    Row('boost', N, 'abcdefghijklmnopqrstuvwxyz./', r'(?P<file>[\w./\-]+\(\d+\)): (?:fatal )?error: in "(?P<name>[^"\n]+)": (?P<error>.+)', 'cart_test.cc(12): error: in "cart/adds": check 15 == 16 has failed [15 != 16]', needs='error: in "'),
    Row('boost', T, '*', r'\*\*\* (?:\d+ failures?|No errors)', '*** 1 failure is detected in the test module "cart"'),
    Row('check', T, '0123456789', r'\d+%: Checks: \d+, ', '66%: Checks: 3, Failures: 1, Errors: 0'),
    Row('check', N, 'abcdefghijklmnopqrstuvwxyz./', r'(?P<file>[\w./\-]+:\d+):[FE]:\w+:(?P<name>\w+):\d+: (?P<error>.+)', 'cart_check.c:12:F:core:test_total:0: Assertion failed', needs=':core:'),
    # -- JVM -----------------------------------------------------------------------------------------------------------
    Row('maven', P, '[', r'\[(?:INFO|WARNING)\] (?:Running |Tests run: \d+, Failures: 0, Errors: 0, .* in )', '[INFO] Running com.acme.CartTest'),
    Row('maven', T, '[', r'\[(?:ERROR|INFO|WARNING)\] +(?:Tests run:(?![^\n]*<<<)|Failures: *$|Errors: *$)', '[ERROR] Tests run: 5, Failures: 1, Errors: 0, Skipped: 0'),
    Row('maven', P, '[T', r'(?:\[ERROR\] )?Tests run:[^\n]*<<< (?:FAILURE|ERROR)!', '[ERROR] Tests run: 5, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE! -- in com.acme.CartTest'),
    Row('surefire', B, '[abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', r'(?:\[ERROR\] )?(?P<name>[\w$.\[\]]+(?:\([\w$.,\[\] ]*\))?(?:\[\d+\])?) +(?:-- )?Time elapsed: [\d.,]+ s(?:ec)? +<<< (?:FAILURE|ERROR)!', '[ERROR] com.acme.CartTest.addsLine -- Time elapsed: 0.01 s <<< FAILURE!', needs='<<< '),
    Row('maven', N, '[', r'\[ERROR\] +(?P<name>[\w$.]+[.:]\w+(?:\([\w, ]*\))?:\d+)(?:->\S+)? (?P<error>.+)', '[ERROR]   CartTest.addsLine:12 expected: <16> but was: <15>'),
    Row('maven', N, '[', r'\[ERROR\] +(?P<name>[\w$.]+[.:]\w+(?:\([\w, ]*\))?:\d+)(?:->\S+)?$', '[ERROR]   CartTest.addsLine:12'),
    Row('any', T, '[', r'\[(?:ERROR|INFO|WARNING)\] +(?:BUILD |Failed to execute)', '[INFO] BUILD FAILURE'),
    Row('maven', T, 'TF', r'Tests run: \d|Tests in error:|Failed tests:', 'Tests run: 5, Failures: 1, Errors: 0, Skipped: 0'),
    Row('gradle', B, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_', r'(?P<name>\w[\w$. ]*(?: > [^\n]+?)+) FAILED$', 'CartTest > adds line() FAILED', needs=' FAILED'),
    Row('gradle', P, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_', r'\w[\w$. ]*(?: > [^\n]+?)+ (?:PASSED|SKIPPED|STANDARD_OUT|STANDARD_ERROR)$', 'CartTest > adds line() PASSED', needs=' > '),
    Row('gradle', T, '0123456789>', r'\d+ tests? completed, |> There were failing tests', '3 tests completed, 1 failed'),
    Row('junit', N, '├└│|+\'`', r"[│├└|+'` ─\-]+ (?P<name>\S.*?) \[X\](?: (?P<error>.+))?", "|   '-- addsLine() [X] expected: <16> but was: <15>"),
    Row('junit', P, '├└│|+\'`', r"[│├└|+'` ─\-]+ \S.*? \[OK\]", "|   +-- addsOther() [OK]"),
    Row('junit', T, '[', r'\[ +\d+ (?:tests|containers) (?:failed|successful|found|started|skipped|aborted)', '[         1 tests failed      ]'),
    Row('testng', T, 'T', r'Total tests run: \d', 'Total tests run: 3, Passes: 2, Failures: 1, Skips: 0'),
    Row('scalatest', N, '[-', r'(?:\[info\] +)?- (?P<name>\S.*) \*\*\* FAILED \*\*\*', '[info] - adds line 5 *** FAILED ***'),
    Row('scalatest', T, '[T', r'(?:\[(?:info|error)\] )?(?:Tests: succeeded |\*\*\* \d+ TESTS? FAILED|Failed tests:|Failed: Total )', '[info] Tests: succeeded 2, failed 1, canceled 0, ignored 0, pending 0'),
    # -- .NET ----------------------------------------------------------------------------------------------------------
    Row('dotnet', B, 'FX', r'(?:Failed|X) (?P<name>\S.*?) \[[<\d][^\]\n]*\]$', 'Failed Shop.CartTests.AddsLine [12 ms]'),
    Row('dotnet', B, 'F', r'Failed {2,}(?P<name>[A-Za-z_][\w.]+(?:\([^)\n]*\))?)$', 'Failed   Shop.CartTests.AddsLine'),
    Row('dotnet', B, 'f', r'failed (?P<name>\S.*?) \((?:\d+h ?|\d+m ?|\d+s ?|\d+ms){1,4}\)$', 'failed Shop.CartTests.AddsLine (6s 220ms)'),
    Row('dotnet', P, 'pP', r'(?:passed|Passed {2,}|Skipped {2,}|skipped)[A-Za-z_ ]\S*(?: \([^)\n]*\))?$', 'passed Shop.CartTests.AddsOther (1ms)'),
    Row('dotnet', N, '[', r'\[xUnit\.net [\d:.]+\] +(?P<name>\S.*) \[FAIL\]', '[xUnit.net 00:00:00.50]     Shop.CartTests.AddsLine [FAIL]'),
    Row('dotnet', P, 'P', r'Passed \S.* \[[<\d][^\]\n]*\]$', 'Passed Shop.CartTests.AddsOther [1 ms]'),
    Row('dotnet', T, 'FPT', r'(?:Failed|Passed)! +-|Total tests:|(?:Passed|Failed|Skipped): +\d+$|Test Run (?:Failed|Successful)|Test summary: ', 'Failed!  - Failed:     1, Passed:     3, Skipped:     0, Total:     4'),
    # -- Dart, Flutter -------------------------------------------------------------------------------------------------
    Row('dart', T, '0123456789', r'\d\d:\d\d \+\d+(?: ~\d+)?(?: -\d+)?: (?:Some tests failed|All tests passed)', '00:02 +9 -2: Some tests failed.'),
    Row('dart', B, '0123456789', r'\d\d:\d\d \+\d+(?: ~\d+)? -\d+: (?P<name>\S.*) \[E\]', '00:01 +5 -1: adds line 5 [E]'),
    Row('dart', P, '0123456789', r'\d\d:\d\d \+\d+(?: ~\d+)?(?: -\d+)?: ', '00:01 +5: adds line 6'),
    Row('flutter', S, '═', r'═+╡ EXCEPTION CAUGHT', '══╡ EXCEPTION CAUGHT BY FLUTTER TEST FRAMEWORK ╞═══'),
    # -- Bun, Deno -----------------------------------------------------------------------------------------------------
    Row('bun', A, '(', r'\(fail\) (?P<name>\S.*)', '(fail) fleet > weighs crate 9 [0.27ms]'),
    Row('bun', P, '(', r'\((?:pass|skip|todo)\) ', '(pass) fleet > weighs crate 8 [0.02ms]'),
    Row('bun', T, '0123456789R', r'\d+ (?:pass|fail)$|Ran \d+ tests? across', '28 pass', 2),
    Row('deno', N, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', r'(?P<name>\S[^\n]{0,200}?) \.\.\. FAILED(?: \([^)]*\))?$', 'weighs crate 7 ... FAILED (1ms)', needs=' ... FAILED'),
    Row('deno', P, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', r'\S[^\n]{0,200}? \.\.\. (?:ok|ignored)(?: \([^)]*\))?$', 'weighs crate 8 ... ok (1ms)', needs=' ... '),
    Row('deno', B, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', r'(?P<name>\S[^\n]{0,200}?) => (?P<file>\S+:\d+:\d+)$', 'weighs crate 7 => ./fleet.test.ts:1:35', needs=' => '),
    Row('deno', T, 'Fo', r'(?:FAILED|ok) \| \d+ passed', 'FAILED | 11 passed | 2 failed (79ms)'),
    Row('deno', S, 'EF', r'(?:ERRORS|FAILURES) *$', 'ERRORS'),
    # -- XCTest, Swift Testing -----------------------------------------------------------------------------------------
    Row('xctest', N, '/abcdefghijklmnopqrstuvwxyz', r"(?P<file>\S+\.swift:\d+): error: (?:-\[)?(?P<name>[\w. ]+?)\]? : (?P<error>.+)", '/app/CartTests.swift:12: error: -[ShopTests.CartTests testAdds] : XCTAssertEqual failed: ("15") is not equal to ("16")', needs='.swift:'),
    Row('xctest', N, 'T', r"Test [Cc]ase '(?:-\[)?(?P<name>[^'\]\n]+)\]?' failed", "Test Case '-[ShopTests.CartTests testAdds]' failed (0.005 seconds)."),
    Row('xctest', P, 'T', r"Test (?:[Cc]ase|[Ss]uite) '[^'\n]+' (?:started|passed|skipped)", "Test Case '-[ShopTests.CartTests testOther]' passed (0.001 seconds)."),
    Row('xctest', T, 'ET*', r"Executed \d+ tests?, with|Test Suite '[^'\n]+' failed|\*\* TEST (?:FAILED|SUCCEEDED)", 'Executed 5 tests, with 2 failures (0 unexpected) in 0.1 (0.2) seconds'),
    Row('swift', T, '✘✔', r'[✘✔] Test run with ', '✘ Test run with 5 tests failed after 0.01 seconds with 1 issue.'),
    Row('swift', N, '✘', r'✘ Test "?(?P<name>[^"\n]+?)"? recorded an issue at (?P<file>[^\s:]+:\d+:\d+): (?P<error>.+)', '✘ Test addsLine() recorded an issue at CartTests.swift:12:5: Expectation failed: 15 == 16'),
    Row('swift', N, '✘', r'✘ Test "?(?P<name>[^"\n]+?)"? failed after ', '✘ Test addsLine() failed after 0.001 seconds with 1 issue.'),
    # -- behave, cucumber, robot, Lua, R, Clojure, Zig -------------------------------------------------------------------
    Row('behave', N, 'abcdefghijklmnopqrstuvwxyz./', r'(?P<file>\S+\.feature:\d+)  (?P<name>\S.*)', 'features/a.feature:2  weighing', needs='.feature:'),
    Row('robot', B, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', r'(?P<name>\S.*?) +\| FAIL \|$', 'Weighs Crate Nine                | FAIL |', needs='| FAIL |'),
    Row('robot', P, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', r'\S.*? +\| (?:PASS|SKIP) \|$', 'Fine                | PASS |', needs=' |'),
    Row('robot', T, '0123456789', r'\d+ tests?, \d+ passed, \d+ failed', '3 tests, 1 passed, 2 failed'),
    Row('busted', T, '0123456789', r'\d+ success(?:es)? / \d+ failure', '3 successes / 1 failure / 0 errors / 0 pending : 0.01 seconds'),
    Row('busted', B, 'FE', r'(?:Failure|Error) → (?P<file>\S+) @ \d+$', 'Failure → spec/cart_spec.lua @ 12'),
    Row('testthat', B, '─', r'── (?:Failure|Error) \((?P<file>[^)]+)\): (?P<name>.+?) ─*$', '── Failure (test-cart.R:3:3): adds line 5 ──────'),
    Row('testthat', T, '[', r'\[ FAIL \d+ \| ', '[ FAIL 1 | WARN 0 | SKIP 0 | PASS 3 ]'),
    Row('clojure', B, 'FE', r'(?:FAIL|ERROR) in \((?P<name>[\w\-]+)\) \((?P<file>[^)]+)\)', 'FAIL in (adds-line) (cart_test.clj:12)'),
    Row('clojure', T, 'R0123456789', r'Ran \d+ tests containing|\d+ failures, \d+ errors', 'Ran 3 tests containing 5 assertions.'),
    Row('zig', N, '0123456789', r'\d+/\d+ (?P<name>\S.*?)\.\.\. ?FAIL(?: \((?P<error>[^)\n]+)\))?', '1/3 cart.test.adds...FAIL (TestUnexpectedResult)'),
    Row('julia', B, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', r'(?P<name>\S.*): Test Failed at (?P<file>\S+:\d+)', 'adds line: Test Failed at /app/test/cart.jl:12', needs=': Test Failed at '),
    # -- JUnit's XML, as `junit` writes it --------------------------------------------------------------------------------
    Row('xml', B, '<', r'<failed(?: (?P<file>[^>\n]+))?> (?P<name>.+)', '<failed src/cart.test.js> cart > adds line 5'),
    Row('xml', T, '<', r'<testsuites? ', '<testsuite cart tests="60" failures="2" errors="0">'),
    Row('xml', T, 'tpfscd', r'(?:tests|pass|fail|suites|cancelled|skipped) \d+$', 'fail 4'),
    # -- any -----------------------------------------------------------------------------------------------------------
    Row('any', T, 'EP', r'Exit code|Process exited|BUILD (?:SUCC|FAIL)', 'Exit code 1'),
    Row('any', T, '#[', r'\#\#\[error\]|\[[\w:\-]+\] ERROR task', '##[error]Process completed with exit code 1.'),
    Row('any', T, 'Ft', r'FAILED$|tests finished:|Failing tests:', 'tests finished: 92 passed, 2 failed,'),
)  # fmt: skip
"""In the order in which they are tried."""


class Tail(NamedTuple):
    """A line that ends with how its test went: an expression for its end, what it is, a sample."""

    role: Role
    pattern: str
    sample: str


TAILS: tuple[Tail, ...] = (
    Tail(Role.NAME, r'(?P<name>[\w/.\-]+::\S.*?) (?:FAILED|ERROR)(?: +\[ *\d+%\])?$', 'tests/test_cart.py::test_total FAILED   [ 12%]'),
    Tail(Role.PASSED, r'(?P<name>[\w/.\-]+::\S.*?) (?:PASSED|SKIPPED|XFAIL|XPASS|RERUN)(?: \([^)]*\))?(?: +\[ *\d+%\])?$', 'tests/test_cart.py::test_total PASSED   [ 12%]'),
    Tail(Role.NAME, r'(?P<name>.*\S) \.\.\. (?:FAIL|ERROR|UNEXPECTED SUCCESS|unexpected success)$', 'test_total (tests.test_cart.Cart.test_total) ... FAIL'),
    Tail(Role.PASSED, r'(?P<name>.*\S) \.\.\. (?:ok|OK|skipped[^\n]{0,80}|expected failure)$', 'test_total (tests.test_cart.Cart.test_total) ... ok'),
    Tail(Role.NAME, r'(?P<name>test_\w+) (?:FAIL|ERROR|[FE])$', 'test_total F'),
    Tail(Role.PASSED, r'(?P<name>test_\w+) (?:ok|OK|[sxw.])$', 'test_total ok'),
)  # fmt: skip
"""In the order in which they are tried; of lines that no row of the table fits."""
