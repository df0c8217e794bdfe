"""What went well before: enough of it, lately, and with its figures shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.errors import ConfigError
from compactor.routing.complexity import Complexity
from compactor.routing.kept import from_json, load, save, to_json
from compactor.routing.learn import ABOVE, AT_LEAST, DAY, Key, Learner, MemoryOutcomes, Outcome, record_outcome

KEY = Key('coding', 'review', Complexity.COMPLEX)
OTHER = Key('coding', 'review', Complexity.SIMPLE)
NOW = 1_770_000_000.0
MODELS = ('a:one', 'b:two', 'c:three')


def remembered(verdicts: str, model: str = 'a:one', outcomes: MemoryOutcomes | None = None) -> MemoryOutcomes:
    """Outcomes from '1' and '0', a second apart, the last of them now."""
    kept = outcomes or MemoryOutcomes()
    for place, verdict in enumerate(verdicts):
        record_outcome(kept, KEY, model, success=verdict == '1', at=NOW - len(verdicts) + place)
    return kept


@pytest.mark.parametrize(
    ('verdicts', 'trusted', 'why'),
    [
        ('1111', False, '4 of 4 went well, fewer than 5'),
        ('11111', True, '5 of 5 went well'),
        ('11110', False, '4 of 5 went well, not above 85%'),
        ('11111101', True, '7 of 8 went well'),
        ('1' * 17 + '000', False, '17 of 20 went well, not above 85%'),
        ('00000', False, '0 of 5 went well, not above 85%'),
        ('0' + '1' * 50, True, '50 of 50 went well'),
    ],
)
def test_when_a_model_is_trusted(verdicts: str, trusted: bool, why: str) -> None:
    """At least five outcomes, more than 85 % of them well; what is older than the newest fifty is forgotten."""
    (found,) = Learner(remembered(verdicts)).standings(KEY, NOW)
    assert (found.trusted, found.why) == (trusted, why)


def test_the_best_first() -> None:
    """48 of 50 says more than 5 of 5; what is not trusted comes last."""
    kept = remembered('11111', 'b:two')
    remembered('1' * 48 + '00', 'a:one', kept)
    remembered('1111', 'c:three', kept)
    learner = Learner(kept)
    assert [one.model for one in learner.standings(KEY, NOW)] == ['a:one', 'b:two', 'c:three']
    assert [
        found and found.model for found in (learner.best(KEY, MODELS), learner.best(KEY, ['b:two', 'c:three']))
    ] == [
        'a:one',
        'b:two',
    ]
    assert learner.best(KEY, ['c:three', 'd:four']) is None


def test_kinds_of_requests_are_apart() -> None:
    """What went well for complex reviews says nothing about simple ones."""
    assert Learner(remembered('11111')).best(OTHER, MODELS) is None


def test_old_outcomes_do_not_count() -> None:
    """After thirty days; without a time all count."""
    learner = Learner(remembered('11111'))
    assert learner.best(KEY, MODELS, NOW + 29 * DAY) is not None
    assert learner.best(KEY, MODELS, NOW + 31 * DAY) is None
    assert learner.best(KEY, MODELS) is not None
    assert Learner(remembered('11111'), days=60).best(KEY, MODELS, NOW + 31 * DAY) is not None


@pytest.mark.parametrize(
    ('success', 'feedback', 'checked', 'well'),
    [
        (True, None, None, True),
        (True, False, None, False),
        (False, True, None, True),
        (True, True, False, False),
        (False, False, True, True),
        (None, None, None, None),
        (None, True, None, True),
    ],
)
def test_the_most_telling_verdict_counts(
    success: bool | None, feedback: bool | None, checked: bool | None, well: bool | None
) -> None:
    """A user's check before their feedback, that before the request's own success; no verdict changes nothing."""
    kept = MemoryOutcomes()
    outcome = record_outcome(kept, KEY, 'a:one', success=success, feedback=feedback, checked=checked, at=NOW)
    assert outcome.well is well
    assert [one.well for seen in kept.of(KEY).values() for one in seen] == ([] if well is None else [well])


def test_a_later_verdict_takes_the_place_of_an_earlier_one() -> None:
    """One request, one outcome: first it answered, then the tests failed."""
    kept = MemoryOutcomes()
    record_outcome(kept, KEY, 'a:one', success=True, at=NOW, id='r1')
    record_outcome(kept, KEY, 'a:one', success=True, at=NOW, id='r2')
    record_outcome(kept, KEY, 'a:one', checked=False, at=NOW + 9, id='r1')
    assert [(one.id, one.well) for one in kept.of(KEY)['a:one']] == [('r2', True), ('r1', False)]


def test_names_are_compared_without_case() -> None:
    """'Coding' and 'coding' are one workload."""
    kept = MemoryOutcomes()
    record_outcome(kept, Key(' Coding', 'Review', Complexity.COMPLEX), 'a:one', success=True)
    assert list(kept.of(KEY)) == ['a:one']


def test_memory_is_bounded() -> None:
    """What was heard of least recently goes first, and every kind keeps its newest."""
    kept = MemoryOutcomes(keep=2, max_keys=2)
    for model in ('a', 'b', 'a', 'a', 'c'):
        record_outcome(kept, KEY, model, success=True, at=NOW)
    assert {model: len(seen) for model, seen in kept.of(KEY).items()} == {'a': 2, 'c': 1}
    record_outcome(kept, OTHER, 'd', success=True)
    record_outcome(kept, OTHER, 'e', success=True)
    assert (kept.of(KEY), len(kept.rows())) == ({}, 2)


def test_bounds_that_cannot_be() -> None:
    """At least one outcome of one kind; a time that is a time."""
    with pytest.raises(ConfigError, match='seconds since 1970'):
        record_outcome(MemoryOutcomes(), KEY, 'a:one', success=True, at=float('nan'))
    with pytest.raises(ConfigError, match='at least one outcome'):
        MemoryOutcomes(keep=0)


@given(st.lists(st.tuples(st.sampled_from(MODELS), st.booleans(), st.integers(0, 60)), max_size=40))
def test_never_with_too_few_or_too_low(history: list[tuple[str, bool, int]]) -> None:
    """Whatever happened: what is tried first has five outcomes in time, and more than 85 % of them well."""
    kept = MemoryOutcomes()
    for model, well, days in history:
        kept.add(Outcome(KEY, model, success=well, at=NOW - days * DAY))
    best = Learner(kept).best(KEY, MODELS, NOW)
    if best is not None:
        counted = [well for model, well, days in history if model == best.model and days <= 30]
        assert (best.well, best.of) == (sum(counted), len(counted))
        assert best.of >= AT_LEAST
        assert best.rate > ABOVE
        assert best.why == f'{best.well} of {best.of} went well'


# -- the file -------------------------------------------------------------------------------------------------


def test_what_was_learned_is_there_tomorrow(tmp_path: Path) -> None:
    """Saved and loaded, nothing is lost; a file that is not there yet holds nothing."""
    path = tmp_path / 'deep' / 'outcomes.json'
    assert load(path).rows() == []
    kept = remembered('1110111')
    record_outcome(kept, OTHER, 'b:two', checked=False, at=NOW, id='r7')
    save(path, kept)
    save(path, kept)
    assert load(path).rows() == kept.rows()
    assert [entry.name for entry in path.parent.iterdir()] == ['outcomes.json']


def test_the_file_is_plain() -> None:
    """What a person finds in it."""
    kept = remembered('10')
    assert json.loads(json.dumps(to_json(kept))) == snapshot(
        {
            'version': 1,
            'rows': [
                {
                    'workload': 'coding',
                    'task': 'review',
                    'complexity': 'complex',
                    'model': 'a:one',
                    'outcomes': [[1769999998.0, True], [1769999999.0, False]],
                }
            ],
        }
    )


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_what_is_none_of_ours_is_refused(value: object) -> None:
    """No value from outside passes for outcomes unless it is."""
    with pytest.raises(ConfigError):
        from_json(value)
    with pytest.raises(ConfigError):
        from_json({'version': 1, 'rows': [value]})


ROW = {'workload': 'w', 'task': 't', 'complexity': 'simple', 'model': 'm', 'outcomes': [[1.0, True]]}


@pytest.mark.parametrize(
    'damage',
    [
        {'outcomes': [[1.0, 1]]},
        {'outcomes': [[float('nan'), True]]},
        {'outcomes': [['soon', True]]},
        {'outcomes': [[True, True]]},
        {'outcomes': [[]]},
        {'outcomes': 7},
        {'complexity': 'hard'},
        {'model': 7},
    ],
)
def test_damaged_rows(damage: dict[str, object]) -> None:
    """The row is named."""
    assert len(from_json({'version': 1, 'rows': [ROW]}).rows()) == 1
    with pytest.raises(ConfigError, match='row 1 of the outcomes is damaged'):
        from_json({'version': 1, 'rows': [ROW, {**ROW, **damage}]})


@pytest.mark.parametrize('content', [b'', b'{', b'[]', b'\xff\xfe', b'[' * 100_000])
def test_files_that_hold_something_else(tmp_path: Path, content: bytes) -> None:
    """The message names the file and the remedy."""
    path = tmp_path / 'outcomes.json'
    path.write_bytes(content)
    with pytest.raises(ConfigError, match='remove it to start anew'):
        load(path)
    with pytest.raises(ConfigError, match='cannot read the outcomes'):
        load(tmp_path)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """Bounded on both sides."""
    kept = MemoryOutcomes()
    record_outcome(kept, KEY, 'm' * 20_000_000, success=True)
    with pytest.raises(ConfigError, match='too many'):
        save(tmp_path / 'outcomes.json', kept)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where a folder should be; nothing half-written is left."""
    (tmp_path / 'flat').write_text('')
    with pytest.raises(ConfigError, match='cannot write the outcomes'):
        save(tmp_path / 'flat' / 'outcomes.json', MemoryOutcomes())
    (tmp_path / 'folder').mkdir()
    with pytest.raises(ConfigError, match='cannot write the outcomes'):
        save(tmp_path / 'folder', MemoryOutcomes())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['flat', 'folder']
