"""Station 5: one entry a model request, what it cost, and what the entries say together.

Pure values and arithmetic; `store` keeps them, `adapters` make them.
"""
