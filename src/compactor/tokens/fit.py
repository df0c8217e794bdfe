"""The longest beginning or end of a text that has at most so many tokens.

Candidates are cuts at the token boundaries of the whole text, moved inwards to the nearest character. A piece
on its own may have a token more or less than it has inside the whole (a word cut in two, white space at the
cut), so every candidate is counted, longest first, and the first that fits is taken. Candidates do not depend
on the limit, and a larger limit admits all that a smaller one admits: a larger limit never gives a shorter
result.

A candidate is not counted whole: from a safe place near the cut (`chunks.py`) onwards, the count is known
already.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from compactor.tokens.chunks import SAFE, SOFT, spans
from compactor.tokens.encodings import Encoding, sound

# Candidates that have up to this many tokens too many inside the whole are tried as well: one character can
# be three tokens, of which two end inside the character, and a cut can save a token.
SLACK = 4
# Token boundaries looked at together. One block is nearly always enough: a candidate rarely has more tokens
# on its own than inside the whole, and then by one or two.
BLOCK = 64

# Characters that a token has, or more than nearly any text gives it: enough of a text to see that it is too long.
PER_TOKEN = 6

_PAIR = re.compile(r'[\ud800-\udbff][\udc00-\udfff]')


def exceeds(encoding: Encoding, text: str, max_tokens: int) -> bool:
    """Return whether `text` has more than `max_tokens` tokens."""
    if max_tokens <= 0:
        return bool(text)
    if len(text) * 4 <= max_tokens:  # no character has more than four bytes
        return False
    # A beginning that ends at a safe place has as many tokens on its own as inside the whole.
    safe = SAFE.search(text, max_tokens * PER_TOKEN, max_tokens * PER_TOKEN + SOFT)
    if safe is not None and encoding.count_fresh(text[: safe.end()]) > max_tokens:
        return True
    if safe is None:  # one endless word: a cut inside of it miscounts by a token or two
        length = max_tokens * PER_TOKEN
        while length < len(text):
            if encoding.count_fresh(text[:length]) > max_tokens + SLACK * 4:
                return True
            length *= 4
    return encoding.count(text) > max_tokens


def prefix(encoding: Encoding, text: str, max_tokens: int) -> str:
    """Return the longest beginning of `text` of at most `max_tokens` tokens; `text` itself if it fits."""
    if max_tokens <= 0:
        return ''
    whole = _without_surrogates(text)
    used = 0
    for start, end, _ in spans(whole):
        end, tokens = _beginning(encoding, whole, start, end, max_tokens - used)
        if used + len(tokens) > max_tokens:
            length = start + _prefix_of_piece(encoding, whole[start:end], tokens, max_tokens - used)
            return text[: _original(text, whole, length)]
        used += len(tokens)
    return text


def suffix(encoding: Encoding, text: str, max_tokens: int) -> str:
    """Return the longest end of `text` of at most `max_tokens` tokens; `text` itself if it fits."""
    if max_tokens <= 0:
        return ''
    whole = _without_surrogates(text)
    pieces = list(spans(whole))
    used = 0
    # Counts of ends add up only if no piece from there on was cut at an unsafe place.
    exact = True
    for start, end, cut_is_exact in reversed(pieces):
        exact = exact and cut_is_exact
        start, tokens = _ending(encoding, whole, start, end, max_tokens - used)
        if used + len(tokens) > max_tokens:
            for offset, size in _suffixes_of_piece(encoding, whole[start:end], tokens, max_tokens - used):
                rest = whole[start + offset :]
                if not (exact and all(safe for _, _, safe in spans(rest))):
                    size = encoding.count_fresh(rest) - used
                if used + size <= max_tokens:
                    return text[_original(text, whole, start + offset) :]
            return suffix(encoding, text[_original(text, whole, end) :], max_tokens)
        used += len(tokens)
    return text


def _beginning(encoding: Encoding, whole: str, start: int, end: int, limit: int) -> tuple[int, list[int]]:
    """Where so much of a piece ends that it has more than `limit` tokens, and its tokens; else the whole piece.

    Up to a safe place its tokens are those of the piece, so a short beginning of it is found without the rest.
    """
    safe = SAFE.search(whole, min(start + limit * PER_TOKEN, end), end)
    if safe is not None and safe.end() < end:
        tokens = encoding.encode(whole[start : safe.end()])
        if len(tokens) > limit + SLACK:
            return safe.end(), tokens
    return end, encoding.encode(whole[start:end])


def _ending(encoding: Encoding, whole: str, start: int, end: int, limit: int) -> tuple[int, list[int]]:
    """Where so much of a piece begins that it has more than `limit` tokens, and its tokens; else the whole piece."""
    safe = SAFE.search(whole, max(start, end - limit * PER_TOKEN - SOFT // 64), end)
    if safe is not None and start < safe.end() < end:
        tokens = encoding.encode(whole[safe.end() : end])
        if len(tokens) > limit + SLACK:
            return safe.end(), tokens
    return start, encoding.encode(whole[start:end])


def _prefix_of_piece(encoding: Encoding, piece: str, tokens: list[int], limit: int) -> int:
    """Return the length of the longest beginning of `piece`, in characters, of at most `limit` tokens."""
    high = min(limit + SLACK, len(tokens) - 1)
    while high > 0:
        low = max(0, high - BLOCK)
        offsets = _offsets(encoding, tokens, low, high, partial='ignore')
        safe = SAFE.search(piece, offsets[0], offsets[len(offsets) // 2])
        base, before = 0, 0
        if safe is not None and safe.end() in offsets:
            base, before = safe.end(), low + offsets.index(safe.end())
        for length in sorted(set(offsets), reverse=True):
            # The safe place is one only in a candidate that also holds the character after it.
            known = length > base
            size = before + encoding.size(piece[base:length]) if known else encoding.size(piece[:length])
            if size <= limit:
                return length
        high = low
    return 0


def _suffixes_of_piece(encoding: Encoding, piece: str, tokens: list[int], limit: int) -> Iterator[tuple[int, int]]:
    """Yield (offset in characters, number of tokens from there to the end of the piece), longest first."""
    low = max(1, len(tokens) - limit - SLACK)
    while low <= len(tokens):
        high = min(len(tokens), low + BLOCK)
        offsets = _offsets(encoding, tokens, low, high, partial='replace')
        safe = SAFE.search(piece, offsets[len(offsets) // 2], offsets[-1])
        base, after = len(piece), 0
        if safe is not None and safe.end() in offsets:
            # The last of equal offsets is the boundary itself, those before it end inside the character
            # before.
            base = safe.end()
            after = len(tokens) - (high - offsets[::-1].index(base))
        for offset in sorted(set(offsets)):
            known = offset < base
            size = encoding.size(piece[offset:base]) + after if known else encoding.size(piece[offset:])
            yield offset, size
        low = high + 1


def _offsets(encoding: Encoding, tokens: list[int], low: int, high: int, *, partial: str) -> list[int]:
    """Return the offsets in characters of the token boundaries from `low` to `high`, both included.

    A boundary inside a character counts as the one before it with `partial='ignore'`, after it with
    'replace'.
    """
    head = encoding.bpe.decode_bytes(tokens[:low])
    complete = head.decode('utf-8', 'ignore')
    buffer = head[len(complete.encode()) :]
    offsets = [len(complete) + len(buffer.decode('utf-8', partial))]
    for token in tokens[low:high]:
        buffer += encoding.bpe.decode_single_token_bytes(token)
        offsets.append(len(complete) + len(buffer.decode('utf-8', partial)))
    return offsets


def _without_surrogates(text: str) -> str:
    """Return `text`, or its `sound` form if it holds surrogates, which cannot be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return sound(text)
    return text


def _original(text: str, whole: str, offset: int) -> int:
    """Return where `offset` in `whole` lies in `text`: `sound` made one character of each surrogate pair."""
    if len(text) == len(whole):
        return offset
    pairs = [pair.start() - before for before, pair in enumerate(_PAIR.finditer(text))]
    return offset + bisect_left(pairs, offset)
