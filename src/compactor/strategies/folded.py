"""What a digest is filled from: a fold and its steps, by their shapes; `digest.py` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote
from compactor.digest.evidence import Lines
from compactor.history.marks import Left
from compactor.history.message import Part
from compactor.history.turns import History
from compactor.history.turns import Step as Whole


class Step(Protocol):
    """One step that is folded, see `digest.Folded`."""

    @property
    def step(self) -> Whole:
        """As it may be quoted."""
        ...

    @property
    def ordinal(self) -> int:
        """Its place in the conversation."""
        ...

    @property
    def back(self) -> int:
        """Tokens between it and the end."""
        ...

    @property
    def whole(self) -> Whole:
        """As it stands in the history."""
        ...


class Fold(Protocol):
    """What is folded and what stays, see `digest.Fold`."""

    @property
    def kept(self) -> History:
        """The history without what is folded."""
        ...

    @property
    def steps(self) -> Sequence[Step]:
        """What is folded, oldest first."""
        ...

    @property
    def said(self) -> tuple[Quote, ...]:
        """The users' words that go."""
        ...

    @property
    def before(self) -> Document:
        """The digest that stood in the history."""
        ...

    @property
    def shown(self) -> tuple[Lines, ...]:
        """The lines of what is kept."""
        ...

    @property
    def asked(self) -> tuple[Quote, ...]:
        """The prompts that stay."""
        ...

    @property
    def shortened(self) -> tuple[tuple[int, Part, Part], ...]:
        """The calls of what is kept whose results were cut."""
        ...

    @property
    def beside(self) -> tuple[Quote, ...]:
        """What was put beside outputs."""
        ...

    @property
    def there(self) -> tuple[tuple[int, Part, Part], ...]:
        """The other calls of what is kept."""
        ...

    @property
    def banded(self) -> Sequence[Step]:
        """The steps of the middle band as they were: the digest tells what their results held."""
        ...

    def left(self) -> Left:
        """How much the digest stands for."""
        ...
