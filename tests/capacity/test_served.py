"""What local servers tell of the window that they serve a model with, as they were seen to say it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.adapters.pydantic_ai.served import is_near
from compactor.capacity.served import Served, served

LLAMA = {
    'models': [{'name': 'm.gguf', 'model': 'm.gguf'}],
    'data': [
        {'id': 'm.gguf', 'aliases': ['small'], 'owned_by': 'llamacpp', 'meta': {'n_ctx': 1024, 'n_ctx_train': 8192}}
    ],
}
VLLM = {'data': [{'id': 'Qwen/Qwen3-8B', 'owned_by': 'vllm', 'max_model_len': 16384}]}
OLLAMA = {
    'model_info': {'qwen3.context_length': 40960, 'qwen3.block_count': 40},
    'parameters': 'temperature 1\nstop "x"',
}
ROWS: list[tuple[str, str, dict[str, Any], Served | None]] = [
    ('llama.cpp, list', 'gpt-x', {'/v1/models': LLAMA}, Served(1024, None, '/v1/models')),
    (
        'llama.cpp, props',
        'small',
        {'/v1/models': LLAMA, '/props': {'default_generation_settings': {'n_ctx': 512}, 'total_slots': 2}},
        Served(512, 2, '/props'),
    ),
    ('vLLM', 'Qwen/Qwen3-8B', {'/v1/models': VLLM}, Served(16384, None, '/v1/models')),
    (
        'one of several',
        'b',
        {'/v1/models': {'data': [{'id': 'a', 'max_model_len': 4096}, {'id': 'b', 'max_model_len': 2048}]}},
        Served(2048, None, '/v1/models'),
    ),
    ('none of several', 'c', {'/v1/models': {'data': [{'id': 'a', 'max_model_len': 4096}, {'id': 'b'}]}}, None),
    ('Ollama, not loaded', 'qwen3', {'/api/show': OLLAMA}, Served(4096, None, '/api/show', settled=False)),
    (
        'Ollama, stated',
        'q',
        {'/api/show': {**OLLAMA, 'parameters': 'num_ctx   16384'}},
        Served(16384, None, '/api/show'),
    ),
    (
        'Ollama, loaded',
        'qwen3',
        {'/api/show': OLLAMA, '/api/ps': {'models': [{'name': 'qwen3:latest', 'context_length': 8192}]}},
        Served(8192, None, '/api/ps'),
    ),
    (
        'LM Studio',
        'm',
        {'/api/v0/models': {'data': [{'id': 'm', 'loaded_context_length': 4096, 'max_context_length': 131072}]}},
        Served(4096, None, '/api/v0/models'),
    ),
    ('TGI', 'm', {'/info': {'max_total_tokens': 4096, 'max_input_tokens': 3072}}, Served(4096, None, '/info')),
    ('nothing', 'm', {'/v1/models': None, '/props': 'x'}, None),
]


@pytest.mark.parametrize(('who', 'model', 'answers', 'expected'), ROWS, ids=[row[0] for row in ROWS])
def test_what_servers_tell(who: str, model: str, answers: dict[str, Any], expected: Served | None) -> None:
    """The window in force goes before the one that a model could have."""
    assert served(answers, model) == expected


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(('data', 'models', 'id', 'meta', 'n_ctx', 'parameters', 'model_info')), inner)
    ),
)


@given(st.dictionaries(st.sampled_from(('/v1/models', '/props', '/api/show', '/api/ps', '/info')), JSON))
def test_no_answer_breaks_it(answers: dict[str, Any]) -> None:
    """Whatever a server says, it is read without an error, and a window is a plausible number."""
    found = served(answers, 'm')
    assert found is None or found.window >= 64


@pytest.mark.parametrize(
    ('host', 'near'),
    [
        ('localhost', True),
        ('127.0.0.1', True),
        ('::1', True),
        ('192.168.1.20', True),
        ('ollama', True),
        ('gpu.lan', True),
        ('api.openai.com', False),
        ('8.8.8.8', False),
        ('', False),
    ],
)
def test_who_is_asked(host: str, near: bool) -> None:
    """This machine and its own network, nobody else."""
    assert is_near(host) is near
