"""The tools an agent gets with a `Compactor` as a capability: `recall`, and on request `compact_history`.

Their definitions never change within a run, so they cost a provider's prompt cache nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.tools import Tool

from compactor.archive.archive import Archive, blocks
from compactor.archive.recall import Fit, recall, recall_output

RECALL = 'recall'
COMPACT = 'compact_history'

_RECALL = (
    'Gives back, in full, a step of this conversation that was left out or shortened to save context. Steps are'
    ' numbered from 1, as #n in digests. Without step, pattern is looked for in all of them. A note "recall <digits>"'
    ' in a shortened output names that output.'
)
_COMPACT = (
    'Asks for this conversation to be compacted before your next turn. Use it when a phase of the work is done and'
    ' its details are not needed any more; what is left out can be recalled.'
)
_COMPACTING = 'The conversation will be compacted before your next turn.'


def recall_tool(
    archive_of: Callable[[RunContext[Any]], Archive],
    max_tokens: int,
    handle: Callable[[RunContext[Any]], str | None],
    fit: Callable[[RunContext[Any]], Fit],
) -> Tool[Any]:
    """The tool that reads the archive; it reads only what the run's own history has the handle of."""

    async def read(
        ctx: RunContext[Any], step: int = 0, lines: str = '', pattern: str = '', page: int = 1, output: str = ''
    ) -> str:
        """Reads the archive.

        Args:
            ctx: the run.
            step: number of the step.
            lines: only these lines, such as "10-40".
            pattern: only lines with this regular expression or text.
            page: page of a long answer.
            output: digits from an output's note, instead of a step.
        """
        archive = archive_of(ctx)
        what = (
            partial(recall_output, archive, output) if output else partial(recall, archive, handle(ctx), step or None)
        )
        reading = partial(
            what, lines=lines or None, pattern=pattern or None, page=page, max_tokens=max_tokens, fit=fit(ctx)
        )
        return await asyncio.to_thread(reading) if blocks(archive) else reading()

    return Tool(read, takes_ctx=True, name=RECALL, description=_RECALL)


def compact_tool(ask: Callable[[RunContext[Any]], None]) -> Tool[Any]:
    """The tool with which a model says that now is a good time to compact."""

    async def compact_history(ctx: RunContext[Any]) -> str:
        ask(ctx)
        return _COMPACTING

    return Tool(compact_history, takes_ctx=True, name=COMPACT, description=_COMPACT)
