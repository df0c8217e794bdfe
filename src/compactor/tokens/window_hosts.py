"""Hosts that give less of a model than the table says, by genai-prices; made by `scripts/windows.py`.

Source: genai-prices, Pydantic, December 2026, which collects what hosts publish.
"""

from __future__ import annotations

from collections.abc import Mapping

ALIASES: Mapping[str, str] = {
    'azure-openai': 'azure',
    'bedrock': 'aws',
    'bedrock-mantle': 'aws',
    'github': 'github-copilot',
    'google-cloud': 'google',
    'google-decisions': 'google',
    'google-gla': 'google',
    'google-vertex': 'google',
    'grok': 'x-ai',
    'openai-chat': 'openai',
    'openai-responses': 'openai',
    'xai': 'x-ai',
}
"""pydantic-ai's name of a provider -> that of genai-prices, where they differ."""

HOSTS: Mapping[str, Mapping[str, int]] = {
    'avian': {
        'minimax/minimax-m2.5': 196_000,
    },
    'aws': {
        'google.gemma-3-12b-it': 128_000,
        'google.gemma-3-27b-it': 128_000,
        'google.gemma-3-4b-it': 128_000,
        'mistral.mistral-7b-instruct-v0:2': 32_000,
        'mistral.mistral-large-2402-v1:0': 32_000,
        'mistral.mixtral-8x7b-instruct-v0:1': 32_000,
        'openai.gpt-oss-120b-1:0': 128_000,
        'openai.gpt-oss-20b-1:0': 128_000,
        'qwen.qwen3-32b-v1:0': 32_000,
        'qwen.qwen3-coder-30b-a3b-v1:0': 256_000,
        'qwen.qwen3-coder-480b-a35b-v1:0': 128_000,
    },
    'baseten': {
        'openai/gpt-oss-120b': 128_000,
    },
    'cerebras': {
        'gemma-4-31b': 131_072,
        'llama3.1-8b': 32_768,
        'qwen-3.8-27b': 65_536,
        'zai-glm-4.7': 131_072,
    },
    'cloudflare': {
        '@cf/google/gemma-4-26b-a4b-it': 256_000,
        '@cf/meta/llama-3.3-70b-instruct-fp8-fast': 24_000,
        '@cf/openai/gpt-oss-120b': 128_000,
        '@cf/openai/gpt-oss-20b': 128_000,
        '@cf/zai-org/glm-4.7-flash': 131_072,
    },
    'databricks': {
        'databricks-gemma-3-12b': 128_000,
        'databricks-gpt-oss-120b': 128_000,
        'databricks-gpt-oss-20b': 128_000,
    },
    'deepseek': {
        'deepseek-chat': 64_000,
        'deepseek-reasoner': 64_000,
    },
    'fireworks': {
        'gemma-3-27b-it': 131_000,
    },
    'github-copilot': {
        'claude-fable-5': 264_000,
        'claude-fable-5.1': 264_000,
        'claude-haiku-4.5': 144_000,
        'claude-opus-4.7': 264_000,
        'claude-opus-4.8': 264_000,
        'claude-opus-4.8-fast': 264_000,
        'claude-opus-5': 264_000,
        'claude-sonnet-5': 264_000,
        'gemini-3.5-flash': 264_000,
        'gemini-3.6-flash': 264_000,
        'gemini-3.7-flash': 264_000,
        'gemini-3.8-flash': 265_536,
        'gpt-3.5-turbo': 16_384,
        'gpt-4.1': 128_000,
        'gpt-5-mini': 264_000,
    },
    'google': {
        'gemini-1.5-flash': 1_000_000,
        'gemini-1.5-pro': 1_000_000,
        'gemini-2.0-flash': 1_000_000,
        'gemini-2.0-flash-lite': 1_000_000,
        'gemini-2.5-flash-lite': 1_000_000,
        'gemini-3-flash-preview': 1_000_000,
        'gemini-3.1-flash-lite': 1_000_000,
        'gemini-3.5-flash': 1_000_000,
        'gemini-3.5-flash-lite': 1_000_000,
        'gemini-3.6-flash': 1_000_000,
        'gemini-3.7-flash': 1_000_000,
        'gemini-3.8-flash': 1_000_000,
    },
    'groq': {
        'meta-llama/llama-4-maverick-17b-128e-instruct': 131_072,
        'qwen/qwen3.8-27b': 131_072,
    },
    'huggingface-cerebras': {
        'qwen/qwen3.8-27b': 65_536,
    },
    'huggingface-groq': {
        'meta-llama/llama-4-scout-17b-16e-instruct': 131_072,
    },
    'huggingface-nebius': {
        'deepseek-ai/deepseek-v3-0324': 32_768,
        'google/gemma-3-27b-it': 110_000,
        'qwen/qwen2.5-vl-72b-instruct': 32_000,
    },
    'huggingface-novita': {
        'deepseek-ai/deepseek-r1': 64_000,
        'deepseek-ai/deepseek-r1-distill-llama-70b': 8_192,
        'deepseek-ai/deepseek-v3': 64_000,
        'meta-llama/llama-3.1-8b-instruct': 16_384,
        'meta-llama/llama-4-scout-17b-16e-instruct': 131_072,
        'qwen/qwen2.5-72b-instruct': 32_000,
        'zai-org/glm-4.5v': 65_536,
        'zai-org/glm-4.6v-flash': 131_072,
    },
    'huggingface-nscale': {
        'deepseek-ai/deepseek-r1-distill-qwen-7b': 131_072,
        'meta-llama/llama-4-scout-17b-16e-instruct': 890_000,
        'qwen/qwen3-235b-a22b': 32_000,
    },
    'huggingface-ovhcloud': {
        'qwen/qwen3-32b': 32_768,
    },
    'huggingface-sambanova': {
        'meta-llama/llama-3.1-8b-instruct': 16_384,
        'qwen/qwen3-32b': 32_768,
    },
    'novita': {
        'deepseek/deepseek-r1': 64_000,
        'deepseek/deepseek-r1-distill-llama-70b': 8_192,
        'deepseek/deepseek-r1-distill-qwen-14b': 32_768,
        'deepseek/deepseek-r1-distill-qwen-32b': 64_000,
        'deepseek/deepseek-r1-turbo': 64_000,
        'deepseek/deepseek-v3': 64_000,
        'google/gemma-3-27b-it': 98_304,
        'meta-llama/llama-3.1-8b-instruct': 16_384,
        'meta-llama/llama-3.2-3b-instruct': 32_768,
        'meta-llama/llama-3.3-70b-instruct': 12_288,
        'meta-llama/llama-4-scout-17b-16e-instruct': 131_072,
        'mistralai/mistral-nemo': 60_288,
        'qwen/qwen-2.5-72b-instruct': 32_000,
        'qwen/qwen3-omni-30b-a3b-thinking': 65_536,
        'teknium/openhermes-2.5-mistral-7b': 4_096,
        'zai-org/glm-4.5v': 65_536,
        'zai-org/glm-4.6v': 131_072,
    },
    'openai': {
        'gpt-4-32k': 32_000,
        'gpt-4.1': 1_000_000,
        'gpt-4.1-mini': 1_000_000,
        'gpt-4.1-nano': 1_000_000,
    },
    'openrouter': {
        'aion-labs/aion-rp-llama-3.1-8b': 32_768,
        'cohere/command-a-plus': 192_000,
        'deepseek/deepseek-r1': 64_000,
        'deepseek/deepseek-r1-distill-llama-70b': 8_192,
        'meta-llama/llama-3.2-1b-instruct': 60_000,
        'openai/gpt-3.5-turbo-0613': 4_095,
        'openai/gpt-3.5-turbo-instruct': 4_095,
        'openai/gpt-4': 8_191,
        'qwen/qwen3-30b-a3b-thinking-2507': 81_920,
        'z-ai/glm-4.5v': 65_536,
        'z-ai/glm-4.6v': 131_072,
    },
    'ovhcloud': {
        'qwen3-32b': 32_768,
        'qwen3-embedding-8b': 32_768,
    },
    'together': {
        'nvidia/nvidia-nemotron-3.5-super-vl': 262_144,
    },
    'zai': {
        'glm-4.6v': 128_000,
    },
    'zhipuai': {
        'glm-4.5-air': 128_000,
    },
}
