"""`compactor route`: what a table decides, and why."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import wrap

import pytest
from inline_snapshot import snapshot

from compactor.routing.complexity import Complexity
from compactor.routing.kept import save
from compactor.routing.learn import Key, MemoryOutcomes, record_outcome
from tests.cli.terminal import ran, run


def test_models_reason_and_what_was_passed_over() -> None:
    """For people."""
    said = ran('route', 'Redesign the architecture for zero downtime', '--table', 'premium-requests', '--files', 8)
    assert [line for whole in said.splitlines() for line in wrap(whole, 100)] == snapshot(
        [
            'models  openai:o4-mini > anthropic:claude-sonnet-4-0 > google:gemini-2.5-pro > anthropic:claude-',
            'opus-4-5',
            "why     no workload, architecture, complex 0.82 (words 0.85 ('zero downtime', 'redesign',",
            "'architecture'), task 0.80 (architecture), files 0.80 (8)): openai:o4-mini at 0.3 premium requests,",
            'the cheapest of 4 that suit; passed over openai:o3-mini (quality 0.88, floor 0.9), anthropic:claude-',
            'opus-4-0 (3 fallbacks are enough)',
            'plan    2,000 tokens in, 1,500 tokens out',
            'passed over                 why',
            '───────────────────────────────────────────────────',
            'openai:o3-mini              quality 0.88, floor 0.9',
            'anthropic:claude-opus-4-0   3 fallbacks are enough',
        ]
    )


def test_fields_are_shown() -> None:
    """Queue and priority, of a rule that has them."""
    said = ran('route', 'Fix a typo', '--task', 'format', '--table', 'task-tiers', '--lines', 1)
    assert 'queue     queue:mistral' in said
    assert 'priority  low' in said


def test_as_json() -> None:
    """For scripts."""
    account = json.loads(ran('route', 'Fix it', '--workload', 'coding', '--table', 'workloads', '--json'))
    assert account['chain'][0] == 'cerebras:zai-glm-4.7'
    assert (account['workload'], account['source'], account['passed_over']) == ('coding', 'rule', [])


def test_a_policy_of_ones_own(tmp_path: Path) -> None:
    """With windows, and what was learned in the file that it names."""
    outcomes = MemoryOutcomes()
    for _ in range(6):
        record_outcome(outcomes, Key('', 'review', Complexity.MODERATE), 'b:y', success=True, at=4e9)
    save(tmp_path / 'outcomes.json', outcomes)
    path = tmp_path / 'compactor.toml'
    path.write_text(
        f"""
        [routing]
        rules = [{{ chain = ['a:x', 'b:y'] }}]
        [routing.learning]
        path = '{tmp_path / 'outcomes.json'}'
        [tokens.windows]
        'a:x' = 100
        """
    )
    assert 'b:y, tried first as 6 of 6 went well' in ran('route', 'Review it', '--policy', path)
    said = ran('route', 'Review it', '--policy', path, '--tokens', 101)
    assert 'window 100, 101 tokens needed' in said


def test_without_a_table() -> None:
    """Exit code 1, and what would do."""
    code, out, err = run('route', 'Fix it')
    assert (code, out) == (1, '')
    assert 'the policy has no [routing] table' in err
    assert 'premium-requests, task-tiers, tokenette, workloads' in err


def test_a_table_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every other setting."""
    monkeypatch.setenv('COMPACTOR_ROUTING_PRESET', 'workloads')
    assert 'cerebras:zai-glm-4.7' in ran('route', 'Fix it', '--workload', 'coding')
    assert 'no model is left' in ran('route', 'Fix it')


def test_bad_use() -> None:
    """An unknown table, a negative count."""
    assert 'there is no routing table' in run('route', 'Fix it', '--table', 'none')[2]
    assert run('route', 'Fix it', '--table', 'workloads', '--files', -1)[0] == 2
