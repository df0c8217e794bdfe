"""How providers and servers refuse a request as too long: codes and types first, then words, each with its source.

Beside each row stands where its wording was seen; "recorded" is this project's own record of the real server. What a
pattern calls `window` is the number that the refusal names, `asked` what it counted of the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CODES: frozenset[str] = frozenset(
    (
        'context_length_exceeded',  # OpenAI "Error codes", Azure, Groq, Cerebras, llama-cpp-python
        'model_context_window_exceeded',  # Z.ai's stop reason: can1357/oh-my-pi/pull/683
        'exceed_context_size_error',  # llama.cpp: ggml-org/llama.cpp/pull/15780, recorded
        'context_exceeded',  # antirez/ds4/pull/150
        '1261',  # Z.ai "Error codes": mangowhoiscloud/geode/pull/668, earendil-works/pi/issues/9805
    )
)
"""A code or type that says it all, whatever the status and the words."""

STATUSES: frozenset[int | None] = frozenset((400, 413, 422, None))
"""Statuses whose words are read; None is an error within a stream that began with 200, or of a model in the process."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say it.

    Attributes:
        who: a server or provider that says so.
        source: where it was seen: `owner/repository` with the thread on GitHub, or the page of the provider.
        pattern: searched in the words.
    """

    who: str
    source: str
    pattern: re.Pattern[str]


def _row(who: str, source: str, pattern: str) -> Wording:
    number = r'(?P<{}>\d[\d,_]{{0,11}})'
    numbered = pattern.replace('<window>', number.format('window')).replace('<asked>', number.format('asked'))
    return Wording(who, source, re.compile(numbered, re.IGNORECASE))


WORDINGS: tuple[Wording, ...] = (
    _row(
        'llama.cpp',
        'arbs-io/github-copilot-llm-gateway/issues/73, recorded',
        r'request (?:\(<asked> tokens\) )?exceeds (?:the available )?context size(?: \(<window> tokens\))?',
    ),
    _row('llama-cpp-python', 'abetlen/llama-cpp-python/issues/416', r'\(?<asked>\)? exceed context window of <window>'),
    _row('ds4', 'antirez/ds4/pull/150', r'Prompt tokens \(<asked>\) exceeds? context size \(<window>\)'),
    _row(
        'vLLM',
        'earendil-works/pi/pull/5929',
        r'maximum context length is <window> tokens.{0,120}? prompt contains at least <asked> input tokens',
    ),
    _row(
        'vLLM',
        'vllm-project/vllm, the OpenAI server',
        r'maximum context length is <window> tokens\. However, your'
        r' request has <asked> input tokens',
    ),
    _row(
        'vLLM',
        'vllm-project/vllm, the engine',
        r'prompt \((?:total )?length <asked>\) is (?:longer|too long).{0,40}?(?:maximum model length|model) of'
        r' <window>',
    ),
    _row(
        'vLLM', 'vllm-project/vllm, max_model_len', r'exceeds? (?:the )?max_(?:model|seq)_len(?: of)?[ =:]{0,2}<window>'
    ),
    _row('Atlas', '0xBakeer/inference-atlas/pull/186', r'prompt too long: <asked> tokens'),
    _row(
        'SGLang',
        'openclaw/openclaw/issues/129352',
        r"input \(<asked> tokens\) is longer than the model'?s context length \(<window> tokens\)",
    ),
    _row(
        'SGLang',
        'openclaw/openclaw/issues/129352',
        r"token count exceeds the model'?s maximum context length of <window> tokens(?:\. You requested a total of"
        r' <asked> tokens)?',
    ),
    _row(
        'LM Studio',
        'lmstudio-ai/lmstudio-bug-tracker/issues/546, cline/cline/issues/3664, n4ze3m/page-assist/issues/356',
        r'trying to keep the first <asked> tokens when (?:the )?context (?:the )?overflows(?:.{0,40}?context length'
        r' (?:of )?(?:only )?<window>)?',
    ),
    _row(
        'LM Studio',
        'badlogic/pi-mono, packages/ai',
        r'tokens to keep from the initial prompt is greater than the context length',
    ),
    _row(
        'Ollama',
        'nano-step/nano-brain/issues/208, ITSpecialist111/ai_automation_suggester/issues/37',
        r'(?:input|prompt) (?:length )?exceeds (?:the )?(?:maximum )?context length',
    ),
    _row(
        'TGI, Together',
        'huggingface/llm-vscode/issues/94, bytedance/UI-TARS-desktop/issues/626',
        r'`?inputs`? tokens \+ `?max_new_tokens`? must be <= <window>(?:\. Given: <asked> `?inputs)?',
    ),
    _row(
        'TGI',
        'meta-llama/llama/issues/1103, h2oai/h2ogpt/issues/373',
        r'`?inputs`? must have less than <window> tokens(?:\. Given: <asked>)?',
    ),
    _row('MLX', 'ddalcu/mlx-serve/issues/66', r'prompt exceeds (?:the )?maximum context length'),
    _row(
        'Anthropic, Bedrock',
        'anthropic "Errors", earendil-works/pi/issues/102',
        r'prompt is too long(?:: <asked> tokens > <window> maximum)?',
    ),
    _row(
        'Anthropic',
        'openclaw/openclaw/pull/20539, stackblitz/bolt.new/issues/7422',
        r'input length and `?max_tokens`? exceed context limit(?:: <asked> \+ \d+ > <window>)?',
    ),
    _row(
        'OpenAI, Azure',
        'run-llama/llama_index, mckaywrigley/chatbot-ui/issues/102',
        r'maximum context length is <window> tokens.{0,60}?\(<asked> in (?:the|your) (?:messages|prompt)',
    ),
    _row(
        'OpenAI',
        'langgenius/dify/issues/17778',
        r'maximum context length is <window> tokens\. However, your messages resulted in <asked> tokens',
    ),
    _row(
        'OpenAI, DeepSeek, OpenRouter',
        'refly-ai/refly/issues/1177, autohandai/code-cli/issues/100',
        r'maximum context length is <window>(?: tokens)?',
    ),
    _row('OpenAI', 'OpenAI "Error codes"', r'exceeds? the context window'),
    _row(
        'OpenAI',
        'letta-ai/letta, error_utils',
        r'input tokens exceed the configured limit of <window> tokens(?:\. Your messages resulted in <asked> tokens)?',
    ),
    _row(
        'Gemini',
        'google-gemini/gemini-cli/issues/4692',
        r'input token count \(<asked>\) exceeds the maximum number of tokens allowed \(<window>\)',
    ),
    _row('Gemini', 'google-gemini/gemini-cli/issues/4692', r'input token count .{0,40}?exceeds the maximum'),
    _row(
        'Vertex AI',
        'NousResearch/hermes-agent/pull/99701',
        r'input token count is <asked> but (?:the )?model only supports up to <window>',
    ),
    _row('Bedrock', 'badlogic/pi-mono, packages/ai', r'input is too long(?: for requested model)?'),
    _row(
        'Cerebras',
        'Cerebras "Error codes"',
        r'reduce the length of the (?:messages|prompt|input)(?:.{0,40}?current length is <asked> while limit is'
        r' <window>)?',
    ),
    _row(
        'Mistral',
        'badlogic/pi-mono, packages/ai',
        r'prompt contains <asked> tokens.{0,60}?too large for model with <window> maximum context length',
    ),
    _row(
        'Cohere',
        'cohere-ai/sandbox-topically/issues/4',
        r'too many tokens: total number of tokens .{0,40}?cannot exceed <window>(?: - received <asked>)?',
    ),
    _row('Bedrock Titan', 'AWS "Troubleshooting Bedrock"', r'too many input tokens'),
    _row(
        'xAI',
        'earendil-works/pi/issues/129',
        r'maximum prompt length is <window>(?: but the request contains <asked> tokens)?',
    ),
    _row(
        'Moonshot',
        'MoonshotAI/kimi-cli/issues/2011',
        r'exceeded model token limit(?:: <window>)?(?: \(re ?quested: <asked>\))?',
    ),
    _row(
        'Moonshot',
        'MoonshotAI/MoonshotAI-Cookbook/issues/18',
        r'model max length exceeded(?:, max length: ?<window>)?',
    ),
    _row('Z.ai', 'mangowhoiscloud/geode/pull/668', r'prompt exceeds max(?:imum)? length|prompt too long'),
    _row('Z.ai', 'NousResearch/hermes-agent/pull/61728', r'tokens in request more than max tokens allowed'),
    _row('MiniMax', 'badlogic/pi-mono, packages/ai', r'context window exceeds limit'),
    _row(
        'GitHub Copilot',
        'badlogic/pi-mono, packages/ai',
        r'prompt token count of <asked> exceeds the limit of <window>',
    ),
    _row(
        'Poolside',
        'earendil-works/pi/issues/4943',
        r'input length <asked> exceeds the maximum allowed input length of <window>',
    ),
    _row(
        'Alibaba',
        'Model Studio "Error messages"',
        r'range of input length should be \[\d+, ?<window>\]',
    ),
    _row(
        'gateways',
        'openclaw, its tests',
        r'context[ _](?:length|window) (?:was )?exceeded|exceeds model context window',
    ),
    _row(
        'others',
        'the plain sense of it, for wordings that were not seen',
        r"(?:input|prompt|request|messages?|tokens?|context)\b.{0,60}?\bexceed(?:s|ed)? (?:the )?(?:model'?s? )?"
        r'(?:maximum |max |available |allowed )?(?:context|number of tokens)(?: (?:length|window|size|limit))?'
        r'(?:\D{0,20}?<window>)?',
    ),
)
"""The first that is found decides. More telling rows come before those that they contain."""

MINUTE = re.compile(
    r'Request too large for .{0,300}?\btokens per (?:min|minute|day)\b.{0,40}?Limit (?P<window>\d[\d,_]{0,11}),'
    r' Requested (?P<asked>\d[\d,_]{0,11})',
    re.IGNORECASE | re.DOTALL,
)
"""One request asks for more than a minute gives, which no waiting mends (OpenAI, a 429: TheR1D/shell_gpt/issues/653,
continuedev/continue/issues/11717; Groq, a 413: cline/cline/issues/4971)."""

NOT_THE_REQUEST = re.compile(
    r'too many tokens, please wait|rate limit|string too long|array too long|image exceeds|too many requests'
    r'|maximum size|max_tokens is too large|must be greater than|quota',
    re.IGNORECASE,
)
"""What looks alike and is something else: throttling (Bedrock: jin-bo/agentao/pull/88), fields, pictures, answers."""
