"""Station 3 in an agent: chooses the frames of each request, and counts what they add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compactor.policies.frames import FramesPolicy
from compactor.request.task import Patterns
from compactor.routing.frames import Framed
from compactor.run.model_name import ModelName
from compactor.run.tasks import LastPrompt


class Frames:
    """The frames of one `Compactor`.

    Args:
        policy: which are added.
        patterns: phrases of the six tasks.
        last_prompt: reads the framework's history (see `RunFormat`).
    """

    def __init__(self, policy: FramesPolicy, patterns: Patterns, last_prompt: LastPrompt) -> None:
        self.used = bool(policy.use)
        self._kinds = policy.use
        self._table = policy.whole(patterns) if self.used else None
        self._last_prompt = last_prompt

    def of(self, messages: Sequence[Any], name: ModelName) -> Framed | None:
        """The frames of a request; None where none are added.

        Args:
            messages: its history, in the framework's own objects.
            name: who is expected to answer.
        """
        if self._table is None:
            return None
        prompt, _ = self._last_prompt(messages)
        return self._table.of(prompt, name.full or '', self._kinds)
