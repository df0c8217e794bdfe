"""Routing in a policy: TOML, environment, presets under one's own rows, and what mistakes are told as."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from compactor.errors import ConfigError
from compactor.policy import Policy
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.learn import Key
from compactor.routing.route import Ask, route
from tests.routing.rows import a_policy, a_routing

FILE = """
[routing]
preset = "workloads"
default = "openai:gpt-4o"
discount = 0.9
agents = { "*-reviewer" = "reasoning" }
floors = { expert = 0.99 }

[routing.allowances]
migration = { input = 9000, output = 3000 }

[[routing.rules]]
workload = "coding"
chain = ["mine:coder", "cerebras:zai-glm-4.7"]
fields = { queue = "fast", priority = 1 }

[[routing.rules]]
task = "migration"
complexity = ["complex", "expert"]
quality_floor = 0.9
max_price = 0.5

[[routing.models]]
model = "mine:coder"
quality = 0.92
context_window = 32_000
strengths = ["moderate", "complex"]
price = { input = 0.2, output = 0.6 }

[routing.tasks]
migration = ["migrate", "migration"]

[routing.complexity]
complex_files = 10
words = { expert = ["our billing"] }

[routing.learning]
at_least = 8
path = "outcomes.json"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with everything in it."""
    path = tmp_path / 'compactor.toml'
    path.write_text(FILE)
    return path


def test_a_file_sets_everything(file: Path) -> None:
    """Own rules before the preset's, own figures over the built-in ones."""
    policy = Policy.load(file, environment={}).routing
    table = policy.table()
    coding = route(Ask('coding'), table)
    assert coding.chain == ('mine:coder', 'cerebras:zai-glm-4.7')
    assert dict(coding.fields) == {'queue': 'fast', 'priority': 1}
    assert route(Ask('librarian'), table).model == 'anthropic:claude-haiku-4-5'
    assert route(Ask(agent='c-reviewer'), table).workload == 'reasoning'
    migration = route(Ask(factors=Factors('Migrate our billing', files=10)), table)
    assert (migration.task, migration.chain, migration.floor) == ('migration', ('mine:coder',), 0.9)
    assert (migration.complexity.level, migration.input_tokens) == (Complexity.COMPLEX, 9_000)
    assert (table.default, table.discount) == (('openai:gpt-4o',), Decimal('0.9'))
    assert (table.floors[Complexity.EXPERT], table.floors[Complexity.SIMPLE]) == (0.99, 0.8)
    assert (policy.learning.at_least, policy.learning.keep, policy.learning.path) == (8, 50, Path('outcomes.json'))


def test_the_environment_goes_over_the_file(file: Path) -> None:
    """Field by field; one name does for a default."""
    environment = {
        'COMPACTOR_ROUTING_DEFAULT': 'acme:small',
        'COMPACTOR_ROUTING_FALLBACKS': '1',
        'COMPACTOR_ROUTING_RULES': '[{ workload = "coding", chain = ["env:coder"] }]',
    }
    policy = Policy.load(file, environment=environment).routing
    assert (policy.default, policy.fallbacks, policy.preset) == (('acme:small',), 1, 'workloads')
    assert route(Ask('coding'), policy.table()).chain == ('env:coder',)
    assert Policy.load(environment={'COMPACTOR_ROUTING_PRESET': 'task-tiers'}).routing.table().default


def test_as_it_comes_nothing_is_routed() -> None:
    """In no preset of a policy."""
    assert a_policy().routing == a_routing()
    assert Policy.preset('cerebras').routing.table().is_empty


def test_own_rows_over_a_preset() -> None:
    """A model of the same name replaces the preset's; nested figures merge."""
    own = a_routing(
        preset='premium-requests',
        models=[{'model': 'openai:gpt-4.1', 'quality': 0.5, 'multiplier': 1}],
        floors={'trivial': 0.1},
        complexity={'full_file': 10},
    )
    whole = own.whole()
    assert [one.quality for one in whole.models if one.model == 'openai:gpt-4.1'] == [0.5]
    assert len(whole.models) == len(a_routing(preset='premium-requests').whole().models)
    assert (whole.floors['trivial'], whole.floors['expert'], whole.cost_in) == (0.1, 0.95, 'requests')
    assert whole.complexity.full_file == 10
    assert whole.whole() is whole


def test_the_windows_and_phrases_of_other_stations() -> None:
    """What a policy says of windows and tasks holds for routes too."""
    policy = a_policy(
        routing={'rules': [{'chain': ['acme:a', 'acme:b'], 'task': 'review'}]},
        tokens={'windows': {'acme:a': 100}},
        tasks={'patterns': {'review': ['post-mortem']}},
    )
    found = route(
        Ask(factors=Factors('the post-mortem'), input_tokens=101),
        policy.routing.table(policy.tokens.windows, policy.tasks.table()),
    )
    assert found.chain == ('acme:b',)


def test_a_learner_of_a_policy() -> None:
    """Its thresholds are the policy's."""
    learning = a_routing(learning={'at_least': 2, 'above': 0.4}).learning
    kept = learning.memory()
    learner = learning.learner(kept)
    assert (learner.at_least, learner.above, learner.days, kept.keep) == (2, 0.4, 30.0, 50)
    assert learner.best(Key('', '', Complexity.SIMPLE), ['m']) is None


@pytest.mark.parametrize(
    ('make', 'says'),
    [
        (lambda: a_routing(preset='workload'), "there is no routing table 'workload'; there are: ez-aigents, pre"),
        (lambda: a_routing(preset='../default'), 'there is no routing table'),
        (lambda: a_routing(rule=[]), 'rule: unknown key; there are: preset, rules, models, default'),
        (lambda: a_routing(rules=[{'chains': []}]), 'chains: unknown key; there are: workload, task'),
        (lambda: a_routing(rules=[{'complexity': 'hard'}]), 'complexity'),
        (lambda: a_routing(models=[{'model': 'm', 'price': {'input': -1, 'output': 1}}]), 'dollars per million'),
        (lambda: a_routing(models=[{'model': 'm'}, {'model': 'm'}]), "the model 'm' is described twice"),
        (lambda: a_routing(floors={'hard': 0.5}), "there is no level 'hard'; there are: trivial"),
        (lambda: a_routing(floors={'expert': 2}), 'floors.expert'),
        (lambda: a_routing(discount=1.5), 'discount'),
        (lambda: a_routing(tasks={'x': ['?']}), "the phrase '?' of x has no word in it"),
        (lambda: a_routing(complexity={'above': [0.5, 0.4, 0.3, 0.2]}), 'above has four figures that rise'),
        (lambda: a_routing(complexity={'words': {'hard': ['x']}}), "there is no level 'hard'"),
        (lambda: a_routing(learning={'keep': 3}), 'keep (3) must not be below at_least (5)'),
        (lambda: a_routing(allowances={'x': {'input': 0, 'output': 1}}), 'input'),
        (lambda: Policy.load(environment={'COMPACTOR_ROUTING_CHAIN': 'x'}), "routing has no 'chain'"),
    ],
)
def test_mistakes_are_told(make: Callable[[], Any], says: str) -> None:
    """A `ConfigError` that names what is wrong."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert says in str(caught.value)
