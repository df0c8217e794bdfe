"""Refusals for length: every wording of the table as it was seen, and what only looks alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.capacity.overflow import Kind, TooLong, too_long
from compactor.capacity.overflow_words import WORDINGS

N: Kind = 'window'
ROWS: list[tuple[str, int | None, Any, TooLong]] = [
    (
        'llama.cpp',
        400,
        {
            'code': 400,
            'message': 'request (2031 tokens) exceeds the available context size (1024 tokens), try increasing it',
            'type': 'exceed_context_size_error',
            'n_prompt_tokens': 2031,
            'n_ctx': 1024,
        },
        TooLong(N, 1024, 2031),
    ),
    (
        'llama.cpp as it was in 2025, a 500',
        500,
        {
            'error': {
                'code': 500,
                'message': 'the request exceeds the available context size. try increasing the context size',
                'type': 'exceed_context_size_error',
                'n_prompt_tokens': 1407,
                'n_ctx': 256,
            }
        },
        TooLong(N, 256, 1407),
    ),
    (
        'llama.cpp, a gateway',
        400,
        'request (53192 tokens) exceeds context size (50176 tokens)',
        TooLong(N, 50176, 53192),
    ),
    (
        'ds4',
        400,
        {
            'error': {
                'message': 'Prompt tokens (900) exceeds context size (512)',
                'type': 'context_exceeded',
                'n_ctx': 512,
            }
        },
        TooLong(N, 512, 900),
    ),
    ('llama-cpp-python', None, 'Requested tokens (4567) exceed context window of 4096', TooLong(N, 4096, 4567)),
    (
        'vLLM, output counted',
        400,
        {
            'message': "This model's maximum context length is 262144 tokens. However, you"
            ' requested 0 output tokens and'
            ' your prompt contains at least 262145 input tokens, for a total of at least 262145 tokens.',
            'type': 'BadRequestError',
        },
        TooLong(N, 262144, 262145),
    ),
    (
        'vLLM, input',
        400,
        {
            'message': "This model's maximum context length is 4096 tokens. However, your request"
            ' has 5000 input tokens.'
            ' Please reduce the length of the input messages.'
        },
        TooLong(N, 4096, 5000),
    ),
    (
        'vLLM, the engine',
        400,
        {'message': 'The decoder prompt (length 5000) is longer than the maximum model length of 4096.'},
        TooLong(N, 4096, 5000),
    ),
    ('Atlas', 400, 'Prompt too long: 5152 tokens exceeds max_seq_len 2048 (leave room)', TooLong(N, 2048, None)),
    (
        'SGLang',
        400,
        {'message': "The input (5000 tokens) is longer than the model's context length (4096 tokens)."},
        TooLong(N, 4096, 5000),
    ),
    (
        'SGLang, with the answer',
        400,
        {
            'message': "Requested token count exceeds the model's maximum context length of 4096"
            ' tokens. You requested a'
            ' total of 5000 tokens: 4000 tokens from the input messages and 1000 tokens for the completion.'
        },
        TooLong(N, 4096, 5000),
    ),
    (
        'LM Studio',
        400,
        {
            'error': 'Trying to keep the first 15857 tokens when context the overflows. However,'
            ' the model is loaded with'
            ' context length of only 4096 tokens, which is not enough.'
        },
        TooLong(N, 4096, 15857),
    ),
    (
        'LM Studio, older',
        400,
        {'error': 'The number of tokens to keep from the initial prompt is greater than the context length.'},
        TooLong(N),
    ),
    ('Ollama', 400, {'error': 'the input length exceeds the context length'}, TooLong(N)),
    (
        'TGI',
        422,
        {
            'error': 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs`'
            ' tokens and 100 `max_new_tokens`',
            'error_type': 'validation',
        },
        TooLong(N, 4096, 5000),
    ),
    (
        'TGI, input alone',
        422,
        {'error': 'Input validation error: `inputs` must have less than 4096 tokens. Given: 4545'},
        TooLong(N, 4096, 4545),
    ),
    ('MLX', 400, {'error': {'message': 'Prompt exceeds maximum context length'}}, TooLong(N)),
    (
        'Anthropic',
        400,
        {'error': {'message': 'prompt is too long: 216868 tokens > 200000 maximum'}},
        TooLong(N, 200000, 216868),
    ),
    (
        'Anthropic through OpenRouter',
        400,
        {
            'message': 'Provider returned error',
            'code': 400,
            'metadata': {
                'raw': json.dumps({'error': {'message': 'prompt is too long: 216868 tokens > 200000 maximum'}})
            },
        },
        TooLong(N, 200000, 216868),
    ),
    (
        'OpenAI, in a stream',
        None,
        {'message': 'Your input exceeds the context window of this model.', 'code': 'context_length_exceeded'},
        TooLong(N),
    ),
    (
        'OpenAI, completion',
        400,
        {
            'message': "This model's maximum context length is 4097 tokens. However, you requested 4120 tokens (3120 in"
            ' the messages, 1000 in the completion).'
        },
        TooLong(N, 4097, 3120),
    ),
    (
        'OpenRouter',
        400,
        {'message': "This endpoint's maximum context length is 131,072 tokens. However, you requested about 150000"},
        TooLong(N, 131072),
    ),
    (
        'Gemini',
        400,
        {
            'error': {
                'message': 'The input token count (2845475) exceeds the maximum number of tokens allowed (1048576).'
            }
        },
        TooLong(N, 1048576, 2845475),
    ),
    (
        'Vertex AI',
        400,
        [
            {
                'error': {
                    'message': 'Unable to submit request because the input token count is 32825 but model only supports'
                    ' up to 32768.',
                    'status': 'INVALID_ARGUMENT',
                }
            }
        ],
        TooLong(N, 32768, 32825),
    ),
    ('Bedrock', 400, {'Error': {'Message': 'Input is too long for requested model.'}}, TooLong(N)),
    (
        'Cerebras',
        400,
        {
            'message': 'Please reduce the length of the messages or completion. Current length is 9012 while limit is'
            ' 8192'
        },
        TooLong(N, 8192, 9012),
    ),
    ('Cerebras, without a body', 413, None, TooLong(N)),
    (
        'Cohere',
        400,
        {
            'message': 'too many tokens: total number of tokens (prompt and prediction) cannot'
            ' exceed 2048 - received 6354.'
        },
        TooLong(N, 2048, 6354),
    ),
    (
        'Moonshot',
        400,
        {'error': {'message': 'Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)'}},
        TooLong(N, 262144, 269030),
    ),
    ('Moonshot, older', 400, {'error': {'message': 'model max length exceeded, max length:8192'}}, TooLong(N, 8192)),
    ('Z.ai', 400, {'error': {'code': '1261', 'message': 'Prompt too long'}}, TooLong(N)),
    ('Z.ai, a number', 400, {'error': {'code': 1261, 'message': '?'}}, TooLong(N)),
    (
        'Z.ai, 1210',
        400,
        {'error': {'code': '1210', 'message': 'tokens in request more than max tokens allowed'}},
        TooLong(N),
    ),
    ('MiniMax', 400, {'error': {'message': 'invalid params, context window exceeds limit (2013)'}}, TooLong(N)),
    (
        'Copilot',
        400,
        {'error': {'message': 'prompt token count of 140000 exceeds the limit of 128000'}},
        TooLong(N, 128000, 140000),
    ),
    (
        'Poolside',
        400,
        {'message': 'Input length 131393 exceeds the maximum allowed input length of 131040 tokens.'},
        TooLong(N, 131040, 131393),
    ),
    ('Alibaba', 400, {'message': 'Range of input length should be [1, 30720]'}, TooLong(N, 30720)),
    (
        'OpenAI, a minute',
        429,
        {
            'message': 'Request too large for gpt-4o in organization org-x on tokens per min (TPM):'
            ' Limit 30000, Requested'
            ' 36278. The input or output tokens must be reduced in order to run successfully.',
            'type': 'tokens',
            'code': 'rate_limit_exceeded',
        },
        TooLong('minute', 30000, 36278),
    ),
    (
        'Groq, a minute',
        413,
        {
            'error': {
                'message': 'Request too large for model `kimi` in organization `org_x` service tier'
                ' `on_demand` on tokens'
                ' per minute (TPM): Limit 10000, Requested 15088, please reduce your message size and try again.'
            }
        },
        TooLong('minute', 10000, 15088),
    ),
]


@pytest.mark.parametrize(('who', 'status', 'body', 'expected'), ROWS, ids=[row[0] for row in ROWS])
def test_read_as_it_was_seen(who: str, status: int | None, body: Any, expected: TooLong) -> None:
    """Recognised, with the window and the size that it names; as text, too."""
    assert too_long(status, body) == expected
    if isinstance(body, dict):
        assert too_long(status, json.dumps(body)) == expected


OTHERS: list[tuple[str, int | None, Any]] = [
    (
        'waiting helps',
        429,
        {'message': 'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 10000, Used 8554, Requested 3082.'},
    ),
    (
        'a minute that has room',
        429,
        {'message': 'Request too large for x on tokens per min (TPM): Limit 30000, Requested 300.'},
    ),
    (
        'Anthropic, a minute',
        429,
        {'message': "This request would exceed your organization's rate limit of 40,000 input tokens"},
    ),
    ('Bedrock, throttled', 400, {'message': 'Too many tokens, please wait before trying again.'}),
    (
        'the answer',
        400,
        {'message': 'max_tokens is too large: 100000. This model supports at most 16384 completion tokens'},
    ),
    (
        'a field',
        400,
        {'message': "Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760"},
    ),
    ('a picture', 400, {'message': 'image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes'}),
    ('another status', 500, {'message': 'prompt is too long: 216868 tokens > 200000 maximum'}),
    (
        'what it quotes',
        422,
        {'detail': [{'msg': 'Field required', 'input': {'content': 'the prompt is too long: see'}}]},
    ),
    ('bytes', 413, {'error': {'type': 'request_too_large', 'message': 'Request exceeds the maximum size'}}),
    ('nothing', 400, None),
]


@pytest.mark.parametrize(('who', 'status', 'body'), OTHERS, ids=[row[0] for row in OTHERS])
def test_what_looks_alike_is_none(who: str, status: int | None, body: Any) -> None:
    """Throttling, fields, pictures, answers, and what a refusal quotes of the request."""
    assert too_long(status, body) is None


def test_every_wording_has_its_source() -> None:
    """Each row of the table says where it was seen."""
    assert all(len(row.source) > 8 and row.who for row in WORDINGS)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=60) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(('error', 'message', 'code', 'n_ctx', 'raw')), inner)
    ),
)


@given(st.sampled_from((None, 400, 413, 422, 429, 500)), JSON | st.binary(max_size=60))
def test_no_body_breaks_it(status: int | None, body: Any) -> None:
    """Whatever came, it is read without an error, and a window is a plausible number or none."""
    found = too_long(status, body)
    assert found is None or found.window is None or found.window >= 64


def test_the_window_in_our_own_tokens() -> None:
    """Where the provider counted more than we did, its window is smaller in ours; never more than what was refused."""
    assert TooLong('window', 1024, 2048).within(1000) == 500
    assert TooLong('window', 1024, 2048).within(3000) == 1024
    assert TooLong('window', 4096, None).within(3000) == 3000
    assert TooLong('window').within(3000) == 3000
