"""Caches for repeated calls of read-only tools; the cache of models' answers is `adapters.pydantic_ai.cached`."""
