"""Several tools in one output: each is told, with its own end."""

from __future__ import annotations

import gzip
from importlib import import_module
from pathlib import Path
from typing import Any

from compactor import Kind, shrink
from compactor.outputs.runs import runs

SCORE: Any = import_module('benchmarks.runners.score')
WANTED = 0.97


def _output(name: str) -> str:
    return gzip.decompress((Path(SCORE.OWN) / f'{name}.txt.gz').read_bytes()).decode()


def test_a_run_of_everything() -> None:
    """Findings and their number, failures and their number of two runners, and how it ended."""
    text = '\n'.join(
        (_output('ruff_concise'), _output('py_vv'), _output('vitest2_default'), 'make: *** [Makefile:12: ci] Error 1')
    )
    shrunk = shrink(text, 1_000, tool='bash', arguments={'command': 'make ci'})
    assert shrunk.kind is Kind.MIXED
    for said in ('F821', 'Found ', '6 failed', 'test_weight[9]', '4 failed', 'weighs crate 9', 'Error 1'):
        assert said in shrunk.text, said


def test_one_tool_is_one_run() -> None:
    """However much it prints."""
    assert runs(_output('py_vv')) is None
    assert runs('') is None


def test_runs_are_the_whole_text() -> None:
    """Nothing is lost between them."""
    text = _output('ruff_concise') + _output('py_vv') + _output('vitest2_default')
    found = runs(text) or []
    assert len(found) == 3
    assert ''.join(text[start:end] for start, end in found) == text


def test_what_is_kept_of_every_runner() -> None:
    """Names, errors and totals at 800 tokens, of the outputs made for it and of the published ones."""
    for outputs in (list(SCORE.read(SCORE.OWN)), list(SCORE.published())):
        result = SCORE.kept(outputs, 800)
        assert {kind for _, kind in result.shares} == set(SCORE.KINDS)
        assert min(result.shares.values()) >= WANTED, result.missed
