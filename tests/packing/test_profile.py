"""Profiles: weights, intent, learning from what was used, files of ours and of PAMPAX."""

from __future__ import annotations

from pathlib import Path

import pytest

from compactor import ConfigError, Profile
from compactor.packing import profiles
from compactor.packing.intent import INTENTS, intent_of
from compactor.packing.item import Content, kind_of
from compactor.packing.profile import Strategy, Use
from compactor.packing.relevance import Question, relevances


def test_the_default_is_pampax_s() -> None:
    """Priorities, allocation and what a capsule holds."""
    profile = Profile()
    assert profile.priorities == {'code': 1.0, 'config': 0.9, 'tests': 0.8, 'docs': 0.7, 'comments': 0.6}
    assert list(profile.allocation.model_dump().values()) == [0.30, 0.25, 0.20, 0.15, 0.10]
    assert [profile.strategy(kind) for kind in ('code', 'tests', 'docs')] == ['semantic', 'signatures', 'key_points']


@pytest.mark.parametrize(
    ('question', 'intent'),
    [
        ('Why does the ledger round?', 'explanation'),
        ('Which tests cover the mailer?', 'testing'),
        ('Where is the setting for time-outs?', 'configuration'),
        ('Update the README', 'documentation'),
        ('Implement a retry for letters', 'code_generation'),
        ('Review this change', 'review'),
        ('Plan the migration', 'planning'),
        ('', ''),
    ],
)
def test_intents(question: str, intent: str) -> None:
    """A subject that is named, else the task."""
    assert intent_of(question) == intent


def test_an_intent_moves_weights() -> None:
    """Each moves some kind, none hides one, and no weight is above 1."""
    profile = Profile()
    for intent in INTENTS:
        weights = {kind: profile.weight(kind, intent) for kind in Content}
        assert weights != {kind: profile.weight(kind) for kind in Content}, intent
        assert all(0.4 <= weight <= 1 for weight in weights.values())
    assert profile.weight('tests', 'testing') == 1.0
    assert Profile(intents={'testing': {'docs': 0.5}}).weight('docs', 'testing') == 0.35
    assert profile.weight('unheard of') == 0.5


def test_it_learns_from_use() -> None:
    """What is always used weighs more, what never is weighs less, by a quarter at most; nothing known is neutral."""
    profile = Profile()
    assert Use().factor == 1.0
    for _ in range(50):
        profile = profile.learned(['docs', 'tests'], ['docs'])
    assert profile.uses['docs'] == Use(shown=50, used=50)
    assert 0.85 < profile.weight('docs') < 0.7 * 1.25
    assert 0.8 * 0.75 < profile.weight('tests') < 0.62
    assert profile.learned([], ['docs', 'docs']).uses['docs'].used == 50


def test_a_file_and_back(tmp_path: Path) -> None:
    """What is written is read as it was, with what it says of models."""
    path = tmp_path / 'packing.toml'
    profile = Profile(repository='my "project"', priorities={'code': 0.9, 'a b': 0.1}).learned(['docs'], ['docs'])
    path.write_text(profiles.as_toml(profile, {'gpt-4': {'priorities': {'tests': 1.0}}}))
    assert profiles.load(path) == profile
    other = profiles.load(path, 'openai:gpt-4')
    assert (other.weight('tests'), other.priorities['code'], other.model) == (1.0, 0.9, 'openai:gpt-4')
    assert profiles.models_in(path) == {'gpt-4': {'priorities': {'tests': 1.0}}}
    assert profiles.load(path, 'claude-3').weight('tests') == 0.5


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('version = 2', 'version 2 is not known'),
        ('colour = "red"', 'unknown key'),
        ('[priorities]\ncode = 3', 'less than or equal to 1'),
        ('[capsules]\nmin_size = 300', 'not above max_size'),
        ('models = 3', 'is an object'),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, problem: str) -> None:
    """Named by field and file."""
    path = tmp_path / 'packing.toml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=problem):
        profiles.load(path)


def test_strategies_by_name() -> None:
    """PAMPAX's three."""
    assert set(profiles.THEIRS.values()) == set(Strategy)


@pytest.mark.parametrize(
    ('name', 'kind'),
    [
        ('src/app.py', 'code'),
        ('tests/app.py', 'tests'),
        ('src/test_app.py', 'tests'),
        ('web/app.spec.ts', 'tests'),
        ('pkg/app_test.go', 'tests'),
        ('README', 'docs'),
        ('docs/guide.rst', 'docs'),
        ('pyproject.toml', 'config'),
        ('Dockerfile', 'config'),
        ('.gitignore', 'config'),
        ('src/contest.py', 'code'),
        ('notes', 'docs'),
    ],
)
def test_kinds_by_name(name: str, kind: str) -> None:
    """As repositories name things."""
    assert kind_of(name, 'some words') == kind


def test_relevance() -> None:
    """Rare words count more, names count most, the best has 1, and what says nothing has 0."""
    names = ['a.py', 'b.py', 'c.py']
    found = relevances(Question('How is a budget reserved?'), names, ['Reservation of a budget', 'budget', 'nothing'])
    assert found[0] == 1.0 > found[1] > found[2] == 0.0
    spelled = relevances(Question('reserve_budget'), names, ['reserve a budget', 'x = reserve_budget()', ''])
    assert spelled[1] == 1.0 > spelled[0]
    assert relevances(Question('Where is it, and why?'), names, ['where', 'is', 'it']) == [0.0, 0.0, 0.0]
    assert not Question('the of and')
