"""The tools an agent gets with a `Compactor` as a capability: `recall`, and on request `compact_history`.

`recall` is offered once something was left out of the conversation, and then stays: its definition never changes, so
that it costs a provider's prompt cache nothing after the rewrite that has spoilt the cache anyway.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.tools import Tool, ToolDefinition
from pydantic_ai.toolsets import FunctionToolset

from compactor.adapters.pydantic_ai import compat
from compactor.archive.archive import Archive
from compactor.archive.recall import Fit, recall, recall_output
from compactor.bounded import Bounded
from compactor.locks import new_lock
from compactor.run.archiving import LONGEST
from compactor.run.clock import replayed, world
from compactor.run.runs import RUNS
from compactor.run.timed import timed
from compactor.run.tool_names import COMPACT, RECALL
from compactor.run.worker import apart
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets

NO_ANSWER = 'What was left out cannot be read at the moment: the archive does not answer. Go on without it for now.'
_RECALL = (
    'Gives back, in full, a step of this conversation that was left out or shortened to save context. Steps are'
    ' numbered from 1, as #n in digests. Without step, query or pattern is looked for in all of'
    ' them. A note "recall <digits>" in a shortened output names that output.'
)
_COMPACT = (
    'Asks for this conversation to be compacted before your next turn. Use it when a phase of the work is done and'
    ' its details are not needed any more; what is left out can be recalled. With focus you say what you will still'
    ' need most.'
)
_HINT = (
    "Rename your tool, or switch ours off: `recall_tool = false` in the policy's [archive] table, or"
    ' `compact_tool = false` in [history]. Of two compactors on one agent only one can have them.'
)


class OurTools(FunctionToolset[Any]):
    """The tools of a compactor, which say what to do where a name of theirs is taken."""

    @property
    def tool_name_conflict_hint(self) -> str:
        """What the framework's error goes on to say."""
        return _HINT


def recall_tool(
    archive_of: Callable[[RunContext[Any]], Archive],
    max_tokens: int,
    handle: Callable[[RunContext[Any]], str | None],
    fit: Callable[[RunContext[Any]], Fit],
    offered: Callable[[RunContext[Any]], Awaitable[bool]],
    secrets: Secrets | None = HIGH_CONFIDENCE,
    earlier: bool = False,
) -> Tool[Any]:
    """The tool that reads the archive; it reads only what the run's own history has the handle of.

    With `earlier` also what a query finds in the tenant's other conversations, where the archive knows of them.
    """

    async def read(
        ctx: RunContext[Any],
        step: int = 0,
        lines: str = '',
        pattern: str = '',
        page: int = 1,
        output: str = '',
        query: str = '',
    ) -> str:
        """Reads the archive.

        Args:
            ctx: the run.
            step: number of the step.
            lines: only these lines, such as "10-40".
            pattern: only lines with this regular expression or text.
            page: page of a long answer.
            output: digits from an output's note, instead of a step.
            query: words or names; tells which steps are about them.
        """
        archive = archive_of(ctx)
        others: Archive | None = getattr(archive, 'all_of_them', None) if earlier else None
        if not replayed():
            archive, others = timed(archive, LONGEST) or archive, timed(others, LONGEST)
        what = (
            partial(recall_output, archive, output)
            if output
            else partial(recall, archive, handle(ctx), step or None, query=query or None)
        )
        reading = partial(
            what,
            lines=lines or None,
            pattern=pattern or None,
            page=page,
            max_tokens=max_tokens,
            fit=fit(ctx),
            secrets=secrets,
            earlier=others,
        )
        try:
            return await apart(reading)
        except TimeoutError:
            return NO_ANSWER

    async def prepare(ctx: RunContext[Any], definition: ToolDefinition) -> ToolDefinition | None:
        return definition if await offered(ctx) else None

    here = compat.in_the_workflow()
    return Tool(read, takes_ctx=True, name=RECALL, description=_RECALL, prepare=prepare, **here)


_offering: Bounded[str, object] = Bounded(RUNS)
"""Which compactor offers its `recall` in a run, the newest runs last: of two on one agent it is the first."""
_choosing = new_lock()


def first_to_offer(run: str | None, compactor: object) -> bool:
    """Whether this compactor is the one whose `recall` a run is offered."""
    if not run:
        return True
    with _choosing:
        return _offering.of(run + world(), lambda: compactor) is compactor


def compact_tool(ask: Callable[[RunContext[Any], str], str]) -> Tool[Any]:
    """The tool with which a model says that now is a good time to compact; what is asked for answers whether it is."""

    async def compact_history(ctx: RunContext[Any], focus: str = '') -> str:
        return ask(ctx, focus)

    return Tool(compact_history, takes_ctx=True, name=COMPACT, description=_COMPACT, **compat.in_the_workflow())
