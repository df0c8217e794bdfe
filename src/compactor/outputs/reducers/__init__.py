"""The table of reducers: for each kind of output the pure function that makes such a text smaller.

A reducer takes a clean text and an `Allowance` and returns what is worth keeping within it, or None where it can make
nothing of the text; `shrink` then keeps beginning and end. It need not check its result: `shrink` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compactor.outputs.allowance import Allowance
from compactor.outputs.gutter import ungutter
from compactor.outputs.kind import Kind
from compactor.outputs.reducers.binary import reduce_binary
from compactor.outputs.reducers.builds import reduce_builds
from compactor.outputs.reducers.code import reduce_code
from compactor.outputs.reducers.diffs import reduce_diffs
from compactor.outputs.reducers.html import reduce_html
from compactor.outputs.reducers.json import reduce_json
from compactor.outputs.reducers.listing import reduce_listing
from compactor.outputs.reducers.mixed import reduce_mixed
from compactor.outputs.reducers.prose import reduce_prose
from compactor.outputs.reducers.search import reduce_search
from compactor.outputs.reducers.tables import reduce_tables
from compactor.outputs.reducers.tests import reduce_tests
from compactor.outputs.reducers.text import reduce_text
from compactor.outputs.reducers.traces import reduce_traces

Reducer = Callable[[str, Allowance], str | None]

REDUCERS: Mapping[Kind, Reducer] = {
    Kind.TEST_LOG: reduce_tests,
    Kind.BUILD_LOG: reduce_builds,
    Kind.STACK_TRACE: reduce_traces,
    Kind.DIFF: ungutter(reduce_diffs),
    Kind.SEARCH: ungutter(reduce_search),
    Kind.LISTING: reduce_listing,
    Kind.TABLE: reduce_tables,
    Kind.JSON: ungutter(reduce_json),
    Kind.CODE: reduce_code,
    Kind.PROSE: reduce_prose,
    Kind.HTML: reduce_html,
    Kind.BINARY: reduce_binary,
    Kind.MIXED: reduce_mixed,
    Kind.TEXT: reduce_text,
}
