"""For tests of agents, yours and ours: a model provider that is as strict as the real ones."""

from compactor.testing.exchange import Api, Call, Failure, Recorded, Refusal, Reply, Respond, Turn
from compactor.testing.limits import RateLimit, RateLimits
from compactor.testing.local_servers import WAYS, Way
from compactor.testing.loopback import Answer
from compactor.testing.provider import StrictProvider
from compactor.testing.rule import Problem, Request, Rule
from compactor.testing.rules_anthropic import ANTHROPIC_RULES
from compactor.testing.rules_openai import OPENAI_RULES
from compactor.testing.tally import LimitReport, LimitsReport, Minute

__all__ = [
    'ANTHROPIC_RULES',
    'OPENAI_RULES',
    'WAYS',
    'Answer',
    'Api',
    'Call',
    'Failure',
    'LimitReport',
    'LimitsReport',
    'Minute',
    'Problem',
    'RateLimit',
    'RateLimits',
    'Recorded',
    'Refusal',
    'Reply',
    'Request',
    'Respond',
    'Rule',
    'StrictProvider',
    'Turn',
    'Way',
]
