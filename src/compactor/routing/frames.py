"""Frames of prompts: a role, steps, trade-offs, an example, a structure, by what is asked for and how hard that is.

A frame costs tokens with every request of a run. Whether it makes an answer better is for whoever switches it on to
find out; here it is only chosen, and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator

from compactor.routing.complexity import DEFAULT, Complexity, Factors, Scale, level_of
from compactor.routing.row import Row, normal
from compactor.routing.tasks import Tasks

FrameKind = Literal['role', 'steps', 'tradeoffs', 'example', 'structure']
"""What a frame is. They are put together in this order."""
KINDS: tuple[FrameKind, ...] = get_args(FrameKind)
HEADING = 'How to answer, from the application:'
"""Stands above frames, so that nobody takes them for the user's newest words."""


class Frame(Row):
    """One row of the table.

    Attributes:
        kind: see `FrameKind`; of the rows of a kind the first that suits is taken.
        tasks: the tasks it is for; none for any.
        complexity: the levels it is for; none for any.
        below: only for a model whose quality is below the demand of the level, or not known.
        text: what is said.
    """

    kind: FrameKind
    text: Annotated[str, Field(min_length=1, max_length=4_000)]
    tasks: tuple[str, ...] = ()
    complexity: tuple[Complexity, ...] = ()
    below: bool = False

    @field_validator('tasks')
    @classmethod
    def _lower(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(normal, names))

    @field_validator('complexity', mode='before')
    @classmethod
    def _levels(cls, value: Any) -> Any:
        return tuple(map(level_of, value)) if isinstance(value, list | tuple) else value

    @field_validator('text')
    @classmethod
    def _bare(cls, text: str) -> str:
        return text.strip()

    def suits(self, task: str, level: Complexity, *, enough: bool) -> bool:
        """Whether it is for a request.

        Args:
            task: what is asked for.
            level: how hard that is.
            enough: the model is known to be as good as the level demands.
        """
        return (
            (not self.tasks or task in self.tasks)
            and (not self.complexity or level in self.complexity)
            and not (self.below and enough)
        )


@dataclass(frozen=True, slots=True)
class Framed:
    """The frames of one request.

    Attributes:
        text: what is said, with its heading; '' for nothing.
        task: what the prompt was taken for.
        level: how hard that was found.
        kinds: which frames those are.
    """

    text: str
    task: str
    level: Complexity
    kinds: tuple[FrameKind, ...]


@dataclass(frozen=True)
class FrameTable:
    """A table of frames.

    Attributes:
        rows: the frames.
        tasks: tells what a prompt asks for.
        demands: by level, the quality from which on a model is good enough to do without what is for those `below`.
        quality: how good models are, 0 to 1, by pattern; the first that matches.
        scale: tells how hard it is.
    """

    rows: tuple[Frame, ...]
    tasks: Tasks = field(default_factory=Tasks)
    demands: Mapping[Complexity, float] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    scale: Scale = DEFAULT

    def of(self, prompt: str, model: str, kinds: Collection[FrameKind] = KINDS) -> Framed:
        """The frames of a request.

        Args:
            prompt: the last thing a person has written.
            model: who answers, as 'provider:model'.
            kinds: those that are wanted.
        """
        task = normal(self.tasks.of(prompt))
        level = self.scale.measure(Factors(prompt or None)).level
        return self.frames(task, level, kinds, enough=self._is_enough(model, level))

    def frames(
        self, task: str, level: Complexity, kinds: Collection[FrameKind] = KINDS, *, enough: bool = False
    ) -> Framed:
        """The frames for a task of a level; `enough` where the model is known to be as good as that demands."""
        found: dict[FrameKind, str] = {}
        for row in self.rows:
            if row.kind in kinds and row.kind not in found and row.suits(task, level, enough=enough):
                found[row.kind] = row.text
        order = tuple(kind for kind in KINDS if kind in found)
        text = '\n'.join(found[kind] for kind in order)
        return Framed(f'{HEADING}\n{text}' if text else '', task, level, order)

    def _is_enough(self, model: str, level: Complexity) -> bool:
        known = next((value for pattern, value in self.quality.items() if fnmatchcase(model, pattern)), None)
        demand = self.demands.get(level)
        return known is not None and demand is not None and known >= demand
