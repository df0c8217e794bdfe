"""The outputs: all recorded tool outputs, and large ones out of recorded conversations."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from retention.laws import COUNTER
from retention.sessions import corpus

from .extract import facts_of
from .facts import Found
from .kinds import GIVEN, What, parses, what_is
from .reading import shown

LEAST = 2_000
"""Tokens of an output in a conversation from which it is taken."""
MOST = 400
"""Outputs taken from conversations, those whose hashes come first."""
SOURCES = (
    'claude_code_entire',
    'codex_entire',
    'pi_sessions',
    'mini_swe_deepseek_dev',
    'gemini_trajectory',
    'tau2_bench',
)


@dataclass(frozen=True)
class Case:
    """One output.

    Attributes:
        id: where it comes from.
        given: its kind by the manifest, '' where there is none.
        text: as the tool returned it.
        tool: the tool's name, '' if it is not known.
        command: the command line, the file or the pattern that it was called with.
    """

    id: str
    given: str
    text: str
    tool: str
    command: str

    @cached_property
    def tokens(self) -> int:
        """Tokens of the whole text as a terminal shows it."""
        return COUNTER.count(shown(self.text))

    @cached_property
    def _found(self) -> tuple[What, Found]:
        text = shown(self.text)
        return facts_of(GIVEN.get(self.given) or what_is(text, self.tool, self.command), text)

    @property
    def what(self) -> What:
        """Its kind; 'other' where the patterns of its kind find nothing."""
        return self._found[0]

    @property
    def facts(self) -> Found:
        """What it says."""
        return self._found[1]

    @cached_property
    def is_json(self) -> bool:
        """Whether it parses."""
        return parses(self.text)


def cases(limit: int | None = None) -> list[Case]:
    """Every output, or of each of the two sources every n-th so that there are `limit` at most."""
    recorded = list(_recorded())
    known = {case.text for case in recorded}
    large = {case.text: case for case in _conversations() if case.text not in known}
    chosen = sorted(large.values(), key=lambda case: hashlib.sha256(case.text.encode(errors='replace')).hexdigest())
    found = [*recorded, *_first(chosen)]
    return found if limit is None else found[:: max(1, -(-len(found) // limit))]


def _first(found: list[Case]) -> Iterator[Case]:
    """Texts of `LEAST` tokens and more."""
    taken = 0
    for case in found:
        if case.tokens > LEAST:
            yield case
            taken += 1
            if taken == MOST:
                return


def _recorded() -> Iterator[Case]:
    folder = corpus().parent / 'tool_outputs'
    with (folder / 'manifest.jsonl').open(encoding='utf-8') as lines:
        for record in map(json.loads, lines):
            text = _read(folder / record['file'])
            yield Case(record['file'], record['kind'], text, record.get('tool') or '', record.get('command') or '')


def _read(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode('utf-8', 'replace')


def _conversations() -> Iterator[Case]:
    for source in SOURCES:
        with gzip.open(corpus() / f'{source}.jsonl.gz', 'rt', encoding='utf-8') as lines:
            for record in map(json.loads, lines):
                yield from _returns(f'{source}/{record["id"]}', record['messages'])


def _returns(name: str, messages: list[dict[str, Any]]) -> Iterator[Case]:
    said: dict[str, str] = {}
    for part in (part for message in messages for part in message.get('parts', ())):
        if part.get('part_kind') == 'tool-call':
            said[str(part.get('tool_call_id'))] = _command(part.get('args'))
        elif part.get('part_kind') == 'tool-return':
            text, call = part.get('content'), str(part.get('tool_call_id'))
            if isinstance(text, str) and len(text) > LEAST * 2:
                yield Case(f'{name}/{call}', '', text, part.get('tool_name') or '', said.get(call, ''))


def _command(args: Any) -> str:
    if isinstance(args, str):
        try:
            args = json.loads(args)
        except ValueError:
            return str(args)
    if not isinstance(args, dict):
        return ''
    for key in ('command', 'cmd', 'file_path', 'path', 'pattern', 'query', 'url', 'prompt'):
        value = args.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            return ' '.join(map(str, value))
    return ''
