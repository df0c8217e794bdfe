"""What was learned of each model: how its provider counts, and the window that a refusal has named."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from compactor.bounded import Bounded
from compactor.locks import new_lock
from compactor.policies.tokens import TokenPolicy
from compactor.run.model_name import ModelName
from compactor.tokens.calibrate import GUESS_WEIGHT, SEED_WEIGHT, Calibration
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.families import UNKNOWN
from compactor.tokens.windows import context_window, stated_window

SAFE = 1.5
"""The model's tokens per token of ours where nobody knows its tokenizer: about what the largest family has (1.51), as a
request that is counted too large is compacted early, and one that is counted too small is refused."""
STAND_INS = (None, 'function', 'test')
"""Providers of models that have no tokenizer, as long as nobody has vouched for an answer of theirs."""
MODELS = 64
"""Models whose calibration and learned window are kept."""


Source = Literal['policy', 'server', 'table', 'refusal', 'assumed']
"""Where a window comes from: the user, the server, the tables, a refusal (or a truncation), or nowhere."""


class Learned:
    """Bounded, and safe to share between threads.

    Args:
        policy: windows that a user has stated, and whether estimates are corrected.
    """

    def __init__(self, policy: TokenPolicy) -> None:
        self._policy = policy
        self._lock = new_lock()
        self.calibrations: Bounded[ModelName, Calibration] = Bounded(MODELS)
        """What reported usage has taught about counting for a model."""
        self.windows: Bounded[ModelName, int] = Bounded(MODELS)
        """Context windows, in tokens, that refusals have taught, and servers that truncate."""
        self.served: Bounded[ModelName, int] = Bounded(MODELS)
        """Context windows, in tokens, that servers have told."""
        self._vouched: Bounded[ModelName, bool] = Bounded(MODELS)
        self._assumed: Bounded[ModelName, bool] = Bounded(MODELS)

    @property
    def calibrates(self) -> bool:
        """Whether estimates are corrected by what providers report."""
        return self._policy.calibrate

    def counter(self, name: ModelName) -> Counter:
        """The counter for a model, calibrated by what its provider has reported."""
        counter = counter_for(name.full)
        learned = self.calibrations.get(name)
        if learned is not None and learned.samples and self._policy.calibrate:
            return counter.calibrated(learned.ratio)
        return replace(counter, ratio=SAFE) if self._guesses(name, counter) else counter

    def _guesses(self, name: ModelName, counter: Counter) -> bool:
        """Whether nothing at all is known of a model's tokenizer, and its answers will say more."""
        real = name in self._vouched or name.provider not in STAND_INS
        return real and counter.family == UNKNOWN.name and bool(counter.model) and self._policy.calibrate

    def calibrate(self, name: ModelName, calibration: Calibration | None, *, vouched: bool = False) -> None:
        """Keeps a model's calibration; None where there is none yet. `vouched`: a provider has reported a usage."""
        with self._lock:
            if vouched:
                self._vouched[name] = True
            self.calibrations[name] = calibration or self._seed(name)

    def _seed(self, name: ModelName) -> Calibration:
        counter = counter_for(name.full)
        if self._guesses(name, counter):
            return Calibration.seed(SAFE, GUESS_WEIGHT)
        return Calibration.seed(counter.ratio, GUESS_WEIGHT if counter.method == 'estimate' else SEED_WEIGHT)

    def learn_window(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a refusal has named."""
        with self._lock:
            self.windows[name] = window

    def serve(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a model's server serves it with."""
        with self._lock:
            self.served[name] = window

    def known(self, name: ModelName) -> int | None:
        """The window that the user has stated, that the server tells, or that the tables know."""
        stated = stated_window(name.full, self._policy.windows)
        if stated is not None:
            return stated
        return self.served.get(name) or context_window(name.full)

    def told(self, name: ModelName) -> int | None:
        """The window that the user has stated, or that the server tells."""
        return stated_window(name.full, self._policy.windows) or self.served.get(name)

    def source(self, name: ModelName) -> Source:
        """Who says how large a model's window is."""
        learned, known = self.windows.get(name), self.known(name)
        if learned is not None and (known is None or learned < known):
            return 'refusal'
        if stated_window(name.full, self._policy.windows) is not None:
            return 'policy'
        if self.served.get(name) is not None:
            return 'server'
        return 'assumed' if known is None else 'table'

    def assumes(self, name: ModelName) -> bool:
        """Whether nobody knows a model's window, and it is asked for the first time."""
        if self.window(name) is not None or name in self._assumed:
            return False
        with self._lock:
            self._assumed[name] = True
        return True

    def window(self, name: ModelName) -> int | None:
        """The smaller of the window the tables know and the one a refusal has taught."""
        known = self.known(name)
        learned = self.windows.get(name)
        return min(known, learned) if known and learned else known or learned
