"""The forms in which an item may stand in a pack, each made by what is there for outputs of tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from compactor.outputs.allowance import LEAST, Allowance
from compactor.outputs.clean import clean
from compactor.outputs.code_text.languages import language_of
from compactor.outputs.code_text.signatures import Block, Role, outline
from compactor.outputs.hint import Family, Hint
from compactor.outputs.level import Level, Narrowing
from compactor.outputs.pieces import Piece, pick
from compactor.outputs.reducers.prose import reduce_prose
from compactor.outputs.shrink import reduced
from compactor.packing.item import Content, Item
from compactor.packing.profile import Strategy
from compactor.secrets.redact import Secrets, redact
from compactor.tokens.counter import Counter

OUTLINED = 400_000
"""Characters of a text whose definitions are looked for."""


class Form(StrEnum):
    """How much of an item stands in a pack."""

    WHOLE = 'whole'
    REDUCED = 'reduced'
    CAPSULE = 'capsule'
    NAME = 'name'
    LEFT_OUT = 'left out'


@dataclass
class Source:
    """An item with what was found out about it, each once and when first asked for: of many items few are shown.

    Attributes:
        item: the item.
        kind: what it is.
        tokens: of its text as it came.
        secrets: what is redacted before anything is cut; None for nothing.
        relevance: to the question, 0 to 1.
        worth: its weight by its relevance.
        asked: what of it the question names.
    """

    item: Item
    kind: str
    tokens: int
    secrets: Secrets | None
    relevance: float = 0.0
    worth: float = 0.0
    asked: frozenset[str] = field(default_factory=frozenset, repr=False)

    @cached_property
    def text(self) -> str:
        """Its text without secrets, and without what a terminal would not show."""
        whole = self.item.text
        return clean(whole if self.secrets is None else redact(whole, self.secrets))

    @cached_property
    def lines(self) -> list[str]:
        """The lines of `text`."""
        return self.text.split('\n')

    @cached_property
    def language(self) -> str:
        """The language of a source text; '' for anything else."""
        return language_of(self.text[:4_000], self.item.name) if self.kind in (Content.CODE, Content.TESTS) else ''

    @cached_property
    def outline(self) -> list[Block]:
        """Its definitions."""
        return outline(self.lines, self.language) if self.language and len(self.text) <= OUTLINED else []


def smaller(source: Source, tokens: int, counter: Counter) -> tuple[str, bool]:
    """An item made smaller by its kind, and whether all of it is still there; '' where nothing of use fits."""
    shrunk = reduced(source.text, _allowance(source, tokens, counter), _hint(source), narrowing=_SUMMARY)
    return (shrunk.text, shrunk.level is Level.FULL)


def capsule(source: Source, tokens: int, counter: Counter, how: Strategy) -> str:
    """An item in a few lines; '' where nothing of use fits."""
    allowance = _allowance(source, tokens, counter)
    made: str | None = None
    if how is Strategy.SIGNATURES and source.language:
        made = _signatures(source, allowance)
    elif how is Strategy.KEY_POINTS and not source.language:
        made = reduce_prose(source.text, allowance)
    if made and allowance.holds(made):
        return made
    return reduced(source.text, allowance, _hint(source), narrowing=_SUMMARY).text


_SUMMARY = Narrowing.SMART_SUMMARY


def _signatures(source: Source, allowance: Allowance) -> str | None:
    lines = source.lines
    asks = allowance.asking(source.text)
    pieces = []
    for block in source.outline:
        if block.role is Role.FUNCTION or block.role is Role.CONTAINER:
            text = '\n'.join(lines[block.start : block.body])
            pieces.append(Piece(text, 0.5 if asks is not None and asks(text) else 1.0))
    return pick(pieces, allowance, unit='definitions') if pieces else None


def _allowance(source: Source, tokens: int, counter: Counter) -> Allowance:
    return Allowance(max(LEAST, tokens), counter, question=source.asked, path=source.item.name)


def _hint(source: Source) -> Hint:
    return Hint(Family.FILE_READ, path=source.item.name)
