"""One durable place that many processes share: a SQLite file by default, PostgreSQL by URL.

`engine` opens it, `schema` says what is in it, `migrations` how it came to be; each other module is the queries of one
concern. SQLAlchemy is an extra (`pip install 'pydantic-ai-compactor[store]'`) and takes a third of a second to import,
so nothing here is imported before a store is asked for.
"""
