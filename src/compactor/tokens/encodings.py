"""The two public OpenAI encodings, built from bundled ranks: no network, no environment, no shared state.

tiktoken downloads its rank files at first use, without a time-out, so a machine without a network cannot
count or hangs. Here the ranks lie beside the code (`vocab/`, see its NOTICE) and the `tiktoken.Encoding` is
private: neither tiktoken's registry nor its cache is read or written. tiktoken itself is imported at the
first count.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from os import cpu_count
from pathlib import Path
from threading import local
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

from compactor.errors import ConfigError
from compactor.imports import passed_through
from compactor.locks import new_lock
from compactor.tokens.chunks import SOFT, spans
from compactor.tokens.memo import TextMemo

if TYPE_CHECKING:
    import tiktoken

EncodingName = Literal['o200k_base', 'cl100k_base']

# Encoding -> number of tokens in its blob.
BUNDLED: dict[str, int] = {'o200k_base': 199_998, 'cl100k_base': 100_256}
VOCAB_FOLDER = Path(__file__).parent / 'vocab'

# `count_many` uses threads when the texts not yet counted have this many characters together. Measured on two
# cores: the encoder lets go of the interpreter lock, so two threads count large texts 1.75 times as fast (14 and
# 25 MB/s); with the pool to start, they win from about here on, and below 100,000 they lose.
THREADS_FROM = 200_000
MOST_THREADS = 4


class Encoding:
    """Counts tokens of one encoding; safe for any string and for use from many threads.

    Counts equal `len(tiktoken_encoding.encode(text, disallowed_special=()))`: what looks like a special token
    (`<|endoftext|>`) is ordinary text, lone surrogates count as U+FFFD. The one exception is a text with no
    letter or digit before white space or punctuation in 128k characters, see `chunks.py`.
    """

    __slots__ = ('_memo', 'bpe', 'name', 'size')

    def __init__(self, name: str, bpe: tiktoken.Encoding) -> None:
        self.name = name
        self.bpe = bpe
        self.size = _sizer(bpe)
        self._memo = TextMemo[int]()

    def __repr__(self) -> str:
        return f'Encoding({self.name!r})'

    def count(self, text: str) -> int:
        """Return the number of tokens of `text`; remembered for texts of up to two million characters."""
        found = self._memo.get(text)
        if found is not None:
            return found
        size = self.count_fresh(text)
        self._memo.put(text, size)
        return size

    def count_fresh(self, text: str) -> int:
        """Return the number of tokens of `text` without looking at the memo or adding to it."""
        try:
            if len(text) <= SOFT:
                return self.size(text)
            return sum(self.size(text[start:end]) for start, end, _ in spans(text))
        except UnicodeEncodeError:
            return self.count_fresh(sound(text))

    def count_many(self, texts: Iterable[str]) -> list[int]:
        """Return the number of tokens of each text, in order; large totals are counted in threads."""
        texts = list(texts)
        counts = [self._memo.get(text) for text in texts]
        # A text that occurs often is counted once; a dict keeps the order, which keeps runs repeatable.
        fresh = list(dict.fromkeys(text for text, count in zip(texts, counts, strict=True) if count is None))
        if not fresh:
            return [count for count in counts if count is not None]
        workers = 1
        if sum(map(len, fresh)) >= THREADS_FROM and not getattr(
            _here, 'alone', False
        ):  # asked first: `cpu_count` is a system call
            workers = min(MOST_THREADS, cpu_count() or 1, len(fresh))
        if workers > 1:
            sizes = self._count_in_threads(fresh, workers)
        else:
            sizes = {text: self.count_fresh(text) for text in fresh}
        for text, size in sizes.items():
            self._memo.put(text, size)
        return [sizes[text] if count is None else count for text, count in zip(texts, counts, strict=True)]

    def _count_in_threads(self, texts: list[str], workers: int) -> dict[str, int]:
        """Count distinct texts, spread over `workers` by size: the largest first, to the emptiest worker."""
        # Imported here because it takes 12 ms, a third of what importing this package may cost.
        from concurrent.futures import ThreadPoolExecutor

        shares: list[list[str]] = [[] for _ in range(workers)]
        loads = [0] * workers
        for text in sorted(texts, key=len, reverse=True):
            emptiest = loads.index(min(loads))
            shares[emptiest].append(text)
            # One more than its length, because a call costs time even for a short text.
            loads[emptiest] += len(text) + 1
        with ThreadPoolExecutor(workers, thread_name_prefix='compactor-count') as pool:
            counted = pool.map(lambda share: {text: self.count_fresh(text) for text in share}, shares)
            return {text: size for share in counted for text, size in share.items()}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a piece (`chunks.spans`) of a text without surrogates."""
        return self.bpe.encode(text, disallowed_special=())


def encoding(name: str) -> Encoding:
    """Return the encoding called `name`, built once (about 0.1 s) and shared by the whole process.

    Raises:
        ConfigError: if no encoding of that name is bundled.
    """
    found = _built.get(name)
    if found is not None:
        return found
    if name not in BUNDLED:
        raise ConfigError(f'unknown encoding {name!r}: choose one of {", ".join(BUNDLED)}')
    with _building:
        if name not in _built:
            _built[name] = Encoding(name, _build(name))
        return _built[name]


def sound(text: str) -> str:
    """Return `text` with surrogate pairs joined and lone surrogates replaced by U+FFFD, as tiktoken does."""
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')


def ranks(name: str) -> dict[bytes, int]:
    """Return token -> rank of a bundled encoding, from its blob (format: scripts/build_vocab.py)."""
    data = zlib.decompress((VOCAB_FOLDER / f'{name}.bin').read_bytes())
    size = BUNDLED[name]
    tokens = BytesIO(data[size:])
    return dict(zip(map(tokens.read, data[:size]), range(size), strict=True))


def expected_sha256(name: str) -> str:
    """Return the sha256 that the installed tiktoken expects of the official rank file of `name`."""
    expected: list[str] = []

    def note(_url: str, expected_hash: str) -> dict[bytes, int]:
        expected.append(expected_hash)
        return {}

    _constructor(name, note)()
    return expected[0]


def _build(name: str) -> tiktoken.Encoding:
    """Build a private `tiktoken.Encoding` from the bundled ranks."""
    with passed_through():
        import tiktoken

    def load(_url: str, expected_hash: str) -> dict[bytes, int]:
        return ranks(name)

    return tiktoken.Encoding(**_constructor(name, load)())


def _constructor(name: str, load: Callable[..., dict[bytes, int]]) -> Callable[[], dict[str, Any]]:
    """Return tiktoken's own definition of an encoding, made to take its ranks from `load`.

    The definition is a function that calls the global `load_tiktoken_bpe`. It is copied with other globals
    rather than patched in place, so that nobody else's `tiktoken.get_encoding`, in any thread, ever sees our
    loader.
    """
    with passed_through():
        from tiktoken_ext import openai_public  # type: ignore[import-untyped]

    definition: FunctionType = getattr(openai_public, name)
    return FunctionType(definition.__code__, {**vars(openai_public), 'load_tiktoken_bpe': load})


def _sizer(bpe: tiktoken.Encoding) -> Callable[[str], int]:
    """Return the fastest way to count the tokens of a chunk that this version of tiktoken offers.

    The buffer of `encode_to_tiktoken_buffer` (four bytes a token) spares making a Python list: 15 % faster,
    and threads scale. It is not public, hence tried once on a text with a known answer before it is trusted.
    """
    nothing: frozenset[str] = frozenset()
    probe = 'count <|endoftext|> tokens'

    def from_list(text: str) -> int:
        return len(bpe.encode(text, disallowed_special=()))

    try:
        to_buffer = bpe._core_bpe.encode_to_tiktoken_buffer

        def from_buffer(text: str) -> int:
            return memoryview(to_buffer(text, nothing)).nbytes // 4

        if from_buffer(probe) == from_list(probe):
            return from_buffer
    except (AttributeError, TypeError):
        pass
    return from_list


@contextmanager
def alone() -> Iterator[None]:
    """Within, this thread counts by itself, though threads would be faster.

    For work beside an event loop: two threads that count hand the interpreter to each other, and a loop that waits for
    it is passed over for a tenth of a second.
    """
    before = getattr(_here, 'alone', False)
    _here.alone = True
    try:
        yield
    finally:
        _here.alone = before


_here = local()
_built: dict[str, Encoding] = {}
_building = new_lock()
