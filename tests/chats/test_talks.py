"""In chats without tools, what was said once is still there after a compaction, and the room for it is used."""

from __future__ import annotations

import pytest
from pydantic_ai.messages import ModelMessage

from compactor import compact
from tests.chats.talks import TALKS, Talk

MODEL = 'gpt-4o'
LEAST = 500


def text(messages: list[ModelMessage]) -> str:
    """All that the agent reads."""
    return '\n'.join(str(getattr(part, 'content', '')) for message in messages for part in message.parts)


@pytest.mark.parametrize('share', [0.3, 0.5])
@pytest.mark.parametrize('talk', TALKS, ids=lambda talk: talk.name)
def test_what_matters_is_still_known(talk: Talk, share: float) -> None:
    """Every answer stands in a third, and in half, of the tokens, but not in fewer than `LEAST`."""
    history = talk.messages()
    whole = compact(history, target_tokens=10**9, model=MODEL).tokens_before
    assert 900 <= whole <= 16_000
    after = compact(history, target_tokens=max(LEAST, int(whole * share)), model=MODEL)
    assert after.fits
    kept = text(list(after.messages))
    lost = [span for span in talk.answers if span not in kept]
    assert not lost


@pytest.mark.parametrize('talk', TALKS, ids=lambda talk: talk.name)
def test_twice_is_as_good_as_once(talk: Talk) -> None:
    """A compaction of what a compaction left changes nothing."""
    history = talk.messages()
    whole = compact(history, target_tokens=10**9, model=MODEL).tokens_before
    once = list(compact(history, target_tokens=whole // 3, model=MODEL).messages)
    assert list(compact(once, target_tokens=whole // 3, model=MODEL).messages) == once


@pytest.mark.parametrize('talk', [talk for talk in TALKS if talk.turns >= 40], ids=lambda talk: talk.name)
def test_the_room_is_used(talk: Talk) -> None:
    """Where something was left out that can be quoted, nineteen of twenty tokens are used."""
    history = talk.messages()
    whole = compact(history, target_tokens=10**9, model=MODEL).tokens_before
    after = compact(history, target_tokens=int(whole * 0.3), model=MODEL)
    assert after.tokens_after >= 0.95 * after.target
