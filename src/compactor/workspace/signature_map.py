"""`signature_map`: what a workspace defines, by file and line, in a number of tokens that is set.

Where not all of it fits, what a prompt is after comes first; without one, what much else uses, and what is public.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from compactor.errors import ConfigError
from compactor.outputs.code_text import grammars
from compactor.outputs.code_text.signatures import Role
from compactor.packing.item import Content
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.tokens.counter import Counter, counter_for
from compactor.workspace.definitions import Definition, Read, read_of
from compactor.workspace.graph import Graph, graph_of, needed
from compactor.workspace.root import Root
from compactor.workspace.signature_lines import listed
from compactor.workspace.texts import texts_of
from compactor.workspace.wanted import seeds

MAX_TOKENS = 2_000
"""Tokens of a map, unless it is said otherwise."""
LEAST = 64
"""Tokens of a map at least."""
ANY, HIDDEN, OF_TESTS = 0.05, 0.01, 0.005
"""What a definition is worth before it is known what uses it: a public one, one with an underscore, one of tests."""


@dataclass(frozen=True, slots=True)
class SignatureMap:
    """Signatures of a workspace.

    Attributes:
        text: by file: line, signature; a note where some are left out.
        tokens: of the text.
        shown: definitions that stand there.
        definitions: definitions that there are.
        files: files that were read.
    """

    text: str
    tokens: int
    shown: int
    definitions: int
    files: int


def signature_map(
    paths: Iterable[str | Path],
    max_tokens: int = MAX_TOKENS,
    *,
    prompt: str = '',
    root: str | Path = '.',
    model: str | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
) -> SignatureMap:
    """Path, line and signature of what files and folders define.

    Args:
        paths: files and folders under the root, absolute or relative to it.
        max_tokens: tokens of the map at most; at least 64.
        prompt: what it is wanted for; '' for nothing in particular.
        root: what paths are shown relative to, and nothing outside of it is read.
        model: whose tokens count.
        secrets: what is redacted; None for nothing.

    Raises:
        ConfigError: `max_tokens` is under 64, or the extra `code` is not installed.
        WorkspaceError: a path leads out of the root, or there is nothing there.
    """
    grammars.required()
    if max_tokens < LEAST:
        raise ConfigError(f'a map of signatures needs {LEAST} tokens at least, got {max_tokens}')
    reads = [read_of(path, text) for path, text in texts_of(Root(root), paths, secrets)]
    return mapped(reads, prompt, max_tokens, counter_for(model))


def mapped(reads: Sequence[Read], prompt: str, max_tokens: int, counter: Counter) -> SignatureMap:
    """The same of files that are read already. Pure."""
    graph = graph_of(reads)
    scores = needed(graph, {**_any(graph), **(seeds(prompt, graph, reads) if prompt.strip() else {})})
    ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    ordered = [graph.definitions[i] for i in ranked if graph.definitions[i].name]
    # The most that fits: as far as it can be told, more definitions take more tokens.
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high + 1) // 2
        if counter.count(_text(ordered, middle)) <= max_tokens:
            low = middle
        else:
            high = middle - 1
    text = _text(ordered, low)
    text = text if counter.count(text) <= max_tokens else ''
    return SignatureMap(text, counter.count(text), low, len(ordered), len(reads))


def _any(graph: Graph) -> dict[int, float]:
    return {
        i: OF_TESTS
        if kind == Content.TESTS
        else HIDDEN
        if one.name.startswith('_') and one.role is Role.FUNCTION
        else ANY
        for i, (one, kind) in enumerate(zip(graph.definitions, graph.kinds, strict=True))
    }


def _text(ordered: Sequence[Definition], shown: int) -> str:
    text = listed(ordered[:shown])
    more = len(ordered) - shown
    note = f'[{more:,} more definitions left out: ask for a folder or a file, or for more tokens]' if more else ''
    return '\n'.join(part for part in (text, note) if part)
