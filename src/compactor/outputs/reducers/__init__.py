"""The table of reducers: for each kind of output the pure function that makes such a text smaller.

A reducer takes a clean text and an `Allowance` and returns what is worth keeping within it, or None where it can make
nothing of the text; `shrink` then keeps beginning and end. It need not check its result: `shrink` does.
"""

from __future__ import annotations

from collections.abc import Mapping

from compactor.outputs.kind import Kind
from compactor.outputs.reducers.mixed import reduce_mixed
from compactor.outputs.reducers.single import SINGLE, Reducer

REDUCERS: Mapping[Kind, Reducer] = {**SINGLE, Kind.MIXED: reduce_mixed}

__all__ = ['REDUCERS', 'Reducer']
