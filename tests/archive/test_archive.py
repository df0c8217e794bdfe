"""`MemoryArchive`: content-addressed, bounded, and safe to share between threads."""

from __future__ import annotations

import hashlib
import os
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError, MemoryArchive
from compactor.archive.archive import unpacked
from compactor.archive.spaces import Space, out_of, put_in


@given(st.binary(max_size=2_000))
def test_what_is_put_comes_back(data: bytes) -> None:
    """Under its hash, and under the first 16 digits of it; a shorter or another key finds nothing."""
    archive = MemoryArchive()
    key = archive.put(data)
    assert key == hashlib.sha256(data).hexdigest()
    assert archive.get(key) == archive.get(key[:16]) == data
    assert archive.get(key[:15]) is None
    assert archive.get(key[:16] + 'f' * 48) is None or key.endswith('f' * 48)


def test_the_same_content_is_held_once() -> None:
    """Messages that are kept through many compactions cost their bytes once."""
    archive = MemoryArchive()
    assert archive.put(b'x' * 1_000) == archive.put(b'x' * 1_000)
    assert len(archive) == 1
    assert archive.stored_bytes < 100


def test_the_least_recently_used_goes_first() -> None:
    """Reading or putting an entry again keeps it; the bound holds at all times."""
    archive = MemoryArchive(max_bytes=4_000)
    data = [os.urandom(1_000) for _ in range(6)]
    keys = [archive.put(d) for d in data[:3]]
    assert archive.get(keys[0]) == data[0]
    archive.put(data[1])
    keys += [archive.put(d) for d in data[3:]]
    assert archive.stored_bytes <= 4_000
    assert [archive.get(key) is not None for key in keys] == [False, False, False, True, True, True] or (
        archive.get(keys[2]) is None
    )
    assert archive.get(keys[-1]) == data[-1]


def test_an_entry_larger_than_the_archive_is_not_held() -> None:
    """It does not push out everything else for nothing."""
    archive = MemoryArchive(max_bytes=2_000)
    small = archive.put(b'small')
    large = archive.put(os.urandom(5_000))
    assert archive.get(large) is None
    assert archive.get(small) == b'small'


def test_a_negative_bound_is_refused() -> None:
    """A mistake in the configuration is said at once."""
    with pytest.raises(ConfigError, match='max_bytes'):
        MemoryArchive(-1)


def test_threads_may_share_it() -> None:
    """Many writers and readers at once: what is found is right, the books balance."""
    archive = MemoryArchive(max_bytes=20_000)
    data = [os.urandom(500) for _ in range(100)]

    def work(i: int) -> None:
        key = archive.put(data[i % 100])
        found = archive.get(key)
        assert found is None or found == data[i % 100]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(2_000)))
    assert archive.stored_bytes == sum(map(len, archive._entries.values())) <= 20_000
    homes = {(scope, key) for found in archive._by_handle.values() for scope, key in found.items()}
    assert homes == set(archive._entries)


def test_asking_what_is_held_counts_as_using_it() -> None:
    """Only whole keys that are there are named, and they outlive what nobody asked for."""
    archive = MemoryArchive(max_bytes=4_000)
    keys = [archive.put(os.urandom(1_000)) for _ in range(3)]
    assert archive.held([keys[0], 'f' * 64, keys[1][:16]]) == {keys[0]}
    archive.put(os.urandom(1_000))
    archive.put(os.urandom(1_000))
    assert archive.held(keys) == {keys[0]}


def test_a_conversation_finds_what_it_has_kept() -> None:
    """Nobody else's, however well its content is guessed; the whole archive finds all, within one bound."""
    archive = MemoryArchive(max_bytes=5_000)
    mine, yours = archive.scoped('mine'), archive.scoped('yours')
    key = mine.put(b'the balance of Anna')
    assert mine.get(key) == mine.get(key[:16]) == archive.get(key) == b'the balance of Anna'
    assert yours.get(key) is None
    assert (mine.held([key]), yours.held([key]), archive.held([key])) == ({key}, set(), set())
    assert yours.put(b'the balance of Anna') == key
    for _ in range(6):
        yours.put(os.urandom(1_000))
    assert mine.get(key) is None
    assert archive.stored_bytes <= 5_000


def test_a_class_with_a_way_of_its_own_divides_conversations_too() -> None:
    """It is called in its own way, for what the conversation has put; whoever has the whole archive finds all."""

    class Backwards(MemoryArchive):
        def put(self, data: bytes) -> str:
            return super().put(data[::-1])

        def get(self, key: str) -> bytes | None:
            found = super().get(key)
            return None if found is None else found[::-1]

    archive = Backwards()
    mine, yours = archive.scoped('mine'), archive.scoped('yours')
    key = mine.put(b'the balance of Anna')
    assert mine.get(key) == mine.get(key[:16]) == archive.scoped('mine').get(key) == b'the balance of Anna'
    assert yours.get(key) is None
    assert (mine.held([key]), yours.held([key])) == ({key}, set())
    assert archive.get(key) == b'the balance of Anna'
    assert mine.get(key[:15]) is None


def test_what_says_that_it_is_endless_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read beyond the largest entry that would have been kept."""
    monkeypatch.setattr('compactor.archive.archive.LARGEST', 1_000)
    assert unpacked(zlib.compress(b'x' * 1_000)) == b'x' * 1_000
    assert unpacked(zlib.compress(b'x' * 1_001)) is None
    assert unpacked(b'damaged') is None


@pytest.mark.parametrize('space', ['output', 'message', 'step', 'manifest'])
@given(data=st.one_of(st.binary(), st.sampled_from([b'compactor manifest 1\n{}', b'compactor output 1\nx', b'[]'])))
def test_nothing_is_read_as_what_it_is_not(space: Space, data: bytes) -> None:
    """Whatever bytes were kept as one thing come back as that, and as nothing else."""
    entry = put_in(space, data)
    assert out_of(space, entry) == data
    others: list[Space] = ['message', 'step', 'manifest'] if space == 'output' else ['output', 'manifest']
    assert all(out_of(other, entry) is None for other in others if other != space)
