"""Results that no reducer may touch, made smaller as far as nothing is lost (`OutputsPolicy.squeeze`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from compactor.errors import ConfigError
from compactor.outputs.values import is_return
from compactor.squeezing.squeeze import is_squeezed, squeeze
from compactor.squeezing.squeezed import Squeezed
from compactor.tokens.counter import Counter

QUICK = 2_000
"""Characters that are squeezed in the event loop itself: about five milliseconds' work."""


def squeezed_result(value: Any, counter: Counter, on_squeezed: Callable[[Squeezed], None]) -> Any:
    """A tool's result as the text of `squeeze`, where that is smaller; else the same object.

    Models, dataclasses, media and whatever else would not come back as it was are left alone; of a framework's
    envelope around a result, the result is squeezed.
    """
    if is_return(value):
        smaller = squeezed_result(value.return_value, counter, on_squeezed)
        return value if smaller is value.return_value else dataclasses.replace(value, return_value=smaller)
    if not isinstance(value, str | list | dict) or (isinstance(value, str) and is_squeezed(value)):
        return value
    try:
        squeezed = squeeze(value, counter=counter)
    except ConfigError:
        return value
    if not squeezed.steps:
        return value
    on_squeezed(squeezed)
    return squeezed.data
