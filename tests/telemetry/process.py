"""What OpenTelemetry keeps for a whole process, put back after a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import _logs, metrics, trace
from opentelemetry.util._once import Once
from pydantic_ai import Agent

GLOBALS = (
    (trace, '_TRACER_PROVIDER', '_TRACER_PROVIDER_SET_ONCE'),
    (metrics._internal, '_METER_PROVIDER', '_METER_PROVIDER_SET_ONCE'),
    (_logs._internal, '_LOGGER_PROVIDER', '_LOGGER_PROVIDER_SET_ONCE'),
)
"""Where it is kept; there is no public way to take it back."""


@contextmanager
def unconfigured() -> Iterator[None]:
    """A process in which nobody has configured OpenTelemetry, for the time of the block."""
    before = [(module, name, getattr(module, name)) for module, *names in GLOBALS for name in names]
    for module, provider, once in GLOBALS:
        setattr(module, provider, None)
        setattr(module, once, Once())
    if 'logfire' in sys.modules:  # it sets them once a process, and remembers that it has
        sys.modules['logfire'].DEFAULT_LOGFIRE_INSTANCE.config._has_set_providers = False
    try:
        yield
    finally:
        Agent.instrument_all(False)
        for module, name, value in before:
            setattr(module, name, value)
