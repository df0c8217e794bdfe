"""Logfire as a user configures it, with its records in memory; afterwards the process is as if it had never been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import logfire
import pytest
from logfire.testing import TestExporter
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from compactor.telemetry import emit
from tests.telemetry.process import unconfigured


@dataclass(frozen=True)
class Captured:
    """What was exported.

    Attributes:
        exporter: has every record, pending spans included.
        reader: has the metrics.
    """

    exporter: TestExporter
    reader: InMemoryMetricReader

    @property
    def exported(self) -> list[ReadableSpan]:
        """Every record as it was exported, pending spans included, in order."""
        return list(self.exporter.exported_spans)

    @property
    def ours(self) -> list[ReadableSpan]:
        """Those of this library."""
        return [one for one in self.exported if one.instrumentation_scope and one.instrumentation_scope.name == OURS]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The attributes of our records of one name."""
        return [dict(one.attributes or {}) for one in self.ours if one.name == name]

    def metrics(self) -> dict[str, dict[tuple[tuple[str, Any], ...], Any]]:
        """Our metrics: by name, by attributes, their values."""
        data = self.reader.get_metrics_data()
        found: dict[str, dict[tuple[tuple[str, Any], ...], Any]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics if scope.scope.name == OURS else ():
                    points: Any = metric.data.data_points
                    found[metric.name] = {tuple(sorted(point.attributes.items())): point.value for point in points}
        return found


OURS = 'compactor'


@contextmanager
def configured(clock: Callable[[], int] | None = None, **options: Any) -> Iterator[Captured]:
    """`logfire.configure` and `logfire.instrument_pydantic_ai`, for the time of the block.

    Args:
        clock: nanoseconds since 1970, for the times of records.
        **options: more for `logfire.configure`.
    """
    exporter, reader = TestExporter(), InMemoryMetricReader()
    advanced = logfire.AdvancedOptions(ns_timestamp_generator=clock) if clock else logfire.AdvancedOptions()
    with unconfigured(), pytest.MonkeyPatch.context() as patch:
        if clock is not None:
            patch.setattr(emit, 'time_ns', clock)
        logfire.configure(
            send_to_logfire=False,
            console=False,
            inspect_arguments=False,
            metrics=logfire.MetricsOptions(additional_readers=[reader]),
            additional_span_processors=[SimpleSpanProcessor(exporter)],
            advanced=advanced,
            **options,
        )
        logfire.instrument_pydantic_ai()
        try:
            yield Captured(exporter, reader)
        finally:
            logfire.force_flush()
