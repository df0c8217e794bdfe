"""The table of reducers of one output each; a text of several outputs is made of these."""

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
from compactor.outputs.reducers.logs import reduce_logs
from compactor.outputs.reducers.prose import reduce_prose
from compactor.outputs.reducers.search import reduce_search
from compactor.outputs.reducers.tables import reduce_tables
from compactor.outputs.reducers.tests import reduce_tests
from compactor.outputs.reducers.text import reduce_text
from compactor.outputs.reducers.traces import reduce_traces

Reducer = Callable[[str, Allowance], str | None]
"""Takes a clean text and an allowance; returns what is worth keeping within it, or None where it can make nothing of
the text."""

SINGLE: Mapping[Kind, Reducer] = {
    Kind.TEST_LOG: reduce_tests,
    Kind.BUILD_LOG: reduce_builds,
    Kind.LOG: reduce_logs,
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
    Kind.OWN: reduce_text,
    Kind.TEXT: reduce_text,
}
