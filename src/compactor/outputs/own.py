"""Kinds of output of your own: what gives one away, and the function that makes it smaller."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from compactor.errors import ConfigError
from compactor.outputs.allowance import Allowance
from compactor.outputs.hint import Hint
from compactor.outputs.pieces import Piece, pick

LINES = 20
"""Lines of a text, from its beginning, in which a sign is looked for."""
WIDE = 240
"""Characters of a line that are looked at."""


@dataclass(frozen=True, slots=True)
class OutputKind:
    """A kind of output of your own, before all that are built in.

    It is an output's kind where its tool, its command or its sign says so, in this order. What `reduce` returns is
    used if it is within the allowance and no larger than the text; else, or if it returns None or raises, the output
    is made smaller as if the kind were not there.

    Attributes:
        name: how it is called, in `Shrunk.name` and as `shrink(kind=...)`.
        reduce: makes a text smaller: (text, allowance) to what is left of it, or None. `pieces.pick` helps.
        tools: names of tools whose outputs are of this kind; `*` matches any text.
        commands: beginnings of command lines, such as 'kubectl describe'.
        sign: an expression that a line among the first begins with; '' for none.

    Raises:
        ConfigError: the name is empty, or the sign is no expression.
    """

    name: str
    reduce: Callable[[str, Allowance], str | None]
    tools: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    sign: str = ''

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError('a kind of output needs a name')
        try:
            re.compile(self.sign)
        except re.error as error:
            raise ConfigError(f'the sign of {self.name!r} is no expression: {error}') from None

    @classmethod
    def by_rank(
        cls,
        name: str,
        rank: Callable[[str], float],
        *,
        tools: tuple[str, ...] = (),
        commands: tuple[str, ...] = (),
        sign: str = '',
    ) -> OutputKind:
        """A kind whose lines are kept in the order of their ranks: the lower, the sooner; below 0 always, if any."""

        def reduce(text: str, allowance: Allowance) -> str | None:
            return pick([Piece(line, rank(line)) for line in text.split('\n')], allowance)

        return cls(name, reduce, tools, commands, sign)

    def reason(self, text: str, hint: Hint) -> str | None:
        """Why a clean text is of this kind; None where it is not."""
        if any(fnmatchcase(hint.tool, tool) for tool in self.tools):
            return f'the tool is {hint.tool}'
        words = ' '.join(hint.command.split())
        if any(words == command or words.startswith(f'{command} ') for command in self.commands):
            return f'the command is {words[:60]}'
        if self.sign:
            sign = re.compile(self.sign)
            head = text[: LINES * WIDE * 2].split('\n', LINES)[:LINES]
            if any(sign.match(line[:WIDE]) for line in head):
                return f'a line begins with {self.sign}'
        return None
