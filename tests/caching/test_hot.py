"""The response cache with hot answers in memory answers what the store alone would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from compactor import ConfigError, Store, StoreError
from compactor.caching.hot import AT_ONCE, FLUSH_HITS, NEVER, HotCache
from compactor.store.responses import ResponseCache

keys = st.sampled_from(['a', 'b', 'c'])


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class SameAsTheStore(RuleBasedStateMachine):
    """Two caches on one store, as two processes have them, one in memory too; and one that is only a store."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store, self.plain_store = (Store.open('sqlite://', clock=self.clock) for _ in range(2))
        limits: dict[str, Any] = {'ttl': 100.0, 'max_bytes': 300}
        self.caches = [HotCache(self.store, hot_bytes=40, hot_entries=2, **limits) for _ in range(2)]
        self.plain = [ResponseCache(self.plain_store, **limits) for _ in range(2)]

    @rule(who=st.integers(0, 1), key=keys)
    def get(self, who: int, key: str) -> None:
        """Data, model, tokens, age and how often it was had."""
        mine, theirs = self.caches[who].get(key), self.plain[who].get(key)
        assert (mine is None) is (theirs is None)
        if mine is not None and theirs is not None:
            assert (mine.data, mine.model, mine.tokens, mine.age, mine.stamp) == (
                *(theirs.data, theirs.model, theirs.tokens, theirs.age, theirs.stamp),
            )

    @rule(who=st.integers(0, 1), key=keys, size=st.sampled_from([1, 20, 39, 41]), model=st.sampled_from(['x', 'y']))
    def put(self, who: int, key: str, size: int, model: str) -> None:
        """What one stores, the other has."""
        self.clock.now += 0.25
        for cache in (self.caches[who], self.plain[who]):
            cache.set(key, f'{self.clock.now}'.encode().ljust(size), model=model, prompt=f'about {key}', tokens=size)

    @rule(who=st.integers(0, 1), key=keys)
    def remove(self, who: int, key: str) -> None:
        """What one removes, nobody has."""
        for cache in (self.caches[who], self.plain[who]):
            cache.remove(key)

    @rule(who=st.integers(0, 1), pattern=st.sampled_from(['*a', 'y', '*']))
    def invalidate(self, who: int, pattern: str) -> None:
        """By pattern."""
        assert self.caches[who].invalidate(pattern) == self.plain[who].invalidate(pattern)

    @rule(seconds=st.sampled_from([0.5, 6.0, 60.0]))
    def wait(self, seconds: float) -> None:
        """What is too old is gone."""
        self.clock.now += seconds

    @rule()
    def counted(self) -> None:
        """Entries and hits; memory within its bounds."""
        for cache in self.caches:
            cache.flush()
        for cache in self.caches:
            stats = cache.get_stats()
            assert stats.pop('hot_entries') <= 2
            assert stats.pop('hot_bytes') <= 40
        assert stats == self.plain[0].get_stats()


TestSameAsTheStore = SameAsTheStore.TestCase
TestSameAsTheStore.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)


def test_small_answers_at_once_larger_ones_from_their_second_use(tmp_path: Path) -> None:
    """What is very large never; what was not used for longest leaves memory, not the store."""
    with Store.open(tmp_path / 'store.db') as store:
        cache = HotCache(store, hot_bytes=2 * NEVER, hot_entries=2)
        cache.set('small', b's', model='m')
        cache.set('large', b'l' * AT_ONCE, model='m')
        cache.set('huge', b'h' * NEVER, model='m')
        assert cache.get_stats()['hot_bytes'] == 1
        for key in ('large', 'huge'):
            assert cache.get(key) is not None
        assert cache.get_stats()['hot_bytes'] == 1 + AT_ONCE
        cache.set('new', b'n', model='m')
        assert cache.get_stats()['hot_bytes'] == 1 + AT_ONCE
        assert cache.get('small') is not None


def test_hits_are_counted_in_batches(tmp_path: Path) -> None:
    """Another process sees them after some, or when they are flushed."""
    with Store.open(tmp_path / 'store.db') as store, Store.open(tmp_path / 'store.db') as other:
        cache, seen = HotCache(store), ResponseCache(other)
        cache.set('a', b'data', model='m', tokens=5)
        found = [cache.get('a') for _ in range(FLUSH_HITS + 2)]
        assert [answer.hits for answer in found if answer is not None] == list(range(1, FLUSH_HITS + 3))
        assert seen.get_stats()['total_hits'] == FLUSH_HITS
        cache.flush()
        assert seen.get_stats()['total_hits'] == FLUSH_HITS + 2
        assert seen.get_stats()['total_tokens_saved'] == 5 * (FLUSH_HITS + 2)


def test_another_process_replaces_an_answer(tmp_path: Path) -> None:
    """It is had at once, and no secret is kept in memory that the store refused."""
    with Store.open(tmp_path / 'store.db') as store, Store.open(tmp_path / 'store.db') as other:
        cache, writer = HotCache(store), ResponseCache(other)
        cache.set('a', b'old', model='m')
        writer.set('a', b'new', model='m')
        answer = cache.get('a')
        assert answer is not None
        assert answer.data == b'new'
        key = 'sk-proj-' + 'Ab3dEf6hIj' * 5
        assert cache.set('a', key.encode(), model='m') is None
        answer = cache.get('a')
        assert answer is None or answer.data == b'new'


def test_a_store_that_is_away_and_bad_numbers(tmp_path: Path) -> None:
    """The same errors as without memory."""
    path = tmp_path / 'store.db'
    with Store.open(path) as store:
        cache = HotCache(store)
        cache.set('a', b'data', model='m')
        store.close()
        path.write_bytes(b'not a database' * 100)
        for left in tmp_path.glob('store.db-*'):
            left.unlink()
        with pytest.raises(StoreError):
            cache.get('a')
        with pytest.raises(ConfigError, match='hot_bytes and hot_entries must be positive'):
            HotCache(store, hot_bytes=0)
