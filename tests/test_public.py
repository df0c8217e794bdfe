"""The public face: its names, what importing it costs, and what it says to input that is no history."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from textwrap import wrap
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)

import compactor
from compactor import ConfigError, HistoryError, Policy, compact, counter_for, inspect
from tests.laws.release import SpeechX
from tests.laws.writer import EPOCH


def test_names() -> None:
    """The public names; they are fixed."""
    assert sorted(compactor.__all__) == snapshot(
        [
            'Archive',
            'ArchiveExpired',
            'ArchivePolicy',
            'Budget',
            'BudgetExceeded',
            'CachedModel',
            'CapacityExhausted',
            'CapacityModel',
            'CapacityPolicy',
            'Compaction',
            'Compactor',
            'CompactorError',
            'ConfigError',
            'Counter',
            'Entry',
            'HistoryError',
            'HistoryPolicy',
            'Item',
            'Kind',
            'Ledger',
            'LedgerPolicy',
            'Level',
            'MemoryArchive',
            'Narrowing',
            'OutputKind',
            'OutputsPolicy',
            'Packed',
            'Policy',
            'Prices',
            'Profile',
            'RequestTooLarge',
            'RoutingPolicy',
            'Shrunk',
            'Squeezed',
            'Store',
            'StoreArchive',
            'StoreError',
            'SummaryPolicy',
            'TaskPolicy',
            'TelemetryPolicy',
            'TokenMetrics',
            'TokenPolicy',
            'TokenReport',
            'Workspace',
            'WorkspaceError',
            'cache_tool',
            'compact',
            'context_for',
            'count_batch',
            'counter_for',
            'inspect',
            'output_budget',
            'pack',
            'pin',
            'process_batch',
            'process_request',
            'restore',
            'shrink',
            'signature_map',
            'squeeze',
            'unsqueeze',
            'workspace_tools',
        ]
    )


@pytest.mark.parametrize('name', compactor.__all__)
def test_every_name_is_importable(name: str) -> None:
    """Each name resolves, is listed by `dir`, and is documented."""
    assert getattr(compactor, name).__doc__
    assert name in dir(compactor)


def test_an_unknown_name() -> None:
    """An attribute that does not exist is an ordinary `AttributeError`."""
    with pytest.raises(AttributeError, match=r"module 'compactor' has no attribute 'Compacter'"):
        _ = compactor.Compacter


def test_importing_it_loads_next_to_nothing() -> None:
    """A fresh interpreter that imports `compactor` has loaded no framework, tokenizer or validator."""
    script = 'import compactor, json, sys; print(json.dumps(sorted(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=True)
    loaded = {name.partition('.')[0] for name in json.loads(done.stdout)}
    assert loaded & {'pydantic_ai', 'tiktoken', 'pydantic', 'typer', 'rich', 'opentelemetry'} == set()


# -- input ---------------------------------------------------------------------------------------------------


def talk() -> list[ModelMessage]:
    """A prompt and its answer."""
    return [
        ModelRequest([UserPromptPart('Fix the parser.', timestamp=EPOCH)]),
        ModelResponse([TextPart('Done.')], timestamp=EPOCH),
    ]


def text_of(raised: Callable[[], Any], error: type[Exception]) -> str:
    """What the error says."""
    with pytest.raises(error) as caught:
        raised()
    return str(caught.value)


@pytest.mark.parametrize('target', [None, 1])
def test_an_empty_history_passes(target: int | None) -> None:
    """Nothing in, nothing out, no error."""
    result = compact([], target_tokens=target)
    assert list(result.messages) == []
    assert (result.changed, result.tokens_after, result.removed) == (False, 0, ())
    assert inspect([]).estimated == 0


def test_a_history_that_ends_in_a_response_passes() -> None:
    """Between runs a history ends in an answer, or in calls that are still to be answered."""
    waiting = [*talk()[:1], ModelResponse([ToolCallPart('run', {}, 'a')], timestamp=EPOCH)]
    for history in (talk(), waiting):
        result = compact(history)
        assert result.messages is history
        assert not result.repairs


def test_unknown_parts_pass_untouched() -> None:
    """What a newer release may write is counted and handed on as the same object."""
    speech: Any = SpeechX('words of a newer release')
    history = [*talk(), ModelRequest([speech]), ModelResponse([speech], timestamp=EPOCH)]
    result = compact(history)
    assert result.messages is history
    assert inspect(history).estimated > inspect(talk()).estimated
    forced = compact([*history, *talk()[:1]], target_tokens=1)
    assert any(part is speech for message in forced.messages for part in message.parts)


WRONG: dict[str, Any] = {
    'a text': 'Fix the parser.',
    'bytes': b'[]',
    'nothing': None,
    'a dict': {'messages': []},
    'a generator': (message for message in talk()),
}


@pytest.mark.parametrize('kind', WRONG)
@pytest.mark.parametrize('reader', [compact, inspect])
def test_what_is_no_list(kind: str, reader: Callable[[Any], Any]) -> None:
    """The error names what was found and how to get a history."""
    text = text_of(lambda: reader(WRONG[kind]), HistoryError)
    assert f'got {type(WRONG[kind]).__name__}: pass result.all_messages()' in text


def test_a_list_of_dicts() -> None:
    """Stored messages have to be loaded first; the error says which item, and what to pass."""
    stored = ModelMessagesTypeAdapter.dump_python(talk(), mode='json')
    assert wrap(text_of(lambda: compact(stored), HistoryError), 100) == snapshot(
        [
            'item 0 is a dict, not a pydantic-ai message: pass a list of ModelRequest and ModelResponse, such as',
            'result.all_messages()',
        ]
    )
    mixed: Any = [*talk(), 'hello']
    assert text_of(lambda: inspect(mixed), HistoryError).startswith('item 2 is a str, not a pydantic-ai message')
    assert text_of(lambda: counter_for().count_messages(stored), HistoryError).startswith('item 0 is a dict')


@pytest.mark.parametrize('target', [0, -1])
def test_a_target_that_is_no_size(target: int) -> None:
    """A target must be positive."""
    assert text_of(lambda: compact(talk(), target_tokens=target), ConfigError) == (
        f'target_tokens must be positive, got {target}'
    )


def test_a_preset_by_name() -> None:
    """A policy may be given by its preset's name; one that does not exist is a `ConfigError`."""
    assert compact(talk(), 'cerebras').limits == Policy.preset('cerebras').history.limits(None)
    assert 'there are: anthropic, ' in text_of(lambda: compact(talk(), 'cerebra'), ConfigError)


def test_a_model_that_nobody_knows() -> None:
    """An unknown model is counted as an estimate; without a window no share of it is given."""
    report = inspect(talk(), 'acme:frobnicator-9')
    assert (report.method, report.budget, report.usage) == ('estimate', None, None)
    assert report.estimated == inspect(talk()).estimated
    assert compact(talk(), model='acme:frobnicator-9').report.method == 'estimate'


def test_a_model_that_is_known() -> None:
    """An OpenAI model is counted exactly, against its window."""
    report = inspect(talk(), 'openai:gpt-5.2')
    assert report.method == 'exact'
    assert report.budget == 400_000
    assert report.usage == report.estimated / 400_000


def test_the_input_is_not_changed() -> None:
    """A compaction gives a new list; what was handed in is as it was."""
    history = talk() * 20
    looked = repr(history)
    assert compact(history, target_tokens=10).changed
    assert repr(history) == looked
