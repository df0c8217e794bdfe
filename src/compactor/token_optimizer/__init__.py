"""Answers once, counted and priced: a synchronous face of the store, the cache, the counter and the ledger.

    from compactor.token_optimizer import TokenOptimizer

    optimizer = TokenOptimizer(agent)
    response, metrics = optimizer.process_request('What is Python?', model='gpt-3.5-turbo')

For programs without an event loop, and for those who come from gh-ai-assistant, whose names these are. Who has one uses
`process_request` and `process_batch` of `compactor`.
"""

from compactor.token_optimizer.cache import CachedResponse, TokenCache
from compactor.token_optimizer.metrics import TokenMetrics
from compactor.token_optimizer.optimizer import TokenOptimizer
from compactor.token_optimizer.tokenizer import ParallelTokenizer
from compactor.token_optimizer.tracker import TokenMetricsTracker

__all__ = ['CachedResponse', 'ParallelTokenizer', 'TokenCache', 'TokenMetrics', 'TokenMetricsTracker', 'TokenOptimizer']
