"""The table of reducers: for each kind of output the pure function that makes such a text smaller.

A reducer takes a clean text and an `Allowance` and returns what is worth keeping within it, or None where it can make
nothing of the text; `shrink` then keeps beginning and end. It need not check its result: `shrink` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compactor.outputs.allowance import Allowance
from compactor.outputs.kind import Kind
from compactor.outputs.reducers.text import reduce_text

Reducer = Callable[[str, Allowance], str | None]

REDUCERS: Mapping[Kind, Reducer] = {
    Kind.TEXT: reduce_text,
}
