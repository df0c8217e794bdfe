"""The tables of secrets as they are read: one row a kind, with its source, its licence and a made-up sample.

`tokens.tsv` has what is known by its own form, `contexts.tsv` what is known by what stands before it, `services.tsv`
what is assigned to the name of a service. A form is a fact about a secret; the expressions are our own (see `NOTICE`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LICENCES = {'gitleaks': 'MIT', 'secretlint': 'MIT', 'maker': ''}
"""By source: the licence of its rules, as SPDX calls it; makers describe what they make, under none."""


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that is known by its own form.

    Attributes:
        name: how policies and tests call it.
        source: who describes it, a key of `LICENCES`.
        starts: literals of which it begins with one, from 2 characters.
        form: regular expression over ASCII; what it matches ends where no letter or digit follows.
        sample: a made-up secret, in which `{n}` stands for n letters and digits, and `{n:set}` for n characters of a
            set: x hexadecimal, d digits, A capitals and digits, l small letters and digits, L letters, u URL-safe,
            b base64. Who scans the table for secrets finds none.
        inside: how many characters of it stand before the literal.
        broken: whether it may have `+` or `/` among its first characters.
        head: whether it is the first line of a key that goes on in the lines that follow.
    """

    name: str
    source: str
    starts: tuple[str, ...]
    form: str
    sample: str
    inside: int = 0
    broken: bool = False
    head: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """A secret that is known by what stands before it.

    Attributes:
        name: how policies and tests call it.
        source: who describes it, a key of `LICENCES`.
        literal: with what it begins, in small letters: a search for a literal is fast.
        needs: a character that must be in the text as well; '' for none. Rare ones spare a search.
        form: regular expression over a text in small letters, for what follows the literal. Its group `secret` goes;
            `random` goes where it looks random, `password` where it looks like one.
        sample: as of a `Token`; what goes of it stands between `<` and `>`.
        before: characters before the group that go with it.
    """

    name: str
    source: str
    literal: str
    needs: str
    form: str
    sample: str
    before: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """A key of a service that is known by the service's name before it.

    Attributes:
        name: how policies and tests call it.
        source: who describes it, a key of `LICENCES`.
        names: what the name of a variable holds, in small letters and without separators.
        form: regular expression over ASCII that matches the whole value.
        sample: as of a `Context`.
    """

    name: str
    source: str
    names: tuple[str, ...]
    form: str
    sample: str


@cache
def tokens() -> dict[str, Token]:
    """Secrets known by their form, by name."""
    found: dict[str, Token] = {}
    for name, source, starts, form, sample, *options in _rows('tokens.tsv'):
        given = dict(option.partition('=')[::2] for option in ','.join(options).split(','))
        begins, inside = tuple(starts.split(' ')), int(given.get('inside', 0))
        found[name] = Token(name, source, begins, form, sample, inside, 'broken' in given, 'head' in given)
    return found


@cache
def contexts() -> dict[str, Context]:
    """Secrets known by what stands before them, by name."""
    return {
        name: Context(name, source, literal, needs.strip('-'), form, sample, int(before[0]) if before else 0)
        for name, source, literal, needs, form, sample, *before in _rows('contexts.tsv')
    }


@cache
def services() -> dict[str, Service]:
    """Keys of services, by name."""
    return {
        name: Service(name, source, tuple(names.split(' ')), form, sample)
        for name, source, names, form, sample in _rows('services.tsv')
    }


def _rows(file: str) -> Iterator[list[str]]:
    """The rows of a table under its heading."""
    lines = Path(__file__).with_name(file).read_text('utf-8').splitlines()
    yield from (line.split('\t') for line in lines[1:])
