"""Station 1 in an agent: what its tools return is redacted and brought within its budget.

In capability mode a tool's result is taken at the tool's own hook. What no hook sees (unknown tools, refused
arguments, deferred results, native tools, and everything in processor mode) is taken when the history comes by, before
it is sent for the first time; there the results of a step are also held to what they may have together.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse, RetryPromptPart, ToolReturnPart

from compactor.adapters.pydantic_ai.archiving import Archiving, conversation_of
from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.memory import Memory
from compactor.adapters.pydantic_ai.messages import with_content
from compactor.adapters.pydantic_ai.models import ModelName, identify
from compactor.adapters.pydantic_ai.parts import texts_of
from compactor.adapters.pydantic_ai.reporting import Reporter
from compactor.adapters.pydantic_ai.tools import COMPACT, RECALL
from compactor.archive.archive import Archive
from compactor.digest.commands import arguments as arguments_of
from compactor.history.handles import HANDLE
from compactor.outputs.hint import hint_of
from compactor.outputs.shrinker import Shrinker
from compactor.outputs.values import as_json
from compactor.policy import Policy
from compactor.strategies.clamp import height_of
from compactor.telemetry import events
from compactor.tokens.counter import Counter

if TYPE_CHECKING:
    from compactor.outputs.shrink import Shrunk

UNTOUCHED = frozenset((RECALL, COMPACT, 'search_tools', 'load_capability'))
"""Tools of ours, whose answers are within a budget and without secrets already, and such whose results the framework
reads again."""
LEAST = 256
"""Tokens under which no result of a step is cut for the sake of the others."""
SAMPLE = 4_000
"""Characters counted to tell about how many tokens a long text had."""

_RECALL = re.compile(rf'\brecall ([0-9a-f]{{{HANDLE}}})\]')


@dataclass(frozen=True, slots=True)
class _Result:
    """A result that is about to be sent for the first time: where it stands, and the call it answers."""

    message: int
    part: int
    raw: Any
    call: Any

    @property
    def tool(self) -> str:
        """The tool's name."""
        return getattr(self.raw, 'tool_name', None) or ''

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What the tool was called with; parsed when asked for, as a tool's own hook has taken most results."""
        args = self.call.args if self.call is not None else None
        return arguments_of(args) if isinstance(args, str) else args or {}


class Outputs:
    """Takes the results of one `Compactor`'s agents; see there for what the arguments mean."""

    def __init__(self, policy: Policy, acting: bool, archiving: Archiving, memory: Memory, reporter: Reporter) -> None:
        self._policy = policy
        self._budgets = policy.outputs.table()
        self._secrets = policy.outputs.patterns()
        self._acting = acting
        self._archiving = archiving
        self._archives = policy.outputs.archive and acting
        self._memory = memory
        self._reporter = reporter

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do, whatever comes."""
        return not self._policy.outputs.enabled and self._secrets is None

    # -- at a tool's own hook -----------------------------------------------------------------------------------

    async def returned(self, ctx: RunContext[Any], call: Any, arguments: Mapping[str, Any], result: Any) -> Any:
        """What a tool returned, within its budget; the same object where nothing had to be done."""
        if self.idle or call.tool_name in UNTOUCHED:
            return result
        name = identify(ctx.model, ctx.run_id)
        state = self._memory.known(ctx.run_id)
        smaller = await self._value(ctx, name, state, call.tool_name, arguments, result)
        if state is not None:
            state.taken.add(call.tool_call_id)
        return smaller if self._acting else result

    async def failed(self, ctx: RunContext[Any], call: Any, arguments: Mapping[str, Any], error: BaseException) -> None:
        """Brings the message that a tool's error sends to the model within the tool's budget, in place."""
        retry = getattr(error, 'tool_retry', None)
        said = getattr(retry, 'content', None)
        if self.idle or not self._acting or call.tool_name in UNTOUCHED or not isinstance(said, str):
            return
        state = self._memory.known(ctx.run_id)
        if state is not None:
            state.taken.add(call.tool_call_id)
        smaller = await self._value(
            ctx, identify(ctx.model, ctx.run_id), state, call.tool_name, arguments, said, failed=True
        )
        if smaller is not said:
            error.tool_retry = with_content(retry, smaller)  # type: ignore[attr-defined]

    # -- when the history comes by ------------------------------------------------------------------------------

    async def settled(
        self, ctx: RunContext[Any], messages: list[ModelMessage], name: ModelName, state: Conversation
    ) -> list[ModelMessage]:
        """The history with its newest results within their budgets, alone and together; the same list if they were."""
        if self.idle:
            return messages
        changed: dict[tuple[int, int], Any] = {}
        results: list[tuple[_Result, Any]] = []
        for found in _newest(messages):
            value = said = found.raw.content
            if found.tool in UNTOUCHED or (isinstance(said, list) and isinstance(found.raw, RetryPromptPart)):
                continue  # a list in a retry is the framework's own account of what was wrong with the arguments
            if found.raw.tool_call_id not in state.taken:
                failed = True if isinstance(found.raw, RetryPromptPart) else None
                value = await self._value(ctx, name, state, found.tool, found.arguments, said, failed)
            if found.tool not in self._policy.history.protect_tools:
                results.append((found, value))
            if value is not said:
                changed[found.message, found.part] = value
        state.taken.clear()
        async for found, value in self._together(ctx, name, results):
            changed[found.message, found.part] = value
        if not changed or not self._acting:
            return messages
        return [_with(message, i, changed) for i, message in enumerate(messages)]

    async def _together(
        self, ctx: RunContext[Any], name: ModelName, results: Sequence[tuple[_Result, Any]]
    ) -> AsyncIterator[tuple[_Result, Any]]:
        """The largest texts of a step, cut to one height at which all results are within the step's budget."""
        if not self._policy.outputs.enabled or len(results) < 2:
            return
        counter = self._memory.counter(name)
        most = self._policy.outputs.step_tokens(self._trigger(name))
        sizes = [counter.count(text_of(value)) for _, value in results]
        if sum(sizes) <= most:
            return
        height = height_of(sizes, sum(sizes) - most, LEAST)
        for (found, value), size in zip(results, sizes, strict=True):
            if size > height and isinstance(value, str):
                shrinker = self._shrinker(ctx, name, found.tool, found.arguments)
                whole = await self._whole(ctx, value)
                smaller = await self._told(
                    ctx, name, found.tool, shrinker, whole if whole is not None else value, height
                )
                yield found, smaller

    async def _whole(self, ctx: RunContext[Any], text: str) -> str | None:
        """The output that a note's handle names, so that a second cut is one of the whole, not of what was left."""
        handles = _RECALL.findall(text)
        archive = self._archive(ctx)
        if not handles or archive is None:
            return None
        try:
            data = await self._beside(lambda: archive.get(handles[-1]))
        except Exception:  # noqa: BLE001 - what an archive raises is its own; what is left of the output is cut then
            return None
        return None if data is None else data.decode('utf-8', 'surrogatepass')

    def _archive(self, ctx: RunContext[Any]) -> Archive | None:
        """Where whole outputs go; None where nowhere, or where the archive is left alone for a while."""
        archiving = self._archiving.of(conversation_of(ctx))
        return archiving.archive if self._archives and archiving.ready else None

    async def _beside(self, work: Callable[[], Any]) -> Any:
        """Does something that may ask the archive: off the event loop where that blocks."""
        return await asyncio.to_thread(work) if self._archiving.blocking and self._archives else work()

    # -- both ---------------------------------------------------------------------------------------------------

    def _shrinker(self, ctx: RunContext[Any], name: ModelName, tool: str, arguments: Mapping[str, Any]) -> Shrinker:
        hint = hint_of(tool, arguments)
        counter = self._memory.counter(name)
        narrowing = self._policy.outputs.narrowing
        return Shrinker(hint, counter, narrowing, lambda: _asked(ctx), self._archive(ctx), self._secrets)

    async def _value(
        self,
        ctx: RunContext[Any],
        name: ModelName,
        state: Conversation | None,
        tool: str,
        arguments: Mapping[str, Any],
        value: Any,
        failed: bool | None = None,
    ) -> Any:
        """A result redacted and within its own budget, which counts towards the run's."""
        shrinker = self._shrinker(ctx, name, tool, arguments)
        if not self._policy.outputs.enabled or tool in self._policy.history.protect_tools:
            return shrinker.redacted(value)
        used, spent = (state.used, state.spent) if state is not None else (0, 0)
        tokens = self._budgets.of_call(tool, shrinker.hint.family, trigger=self._trigger(name), used=used, spent=spent)
        smaller = await self._told(ctx, name, tool, shrinker, value, tokens, failed)
        if state is not None and self._budgets.run is not None:
            state.spent += shrinker.counter.count(text_of(smaller))
        if state is not None and smaller is not value and self._acting:
            state.trimmed += max(0, about(text_of(value), shrinker.counter) - about(text_of(smaller), shrinker.counter))
        return smaller

    async def _told(
        self,
        ctx: RunContext[Any],
        name: ModelName,
        tool: str,
        shrinker: Shrinker,
        value: Any,
        tokens: int,
        failed: bool | None = None,
    ) -> Any:
        """A result within so many tokens, and an event for what was made smaller."""
        told: list[Shrunk] = []
        lost: list[Exception] = []
        shrinker = replace(shrinker, on_shrunk=told.append, on_lost=lost.append)
        try:
            smaller = await self._beside(
                lambda: shrinker.value(value, tokens, stderr=self._budgets.stderr, failed=failed)
            )
        except Exception as error:  # noqa: BLE001 - tools return anything; the agent goes on with what they returned
            said = shrinker.redacted(f'{type(error).__name__}: {error}')
            self._reporter.emit(events.OutputFailed(ctx.run_id, name.full, tool, said))
            return shrinker.redacted(value)
        for loss in lost[:1]:
            self._archiving.lost(ctx.run_id, name.full, loss)
        if told and self._reporter.listening:
            self._reporter.emit(
                events.OutputReduced(
                    ctx.run_id,
                    name.full,
                    tool,
                    told[-1].kind.value,
                    told[-1].level.value,
                    sum(about(shrunk.original, shrinker.counter) for shrunk in told),
                    sum(shrunk.tokens_after for shrunk in told),
                    not self._acting,
                )
            )
        return smaller

    def _trigger(self, name: ModelName) -> int:
        return self._policy.history.limits(self._memory.window(name)).trigger


def _newest(messages: Sequence[ModelMessage]) -> Iterator[_Result]:
    """The results since the last response, and in it those of the provider's own tools that are plain text."""
    last = next((i for i in range(len(messages) - 1, -1, -1) if isinstance(messages[i], ModelResponse)), -1)
    spoken: Sequence[Any] = messages[last].parts if last >= 0 else ()
    calls = {part.tool_call_id: part for part in spoken if _is_call(part)}
    for i in range(max(0, last), len(messages)):
        parts: Sequence[Any] = messages[i].parts
        for j, part in enumerate(parts):
            native = part.part_kind == 'builtin-tool-return' and isinstance(part.content, str)
            if not native and type(part) not in (ToolReturnPart, RetryPromptPart):
                continue  # a subclass is the framework's own: it reads its content again
            yield _Result(i, j, part, calls.get(part.tool_call_id))


def _is_call(part: Any) -> bool:
    return part.part_kind in ('tool-call', 'builtin-tool-call')


def text_of(value: Any) -> str:
    """What the model reads of a result, for counting."""
    return value if isinstance(value, str) else as_json(value) or ''


def about(text: str, counter: Counter) -> int:
    """Tokens of a text; of a long one about, from its beginning: counting it whole would cost more than cutting it."""
    if len(text) <= 4 * SAMPLE:
        return counter.count(text)
    return counter.count(text[:SAMPLE]) * len(text) // SAMPLE


def _with(message: ModelMessage, i: int, changed: Mapping[tuple[int, int], Any]) -> ModelMessage:
    """A message with other contents in some of its parts; the same object where it has none of them."""
    if not any(at == i for at, _ in changed):
        return message
    parts: list[Any] = [
        with_content(part, changed[i, j]) if (i, j) in changed else part for j, part in enumerate(message.parts)
    ]
    raw: Any = message
    rewritten: ModelMessage = replace(raw, parts=parts)
    return rewritten


def _asked(ctx: RunContext[Any]) -> str:
    """The texts of the run's prompt."""
    prompt = ctx.prompt
    return prompt if isinstance(prompt, str) else texts_of(prompt or ())
