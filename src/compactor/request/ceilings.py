"""Model name -> most tokens of one answer.

Looked up like a context window: what the user says, the table below, None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType

from compactor.tokens.families import LOOSE, normal_name

NO_OVERRIDES: Mapping[str, int] = MappingProxyType({})

# Pattern -> tokens; the first pattern found decides. Source: what the providers document (OpenAI "Models", Anthropic
# "Models overview", Google "Gemini models", DeepSeek "Models & Pricing", Cerebras "Models"), from memory of their pages
# in 2026 and not tried against the services. Where a name means different ceilings, the smaller is listed. Only models
# that refuse more than they give, or that give so little that a doubled limit could reach it, need to be here.
CEILINGS: tuple[tuple[str, int], ...] = (
    (r'gpt-5-chat', 16_384),
    (r'gpt-5', 128_000),
    (r'gpt-4\.1', 32_768),
    (r'gpt-4o-2024-05', 4_096),
    (r'(?:chatgpt-|gpt-)4o', 16_384),
    (r'gpt-4-(?:turbo|1106|0125|vision)', 4_096),
    (r'gpt-4(?![\d.o])', 8_192),
    (r'gpt-3\.?5', 4_096),
    (r'o1-mini', 65_536),
    (r'o1-preview', 32_768),
    (r'(?:o1|o3|o4-mini|codex-mini)(?![a-z0-9])', 100_000),
    (r'claude-3-(?:opus|sonnet|haiku)', 4_096),
    (r'claude-3[.-]5', 8_192),
    (r'claude-opus-4(?:-[01])?(?![.-]?\d)|claude-opus-4[.-]1(?!\d)|claude-opus-4-2025', 32_000),
    (r'claude', 64_000),
    (r'gemini-(?:1\.5|2\.0)', 8_192),
    (r'gemini-(?:2\.5|3)', 65_536),
    (r'cerebras.*glm-4', 40_000),
    (r'deepseek-chat', 8_192),
)


def output_ceiling(model: str | None, overrides: Mapping[str, int] = NO_OVERRIDES) -> int | None:
    """The most tokens that a model gives in one answer, or None if nobody knows it.

    `overrides` maps model names, or patterns with `*` and `?`, to tokens; a model 'openai:gpt-4o' is also found as
    'gpt-4o'. Case does not matter.
    """
    if not model:
        return None
    name = normal_name(model)
    names = (name, re.split('[:/]', name, maxsplit=1)[-1])
    for pattern, tokens in overrides.items():
        if any(fnmatchcase(known, normal_name(pattern)) for known in names):
            return tokens
    return _documented(name)


@lru_cache(maxsize=512)
def _documented(name: str) -> int | None:
    return next((tokens for pattern, tokens in CEILINGS if re.search(LOOSE + f'(?:{pattern})', name)), None)
