"""Manifests: written the same way every time, and hostile until they are parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import MemoryArchive
from compactor.archive.manifest import Ending, Manifest, Tail, chain, find, first_held, parse

KEY = 'ab' * 32
HANDLE = '0123456789abcdef'

manifests = st.builds(
    Manifest,
    parent=st.sampled_from([None, HANDLE]),
    left=st.integers(0, 10**6),
    since=st.integers(1, 10**6),
    messages=st.lists(st.sampled_from([None, KEY])).map(tuple),
    steps=st.dictionaries(st.integers(1, 10**6), st.just(KEY)),
    tail=st.builds(
        Tail,
        st.integers(0, 100),
        st.lists(st.builds(Ending, st.sampled_from([None, 3]), st.just(('user:' + HANDLE,)))).map(tuple),
    ),
)


@given(manifests)
def test_round_trip(manifest: Manifest) -> None:
    """What is written is read back, and its handle is the beginning of its key."""
    assert parse(manifest.dump()) == manifest
    archive = MemoryArchive()
    assert archive.put(manifest.entry).startswith(manifest.handle)
    assert find(archive, manifest.handle) == manifest


@given(st.binary() | st.text().map(str.encode))
def test_other_bytes_are_no_manifest(data: bytes) -> None:
    """Whatever else an archive holds is not taken for a manifest."""
    assert parse(data) is None


@pytest.mark.parametrize(
    'change',
    [
        {'compactor-manifest': 2},
        {'parent': '../secret'},
        {'parent': HANDLE.upper()},
        {'messages': ['short']},
        {'messages': 7},
        {'steps': {'x': KEY}},
        {'steps': {'-1': KEY}},
        {'steps': [KEY]},
        {'left': True},
        {'since': -1},
        {'tail': None},
        {'tail': {'responses': 1, 'requests': [{'origin': '0', 'parts': []}]}},
        {'tail': {'responses': 1, 'requests': [{'origin': 0, 'parts': ['x']}]}},
    ],
    ids=str,
)
def test_a_manifest_with_a_wrong_value_is_none(change: dict[str, Any]) -> None:
    """Every field is checked."""
    value = json.loads(Manifest(None, 0, 1, (KEY,), {1: KEY}).dump())
    assert parse(json.dumps(value).encode()) is not None
    assert parse(json.dumps({**value, **change}).encode()) is None


def test_deep_nesting_is_no_manifest() -> None:
    """Hostile JSON does not exhaust the stack."""
    assert parse(b'[' * 100_000) is None


def test_a_chain_ends_where_the_archive_does() -> None:
    """Newest first; a parent that has gone takes the steps before it along."""
    archive = MemoryArchive()
    first = Manifest(None, 0, 1, (), {1: KEY})
    second = Manifest(first.handle, 1, 1, (), {2: KEY})
    third = Manifest(second.handle, 2, 1, (), {3: KEY})
    for manifest in (second, third):
        archive.put(manifest.entry)
    assert list(chain(archive, third.handle)) == [third, second]
    assert first_held([third, second]) == 2
    archive.put(first.entry)
    assert list(chain(archive, third.handle)) == [third, second, first]
    assert first_held([third, second, first]) == 1


class Liar:
    """An archive that answers every key with a manifest of another."""

    def put(self, data: bytes) -> str:
        return ''

    def get(self, key: str) -> bytes | None:
        return Manifest(key[:16], 0, 1, ()).entry


def test_an_archive_that_lies_is_not_believed() -> None:
    """A manifest under a handle that is not its own is not followed, however long the chain it pretends."""
    assert find(Liar(), HANDLE) is None
    assert list(chain(Liar(), HANDLE)) == []
