"""Context windows: what the user says, then the table, then genai_prices, then None."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.tokens import windows
from compactor.tokens.windows import context_window


@pytest.mark.parametrize(
    ('model', 'window'),
    [
        ('gpt-4', 8_192),
        ('gpt-4-0613', 8_192),
        ('gpt-4-32k', 32_768),
        ('gpt-4-turbo-2024-04-09', 128_000),
        ('gpt-3.5-turbo', 16_385),
        ('gpt-3.5-turbo-0613', 4_096),
        ('openai:gpt-4o-mini', 128_000),
        ('openai/gpt-4.1-mini', 1_047_576),
        ('gpt-5', 400_000),
        ('gpt-5-codex', 400_000),
        ('gpt-5-chat-latest', 128_000),
        ('o3-mini', 200_000),
        ('o1-mini', 128_000),
        ('gpt-oss-120b', 131_072),
        ('claude-3-opus', 200_000),
        ('anthropic:claude-sonnet-4-5', 200_000),
        ('bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0', 200_000),
        ('claude-sonnet-4-20250514', 200_000),
        ('claude-haiku-4-5', 200_000),
        ('claude-opus-4-7', 1_000_000),
        ('claude-sonnet-5', 1_000_000),
        ('google-gla:gemini-2.5-pro', 1_048_576),
        ('gemini-1.5-flash-002', 1_048_576),
        ('cerebras:zai-glm-4.7', 131_072),
        ('openrouter:z-ai/glm-4.6', 200_000),
        ('cerebras:qwen-3-32b', 131_072),
        ('llama-3-70b', 8_192),
        ('cerebras:llama-3.3-70b', 128_000),
        ('bedrock:meta.llama3-1-70b-instruct-v1:0', 128_000),
        ('deepseek-chat', 128_000),
        ('fireworks:accounts/fireworks/models/llama-v3p1-8b-instruct', 128_000),
        ('mistral-large-latest', 128_000),
        ('mixtral-8x7b', 32_768),
    ],
)
def test_table(model: str, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Well-known models are in the bundled table; genai_prices is not asked."""
    monkeypatch.setattr(windows, '_from_prices', lambda provider, name: pytest.fail(f'{name} is not in the table'))
    assert context_window(model) == window


@pytest.mark.parametrize('model', [None, '', 'nobody-knows', 'nobody:knows/this'])
def test_unknown(model: str | None) -> None:
    """What nobody knows has no window."""
    assert context_window(model) is None


@pytest.mark.parametrize(
    ('overrides', 'window'),
    [
        ({'openai:gpt-4o': 1_000}, 1_000),
        ({'gpt-4o': 2_000}, 2_000),
        ({'GPT-4o': 3_000}, 3_000),
        ({'gpt-*': 4_000}, 4_000),
        ({'openai:*': 5_000}, 5_000),
        ({'gpt-*': 4_000, 'gpt-4o': 6_000}, 6_000),
        ({'*': 7_000, 'gpt-*': 4_000}, 7_000),
        ({'claude-*': 8_000}, 128_000),
    ],
)
def test_overrides(overrides: dict[str, int], window: int) -> None:
    """The user's word goes before the table: names before patterns, patterns in their order."""
    assert context_window('openai:gpt-4o', overrides) == window


def test_prices_are_asked_last() -> None:
    """A model that is not in the table is looked up in genai_prices, by provider where one is named."""
    pytest.importorskip('genai_prices')
    assert context_window('grok-4') == context_window('openrouter:x-ai/grok-4') == 256_000


def test_works_without_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without genai_prices such a model has no window, and the table still serves the others."""
    monkeypatch.setitem(sys.modules, 'genai_prices', None)
    monkeypatch.setitem(sys.modules, 'genai_prices.data_snapshot', None)
    windows._documented.cache_clear()
    assert context_window('grok-4') is None
    assert context_window('gpt-4o') == 128_000
    windows._documented.cache_clear()


@settings(deadline=None)
@given(st.text(max_size=50))
def test_any_name(model: str) -> None:
    """No name raises; a window is a positive number."""
    assert (context_window(model) or 1) > 0


def _known_names() -> list[str]:
    models = pytest.importorskip('pydantic_ai.models')

    def names(kind: Any) -> Iterator[str]:
        for one in get_args(getattr(kind, '__value__', kind)):
            if isinstance(one, str):
                yield one
            else:
                yield from names(one)

    return list(names(models.KnownModelName))


def test_every_name_that_pydantic_ai_knows_has_a_window_or_is_listed() -> None:
    """Whatever can be written in `Agent('...')`: a window, or a line in the visible list of those nobody publishes."""
    pytest.importorskip('genai_prices')
    unknown = {name for name in _known_names() if context_window(name) is None}
    assert unknown <= windows.UNKNOWN_WINDOWS


def test_no_window_is_larger_than_its_host_says() -> None:
    """Of every provider and model that genai-prices knows a window of, ours is no larger."""
    snapshot = pytest.importorskip('genai_prices.data_snapshot').get_snapshot()
    pairs = [(p.id, m.id, m.context_window) for p in snapshot.providers for m in p.models if m.context_window]
    assert len(pairs) > 1_000
    too_large = [
        (provider, model, theirs)
        for provider, model, theirs in pairs
        if (context_window(f'{provider}:{model}') or 0) > theirs
    ]
    assert too_large == [], 'run scripts/windows.py'


@pytest.mark.parametrize(
    ('model', 'window'),
    [
        ('gemma2-9b-it', 8_192),
        ('ollama:gemma2:9b', 8_192),
        ('phi3', 4_096),
        ('phi3:mini-128k', 128_000),
        ('tinyllama:1.1b', 2_048),
        ('ollama:qwen3:14b', 40_960),
        ('smollm2:135m', 8_192),
        ('SmolLM2-135M-Instruct.Q4_1.gguf', 8_192),
        ('mistral:7b', 32_768),
        ('novita:meta-llama/llama-3.3-70b-instruct', 12_288),
        ('huggingface:meta-llama/Llama-3.1-8B-Instruct', 16_384),
        ('gateway/bedrock:openai.gpt-oss-120b-1:0', 128_000),
    ],
)
def test_models_of_local_servers_and_hosts_that_give_less(model: str, window: int) -> None:
    """As their cards say; where a host gives less, its figure."""
    assert context_window(model) == window


def test_what_is_stated_is_told_apart() -> None:
    """A window of the user's own is found as such; where nothing is stated, nothing is."""
    assert windows.stated_window('openai:gpt-4o', {'gpt-*': 4_000}) == 4_000
    assert windows.stated_window('openai:gpt-4o', {}) is None
    assert windows.stated_window('openai:gpt-4o', {'claude-*': 1}) is None
