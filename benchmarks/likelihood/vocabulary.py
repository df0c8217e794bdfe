"""A GGUF model's own tokenizer, through the C API of llama.cpp that the `xllamacpp` wheel exports.

The declarations are those of llama.cpp b11549 (xllamacpp 2026.10.11549); another layout is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cffi
import xllamacpp

DECLARATIONS = """
typedef int32_t llama_token;
struct llama_model_params { void * devices; void * tensor_buft_overrides; int32_t n_gpu_layers;
  int split_mode, load_mode, lazy_mode; int32_t main_gpu; const float * tensor_split; void * progress_callback;
  void * progress_callback_user_data; void * kv_overrides;
  bool vocab_only, check_tensors, use_extra_bufts, no_host, no_alloc, load_mtp; };
void llama_backend_init(void);
struct llama_model_params llama_model_default_params(void);
void * llama_model_load_from_file(const char *, struct llama_model_params);
void * llama_model_get_vocab(const void *);
int32_t llama_tokenize(const void *, const char *, int32_t, llama_token *, int32_t, bool, bool);
int32_t llama_token_to_piece(const void *, llama_token, char *, int32_t, int32_t, bool);
void llama_log_set(void (*)(int, const char *, void *), void *);
"""
ERROR = 4
"""llama.cpp's level of errors: the rest of its log is not shown."""


class Vocabulary:
    """Texts as a model's tokens, and back.

    Args:
        model: a GGUF file.

    Raises:
        SystemExit: it cannot be loaded, or the wheel is another one.
    """

    def __init__(self, model: Path) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(DECLARATIONS)
        library = next(Path(xllamacpp.__file__).parent.glob('*.so'))
        self._lib: Any = self._ffi.dlopen(str(library))
        self._log = self._ffi.callback('void(int, const char *, void *)', self._say)
        self._lib.llama_log_set(self._log, self._ffi.NULL)
        self._lib.llama_backend_init()
        parameters = self._lib.llama_model_default_params()
        seen = parameters.n_gpu_layers, parameters.main_gpu, parameters.vocab_only, parameters.use_extra_bufts
        if seen != (-1, 0, False, True):
            raise SystemExit(f'this xllamacpp lays out its parameters in another way: {seen}')
        parameters.vocab_only = True
        loaded = self._lib.llama_model_load_from_file(os.fsencode(model), parameters)
        if loaded == self._ffi.NULL:
            raise SystemExit(f'cannot load {model}')
        self._vocabulary = self._lib.llama_model_get_vocab(loaded)

    def _say(self, level: int, text: Any, _: Any) -> None:
        if level == ERROR:
            os.write(2, self._ffi.string(text))

    def tokens(self, text: str, first: bool = False) -> list[int]:
        """The tokens of a text; `first` puts the model's own first token before them."""
        raw = text.encode('utf-8', 'replace')
        room = len(raw) + 16
        found = self._ffi.new('llama_token[]', room)
        number = self._lib.llama_tokenize(self._vocabulary, raw, len(raw), found, room, first, False)
        if number < 0:
            raise ValueError('the text takes more tokens than bytes')
        return list(found[0:number])

    def pieces(self, tokens: list[int]) -> list[bytes]:
        """The bytes of each token."""
        buffer = self._ffi.new('char[]', 512)
        found = []
        for token in tokens:
            length = self._lib.llama_token_to_piece(self._vocabulary, token, buffer, 512, 0, False)
            found.append(bytes(self._ffi.buffer(buffer, max(length, 0))[:]))
        return found
