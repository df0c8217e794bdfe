"""Exit codes beside 0 (done), 1 (something failed) and 2 (wrong usage)."""

from __future__ import annotations

INTERRUPTED = 130
"""The exit code of a program that was stopped by Ctrl-C."""
