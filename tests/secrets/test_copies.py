"""Copies that are made of a history: none of them holds a secret, whoever wrote it, and the history itself stays."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import (
    ImageUrl,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import Ledger, MemoryArchive, Policy, Store, compact, inspect, restore
from compactor.adapters.pydantic_ai.messages.dumped import dump
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.archive.keeping import keeping
from compactor.compaction import RequestContext
from compactor.history.message import Kind
from compactor.ledger.entry import Entry
from compactor.pipeline import drive, fit
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.secrets.values import redacted
from compactor.store.responses import ResponseCache
from compactor.strategies import Question, Summarise
from compactor.telemetry.events import OutputFailed, Repaired
from tests.laws.release import legacy_retry
from tests.notation import COUNTER
from tests.secrets.samples import bodies, key_lines, made
from tests.test_pipeline import Fixed

CHANNELS = (
    'prompt',
    'said',
    'thought',
    'argument',
    'JSON argument',
    'key',
    'tool',
    'result',
    'refusal',
    'system',
    'goal',
)
TOKENS = {channel: 'gh' + 'p_' + made(36, seed=channel) for channel in CHANNELS}
"""A secret for each channel, so that a leak says where it comes from."""
KEY = key_lines(size=600)
SIGNED = 'https://b.s3.amazonaws.com/p.png?X-Amz-Signature=' + made(64, seed='signed')
FILLER = 'x y z ' * 60


def history(steps: int = 30) -> list[ModelMessage]:
    """A conversation in which every channel holds a secret of its own."""
    found: list[ModelMessage] = [
        ModelRequest(
            parts=[
                SystemPromptPart(f'Use {TOKENS["system"]}.'),
                UserPromptPart([f'Upload it with {TOKENS["goal"]}.', ImageUrl(SIGNED)]),
            ]
        )
    ]
    for n in range(steps):
        found += [
            ModelResponse(
                parts=[
                    ThinkingPart(f'I remember {TOKENS["thought"]}.'),
                    TextPart(f'I use {TOKENS["said"]} now for part {n}.'),
                    ToolCallPart(
                        'run',
                        {
                            'command': f'curl -H "Authorization: token {TOKENS["argument"]}" https://h/{n}',
                            TOKENS['key']: 1,
                        },
                        tool_call_id=f'a{n}',
                    ),
                    ToolCallPart(
                        f'run_{TOKENS["tool"]}',
                        json.dumps({'password': 'Sup3rS3cret!', 'x': TOKENS['JSON argument'], 'pem': '\n'.join(KEY)}),
                        tool_call_id=f'b{n}',
                    ),
                ]
            ),
            ModelRequest(
                parts=[
                    ToolReturnPart('run', f'answer {n} {TOKENS["result"]} {FILLER}', tool_call_id=f'a{n}'),
                    legacy_retry(f'error: bad token {TOKENS["refusal"]}', tool_name='run', tool_call_id=f'b{n}')
                    if n % 2
                    else ToolReturnPart(f'run_{TOKENS["tool"]}', {'ok': n, 'at': FILLER}, tool_call_id=f'b{n}'),
                ]
            ),
        ]
        if n % 7 == 6:
            found += [
                ModelResponse(parts=[TextPart(f'Part {n} is done.')]),
                ModelRequest(parts=[UserPromptPart(f'Go on with {TOKENS["prompt"]}, part {n + 1}.')]),
            ]
    return [*found, ModelResponse(parts=[TextPart('So far.')]), ModelRequest(parts=[UserPromptPart('Go on.')])]


def leaks(text: str) -> list[str]:
    """The channels whose secrets stand in a text, and lines of the key."""
    found = [channel for channel, token in TOKENS.items() if token in text]
    return found + [line for line in bodies(KEY) if line in text] + ['password'] * ('Sup3rS3cret!' in text)


def dumped(messages: Sequence[ModelMessage]) -> Any:
    """Messages as JSON."""
    return json.loads(ModelMessagesTypeAdapter.dump_json(list(messages)))


def entries(archive: MemoryArchive) -> list[str]:
    """Everything that an archive holds."""
    return [zlib.decompress(packed).decode() for packed in archive._entries.values()]


def test_neither_digest_nor_archive_holds_a_secret() -> None:
    """Of any channel; what stays in the history is the very object that it was."""
    messages = history()
    archive = MemoryArchive()
    before = dumped(messages)
    compaction = compact(messages, target_tokens=4_000, archive=archive)
    digests = [part.text for message in compaction.view for part in message.parts if part.kind is Kind.MARK]
    assert any('curl' in text for text in digests)
    assert not leaks('\n'.join(digests))
    assert len(archive) > 20
    assert not [leaks(entry) for entry in entries(archive) if leaks(entry)]
    assert dumped(messages) == before
    assert all(any(message is one for one in messages) for message in compaction.messages[-2:])


def test_what_is_restored_is_the_original_without_its_secrets() -> None:
    """Message by message and in order; links to media stay what they were."""
    messages, more = history(), history(8)[1:]
    archive = MemoryArchive()
    compaction = compact(messages, target_tokens=4_000, archive=archive)
    again = compact([*compaction.messages, *more], target_tokens=4_000, archive=archive)
    whole = [*messages, *more]
    for number, (back, original) in enumerate(zip(restore(again.messages, archive), whole, strict=True)):
        whole_again = ModelMessagesTypeAdapter.validate_python(dumped([original]))  # as a newer release reads it
        assert dumped([back]) in (dumped(redacted(whole_again)), dumped([original])), number
    assert SIGNED in json.dumps(dumped(restore(again.messages, archive)))


def test_an_archive_that_keeps_secrets_gives_the_very_history_back() -> None:
    """`keep` undoes what was redacted in vain."""
    messages = history()
    archive = MemoryArchive()

    kept = keeping(archive, dump, secrets=None)
    read = MessageReader(COUNTER).read(messages)
    result = drive(fit(Fixed(read), Policy().history, context(archive=True), target=4_000), kept)
    handle = next(part.text for message in result.view for part in message.parts if part.kind is Kind.MARK)
    assert not leaks(handle)
    assert any(leaks(entry) for entry in entries(archive))
    assert Policy().archive.redacts(HIGH_CONFIDENCE) is HIGH_CONFIDENCE
    assert Policy.model_validate({'archive': {'secrets': 'keep'}}).archive.redacts(HIGH_CONFIDENCE) is None


def context(**values: Any) -> RequestContext:
    """What is known of a request."""
    return RequestContext(COUNTER, window=200_000, **values)


def asked(secrets: Secrets | None) -> list[str]:
    """Every prompt that a summariser gets about the history."""
    read = MessageReader(COUNTER).read(history())
    focus = f'what became of {TOKENS["prompt"]}'
    steps = fit(
        Fixed(read),
        Policy().history,
        replace(context(summarising=Summarise(focus=focus, max_prompt=6_000)), secrets=secrets),
        target=4_000,
    )
    prompts: list[str] = []
    answer: Any = None
    try:
        while True:
            question = steps.send(answer)
            assert isinstance(question, Question)
            prompts += [question.prompt, *question.beside]
            answer = ['Goal: upload it'] * (1 + len(question.beside)) if question.beside else 'Goal: upload it'
    except StopIteration:
        return prompts


def test_the_summariser_is_told_no_secret() -> None:
    """Another provider reads its prompts: not of any channel, nor in what the user asks it to look at."""
    prompts = asked(HIGH_CONFIDENCE)
    assert prompts
    assert not [leaks(prompt) for prompt in prompts if leaks(prompt)]
    assert any(leaks(prompt) for prompt in asked(None))


def test_patterns_of_users_hold_for_copies() -> None:
    """What a policy adds is redacted in a digest as what is built in."""
    secrets = HIGH_CONFIDENCE.with_patterns({'part': r'https://h/\d+'})
    read = MessageReader(COUNTER).read(history())
    result = drive(fit(Fixed(read), Policy().history, replace(context(), secrets=secrets), target=4_000))
    text = '\n'.join(part.text for message in result.view for part in message.parts if part.kind is Kind.MARK)
    assert 'curl' in text
    assert 'https://h/' not in text


def test_a_report_names_parts_without_their_secrets() -> None:
    """Neither how a part begins nor the tool's name gives one away."""
    report = inspect(history())
    assert len(report.largest) > 5
    assert not leaks(repr(report.largest))


def test_why_a_strategy_or_an_archive_failed_is_told_without_secrets() -> None:
    """What an exception quotes is in no report."""

    class Away:
        def put(self, data: bytes) -> str:
            raise OSError(f'cannot reach postgres://app:hunter2@db/main with {TOKENS["result"]}')

        def get(self, key: str) -> bytes | None:
            return None

    compaction = compact(history(), target_tokens=4_000, archive=Away())
    reasons = ' '.join(failure.reason for failure in compaction.failures)
    assert 'cannot reach' in reasons
    assert 'hunter2' not in reasons
    assert not leaks(reasons)


@pytest.mark.parametrize('where', ['reason', 'tool', 'defects'])
def test_events_hold_no_secret(where: str) -> None:
    """Whoever makes them, and whatever field quotes somebody."""
    token = TOKENS['refusal']
    event: Any = {
        'reason': OutputFailed('run', None, 'read', f'ValueError: {token}'),
        'tool': OutputFailed('run', None, f'run_{token}', 'ValueError'),
        'defects': Repaired('run', None, (f'unanswered (run_{token})', 'fine')),
    }[where]
    assert token not in repr(event)
    assert '[REDACTED-' in repr(event)


def test_the_ledger_holds_no_secret(tmp_path: Path) -> None:
    """What a provider said of a failed request is written down without them, whoever wrote the entry."""
    store = Store.open(tmp_path / 's.db')
    ledger = Ledger(store)
    said = f'401: incorrect key {TOKENS["result"]}, password=hunter2'
    ledger.record(Entry(at=0.0, kind='request', model='m', cost=Decimal(0), error=said))
    [entry] = ledger.entries()
    assert entry.error is not None
    assert entry.error.startswith('401: incorrect key [REDACTED-')
    assert 'hunter2' not in entry.error
    store.close()
    assert TOKENS['result'].encode() not in (tmp_path / 's.db').read_bytes()


def test_the_response_cache_holds_no_secret(tmp_path: Path) -> None:
    """A prompt is shown without them; an answer with one is asked for again, for without it it would be another."""
    store = Store.open(tmp_path / 's.db')
    cache = ResponseCache(store)
    cache.set('1', b'fine', model='m', prompt=f'{"a " * 230}{TOKENS["prompt"]} and more')
    cache.set('2', json.dumps({'command': TOKENS['argument']}).encode(), model='m')
    found = cache.get('1')
    assert found is not None
    assert found.data == b'fine'
    assert cache.get('2') is None
    kept = ResponseCache(store, secrets=None)
    kept.set('2', json.dumps({'command': 'x'}).encode(), model='m')
    assert cache.get('2') is not None
    store.close()
    data = (tmp_path / 's.db').read_bytes()
    assert not [token for token in TOKENS.values() if token[:20].encode() in data]
