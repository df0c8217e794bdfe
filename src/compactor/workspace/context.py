"""`context_for`: what of some files concerns a prompt, in a budget of tokens.

    read ─► definitions (by content, remembered) ─► what the prompt names ─► calls, callers, tests ─► chosen by worth
         ─► merged by file, with notes on what is missing ─► counted as a whole, and cut until it fits

Definitions are shown whole or as a signature with its line; lines outside of them that hold a name of the prompt with
five lines around. Every note says how what is missing is got.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from compactor.bounded import Bounded
from compactor.errors import ConfigError
from compactor.locks import new_lock
from compactor.outputs.code_text import grammars
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.tokens.bounds import recommended
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.windows import context_window
from compactor.workspace.composing import Context, composed
from compactor.workspace.definitions import digest_of, read_of
from compactor.workspace.root import Root
from compactor.workspace.texts import texts_of

LEAST = 64
"""Tokens of a context at least."""
HOW = 'read'
"""How notes say what is missing is got; a toolset names its tool."""
REMEMBERED = 64
"""Contexts that are remembered, by the content of all files, prompt and budget."""

_remembered: Bounded[str, Context] = Bounded(REMEMBERED)
_remembering = new_lock()


def context_for(
    paths: Iterable[str | Path],
    prompt: str,
    max_tokens: int | None = None,
    *,
    root: str | Path = '.',
    model: str | None = None,
    input_budget: int | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
    how: str = HOW,
) -> Context:
    """What of files and folders concerns a prompt.

    Args:
        paths: files and folders under the root, absolute or relative to it; links that lead out are not followed.
        prompt: what it is wanted for.
        max_tokens: tokens of the text at most; default: 70 % of the input budget.
        root: what paths are shown relative to, and nothing outside of it is read.
        model: whose tokens count; default: an estimate for no model in particular.
        input_budget: tokens of a request's input; default: the model's window. Used where `max_tokens` is None.
        secrets: what is redacted before anything is chosen; None for nothing.
        how: how notes say that missing lines are got, such as the name of a tool.

    Raises:
        ConfigError: the budget is under 64, neither it nor a window is known, or the extra `code` is not installed.
        WorkspaceError: a path leads out of the root, or there is nothing there.
    """
    grammars.required()
    counter = counter_for(model)
    budget = _budget(max_tokens, input_budget, model)
    texts = texts_of(Root(root), paths, secrets)
    key = _key(texts, prompt, budget, counter, how)
    with _remembering:
        found = _remembered.used(key)
    if found is None:
        found = composed([read_of(path, text) for path, text in texts], prompt, budget, counter, how)
        with _remembering:
            _remembered[key] = found
    return found


def _budget(max_tokens: int | None, input_budget: int | None, model: str | None) -> int:
    if max_tokens is None:
        window = input_budget if input_budget is not None else context_window(model)
        if window is None:
            raise ConfigError(
                'how much may a context take? Give max_tokens, input_budget, or a model whose window is known'
            )
        max_tokens = recommended(window)
    if max_tokens < LEAST:
        raise ConfigError(f'a context needs {LEAST} tokens at least, got {max_tokens}')
    return max_tokens


def _key(texts: Sequence[tuple[str, str]], prompt: str, budget: int, counter: Counter, how: str) -> str:
    whole = hashlib.sha256(f'{budget} {counter.model} {counter.ratio} {how} {digest_of(prompt)}'.encode())
    for path, text in texts:
        whole.update(f'{digest_of(path)}{digest_of(text)}'.encode())
    return whole.hexdigest()
