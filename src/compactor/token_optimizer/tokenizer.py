"""Tokens of many texts at once, and prompts cut to fit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from compactor.errors import ConfigError
from compactor.tokens.counter import counter_for

MODEL = 'gpt-3.5-turbo'
"""By whose tokenizer texts are counted where nobody says."""
WORKERS = 10
"""Threads at most, where nobody says. Counting shares the processor's cores; more of them serve requests that wait."""


class ParallelTokenizer:
    """Counts and cuts.

    Args:
        max_workers: threads at most, of counts and of a batch's requests; may be set at any time.

    Raises:
        ConfigError: (also where it is set) it is no whole number of at least 1.
    """

    def __init__(self, max_workers: int = WORKERS) -> None:
        self.max_workers = max_workers

    @property
    def max_workers(self) -> int:
        """Threads at most."""
        return self._max_workers

    @max_workers.setter
    def max_workers(self, number: int) -> None:
        if type(number) is not int or number < 1:
            raise ConfigError(f'max_workers is a number of threads, at least 1, not {number!r}')
        self._max_workers = number

    def count_tokens(self, text: str, model: str = MODEL) -> int:
        """Tokens of a text: exact where the model's tokenizer is public (`counter_for(model).method` says)."""
        return counter_for(model).count(text)

    def batch_count_tokens(self, texts: Sequence[str], model: str = MODEL) -> list[int]:
        """Tokens of each text, in their order, counted by `max_workers` threads."""
        if len(texts) < 2 or self.max_workers == 1:
            return [self.count_tokens(text, model) for text in texts]
        with ThreadPoolExecutor(min(self.max_workers, len(texts)), 'compactor-count') as threads:
            return list(threads.map(lambda text: self.count_tokens(text, model), texts))

    def optimize_prompt(self, prompt: str, max_tokens: int = 2_000, model: str = MODEL) -> str:
        """The prompt itself if it fits, else its longest beginning of at most `max_tokens` tokens.

        Cut between characters, never inside one. For what tools return, `compactor.shrink` keeps more of what matters.
        """
        return counter_for(model).fit(prompt, max_tokens)
