"""What came out of a pack: the text, and of every item the form in which it stands there, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compactor.packing.forms import Form
from compactor.tokens.families import Method


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a pack.

    Attributes:
        name: its name.
        kind: what it is.
        tier: which share of the budget it was in: 'must_have', 'important', 'supplementary' or 'optional'.
        form: how much of it stands there.
        tokens_before: tokens of the whole.
        tokens_after: tokens of what stands there, its heading included.
        relevance: to the question, 0 to 1.
        worth: its weight by its relevance.
        why: why it stands there in this form.
    """

    name: str
    kind: str
    tier: str
    form: Form
    tokens_before: int
    tokens_after: int
    relevance: float
    worth: float
    why: str

    def to_json(self) -> dict[str, Any]:
        """The attributes, plain."""
        return {
            'name': self.name,
            'kind': self.kind,
            'tier': self.tier,
            'form': self.form.value,
            'tokens_before': self.tokens_before,
            'tokens_after': self.tokens_after,
            'relevance': round(self.relevance, 3),
            'worth': round(self.worth, 3),
            'why': self.why,
        }


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack.

    Attributes:
        text: what goes into the prompt; never over the budget less the reserve.
        items: every item, what is worth most first.
        budget: tokens that were given.
        reserve: of these, tokens that were kept free.
        tokens: tokens of `text`.
        estimated: tokens of all items as they came.
        model: for which model they were counted; '' for none.
        method: how far the counts can be trusted.
        intent: what the question was taken to be after; '' for nothing.
    """

    text: str
    items: tuple[Placed, ...]
    budget: int
    reserve: int
    tokens: int
    estimated: int
    model: str
    method: Method
    intent: str = ''

    @property
    def usage(self) -> float:
        """Share of the budget that is used."""
        return self.tokens / self.budget

    @property
    def shown(self) -> tuple[Placed, ...]:
        """Items of which more than the name stands there."""
        return tuple(one for one in self.items if one.form not in (Form.NAME, Form.LEFT_OUT))

    @property
    def missing(self) -> tuple[Placed, ...]:
        """Items that had to be there, and stand there in part or not at all."""
        return tuple(one for one in self.items if one.tier == 'must_have' and one.form is not Form.WHOLE)

    def to_json(self) -> dict[str, Any]:
        """The report: the fields of a token report, and a breakdown by item."""
        return {
            'budget': self.budget,
            'reserve': self.reserve,
            'estimated': self.estimated,
            'actual': self.tokens,
            'model': self.model,
            'method': self.method,
            'usagePercentage': round(100 * self.usage, 1),
            'intent': self.intent,
            'breakdown': [one.to_json() for one in self.items],
        }
