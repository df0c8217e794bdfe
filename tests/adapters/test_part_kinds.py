"""One row for every kind of part: what it is, in every version of the framework."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pydantic_ai.messages as m
import pytest

from compactor import counter_for
from compactor.adapters.pydantic_ai.compat import SUMMARIES, SUMMARY_FRAME, members
from compactor.adapters.pydantic_ai.messages.measured import Row
from compactor.adapters.pydantic_ai.messages.media import CONTENT
from compactor.adapters.pydantic_ai.messages.request_parts import REQUEST
from compactor.adapters.pydantic_ai.messages.response_parts import RESPONSE
from compactor.adapters.pydantic_ai.messages.statements import STATES
from compactor.history.message import Kind
from compactor.tokens.counter import counter_for as text_counter_for

PAGE = Path(__file__).parents[2] / 'docs' / 'parts.md'


def kinds(union: Any, name: str) -> Iterator[str]:
    """The value of the field that tells the classes of a union apart."""
    for member in members(union):
        if is_dataclass(member):
            [kind] = [f.default for f in fields(member) if f.name == name]
            assert kind is not MISSING
            yield str(kind)


@pytest.mark.parametrize(
    ('union', 'table'), [(m.ModelRequestPart, REQUEST), (m.ModelResponsePart, RESPONSE)], ids=['requests', 'responses']
)
def test_every_part_of_this_version_has_a_row(union: Any, table: dict[str, Row]) -> None:
    """A part that the framework has and we do not know fails here, before it fails in a conversation."""
    found = set(kinds(union, 'part_kind'))
    assert len(found) >= 4
    assert found - table.keys() == set()


@pytest.mark.parametrize('union', ['UserContent', 'MultiModalContent'])
def test_every_item_of_content_has_a_row(union: str) -> None:
    """The same for what prompts and results hold."""
    found = set(kinds(getattr(m, union), 'kind'))
    assert len(found) >= 5
    assert found - CONTENT.keys() == set()


def test_what_states_something_is_bookkeeping() -> None:
    """Keys are worked out for bookkeeping, and for all of it."""
    assert STATES.keys() == {kind for kind, row in REQUEST.items() if row.what is Kind.DELTA}


def test_the_page_lists_the_tables() -> None:
    """`docs/parts.md` has a row for every row here, with the release that has it first."""
    listed = set(re.findall(r'^\| `([a-z-]+)` \| (requests|responses) \| ([\d.]+) \|', PAGE.read_text(), re.MULTILINE))
    tables = (('requests', REQUEST), ('responses', RESPONSE))
    assert listed == {(kind, side, row.since) for side, table in tables for kind, row in table.items()}


@pytest.mark.skipif(not SUMMARIES, reason='requests of this version hold no summaries')
@pytest.mark.parametrize('model', ['openai:gpt-4o', 'openai:gpt-4'])
def test_what_the_frame_around_a_summary_costs(model: str) -> None:
    """The framework's words around a summary are as many tokens as we say, or one fewer at a seam."""
    import pydantic_ai.models as models

    counter = text_counter_for(model)
    for text in ('One line.\nAnd another one.', 'abc', '[compactor 12345678] Digest', 'a(b)'):
        framed: str = models._conversation_summary_text(text)  # nobody else says it
        assert counter.base(framed) - counter.base(text) in (SUMMARY_FRAME - 1, SUMMARY_FRAME)
        message = m.ModelRequest([m.CompactionPart(text)])
        size = counter_for(model).count_messages([message])
        assert size == counter.scale(3 + counter.base(text) + SUMMARY_FRAME)
