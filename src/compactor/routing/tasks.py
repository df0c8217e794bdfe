"""What a prompt asks for: one of the six tasks of `request.task`, or a name from a table of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compactor.request.task import BUILT_IN, Patterns, detect_task, question_of
from compactor.routing.letter import held
from compactor.routing.phrases import Phrases
from compactor.routing.row import normal


class Tasks:
    """Names of tasks by the phrases that tell them.

    Args:
        phrases: phrases by task; the task with the most phrases found is meant, of equals the first of the table.
        default: the task where none is found; None for one of the six.
        patterns: the table of the six.
        anywhere: find phrases inside of words too ('architect' in 'architecture'), each for itself.
    """

    def __init__(
        self,
        phrases: Mapping[str, Iterable[str]] | None = None,
        default: str | None = None,
        patterns: Patterns = BUILT_IN,
        anywhere: bool = False,
    ) -> None:
        rows = {normal(name): tuple(texts) for name, texts in (phrases or {}).items()}
        self._names = tuple(rows)
        self._rows = rows if anywhere else {}
        self._phrases = Phrases(rows) if rows and not anywhere else None
        self._default = None if default is None else normal(default)
        self._patterns = patterns

    def of(self, prompt: str) -> str:
        """The task of a prompt."""
        found = self._phrases.find(question_of(prompt)) if self._phrases is not None else {}
        if self._rows:
            question = question_of(prompt)
            found = {name: some for name, texts in self._rows.items() if (some := held(question, texts))}
        if found:
            return max(self._names, key=lambda name: len(found.get(name, ())))
        return self._default or detect_task(prompt, patterns=self._patterns).task.value
