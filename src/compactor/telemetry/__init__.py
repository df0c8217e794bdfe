"""Station 6: what happened, as frozen events (`events.py`), out to OpenTelemetry (`outlet.py`) and to sinks."""
