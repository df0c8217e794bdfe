"""gh-ai-assistant, "Token Optimization System": its examples, section by section, with its names, calls and order.

Left out, with why: "Installation" (there is a package instead) and "Future Enhancements", which it has not
either. Who answers is a function here: nothing leaves the machine.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RequestUsage

from compactor import Compactor, ConfigError, Ledger, Prices, Store, counter_for
from compactor.token_optimizer import TokenMetrics, TokenOptimizer
from tests.cli.terminal import ran

MODEL = 'gpt-3.5-turbo'
PRICES = Prices.of(
    {MODEL: {'input': '10', 'output': '10'}, 'dear': {'input': 100, 'output': 100}, 'gift': {'input': 0, 'output': 0}},
    bundled=False,
)


class Answers:
    """A backend that knows how often it was asked, and how many asked at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.asked: list[tuple[str, str]] = []
        self.now = self.most = 0
        self._seconds = seconds
        self._lock = threading.Lock()

    def __call__(self, prompt: str, model: str) -> tuple[str, int, int]:
        with self._lock:
            self.asked.append((prompt, model))
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self._seconds)
        with self._lock:
            self.now -= 1
        if prompt == 'fail':
            raise RuntimeError('no answer')
        return f'About: {prompt}', 100, 50


@pytest.fixture
def backend() -> Answers:
    """Who answers."""
    return Answers()


@pytest.fixture
def optimizer(backend: Answers, tmp_path: Path) -> Iterator[TokenOptimizer]:
    """One with a store of its own."""
    made = TokenOptimizer(backend, store=tmp_path / 'token_cache.db', prices=PRICES)
    yield made
    made.close()


def test_usage_python_api(optimizer: TokenOptimizer, backend: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    """'Usage / Python API': one prompt, a batch, a report; the second time nothing is asked."""
    for again in (False, True):
        response, metrics = optimizer.process_request(prompt='What is Python?', model=MODEL, use_cache=True)
        assert response == 'About: What is Python?'
        print(f'{metrics.total_tokens} tokens, hit: {metrics.cache_hit}, ${metrics.cost:.4f}')
        prompts = ['Explain machine learning', 'What is Docker?', 'How does Git work?']
        results = optimizer.batch_process(prompts=prompts, model=MODEL, use_cache=True)
        assert [answer for answer, _ in results] == [f'About: {prompt}' for prompt in prompts]
        for prompt, (_, figures) in zip(prompts, results, strict=True):
            print(f'{prompt}: {figures.total_tokens} tokens')
            assert (figures.cache_hit, figures.total_tokens, figures.tokens_saved) == (
                (True, 0, 150) if again else (False, 150, 0)
            )
    report = optimizer.get_optimization_report(hours=24)
    print(f'{report["cache"]["hit_rate"]:.1%}')
    print(f'{report["cache"]["tokens_saved"]:,} tokens saved')
    print(f'${report["cache"]["estimated_cost_saved"]:.4f}')
    for sentence in report['recommendations']:
        print(sentence)
    assert len(backend.asked) == 4
    assert capsys.readouterr().out.splitlines() == [
        '150 tokens, hit: False, $0.0015',
        *(f'{prompt}: 150 tokens' for prompt in prompts),
        '0 tokens, hit: True, $0.0000',
        *(f'{prompt}: 0 tokens' for prompt in prompts),
        '50.0%',
        '600 tokens saved',
        '$0.0060',
        *report['recommendations'],
    ]


def test_usage_command_line(tmp_path: Path) -> None:
    """'Usage / Command Line Interface': `stats --hours 24`, `report --hours 24`, `cleanup`, `test`, as they stand."""
    store = tmp_path / 'store.db'
    optimizer = TokenOptimizer(Answers(), store=store, prices=PRICES)
    optimizer.process_request('What is Python?', MODEL)
    optimizer.close()
    assert json.loads(ran('stats', '--hours', 24, '--store', store, '--json'))['total_tokens'] == 150
    assert json.loads(ran('report', '--hours', 24, '--store', store, '--json'))['metrics']['total_requests'] == 1
    assert ran('cleanup', '--store', store) == 'deleted: 0 entries, 0 cached answers'
    assert ran('test').endswith('8 of 8 passed')


def test_integration_with_an_assistant(tmp_path: Path) -> None:
    """ "Integration with gh-ai-assistant" and "Integration Examples / With GitHub CLI Assistant": asked once for both.

    There the assistant was asked besides the optimizer; here it is what the optimizer asks.
    """

    class Assistant:
        current_model = MODEL
        times = 0

        def __init__(self) -> None:
            self.optimizer = TokenOptimizer(self.really, store=tmp_path / 'store.db', prices=PRICES)

        def really(self, question: str) -> str:
            self.times += 1
            return question.upper()

        def ask(self, question: str) -> str:
            response, metrics = self.optimizer.process_request(
                prompt=question, model=self.current_model, use_cache=True
            )
            assert (metrics.tokens_saved > 0) == metrics.cache_hit
            return str(response)

    assistant = Assistant()
    assert [assistant.ask('How do I use GitHub Actions?') for _ in range(3)] == ['HOW DO I USE GITHUB ACTIONS?'] * 3
    assert assistant.times == 1
    assistant.optimizer.close()


def test_integration_with_openrouter(tmp_path: Path) -> None:
    """'Integration Examples / With OpenRouter': looked up, asked by oneself, stored for the next time."""
    optimizer = TokenOptimizer(store=tmp_path / 'store.db', ask=False, prices=PRICES)
    asked: list[str] = []

    def call(prompt: str, model: str) -> Any:
        response, metrics = optimizer.process_request(prompt, model)
        if metrics.cache_hit:
            return response
        asked.append(prompt)
        response = 'It is a language.'
        optimizer.cache.set(prompt, model, response, 50)
        return response

    assert [call('What is Python?', 'openai/gpt-4') for _ in range(2)] == ['It is a language.'] * 2
    assert asked == ['What is Python?']
    assert optimizer.metrics.get_summary()['total_requests'] == 1  # the hit: nobody was asked the first time
    optimizer.close()


def test_cache_management(optimizer: TokenOptimizer, backend: Answers) -> None:
    """'Caching System / Cache Management': get, set, clear_old, get_stats; what was set answers a request."""
    cache = optimizer.cache
    assert cache.get('What is Python?', MODEL) is None
    cache.set('What is Python?', MODEL, 'A language.', tokens=50)
    cached = cache.get('What is Python?', MODEL)
    assert cached is not None
    assert (cached.response, cached.tokens, cached.model, cached.hit_count) == ('A language.', 50, MODEL, 1)
    assert optimizer.process_request('What is Python?', MODEL)[0] == 'A language.'
    assert backend.asked == []
    assert cache.get_stats() == {
        'total_entries': 1,
        'total_hits': 2,
        'total_tokens_saved': 100,
        'by_model': {MODEL: {'entries': 1, 'hits': 2}},
    }
    assert cache.clear_old(max_age_hours=24) == 0
    assert cache.clear_old(max_age_hours=0) == 1


@pytest.mark.parametrize(
    ('first', 'second', 'same'),
    [
        ('What is Python?', 'what  is\tPYTHON? ', True),
        ('now here', 'nowhere', False),
        ('What is Python?', 'What is Python', False),
    ],
)
def test_semantic_hashing(optimizer: TokenOptimizer, first: str, second: str, same: bool) -> None:
    """'How It Works / Semantic Hashing': case and blanks; SHA-256 with the model."""
    cache = optimizer.cache
    assert (cache.key(first, MODEL) == cache.key(second, MODEL)) is same
    assert cache.key(first, MODEL) != cache.key(first, 'gpt-4')
    assert len(bytes.fromhex(cache.key(first, MODEL))) == 32


def test_answers_expire_after_24_hours(tmp_path: Path) -> None:
    """'How It Works / Cache Storage': 24 hours, or what is said."""
    now = [1_770_000_000.0]
    with Store(tmp_path / 'store.db', clock=lambda: now[0]) as store:
        day, week = TokenOptimizer(Answers(), store=store), TokenOptimizer(Answers(), store=store, max_age_hours=168)
        day.process_request('a', MODEL)
        now[0] += 24 * 3_600 - 1
        assert day.process_request('a', MODEL)[1].cache_hit
        now[0] += 2
        assert day.cache.get('a', MODEL) is None
        assert week.cache.get('a', MODEL) is not None
        assert week.cache.clear_old(24) == 1


def test_tracked_metrics(optimizer: TokenOptimizer) -> None:
    """'Metrics Tracking / Tracked Metrics': eight fields in that order; what a hit saves is no ninth."""
    assert [field.name for field in dataclasses.fields(TokenMetrics)] == [
        'prompt_tokens',
        'completion_tokens',
        'total_tokens',
        'cost',
        'latency_ms',
        'cache_hit',
        'model',
        'timestamp',
    ]
    _, metrics = optimizer.process_request('a', MODEL)
    kinds = [type(value) for value in dataclasses.asdict(metrics).values()]
    assert kinds == [int, int, int, float, float, bool, str, datetime]
    assert (metrics.prompt_tokens, metrics.completion_tokens, metrics.total_tokens) == (100, 50, 150)


@pytest.mark.parametrize(
    ('tokens', 'cost', 'milliseconds', 'score'),
    [(500, 0.002, 1_000.0, 250_000.0), (500, 0.0, 1_000.0, math.inf), (500, math.nan, 1_000.0, math.nan)],
)
def test_efficiency_score(tokens: int, cost: float, milliseconds: float, score: float) -> None:
    """'Efficiency Score': tokens a second by cost; free is infinite, and what nobody has priced is no number."""
    made = TokenMetrics(0, tokens, tokens, cost, milliseconds, False, MODEL, datetime.now().astimezone())
    assert made.efficiency_score() == pytest.approx(score, nan_ok=True)


def test_metrics_summary(optimizer: TokenOptimizer) -> None:
    """'Metrics Summary': its keys, and figures that add up; a hit has used nothing."""
    for prompt, model in (('a', MODEL), ('a', MODEL), ('b', MODEL), ('a', 'dear'), ('a', 'unheard-of')):
        optimizer.process_request(prompt, model)
    summary = optimizer.metrics.get_summary(hours=24)
    expected = {'total_requests', 'total_tokens', 'total_cost', 'avg_latency_ms', 'cache_hit_rate', 'by_model'}
    assert expected <= set(summary)
    assert (summary['total_requests'], summary['total_tokens'], summary['cache_hit_rate']) == (5, 600, 0.2)
    assert summary['total_cost'] == pytest.approx(0.003 + 0.015)
    assert summary['unpriced_requests'] == 1
    assert list(summary['by_model']) == [MODEL, 'dear', 'unheard-of']
    one = summary['by_model'][MODEL]
    assert {'requests', 'tokens', 'cost', 'avg_latency_ms', 'cache_hit_rate'} <= set(one)
    assert (one['requests'], one['tokens'], one['cache_hit_rate']) == (3, 300, pytest.approx(1 / 3))
    assert summary['by_model']['unheard-of']['cost'] is None


def test_efficiency_rankings(optimizer: TokenOptimizer) -> None:
    """'Efficiency Rankings': its keys; free first, then by tokens a second for a dollar, the unknown last."""
    for model in ('unheard-of', 'dear', MODEL, 'gift'):
        optimizer.process_request('a', model)
    rankings = optimizer.metrics.get_efficiency_rankings(hours=24)
    assert [one['model'] for one in rankings] == ['gift', MODEL, 'dear', 'unheard-of']
    for one in rankings:
        assert {'model', 'tokens_per_second', 'avg_cost', 'efficiency_score', 'requests'} <= set(one)
    assert rankings[1]['efficiency_score'] == pytest.approx(rankings[1]['tokens_per_second'] / 0.0015)
    assert [one['efficiency_score'] is None for one in rankings] == [True, False, False, True]
    assert [one['free'] for one in rankings] == [True, False, False, False]
    assert rankings[0]['model'] == 'gift'  # "Best Practices / Monitor Efficiency Rankings"


def test_batch_token_counting(optimizer: TokenOptimizer) -> None:
    """'Parallel Processing / Batch Token Counting' and 'Performance Tuning': in order, by as many threads as said."""
    tokenizer = optimizer.tokenizer
    texts = ['one', 'one two three', '', 'x' * 500]
    expected = [counter_for(MODEL).count(text) for text in texts]
    for workers in (20, 5, 1):
        optimizer.tokenizer.max_workers = workers
        assert tokenizer.batch_count_tokens(texts, model=MODEL) == expected
    with pytest.raises(ConfigError, match='at least 1'):
        optimizer.tokenizer.max_workers = 0


def test_batch_api_requests(tmp_path: Path) -> None:
    """'Batch API Requests': in order, `max_workers` at once; one that fails stops no other, and is told."""
    backend = Answers(0.02)
    optimizer = TokenOptimizer(backend, store=tmp_path / 'store.db', prices=PRICES)
    optimizer.tokenizer.max_workers = 3
    prompts = [f'Question {i}' for i in range(9)]
    results = optimizer.batch_process(prompts, model=MODEL)
    assert [answer for answer, _ in results] == [f'About: {prompt}' for prompt in prompts]
    assert 1 < backend.most <= 3
    with pytest.raises(RuntimeError, match='no answer'):
        optimizer.batch_process(['fail', 'new'], model=MODEL)
    assert optimizer.process_request('new', MODEL)[1].cache_hit
    assert optimizer.batch_process([], model=MODEL) == []
    optimizer.close()


def test_report_structure(optimizer: TokenOptimizer) -> None:
    """'Optimization Report / Report Structure': its keys, as JSON; advice as sentences."""
    optimizer.process_request('a', 'gift')
    report = json.loads(json.dumps(optimizer.get_optimization_report(hours=168), allow_nan=False))
    assert list(report) == ['period_hours', 'cache', 'metrics', 'efficiency_rankings', 'recommendations']
    assert report['period_hours'] == 168
    assert list(report['cache']) == [
        'total_entries',
        'total_hits',
        'hit_rate',
        'tokens_saved',
        'estimated_cost_saved',
        'by_model',
    ]
    assert [sentence.partition(':')[0] for sentence in report['recommendations']] == [
        'The most efficient model is gift',
        'The cache hit rate is low at 0%',
    ]
    optimizer.process_request('a', 'gift')
    assert 'The cache hit rate is good at 50%.' in optimizer.get_optimization_report()['recommendations']


def test_an_empty_report(optimizer: TokenOptimizer) -> None:
    """Nothing happened: zeros, and no advice."""
    report = optimizer.get_optimization_report(hours=24)
    assert (report['metrics']['total_requests'], report['cache']['estimated_cost_saved']) == (0, 0.0)
    assert report['recommendations'] == []


def test_prompt_optimization(optimizer: TokenOptimizer) -> None:
    """'Prompt Optimization / Automatic Truncation': at most as many tokens as said, and no shorter than need be."""
    long_prompt = '...' * 10_000
    optimized = optimizer.tokenizer.optimize_prompt(prompt=long_prompt, max_tokens=200, model=MODEL)
    assert 190 <= optimizer.tokenizer.count_tokens(optimized, MODEL) <= 200
    assert optimizer.tokenizer.optimize_prompt('short', 200, MODEL) == 'short'


def test_best_practices(optimizer: TokenOptimizer, backend: Answers) -> None:
    """'Best Practices / Enable Caching': with `use_cache=False` it is asked again, and nothing is stored."""
    for _ in range(2):
        assert not optimizer.process_request('What is Python?', model=MODEL, use_cache=False)[1].cache_hit
    assert len(backend.asked) == 2
    assert optimizer.cache.get_stats()['total_entries'] == 0


COLUMNS = {
    'response_cache': [  # "Database Schema / Token Cache Database"
        ('prompt_hash', 'TEXT', 0, None, 1),
        ('response', 'TEXT', 1, None, 0),
        ('tokens', 'INTEGER', 1, None, 0),
        ('model', 'TEXT', 1, None, 0),
        ('timestamp', 'TEXT', 1, None, 0),
        ('hit_count', 'INTEGER', 0, '0', 0),
    ],
    'token_metrics': [  # "Database Schema / Token Metrics Database"
        ('id', 'INTEGER', 0, None, 1),
        ('prompt_tokens', 'INTEGER', 1, None, 0),
        ('completion_tokens', 'INTEGER', 1, None, 0),
        ('total_tokens', 'INTEGER', 1, None, 0),
        ('cost', 'REAL', 1, None, 0),
        ('latency_ms', 'REAL', 1, None, 0),
        ('cache_hit', 'BOOLEAN', 1, None, 0),
        ('model', 'TEXT', 1, None, 0),
        ('timestamp', 'TEXT', 1, None, 0),
    ],
}
INDEXES = {
    'response_cache': ('idx_timestamp', ['timestamp']),
    'token_metrics': ('idx_model_timestamp', ['model', 'timestamp']),
}


@pytest.mark.parametrize('table', COLUMNS)
def test_database_schema(optimizer: TokenOptimizer, tmp_path: Path, table: str) -> None:
    """'Database Schema': columns, types, keys, defaults and indexes, and rows that read as the figures do."""
    _, metrics = optimizer.process_request('a', MODEL)
    index, columns = INDEXES[table]
    with sqlite3.connect(tmp_path / 'token_cache.db') as connection:
        assert [row[1:] for row in connection.execute(f'PRAGMA table_info({table})')] == COLUMNS[table]
        assert [row[2] for row in connection.execute(f'PRAGMA index_info({index})')] == columns
        assert index in [row[1] for row in connection.execute(f'PRAGMA index_list({table})')]
        row = connection.execute(f'SELECT * FROM {table}').fetchone()
    if table == 'token_metrics':
        assert row[1:5] == (100, 50, 150, 0.0015)
        assert datetime.fromisoformat(row[-1]) == metrics.timestamp
    else:
        assert row[1:4] == ('About: a', 150, MODEL)
    connection.close()


def test_a_database_of_theirs_goes_on(tmp_path: Path) -> None:
    """What lies in `~/.gh-ai-assistant/token_cache.db` stays, and may be the store."""
    path = tmp_path / 'token_cache.db'
    with sqlite3.connect(path) as connection:
        connection.execute(
            'CREATE TABLE response_cache (prompt_hash TEXT PRIMARY KEY, response TEXT NOT NULL,'
            ' tokens INTEGER NOT NULL, model TEXT NOT NULL, timestamp TEXT NOT NULL, hit_count INTEGER DEFAULT 0)'
        )
        connection.execute('CREATE INDEX idx_timestamp ON response_cache(timestamp)')
        connection.execute("INSERT INTO response_cache VALUES ('h', 'old', 7, 'gpt-4', '2026-01-01T10:00:00', 3)")
    connection.close()
    optimizer = TokenOptimizer(Answers(), store=path, prices=PRICES)
    optimizer.process_request('a', MODEL)
    assert optimizer.cache.get_stats()['by_model'] == {
        MODEL: {'entries': 1, 'hits': 0},
        'gpt-4': {'entries': 1, 'hits': 3},
    }
    assert optimizer.cache.clear_old(24) == 1
    optimizer.close()


def test_troubleshooting(optimizer: TokenOptimizer) -> None:
    """'Troubleshooting': its three remedies can be carried out as they stand."""
    assert optimizer.cache.clear_old(max_age_hours=6) == 0
    optimizer.tokenizer.max_workers = 5
    assert optimizer.cache.get_stats()['total_hits'] == 0
    optimizer.tokenizer.max_workers = 20
    assert len(optimizer.batch_process(['a', 'b'], model=MODEL)) == 2


# -- backends, and the ledger ---------------------------------------------------------------------------------


def test_an_agent_answers(tmp_path: Path) -> None:
    """Its instructions are part of what is asked; every request is in the ledger, hits too."""
    times = 0

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        nonlocal times
        times += 1
        return ModelResponse([TextPart(f'answer {times}')], usage=RequestUsage(input_tokens=10, output_tokens=5))

    model = FunctionModel(reply, model_name='small')
    with Store(tmp_path / 'store.db') as store:
        for wanted, instructions in (('answer 1', None), ('answer 2', 'Be brief.'), ('answer 3', 'Be long.')):
            agent = Agent(model, instructions=instructions)
            optimizer = TokenOptimizer(agent, store=store, prices=PRICES)
            found = [optimizer.process_request('What is Python?', MODEL) for _ in range(2)]
            assert [answer for answer, _ in found] == [wanted, wanted]
            assert [metrics.tokens_saved for _, metrics in found] == [0, 15]
            stored = optimizer.cache.get('What is Python?', MODEL)
            assert stored is not None
            assert stored.response == wanted
        entries = Ledger(store).entries()
    assert [(one.kind, one.model, one.input_tokens, one.saved_by_cache) for one in entries] == [
        ('request', 'small', 10, 0),
        ('cache', 'small', 0, 15),
    ] * 3
    assert times == 3


def test_what_called_a_tool_is_not_given_again(tmp_path: Path) -> None:
    """A tool may have done something: it is done again."""
    done: list[str] = []
    agent = Agent(TestModel())

    @agent.tool_plain
    def deploy() -> str:
        """Does something."""
        done.append('deployed')
        return 'done'

    optimizer = TokenOptimizer(agent, store=tmp_path / 'store.db', prices=PRICES)
    assert [optimizer.process_request('deploy', MODEL)[1].cache_hit for _ in range(2)] == [False, False]
    assert len(done) == 2
    optimizer.close()


def test_a_compactor_on_the_agent_writes_it_down_alone(tmp_path: Path) -> None:
    """Once, not twice, whoever keeps the ledger."""
    with Store(tmp_path / 'store.db') as store:
        agent = Agent(TestModel(custom_output_text='yes'), capabilities=[Compactor(store=store)])
        TokenOptimizer(agent, store=store, prices=PRICES).process_request('a', MODEL)
        assert len(Ledger(store).entries()) == 1


async def _slowly(prompt: str) -> str:
    return prompt[::-1]


def test_other_backends(tmp_path: Path) -> None:
    """A model, a coroutine function, a function of the prompt alone; nothing else, and no name that nobody knows."""
    store = tmp_path / 'store.db'
    assert TokenOptimizer(TestModel(custom_output_text='hi'), store=store).process_request('1', MODEL)[0] == 'hi'
    assert TokenOptimizer(_slowly, store=store).process_request('abc', MODEL)[0] == 'cba'
    assert TokenOptimizer(str.upper, store=store).process_request('def', MODEL)[0] == 'DEF'
    assert TokenOptimizer('test', store=store).process_request('ghi', MODEL)[0]
    with pytest.raises(ConfigError, match='a backend is'):
        TokenOptimizer(3, store=store)
    with pytest.raises(ConfigError, match='give a backend'):
        TokenOptimizer(store=store).process_request('new', 'unheard-of')


def test_a_store_that_is_away_costs_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The answer comes, and a warning says what is missing."""
    (tmp_path / 'file').write_text('')
    optimizer = TokenOptimizer(Answers(), store=tmp_path / 'file' / 'store.db', prices=PRICES)
    assert optimizer.process_request('a', MODEL)[0] == 'About: a'
    assert 'cannot open' in caplog.text


def test_an_answer_with_a_secret_is_not_stored(tmp_path: Path) -> None:
    """It is given, and asked for again."""
    key = 'sk-proj-' + 'a1B2c3D4e5F6g7H8' * 4
    optimizer = TokenOptimizer(lambda prompt, model: f'the key is {key}', store=tmp_path / 'store.db', prices=PRICES)
    assert [optimizer.process_request('key?', MODEL)[1].cache_hit for _ in range(2)] == [False, False]
    assert optimizer.cache.get_stats()['total_entries'] == 0
    optimizer.close()
