"""The table of the facts' finders by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .data import tables, values
from .diffs import diffs
from .facts import Found
from .kinds import What
from .logs import builds, tests
from .places import listings, searches
from .prose import code, other, prose
from .traces import traces

FINDERS: Mapping[What, Callable[[str], Found]] = {
    What.TEST_LOG: tests,
    What.BUILD_LOG: builds,
    What.TRACE: traces,
    What.DIFF: diffs,
    What.SEARCH: searches,
    What.LISTING: listings,
    What.JSON: values,
    What.TABLE: tables,
    What.CODE: code,
    What.PROSE: prose,
}


def facts_of(what: What, text: str) -> tuple[What, Found]:
    """The facts of a text that has been made `shown`, and the kind they belong to: 'other' where there are none."""
    if what in FINDERS and (found := FINDERS[what](text)):
        return what, found
    return What.OTHER, other(text)
