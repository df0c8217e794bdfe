"""The others, each through its own function and with the settings that suit it best here.

`harness` is what `ToolOutputLimits` does to a text it may not store: its truncation to beginning and end, without
escape sequences, at the most characters whose result is within the budget. `headroom` compresses a conversation whose
last message is the output, which it is told not to protect; it knows no budget, and its text model, which would have
to be downloaded, is off.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

from retention.laws import COUNTER, MODEL

from .cases import Case

HARNESS = find_spec('pydantic_ai_harness') is not None
HEADROOM = find_spec('headroom') is not None
ATTEMPTS = 6


def harness(case: Case, budget: int) -> str:
    """pydantic-ai-harness: `Truncate` of `ToolOutputLimits`."""
    from pydantic_ai_harness.tool_output_limits import TruncationStrategy
    from pydantic_ai_harness.tool_output_limits._payload import strip_ansi, truncate_text

    text: str = strip_ansi(case.text)
    tokens = COUNTER.count(text)
    if tokens <= budget:
        return text
    characters = int(len(text) * budget / tokens)
    cut: str = truncate_text(text, characters, TruncationStrategy.head_tail)
    for _ in range(ATTEMPTS):
        size = COUNTER.count(cut)
        if 0.97 * budget <= size <= budget:
            break
        characters = int(characters * 0.99 * budget / size)
        cut = truncate_text(text, characters, TruncationStrategy.head_tail)
    return cut


def headroom(case: Case, budget: int) -> str:
    """headroom: its pipeline on one tool message; the same for every budget."""
    del budget
    return _compressed(case.text, case.tool, case.command)


@lru_cache(maxsize=4_096)
def _compressed(text: str, tool: str, command: str) -> str:
    os.environ.setdefault('HEADROOM_OFFLINE', '1')
    os.environ.setdefault('HEADROOM_TELEMETRY', 'off')
    logging.getLogger('headroom').setLevel(logging.ERROR)
    # Not imported by name: it is installed for this benchmark alone.
    compress = import_module('headroom').compress
    call = {'id': 'c1', 'type': 'function', 'function': {'name': tool or 'bash', 'arguments': command}}
    messages = [
        {'role': 'user', 'content': 'please continue'},
        {'role': 'assistant', 'content': None, 'tool_calls': [call]},
        {'role': 'tool', 'tool_call_id': 'c1', 'content': text},
    ]
    result = compress(
        messages,
        model=MODEL,
        protect_recent=0,
        protect_analysis_context=False,
        min_tokens_to_compress=50,
        kompress_model='disabled',
    )
    content = result.messages[-1]['content']
    return content if isinstance(content, str) else text
