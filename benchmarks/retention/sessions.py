"""The recorded sessions the benchmark reads, system prompts taken out: a run sends those as instructions."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest, SystemPromptPart

SOURCES = ('claude_code_entire', 'codex_entire', 'pi_sessions')


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded conversation; `source` is the file's stem."""

    id: str
    source: str
    messages: list[ModelMessage]


def corpus() -> Path:
    """Where the recordings are: `COMPACTOR_CORPUS`, else `../shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / '..' / 'shared' / 'data'
    root = Path(os.environ.get('COMPACTOR_CORPUS') or beside).resolve() / 'conversations'
    if not root.is_dir():
        raise SystemExit('recorded conversations not found: set COMPACTOR_CORPUS')
    return root


def recorded(*sources: str, least: int = 0) -> Iterator[Recorded]:
    """The conversations of these files (all of `SOURCES` if none is named) with `least` characters or more."""
    for source in sources or SOURCES:
        with gzip.open(corpus() / f'{source}.jsonl.gz', 'rt', encoding='utf-8') as lines:
            for line in lines:
                if len(line) < least:
                    continue
                record = json.loads(line)
                messages = ModelMessagesTypeAdapter.validate_json(json.dumps(record['messages']))
                yield Recorded(record['id'], source, without_system_prompts(messages))


def without_system_prompts(messages: list[ModelMessage]) -> list[ModelMessage]:
    """The same history without system prompts; a request of nothing else goes."""
    kept: list[ModelMessage] = []
    for message in messages:
        if isinstance(message, ModelRequest) and any(isinstance(p, SystemPromptPart) for p in message.parts):
            parts = [part for part in message.parts if not isinstance(part, SystemPromptPart)]
            if parts:
                kept.append(replace(message, parts=parts))
        else:
            kept.append(message)
    return kept
