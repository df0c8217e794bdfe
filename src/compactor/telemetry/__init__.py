"""What happened, as frozen events; sinks are plain callables (`events.py`)."""
