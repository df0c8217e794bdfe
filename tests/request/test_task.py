"""What a prompt is taken for: traps, laws, the labelled set and the table itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError
from compactor.policy import TaskPolicy
from compactor.request import patterns
from compactor.request.max_tokens import LIMITS
from compactor.request.task import BY_SIZE, ENDS, Detected, Patterns, Task, detect_task, question_of, says_nothing

LOG = '2026-03-02T10:14:12Z ERROR pool: giving up, please explain\n' * 200

TRAPS: dict[str, Task] = {
    # An earlier system took the first table that matched; these are its errors.
    'read the file and refactor the module': Task.CODE_GENERATION,
    'what is dependency injection': Task.EXPLANATION,
    'list the files, then implement the plan': Task.CODE_GENERATION,
    'run the tests and fix what fails': Task.CODE_GENERATION,
    'show me how it works': Task.EXPLANATION,
    # Verbs of other tasks inside a question, and the other way round.
    'why did the build fail after you added the feature?': Task.EXPLANATION,
    'explain how to write a decorator': Task.EXPLANATION,
    'how would you refactor this?': Task.PLANNING,
    'what is the best way to implement this?': Task.PLANNING,
    'write the review down in REVIEW.md': Task.CODE_GENERATION,
    'implement the plan': Task.CODE_GENERATION,
    'review the plan': Task.REVIEW,
    'plan the review': Task.PLANNING,
    'plan the refactoring, do not write any code yet': Task.PLANNING,
    'can you add a flag?': Task.CODE_GENERATION,
    'Explain it, then fix it.': Task.CODE_GENERATION,
    # What is short says little, but going on may mean code.
    'yes': Task.CODE_GENERATION,
    'go on': Task.CODE_GENERATION,
    'fix it': Task.CODE_GENERATION,
    'ls': Task.TOOL_CALL,
    'run the tests': Task.TOOL_CALL,
    'thanks': Task.UNKNOWN,
    '': Task.UNKNOWN,
    ' \n\t': Task.UNKNOWN,
    # A small limit is believed only where every clause is understood.
    'run the tests, zorble the frobnicator': Task.UNKNOWN,
    # Pasted output has no say; a word before or behind it has.
    LOG + '\nmake it wait instead': Task.CODE_GENERATION,
    'make it wait instead\n' + LOG: Task.CODE_GENERATION,
    LOG + '\nwhat does that mean?': Task.EXPLANATION,
    LOG: Task.CODE_GENERATION,
    'what is slow here?\n```\ndef review(): fix()\nimplement this\n```': Task.EXPLANATION,
    # What a harness puts into a prompt is nobody's question.
    '<system-reminder>Implement it.</system-reminder>': Task.UNKNOWN,
    '<environment_context>\n<cwd>/x</cwd>\n</environment_context>\nwhat is this repo?': Task.EXPLANATION,
    # Other languages.
    'Warum ist das so?': Task.EXPLANATION,
    'Behebe den Fehler.': Task.CODE_GENERATION,
    'revisa el código': Task.REVIEW,
    'propose un plan': Task.PLANNING,
    '实现这个功能': Task.CODE_GENERATION,
    '为什么?': Task.EXPLANATION,
}


@pytest.mark.parametrize('prompt', TRAPS, ids=lambda prompt: prompt[:40].strip() or 'blank')
def test_traps(prompt: str) -> None:
    """Prompts that a table of verbs easily gets wrong."""
    assert detect_task(prompt).task is TRAPS[prompt]


def test_what_is_said_of_a_decision() -> None:
    """Score and reason name the phrase that decided."""
    assert detect_task('please refactor this') == Detected(Task.CODE_GENERATION, 3, 'refactor')
    assert detect_task('blue') == Detected(Task.UNKNOWN, 0, 'no phrase of the table')
    assert detect_task('run it, zorble it').why == 'run, and something that the table does not know'


def test_on_the_way_a_small_task_is_not_believed() -> None:
    """In a tool loop the next answer may be any call, or the report: what was to be one short call is open again."""
    for prompt in ('run the tests', 'plan the migration'):
        assert detect_task(prompt, in_tool_loop=True).task is Task.UNKNOWN
    assert detect_task('fix it', in_tool_loop=True).task is Task.CODE_GENERATION
    assert detect_task('explain it', in_tool_loop=True).task is Task.EXPLANATION


# -- the labelled set ----------------------------------------------------------------------------------------

PROMPTS = Path(__file__).resolve().parents[2] / 'fixtures' / 'prompts.jsonl'


def labelled(*splits: str) -> list[tuple[str, Task]]:
    """The labelled prompts of these halves."""
    rows = [json.loads(line) for line in PROMPTS.read_text('utf-8').splitlines()]
    return [(row['text'], Task(row['task'])) for row in rows if row['split'] in splits]


def test_the_labelled_set() -> None:
    """At least 300 prompts, none twice, half of them kept aside, every task in both halves."""
    tune, test = labelled('tune'), labelled('test')
    assert len(tune) + len(test) >= 300
    assert len({text for text, _ in tune + test}) == len(tune + test)
    assert abs(len(tune) - len(test)) <= 6
    assert {task for _, task in tune} == {task for _, task in test} == set(Task)


@pytest.mark.parametrize('split', ['tune', 'test'])
def test_errors_that_harm_are_rare(split: str) -> None:
    """At most 2 % of the labelled prompts get a limit that is too small for their task; 95 % are told right."""
    found = [(task, detect_task(text).task) for text, task in labelled(split)]
    assert sum(LIMITS[told] < LIMITS[task] for task, told in found) / len(found) <= 0.02
    assert sum(told is task for task, told in found) / len(found) >= 0.95


HEAVY = (
    LOG * 50,
    'a ' * 100_000,
    '<x-context>' * 1_000,
    '<x-context ' * 1_000,
    '<' + 'a_' * 1_000,
    'a/.' * 1_000,
    '```' * 30_000,
    'x' * 500_000,
    '\n' * 300_000,
)


@pytest.mark.parametrize('prompt', HEAVY, ids=range(len(HEAVY)))
def test_whatever_is_pasted_the_question_behind_it_is_heard(prompt: str) -> None:
    """Only the ends of a long prompt are read, so that none takes long: `benchmarks/tasks.py` tells how long."""
    assert detect_task(f'{prompt}\n\nExplain why this happens.').task in (Task.EXPLANATION, Task.UNKNOWN)
    assert detect_task(prompt) == detect_task(prompt)


# -- laws ----------------------------------------------------------------------------------------------------

VERBS = ['read', 'fix', 'explain', 'plan', 'review', 'run', 'yes', 'zorble', '修复']
OTHERS = ['and', 'then', 'the', 'file', 'why', 'how', 'should', 'we', 'not', '.', ',', '?', '```', '\n']
PIECES = [*VERBS, *OTHERS, '<system-reminder>', '</system-reminder>']
WORDS = st.lists(st.sampled_from(PIECES), max_size=30).map(' '.join)


@given(st.text() | WORDS, st.booleans())
def test_it_never_raises_and_is_deterministic(prompt: str, looping: bool) -> None:
    """Any text has a task, the same each time, with a score from 0 to 4 that is 0 only where nothing was found."""
    found = detect_task(prompt, in_tool_loop=looping)
    assert found == detect_task(prompt, in_tool_loop=looping)
    assert 0 <= found.score <= 4
    assert found.score or found.task is Task.UNKNOWN
    assert found.why


@given(st.sampled_from(list(Task)), st.sampled_from(list(Task)), st.booleans())
def test_ties_go_to_the_larger_limit(one: Task, other: Task, turned: bool) -> None:
    """Of two phrases of the same strength the one whose task has the larger limit decides, whatever the order."""
    own = Patterns({one: ['zorble'], other: ['frobnicate']}) if one is not other else Patterns({one: ['zorble']})
    prompt = 'frobnicate, zorble' if turned else 'zorble, frobnicate'
    expected = max(LIMITS[one], LIMITS[other])
    assert LIMITS[detect_task(prompt, patterns=own).task] == expected


@given(WORDS)
def test_in_a_tool_loop_no_limit_is_smaller(prompt: str) -> None:
    """What comes next in a loop never gets less than the same prompt asked afresh."""
    assert LIMITS[detect_task(prompt, in_tool_loop=True).task] >= LIMITS[detect_task(prompt).task]


@given(st.text(max_size=20_000))
def test_what_is_read_is_short(prompt: str) -> None:
    """Only the two ends of a prompt are read."""
    assert len(question_of(prompt)) <= 2 * ENDS + 1


# -- the table -----------------------------------------------------------------------------------------------


def test_tasks_by_size_are_ordered_by_their_limits() -> None:
    """The order that decides ties is that of the limits."""
    assert set(BY_SIZE) == set(Task)
    sizes = [LIMITS[task] for task in BY_SIZE]
    assert sizes == sorted(sizes, reverse=True)


def test_every_language_uses_known_strengths_and_tasks() -> None:
    """A translation that misspells a key would silently count for nothing."""
    for language in (*patterns.LANGUAGES.values(), *patterns.UNSPACED.values()):
        assert set(language) <= {'opens', 'asks', 'says', 'hints'}
        for tasks in language.values():
            assert {Task(name) for name in tasks} <= set(Task)
            for texts in tasks.values():
                assert texts == texts.lower()
                assert all(text.strip() for text in texts.split(',')), texts


def test_phrases_of_the_user_win() -> None:
    """What a policy adds counts anywhere in a prompt and more than the table, in languages without spaces too."""
    own = Patterns({Task.REVIEW: ['post-mortem', '复盘'], Task.TOOL_CALL: ['what gives']})
    assert detect_task('write the Post-Mortem', patterns=own) == Detected(Task.REVIEW, 4, 'post mortem')
    assert detect_task('请写复盘报告', patterns=own).task is Task.REVIEW
    assert detect_task('now what gives zorble', patterns=own).task is Task.TOOL_CALL
    assert detect_task('write the post-mortem').task is Task.CODE_GENERATION


def test_a_phrase_without_a_word_is_refused() -> None:
    """It could never be found."""
    with pytest.raises(ConfigError, match="the phrase '--' of review has no word in it"):
        TaskPolicy(patterns={'review': ['--']})  # type: ignore[dict-item]


def test_names_of_tasks_in_either_case() -> None:
    """Policies may write tasks in capitals."""
    assert Task('TOOL_CALL') is Task('tool_call') is Task.TOOL_CALL
    with pytest.raises(ValueError, match='tool'):
        Task('tool')
    with pytest.raises(ValueError, match='1'):
        Task(1)  # type: ignore[arg-type]


def test_a_prompt_that_says_nothing() -> None:
    """Blank, or nothing beside what a harness has put there."""
    assert says_nothing('  ')
    assert says_nothing('<system-reminder>Write it.</system-reminder>\n')
    assert says_nothing('[Request interrupted by user]')
    assert not says_nothing('<system-reminder>Write it.</system-reminder> ok')
    assert not says_nothing('<b>Write it.</b>')
