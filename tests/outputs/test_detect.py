"""What a text is taken for, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.outputs.clean import clean
from compactor.outputs.detect import detect
from compactor.outputs.hint import Hint, hint_of
from compactor.outputs.kind import Kind
from compactor.outputs.sections import body_of, sections
from tests import corpus
from tests.outputs.laws import HOSTILE

DIFF = 'diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-old\n+new\n same'
PYTEST = (
    '===== test session starts =====\ncollected 2 items\n\ntests/test_x.py .F  [100%]\n\n'
    '==== 1 failed, 1 passed in 0.1s ===='
)
TRACE = (
    'Traceback (most recent call last):\n  File "x.py", line 3, in f\n    g()\n'
    '  File "x.py", line 9, in g\n    h\nNameError: h'
)
GO = (
    'func total(rows []Row) int {\n\tsum := 0\n\tfor _, row := range rows {\n'
    '\t\tsum += row.Price\n\t}\n\treturn sum\n}\n\ntype Row struct {\n}'
)
PAGE = (
    '# Totals\n\nHow totals are counted in this project, and why.\n\n- **Prices** are summed.\n'
    '- **Rows** are not.\n\nSee also the notes.'
)

TABLE: list[tuple[str, dict[str, Any], Kind]] = [
    (PYTEST, {}, Kind.TEST_LOG),
    ('=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\nok  \tapp/x\t0.1s', {}, Kind.TEST_LOG),
    ('ok  \tapp/a\t(cached)\nok  \tapp/b\t0.2s\n?   \tapp/c\t[no test files]', {}, Kind.TEST_LOG),
    (
        'running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\ntest result: FAILED. 1 passed; 1 failed',
        {},
        Kind.TEST_LOG,
    ),
    ('test_a (app.tests.TestA) ... ok\n\n-----\nRan 1 test in 0.1s\n\nOK', {}, Kind.TEST_LOG),
    ('PASS src/a.test.ts\n  ✓ adds (3 ms)\n\nTests:       1 passed, 1 total', {}, Kind.TEST_LOG),
    ('TAP version 13\nok 1 - adds\nnot ok 2 - subtracts\n1..2', {}, Kind.TEST_LOG),
    (
        '> Task :test\n\nTotalsTest > adds rows() PASSED\n\nTotalsTest > adds none() FAILED\n\nBUILD FAILED in 3s',
        {},
        Kind.TEST_LOG,
    ),
    (DIFF + '\n' + PYTEST, {}, Kind.TEST_LOG),
    (
        'Exit code 1\n[test] $ go test ./...\n--- FAIL: TestA (0.00s)\nFAIL\tapp/a\t0.1s\n[test] ERROR task failed',
        {},
        Kind.TEST_LOG,
    ),
    (
        '# app/a [app/a.test]\na/x.go:3:2: "time" imported and not used\nFAIL\tapp/a [build failed]',
        {'command': 'go test ./...'},
        Kind.TEST_LOG,
    ),
    ('all fine here', {'command': 'pytest -q'}, Kind.TEST_LOG),
    (TRACE, {}, Kind.STACK_TRACE),
    ('panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:7 +0x1d\nexit status 2', {}, Kind.STACK_TRACE),
    (
        'Error: boom\n    at total (/app/a.js:3:9)\n    at main (/app/b.js:9:1)\n    at Module._compile (node:1:2)',
        {},
        Kind.STACK_TRACE,
    ),
    (
        'java.lang.RuntimeException: boom\n\tat app.Totals.sum(Totals.java:3)\n\tat app.Main.main(Main.java:9)',
        {},
        Kind.STACK_TRACE,
    ),
    ('src/a.c:3:5: error: expected ;\n    3 |   int a\n      |        ^\nmake: *** [a.o] Error 1', {}, Kind.BUILD_LOG),
    (
        '   Compiling app v0.1.0 (/app)\nerror[E0308]: mismatched types\n --> src/a.rs:3:5\n  |\n3 |     1\n  |     ^',
        {},
        Kind.BUILD_LOG,
    ),
    (
        'Collecting wheel\n  Downloading wheel-1.whl (3 kB)\nInstalling collected packages: wheel\n'
        'Successfully installed wheel-1',
        {},
        Kind.BUILD_LOG,
    ),
    ('npm WARN deprecated a@1\nnpm ERR! code E404\nnpm ERR! 404 Not Found', {}, Kind.BUILD_LOG),
    (
        '[INFO] Scanning for projects...\n[INFO] Building app 1.0\n[ERROR] a.java:[3,5] cannot find symbol',
        {},
        Kind.BUILD_LOG,
    ),
    ('src/a.py:3:1: E501 line too long\nsrc/a.py:9:1: F401 unused\nFound 2 errors.', {}, Kind.BUILD_LOG),
    (
        '[lint] $ golangci-lint run\na/x.go:3:7: G306: permissions (gosec)\n\t_ = x\n\t    ^\n1 issues:\n* gosec: 1',
        {},
        Kind.BUILD_LOG,
    ),
    ('a.ts(3,5): error TS2304: Cannot find name\na.ts(9,5): error TS2304: Cannot find name', {}, Kind.BUILD_LOG),
    (
        '************* Module app.a\napp/a.py:3: [C0111(missing), f] Missing\napp/a.py:9: [W0611, ] Unused',
        {},
        Kind.BUILD_LOG,
    ),
    ('#1 [internal] load build\n#1 DONE 0.0s\n#2 [1/3] FROM alpine\n#2 CACHED', {}, Kind.BUILD_LOG),
    ('build\tStep\t2025-01-01T10:00:00.1Z make all\n' * 6, {}, Kind.BUILD_LOG),
    ('test\tStep\t2025-01-01T10:00:00.1Z ok  \tapp/a\t0.1s\n' * 6, {}, Kind.TEST_LOG),
    (DIFF, {}, Kind.DIFF),
    (DIFF, {'command': 'git diff'}, Kind.DIFF),
    ('commit ' + 'a' * 40 + '\nAuthor: A <a@b.c>\nDate:   Mon\n\n    Fix\n\n' + DIFF, {}, Kind.DIFF),
    (' src/a.py | 12 +++---\n src/b.py |  3 +\n 2 files changed, 9 insertions(+), 6 deletions(-)', {}, Kind.DIFF),
    ('diff --cc a.py\nindex 1,2..3\n--- a/a.py\n+++ b/a.py\n@@@ -1,2 -1,2 +1,3 @@@\n  a\n +b\n- c', {}, Kind.DIFF),
    ('src/a.py:3:total\nsrc/a.py:9:total\nsrc/b.py:1:total', {}, Kind.SEARCH),
    ('src/a.py\n3:total\n9:total', {'tool': 'Grep'}, Kind.SEARCH),
    ('3:total\n9-rest\n12:total', {'tool': 'Grep'}, Kind.SEARCH),
    ('C:\\src\\a.cs:3:total\nC:\\src\\b.cs:9:total', {}, Kind.SEARCH),
    (
        'src/a.py-2-x\nsrc/a.py:3:total\nsrc/a.py-4-y\n--\nsrc/b.py:9:total',
        {'command': 'grep -C1 -rn total'},
        Kind.SEARCH,
    ),
    ('import a\nimport b', {'command': 'grep import a.py'}, Kind.SEARCH),
    ('total 8\ndrwxr-xr-x 2 a b 4096 Jan  1 10:00 src\n-rw-r--r-- 1 a b 12 Jan  1 10:00 a.py', {}, Kind.LISTING),
    ('./src/a.py\n./src/b.py\n./docs/c.md\n./docs/d.md\n./README.md', {}, Kind.LISTING),
    ('.\n├── src\n│   └── a.py\n└── b.py', {}, Kind.LISTING),
    ('12K\tsrc\n8.0K\tdocs\n20K\t.', {}, Kind.LISTING),
    (' M src/a.py\n?? b.py\nA  c.py', {}, Kind.LISTING),
    ('a\nb\nc', {'command': 'ls'}, Kind.LISTING),
    ('{"a": 1, "b": [1, 2]}', {}, Kind.JSON),
    ('[{"a": 1}, {"a": 2}]', {}, Kind.JSON),
    ('{"a": 1}\n{"a": 2}\n{"a": 3}', {}, Kind.JSON),
    ('{"a": {"b": [1, 2, 3]}, "c": "long enough"}\nShell cwd was reset to /app', {}, Kind.JSON),
    ('Exit code 1\n{"a": 1, "b": 2}', {}, Kind.JSON),
    ('{"items": [{"id": 1, "name": "a", "size": 3}, {"id": 2, "na', {}, Kind.JSON),
    ('id,name,state\n1,a,open\n2,b,closed\n3,c,open', {}, Kind.TABLE),
    ('id,note\n1,"a, b\nc"\n2,"d"\n3,"e"', {'tool': 'read_file', 'path': 'x.csv'}, Kind.TABLE),
    ('a\tb\n1\t2\n3\t4\n5\t6', {}, Kind.TABLE),
    (' id | name\n----+------\n  1 | a\n  2 | b\n(2 rows)', {}, Kind.TABLE),
    ('| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |', {}, Kind.TABLE),
    ('+----+------+\n| id | name |\n+----+------+\n|  1 | a    |\n+----+------+', {}, Kind.TABLE),
    ('NAME    READY   STATUS    AGE\nweb-1   1/1     Running   3d\nweb-2   0/1     Pending   1h', {}, Kind.TABLE),
    (GO, {}, Kind.CODE),
    ('x = 1\n', {'tool': 'Read', 'path': 'src/a.py'}, Kind.CODE),
    ('\n'.join(f'{i:>6}→{line}' for i, line in enumerate(GO.split('\n'), 12)), {'tool': 'Read'}, Kind.CODE),
    ('\n'.join(f'{i:>6}\t{line}' for i, line in enumerate(GO.split('\n'), 12)), {}, Kind.CODE),
    (
        'import os\n\nclass A:\n    def f(self):\n        return os.name\n\n    def g(self):\n        self.f()\n',
        {},
        Kind.CODE,
    ),
    (PAGE, {}, Kind.PROSE),
    ('Nothing but words', {'tool': 'Task'}, Kind.PROSE),
    ('anything', {'tool': 'read_file', 'path': 'README.md'}, Kind.PROSE),
    ('<!doctype html>\n<html>\n<body>\n<p>Hi</p>\n</body>\n</html>', {}, Kind.HTML),
    ('\ufffd\ufffd\ufffdPNG\ufffd\ufffd', {}, Kind.BINARY),
    ('\n'.join(['iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4bGc+9wZ1'] * 8), {}, Kind.BINARY),
    (f'==> a.py <==\n{GO}\n\n==> b.py <==\n{GO}', {}, Kind.MIXED),
    (f'=== diff ===\n{DIFF}\n=== trace ===\n{TRACE}', {}, Kind.MIXED),
    (f'STDOUT:\n{GO}\nSTDERR:\n{TRACE}', {}, Kind.MIXED),
    (f'$ git diff\n{DIFF}\n$ python x.py\n{TRACE}', {}, Kind.MIXED),
    ('just some words\nand others', {}, Kind.TEXT),
    ('', {}, Kind.TEXT),
]


@pytest.mark.parametrize(('text', 'call', 'kind'), TABLE)
def test_kinds(text: str, call: dict[str, Any], kind: Kind) -> None:
    """What a text is, and that a reason is given."""
    arguments = {key: value for key, value in call.items() if key != 'tool'}
    found = detect(clean(text), hint_of(call.get('tool') or ('bash' if 'command' in call else None), arguments))
    assert found.kind is kind, found.why
    assert found.why


def test_the_reason_names_the_sign() -> None:
    """A reader can tell which line of the table decided."""
    assert detect(DIFF).why == 'headers of a diff and changed lines'
    assert detect('{}').why == 'it parses as JSON'
    assert detect('x', Hint()).why == 'the tool is of the family other'


def test_sections_are_the_whole_text() -> None:
    """Begin and end of each, headings first, nothing lost."""
    text = f'before\n=== one ===\n{DIFF}\n=== two ===\n{TRACE}'
    found = sections(text) or []
    assert [text[start:end].split('\n')[0] for start, end in found] == ['before', '=== one ===', '=== two ===']
    assert ''.join(text[start:end] for start, end in found) == text


@pytest.mark.parametrize('text', [PYTEST, DIFF, PAGE, 'a\n---\nb', '=== RUN   TestA\n--- PASS: TestA (0.1s)', ''])
def test_headings_of_runners_and_rules_separate_nothing(text: str) -> None:
    """One output is one output."""
    assert sections(text) is None


def test_the_lines_of_a_harness_are_not_the_output() -> None:
    """Exit codes, times and 'Output:' before the text."""
    head = 'Chunk ID: 1a\nWall time: 0.1 seconds\nProcess exited with code 0\nOriginal token count: 9\nOutput:\n'
    assert body_of(head + 'text') == len(head)
    assert body_of('Exit code 1\ntext') == len('Exit code 1\n')
    assert body_of('text') == 0


@given(
    st.text()
    | st.lists(st.sampled_from(['=== a ===', '{"a":', '[', '  1→x', 'diff --git a/x b/x', '\n', ' |', '│'])).map(
        '\n'.join
    )
)
def test_no_text_is_too_odd(text: str) -> None:
    """There is always an answer, the same twice, and sections are the whole."""
    assert detect(text) == detect(text)
    found = sections(text)
    assert found is None or ''.join(text[start:end] for start, end in found) == text


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """Deep, long and broken texts get an answer."""
    assert detect(HOSTILE[name]).why


def test_deep_json_is_not_parsed() -> None:
    """Ten thousand brackets are no reason to fail."""
    assert detect('[' * 10_000 + ']' * 10_000).kind is Kind.TEXT
    assert detect(json.dumps({'a': [1] * 1_000})).kind is Kind.JSON


KINDS = {
    **dict.fromkeys(('test_log',), Kind.TEST_LOG),
    **dict.fromkeys(('build_log', 'lint', 'ci_log'), Kind.BUILD_LOG),
    **dict.fromkeys(('web', 'subagent_report'), Kind.PROSE),
    'stack_trace': Kind.STACK_TRACE,
    'json': Kind.JSON,
    'diff': Kind.DIFF,
    'search': Kind.SEARCH,
    'file_read': Kind.CODE,
    'listing': Kind.LISTING,
    'git': Kind.TEXT,
    'other': Kind.CODE,
}
REVIEWED = {
    Kind.TEST_LOG: 'stack_trace/001 stack_trace/002 stack_trace/004 stack_trace/009 stack_trace/014 stack_trace/017'
    ' stack_trace/018 stack_trace/019 ci_log/002 ci_log/003 ci_log/004 ci_log/005 ci_log/006 build_log/041',
    Kind.STACK_TRACE: 'test_log/053 test_log/054 test_log/055 test_log/061',
    Kind.BUILD_LOG: 'stack_trace/010 other/004',
    Kind.MIXED: 'stack_trace/005',
    Kind.TEXT: 'lint/006 lint/008 lint/016 build_log/001 build_log/003 build_log/006 search/025 other/016',
    Kind.SEARCH: 'build_log/005 listing/004 git/001',
    Kind.DIFF: 'git/004 git/005',
    Kind.LISTING: 'git/006 git/007 git/008 git/009 other/013 build_log/040',
    Kind.JSON: 'other/009 other/015',
    Kind.CODE: 'listing/003',
    Kind.PROSE: 'other/002',
}
"""What was read and found to be something else than its recorded kind says."""


@pytest.mark.corpus
@corpus.needs_corpus
def test_recorded_outputs() -> None:
    """At least 95 of 100 are what a reader took them for."""
    reviewed = {name: kind for kind, names in REVIEWED.items() for name in names.split()}
    wrong: list[str] = []
    total = 0
    for output in corpus.tool_outputs():
        name = output.file.removesuffix('.txt.gz')
        key = {'Read': 'file_path', 'read': 'file_path', 'Edit': 'file_path', 'Grep': 'pattern', 'Glob': 'pattern'}
        arguments = {key.get(output.tool or '', 'command'): output.command} if output.command else {}
        found = detect(clean(output.text), hint_of(output.tool or 'bash', arguments))
        expected = reviewed.get(name) or KINDS[output.kind]
        total += 1
        if found.kind is not expected:
            wrong.append(f'{name}: {found.kind} ({found.why}), not {expected}')
    assert len(wrong) <= total * 0.05, wrong
