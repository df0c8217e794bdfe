"""Adapters translate between a framework and the core; each is `read`, `write` and the framework's own hooks."""
