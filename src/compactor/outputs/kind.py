"""What a tool's output is: the key of the table of reducers."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Kinds of output, each with a reducer of its own (`reducers.REDUCERS`)."""

    TEST_LOG = 'test_log'
    BUILD_LOG = 'build_log'
    LOG = 'log'
    """What a program wrote as it ran: lines with times or levels."""
    STACK_TRACE = 'stack_trace'
    DIFF = 'diff'
    SEARCH = 'search'
    LISTING = 'listing'
    JSON = 'json'
    TABLE = 'table'
    CODE = 'code'
    PROSE = 'prose'
    HTML = 'html'
    BINARY = 'binary'
    MIXED = 'mixed'
    OWN = 'own'
    """One of the application's own (`own.OutputKind`)."""
    TEXT = 'text'
    """None of these: lines of which nothing is known."""
