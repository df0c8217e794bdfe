"""`CachedModel`, and prompts one or many at once through it."""
