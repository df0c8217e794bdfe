"""What `compactor demo --logfire` does: Logfire as a user would configure it, and a count of what it is sent."""

from __future__ import annotations

from collections import Counter
from typing import Any

from compactor.store.connections import needs
from compactor.telemetry.emit import SCOPE


def configured() -> Counter[str]:
    """Configures Logfire for this process; the counter grows with each record of ours, by its name.

    Records leave for a project only where `LOGFIRE_TOKEN` or `logfire projects use` names one. The content of messages
    stays here.

    Raises:
        ConfigError: the extra `logfire` is not installed.
    """
    needs('logfire', 'logfire')
    import logfire
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

    sent: Counter[str] = Counter()

    class Counting(SpanProcessor):
        """Counts records as they are finished."""

        def on_end(self, span: ReadableSpan) -> None:
            scope: Any = span.instrumentation_scope
            if scope is not None and scope.name == SCOPE:
                sent[span.name] += 1

    logfire.configure(
        service_name='compactor-demo',
        send_to_logfire='if-token-present',
        console=False,
        inspect_arguments=False,
        additional_span_processors=[Counting()],
    )
    logfire.instrument_pydantic_ai(include_content=False)
    return sent
