"""Gives the model back what was left out: a step, some of its lines, or the lines that a pattern finds.

Answers are paged inside a token budget. The first line of an answer says what it is and where it goes on; what
follows is the stored text, and the texts of all pages, put together, are that text byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import thread_time

from pydantic_core import SchemaError, SchemaValidator, core_schema

from compactor.archive.archive import Archive
from compactor.archive.bare import bare_text
from compactor.archive.finding import found_steps
from compactor.archive.manifest import Manifest, chain, first_held
from compactor.archive.reading import RECORD, clipped, step_text, step_texts
from compactor.archive.spaces import out_of
from compactor.errors import ConfigError
from compactor.history.handles import HANDLE
from compactor.patterns import TooSlow, repetitions
from compactor.patterns import pattern as compiled
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets

Fit = Callable[[str, int], str]
"""The longest beginning of a text within a number of tokens (`Counter.fit`)."""

MAX_TOKENS = 2_000
"""Tokens of an answer, its first line included."""
HEAD_TOKENS = 80
"""Of these, what is set aside for the first line."""
LONGEST_TOKEN = 128
"""Characters of the longest token that any vocabulary has."""
FEW = 8
"""Characters of a token that nearly any text has fewer of."""
LONGEST_PATTERN = 200
"""Characters of a regular expression; a longer one is looked for to the letter."""
REPEATED = 64
"""Repetitions of an expression up to which it is left to an engine that takes no more than a text's length; that one
slows down by their number, and cannot be stopped. With more, one that can be is used."""
SECONDS, PER_MILLION = 1.0, 0.05
"""Processor time of a search, and for each million characters."""
CHECKED = 16 * 1024
"""Characters after which the time is looked at."""

_RANGE = re.compile(r'\s*#?(\d{1,9})\s*(?:(-)\s*(\d{1,9})?)?\s*')
_HANDLED = re.compile(rf'[0-9a-f]{{{HANDLE}}}')


def recall(
    archive: Archive,
    handle: str | None,
    step: int | None = None,
    *,
    lines: str | None = None,
    pattern: str | None = None,
    query: str | None = None,
    page: int = 1,
    max_tokens: int = MAX_TOKENS,
    fit: Fit,
    secrets: Secrets | None = HIGH_CONFIDENCE,
    earlier: Archive | None = None,
) -> str:
    """What the archive holds of one step, what a pattern finds in all of them, or which of them answer a question.

    The answer is a text for the model.

    Args:
        archive: where to look.
        handle: the handle in the conversation's newest mark; None if there is none.
        step: ordinal of the step; None looks through all steps, which takes a pattern or a query.
        lines: such as '10-40', '10-' or '10': these lines of the step alone.
        pattern: only lines in which this is found: a regular expression (Rust's dialect, which cannot hang: no
            look-around, no back references), or the text to the letter where it is none. A search that takes too long
            ends where it has come to, and says so.
        query: a question in any words: the steps that have to do with it are named, the best first, each with its most
            telling line. Goes before `pattern`; with a step it is not looked at.
        page: which page of the answer, from 1.
        max_tokens: most tokens of the answer.
        fit: how tokens are counted.
        secrets: what is redacted: an archive may have been told to keep them, a model is told none.
        earlier: an archive that also holds what other conversations of the same tenant have left out, for `query`; None
            looks at this conversation alone.

    Returns:
        The page; or one line saying that the step or page does not exist or has expired. Never raises.
    """
    manifests = list(chain(archive, handle))
    if query and step is None and (manifests or earlier is not None):
        steps = {n: key for manifest in manifests for n, key in manifest.steps.items()}
        return found_steps(archive, steps, query, page, max_tokens, fit, secrets, earlier)
    if not manifests:
        return _nothing(handle)
    held = {n: key for manifest in manifests for n, key in manifest.steps.items()}
    if step is None:
        if not pattern:
            return f'Say which step, or give a pattern or a query. The archive holds steps {_ranges(held)}.'
        texts, gone = step_texts(archive, held, secrets)
        return _found(texts, gone, pattern, page, max_tokens, fit, 'recall')
    if step not in held:
        return _unknown(step, held, manifests)
    texts, _ = step_texts(archive, {step: held[step]}, secrets)
    if step not in texts:
        return _expired(step)
    if pattern:
        return _found(texts, 0, pattern, page, max_tokens, fit, f'recall({step})')
    return _pages(texts[step], f'step {step}', lines, page, max_tokens, fit)


def held_keys(archive: Archive, handle: str | None) -> dict[int, str]:
    """The keys of all steps that were left out of a conversation, by ordinal."""
    return {n: key for manifest in chain(archive, handle) for n, key in manifest.steps.items()}


def held_steps(archive: Archive, handle: str | None, secrets: Secrets | None = HIGH_CONFIDENCE) -> dict[int, str]:
    """The texts of all steps that the archive holds of a conversation, by ordinal; see `recall`."""
    return step_texts(archive, held_keys(archive, handle), secrets)[0]


def recall_output(
    archive: Archive,
    handle: str,
    *,
    lines: str | None = None,
    pattern: str | None = None,
    page: int = 1,
    max_tokens: int = MAX_TOKENS,
    fit: Fit,
    secrets: Secrets | None = HIGH_CONFIDENCE,
    earlier: Archive | None = None,
) -> str:
    """What the archive holds of one tool's output that was made smaller; see `recall`, which answers in the same way.

    Args:
        archive: where to look.
        handle: the digits behind 'recall' in the output's note.
        lines: these lines alone.
        pattern: only lines in which this is found.
        page: which page of the answer, from 1.
        max_tokens: most tokens of the answer.
        fit: how tokens are counted.
        secrets: what is redacted: an archive may have been told to keep them, a model is told none.
        earlier: an archive that also holds the steps of other conversations, which a query has named.
    """
    known = _HANDLED.fullmatch(handle) is not None
    data = out_of('output', archive.get(handle)) if known else None
    if data is None and known and earlier is not None:
        step = step_text(earlier, handle, secrets)
        if step is not None:
            return _pages(step, 'a step of another conversation', lines, page, max_tokens, fit)
    if data is None:
        return f'Expired or unknown: there is no output {handle!r:.40}. Call the tool again if you need it.'
    text = bare_text(data.decode('utf-8', 'surrogatepass'), secrets)
    if pattern:
        return _found({0: text}, 0, pattern, page, max_tokens, fit, 'this output')
    return _pages(text, 'the output', lines, page, max_tokens, fit)


def _nothing(handle: str | None) -> str:
    if handle is None:
        return 'Nothing of this conversation has been archived: all of it stands above.'
    return f'Expired: the archive {handle} of this conversation is no longer held. Read again what you need.'


def _expired(step: int) -> str:
    return f'Expired: step {step} is no longer held. Read again what you need.'


def _unknown(step: int, held: Mapping[int, str], manifests: Sequence[Manifest]) -> str:
    last = max(held, default=0)
    broken = manifests[-1].parent is not None
    if 0 < step < first_held(manifests) or (broken and 0 < step <= last):
        return _expired(step)
    if 0 < step <= last:
        return f'Step {step} is not in the archive: it stands in the conversation, or has expired.'
    return f'There is no step {step} in the archive, it holds {_ranges(held)}; newer steps stand in the conversation.'


def _ranges(steps: Mapping[int, str]) -> str:
    """Ordinals as '1-57, 60'."""
    ranges: list[list[int]] = []
    for n in sorted(steps):
        if ranges and ranges[-1][1] == n - 1:
            ranges[-1][1] = n
        else:
            ranges.append([n, n])
    shown = [str(a) if a == b else f'{a}-{b}' for a, b in ranges]
    return ', '.join(shown if len(shown) <= 12 else [*shown[:6], '...', *shown[-5:]]) or 'none'


# -- a step, or some of its lines ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """A piece of a text: its characters, and the numbers of its first and last line."""

    start: int
    end: int
    first: int
    last: int
    inside: bool


def _pages(text: str, name: str, lines: str | None, page: int, max_tokens: int, fit: Fit) -> str:
    total = text.count('\n') + 1
    start, end, first = 0, len(text), 1
    if lines:
        wanted = _wanted(lines, total)
        if wanted is None:
            return f'lines={lines!r} is no range of lines such as "10-40"; {name} has {total:,} lines.'
        first = wanted[0]
        start, end = _bounds(text, *wanted)
    number = 0
    for number, part in enumerate(_split(text, start, end, first, max(1, max_tokens - HEAD_TOKENS), fit), 1):
        if number == page:
            more = part.end < end
            where = f'lines {part.first:,}-{part.last:,} of {total:,}' + (
                ' (begins inside a line)' if part.inside else ''
            )
            head = f'{name.capitalize()}, {where}, {f"next: page={page + 1}" if more else "end"}. {RECORD}'
            return f'{head}\n{text[part.start : part.end]}'
    return f'There is no page {page} of {name}, there are 1-{number}.'


def _wanted(lines: str, total: int) -> tuple[int, int] | None:
    found = _RANGE.fullmatch(lines)
    if found is None:
        return None
    first = int(found[1])
    last = int(found[3]) if found[3] else total if found[2] else first
    return (first, min(last, total)) if 1 <= first <= min(last, total) else None


def _bounds(text: str, first: int, last: int) -> tuple[int, int]:
    """Where these lines begin and end; the last one's line break belongs to them."""
    start = 0
    for _ in range(first - 1):
        start = text.index('\n', start) + 1
    end = start
    for _ in range(last - first + 1):
        at = text.find('\n', end)
        end = at + 1 if at >= 0 else len(text)
    return start, end


def _split(text: str, start: int, end: int, line: int, tokens: int, fit: Fit) -> Iterator[_Page]:
    """The text in pieces of at most so many tokens, each ending with a line where a line is not longer than that."""
    at, inside = start, False
    while True:
        piece = _beginning(text[at : min(end, at + tokens * LONGEST_TOKEN)], tokens, fit) or text[at : min(end, at + 1)]
        stop = at + len(piece)
        if stop < end and '\n' in piece:
            stop = at + piece.rindex('\n') + 1
        whole = stop > at and text[stop - 1] == '\n' and stop < len(text)
        last = line + text.count('\n', at, stop) - (1 if whole else 0)
        yield _Page(at, stop, line, last, inside)
        if stop >= end:
            return
        inside = text[stop - 1] != '\n'
        line = last + (0 if inside else 1)
        at = stop


def _beginning(text: str, tokens: int, fit: Fit) -> str:
    """The longest beginning of so many tokens, looked for in as little of the text as holds more than that."""
    width = tokens * FEW
    while width < len(text):
        piece = fit(text[:width], tokens)
        if len(piece) < width:
            return piece
        width *= 4
    return fit(text, tokens)


# -- what a pattern finds --------------------------------------------------------------------------------------


def _found(texts: Mapping[int, str], gone: int, pattern: str, page: int, max_tokens: int, fit: Fit, call: str) -> str:
    search = _Search(pattern, SECONDS + PER_MILLION * sum(map(len, texts.values())) / 1_000_000)
    found = [f'{f"#{n}:" if n else ""}{i}: {clipped(line)}' for n, i, line in search.lines(texts)]
    lost = f' {gone} steps have expired.' if gone else ''
    if search.stopped:
        lost += f' The search took too long and ended{search.stopped}: give a step, or a plainer pattern.'
    if not found:
        return f'{pattern!r:.200} is found in no line of {call}.{lost}'
    listed = '\n'.join(found)
    number = 0
    for number, part in enumerate(_split(listed, 0, len(listed), 1, max(1, max_tokens - HEAD_TOKENS), fit), 1):
        if number == page:
            more = f'next: page={page + 1}' if part.end < len(listed) else 'end'
            form = '#step:line' if any(texts) else 'line'
            head = f'{len(found):,} lines found ({form}), {part.first:,}-{part.last:,} here, {more}.{lost} {RECORD}'
            return f'{head}\n{listed[part.start : part.end]}'
    return f'There is no page {page} of what was found, there are 1-{number}.'


class _Search:
    """The lines in which a pattern is found, within so many seconds of processor time.

    Attributes:
        stopped: where it ended because they were over, in words; '' if it went through.
    """

    def __init__(self, pattern: str, seconds: float) -> None:
        self.stopped = ''
        self._until = thread_time() + seconds
        self._matches = _matcher(pattern, self._left)

    def lines(self, texts: Mapping[int, str]) -> Iterator[tuple[int, int, str]]:
        """Ordinal of the text, number of the line and the line itself."""
        looked_at = 0
        for n, text in texts.items():
            for i, line in enumerate(text.split('\n'), 1):
                looked_at += len(line) + 1
                try:
                    if looked_at > CHECKED:
                        self._left()
                        looked_at = 0
                    matches = self._matches(line)
                except TooSlow:
                    self.stopped = f' at line {i:,}' + (f' of step {n:,}' if n else '')
                    return
                if matches:
                    yield n, i, line

    def _left(self) -> float:
        """Seconds that are left; `TooSlow` if none are."""
        left = self._until - thread_time()
        if left <= 0:
            raise TooSlow
        return left


def _matcher(pattern: str, seconds: Callable[[], float]) -> Callable[[str], bool]:
    """Whether a pattern is found in a line; what is no expression is taken literally.

    Args:
        pattern: the pattern.
        seconds: how many seconds are left.
    """
    if len(pattern) <= LONGEST_PATTERN:
        try:
            if repetitions(pattern) > REPEATED:
                slow = compiled(pattern)
                return lambda line: slow.found_in(line, seconds())
            schema = core_schema.str_schema(pattern=pattern, regex_engine='rust-regex')
            return SchemaValidator(schema).isinstance_python
        except (SchemaError, ConfigError, ValueError):
            pass
    return lambda line: pattern in line
