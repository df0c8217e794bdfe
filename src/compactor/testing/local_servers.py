"""How servers that people run themselves treat what is over their window, what they tell of it, and what they report.

`StrictProvider(..., window=4_096, way='ollama')` plays one over OpenAI's wire. Refusals are word for word what was seen
(`capacity/overflow_words.py` has the sources).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from compactor.testing.exchange import Body

Told = Mapping[str, Callable[[str, int], Mapping[str, Any]]]
"""By path, what a server answers there: from the model's name and the window."""


@dataclass(frozen=True, slots=True)
class Way:
    """One server's way.

    Attributes:
        name: of the server.
        over: what it does with a request over its window: 'refuses' it, or 'truncates' it in silence, by whole messages
            from the oldest on; system messages and the last one stay.
        status: of its refusals.
        words: its refusal, from the tokens it counted, those of the answer, and its window.
        with_answer: the answer's `max_tokens` must fit, too.
        tells: what it answers where a window can be asked for; by default nothing.
        reports: the input tokens that it reports: 'kept' are those it has worked on; 'uncached' leaves out what was in
            the request before, as some proxies do; 'nothing' is 0; 'constant' says the window.
    """

    name: str
    over: Literal['refuses', 'truncates'] = 'refuses'
    status: int = 400
    words: Callable[[int, int, int], Mapping[str, Any]] = lambda tokens, answer, window: {'error': 'too long'}
    with_answer: bool = False
    tells: Told = field(default_factory=dict)
    reports: Literal['kept', 'uncached', 'nothing', 'constant'] = 'kept'

    def reporting(self, reports: Literal['kept', 'uncached', 'nothing', 'constant']) -> Way:
        """The same server, with an odd usage."""
        return replace(self, reports=reports)

    def silent(self) -> Way:
        """The same server, which tells nothing of its window."""
        return replace(self, tells={})

    def reported(self, kept: int, before: int, window: int | None) -> int:
        """The input tokens that it reports for a request of which it has `kept` so many; `before` of the last one."""
        if self.reports == 'uncached':
            return max(1, kept - before)
        if self.reports == 'constant':
            return window or kept
        return 0 if self.reports == 'nothing' else kept


def truncated(body: Body, window: int, size: Callable[[Body], int]) -> Body:
    """A request without its oldest messages, so that it fits; system messages and the last one stay."""
    messages = body.get('messages')
    if not isinstance(messages, list):
        return body
    kept = list(messages)
    while size({**body, 'messages': kept}) > window:
        oldest = next((i for i, m in enumerate(kept[:-1]) if not _system(m)), None)
        if oldest is None:
            break
        del kept[oldest]
    return {**body, 'messages': kept}


def _system(message: Any) -> bool:
    return isinstance(message, dict) and message.get('role') in ('system', 'developer')


def _listed(**entry: Any) -> Mapping[str, Any]:
    return {'object': 'list', 'data': [{'object': 'model', **entry}]}


LLAMA_CPP = Way(
    'llama.cpp',
    words=lambda tokens, answer, window: {
        'error': {
            'code': 400,
            'message': f'request ({tokens} tokens) exceeds the available context size ({window} tokens), try'
            ' increasing it',
            'type': 'exceed_context_size_error',
            'n_prompt_tokens': tokens,
            'n_ctx': window,
        }
    },
    tells={
        '/v1/models': lambda model, window: _listed(
            id=model, owned_by='llamacpp', meta={'n_ctx': window, 'n_ctx_train': 131_072}
        ),
        '/props': lambda model, window: {'default_generation_settings': {'n_ctx': window}, 'total_slots': 1},
    },
)
VLLM = Way(
    'vLLM',
    words=lambda tokens, answer, window: {
        'error': {
            'message': f"This model's maximum context length is {window} tokens. However, you requested {answer} output"
            f' tokens and your prompt contains at least {tokens} input tokens, for a total of at least'
            f' {tokens + answer} tokens. Please reduce the length of the input prompt or the number of requested output'
            ' tokens.',
            'type': 'BadRequestError',
            'param': 'input_tokens',
            'code': 400,
        }
    },
    with_answer=True,
    tells={'/v1/models': lambda model, window: _listed(id=model, owned_by='vllm', max_model_len=window)},
)
SGLANG = Way(
    'SGLang',
    words=lambda tokens, answer, window: {
        'object': 'error',
        'message': f"The input ({tokens} tokens) is longer than the model's context length ({window} tokens).",
        'type': 'BadRequestError',
        'code': 400,
    },
    tells={'/v1/models': lambda model, window: _listed(id=model, owned_by='sglang', max_model_len=window)},
)
LM_STUDIO = Way(
    'LM Studio',
    words=lambda tokens, answer, window: {
        'error': f'Trying to keep the first {tokens} tokens when context the overflows. However, the model is loaded'
        f' with context length of only {window} tokens, which is not enough. Try to load the model with a larger'
        ' context length, or provide a shorter input'
    },
    tells={
        '/v1/models': lambda model, window: _listed(id=model, owned_by='organization_owner'),
        '/api/v0/models': lambda model, window: _listed(
            id=model, state='loaded', loaded_context_length=window, max_context_length=131_072
        ),
    },
)
TGI = Way(
    'TGI',
    status=422,
    words=lambda tokens, answer, window: {
        'error': f'Input validation error: `inputs` tokens + `max_new_tokens` must be <= {window}. Given: {tokens}'
        f' `inputs` tokens and {answer} `max_new_tokens`',
        'error_type': 'validation',
    },
    with_answer=True,
    tells={
        '/v1/models': lambda model, window: _listed(id=model, owned_by=model),
        '/info': lambda model, window: {'model_id': model, 'max_total_tokens': window},
    },
)
OLLAMA = Way(
    'Ollama',
    over='truncates',
    tells={
        '/v1/models': lambda model, window: _listed(id=model, owned_by='library'),
        '/api/ps': lambda model, window: {'models': [{'name': model, 'model': model, 'context_length': window}]},
        '/api/show': lambda model, window: {
            'parameters': f'num_ctx                        {window}',
            'model_info': {'general.architecture': 'llama', 'llama.context_length': 131_072},
        },
    },
)
WAYS: Mapping[str, Way] = {
    'llama.cpp': LLAMA_CPP,
    'vllm': VLLM,
    'sglang': SGLANG,
    'lm-studio': LM_STUDIO,
    'tgi': TGI,
    'ollama': OLLAMA,
}
"""The servers, by the name that `StrictProvider(way=...)` takes."""
