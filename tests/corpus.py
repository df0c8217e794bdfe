"""Recorded conversations and tool outputs, which are no part of the repository.

They are read where `COMPACTOR_CORPUS` points, else in `../shared/data` beside the repository; tests that need
them carry `needs_corpus` and are skipped where they are absent.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

NAMES = (
    'claude_code_entire',
    'codex_entire',
    'gemini_compression_scenarios',
    'gemini_trajectory',
    'mini_swe_deepseek_dev',
    'oddities_unrepaired',
    'openhands_sdk',
    'pi_sessions',
    'pydantic_ai_cassettes',
    'qmsum_val',
    'swe_agent_demos',
    'tau2_bench',
    'tau_bench',
    'toolbench',
)
MISSING = 'recorded conversations not found: set COMPACTOR_CORPUS'


@dataclass(frozen=True, slots=True)
class Conversation:
    """One recorded conversation: `source` is the file's stem, `failed` counts the messages not loaded."""

    id: str
    source: str
    messages: list[ModelMessage]
    failed: int


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """One recorded tool output; its `kind` was assigned by pattern and is not beyond doubt."""

    file: str
    kind: str
    tool: str | None
    command: str | None
    text: str


@cache
def corpus_root() -> Path | None:
    """The directory that holds `conversations/`, or None where there is none; looked for once a process."""
    beside = Path(__file__).resolve().parents[1] / '..' / 'shared' / 'data'
    root = Path(os.environ.get('COMPACTOR_CORPUS') or beside).resolve()
    return root if (root / 'conversations').is_dir() else None


needs_corpus = pytest.mark.skipif(corpus_root() is None, reason=MISSING)


def _root() -> Path:
    root = corpus_root()
    if root is None:
        raise FileNotFoundError(MISSING)
    return root


def conversations(*names: str, limit: int | None = None) -> Iterator[Conversation]:
    """The conversations of the named files (all of `NAMES` if none is named), at most `limit` of each file.

    Read line by line, so that one conversation at a time is in memory.
    """
    for name in names or NAMES:
        with gzip.open(_root() / 'conversations' / f'{name}.jsonl.gz', 'rt', encoding='utf-8') as lines:
            for number, line in enumerate(lines):
                if limit is not None and number >= limit:
                    break
                record = json.loads(line)
                messages, failed = _loaded(record['messages'])
                yield Conversation(record['id'], name, messages, failed)


def _loaded(raw: list[Any]) -> tuple[list[ModelMessage], int]:
    """The messages that this release can load, and how many it cannot (1.x refuses newer outcomes)."""
    try:
        return ModelMessagesTypeAdapter.validate_json(json.dumps(raw)), 0
    except ValidationError:
        # One bad message refuses the whole list, so each is tried alone.
        pass
    messages: list[ModelMessage] = []
    failed = 0
    for message in raw:
        try:
            messages += ModelMessagesTypeAdapter.validate_json(json.dumps([message]))
        except ValidationError:
            failed += 1
    return messages, failed


def tool_outputs(*kinds: str, limit: int | None = None) -> Iterator[ToolOutput]:
    """The recorded tool outputs of the given kinds (all if none is given), at most `limit` altogether."""
    folder = _root() / 'tool_outputs'
    found = 0
    for line in (folder / 'manifest.jsonl').read_text(encoding='utf-8').splitlines():
        entry = json.loads(line)
        if kinds and entry['kind'] not in kinds:
            continue
        if limit is not None and found >= limit:
            return
        found += 1
        text = gzip.decompress((folder / entry['file']).read_bytes()).decode('utf-8', errors='replace')
        yield ToolOutput(entry['file'], entry['kind'], entry.get('tool'), entry.get('command'), text)
