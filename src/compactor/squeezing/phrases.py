"""Phrases that stand often in a text, each said once and then by a mark of two characters.

    §a=https://api.example.com/repos/
    {"url":"§aone","hooks_url":"§aone/hooks"}

The mark is a character that the text does not hold, so nothing in it can be taken for one.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter as Tally
from collections.abc import Iterator
from string import ascii_letters

from compactor.errors import ConfigError
from compactor.tokens.counter import Counter

MARKS = '§¤¶¬±†‡~^'
"""Characters to mark with; the first that a text does not hold."""
NAMES = ascii_letters
"""What follows the mark: one letter for each phrase."""
LENGTHS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)
"""Words of phrases that are tried."""
SEARCHED = 200_000
"""Characters of the beginning in which phrases are looked for; they are replaced everywhere."""
TRIED = 400
"""Phrases whose tokens are counted, those with most characters first."""
REFERENCE = 2
"""Tokens of a mark with its letter."""
ENTRY = 4
"""Tokens of mark, letter, equals sign and end of line, where a phrase is said."""
WORTH = 6
"""Tokens that a phrase has to save; what a replacement does to its neighbours is not counted."""
LONGEST = 64_000_000
"""Characters of a text that phrases are put back into."""

_WORD = re.compile(r'\w+|[^\w\S\n]+|\n|[^\w\s]')


def mark_for(text: str) -> str | None:
    """The first mark that a text does not hold; None where it holds all."""
    return next((mark for mark in MARKS if mark not in text), None)


def shortened(text: str, mark: str, counter: Counter) -> tuple[list[str], str]:
    """The phrases, and the text with marks in their places; no phrases and the text itself where none is worth it."""
    found: list[str] = []
    heap = [(-gain, phrase) for phrase, gain in _candidates(text, counter)]
    heapq.heapify(heap)
    tokens: dict[str, int] = {}
    while heap and len(found) < len(NAMES):
        _, phrase = heapq.heappop(heap)
        if phrase not in tokens:
            tokens[phrase] = counter.base(phrase)
        place = _place(phrase, mark, NAMES[: len(found)])
        gain = _gain(len(place.findall(text)) if place is not None else text.count(phrase), tokens[phrase])
        if gain < WORTH:
            continue
        if heap and gain < -heap[0][0]:  # others may be worth more by now
            heapq.heappush(heap, (-gain, phrase))
            continue
        name = mark + NAMES[len(found)]
        text = text.replace(phrase, name) if place is None else place.sub(name, text)
        found.append(phrase)
    return found, text


def _place(phrase: str, mark: str, names: str) -> re.Pattern[str] | None:
    """Where a phrase stands that could begin with the letter of a mark; None where looking for it is enough."""
    return re.compile(f'(?<!{re.escape(mark)}){re.escape(phrase)}') if phrase[0] in names else None


def _gain(times: int, tokens: int) -> int:
    return times * (tokens - REFERENCE) - tokens - ENTRY


def _candidates(text: str, counter: Counter) -> Iterator[tuple[str, int]]:
    """Phrases that stand twice at least, with about the tokens that each would save."""
    words = list(_WORD.finditer(text, 0, SEARCHED))
    starts = [word.start() for word in words]
    ends = [word.end() for word in words]
    scored: list[tuple[int, int, str]] = []
    for length in LENGTHS:
        if length > len(words):
            break
        slices = zip(starts, ends[length - 1 :], strict=False)
        # A phrase may hold whole lines, but lines stay lines: none begins or ends with the end of one.
        inner = ((start, end) for start, end in slices if text[start] != '\n' != text[end - 1])
        tally = Tally(text[start:end] for start, end in inner)
        scored += [(len(phrase) * (times - 1), times, phrase) for phrase, times in tally.items() if times > 1]
    best = heapq.nlargest(TRIED, scored)
    for (_, times, phrase), tokens in zip(best, counter.base_many(phrase for _, _, phrase in best), strict=True):
        if (gain := _gain(times, tokens)) >= WORTH:
            yield phrase, gain


def entries(phrases: list[str], mark: str) -> str:
    """The lines that say what each mark stands for; a phrase of several lines, or one in quotes, as JSON."""
    lines = []
    for name, phrase in zip(NAMES, phrases, strict=False):
        quoted = '\n' in phrase or phrase.startswith('"')
        lines.append(f'{mark}{name}={json.dumps(phrase, ensure_ascii=False) if quoted else phrase}\n')
    return ''.join(lines)


def read_entries(lines: list[str], mark: str) -> dict[str, str]:
    """The phrases by their letters.

    Raises:
        ConfigError: a line is none of `entries`.
    """
    found: dict[str, str] = {}
    for name, line in zip(NAMES, lines, strict=False):
        if not line.startswith(f'{mark}{name}='):
            raise ConfigError(f'not a squeezed value: {mark}{name}= is missing')
        phrase = line[3:]
        if phrase.startswith('"'):
            try:
                phrase = json.loads(phrase)
            except ValueError:
                raise ConfigError(f'not a squeezed value: {mark}{name} stands for nothing that can be read') from None
        if not isinstance(phrase, str):
            raise ConfigError(f'not a squeezed value: {mark}{name} stands for no text')
        found[name] = phrase
    return found


def put_back(text: str, phrases: dict[str, str], mark: str) -> str:
    """The text with its phrases.

    Raises:
        ConfigError: a mark stands for nothing, or the text would be longer than `LONGEST`.
    """
    pieces = text.split(mark)
    size = len(text)
    whole = [pieces[0]]
    for piece in pieces[1:]:
        name = piece[:1]
        if name not in phrases:
            raise ConfigError(f'not a squeezed value: {mark}{name} stands for nothing')
        size += len(phrases[name])
        if size > LONGEST:
            raise ConfigError(f'not a squeezed value: it stands for more than {LONGEST:,} characters')
        whole += (phrases[name], piece[1:])
    return ''.join(whole)
