"""Model name -> family: which encoding counts its text, by what factor, and how far that can be trusted.

The table is read from the top and the first pattern found in the name decides. Factors are provider tokens
per local token, pooled over prose, Python, JSON, logs, tool output and Chinese against the public tokenizers,
and against reported usage for Claude (measured November 2026; spread by kind of content is about 10 %).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from compactor.tokens.encodings import EncodingName

Method = Literal['exact', 'calibrated', 'estimate']


@dataclass(frozen=True, slots=True)
class Family:
    """Models that share a tokenizer.

    Attributes:
        name: the family, also the key into the table of `media.py`.
        encoding: the bundled encoding that counts its text.
        factor: provider tokens per token of that encoding.
        method: 'exact' for the model's own tokenizer, 'calibrated' for a measured factor, else 'estimate'.
        pattern: regular expression searched in the lower-case model name.
    """

    name: str
    encoding: EncodingName
    factor: float
    method: Method
    pattern: str


# Where a model's name may begin inside a longer one: after a provider ('openai:gpt-4o', 'openai/gpt-4o'), or
# a vendor ('us.anthropic.claude-...'). LOOSE also takes any word of the name ('hermes-3-llama-3.1-405b').
STRICT = r'(?:^|[:/.])'
LOOSE = r'(?:^|[^a-z0-9])'

FAMILIES: tuple[Family, ...] = (
    # Distilled models carry two names; the tokenizer is that of the student, named last.
    Family('llama-3', 'o200k_base', 1.00, 'calibrated', r'-distill-llama'),
    Family('qwen', 'o200k_base', 1.10, 'calibrated', r'-distill-qwen'),
    # OpenAI, as in tiktoken's own table of models (a test compares the two). `o200k_harmony` of gpt-oss has
    # the ranks of o200k_base and differs in special tokens only.
    Family(
        'openai',
        'o200k_base',
        1.0,
        'exact',
        STRICT + r'(?:gpt-5|(?:gpt-4o|gpt-4\.1|gpt-4\.5|o1|o3|o4-mini|chatgpt-4o)(?![a-z0-9.])|gpt-oss-)',
    ),
    Family(
        'openai',
        'cl100k_base',
        1.0,
        'exact',
        STRICT
        + r'(?:(?:gpt-4|gpt-3\.5-turbo|gpt-35-turbo)(?![a-z0-9.])|gpt-3\.5$'
        + r'|(?:davinci-002|babbage-002|text-embedding-(?:ada-002|3-small|3-large))(?![a-z0-9.-]))',
    ),
    # Names that say which tokenizer is likely, but no more: Azure deployments called 'our-gpt-4o-eu'.
    Family('openai', 'cl100k_base', 1.0, 'estimate', LOOSE + r'(?:gpt-?4(?![a-z0-9.])|gpt-?3|text-embedding)'),
    Family('openai', 'o200k_base', 1.0, 'estimate', LOOSE + r'(?:gpt|chatgpt|codex|o\d)(?![a-z])'),
    Family('openai', 'o200k_base', 1.0, 'estimate', LOOSE + r'computer-use'),
    # Claude changed its tokenizer with 4.7. An alias without a version ('claude-opus-latest') follows the
    # newest. Dates must not pass for versions: 'claude-sonnet-4-20250514' is version 4.
    Family(
        'claude-4.7',
        'o200k_base',
        1.51,
        'calibrated',
        LOOSE + r'claude(?:-[a-z]+)*-(?:4[.-](?:[7-9]|[1-9]\d)|[5-9]|[1-9]\d)(?!\d)',
    ),
    Family('claude-4.7', 'o200k_base', 1.51, 'calibrated', LOOSE + r'claude(?:-(?!instant)[a-z]+)*$'),
    Family('claude', 'o200k_base', 1.21, 'calibrated', LOOSE + r'claude'),
    # Google publishes the tokenizer of Gemma 3 and says that Gemini's is the same kind; its factor serves
    # both.
    Family('gemini', 'o200k_base', 1.23, 'calibrated', LOOSE + r'gemini'),
    Family('gemma', 'o200k_base', 1.23, 'calibrated', LOOSE + r'gemma'),
    Family('llama-3', 'o200k_base', 1.00, 'calibrated', LOOSE + r'llama-?v?3'),
    # Not measured. Llama 1 and 2 have a vocabulary of 32,000 made as Mistral's was, hence its factor.
    Family('llama-2', 'o200k_base', 1.17, 'estimate', LOOSE + r'(?:code)?llama-?v?2|codellama'),
    Family('llama', 'o200k_base', 1.00, 'estimate', LOOSE + r'llama'),
    Family('qwen', 'o200k_base', 1.10, 'calibrated', LOOSE + r'(?:qwen|qwq)'),
    Family(
        'mistral',
        'o200k_base',
        1.17,
        'calibrated',
        LOOSE + r'(?:open-)?(?:mistral|mixtral|codestral|ministral|magistral|devstral|pixtral)',
    ),
    Family('deepseek', 'o200k_base', 1.04, 'calibrated', LOOSE + r'deepseek'),
    # No public measurement: counted as o200k until reported usage says better.
    Family('glm', 'o200k_base', 1.00, 'estimate', LOOSE + r'(?:chat)?glm'),
)

UNKNOWN = Family('unknown', 'o200k_base', 1.00, 'estimate', '')

# Longer names are cut: no real one is longer, and a hostile one must not cost time in every pattern.
LONGEST_NAME = 200


@lru_cache(maxsize=512)
def family_of(model: str | None) -> Family:
    """Return the family of a model name, with or without provider prefixes; `UNKNOWN` if none fits.

    >>> family_of('bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0').name
    'claude'
    """
    name = normal_name(model)
    return next((family for family in FAMILIES if re.search(family.pattern, name)), UNKNOWN)


def normal_name(model: str | None) -> str:
    """Return a model name as patterns expect it: lower case, words joined by '-', not too long.

    Prefixes stay: 'azure:Our_GPT-4o' becomes 'azure:our-gpt-4o'.
    """
    return (model or '')[:LONGEST_NAME].strip().lower().replace('_', '-').replace(' ', '-')
