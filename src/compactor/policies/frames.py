"""Station 3: what is said beside a prompt, by what it asks for; nothing unless it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from compactor import sources
from compactor.policies.station import Station
from compactor.request.task import BUILT_IN, Patterns
from compactor.routing.complexity import level_of
from compactor.routing.frames import Frame, FrameKind, FrameTable
from compactor.routing.tasks import Tasks

Score = Annotated[float, Field(ge=0, le=1)]


class FramesPolicy(Station):
    """Station 3: frames of prompts (`routing.frames`). Needs a capability.

    They stand at the end of each request, behind all that a provider has cached, are never recorded, and are counted in
    the ledger (`Entry.added_by_frames`).

    Attributes:
        use: the kinds that are added: 'role', 'steps', 'tradeoffs', 'example', 'structure'. None: nothing is.
        table: the table that comes with the library: 'tokenette' (ten roles, steps, trade-offs, examples, structure) or
            'ez-aigents' (five short roles).
        rows: frames of your own, before those of the table.
        tasks: phrases by task, over those of the table.
        quality: how good models are, 0 to 1, by pattern over 'provider:model', over those that the table knows; frames
            for models below the demand of a level are left out for one that is good enough.
        demands: by level, that demand, over those of the table.
    """

    use: tuple[FrameKind, ...] = ()
    table: str = 'tokenette'
    rows: tuple[Frame, ...] = ()
    tasks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    quality: Mapping[str, Score] = Field(default_factory=dict)
    demands: Mapping[str, Score] = Field(default_factory=dict)

    @field_validator('demands')
    @classmethod
    def _levels(cls, demands: Mapping[str, float]) -> Mapping[str, float]:
        return {level_of(name).label: value for name, value in demands.items()}

    @model_validator(mode='after')
    def _readable(self) -> Self:
        if self.model_fields_set:
            self.whole()
        return self

    def whole(self, patterns: Patterns = BUILT_IN) -> FrameTable:
        """The table, one's own rows before those that come with the library.

        Args:
            patterns: phrases of the six tasks, for prompts without any phrase of the table.

        Raises:
            ConfigError: there is no such table, or a row cannot be used.
        """
        below = sources.frames(self.table)
        like = sources.routing_preset(below['tasks_of']) if 'tasks_of' in below else {}
        under = {**like.get('tasks', {}), **below.get('tasks', {})}
        # One's own first: of tasks with as many phrases in a prompt the first is meant.
        phrases = {**self.tasks, **{name: texts for name, texts in under.items() if name not in self.tasks}}
        known = {str(one['model']): float(one['quality']) for one in like.get('models', ()) if 'quality' in one}
        demands: Mapping[str, Any] = {**below.get('demands', {}), **self.demands}
        return FrameTable(
            (*self.rows, *(Frame(**row) for row in below['rows'])),
            Tasks(phrases, like.get('default_task'), patterns),
            {level_of(name): float(value) for name, value in demands.items()},
            {**self.quality, **{model: value for model, value in known.items() if model not in self.quality}},
        )
