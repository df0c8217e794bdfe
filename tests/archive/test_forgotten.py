"""What became of a step: which compaction of a chain took it, by what, and what the history still says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compactor import MemoryArchive
from compactor.archive.forgotten import forgotten, told_of
from compactor.archive.manifest import Manifest, parse
from compactor.archive.spaces import put_in


def test_each_compaction_of_a_chain() -> None:
    """Counted from the oldest; what nobody took is None; what has expired says so."""
    archive = MemoryArchive()
    key = archive.put(put_in('step', b'--- agent\nfirst'))
    first = Manifest(None, 0, 1, (), {1: key}, strategies=('clear', 'digest'))
    archive.put(first.entry)
    second = Manifest(first.handle, 1, 1, (), {2: 'f' * 64}, strategies=('digest',))
    archive.put(second.entry)
    marks = ['#1> Looked at it.\nread: a.py #1; b.py #12\nArchive 0123456789abcdef: the next step here is #3.']
    one, two = forgotten(archive, second.handle, 1, marks), forgotten(archive, second.handle, 2, [])
    assert one is not None
    assert two is not None
    assert (one.compaction, one.of, one.strategies, one.held) == (1, 2, ('clear', 'digest'), True)
    assert one.kept == ('#1> Looked at it.', 'read: a.py #1; b.py #12')
    assert (two.compaction, two.strategies, two.held, two.kept) == (2, ('digest',), False, ())
    assert forgotten(archive, second.handle, 3, []) is None
    assert forgotten(archive, None, 1, []) is None


@pytest.mark.parametrize('line', ['#12> no', 'x#1', '##1', '#1,000> no'])
def test_other_numbers_are_not_it(line: str) -> None:
    """Only the step's own number counts."""
    assert told_of(1, line) == []


def test_strategies_in_a_manifest() -> None:
    """They come back; a manifest of a version that did not say has none; what is no name is not written."""
    manifest = Manifest(None, 0, 1, (), {}, strategies=('digest', 'keep_steps'))
    assert parse(manifest.dump()) == manifest
    bare = replace(manifest, strategies=())
    assert b'strategies' not in bare.dump()
    assert parse(bare.dump()) == bare
    assert parse(replace(manifest, strategies=('a b\n',)).dump()) == bare
