"""What is found on recorded texts, and how the time grows."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from compactor.secrets.redact import redact
from compactor.secrets.rule import tokens
from tests.corpus import corpus_root, needs_corpus, tool_outputs
from tests.secrets.samples import SETS, key_lines, made, whole

MOST = 2
"""Texts of recorded conversations that may change; none of them is known to hold a secret."""


@needs_corpus
def test_no_recorded_output_changes() -> None:
    """What tools have really returned is full of hashes, ids and test keys, and holds no secret."""
    changed = [output.file for output in tool_outputs() if redact(output.text) is not output.text]
    assert not changed


def texts(value: Any) -> Iterator[str]:
    """Every text in a message's JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)


@pytest.mark.sweep
@needs_corpus
def test_hardly_a_recorded_text_changes() -> None:
    """Prompts, answers, calls and results of all recorded conversations, each text once."""
    root = corpus_root()
    assert root is not None
    seen: set[str] = set()
    for file in sorted((root / 'conversations').glob('*.jsonl.gz')):
        with gzip.open(file, 'rt', encoding='utf-8') as lines:
            for line in lines:
                for message in json.loads(line)['messages']:
                    for part in message['parts']:
                        seen.update(texts([part.get(name) for name in ('content', 'args', 'tool_name')]))
    changed = [text for text in seen if redact(text) is not text]
    assert len(seen) > 34_700
    assert len(changed) <= MOST, changed


HOSTILE = [
    *(whole(rule)[0][:n] + end for rule in list(tokens().values())[::9] for n, end in ((9, ''), (18, '\n'), (99, '-'))),
    *(line + end for line in key_lines()[:2] + key_lines()[-1:] for end in ('', '\n', '\\n', ' ')),
    *('kind: Secret\ndata:\n', 'curl -u ', '"value": ', 'token="1a2b3c4d5e6f7g8h', 'a1+', 'a1/', 'k=v1/', '1 | '),
    *('\x1b[31m', 'a\u200b', '\x08a', '%3D', '\\u001b[31m', 'private key ', 'Authorization: Bearer ', '://a:', '\n'),
    made(64, SETS['b']) + '\n',
]


@pytest.mark.parametrize('beginning', HOSTILE, ids=range(len(HOSTILE)))
def test_the_time_grows_with_the_text(beginning: str) -> None:
    """Four times the text takes no more than about four times the time, whatever it is made of."""

    def seconds(size: int) -> float:
        text = (beginning * (size // len(beginning) + 1))[:size]
        best = float('inf')
        for _ in range(2):
            start = time.process_time()
            redact(text)
            best = min(best, time.process_time() - start)
        return best

    short, long = seconds(10_000), seconds(40_000)
    assert long < 12 * short + 0.03  # what grew with the square would take sixteen times the time
