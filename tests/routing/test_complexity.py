"""How hard a task is: from what was measured, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.errors import ConfigError
from compactor.request.task import Task
from compactor.routing.allowance import ALLOWANCES, allowance_for
from compactor.routing.complexity import DEFAULT, TASKS, Complexity, Factors, Scale, measure
from compactor.routing.phrases import Phrases, split, words_of
from compactor.routing.words import HINT, LANGUAGES

LEVELS = {level.label for level in Complexity}
WORDS = [phrase for rows in LANGUAGES.values() for texts in rows.values() for phrase in split(texts)]
HARDEST = [phrase for rows in LANGUAGES.values() for phrase in split(rows['expert'])]

factors = st.builds(
    Factors,
    prompt=st.none() | st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=6).map(' '.join),
    files=st.none() | st.integers(0, 60),
    lines=st.none() | st.integers(0, 3_000),
    file_bytes=st.none() | st.integers(0, 100_000),
    code=st.none() | st.floats(0, 1),
    task=st.none() | st.sampled_from([*TASKS, 'unheard of']),
)


@pytest.mark.parametrize(
    ('prompt', 'level'),
    [
        ('Fix the typo in the header', Complexity.TRIVIAL),
        ('rename foo to bar', Complexity.TRIVIAL),
        ('Write hello world', Complexity.SIMPLE),
        ('please add it', Complexity.SIMPLE),
        ('Refactor the loop', Complexity.MODERATE),
        ('Fix the bug in the parser', Complexity.MODERATE),
        ('Migrate the database schema', Complexity.COMPLEX),
        ('Redesign the plugin system', Complexity.COMPLEX),
        ('Write a distributed lock with consensus', Complexity.EXPERT),
        ('zero-downtime sharding', Complexity.EXPERT),
        ('Wir brauchen eine hochverfügbare, verteilte Lösung', Complexity.EXPERT),
        ('Behebe den Tippfehler', Complexity.TRIVIAL),
        ('Diseña la arquitectura', Complexity.COMPLEX),
        ('Plusieurs fichiers : refais le schéma de base de données', Complexity.COMPLEX),
        ('修改错别字', Complexity.TRIVIAL),
        ('用分布式共识', Complexity.EXPERT),
        ('A typo in the docs of the consensus protocol', Complexity.MODERATE),
    ],
)
def test_levels_by_words(prompt: str, level: Complexity) -> None:
    """Every level is reached by words alone, in several languages; words that disagree make a task moderate."""
    assert measure(Factors(prompt)).level is level


def test_nothing_measured_is_moderate() -> None:
    """No factor, or none that says anything: moderate, without a score, never trivial."""
    for some in (Factors(), Factors(''), Factors('hm'), Factors('hm', task='unheard of'), Factors(task='unknown')):
        found = measure(some)
        assert (found.level, found.score, dict(found.factors)) == (Complexity.MODERATE, None, {})
        assert found.why == 'moderate (nothing measured)'


def test_the_mean_is_of_what_was_measured() -> None:
    """A factor that nobody measured takes no part: complex is within reach without a measure of the code."""
    found = measure(Factors('Redesign the architecture', file_bytes=40_000, task='architecture'))
    assert dict(found.factors) == {'words': 0.8, 'task': 0.8, 'file_bytes': 0.8}
    assert (found.score, found.level) == (0.8, Complexity.COMPLEX)
    assert measure(Factors(file_bytes=90_000)).level is Complexity.EXPERT
    assert measure(Factors(code=0.9)).level is Complexity.EXPERT


def test_the_reason() -> None:
    """One line: level, score, each factor with its figure, the strongest phrases, and a floor that was needed."""
    assert [
        measure(Factors('Migrate the scheduler to sharding, with error handling', files=3, lines=40)).why,
        measure(Factors(task='rename', files=6)).why,
        measure(Factors(task='rename', files=25, lines=1)).why,
        measure(Factors(code=0.25, file_bytes=12_500)).why,
    ] == snapshot(
        [
            "moderate 0.54 (words 0.77 ('sharding', 'migrate', 'scheduler'), files 0.55 (3), lines 0.30 (40))",
            'moderate 0.50 (task 0.20 (rename), files 0.80 (6))',
            'complex 0.42 (task 0.20 (rename), files 0.95 (25), lines 0.10 (1), at least complex with so many files)',
            'simple 0.25 (file_bytes 0.25 (12,500), code 0.25)',
        ]
    )


@pytest.mark.parametrize(
    ('files', 'level'),
    [
        (0, Complexity.TRIVIAL),
        (1, Complexity.TRIVIAL),
        (4, Complexity.SIMPLE),
        (5, Complexity.MODERATE),
        (19, Complexity.MODERATE),
        (20, Complexity.COMPLEX),
        (999, Complexity.COMPLEX),
    ],
)
def test_the_floors_of_files_hold(files: int, level: Complexity) -> None:
    """Five files make a task at least moderate, twenty at least complex, whatever else is easy."""
    easy = Factors('fix the typo', files=files, lines=1, file_bytes=100, code=0.0, task='typo')
    assert measure(easy).level is level


@given(factors)
def test_a_level_always_has_one_line(some: Factors) -> None:
    """Whatever was measured: a level, a score within 0 to 1, one line; the same again."""
    found = measure(some)
    assert found.score is None or 0 <= found.score <= 1
    assert '\n' not in found.why
    assert found.why.startswith(found.level.label)
    assert measure(some) == found
    if not found.factors:
        assert found.level is Complexity.MODERATE


@given(factors, st.sampled_from(['files', 'lines', 'file_bytes']), st.integers(0, 100_000))
def test_more_of_what_was_measured_never_lowers_the_level(some: Factors, name: str, more: int) -> None:
    """More files, lines or bytes are never less complex."""
    if (now := getattr(some, name)) is not None:
        assert measure(replace(some, **{name: now + more})).level >= measure(some).level


@given(factors, st.floats(0, 1))
def test_code_and_task_never_lower_the_level_by_rising(some: Factors, code: float) -> None:
    """A harder task or harder code is never less complex."""
    if some.code is not None:
        assert measure(replace(some, code=max(code, some.code))).level >= measure(some).level
    if some.task in TASKS:
        assert measure(replace(some, task='architecture')).level >= measure(some).level


@given(factors, st.sampled_from(HARDEST))
def test_a_phrase_of_the_hardest_tasks_never_lowers_the_level_that_words_give(some: Factors, phrase: str) -> None:
    """Among words the mean rises with every phrase that is as hard as any."""
    words = (some.prompt or '').strip()
    if not words.isascii():
        return  # in scripts without spaces a word that is added may end another
    before, after = measure(Factors(words)), measure(Factors(f'{words} ; {phrase}'))
    if before.factors:
        assert after.level >= before.level


@given(factors)
def test_a_measured_maximum_never_lowers_the_level(some: Factors) -> None:
    """Evidence that is as strong as can be, newly measured, never makes a task look easier."""
    if measure(some).factors and some.code is None:
        assert measure(replace(some, code=1.0)).level >= measure(some).level


def test_a_reason_names_no_word_of_the_prompt_but_phrases() -> None:
    """What a user wrote stays with them."""
    assert 'swordfish' not in measure(Factors('the password is swordfish, migrate it')).why


@pytest.mark.parametrize(
    'bad', [{'files': -1}, {'lines': -5}, {'file_bytes': -1}, {'code': 1.1}, {'code': float('nan')}]
)
def test_what_cannot_be_measured(bad: dict[str, float]) -> None:
    """A negative count, a share beyond 1."""
    with pytest.raises(ConfigError):
        Factors(**bad)  # type: ignore[arg-type]  # wrong values are what is tested


# -- the scale ------------------------------------------------------------------------------------------------


def test_own_words_go_before_those_of_the_table() -> None:
    """A phrase of the user's is added, or moves one of the table to another level."""
    own = Scale(words={'trivial': ['Zero Downtime'], 'expert': ['our billing']})
    assert own.measure(Factors('zero-downtime')).level is Complexity.TRIVIAL
    assert own.measure(Factors('touch our billing')).level is Complexity.EXPERT
    assert own.measure(Factors('sharding')).level is Complexity.EXPERT


def test_own_tasks_and_steps() -> None:
    """Every figure may be set."""
    own = Scale(tasks={'Deploy': 0.9}, files=(0, 1, 2, 3), moderate_files=2, complex_files=3)
    assert own.measure(Factors(task='deploy')).level is Complexity.EXPERT
    assert own.measure(Factors(task='typo', files=3)).level is Complexity.COMPLEX


@pytest.mark.parametrize(
    ('bad', 'says'),
    [
        ({'above': (0.4, 0.15, 0.7, 0.85)}, 'above has four figures that rise'),
        ({'above': (0.15, 0.4, 0.6, 0.7)}, 'lies in the range of its level'),
        ({'values': (0.5, 0.5, 0.5, 0.5, 0.5)}, 'lies in the range of its level'),
        ({'files': (5, 4, 3, 2)}, 'files has four figures that rise'),
        ({'moderate_files': 0}, 'moderate_files is positive'),
        ({'full_file': 0}, 'full_file is positive'),
        ({'tasks': {'deploy': 2}}, "the task 'deploy' counts from 0 to 1"),
        ({'words': {'hard': ['x']}}, "there is no level 'hard'; there are: trivial, simple"),
        ({'words': {'Expert': ['x']}}, "words: levels are in lower case, not 'Expert'"),
        ({'words': {'expert': ['?!']}}, "the phrase '?!' of expert has no word in it"),
    ],
)
def test_a_scale_that_cannot_be(bad: dict[str, object], says: str) -> None:
    """What is wrong is said by name."""
    with pytest.raises(ConfigError, match=re.escape(says)):
        Scale(**bad)  # type: ignore[arg-type]  # wrong values are what is tested


def test_every_language_has_every_level() -> None:
    """A language is added whole."""
    for rows in LANGUAGES.values():
        assert set(rows) == {*LEVELS, HINT}


@pytest.mark.parametrize('language', LANGUAGES)
def test_no_phrase_stands_under_two_levels(language: str) -> None:
    """One phrase, one level."""
    phrases = [tuple(words_of(text)) for texts in LANGUAGES[language].values() for text in split(texts)]
    assert len(phrases) == len(set(phrases))


def test_longer_phrases_take_their_words() -> None:
    """'refactor all' is not also 'refactor'."""
    table = Phrases({'moderate': ['refactor', 'all'], 'complex': ['refactor all']})
    assert table.find('Refactor all; refactor') == {'complex': ('refactor all',), 'moderate': ('refactor',)}


def test_the_tasks_of_the_table_are_known() -> None:
    """Of the six, those that tell something about complexity have a figure; the others do not count."""
    assert {task.value for task in Task} & set(TASKS) == {'tool_call', 'planning'}
    assert measure(Factors('Fix the typo', task='code_generation')).level is Complexity.TRIVIAL
    assert measure(Factors('Write a distributed lock', task='code_generation')).level is Complexity.EXPERT
    assert DEFAULT.measure(Factors(task='Planning')).level is Complexity.COMPLEX


# -- allowances -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('level', 'task', 'tokens'),
    [
        (Complexity.SIMPLE, '', (500, 300)),
        (Complexity.MODERATE, '', (1_000, 800)),
        (Complexity.COMPLEX, '', (2_000, 1_500)),
        (Complexity.SIMPLE, 'Analysis', (4_000, 2_000)),
        (None, '', (1_000, 800)),
        (None, 'anything', (1_000, 800)),
    ],
)
def test_allowances(level: Complexity | None, task: str, tokens: tuple[int, int]) -> None:
    """The documented table; what is unknown counts as moderate."""
    found = allowance_for(level, task)
    assert found is not None
    assert (found.input, found.output) == tokens


def test_allowances_rise() -> None:
    """A harder task never has less."""
    rows = [ALLOWANCES[level.label] for level in Complexity]
    assert [one.input for one in rows] == sorted(one.input for one in rows)
    assert allowance_for(Complexity.EXPERT, '', {}) is None
