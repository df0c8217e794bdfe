"""Station 2, the strategies: each frees tokens from a history in one way; `strategy.py` says what one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compactor.strategies.clamp import Clamp
from compactor.strategies.clear import Clear
from compactor.strategies.dedupe import Dedupe
from compactor.strategies.digest import Digest
from compactor.strategies.prune import Prune
from compactor.strategies.strategy import Question, Room, Strategy
from compactor.strategies.summarise import Summarise
from compactor.strategies.window import Window

STRATEGIES: Mapping[str, Callable[[int], Strategy]] = {
    'exchanges': lambda keep_steps: Window(to_fit=False, name='exchanges'),
    'digest': lambda keep_steps: Digest(),
    'summarise': lambda keep_steps: Digest(),
    'prune': lambda keep_steps: Prune(keep_steps=keep_steps),
    'dedupe': lambda keep_steps: Dedupe(keep_steps=keep_steps),
    'clear': lambda keep_steps: Clear(keep_steps=keep_steps),
    'window': lambda keep_steps: Window(),
    'clamp': lambda keep_steps: Clamp(),
}
"""What policies call them, each made with the policy's `keep_steps`. `Summarise` runs in place of a digest, under
either of its names, where a driver has a summariser."""
OTHER_NAMES: Mapping[str, str] = {
    'sliding_window': 'window',
    'summarization': 'summarise',
    'summarisation': 'summarise',
    'summarize': 'summarise',
    'selective_pruning': 'prune',
}
"""What others call them; a policy holds our names."""

__all__ = [
    'OTHER_NAMES',
    'STRATEGIES',
    'Clamp',
    'Clear',
    'Dedupe',
    'Digest',
    'Prune',
    'Question',
    'Room',
    'Strategy',
    'Summarise',
    'Window',
]
