"""Lines that stand several times in a row, once with their number: `the line§3`."""

from __future__ import annotations

import re
from itertools import groupby

from compactor.errors import ConfigError
from compactor.squeezing.phrases import LONGEST


def folded(text: str, mark: str) -> str:
    """The text, which does not hold the mark, with each run of equal lines as one of them."""
    lines = []
    for line, run in groupby(text.split('\n')):
        times = sum(1 for _ in run)
        lines.append(f'{line}{mark}{times}' if times > 1 else line)
    return '\n'.join(lines)


def unfolded(text: str, mark: str) -> str:
    """The text that was folded.

    Raises:
        ConfigError: a mark stands where none can be, or the text would be longer than `LONGEST`.
    """
    ending = re.compile(re.escape(mark) + r'([0-9]{1,8})$')
    lines: list[str] = []
    size = 0
    for line in text.split('\n'):
        found = ending.search(line)
        times = int(found[1]) if found is not None else 1
        bare = line[: found.start()] if found is not None else line
        size += times * (len(bare) + 1)
        if mark in bare:
            raise ConfigError('not a squeezed value: a mark stands inside of a line')
        if size > LONGEST:
            raise ConfigError(f'not a squeezed value: it stands for more than {LONGEST:,} characters')
        lines += [bare] * times
    return '\n'.join(lines)
