"""Ez Aigents token optimization plan: its tables as they stand, and its routing configuration read.

Left out, with why: section 2 (roles in prompts) and section 5 (context of a file) come with other parts of the library;
sections 3 and 10 keep their sums in Redis and ask it every minute, where here a budget in a store warns as it happens
(`tests/adapters/test_accounts.py`); section 6 calls providers over HTTP, which the framework does; section 8 is worked
out anew below, since its own sums are off by ten and by a thousand.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from compactor import Policy
from compactor.errors import ConfigError
from compactor.foreign import ez_aigents, files
from compactor.ledger.budget import Use
from compactor.policies.routing import RoutingPolicy
from compactor.routing.allowance import allowance_for
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.route import Ask, Route, route
from compactor.sources import routing_preset
from tests.cli.terminal import ran

TABLE = RoutingPolicy(preset='ez-aigents').table()
RAW = routing_preset('ez-aigents')

CELLS = {  # "4. Smart task routing strategy / getOptimalRouting": model, queue, priority, fallback
    ('complex', 'architecture'): ('claude-3-opus', 'queue:claude-3-opus', 'high', 'gpt-4'),
    ('complex', 'refactor'): ('claude-3-opus', 'queue:claude-3-opus', 'high', 'gpt-4'),
    ('complex', 'security'): ('gpt-4', 'queue:gpt-4', 'critical', 'claude-3-opus'),
    ('moderate', 'api'): ('gpt-4o', 'queue:gpt-4o', 'normal', 'gemini-pro'),
    ('moderate', 'feature'): ('gpt-4o', 'queue:gpt-4o', 'normal', 'deepseek'),
    ('moderate', 'test'): ('deepseek', 'queue:deepseek', 'normal', 'mistral'),
    ('simple', 'comment'): ('deepseek', 'queue:deepseek', 'low', 'mistral'),
    ('simple', 'format'): ('mistral', 'queue:mistral', 'low', 'deepseek'),
    ('simple', 'docs'): ('gemini-pro', 'queue:gemini-pro', 'low', 'mistral'),
}
ELSE = ('gpt-4o', 'queue:gpt-4o', 'normal', 'deepseek')


def cell(found: Route) -> tuple[object, ...]:
    """A route as the plan writes it."""
    names = {whole: short for short, whole in ez_aigents.MODELS.items()}
    first, second = found.chain
    return names[first], found.fields['queue'], found.fields['priority'], names[second]


@pytest.mark.parametrize('level', ['simple', 'moderate', 'complex'])
@pytest.mark.parametrize('task', [task for _, task in CELLS])
def test_three_by_three(level: str, task: str) -> None:
    """Nine cells, and the default for the eighteen others."""
    found = route(Ask(task=task, complexity=Complexity[level.upper()]), TABLE)
    assert cell(found) == CELLS.get((level, task), ELSE)


def test_word_lists() -> None:
    """'4. analyzeComplexity': complexTasks, simpleTasks, complexKeywords, and what each counts."""
    tasks = RAW['complexity']['tasks']
    assert [word for word, counts in tasks.items() if counts == 0.8] == [
        'architecture',
        'refactor',
        'security',
        'optimization',
    ]
    assert [word for word, counts in tasks.items() if counts == 0.2] == ['comment', 'rename', 'format', 'typo']
    assert RAW['complexity']['words'] == {
        'complex': ['redesign', 'architect', 'scalability', 'performance', 'security']
    }
    assert (TABLE.scale.full_file, TABLE.scale.above[1:3]) == (50_000, (0.4, 0.7))


@pytest.mark.parametrize(
    ('prompt', 'size', 'score', 'level'),
    [
        ('Fix the typo', None, 0.1, 'simple'),  # task .2, keywords 0
        ('Add a button', None, 0.25, 'simple'),  # .5 and 0
        ('Refactor it for performance', None, 0.5, 'moderate'),  # .8 and .2
        ('Add a button', 50_000, 0.5, 'moderate'),  # .5, 0 and 1
        ('Refactor it for performance', 80_000, 0.666667, 'moderate'),
        # Out of reach there, where a complexity of the code that nobody measured pulled every mean down.
        ('Redesign the architecture for scalability, performance and security', 50_000, 0.933333, 'complex'),
        ('Redesign the architecture for scalability, performance and security', None, 0.9, 'complex'),
    ],
)
def test_complexity(prompt: str, size: int | None, score: float, level: str) -> None:
    """The mean of file / 50,000, task and .2 for each keyword; above .7 complex, above .4 moderate."""
    found = TABLE.scale.measure(Factors(prompt, file_bytes=size))
    assert (found.score, found.level.label) == (score, level)


def test_nothing_measured_is_moderate_and_code_counts() -> None:
    """A measure of the code counts where there is one."""
    assert TABLE.scale.measure(Factors()).level is Complexity.MODERATE
    assert TABLE.scale.measure(Factors(code=1.0, file_bytes=100_000)).level is Complexity.COMPLEX


PRICES: dict[str, tuple[int | str, int | str]] = {  # "3. Token counting & budgeting": pricing
    'claude-3-opus': (15, 75),
    'gpt-4': (30, 60),
    'gpt-4o': (5, 15),
    'gemini-pro': ('0.5', '1.5'),
    'deepseek': ('0.14', '0.28'),
    'mistral': ('0.25', '0.75'),
}
BUDGETS = {'simple': (500, 300), 'moderate': (1_000, 800), 'complex': (2_000, 1_500), 'analysis': (4_000, 2_000)}


def test_prices_and_budgets() -> None:
    """'3. TokenManager': dollars per million of six models, tokens of four kinds of task; else moderate."""
    for name, (sent, received) in PRICES.items():
        profile = TABLE.profile(ez_aigents.MODELS[name])
        assert profile is not None
        assert profile.price is not None
        assert (profile.price.input, profile.price.output) == (Decimal(sent), Decimal(received))
    for name, figures in BUDGETS.items():
        found = allowance_for(None, name, TABLE.allowances)
        assert found is not None
        assert (found.input, found.output) == figures
    unknown = allowance_for(None, 'unheard of', TABLE.allowances)
    assert unknown is not None
    assert (unknown.input, unknown.output) == BUDGETS['moderate']


def test_the_cap_and_the_alert() -> None:
    """'3. enforceMonthlyBudget' and '10. Monitoring & alerts': 1,000 dollars a month refuse, 50 a day warn once."""
    policy = Policy.preset('ez_aigents')
    assert policy.routing.preset == 'ez-aigents'
    month, day = policy.ledger.budgets
    assert (str(month.period), str(month.unit), int(month.limit)) == ('month', 'usd', 1_000)
    assert day.warns_at is not None
    assert (str(day.period), int(day.amount(day.warns_at))) == ('day', 50)
    assert day.limit >= month.limit  # it never refuses before the month does
    assert month.covers(Use('gpt-4o', 'openai', 'any agent', 1, 1, Decimal(1)))


def test_what_it_would_have_cost() -> None:
    """'1. Estimated current costs' and '8. Cost savings': worked out from the prices; the saving is a loss."""
    opus, gpt4 = (TABLE.profile(ez_aigents.MODELS[name]) for name in ('claude-3-opus', 'gpt-4'))
    assert opus is not None
    assert gpt4 is not None
    a, b = opus.dollars(500 * 2_000, 500 * 1_500), gpt4.dollars(300 * 1_800, 300 * 1_200)
    assert a is not None
    assert b is not None
    before = a + b + Decimal('0.30')
    assert before == Decimal('109.35')  # for a thousand tasks, not for each of a thousand
    after = 400 * Decimal('0.15') + 400 * Decimal('2.50') + 200 * Decimal(8)
    assert (after, before - after) == (Decimal(2_660), Decimal('-2550.65'))


CONFIG = {  # "7. Implementation steps / Step 3: Configure routing rules"
    'taskTypes': {
        'architecture': {
            'keywords': ['refactor', 'redesign', 'architecture', 'structure'],
            'complexity': 'high',
            'preferredModel': 'claude-3-opus',
        },
        'simple_fix': {
            'keywords': ['typo', 'comment', 'rename', 'format'],
            'complexity': 'low',
            'preferredModel': 'deepseek',
        },
        'testing': {
            'keywords': ['test', 'spec', 'coverage', 'assert'],
            'complexity': 'medium',
            'preferredModel': 'deepseek',
        },
        'documentation': {
            'keywords': ['docs', 'readme', 'comment', 'jsdoc'],
            'complexity': 'low',
            'preferredModel': 'gemini-pro',
        },
    }
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The file as the document shows it, with its first line."""
    path = tmp_path / 'routing-config.json'
    path.write_text(f'// shared/routing-config.json\n{json.dumps(CONFIG, indent=2)}')
    return path


@pytest.mark.parametrize(
    ('prompt', 'task', 'model', 'counts'),
    [
        ('Redesign the structure', 'architecture', 'claude-3-opus', 0.8),
        ('Rename this', 'simple_fix', 'deepseek', 0.2),
        ('Raise the coverage', 'testing', 'deepseek', 0.5),
        ('Write the readme', 'documentation', 'gemini-pro', 0.2),
        ('Improve the comment', 'simple_fix', 'deepseek', 0.2),  # of two types: the first
        ('Hello', 'unknown', 'gpt-4o', None),
    ],
)
def test_the_routing_configuration(config: Path, prompt: str, task: str, model: str, counts: float | None) -> None:
    """Four types of tasks: their words, their models, what they count; anything else goes to the plan's default."""
    table = Policy.load(config, environment={}).routing.table()
    found = route(Ask(factors=Factors(prompt)), table)
    assert found.chain[0] == ez_aigents.MODELS[model]
    assert found.complexity.factors.get('task') == counts
    if counts is not None:
        assert found.task == task


def test_the_configuration_on_the_command_line(config: Path) -> None:
    """`compactor route --policy` takes it."""
    said = json.loads(ran('route', 'Redesign the structure', '--policy', config, '--json'))
    assert said['chain'] == ['anthropic:claude-3-opus-latest']
    assert said['fields'] == {'complexity': 'high'}


@pytest.mark.parametrize(
    ('change', 'wanted'),
    [
        ({'keywords': []}, 'taskTypes.testing.keywords is a list of words'),
        ({'complexity': 'huge'}, 'taskTypes.testing.complexity is one of high, medium, low'),
        ({'preferredModel': 'gpt-9'}, 'taskTypes.testing.preferredModel is one of claude-3-opus'),
        ({'queue': 'a'}, 'taskTypes.testing.queue: nothing reads it'),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, change: dict[str, Any], wanted: str) -> None:
    """By its key."""
    changed = {**CONFIG['taskTypes'], 'testing': {**CONFIG['taskTypes']['testing'], **change}}
    path = tmp_path / 'routing-config.json'
    path.write_text(json.dumps({'taskTypes': changed}))
    with pytest.raises(ConfigError, match=wanted):
        Policy.load(path, environment={})


def test_other_files(tmp_path: Path) -> None:
    """No JSON, none of a system that is known, none at all."""
    path = tmp_path / 'a.json'
    for text, wanted in (('{', 'not valid JSON'), ('[1]', 'is an object'), ('{"a": 1}', 'no system that is known')):
        path.write_text(text)
        with pytest.raises(ConfigError, match=wanted):
            files.read(path)
    with pytest.raises(ConfigError, match='cannot read'):
        files.read(tmp_path / 'missing.json')
