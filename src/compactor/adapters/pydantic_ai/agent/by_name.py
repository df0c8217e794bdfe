"""`Compactor('auto')`: the preset follows from the name of the model that a run goes to."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from compactor.adapters.pydantic_ai.models import identify
from compactor.policy import Policy

C = TypeVar('C')


class ByName(Generic[C]):
    """Compactors by the policy that suits a model, each made when a model first asks for it.

    Args:
        load: the policy for a model of this name.
        make: a compactor with a policy.
        plain: the one for models that nothing is known of.
        of: the policy of a compactor.
    """

    def __init__(
        self, load: Callable[[str | None], Policy], make: Callable[[Policy], C], plain: C, of: Callable[[C], Policy]
    ) -> None:
        self._load = load
        self._make = make
        self._made = [plain]
        self._of = of
        self._known: dict[str | None, C] = {}
        self._lock = Lock()

    @property
    def made(self) -> list[C]:
        """Those that were made for the name of a model."""
        return self._made[1:]

    def suiting(self, model: object, run: str | None = None) -> C:
        """The compactor for a model; of a chain, for the model that is expected to answer first."""
        name = identify(model, run).full
        found = self._known.get(name)
        if found is not None:
            return found
        with self._lock:
            policy = self._load(name)
            found = next((one for one in self._made if self._of(one) == policy), None)
            if found is None:
                found = self._make(policy)
                self._made.append(found)
            if len(self._known) >= NAMES:
                self._known.clear()
            self._known[name] = found
            return found


NAMES = 256
"""Names of models that are remembered; beyond, they are looked at anew."""
