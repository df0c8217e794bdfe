"""Draws choices from bytes (`Genes`) and writes messages the way a run does (`Writer`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.usage import RequestUsage

from tests.laws.release import make
from tests.laws.texts import OUTPUTS, SURROGATES, Provider

T = TypeVar('T')

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Genes:
    """A cursor over drawn bytes: each choice reads one; past the end it reads 0, the simplest choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        value = self._data[self._at] if self._at < len(self._data) else 0
        self._at += 1
        return value % limit

    def pick(self, table: Sequence[T]) -> T:
        """One entry of the table."""
        return table[self.below(len(table))]

    def chance(self, one_in: int) -> bool:
        """True once in so many, and never when the byte is 0."""
        return self.below(one_in) == one_in - 1


@dataclass(slots=True)
class Writer:
    """Writes a history the way a run does: results and prompts gather in a request until a response."""

    provider: Provider
    id_scheme: str
    runs: bool
    instructions: str | None
    system_count: int
    text_size: int
    surrogates: bool
    compaction: bool
    legacy_retries: bool
    messages: list[ModelMessage] = field(default_factory=list)
    pending: list[Any] = field(default_factory=list)
    exchange: int = 0
    run_id: str | None = None
    serial: int = 0
    ids_used: int = 0
    merged: bool = False

    # texts and ids

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.serial)

    def text(self, table: Sequence[str], gene: int, repeats: int = 1) -> str:
        """A text of the table; three of four are numbered, so that a lost or moved one is seen."""
        self.serial += 1
        chosen = table[gene % len(table)] * repeats
        return chosen if gene // len(table) % 4 == 3 else f'{chosen} [{self.serial}]'

    def output(self, gene: int) -> str:
        if self.surrogates and gene % 8 == 7:
            return SURROGATES
        return self.text(OUTPUTS, gene, 1 + gene // 16 % self.text_size)

    def call_id(self) -> str:
        self.ids_used += 1
        return f'{self.provider.call_prefix}{self.ids_used:04d}'

    def part_id(self, prefix: str) -> dict[str, Any]:
        if not self.provider.part_ids:
            return {}
        self.serial += 1
        return {'id': f'{prefix}_{self.serial:06x}', 'provider_name': self.provider.name}

    # messages

    def send(self) -> None:
        """Put the gathered parts into a request."""
        request = make(
            ModelRequest,
            parts=self.pending,
            timestamp=self.now(),
            instructions=self.instructions,
            run_id=None if self.merged else self.run_id,
            conversation_id='conversation-1' if self.runs else None,
        )
        self.messages.append(request)
        self.pending, self.merged = [], False

    def respond(self, parts: list[Any], finish: str) -> None:
        self.serial += 1
        response = make(
            ModelResponse,
            parts=parts,
            usage=RequestUsage(input_tokens=100 + self.serial, output_tokens=10 + len(parts)),
            model_name=self.provider.model,
            timestamp=self.now(),
            provider_name=self.provider.name,
            provider_response_id=f'resp_{self.serial}' if self.provider.part_ids else None,
            finish_reason=finish,
            run_id=self.run_id,
            conversation_id='conversation-1' if self.runs else None,
        )
        self.messages.append(response)
