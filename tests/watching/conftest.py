"""Stores for what watches them: on a SQLite file and on PostgreSQL."""

from __future__ import annotations

from tests.store.conftest import clock, postgres_url, sqlite_url, store, url

__all__ = ['clock', 'postgres_url', 'sqlite_url', 'store', 'url']
