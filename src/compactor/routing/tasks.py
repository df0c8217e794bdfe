"""What a prompt asks for: one of the six tasks of `request.task`, or a name from a table of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compactor.request.task import BUILT_IN, Patterns, detect_task, question_of
from compactor.routing.phrases import Phrases
from compactor.routing.row import normal


class Tasks:
    """Names of tasks by the phrases that tell them.

    Args:
        phrases: phrases by task; the task with the most phrases found is meant, of equals the first of the table.
        default: the task where none is found; None for one of the six.
        patterns: the table of the six.
    """

    def __init__(
        self,
        phrases: Mapping[str, Iterable[str]] | None = None,
        default: str | None = None,
        patterns: Patterns = BUILT_IN,
    ) -> None:
        rows = {normal(name): tuple(texts) for name, texts in (phrases or {}).items()}
        self._names = tuple(rows)
        self._phrases = Phrases(rows) if rows else None
        self._default = None if default is None else normal(default)
        self._patterns = patterns

    def of(self, prompt: str) -> str:
        """The task of a prompt."""
        found = self._phrases.find(question_of(prompt)) if self._phrases is not None else {}
        if found:
            return max(self._names, key=lambda name: len(found.get(name, ())))
        return self._default or detect_task(prompt, patterns=self._patterns).task.value
