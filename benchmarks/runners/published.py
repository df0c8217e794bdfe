"""Outputs of runners that were not run here, in the form in which their projects and users publish them.

Each names the address of a published sample that it follows; tests and words are our own.
"""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """An output: its name, the command, the address of what it follows, its text, and what has to be kept of it."""

    name: str
    command: str
    address: str
    text: str
    names: tuple[str, ...]
    errors: tuple[str, ...]
    totals: tuple[str, ...]


def _many(form: str, least: int = 1, most: int = 40, without: tuple[int, ...] = (7,)) -> str:
    return ''.join(form.format(i) for i in range(least, most) if i not in without)


_JAVA = ''.join(
    f'\tat {frame}\n'
    for frame in (
        'org.junit.jupiter.api.AssertionFailureBuilder.build(AssertionFailureBuilder.java:151)',
        'org.junit.jupiter.api.AssertEquals.failNotEqual(AssertEquals.java:197)',
        'com.acme.fleet.CrateTest.weighsCrate7(CrateTest.java:31)',
        'java.base/java.lang.reflect.Method.invoke(Method.java:568)',
    )
)

SAMPLES: tuple[Sample, ...] = (
    Sample(
        'maven', 'mvn test', 'https://github.com/apache/maven-surefire/pull/486',
        '[INFO] Scanning for projects...\n[INFO] Building fleet 1.0\n[INFO] --- maven-surefire-plugin:3.2.5:test (default-test) @ fleet ---\n'
        '[INFO]  T E S T S\n' + _many('[INFO] Running com.acme.fleet.Part{0}Test\n[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.0{0} s - in com.acme.fleet.Part{0}Test\n')
        + '[INFO] Running com.acme.fleet.CrateTest\n[ERROR] Tests run: 9, Failures: 1, Errors: 1, Skipped: 0, Time elapsed: 0.2 s <<< FAILURE! - in com.acme.fleet.CrateTest\n'
        '[ERROR] com.acme.fleet.CrateTest.weighsCrate7  Time elapsed: 0.016 s  <<< FAILURE!\norg.opentest4j.AssertionFailedError: expected: <15> but was: <14>\n' + _JAVA
        + '\n[ERROR] com.acme.fleet.CrateTest.opensLedger  Time elapsed: 0.01 s  <<< ERROR!\njava.nio.file.NoSuchFileException: /nonexistent/ledger.db\n\tat com.acme.fleet.CrateTest.opensLedger(CrateTest.java:40)\n\n'
        '[INFO] Results:\n[INFO] \n[ERROR] Failures: \n[ERROR]   CrateTest.weighsCrate7:31 expected: <15> but was: <14>\n[ERROR] Errors: \n[ERROR]   CrateTest.opensLedger:40 » NoSuchFile /nonexistent/ledger.db\n[INFO] \n'
        '[ERROR] Tests run: 126, Failures: 1, Errors: 1, Skipped: 0\n[INFO] \n[INFO] BUILD FAILURE\n[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:3.2.5:test (default-test) on project fleet: There are test failures.\n',
        ('weighsCrate7', 'opensLedger'), ('expected: <15> but was: <14>', 'ledger.db'), ('Tests run: 126, Failures: 1, Errors: 1', 'BUILD FAILURE'),
    ),
    Sample(
        'gradle', './gradlew test', 'https://github.com/hamcrest/JavaHamcrest/pull/119',
        '> Task :compileJava UP-TO-DATE\n> Task :test\n' + _many('com.acme.fleet.CrateTest > weighs crate {0}() PASSED\n\n')
        + 'com.acme.fleet.CrateTest > weighs crate 7() FAILED\n    java.lang.AssertionError: expected:<15> but was:<14>\n        at org.junit.Assert.fail(Assert.java:86)\n        at com.acme.fleet.CrateTest.weighsCrate7(CrateTest.java:31)\n\n'
        'com.acme.fleet.LedgerTest > opens the ledger() FAILED\n    java.nio.file.NoSuchFileException: /nonexistent/ledger.db\n        at com.acme.fleet.LedgerTest.opens(LedgerTest.java:12)\n\n'
        "40 tests completed, 2 failed\n\n> Task :test FAILED\n\nFAILURE: Build failed with an exception.\n\n* What went wrong:\nExecution failed for task ':test'.\n> There were failing tests. See the report at: file:///home/dev/fleet/build/reports/tests/test/index.html\n\nBUILD FAILED in 22s\n",
        ('weighs crate 7()', 'opens the ledger()'), ('expected:<15> but was:<14>', 'ledger.db'), ('40 tests completed, 2 failed', 'BUILD FAILED'),
    ),
    Sample(
        'dotnet', 'dotnet test', 'https://github.com/microsoft/vstest/issues/3842',
        'Starting test execution, please wait...\nA total of 1 test files matched the specified pattern.\n'
        + _many('  Passed Fleet.CrateTests.WeighsCrate{0} [< 1 ms]\n')
        + '  Failed Fleet.CrateTests.WeighsCrate7 [21 ms]\n  Error Message:\n   Assert.Equal() Failure: Values differ\nExpected: 15\nActual:   14\n  Stack Trace:\n     at Fleet.CrateTests.WeighsCrate7() in /home/dev/fleet/CrateTests.cs:line 31\n'
        '  Failed Fleet.LedgerTests.Opens [3 ms]\n  Error Message:\n   System.IO.FileNotFoundException : Could not find file /nonexistent/ledger.db\n  Stack Trace:\n     at Fleet.LedgerTests.Opens() in /home/dev/fleet/LedgerTests.cs:line 12\n\n'
        'Test Run Failed.\nTotal tests: 40\n     Passed: 38\n     Failed: 2\n Total time: 1.6229 Seconds\n',
        ('WeighsCrate7', 'LedgerTests.Opens'), ('Expected: 15', 'ledger.db'), ('Total tests: 40', 'Failed: 2'),
    ),
    Sample(
        'dotnet_short', 'dotnet test', 'https://github.com/microsoft/testfx/pull/6240',
        _many('passed WeighsCrate{0} (1ms)\n') + 'failed WeighsCrate7 (6s 220ms)\n  Assert.AreEqual failed. Expected:<15>. Actual:<14>. \n    at Fleet.CrateTests.WeighsCrate7() in /home/dev/fleet/CrateTests.cs:31\n'
        'Test run summary: Failed!\n  total: 40\n  failed: 1\n  succeeded: 39\n',
        ('WeighsCrate7',), ('Expected:<15>. Actual:<14>',), ('Test run summary: Failed!',),
    ),
    Sample(
        'flutter', 'flutter test', 'https://github.com/flutter/flutter/issues/125782',
        _many('00:0{0} +{0}: weighs crate {0}\n', 1, 9) + _many('00:01 +{0}: weighs crate {0}\n', 9)
        + '00:01 +39 -1: weighs crate 7 [E]\n  Expected: <15>\n    Actual: <14>\n  package:matcher                  expect\n  test/crate_test.dart 31:9        main.<fn>.<fn>\n\n'
        '00:02 +39 -2: opens the ledger [E]\n  PathNotFoundException: Cannot open file, path = \'/nonexistent/ledger.db\' (OS Error: No such file or directory, errno = 2)\n  dart:io                          File.readAsStringSync\n  test/ledger_test.dart 12:9       main.<fn>\n\n'
        '00:02 +39 -2: Some tests failed.\n',
        ('weighs crate 7', 'opens the ledger'), ('Expected: <15>', 'Cannot open file'), ('+39 -2: Some tests failed.',),
    ),
    Sample(
        'xctest', 'swift test', 'https://github.com/xcpretty/xcpretty/pull/304',
        "Test Suite 'All tests' started at 2026-01-02 10:00:00.000\n" + _many("Test Case 'CrateTests.testWeighs{0}' started at 2026-01-02 10:00:00.000\nTest Case 'CrateTests.testWeighs{0}' passed (0.001 seconds)\n")
        + "Test Case 'CrateTests.testWeighs7' started at 2026-01-02 10:00:00.000\n/home/dev/fleet/Tests/CrateTests.swift:31: error: CrateTests.testWeighs7 : XCTAssertEqual failed: (\"14\") is not equal to (\"15\") - \nTest Case 'CrateTests.testWeighs7' failed (0.005 seconds)\n"
        "Test Suite 'CrateTests' failed at 2026-01-02 10:00:01.000\n\t Executed 40 tests, with 1 failure (0 unexpected) in 0.1 (0.1) seconds\n",
        ('testWeighs7',), ('("14") is not equal to ("15")',), ('Executed 40 tests, with 1 failure',),
    ),
    Sample(
        'nextest', 'cargo nextest run', 'https://github.com/mrcjkb/rustaceanvim/issues/460',
        '    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.34s\n    Starting 40 tests across 1 binary\n' + _many('        PASS [   0.0{0}s] fleet tests::crate_{0}\n', 10)
        + "        FAIL [   0.005s] fleet tests::crate_7\n\n--- STDOUT:              fleet tests::crate_7 ---\n\nrunning 1 test\ntest tests::crate_7 ... FAILED\n\nfailures:\n\nfailures:\n    tests::crate_7\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 39 filtered out; finished in 0.00s\n\n\n--- STDERR:              fleet tests::crate_7 ---\nthread 'tests::crate_7' panicked at src/lib.rs:6:5:\nassertion `left == right` failed\n  left: 14\n right: 15\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n\n"
        '------------\n     Summary [   0.234s] 40 tests run: 39 passed, 1 failed, 0 skipped\n        FAIL [   0.005s] fleet tests::crate_7\nerror: test run failed\n',
        ('tests::crate_7',), ('left == right',), ('40 tests run: 39 passed, 1 failed',),
    ),
    Sample(
        'surefire_old', 'mvn test', 'https://github.com/DataDog/jmxfetch/pull/508',
        '-------------------------------------------------------\n T E S T S\n-------------------------------------------------------\n' + _many('Running com.acme.fleet.Part{0}Test\nTests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.3{0} sec\n')
        + 'Running com.acme.fleet.CrateTest\nTests run: 9, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.492 sec <<< FAILURE!\nweighsCrate7(com.acme.fleet.CrateTest)  Time elapsed: 0.415 sec  <<< FAILURE!\njava.lang.AssertionError: expected:<15> but was:<14>\n' + _JAVA
        + '\nResults :\n\nFailed tests: \n  weighsCrate7(com.acme.fleet.CrateTest): expected:<15> but was:<14>\n\nTests run: 126, Failures: 1, Errors: 0, Skipped: 0\n\n[INFO] BUILD FAILURE\n',
        ('weighsCrate7',), ('expected:<15> but was:<14>',), ('Tests run: 126, Failures: 1',),
    ),
)  # fmt: skip
