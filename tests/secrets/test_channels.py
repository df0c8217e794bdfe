"""Whatever channel a secret comes by, no copy of it holds it; record and wire are as policy has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.secrets.channels import CHANNELS, COPIES, Lived, lived

OURS_TO_REDACT = (
    'result',
    'key of a result',
    'beside a result',
    'retry of a tool',
    'failure of a tool',
    'error of the provider',
    'failure of a sink',
)
"""What a tool gives to the model is redacted before it is sent; the rest is the user's, the agent's, or never sent."""


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """What one agent with a secret in each channel has left behind."""
    folder: Path = tmp_path_factory.mktemp('lived')
    return lived(folder)


def test_no_copy_holds_a_secret(found: Lived) -> None:
    """Of any channel, in any copy: 0 found."""
    table = found.table()
    assert {
        (channel, copy): table[channel][copy] for channel in CHANNELS for copy in COPIES if table[channel][copy]
    } == {}


@pytest.mark.parametrize('copy', COPIES)
def test_there_is_something_in_each_copy(copy: str, found: Lived) -> None:
    """So that a copy in which nothing is found was made at all."""
    assert any(found.copies[copy])


def test_the_record_and_the_wire(found: Lived) -> None:
    """What tools give is redacted in both, what others say in neither: the two never differ."""
    for channel, row in found.table().items():
        assert row['record'] == row['wire'] == (channel not in OURS_TO_REDACT), channel


def test_what_was_redacted_is_marked(found: Lived) -> None:
    """In the copies of what was said, for each channel that comes by there."""
    for copy in ('archive in memory', 'archive in a store', 'prompts of the summariser', 'digests', 'response cache'):
        assert any('[REDACTED-' in text for text in found.copies[copy]), copy
