"""Model names: which family, encoding, factor and method each of them gets."""

from __future__ import annotations

import re

import pytest
import tiktoken.model
from hypothesis import given
from hypothesis import strategies as st

from compactor.tokens.encodings import BUNDLED
from compactor.tokens.families import FAMILIES, UNKNOWN, family_of

O200K, CL100K = 'o200k_base', 'cl100k_base'

NAMES = [
    # OpenAI, exact.
    ('gpt-4', 'openai', CL100K, 1.0, 'exact'),
    ('gpt-4-0613', 'openai', CL100K, 1.0, 'exact'),
    ('gpt-4-32k', 'openai', CL100K, 1.0, 'exact'),
    ('gpt-4-turbo', 'openai', CL100K, 1.0, 'exact'),
    ('openai:gpt-3.5-turbo', 'openai', CL100K, 1.0, 'exact'),
    ('gpt-3.5-turbo-16k-0613', 'openai', CL100K, 1.0, 'exact'),
    ('azure:gpt-35-turbo', 'openai', CL100K, 1.0, 'exact'),
    ('ft:gpt-4:our-org::id', 'openai', CL100K, 1.0, 'exact'),
    ('ft:davinci-002:our-org', 'openai', CL100K, 1.0, 'exact'),
    ('ft:gpt-4.1-mini:our-org', 'openai', O200K, 1.0, 'exact'),
    ('text-embedding-3-small', 'openai', CL100K, 1.0, 'exact'),
    ('gpt-4o', 'openai', O200K, 1.0, 'exact'),
    ('GPT-4o-Mini', 'openai', O200K, 1.0, 'exact'),
    ('openai:gpt-4o-2024-08-06', 'openai', O200K, 1.0, 'exact'),
    ('openai/gpt-5', 'openai', O200K, 1.0, 'exact'),
    ('openrouter:openai/gpt-5-mini', 'openai', O200K, 1.0, 'exact'),
    ('openai-responses:gpt-5.1-codex', 'openai', O200K, 1.0, 'exact'),
    ('gateway/openai:gpt-4.1-nano', 'openai', O200K, 1.0, 'exact'),
    ('ft:gpt-4o-mini:our-org::id', 'openai', O200K, 1.0, 'exact'),
    ('o1', 'openai', O200K, 1.0, 'exact'),
    ('o3-mini', 'openai', O200K, 1.0, 'exact'),
    ('o4-mini', 'openai', O200K, 1.0, 'exact'),
    ('chatgpt-4o-latest', 'openai', O200K, 1.0, 'exact'),
    ('cerebras:gpt-oss-120b', 'openai', O200K, 1.0, 'exact'),
    ('bedrock:openai.gpt-oss-20b-1:0', 'openai', O200K, 1.0, 'exact'),
    # OpenAI by the look of it.
    ('gpt-6', 'openai', O200K, 1.0, 'estimate'),
    ('openai:codex-mini-latest', 'openai', O200K, 1.0, 'estimate'),
    ('o9-preview', 'openai', O200K, 1.0, 'estimate'),
    ('computer-use-preview', 'openai', O200K, 1.0, 'estimate'),
    ('azure:our-gpt-4o-eu', 'openai', O200K, 1.0, 'estimate'),
    ('azure:Our_GPT4 Deployment', 'openai', CL100K, 1.0, 'estimate'),
    # Anthropic, before and since the new tokenizer; dates are no versions.
    ('claude-2.1', 'claude', O200K, 1.21, 'calibrated'),
    ('claude-instant-1.2', 'claude', O200K, 1.21, 'calibrated'),
    ('claude-3-opus', 'claude', O200K, 1.21, 'calibrated'),
    ('claude-3-sonnet-20240229', 'claude', O200K, 1.21, 'calibrated'),
    ('claude-3-haiku', 'claude', O200K, 1.21, 'calibrated'),
    ('claude-3-7-sonnet-latest', 'claude', O200K, 1.21, 'calibrated'),
    ('anthropic:claude-sonnet-4-20250514', 'claude', O200K, 1.21, 'calibrated'),
    ('anthropic:claude-sonnet-4-5', 'claude', O200K, 1.21, 'calibrated'),
    ('claude-opus-4-6', 'claude', O200K, 1.21, 'calibrated'),
    ('google-vertex:claude-haiku-4-5@20251001', 'claude', O200K, 1.21, 'calibrated'),
    ('bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude', O200K, 1.21, 'calibrated'),
    ('bedrock:anthropic.claude-opus-4-7-v1:0', 'claude-4.7', O200K, 1.51, 'calibrated'),
    ('openrouter:anthropic/claude-opus-4.7', 'claude-4.7', O200K, 1.51, 'calibrated'),
    ('claude-opus-4-10', 'claude-4.7', O200K, 1.51, 'calibrated'),
    ('claude-sonnet-5', 'claude-4.7', O200K, 1.51, 'calibrated'),
    ('claude-opus-latest', 'claude-4.7', O200K, 1.51, 'calibrated'),
    # Google.
    ('gemini-pro', 'gemini', O200K, 1.23, 'calibrated'),
    ('google-gla:gemini-2.5-pro', 'gemini', O200K, 1.23, 'calibrated'),
    ('google-vertex:gemini-1.5-flash-002', 'gemini', O200K, 1.23, 'calibrated'),
    ('ollama:gemma3:27b', 'gemma', O200K, 1.23, 'calibrated'),
    # Open models.
    ('openrouter:meta-llama/llama-3-70b', 'llama-3', O200K, 1.0, 'calibrated'),
    ('ollama:llama3.1:8b', 'llama-3', O200K, 1.0, 'calibrated'),
    ('bedrock:meta.llama3-1-70b-instruct-v1:0', 'llama-3', O200K, 1.0, 'calibrated'),
    ('nousresearch/hermes-3-llama-3.1-405b', 'llama-3', O200K, 1.0, 'calibrated'),
    ('llama-2-13b-chat', 'llama-2', O200K, 1.17, 'estimate'),
    ('codellama-34b', 'llama-2', O200K, 1.17, 'estimate'),
    ('llama-4-scout', 'llama', O200K, 1.0, 'estimate'),
    ('cerebras:qwen-3-32b', 'qwen', O200K, 1.10, 'calibrated'),
    ('qwen/qwen2.5-coder', 'qwen', O200K, 1.10, 'calibrated'),
    ('mistral:mistral-large-latest', 'mistral', O200K, 1.17, 'calibrated'),
    ('open-mixtral-8x22b', 'mistral', O200K, 1.17, 'calibrated'),
    ('codestral-2501', 'mistral', O200K, 1.17, 'calibrated'),
    ('deepseek:deepseek-chat', 'deepseek', O200K, 1.04, 'calibrated'),
    ('groq:deepseek-r1-distill-llama-70b', 'llama-3', O200K, 1.0, 'calibrated'),
    ('deepseek-r1-distill-qwen-32b', 'qwen', O200K, 1.10, 'calibrated'),
    ('cerebras:zai-glm-4.7', 'glm', O200K, 1.0, 'estimate'),
    # Nobody's.
    ('xai:grok-4', 'unknown', O200K, 1.0, 'estimate'),
    ('test', 'unknown', O200K, 1.0, 'estimate'),
    ('', 'unknown', O200K, 1.0, 'estimate'),
    (None, 'unknown', O200K, 1.0, 'estimate'),
]


@pytest.mark.parametrize(('model', 'family', 'encoding', 'factor', 'method'), NAMES)
def test_names(model: str | None, family: str, encoding: str, factor: float, method: str) -> None:
    """Names as users write them, with providers, vendors, dates and deployments around them."""
    found = family_of(model)
    assert (found.name, found.encoding, found.factor, found.method) == (family, encoding, factor, method)


@pytest.mark.parametrize(('model', 'encoding'), sorted(tiktoken.model.MODEL_TO_ENCODING.items()))
def test_agrees_with_tiktoken_on_models(model: str, encoding: str) -> None:
    """Every model that tiktoken maps to a bundled encoding is exact in it; no other claims to be exact."""
    found = family_of(model)
    assert (found.method == 'exact') == (encoding in BUNDLED)
    assert found.method != 'exact' or found.encoding == encoding


@pytest.mark.parametrize(('start', 'encoding'), sorted(tiktoken.model.MODEL_PREFIX_TO_ENCODING.items()))
def test_agrees_with_tiktoken_on_prefixes(start: str, encoding: str) -> None:
    """So is every name that tiktoken knows by its beginning; `o200k_harmony` has the ranks of o200k_base."""
    found = family_of(start + '2099-01-01' if start.endswith('-') else start)
    assert found.method == 'exact'
    assert found.encoding == encoding.replace('harmony', 'base')


@given(st.text(max_size=300))
def test_any_name_has_a_family(model: str) -> None:
    """No name raises."""
    assert family_of(model) in (*FAMILIES, UNKNOWN)


def test_table_is_sound() -> None:
    """Patterns compile, encodings are bundled, an exact family has no factor."""
    for family in (*FAMILIES, UNKNOWN):
        re.compile(family.pattern)
        assert family.encoding in BUNDLED
        assert family.method != 'exact' or family.factor == 1
