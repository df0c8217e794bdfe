"""How often limits have cut answers, by task: what the table of limits is tuned by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compactor.locks import new_lock
from compactor.request.task import Task


@dataclass(frozen=True, slots=True)
class TaskCount:
    """Requests of one task.

    Attributes:
        requests: requests that were given a limit.
        cut: answers that the limit cut, second attempts among them.
        asked_again: how many of those were asked for once more.
    """

    requests: int = 0
    cut: int = 0
    asked_again: int = 0


class TaskFigures:
    """Counts by task; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._counts: dict[Task, TaskCount] = {}

    def __getitem__(self, task: Task) -> TaskCount:
        """What is counted for a task."""
        return self._counts.get(task, TaskCount())

    def __repr__(self) -> str:
        return f'TaskFigures({self.counts()})'

    def counts(self) -> dict[Task, TaskCount]:
        """What is counted so far, by task."""
        with self._lock:
            return dict(self._counts)

    def limited(self, task: Task) -> None:
        """Counts a request."""
        with self._lock:
            count = self[task]
            self._counts[task] = replace(count, requests=count.requests + 1)

    def was_cut(self, task: Task, again: bool) -> None:
        """Counts an answer that was cut."""
        with self._lock:
            count = self[task]
            self._counts[task] = replace(count, cut=count.cut + 1, asked_again=count.asked_again + again)
