"""What a store holds. Times are seconds since 1970 in UTC, money is whole billionths of a dollar: both add up exactly.

A table's columns never change their meaning: `migrations.py` adds, and nothing is renamed.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# SQLite counts rows by itself only where the key is an INTEGER.
_Counted = BigInteger().with_variant(Integer, 'sqlite')

entries = Table(
    'compactor_entries',
    metadata,
    Column('id', _Counted, primary_key=True, autoincrement=True),
    Column('at', Float, nullable=False),
    Column('kind', String(16), nullable=False),  # request, summary, failover, cache
    Column('agent', Text, nullable=False),
    Column('conversation', Text, nullable=False),
    Column('run', Text, nullable=False),
    Column('model', Text, nullable=False),
    Column('provider', Text, nullable=False),
    Column('workload', Text, nullable=False),
    Column('task', Text, nullable=False),
    Column('input_tokens', BigInteger, nullable=False),
    Column('output_tokens', BigInteger, nullable=False),
    Column('cache_read_tokens', BigInteger, nullable=False),
    Column('cache_write_tokens', BigInteger, nullable=False),
    Column('cost', BigInteger),  # billionths of a dollar; null where no price is known
    Column('latency', Float),  # seconds
    Column('finish_reason', Text),
    Column('streamed', Boolean, nullable=False),
    Column('cache_hit', Boolean, nullable=False),
    Column('saved_by_compaction', BigInteger, nullable=False),  # tokens; negative where it cost more
    Column('saved_by_outputs', BigInteger, nullable=False),
    Column('saved_by_cache', BigInteger, nullable=False),
    Column('error', Text),
    Column('billing', Text),  # JSON: units, terms and endpoint; null where there is nothing of it
    Column('estimated', Boolean),  # no usage was reported; null in rows of versions that did not say
    Column('tenant', Text, nullable=False, server_default=''),
    Column('added_by_frames', BigInteger),  # tokens; null in rows of versions that knew of no frames
    Column('context', Text),  # JSON of what the request was made of; null where nobody looked
    Column('reacquired', Text),  # JSON: tool, way, tokens, times of each; null where there is nothing of it
    Index('compactor_entries_at', 'at'),
    Index('compactor_entries_model_at', 'model', 'at'),
    Index('compactor_entries_conversation', 'conversation'),
)
"""One row a model request (the ledger)."""

buckets = Table(
    'compactor_buckets',
    metadata,
    Column('key', String(200), primary_key=True),  # what is counted, such as 'tokens/day/agent:coder'
    Column('width', Integer, primary_key=True),  # seconds; 0 for a sum that never ends
    Column('start', BigInteger, primary_key=True),  # first second of the bucket
    Column('used', BigInteger, nullable=False),
    Index('compactor_buckets_start', 'width', 'start'),
)
"""Sums over stretches of time: a window is a sum over few buckets, however many requests it holds."""

leases = Table(
    'compactor_leases',
    metadata,
    Column('id', String(32), primary_key=True),
    Column('key', String(200), primary_key=True),
    Column('start', BigInteger, nullable=False),
    Column('amount', BigInteger, nullable=False),
    Column('expires', Float, nullable=False),
    Index('compactor_leases_key', 'key', 'start'),
)
"""What is reserved and not settled yet; a reservation whose holder died runs out by itself."""

limits = Table(
    'compactor_limits',
    metadata,
    Column('name', String(100), primary_key=True),
    Column('definition', Text, nullable=False),  # JSON of a budget
    Column('changed', Float, nullable=False),
)
"""Budgets set from outside a program (`compactor budget set`)."""

cooldowns = Table(
    'compactor_cooldowns',
    metadata,
    Column('model', String(200), primary_key=True),
    Column('until', Float, nullable=False),
    Column('failures', Integer, nullable=False),
    Column('since', Float),  # when it refused last; null in rows of versions that did not keep it
)
"""Models that asked to be left alone for a while."""

responses = Table(
    'compactor_responses',
    metadata,
    Column('key', String(64), primary_key=True),
    Column('model', Text, nullable=False),
    Column('prompt', Text, nullable=False),  # how the last prompt begins, for people and patterns
    Column('response', LargeBinary, nullable=False),  # zlib of JSON
    Column('size', BigInteger, nullable=False),
    Column('tokens', BigInteger, nullable=False),  # what a hit saves
    Column('created', Float, nullable=False),
    Column('used', Float, nullable=False),
    Column('expires', Float, nullable=False),
    Column('hits', BigInteger, nullable=False),
    Column('tenant', Text, nullable=False, server_default=''),
    Index('compactor_responses_used', 'used'),
)
"""Answers of models by the hash of what was asked."""

archive = Table(
    'compactor_archive',
    metadata,
    Column('scope', String(100), primary_key=True),
    Column('key', String(64), primary_key=True),
    Column('handle', String(16), nullable=False),
    Column('data', LargeBinary, nullable=False),  # zlib
    Column('size', BigInteger, nullable=False),
    Column('created', Float, nullable=False),
    Column('used', Float, nullable=False),
    Column('indexed', BigInteger),  # see `search.py`; null in rows that nobody has looked at
    Index('compactor_archive_handle', 'scope', 'handle'),
    Index('compactor_archive_used', 'scope', 'used'),
)
"""What compactions and budgets took out, by the hash of its content, each in the scope it was put in."""

cuts = Table(
    'compactor_cuts',
    metadata,
    Column('conversation', String(64), primary_key=True),  # a hash of scope and id
    Column('print', String(64), primary_key=True),  # of what the cut covers
    Column('covers', BigInteger, nullable=False),
    Column('data', LargeBinary, nullable=False),  # zlib of JSON
    Column('at', Float, nullable=False),
)
"""What was sent instead of the beginning of a conversation that its owner records whole."""

secrets = Table(
    'compactor_secrets',
    metadata,
    Column('name', String(32), primary_key=True),
    Column('value', Text, nullable=False),
)
"""The secret by which those who share a store know each other's notes (see `secret.py`)."""

version = Table('compactor_schema', metadata, Column('version', Integer, primary_key=True), Column('at', Float))
"""One row a migration that has been carried out."""

readers = Table(
    'compactor_readers',
    metadata,
    Column('version', Integer, primary_key=True, autoincrement=False),
    Column('oldest', Integer, nullable=False),  # the oldest version of the library's schema that may use the store
)
"""Who may still use a store that a version has migrated: the older one of a deployment that rolls on, or back."""
