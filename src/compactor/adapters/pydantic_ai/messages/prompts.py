"""What a person has asked last, in a history of pydantic-ai messages."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelResponse

from compactor.adapters.pydantic_ai.messages.media import texts_of
from compactor.history.marks import looks_marked
from compactor.request.task import says_nothing


def last_prompt(messages: Sequence[ModelMessage]) -> tuple[str, bool]:
    """The last thing a person has written, and whether the agent has answered since.

    Notes of ours, pinned content, what looks like either, and what a harness puts into prompts are not a person's
    words; what tools have returned is none of them either.
    """
    answered = False
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            answered = True
            continue
        for part in reversed(message.parts):
            if part.part_kind not in ('user-prompt', 'speech'):
                continue
            content = part.content  # of speech, the transcript
            texts = [content] if isinstance(content, str) else [texts_of([item]) for item in content]
            text = '\n'.join(text for text in texts if text and not looks_marked(text))
            if not says_nothing(text):
                return text, answered
    return '', answered
