"""Every sign has a line that it knows: of detection, of test runners, of logs, of alarms, of endings, of tools."""

from __future__ import annotations

import re

import pytest

from compactor.outputs.logs.alarm_words import ALARMS, INSIDE, SHAPES, Alarm
from compactor.outputs.logs.alarms import graded
from compactor.outputs.logs.endings import ENDINGS, Ending, ends
from compactor.outputs.logs.log_lines import FORMS, Form, log_line
from compactor.outputs.logs.runner_rows import ROWS, TAILS, Row, Tail
from compactor.outputs.logs.runners import mark_of
from compactor.outputs.runs import STARTERS, TOOLS, Tool, runs
from compactor.outputs.signs import RULES, SIGNS, Sign


@pytest.mark.parametrize('sign', SIGNS, ids=lambda sign: f'{sign.name} {sign.sample}')
def test_signs_of_detection(sign: Sign) -> None:
    """Each fits its own line, and no sign of another name takes that line before it."""
    assert re.match(sign.pattern, sign.sample)
    first = next(each for each in SIGNS if re.match(each.pattern, sign.sample))
    assert first.name == sign.name


def test_rules_name_signs() -> None:
    """A rule counts lines of signs that there are."""
    known = {sign.name for sign in SIGNS} | {'test', 'maybe', 'passed'}
    assert {name for rule in RULES for name in (*rule.signs, *rule.besides[0])} <= known


@pytest.mark.parametrize('row', ROWS, ids=lambda row: f'{row.runner} {row.sample}')
def test_rows_of_runners(row: Row) -> None:
    """Each row is the one that its line is given to."""
    mark = mark_of(row.sample)
    assert mark is not None
    assert (mark.role, mark.runner) == (row.role, row.runner)


@pytest.mark.parametrize('tail', TAILS, ids=lambda tail: tail.sample)
def test_tails_of_runners(tail: Tail) -> None:
    """Lines that end with how their test went."""
    mark = mark_of(tail.sample)
    assert mark is not None
    assert mark.role is tail.role


@pytest.mark.parametrize('form', FORMS, ids=lambda form: f'{form.family} {form.sample}')
def test_forms_of_logs(form: Form) -> None:
    """Each form is the one that its line is taken for."""
    found = log_line(form.sample)
    assert found is not None
    assert found.family == form.family


@pytest.mark.parametrize('alarm', [*ALARMS, *SHAPES, *INSIDE], ids=lambda alarm: alarm.topic)
def test_alarms(alarm: Alarm) -> None:
    """Each sounds at its line, as loud as it says."""
    assert graded([alarm.sample]) == {0: alarm.grade}


WORDS = sorted({(row.topic, word) for row in ALARMS for word in row.words.split() if not row.pattern})


@pytest.mark.parametrize('word', WORDS)
def test_every_word_of_an_alarm(word: tuple[str, str]) -> None:
    """Each word alone on a line sounds its row."""
    assert graded([f'worker 7: {word[1]}']), word


@pytest.mark.parametrize('ending', ENDINGS, ids=lambda ending: ending.sample)
def test_endings(ending: Ending) -> None:
    """Each is known by its line."""
    assert ends(ending.sample)
    assert re.match(ending.pattern, ending.sample.lower())


@pytest.mark.parametrize('tool', TOOLS, ids=lambda tool: tool.name)
def test_tools(tool: Tool) -> None:
    """The beginnings and ends of runs are those of their tools: beside another tool's they are runs of two."""
    if tool.begin:
        assert re.match(tool.begin, tool.begins)
    if tool.end:
        assert re.match(tool.end, tool.ends, re.MULTILINE)
    if tool.end and tool.name not in STARTERS:
        other = 'Your code has been rated at 7.50/10' if tool.name != 'pylint' else 'Found 180 errors.'
        assert runs(f'{tool.ends}\n{"some other line of a tool " * 20}\n{other}\n') is not None
