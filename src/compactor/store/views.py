"""Two views under the names and columns that tools around token caches know.

`response_cache` (6 columns): hash, prompt (how it begins), response (zlib of JSON, as it is stored), model, timestamp,
hit_count. `token_metrics` (9 columns): id, timestamp, model, prompt_tokens, completion_tokens, total_tokens, cost
(dollars, null where unknown), response_time (seconds), cache_hit. Timestamps are seconds since 1970. The indexes
`idx_timestamp` and `idx_model_timestamp` are on the tables behind them.

A database that already has something of the one or the other name keeps it: the view is left out then. A later step
puts tables in their place (`token_tables`).
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

VIEWS = {
    'response_cache': """
        CREATE VIEW response_cache AS
        SELECT key AS hash, prompt, response, model, created AS timestamp, hits AS hit_count
        FROM compactor_responses""",
    'token_metrics': """
        CREATE VIEW token_metrics AS
        SELECT id, at AS timestamp, model, input_tokens AS prompt_tokens, output_tokens AS completion_tokens,
            input_tokens + output_tokens AS total_tokens, cost / 1000000000.0 AS cost, latency AS response_time,
            cache_hit
        FROM compactor_entries""",
}
"""Each view by its name."""
INDEXES = (
    'CREATE INDEX IF NOT EXISTS idx_timestamp ON compactor_responses (created)',
    'CREATE INDEX IF NOT EXISTS idx_model_timestamp ON compactor_entries (model, at)',
    # The same columns under another name: an index that is there twice is written twice.
    'DROP INDEX IF EXISTS compactor_entries_model_at',
)
"""Carried out in order."""


def create(connection: Connection) -> None:
    """Makes indexes and views."""
    for statement in INDEXES:
        connection.execute(text(statement))
    for name, statement in VIEWS.items():
        if not inspect(connection).has_table(name):  # true of a view as well
            connection.execute(text(statement))
