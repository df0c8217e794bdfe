"""The tables that come with the library: dated, sourced, and what they decide."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.policies.routing import RoutingPolicy
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.profiles import premium_budget
from compactor.routing.route import Ask, route
from compactor.routing.table import RoutingTable
from compactor.routing.workload import Workload
from compactor.sources import presets, routing_preset, routing_presets

TABLES = {name: RoutingPolicy(preset=name).table() for name in routing_presets()}
PREMIUM = TABLES['premium-requests']


def test_the_tables() -> None:
    """Five, and none of them passes for a policy's preset."""
    assert sorted(TABLES) == ['ez-aigents', 'premium-requests', 'task-tiers', 'tokenette', 'workloads']
    assert set(TABLES).isdisjoint(presets())


@pytest.mark.parametrize('name', TABLES)
def test_each_says_where_it_comes_from_and_when(name: str) -> None:
    """Figures go stale."""
    about = routing_preset(name)['about']
    assert len(about['source']) > 20
    assert isinstance(about['date'], date)


@pytest.mark.parametrize('name', TABLES)
def test_names_have_a_provider(name: str) -> None:
    """Every model can be asked."""
    assert all(':' in model and '*' not in model for model in TABLES[name].names())


# -- workloads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('workload', 'first'),
    [
        (Workload.CODING, 'cerebras:zai-glm-4.7'),
        (Workload.ORCHESTRATOR, 'anthropic:claude-opus-4-5'),
        (Workload.REASONING, 'anthropic:claude-sonnet-4-5'),
        (Workload.LIBRARIAN, 'anthropic:claude-haiku-4-5'),
        (Workload.SUMMARISER, 'anthropic:claude-haiku-4-5'),
    ],
)
def test_each_workload_has_a_chain(workload: Workload, first: str) -> None:
    """Coding begins at GLM-4.7, and Kimi is not in its chain."""
    found = route(Ask(workload), TABLES['workloads'])
    assert found.model == first
    assert len(found.chain) >= 2
    if workload is Workload.CODING:
        assert not any('kimi' in model for model in found.chain)


# -- three by three -------------------------------------------------------------------------------------------

TIERS = {
    ('complex', 'architecture'): ('claude-3-opus-latest', 'gpt-4', 'high'),
    ('complex', 'refactor'): ('claude-3-opus-latest', 'gpt-4', 'high'),
    ('complex', 'security'): ('gpt-4', 'claude-3-opus-latest', 'critical'),
    ('moderate', 'api'): ('gpt-4o', 'gemini-pro', 'normal'),
    ('moderate', 'feature'): ('gpt-4o', 'deepseek-chat', 'normal'),
    ('moderate', 'test'): ('deepseek-chat', 'mistral-small-latest', 'normal'),
    ('simple', 'comment'): ('deepseek-chat', 'mistral-small-latest', 'low'),
    ('simple', 'format'): ('mistral-small-latest', 'deepseek-chat', 'low'),
    ('simple', 'docs'): ('gemini-pro', 'mistral-small-latest', 'low'),
}


@pytest.mark.parametrize('level', Complexity)
@pytest.mark.parametrize('task', [task for _, task in TIERS])
def test_three_by_three(level: Complexity, task: str) -> None:
    """Model, fallback and priority of the documented table; anything else goes to its default."""
    scale = {Complexity.TRIVIAL: 'simple', Complexity.EXPERT: 'complex'}.get(level, level.label)
    found = route(Ask(task=task, complexity=level), TABLES['task-tiers'])
    first, second, priority = TIERS.get((scale, task), ('gpt-4o', 'deepseek-chat', 'normal'))
    assert tuple(model.partition(':')[2] for model in found.chain) == (first, second)
    assert found.fields['priority'] == priority
    assert str(found.fields['queue']).startswith('queue:')


def test_complex_is_within_reach() -> None:
    """From the words of a prompt and the size of its file; nothing that was not measured keeps it down."""
    asked = Factors('Redesign the architecture for scalability and security', file_bytes=60_000)
    found = route(Ask(factors=asked), TABLES['task-tiers'])
    assert (found.complexity.level >= Complexity.COMPLEX, found.task) == (True, 'architecture')
    assert found.model == 'anthropic:claude-3-opus-latest'


def test_prices_of_the_plan() -> None:
    """Dollars per million tokens, as they were; a model that is not listed is unknown."""
    table = TABLES['task-tiers']
    opus = table.profile('anthropic:claude-3-opus-latest')
    assert opus is not None
    assert opus.dollars(2_000, 1_500) == Decimal('0.1425')
    assert table.profile('acme:new') is None


# -- premium requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('task', 'level', 'first'),
    [
        ('generation', Complexity.TRIVIAL, 'openai:gpt-4.1'),
        ('docs', Complexity.SIMPLE, 'openai:gpt-4.1'),
        ('bug_fix', Complexity.MODERATE, 'openai:gpt-4.1'),
        ('debugging', Complexity.COMPLEX, 'openai:o4-mini'),
        ('architecture', Complexity.COMPLEX, 'openai:o4-mini'),
        ('architecture', Complexity.EXPERT, 'anthropic:claude-opus-4-5'),
        ('debugging', Complexity.EXPERT, 'anthropic:claude-opus-4-5'),
    ],
)
def test_the_cheapest_over_the_floor(task: str, level: Complexity, first: str) -> None:
    """Free models as long as they are good enough, dear ones only where the floor asks for them."""
    found = route(Ask(task=task, complexity=level), PREMIUM)
    assert found.model == first
    assert len(found.chain) <= 4


@pytest.mark.parametrize(
    ('prompt', 'task'),
    [
        ('fix the authentication bug in auth.js', 'bug_fix'),
        ('write unit tests to raise the coverage', 'testing'),
        ('debug why the trace is empty', 'debugging'),
        ('hello', 'generation'),
    ],
)
def test_ten_categories(prompt: str, task: str) -> None:
    """The most phrases decide; none is 'generation'."""
    assert route(Ask(factors=Factors(prompt)), PREMIUM).task == task


@given(
    st.sampled_from(sorted({name for one in PREMIUM.models for name in one.categories})), st.sampled_from(Complexity)
)
def test_the_floors_hold(task: str, level: Complexity) -> None:
    """.80, .80, .85, .90, .95 by level."""
    floor = {1: 0.8, 2: 0.8, 3: 0.85, 4: 0.9, 5: 0.95}[level]
    for model in route(Ask(task=task, complexity=level), PREMIUM).chain:
        profile = PREMIUM.profile(model)
        assert profile is not None
        assert profile.quality is not None
        assert profile.quality >= floor


def test_the_allowance() -> None:
    """300 a month; a mini counts 0.33, so that it lasts for 909 requests, not for 900."""
    budget = premium_budget(PREMIUM.models)
    assert budget.limit == 300
    weight = budget.weights['openai:o4-mini']
    assert (weight, int(budget.limit / weight)) == (Decimal('0.33'), 909)


def test_a_table_without_a_preset_is_empty() -> None:
    """Nothing is routed unless somebody says so."""
    assert RoutingPolicy().table().is_empty
    assert RoutingTable().is_empty
