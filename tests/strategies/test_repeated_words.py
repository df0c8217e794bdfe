"""What a user says twice is meant twice."""

from __future__ import annotations

import pytest
from pydantic_ai.messages import ModelMessage, TextPart

from compactor import compact
from compactor.strategies import Dedupe, Prune
from tests.strategies.recorded import answer, applied, ask, ran, session, shown

LOG = 'a line of the log that says little\n' * 40


def talk() -> list[ModelMessage]:
    """Three times the user agrees in one word, and three times the same is done."""
    steps = [[answer(TextPart(f'Shall I run part {n}?')), ask('yes'), *ran(f'make part{n}', LOG)] for n in range(3)]
    return [message for step in steps for message in step]


@pytest.mark.parametrize('strategy', [Dedupe(keep_steps=1), Prune(keep_steps=1)], ids=lambda one: type(one).__name__)
def test_a_repeated_yes_is_kept(strategy: Dedupe | Prune) -> None:
    """Outputs that are alike may become one; words of a user never do."""
    assert shown(applied(strategy, session(talk())), 'user-prompt').count('yes') == 3


def test_a_digest_tells_of_each_of_them() -> None:
    """Where prompts are folded away, every one of them stands in the digest."""
    after = compact(session(talk()), target_tokens=700).messages
    text = '\n'.join(str(getattr(part, 'content', '')) for message in after for part in message.parts)
    assert text.count('yes') == 3
