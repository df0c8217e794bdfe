"""What tells how a command ended stays, in every kind and at every budget that can hold it."""

from __future__ import annotations

import pytest

from compactor.outputs.kind import Kind
from compactor.outputs.logs.endings import ends, framed
from compactor.outputs.shrink import shrink

LOG = '\n'.join(f'processing record {i} of batch {i % 13}' for i in range(400))


@pytest.mark.parametrize('tokens', [40, 60, 100, 300])
@pytest.mark.parametrize('kind', [None, *(kind for kind in Kind if kind is not Kind.OWN)])
def test_exit_codes(kind: Kind | None, tokens: int) -> None:
    """Before an output and behind it, whatever it is taken for."""
    text = f'Exit code: 1\nWall time: 3.2 seconds\nOutput:\n{LOG}\n\nCommand exited with code 1'
    shrunk = shrink(text, tokens, kind=kind)
    assert shrunk.text.startswith('Exit code: 1\n')
    assert shrunk.text.endswith('\nCommand exited with code 1')


def test_an_ending_longer_than_the_room_is_cut() -> None:
    """It is not dropped."""
    long = f'make: *** [Makefile:12: {"very/" * 30}ci] Error 1'
    assert shrink(f'{LOG}\n{long}', 40).text.rpartition('\n')[2].startswith('make: *** [Makefile:12:')


@pytest.mark.parametrize('line', ['def exit(code=1):', '  return 1', 'exit codes are described below', 'all good'])
def test_what_is_no_ending(line: str) -> None:
    """Code and prose tell of no end."""
    assert not ends(line)


def test_the_frame_is_the_whole_text() -> None:
    """Without what a harness writes nothing is taken off."""
    assert framed(LOG) == ('', LOG, '')
    assert framed('Exit code 2\nx\ny') == ('Exit code 2', 'x\ny', '')
