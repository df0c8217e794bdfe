"""Offline: what usage exports of a provider and the ledger say, each figure with its formula.

`usage.analyse` is the way in. `columns` and `header` say where an export keeps what, `exports` and `careful` read it,
`ledger_rows` reads the ledger, `merge` lets no minute count twice; `totals`, `sessions`, `days`, `trend`, `compare` and
`claims` are the questions; `page` writes the report that a browser opens. DuckDB comes with the extra `analysis` and is
imported when a file is read.
"""
