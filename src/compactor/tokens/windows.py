"""Model name -> context window in tokens: what input and answer may hold together.

Looked up in this order: what the user says, the table below, `genai_prices` if it is installed, None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType

from compactor.tokens.families import LOOSE, normal_name

NO_OVERRIDES: Mapping[str, int] = MappingProxyType({})

# Pattern -> window; the first pattern found decides. Source: what the providers document (OpenAI "Models",
# Anthropic "Models overview", Google "Gemini models", Mistral "Models", DeepSeek "Models & Pricing", Z.ai and
# Cerebras "Models", the model cards of Llama and Qwen), compared with genai-prices 0.2.3 in November 2026 and
# not tried against the services. Where a name means different windows at different hosts, the smaller is
# listed: compacting early costs less than a refusal.
WINDOWS: tuple[tuple[str, int], ...] = (
    # OpenAI
    (r'gpt-5(?:\.\d+)?-chat', 128_000),
    (r'gpt-5(?:\.[12])?(?:-(?:mini|nano|pro|codex|\d{4}).*)?$', 400_000),
    (r'gpt-4\.1', 1_047_576),
    (r'(?:chatgpt-|gpt-)4o|gpt-4\.5', 128_000),
    (r'gpt-4-(?:turbo|1106|0125|vision)', 128_000),
    (r'gpt-4-32k', 32_768),
    (r'gpt-4(?![\d.o])', 8_192),
    (r'gpt-35?\.?5?-turbo-(?:0301|0613|instruct)', 4_096),
    (r'gpt-3\.?5', 16_385),
    (r'gpt-oss', 131_072),
    (r'o1-(?:mini|preview)', 128_000),
    (r'(?:o1|o3|o4-mini|codex-mini)(?![a-z0-9])', 200_000),
    # Anthropic: a million since 4.6 in Opus and Sonnet, since 5 in all. Sonnet 4 and 4.5 have it only behind
    # a header, so they are listed with what they have by default; genai-prices says a million in one place.
    (r'claude(?:-[a-z]+)*-(?:[5-9]|[1-9]\d)(?!\d)', 1_000_000),
    (r'claude-(?:opus|sonnet)-4[.-](?:[6-9]|[1-9]\d)(?!\d)', 1_000_000),
    (r'claude', 200_000),
    # Google
    (r'gemini-(?:1\.5|2(?:\.\d)?|3(?:\.\d)?)-(?:pro|flash)(?!.*(?:image|tts|live|audio))', 1_048_576),
    (r'gemini(?:-1\.0)?-pro', 32_768),
    (r'gemma-?3', 131_072),
    # Z.ai; Cerebras serves them with less
    (r'cerebras.*glm-4\.[67]', 131_072),
    (r'glm-4\.[67]', 200_000),
    (r'glm-4\.5', 131_072),
    # Meta
    (r'llama-?v?3[.-][123](?![\db])', 128_000),
    (r'llama-?v?3(?![.\d])', 8_192),
    (r'llama-?v?2', 4_096),
    # Alibaba
    (r'qwen-?3-coder', 262_144),
    (r'qwen-?3(?![.\d]|-max)', 131_072),
    (r'qwen-?2\.5', 131_072),
    # DeepSeek
    (r'deepseek-(?:chat|reasoner|r1|v3)', 128_000),
    # Mistral
    (r'mixtral-8x22b', 65_536),
    (r'mixtral|mistral-7b', 32_768),
    (r'codestral-2405', 32_768),
    (r'codestral', 256_000),
    (r'mistral-(?:nemo|small|medium|large)(?:-latest|-24\d\d|-250\d)?$', 128_000),
)


def context_window(model: str | None, overrides: Mapping[str, int] = NO_OVERRIDES) -> int | None:
    """Return the context window of a model in tokens, or None if nobody knows it.

    `overrides` maps model names, or patterns with `*` and `?`, to windows. A name that is equal to the
    model's goes before patterns; among patterns the first in the mapping's order decides. Case does not
    matter, and a model 'openai:gpt-4o' is also found as 'gpt-4o'.
    """
    if not model:
        return None
    name = normal_name(model)
    names = (name, re.split('[:/]', name, maxsplit=1)[-1])
    wanted = {normal_name(pattern): window for pattern, window in overrides.items()}
    for known in names:
        if known in wanted:
            return wanted[known]
    for pattern, window in wanted.items():
        if any(fnmatchcase(known, pattern) for known in names):
            return window
    return _documented(name)


@lru_cache(maxsize=512)
def _documented(name: str) -> int | None:
    """Return the window of a normal name from the table or from `genai_prices`."""
    for pattern, window in WINDOWS:
        if re.search(LOOSE + f'(?:{pattern})', name):
            return window
    return _from_prices(name)


def _from_prices(name: str) -> int | None:
    """Return the window that `genai_prices` knows, which takes 0.3 to 0.6 s to import, or None."""
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return None
    provider, _, rest = name.partition(':')
    # With the provider first, because the same model has different windows at different hosts.
    attempts: list[tuple[str, str | None]] = [(rest, provider)] if rest else []
    attempts += [(rest or name, None), (name.rpartition('/')[2].rpartition(':')[2], None)]
    for reference, provider_id in attempts:
        try:
            window = get_snapshot().find_provider_model(reference, None, provider_id, None)[1].context_window
        except (LookupError, AttributeError, TypeError):
            # Unknown there, or a version of the package that arranges its data in another way.
            continue
        if window is not None:
            return window
    return None
