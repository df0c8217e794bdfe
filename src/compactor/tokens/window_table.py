"""Context windows by name: what input and answer may hold together, in tokens; where hosts differ, the smaller.

Sources: what providers document (OpenAI "Models", Anthropic "Models overview", Google "Gemini models", Mistral
"Models", DeepSeek "Models & Pricing", Z.ai and Cerebras "Models", the model cards of Llama, Qwen, Gemma, Phi, SmolLM,
Granite and Command), compared with genai-prices per provider in December 2026 (a test does it again with the version
installed), and not tried against the services. Compacting early costs less than a refusal. What a single host gives
less of stands in `window_hosts.py`.
"""

from __future__ import annotations

# Pattern -> window; the first pattern found decides.
WINDOWS: tuple[tuple[str, int], ...] = (
    # OpenAI
    (r'gpt-5(?:\.\d+)?-chat', 128_000),
    (r'gpt-5(?:\.[12])?(?:-(?:mini|nano|pro|codex|\d{4}).*)?$', 400_000),
    (r'gpt-4\.1', 1_047_576),
    (r'gpt-4o(?:-mini)?-(?:realtime|transcribe)', 16_000),
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
    (r'gemma-?3n', 32_768),
    (r'gemma-?3', 131_072),
    (r'gemma-?2', 8_192),
    (r'gemma(?=$|[-:]\d+b)', 8_192),
    # Z.ai; Cerebras serves them with less
    (r'cerebras.*glm-4\.[67]', 131_072),
    (r'glm-4\.[67]', 200_000),
    (r'glm-4\.5', 131_072),
    # Meta
    (r'llama-?v?3[.p-][123](?![\db])', 128_000),
    (r'llama-?v?3(?![.\d])', 8_192),
    (r'llama-?v?2', 4_096),
    # Alibaba
    (r'cerebras.*qwen-3(?!\.)', 131_072),
    (r'qwen-?3-coder', 262_144),
    (r'qwen-?3\.[5-9]|qwen-?[4-9]', 262_144),
    (r'qwen-?3(?![.\d]|-max)(?=.*(?:2507|next|vl|omni))', 131_072),
    (r'qwen-?3(?![.\d]|-max)', 40_960),
    (r'qwen-?2(?:[.p]5)?(?![\d.])', 32_768),
    # DeepSeek
    (r'deepseek[.-](?:chat|reasoner|r1|v3)', 128_000),
    (r'deepseek[.-]v4', 1_000_000),
    # Mistral
    (r'mixtral-8x22b', 65_536),
    (r'mixtral|mistral[:-]7b', 32_768),
    (r'codestral-2405', 32_768),
    (r'codestral(?!-embed)', 256_000),
    (r'mistral-(?:nemo|small|medium|large)(?:-latest|-24\d\d|-250\d)?$', 128_000),
    (r'mistral-large-?[23]', 128_000),
    (r'magistral', 128_000),
    (r'ministral', 128_000),
    # Others that local servers run, and that pydantic-ai names; the smaller of what their cards and hosts say
    (r'llama-?4-(?:maverick|scout)', 1_000_000),
    (r'tinyllama', 2_048),
    (r'smollm3', 65_536),
    (r'smollm2', 8_192),
    (r'smollm', 2_048),
    (r'phi-?4-m|phi-?3(?:\.5)?[:-].*128k', 128_000),
    (r'phi-?4', 16_384),
    (r'phi-?3', 4_096),
    (r'phi-?2', 2_048),
    (r'command-a', 256_000),
    (r'command-r', 128_000),
    (r'granite-?3', 128_000),
    (r'kimi-k2', 131_072),
    (r'minimax-m2-her', 65_536),
    (r'minimax-m2', 204_800),
    (r'grok-4\.7', 500_000),
    (r'nova-pro', 300_000),
    (r'nova-2-lite', 1_000_000),
    (r'nemotron-3\.5-super-vl', 1_000_000),
    (r'gemma-?4', 262_144),
    (r'glm-5v', 202_752),
    (r'glm-5\.3', 1_000_000),
    (r'openai-gpt-(?:5\.6|6)', 328_000),
    (r'gemini-3\.1-flash-lite-image', 65_536),
)
