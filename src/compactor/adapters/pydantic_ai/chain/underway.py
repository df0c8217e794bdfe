"""What a chain of models knows of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from compactor.adapters.pydantic_ai.chain.link import Link
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.seal import NOBODY, Seal
from compactor.routing.route import Route
from compactor.run.counted import Counted
from compactor.run.model_name import ModelName
from compactor.tokens.counter import Counter


@dataclass(slots=True)
class Underway:
    """The requests of one run at the models of one chain.

    Attributes:
        chosen: the link that was found, looking ahead, for its next request.
        route: how its last request was routed.
        counted: its history as each model is sent it.
        seal: by which notes of ours in it are known.
    """

    chosen: Link | None = None
    route: Route | None = None
    counted: dict[tuple[ModelName, str], Counted] = field(default_factory=dict)
    seal: Seal = NOBODY

    def forget(self, counted: Counted) -> None:
        """Forgets a history as it was counted: work on it was given up that may still go on beside the loop."""
        self.counted = {key: one for key, one in self.counted.items() if one is not counted}

    def counted_for(self, name: ModelName, counter: Counter, seal: Seal) -> Counted:
        """The history as a model is sent it, new if that model has not been asked; `seal` is that of the history."""
        self.seal = seal
        key = (name, counter.encoding)
        found = self.counted.get(key)
        if found is None:
            found = self.counted[key] = Counted.start(MessageReader(counter, seal=lambda: self.seal))
        return found
