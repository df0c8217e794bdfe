"""Agents with a `Compactor` in durable engines; run by `make durable`, skipped where the engines are not installed."""
