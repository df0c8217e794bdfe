"""Station 6: what is sent to OpenTelemetry, and so to Logfire."""

from __future__ import annotations

from compactor.policies.station import Station


class TelemetryPolicy(Station):
    """Station 6: what is sent to OpenTelemetry. Where the process has configured none, nothing is, at no cost.

    Attributes:
        enabled: send events and metrics.
        requests: send the two records of every request too (`request_checked`, `request_answered`).
        content: send texts that may quote others, such as the messages of errors, with secrets redacted; without it
            only the kind of an error is sent. Messages, prompts and outputs themselves are never sent.
    """

    enabled: bool = True
    requests: bool = True
    content: bool = False
