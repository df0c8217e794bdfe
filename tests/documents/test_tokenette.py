"""Tokenette Pro 2.0.0-final: its figures as they stand in its tables, and what its router decides.

Left out, with why: "Quality amplification engine", "Interaction batching engine" and "Token optimization stack" come
with other parts of the library ([audit](../../docs/audit.md), T9 to T16); of the boosters the names are here.
"Learner" and "Budget tracker" are tried in `tests/routing/test_learn.py` and `tests/store/test_reservations.py`.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from compactor.errors import ConfigError
from compactor.ledger.budget import Use
from compactor.policies.routing import RoutingPolicy
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.decision import RoutingDecision, boosters, decide
from compactor.routing.learn import Key, Learner, MemoryOutcomes, record_outcome
from compactor.routing.plans import plan
from compactor.routing.route import Ask, route
from compactor.sources import routing_preset

TABLE = RoutingPolicy(preset='tokenette').table()
RAW = routing_preset('tokenette')
PLAN = plan('tokenette')
T, S, M, C, E = (level.label for level in Complexity)

PROFILES = {  # "Core system / MODEL_PROFILES": multiplier, quality, speed, context window, strengths, categories
    'openai:gpt-5-mini': ('0', 0.82, 0.98, 128_000, [T, S], ['completion', 'docs']),
    'openai:gpt-4.1': (
        '0',
        0.87,
        0.90,
        128_000,
        [T, S, M],
        ['completion', 'generation', 'testing', 'docs', 'review'],
    ),
    'openai:gpt-4o': ('0', 0.85, 0.92, 128_000, [T, S, M], ['completion', 'generation', 'docs', 'review']),
    'google:gemini-2.0-flash': ('0.25', 0.80, 0.97, 1_000_000, [T, S], ['completion', 'generation', 'docs']),
    'openai:o4-mini': ('0.33', 0.88, 0.75, 200_000, [M, C], ['debugging', 'optimization', 'bug_fix']),
    'anthropic:claude-sonnet-4-0': (
        '1',
        0.92,
        0.82,
        200_000,
        [M, C],
        ['refactor', 'architecture', 'optimization', 'review', 'bug_fix'],
    ),
    'google:gemini-2.5-pro': ('1', 0.91, 0.78, 1_000_000, [C, E], ['architecture', 'optimization']),
    'anthropic:claude-opus-4-5': ('3', 0.98, 0.65, 200_000, [C, E], ['architecture', 'debugging']),
    'anthropic:claude-opus-4-0': ('10', 0.97, 0.60, 200_000, [E], ['architecture']),
}


def test_nine_profiles() -> None:
    """Each figure of each profile, and their order, by which ties are decided."""
    assert [one.model for one in TABLE.models] == list(PROFILES)
    for one in TABLE.models:
        multiplier, quality, speed, window, strengths, categories = PROFILES[one.model]
        assert (one.multiplier, one.quality, one.speed, one.context_window) == (
            Decimal(multiplier),
            quality,
            speed,
            window,
        )
        assert {level.label for level in one.strengths} == set(strengths)
        assert one.categories == set(categories)


SIGNALS = {  # "Complexity detection / COMPLEXITY_SIGNALS": keywords, most files, most lines
    T: (['typo', 'rename', 'add comment', 'fix indent', 'add semicolon', 'format', 'whitespace'], 1, 5),
    S: (
        ['add', 'create function', 'write', 'generate', 'simple', 'basic', 'boilerplate', 'crud', 'hello world'],
        2,
        50,
    ),
    M: (
        ['refactor', 'improve', 'update logic', 'restructure', 'connect', 'integrate', 'add feature', 'unit test'],
        5,
        200,
    ),
    C: (
        [
            'architect',
            'design',
            'migrate',
            'multi-file',
            'optimize performance',
            'security audit',
            'refactor all',
            'system',
            'module',
            'service',
        ],
        20,
        1_000,
    ),
    E: (
        [
            'distributed',
            'microservices',
            'real-time',
            'scalability',
            'zero-downtime',
            'critical path',
            'consensus',
            'sharding',
            'security critical',
            'compliance',
        ],
        None,  # 999 and 99,999 there: no bound here
        None,
    ),
}
CATEGORIES = {  # "Task router / _detect_category"
    'bug_fix': ['fix', 'bug', 'broken', 'error', 'crash', 'failing'],
    'refactor': ['refactor', 'restructure', 'clean up', 'reorganize'],
    'testing': ['test', 'spec', 'unit test', 'integration test'],
    'docs': ['document', 'readme', 'comment', 'jsdoc', 'docstring'],
    'architecture': ['architect', 'design', 'system', 'plan', 'structure'],
    'optimization': ['optimize', 'performance', 'speed up', 'slow', 'memory'],
    'debugging': ['debug', 'why', 'trace', 'log', 'inspect'],
    'review': ['review', 'check', 'audit', 'validate'],
    'generation': ['create', 'write', 'generate', 'build', 'implement'],
    'completion': ['complete', 'finish', 'suggest', 'next'],
}


def test_keywords_and_bounds() -> None:
    """Five levels and ten categories: their keywords in order, their files and lines."""
    assert RAW['complexity']['words'] == {label: words for label, (words, _, _) in SIGNALS.items()}
    assert list(TABLE.scale.files) == [files for _, files, _ in SIGNALS.values() if files]
    assert list(TABLE.scale.lines) == [lines for _, _, lines in SIGNALS.values() if lines]
    assert (TABLE.scale.moderate_files, TABLE.scale.complex_files) == (5, 20)
    assert list(RAW['tasks'].items()) == list(CATEGORIES.items())
    assert RAW['default_task'] == 'generation'


def test_quality_floors_fallbacks_and_discount() -> None:
    """'_select_optimal', 'fallbacks[:3]', '_calc_effective': five floors, three, a tenth less, else gpt-4.1."""
    assert list(TABLE.floors.values()) == [0.80, 0.80, 0.85, 0.90, 0.95]
    assert (TABLE.fallbacks, TABLE.discount, TABLE.default) == (3, Decimal('0.9'), ('openai:gpt-4.1',))
    assert [one.requests(TABLE.discount) for one in TABLE.models] == [
        Decimal(text) for text in ('0', '0', '0', '0.23', '0.30', '0.90', '0.90', '2.70', '9.00')
    ]


MULTIPLIERS = [  # "Real model costs / GitHub Copilot Pro": multiplier, uses a month, cost tier
    ('GPT-5 mini', '0', None, 'FREE'),
    ('GPT-4.1', '0', None, 'FREE'),
    ('GPT-4o', '0', None, 'FREE'),
    ('Grok Code Fast 1', '0.33', 909, 'CHEAP'),  # 900 there: 300 / 0.33 is 909
    ('o4-mini / o3-mini', '0.33', 909, 'CHEAP'),  # likewise
    ('Gemini 2.0 Flash', '0.25', 1_200, 'CHEAPEST'),
    ('Claude Sonnet 4/4.5', '1', 300, 'MODERATE'),
    ('Gemini 2.5 Pro', '1', 300, 'MODERATE'),
    ('Claude Opus 4', '10', 30, 'EXPENSIVE'),
    ('Claude Opus 4.5', '3', 100, 'EXPENSIVE'),
    ('GPT-4.5', '50', 6, 'AVOID'),
]


def test_eleven_multipliers() -> None:
    """Multiplier, how often 300 requests allow it, and tier; 333 times with the discount."""
    assert PLAN.a_month == 300
    assert [
        (one.name, str(one.multiplier), one.uses(PLAN.a_month), one.tier.upper()) for one in PLAN.multipliers
    ] == MULTIPLIERS
    sonnet = PLAN.multipliers[6]
    assert (sonnet.uses(PLAN.a_month, PLAN.auto), sonnet.counts(PLAN.auto)) == (333, Decimal('0.9'))


def test_prices_windows_and_free_tiers() -> None:
    """'Claude Code' and 'Gemini CLI': dollars per million, above 200,000 tokens others; five hours; a free minute."""
    assert [(one.model, one.input, one.output, one.above, one.long_input, one.long_output) for one in PLAN.prices] == [
        ('claude-sonnet-4-5', 3, 15, 200_000, 6, Decimal('22.5')),
        ('claude-opus-4-5', 15, 75, 200_000, 30, 150),
        ('gemini-*', None, None, 200_000, Decimal('2.5'), 15),
    ]
    assert {name: [(one.unit, one.seconds, one.amount) for one in PLAN.limits(name)] for name, _ in PLAN.windows} == {
        'pro': [('tokens', 5 * 3_600, 44_000)],
        'max5': [('tokens', 5 * 3_600, 88_000)],
        'max20': [('tokens', 5 * 3_600, 220_000)],
        'gemini-free': [('tokens', 60, 1_500_000), ('requests', 60, 60)],
    }
    assert PLAN.date.year == 2026
    assert PLAN.prices[0].long.input == 6
    opus = TABLE.profile('anthropic:claude-opus-4-5')
    assert opus is not None
    assert (opus.dollars(1_000_000, 0), opus.dollars(100_000, 10_000)) == (Decimal(30), Decimal('2.25'))
    with pytest.raises(ConfigError, match='pro, max5, max20, gemini-free'):
        PLAN.limits('team')
    with pytest.raises(ConfigError, match='there are: desk, tokenette'):
        plan('unheard-of')


@pytest.mark.parametrize(
    ('prompt', 'files', 'lines', 'level', 'category'),
    [
        ('Fix the typo', None, None, Complexity.TRIVIAL, 'bug_fix'),
        ('Fix the typo', 1, 1, Complexity.TRIVIAL, 'bug_fix'),
        ('Fix the typo', 20, None, Complexity.COMPLEX, 'bug_fix'),
        ('distributed consensus', 40, None, Complexity.COMPLEX, 'generation'),  # files trump keywords
        ('rename it everywhere', 5, None, Complexity.MODERATE, 'generation'),
        ('rename it everywhere', 4, None, Complexity.TRIVIAL, 'generation'),
        ('rename it everywhere', 1, 300, Complexity.COMPLEX, 'generation'),
        ('add feature', None, None, Complexity.SIMPLE, 'generation'),  # one hit each: the easier
        ('refactor all of it', None, None, Complexity.MODERATE, 'refactor'),  # likewise
        ('Integrate and refactor, add', None, None, Complexity.MODERATE, 'refactor'),
        ('Review the architecture of the system', None, None, Complexity.COMPLEX, 'architecture'),
        ('Sharding with consensus, design it', None, None, Complexity.EXPERT, 'architecture'),
        ('hello', None, None, Complexity.SIMPLE, 'generation'),
        ('hello', 1, None, Complexity.TRIVIAL, 'generation'),
        ('hello', 12, None, Complexity.MODERATE, 'generation'),
        ('hello', None, 20_000, Complexity.EXPERT, 'generation'),
        ('write a unit test', None, None, Complexity.SIMPLE, 'testing'),
        ('fix the test', None, None, Complexity.SIMPLE, 'bug_fix'),  # one hit each: the first of the ten
    ],
)
def test_complexity_and_category(
    prompt: str, files: int | None, lines: int | None, level: Complexity, category: str
) -> None:
    """Most keywords, ties to the first; twenty files are complex, one typo trivial; nothing found is simple."""
    found = route(Ask(factors=Factors(prompt, files, lines)), TABLE)
    assert (found.complexity.level, found.task) == (level, category)


def test_nine_fields_of_a_decision() -> None:
    """'RoutingDecision': their names and order, what they hold, and as many premium requests as the multiplier."""
    assert [field.name for field in dataclasses.fields(RoutingDecision)] == [
        'model',
        'complexity',
        'category',
        'multiplier',
        'effective_multiplier',
        'reasoning',
        'fallback_chain',
        'premium_requests_cost',
        'quality_boosters',
    ]
    made = decide('Design a distributed consensus with sharding', TABLE)
    assert made == RoutingDecision(
        model='anthropic:claude-opus-4-5',
        complexity=Complexity.EXPERT,
        category='architecture',
        multiplier=3.0,
        effective_multiplier=2.7,
        reasoning=made.reasoning,
        fallback_chain=['anthropic:claude-sonnet-4-0', 'google:gemini-2.5-pro', 'anthropic:claude-opus-4-0'],
        premium_requests_cost=3.0,
        quality_boosters=[
            'few_shot_examples',
            'structured_output_enforcement',
            'tradeoff_analysis_prompt',
            'post_validation',
        ],
    )
    assert made.reasoning == (
        "architecture, expert ('distributed', 'consensus', 'sharding'): anthropic:claude-opus-4-5, quality 0.98,"
        ' premium requests: 2.7'
    )


@pytest.mark.parametrize(
    ('prompt', 'files', 'model', 'fallbacks'),
    [
        ('Fix the typo', None, 'gpt-5-mini', ['gpt-4.1', 'gpt-4o', 'gemini-2.0-flash']),
        ('add feature', None, 'gpt-5-mini', ['gpt-4.1', 'gpt-4o', 'gemini-2.0-flash']),
        ('refactor and improve', None, 'gpt-4.1', ['gpt-4o', 'o4-mini', 'claude-sonnet-4-0']),
        ('Fix the typo', 20, 'claude-sonnet-4-0', ['o4-mini', 'gemini-2.5-pro', 'claude-opus-4-5']),
    ],
)
def test_the_cheapest_over_the_floor(prompt: str, files: int | None, model: str, fallbacks: list[str]) -> None:
    """Candidates by cost, ties as they stand; the first over the floor; three others to fall back on."""
    made = decide(prompt, TABLE, affected_files=files)
    assert made.model.partition(':')[2] == model
    assert [name.partition(':')[2] for name in made.fallback_chain] == fallbacks


def test_a_budget_and_what_was_learned() -> None:
    """Without premium requests left the cheapest that is free answers, under the floor; a trusted model goes first."""

    def broke(use: Use) -> str | None:
        return None if use.model in ('gpt-4.1', 'gpt-4o', 'gpt-5-mini') else 'nothing left'

    made = decide('review the design of the system', TABLE, affordable=broke)
    assert (made.complexity, made.model, made.multiplier) == (Complexity.COMPLEX, 'openai:gpt-4.1', 0.0)
    outcomes = MemoryOutcomes()
    for _ in range(5):
        record_outcome(outcomes, Key('', 'bug_fix', Complexity.TRIVIAL), 'openai:gpt-4o', success=True)
    assert decide('Fix the typo', TABLE, learned=Learner(outcomes)).model == 'openai:gpt-4o'


@pytest.mark.parametrize(('level', 'demand'), list(zip(Complexity, (0.80, 0.82, 0.88, 0.93, 0.97), strict=True)))
def test_boosters_by_demand(level: Complexity, demand: float) -> None:
    """'_get_boosters': quality under the level's demand asks for a role and for steps; validation always."""
    assert 'expert_role_framing' not in boosters(demand, level, 'generation')
    under = boosters(demand - 0.01, level, 'debugging')
    assert under[:2] == ['expert_role_framing', 'chain_of_thought_injection']
    assert under[-2:] == ['step_by_step_reasoning', 'post_validation']
    assert ('few_shot_examples' in under) is (level >= Complexity.COMPLEX)
