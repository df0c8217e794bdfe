"""Station 3 in an agent: how many tokens the next answer may take, and what becomes of one that a limit of ours cut.

The limit travels in a copy of the request's settings. A `max_tokens` that the caller has set, for the run, the agent or
the model, is never touched, and an answer that it cuts is the caller's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

from compactor.policies.tasks import TaskPolicy
from compactor.request.ceilings import output_ceiling
from compactor.request.figures import TaskFigures
from compactor.request.max_tokens import max_tokens_for, within
from compactor.request.task import Detected, Task, detect_task
from compactor.request.tools import takes_long_texts
from compactor.run.answer import Answer
from compactor.run.learned import Learned
from compactor.run.model_name import ModelName
from compactor.run.reporting import Reporter
from compactor.run.run import Definition, Run, Tools
from compactor.run.state import Limit, RunState
from compactor.telemetry import events

MORE = 2
"""How many times its limit an answer that was cut is given."""

LastPrompt = Callable[[Sequence[Any]], tuple[str, bool]]
"""The last thing a person has written in a history, and whether the agent has answered since."""


class Tasks:
    """Limits the answers of the runs of one `Compactor`.

    Args:
        policy: limits by task.
        acting: set limits; else only report them.
        learned: windows of models.
        reporter: hears of tasks and of cut answers.
        last_prompt: reads the framework's history (see `RunFormat`).
    """

    def __init__(
        self, policy: TaskPolicy, acting: bool, learned: Learned, reporter: Reporter, last_prompt: LastPrompt
    ) -> None:
        self.figures = TaskFigures()
        self.limits = policy.limits()
        self._policy = policy
        self._patterns = policy.table()
        self._acting = acting
        self._learned = learned
        self._reporter = reporter
        self._last_prompt = last_prompt

    # -- before a request ---------------------------------------------------------------------------------------

    def wanted(self, run: Run, state: RunState) -> int | None:
        """The `max_tokens` of a run's next request, where no hook sees it; None to set none."""
        if not self.limits or run.limited:
            return None
        limit = self._decide(run, state)
        return limit if self._acting else None

    def limit(self, run: Run, state: RunState) -> int | None:
        """The `max_tokens` to set for a request; None where the caller has set one, or none is wanted."""
        if not self.limits:
            return None
        known = state.limit
        ours = known.step == run.step and known.tokens is not None and run.max_tokens == known.tokens
        if run.limited and not ours:  # `ours` if `Agent(model_settings=...)` has set it already
            known.tokens = None
            return None
        limit = self._decide(run, state)
        if limit is None or not self._acting:
            return None
        self.figures.limited(known.task)
        return limit

    def _decide(self, run: Run, state: RunState) -> int | None:
        known = state.limit
        ceiling, window, sent = self._room(run.name, state)
        if not self._policy.max_output_by_task:
            known.task = Task.UNKNOWN
            limit = within(max(self.limits[Task.UNKNOWN], known.least), ceiling, window, sent)
        else:
            detected = self._detected(run.messages)
            known.task = detected.task
            limit = max_tokens_for(
                detected.task,
                self.limits,
                ceiling=ceiling,
                window=window,
                input_tokens=sent,
                thinking=run.thinking,
                structured=run.tools.structured,
                has_tools=not run.tools.known or bool(run.tools.others),
                long_arguments=not run.tools.known or _long(known, run.tools),
                least=known.least,
                floors=self._policy.at_least,
            )
            if known.told != (detected.task, limit):
                known.told = (detected.task, limit)
                self._reporter.emit(
                    events.TaskDetected(run.id, run.name.full, detected.task.value, limit, detected.why)
                )
        known.tokens, known.step = limit if self._acting else None, run.step
        return limit

    def _room(self, name: ModelName, state: RunState) -> tuple[int | None, int | None, int]:
        """What a model gives at most, its window, and what the request takes of it."""
        return output_ceiling(name.full, self._policy.ceilings), self._learned.window(name), state.used

    def _detected(self, messages: Sequence[Any]) -> Detected:
        prompt, on_the_way = self._last_prompt(messages)
        doubted = on_the_way and bool(self._policy.at_least)
        return detect_task(prompt, in_tool_loop=doubted, patterns=self._patterns)

    # -- after a request ----------------------------------------------------------------------------------------

    def more_room(self, run: Run, state: RunState, answer: Answer) -> int | None:
        """The limit with which an answer is to be asked for once more; None for an answer that may stay.

        A streamed answer stays, as what was handed out cannot be taken back, and so does a second one.
        """
        known = state.limit
        limit = known.tokens
        if limit is None or known.step != run.step or not is_cut(answer, limit):
            return None
        if run.max_tokens != limit:
            return None  # somebody else has set another since
        wanted = self._more(run.name, state, limit)
        again = state.home is not None and state.home == this_task() and known.repeated != run.step
        asked = wanted if again else None
        self.figures.was_cut(known.task, asked is not None)
        self._reporter.emit(events.AnswerCut(run.id, run.name.full, known.task.value, limit, asked))
        known.least = max(known.least, wanted or 0)
        if asked is not None:
            known.tokens = known.resend = asked
            known.repeated = run.step
        return asked

    def _more(self, name: ModelName, state: RunState, limit: int) -> int | None:
        """Twice a limit, or as much of it as there is."""
        most = within(MORE * limit, *self._room(name, state))
        return most if most is not None and most > limit and self._policy.ask_again else None

    def given_room(self, step: int, state: RunState) -> int | None:
        """The larger limit for the second attempt at a request; None where there is no such attempt."""
        return state.limit.resend if state.limit.repeated == step else None

    def note(self, state: RunState) -> None:
        """Notes what a run's request was taken for, '' where no task is looked for; and whether it is streamed.

        A streamed request lives in an asyncio task of its own.
        """
        state.task = state.limit.task.value if self.limits and self._policy.max_output_by_task else ''
        state.streamed = state.home is not None and state.home != this_task()


def is_cut(answer: Answer, limit: int) -> bool:
    """Whether a limit has cut an answer.

    The provider says so; or, where it says nothing of the kind, the answer has the length of the limit and is no whole
    one.
    """
    if answer.finish_reason == 'length':
        return True
    return answer.output_tokens >= limit and answer.broken()


def _long(known: Limit, tools: Tools) -> bool:
    """Whether some tools take long texts; looked at again only when one of them is another object."""
    definitions: Sequence[Definition] = tools.others  # ours take short arguments
    before, found = known.tools
    if len(before) != len(definitions) or not all(map(is_, before, definitions)):
        found = any(takes_long_texts(tool.parameters_json_schema) for tool in definitions)
        known.tools = (list(definitions), found)
    return found


def this_task() -> int | None:
    """The asyncio task that is running; None outside of one."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else id(task)
