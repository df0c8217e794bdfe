"""The official harness's compactions without a model, given our tokenizer and the same target.

`tiered` is the chain its documentation recommends, with its sliding window in place of the summariser: superseded
file reads, then old tool results, then the oldest messages. `keep_tokens` is how the window is told a size; the
harness takes it as the least to keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from pydantic_ai.messages import ModelMessage, ToolCallPart
from pydantic_ai.models.test import TestModel

from .laws import COUNTER

INSTALLED = find_spec('pydantic_ai_harness') is not None
READS = ('read', 'read_file')


def sliding(history: Sequence[ModelMessage], target: int) -> list[ModelMessage]:
    """Its sliding window alone."""
    return _run(_window(target), history)


def tiered(history: Sequence[ModelMessage], target: int) -> list[ModelMessage]:
    """Its tiers, cheapest first, until the target is met."""
    from pydantic_ai_harness.compaction import ClearToolResults, DeduplicateFileReads, TieredCompaction

    tiers = [
        DeduplicateFileReads(file_key=_file_key, tokenizer=COUNTER.count),
        ClearToolResults(max_tokens=1, keep_pairs=3, tokenizer=COUNTER.count),
        _window(target),
    ]
    return _run(TieredCompaction(tiers=tiers, target_tokens=target, tokenizer=COUNTER.count), history)


def _window(target: int) -> Any:
    from pydantic_ai_harness.compaction import SlidingWindowCompaction

    return SlidingWindowCompaction(max_tokens=1, keep_tokens=target, tokenizer=COUNTER.count)


def _run(strategy: Any, history: Sequence[ModelMessage]) -> list[ModelMessage]:
    from pydantic_ai_harness.compaction import compact_now

    compacted: list[ModelMessage] = asyncio.run(compact_now(strategy, list(history), model=TestModel()))
    return compacted


def _file_key(call: ToolCallPart) -> str | None:
    if call.tool_name.lower() not in READS:
        return None
    args = call.args_as_dict()
    path = args.get('file_path') or args.get('path')
    # A read of other lines is another read.
    return f'{path} {args.get("offset")} {args.get("limit")}' if isinstance(path, str) else None
