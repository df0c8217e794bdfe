"""What a `Compactor` remembers from one request to the next: the runs in flight, and what was learned of each model."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.models import ModelName
from compactor.policy import TokenPolicy
from compactor.tokens.calibrate import Calibration
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.windows import context_window

CONVERSATIONS = 64
"""Runs whose state is kept at once; a run beyond them is read afresh at its next request."""
MODELS = 64
"""Models whose calibration and learned window are kept."""


class Memory:
    """Bounded, and safe to share between threads."""

    def __init__(self, policy: TokenPolicy) -> None:
        self._policy = policy
        self._lock = Lock()
        self.conversations: OrderedDict[str, Conversation] = OrderedDict()
        """State of the runs in flight by run id."""
        self._parked: OrderedDict[tuple[str | None, tuple[str, str]], Conversation] = OrderedDict()
        """States of runs whose requests go to another model for now, which counts in another encoding."""
        self.calibrations: OrderedDict[ModelName, Calibration] = OrderedDict()
        """What reported usage has taught about counting for a model."""
        self.windows: OrderedDict[ModelName, int] = OrderedDict()
        """Context windows, in tokens, that refusals have taught."""

    # -- runs ---------------------------------------------------------------------------------------------------

    def conversation(self, run_id: str | None, counter: Counter) -> Conversation:
        """The state of a run, new if there is none that counts in this encoding; without an id it is not kept."""
        encoding = (counter.encoding, counter.family)
        with self._lock:
            found = self.conversations.get(run_id) if run_id else None
            if found is None:
                found = Conversation.start(counter)
            elif found.encoding != encoding:
                before, found = found, self._parked.pop((run_id, encoding), None) or Conversation.start(counter)
                found.take_over(before)
                _put(self._parked, (run_id, before.encoding), before, CONVERSATIONS)
            if run_id:
                _put(self.conversations, run_id, found, CONVERSATIONS)
            return found

    def known(self, run_id: str | None) -> Conversation | None:
        """The state of a run, if there is one."""
        return self.conversations.get(run_id or '')

    def forget(self, run_id: str | None) -> None:
        """Lets a run go."""
        with self._lock:
            state = self.conversations.pop(run_id or '', None)
            for key in [key for key in self._parked if key[0] == run_id]:
                del self._parked[key]
        if state is not None:
            state.drop_ahead()

    @property
    def calibrates(self) -> bool:
        """Whether estimates are corrected by what providers report."""
        return self._policy.calibrate

    # -- models -------------------------------------------------------------------------------------------------

    def counter(self, name: ModelName) -> Counter:
        """The counter for a model, calibrated by what its provider has reported."""
        counter = counter_for(name.full)
        learned = self.calibrations.get(name)
        if learned is not None and learned.samples and self._policy.calibrate:
            return counter.calibrated(learned.ratio)
        return counter

    def calibrate(self, name: ModelName, calibration: Calibration | None) -> None:
        """Keeps a model's calibration; None where there is none yet."""
        with self._lock:
            _put(self.calibrations, name, calibration or Calibration.seed(counter_for(name.full).ratio), MODELS)

    def learn_window(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a refusal has named."""
        with self._lock:
            _put(self.windows, name, window, MODELS)

    def window(self, name: ModelName) -> int | None:
        """The smaller of the window the tables know and the one a refusal has taught."""
        known = context_window(name.full, self._policy.windows)
        learned = self.windows.get(name)
        return min(known, learned) if known and learned else known or learned


def _put(mapping: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Stores the newest entry and lets the least recently used one go."""
    mapping[key] = value
    mapping.move_to_end(key)
    while len(mapping) > most:
        mapping.popitem(last=False)
