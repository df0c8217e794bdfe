"""What small models write in the place of a summary: loops, repeated lines, and echoes of what they were asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

LOOP_WORDS, LOOP_SHARE = 24, 0.5
"""Of so many words or more, at least this share of the runs of four words must be new; of summaries by large models it
is over 0.9."""
MOST = 0.5
"""Share of an answer's lines that may repeat others or echo before all of it is refused."""
LONG = 40
"""Characters from which on a line that stands in the record word for word is a copy."""
COPIED = 0.6
"""Share of an answer's characters that may be copies of the record."""
READ = 20_000
"""Characters of an answer that are looked at; answers are bounded by their `max_tokens`."""

_ECHO = re.compile(
    r'</?(?:record|summary|parts) [0-9a-f]{8}>|^Plain lines, at most|^Copy names of files'
    r'|^What stands between the fences'
    r"|^Sum up an agent's work|^First comes the summary of all|^Give most room to this:|^Part \d+ of \d+ follows"
    r'|what the user wants, as it stands now|what was decided, and why|what was tried or considered and given up'
    r'|what was being done at the end|^(?:Next step: )?what was to come next'
    r'|#n[>$?]? (?:the agent|it called|output|the user)',
    re.IGNORECASE,
)
"""Lines of the prompt (`digest.narrative`), however a model copies them."""
_WORD = re.compile(r'\w+')


def without_babble(answer: str, known: Callable[[], Sequence[str]]) -> tuple[str, str]:
    """An answer without repeated lines and echoes, and why there is nothing left of it, '' if there is.

    Args:
        answer: plain lines.
        known: the texts that were summed up.
    """
    lines = [line for line in answer[:READ].split('\n') if line.strip()]
    kept: list[str] = []
    seen: set[str] = set()
    for line in lines:
        key = ' '.join(_WORD.findall(line.casefold()))
        if not key or key in seen or _ECHO.search(line) is not None or _loops(line):
            continue
        seen.add(key)
        kept.append(line)
    if not kept or len(kept) < len(lines) * (1 - MOST):
        return '', 'the answer repeats itself, or what was asked'
    if _loops(' '.join(kept)):
        return '', 'the answer runs in circles'
    if _copies(kept, known):
        return '', 'the answer only copies the record'
    return '\n'.join(kept), ''


def _loops(text: str) -> bool:
    """Whether a text says the same few words again and again."""
    words = _WORD.findall(text.casefold())
    if len(words) < LOOP_WORDS:
        return False
    runs = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    return len(runs) < LOOP_SHARE * (len(words) - 3)


def _copies(lines: Sequence[str], known: Callable[[], Sequence[str]]) -> bool:
    """Whether most of what is written stands in the record as it is."""
    long = [line.strip(' -*#>') for line in lines if len(line) >= LONG]
    if sum(map(len, long)) <= COPIED * sum(map(len, lines)):
        return False
    texts = [' '.join(text.split()) for text in known()]
    copied = [line for line in long if any(' '.join(line.split()) in text for text in texts)]
    return sum(map(len, copied)) > COPIED * sum(map(len, lines))
