"""What still fails, and what of it is worth telling."""

from __future__ import annotations

import json

import pytest

from compactor.digest.failures import LONGEST, Failing, briefly, failing, telling
from compactor.history.message import Part
from tests.notation import part


def ran(command: str, output: str, **arguments: str) -> tuple[int, Part, Part]:
    """A shell call in step 1 with its result."""
    return 1, part('?a', json.dumps({'command': command} | arguments), tool='bash'), part('+a', output, tool='bash')


def still(*pairs: tuple[int, Part, Part]) -> list[str]:
    """The commands that still fail."""
    return list(failing(pairs))


def test_a_command_is_known_again_whatever_it_is_described_as() -> None:
    """Folder, variables, filters and the description do not make another command."""
    failed = ran('cd /repo && CI=1 make check 2>&1 | tail -5', 'Exit code 2\nboom', description='Check it')
    assert still(failed) == ['bash make check']
    assert still(failed, ran('make check', 'all good', description='Check again')) == []


@pytest.mark.parametrize(
    ('command', 'output'),
    [
        ('rg -n nowhere src', 'Chunk ID: 1a2b\nProcess exited with code 1\nOutput:\n'),
        ('make', '[no result: this call was never answered]'),
        ('make', "The user doesn't want to proceed with this tool use."),
        ('make', '<tool_use_error>unknown argument</tool_use_error>'),
    ],
)
def test_what_found_nothing_or_never_ran_has_not_failed(command: str, output: str) -> None:
    """An empty search, a call that was turned down."""
    assert still(ran(command, output)) == []


def test_a_shell_in_the_background_reports_for_its_command() -> None:
    """Its session says which command a later result belongs to."""
    started = ran('make', 'Process running with session ID 77')
    wait = part('?b', '{"session_id": 77, "chars": ""}', tool='write_stdin')
    assert still(started, (2, wait, part('+b', 'Process exited with code 1\nboom', tool='write_stdin'))) == [
        'bash make'
    ]


def test_long_commands_that_begin_alike_are_two() -> None:
    """A script is told by its beginning and its end."""
    same = 'echo again; ' * 40
    commands = still(ran(f'{same} one', 'Exit code 1\nboom'), ran(f'{same} two', 'Exit code 1\nboom'))
    assert len(commands) == 2
    assert all(len(command) <= LONGEST for command in commands)


@pytest.mark.parametrize(
    ('output', 'lines'),
    [
        ('FAIL\tpkg [build failed]\na.go:3:1: undefined: x', ('a.go:3:1: undefined: x',)),
        ('Error Trace:\ta_test.go:3\n--- FAIL: TestSum (0.1s)', ('--- FAIL: TestSum (0.1s)',)),
        ('Chunk ID: 1\nProcess exited with code 1\nOutput:\nsh: x: not found', ('sh: x: not found',)),
    ],
)
def test_the_most_telling_line_is_told(output: str, lines: tuple[str, ...]) -> None:
    """A message says more than a summary, a test's name more than where it failed; a tool's frame says nothing."""
    assert set(lines) <= set(telling(output))
    brief = briefly(Failing('make all the things', 1, telling(output)), 1, 8)
    assert (brief.command, brief.lines) == ('make a …', lines)
