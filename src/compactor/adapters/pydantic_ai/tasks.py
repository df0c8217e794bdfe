"""Station 3 in an agent: how many tokens the next answer may take, and what becomes of one that a limit of ours cut.

The limit travels in a copy of the request's settings. A `max_tokens` that the caller has set, for the run, the agent or
the model, is never touched, and an answer that it cuts is the caller's own.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from operator import is_
from threading import Lock
from typing import Any

from pydantic_ai import RunContext, exceptions
from pydantic_ai.messages import ModelMessage, ModelResponse

from compactor.adapters.pydantic_ai.memory import CONVERSATIONS, Memory
from compactor.adapters.pydantic_ai.models import ModelName, identify
from compactor.adapters.pydantic_ai.parts import texts_of
from compactor.adapters.pydantic_ai.reporting import Reporter
from compactor.adapters.pydantic_ai.settings import is_limited, thinking_of
from compactor.history.marks import is_mark, is_pin
from compactor.policy import TaskPolicy
from compactor.request.ceilings import output_ceiling
from compactor.request.figures import TaskFigures
from compactor.request.max_tokens import max_tokens_for, within
from compactor.request.task import Detected, Task, detect_task, says_nothing
from compactor.request.tools import takes_long_texts
from compactor.telemetry import events

MORE = 2
"""How many times its limit an answer that was cut is given."""


@dataclass(slots=True)
class _Run:
    """What is known about one run.

    Attributes:
        task: what its last request was taken for.
        limit: the `max_tokens` that we have set for that request; None if we have not.
        step: the run step of that request.
        least: a limit that a cut answer has shown to be needed.
        repeated: the run step whose answer was asked for once more.
        resend: the limit for that second attempt, until it is sent.
        home: the asyncio task that drives the run; a streamed request lives in another.
        told: task and limit of the last event.
        tools: the tool definitions last looked at, and whether some of them take long texts.
    """

    task: Task = Task.UNKNOWN
    limit: int | None = None
    step: int = -1
    least: int = 0
    repeated: int = -1
    resend: int | None = None
    home: int | None = None
    told: tuple[Task, int | None] | None = None
    tools: tuple[Sequence[Any], bool] = field(default=((), False))


class Tasks:
    """Limits the answers of the runs of one `Compactor`.

    Args:
        policy: limits by task.
        acting: set limits; else only report them.
        memory: sizes of requests and windows of models.
        reporter: hears of tasks and of cut answers.
    """

    def __init__(self, policy: TaskPolicy, acting: bool, memory: Memory, reporter: Reporter) -> None:
        self.figures = TaskFigures()
        self.limits = policy.limits()
        self._policy = policy
        self._patterns = policy.table()
        self._acting = acting
        self._memory = memory
        self._reporter = reporter
        self._lock = Lock()
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    # -- before a request ---------------------------------------------------------------------------------------

    def settings(self, ctx: RunContext[Any]) -> dict[str, Any]:
        """The settings of a run's next request, where no hook sees it: `max_tokens`, or nothing."""
        if not self.limits or is_limited(ctx.model_settings, ctx.model):
            return {}
        limit = self._decide(ctx, ctx.model, ctx.messages, None, ctx.model_settings)
        return {} if limit is None or not self._acting else {'max_tokens': limit}

    def set_limit(self, ctx: RunContext[Any], request: Any) -> None:
        """Sets `max_tokens` where the caller set none; the settings' own dict is never changed."""
        if not self.limits:
            return
        model = getattr(request, 'model', None) or ctx.model
        settings = request.model_settings or {}
        run = self._run(ctx)
        ours = run.step == ctx.run_step and run.limit is not None and settings.get('max_tokens') == run.limit
        if is_limited(settings, model) and not ours:  # `ours` if `Agent(model_settings=...)` has set it already
            run.limit = None
            return
        limit = self._decide(ctx, model, request.messages, request.model_request_parameters, settings)
        if limit is not None and self._acting:
            self.figures.limited(run.task)
            request.model_settings = {**settings, 'max_tokens': limit}

    def _decide(
        self, ctx: RunContext[Any], model: Any, messages: Sequence[ModelMessage], told: Any, settings: Any
    ) -> int | None:
        """The limit for a request; `told` are its parameters, None where nobody tells."""
        run, name = self._run(ctx), identify(model, ctx.run_id)
        ceiling, window, sent = self._room(ctx, name)
        if not self._policy.max_output_by_task:
            run.task = Task.UNKNOWN
            limit = within(max(self.limits[Task.UNKNOWN], run.least), ceiling, window, sent)
        else:
            detected = self._detected(messages)
            run.task = detected.task
            limit = max_tokens_for(
                detected.task,
                self.limits,
                ceiling=ceiling,
                window=window,
                input_tokens=sent,
                thinking=thinking_of(settings, model),
                structured=told is not None and is_structured(told),
                has_tools=told is None or bool(told.function_tools),
                long_arguments=told is None or self._long(run, told.function_tools),
                least=run.least,
            )
            if run.told != (detected.task, limit):
                run.told = (detected.task, limit)
                self._reporter.emit(
                    events.TaskDetected(ctx.run_id, name.full, detected.task.value, limit, detected.why)
                )
        run.limit, run.step = limit if self._acting else None, ctx.run_step
        return limit

    def _room(self, ctx: RunContext[Any], name: ModelName) -> tuple[int | None, int | None, int]:
        """What a model gives at most, its window, and what the request takes of it."""
        state = self._memory.known(ctx.run_id)
        ceiling = output_ceiling(name.full, self._policy.ceilings)
        return ceiling, self._memory.window(name), state.used if state is not None else 0

    def _detected(self, messages: Sequence[ModelMessage]) -> Detected:
        prompt, on_the_way = last_prompt(messages)
        return detect_task(prompt, in_tool_loop=on_the_way, patterns=self._patterns)

    def _long(self, run: _Run, tools: Sequence[Any]) -> bool:
        known, found = run.tools
        if len(known) != len(tools) or not all(map(is_, known, tools)):
            found = any(takes_long_texts(tool.parameters_json_schema) for tool in tools)
            run.tools = (list(tools), found)
        return found

    # -- after a request ----------------------------------------------------------------------------------------

    def at_home(self, ctx: RunContext[Any]) -> dict[str, Any]:
        """Remembers which asyncio task drives the run; for the hook that is asked for settings before each request."""
        self._run(ctx).home = _task()
        return {}

    def more_room(self, ctx: RunContext[Any], request: Any, response: ModelResponse) -> int | None:
        """The limit with which an answer is to be asked for once more; None for an answer that may stay.

        A streamed answer stays, as what was handed out cannot be taken back, and so does a second one.
        """
        run = self._runs.get(ctx.run_id or '')
        if run is None or run.limit is None or run.step != ctx.run_step or not is_cut(response, run.limit):
            return None
        if (request.model_settings or {}).get('max_tokens') != run.limit:
            return None  # somebody else has set another since
        name, limit = identify(getattr(request, 'model', None) or ctx.model, ctx.run_id), run.limit
        wanted = self._more(ctx, name, limit)
        asked = wanted if run.home is not None and run.home == _task() and run.repeated != ctx.run_step else None
        self.figures.was_cut(run.task, asked is not None)
        self._reporter.emit(events.AnswerCut(ctx.run_id, name.full, run.task.value, limit, asked))
        run.least = max(run.least, wanted or 0)
        if asked is not None:
            run.limit = run.resend = asked
            run.repeated = ctx.run_step
        return asked

    def _more(self, ctx: RunContext[Any], name: ModelName, limit: int) -> int | None:
        """Twice a limit, or as much of it as there is."""
        most = within(MORE * limit, *self._room(ctx, name))
        return most if most is not None and most > limit and self._policy.ask_again else None

    def give_room(self, ctx: RunContext[Any], request: Any) -> None:
        """Hands the larger limit to the second attempt at a request."""
        run = self._runs.get(ctx.run_id or '')
        if run is not None and run.resend is not None and run.repeated == ctx.run_step:
            request.model_settings = {**(request.model_settings or {}), 'max_tokens': run.resend}

    def told_of(self, ctx: RunContext[Any]) -> tuple[str, bool]:
        """What the run's request was taken for, '' where no task is looked for; and whether it is streamed.

        A streamed request lives in an asyncio task of its own.
        """
        run = self._run(ctx)
        task = run.task.value if self.limits and self._policy.max_output_by_task else ''
        return task, run.home is not None and run.home != _task()

    def forget(self, run_id: str | None) -> None:
        """Lets a run go."""
        with self._lock:
            self._runs.pop(run_id or '', None)

    def _run(self, ctx: RunContext[Any]) -> _Run:
        """What is known about a run; without an id it is not kept."""
        if not ctx.run_id:
            return _Run()
        with self._lock:
            run = self._runs.setdefault(ctx.run_id, _Run())
            self._runs.move_to_end(ctx.run_id)
            while len(self._runs) > CONVERSATIONS:
                self._runs.popitem(last=False)
            return run


async def asked_again(
    ctx: RunContext[Any],
    request: Any,
    first: ModelResponse,
    counted: bool,
    handler: Callable[[Any], Awaitable[Any]],
) -> Any:
    """The second answer to a request, for versions whose hooks cannot ask the framework for another attempt.

    Args:
        ctx: the run, to whose usage the answer is added that the framework will not count.
        request: the request with more room.
        first: the answer that was cut.
        counted: the framework has counted the first answer already, and then will not count one that replaces it.
        handler: sends a request; some versions let a hook call it only once, so that the model is asked itself.
    """
    try:
        second = await handler(request)
    except exceptions.UserError as error:
        if 'only once' not in str(error):
            raise
        second = await request.model.request(request.messages, request.model_settings, request.model_request_parameters)
        ctx.usage.incr(second.usage if counted else first.usage)
        return second
    if not counted:
        ctx.usage.incr(first.usage)
    return second


def last_prompt(messages: Sequence[ModelMessage]) -> tuple[str, bool]:
    """The last thing a person has written, and whether the agent has answered since.

    Notes of ours, pinned content and what a harness puts into prompts are not a person's words; what tools have
    returned is none of them either.
    """
    answered = False
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            answered = True
            continue
        for part in reversed(message.parts):
            if part.part_kind != 'user-prompt':
                continue
            content = part.content
            texts = [content] if isinstance(content, str) else [texts_of([item]) for item in content]
            text = '\n'.join(text for text in texts if text and not is_mark(text) and not is_pin(text))
            if not says_nothing(text):
                return text, answered
    return '', answered


def is_cut(response: ModelResponse, limit: int) -> bool:
    """Whether a limit has cut an answer.

    The provider says so; or, where it says nothing of the kind, the answer has the length of the limit and is no whole
    one: nothing but thinking, or a call whose arguments end in the middle.
    """
    if response.finish_reason == 'length':
        return True
    if response.usage.output_tokens < limit:
        return False
    last = response.parts[-1] if response.parts else None
    if getattr(last, 'part_kind', '') == 'tool-call':
        return not _is_whole(last)
    return all(part.part_kind == 'thinking' for part in response.parts)


def _is_whole(call: Any) -> bool:
    if not isinstance(call.args, str) or not call.args:
        return True
    try:
        json.loads(call.args)
    except (ValueError, RecursionError):
        return False
    return True


def is_structured(parameters: Any) -> bool:
    """Whether the answer must be, or may be, an object of a schema."""
    return bool(parameters.output_tools) or parameters.output_mode in ('native', 'prompted')


def _task() -> int | None:
    """The asyncio task that is running; None outside of one."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else id(task)
