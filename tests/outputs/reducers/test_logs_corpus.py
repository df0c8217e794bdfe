"""The reducers of logs on recorded outputs: what failed is in what is left."""

from __future__ import annotations

import re

import pytest

from compactor.outputs.clean import clean
from compactor.outputs.reducers import Reducer
from compactor.outputs.reducers.builds import reduce_builds
from compactor.outputs.reducers.tests import reduce_tests
from compactor.outputs.reducers.traces import reduce_traces
from tests.corpus import needs_corpus, tool_outputs
from tests.outputs.reducers.logs import COUNTER, room

pytestmark = [pytest.mark.corpus, needs_corpus]

LEAST = 0.95
"""Share of the facts that must be kept where all of them would fit."""
FAILING = re.compile(
    r'^(?:FAILED|ERROR) \S+?\.py(?:::(\S+))?|^\s*--- FAIL: (\S+)|^(?:FAIL|ERROR): (\w+ \(.*\))'
    r'|^test (\S+) \.\.\. FAILED',
    re.MULTILINE,
)
RAISED = re.compile(r'^(?:\w+\.)*\w+(?:Error|Exception|Timeout): .{1,150}|^panic: .{1,150}', re.MULTILINE)
WRONG = re.compile(r'^\S+?(?::\d+:\d+|\(\d+,\d+\)): (?:fatal )?error:? .{1,500}', re.MULTILINE)


@pytest.mark.parametrize(
    ('kinds', 'facts', 'reduce', 'tokens'),
    [
        pytest.param(('test_log',), FAILING, reduce_tests, 800, id='tests at 800'),
        pytest.param(('test_log',), FAILING, reduce_tests, 2_000, id='tests at 2,000'),
        pytest.param(('stack_trace',), RAISED, reduce_traces, 300, id='traces at 300'),
        pytest.param(('stack_trace',), RAISED, reduce_traces, 800, id='traces at 800'),
        pytest.param(('build_log', 'lint'), WRONG, reduce_builds, 800, id='builds at 800'),
    ],
)
def test_what_failed_is_kept(kinds: tuple[str, ...], facts: re.Pattern[str], reduce: Reducer, tokens: int) -> None:
    """Failing tests, what was raised, errors of compilers; and the result is within the allowance."""
    found = kept = 0
    for output in tool_outputs(*kinds):
        text = clean(output.text)
        if COUNTER.count(text) <= tokens:
            continue
        result = reduce(text, room(tokens))
        if result is None:
            continue
        assert COUNTER.count(result) <= tokens
        # what a test of a test runner prints is not what failed: the last summary says that
        last = text.rpartition('short test summary info')[2]
        there = {next(group for group in (*match.groups(), match[0]) if group) for match in facts.finditer(last)}
        if sum(COUNTER.count(fact) + 2 for fact in there) <= tokens // 2:
            found += len(there)
            kept += sum(fact in result for fact in there)
    assert found > 0
    assert kept >= LEAST * found
