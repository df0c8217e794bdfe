"""How much of an output is left, and how it is to be made smaller."""

from __future__ import annotations

from enum import StrEnum

TRUNCATED = '...truncated'
"""Ends a text that was cut at a place that says nothing about its content."""


class Level(StrEnum):
    """What became of an output."""

    FULL = 'full'
    """All of it, but for what a terminal would not have shown either."""
    SUMMARIZED = 'summarized'
    """What its kind makes worth keeping; what was left out is said and counted."""
    TRUNCATED = 'truncated'
    """Beginning and end around the marker `TRUNCATED`."""
    ERROR_ONLY = 'error_only'
    """Its errors alone."""


class Narrowing(StrEnum):
    """How an output over its budget is made smaller."""

    SMART_SUMMARY = 'smart_summary'
    """By what it is (`reducers`)."""
    HEADS_TAILS = 'heads_tails'
    """Its first and last lines."""
    ERROR_ONLY = 'error_only'
    """Its errors and their surroundings; how many lines there were besides."""
