"""Lines that tell how a command ended: exit codes, signals, last words of build tools and of harnesses.

They stand at the very end of an output, or before it where a harness wrote them. Whatever the output is, they stay.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FIRST, LAST = 7, 10
"""Lines at the beginning and at the end among which they are looked for."""
LONGEST = 240
"""Characters of such a line; what is longer is no such line."""


class Ending(NamedTuple):
    """A form of such a line: an expression at its beginning, in small letters, and a sample."""

    pattern: str
    sample: str


ENDINGS: tuple[Ending, ...] = (
    Ending(r'\W{0,3}(?:the )?(?:command|process|script|program|job|task|step|build|container|it|shell|tool)?[^\n:]{0,60}?\bexit(?:ed)?'
           r'(?: with)?(?: an?)?(?: (?:error|non-zero))?[ _]?(?:code|status)?[:= ]+(?:was |is )?-?\d+', 'Command exited with code 1'),
    Ending(r'\W{0,3}(?:exit[ _\-]?(?:code|status|value)?|return(?:ed)?[ _\-]?(?:code|status|value))[\])]?[:= ]+-?\d+', '[exit code: 1]'),
    Ending(r'<(?:returncode|exit_?code|exit_status)>-?\d+', '<returncode>2</returncode>'),
    Ending(r'process finished with exit code \d+', 'Process finished with exit code 1'),
    Ending(r'(?:g?make|ninja|gmake)(?:\[\d+\])?: (?:\*\*\*|build stopped)', 'make: *** [Makefile:12: ci] Error 1'),
    Ending(r'[^\n]{0,200}\bkilled(?: by signal|$)|[^\n]{0,120}segmentation fault|[^\n]{0,120}\(core dumped\)|terminated$|aborted$'
           r'|[^\n]{0,120}\bbus error$', 'Segmentation fault (core dumped)'),
    Ending(r'[^\n]{0,60}(?:timed out|timeout) after \d|(?:command|process) timed out', 'Command timed out after 120 s'),
    Ending(r'npm (?:err!|error) (?:code|errno|lifecycle|command failed|exit)', 'npm ERR! code ELIFECYCLE'),
    Ending(r'error(?: |:)[^\n]{0,40}\bcommand failed', 'error Command failed with exit code 1.'),
    Ending(r'elifecycle|\u2009?elifecycle', 'ELIFECYCLE  Command failed with exit code 1.'),
    Ending(r'\#\#\[error\]process completed', '##[error]Process completed with exit code 1.'),
    Ending(r'(?:\*\*+ ?|={2,} ?)?(?:build|test|archive) (?:failed|succeeded|failure|success)(?: in [^\n]{0,40}|\W*)$', '** TEST FAILED **'),
    Ending(r'wall time: |real\s+\d+m', 'Wall time: 3.2 seconds'),
    Ending(r'(?:command|process|job) (?:failed|succeeded|completed|finished|was (?:killed|cancelled|terminated))', 'Job failed: exit status 1'),
    Ending(r'error: (?:process|script|recipe|task|command)[^\n]{0,120}(?:exit|fail|line \d)', 'error: Recipe `test` failed on line 3 with exit code 1'),
    Ending(r'signal: \d+|terminated by signal', 'Signal: 9'),
)  # fmt: skip

_ENDING = re.compile('|'.join(f'(?:{row.pattern})' for row in ENDINGS))


def ends(line: str) -> bool:
    """Whether a line tells how a command ended."""
    bare = line.strip()
    return 0 < len(bare) <= LONGEST and _ENDING.match(bare.lower()) is not None


class Framed(NamedTuple):
    """An output between the lines that tell how it ended: those before it, itself, those behind it."""

    before: str
    body: str
    behind: str


def framed(text: str) -> Framed:
    """Takes the lines that tell how a command ended from the beginning and the end of its output.

    Of the lines that a harness writes first only these are kept; the output itself begins behind all of them.
    """
    start, before = _before(text)
    at = len(text)
    behind: list[str] = []
    for _ in range(LAST):
        begin = text.rfind('\n', start, at) + 1
        if begin <= start:
            break
        line = text[begin:at]
        if line.strip() and not ends(line):
            break
        if line.strip():
            behind.append(line)
        at = begin - 1
    if not behind:
        at = len(text)
    return Framed(
        '\n'.join(before), text[start:at].rstrip('\n') if behind else text[start:at], '\n'.join(reversed(behind))
    )


_HARNESS = re.compile(
    r'(?:Command|Chunk ID|Wall time|Process (?:exited|running)|Original token count|Exit code|Total output lines)\b[^\n]*$'
    r'|Output:$|<output>$|<returncode>-?\d+</returncode>$'
)
"""Lines that a harness writes before an output."""


def _before(text: str) -> tuple[int, list[str]]:
    """Where the output itself begins, and the lines before it that tell how it ended."""
    at = 0
    kept: list[str] = []
    for _ in range(FIRST):
        end = text.find('\n', at)
        line = text[at:end] if end >= 0 else ''
        told = ends(line)
        if end < 0 or not (told or _HARNESS.match(line)):
            break
        if told and not line.startswith('Wall time'):
            kept.append(line)
        at = end + 1
    return at, kept
