"""A reducer for outputs whose lines have the numbers of a file before them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from compactor.digest.gutter import without_gutter
from compactor.outputs.allowance import Allowance

NOTE = '[line numbers of the file left out]'


def ungutter(reducer: Callable[[str, Allowance], str | None]) -> Callable[[str, Allowance], str | None]:
    """A reducer that gets its text without the numbers before the lines, and says that they are gone."""

    @wraps(reducer)
    def reduce(text: str, allowance: Allowance) -> str | None:
        bare = without_gutter(text)
        if bare is None:
            return reducer(text, allowance)
        result = reducer(bare, allowance.with_tokens(allowance.tokens - allowance.count(NOTE) - 1))
        return None if result is None else f'{NOTE}\n{result}'

    return reduce
