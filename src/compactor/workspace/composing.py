"""A context put together: lines outside of definitions, definitions whole, signatures; never over its budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compactor.outputs.code_text.signatures import Role
from compactor.packing.forms import Form
from compactor.packing.layout import Section, laid_out
from compactor.tokens.counter import Counter
from compactor.tokens.families import Method
from compactor.workspace.choose import Chosen, chosen
from compactor.workspace.definitions import Definition, Read
from compactor.workspace.excerpts import Range, around, excerpt, merged
from compactor.workspace.graph import LEAST, Graph, graph_of, needed
from compactor.workspace.signature_lines import listed, signature_line
from compactor.workspace.wanted import hits, seeds

TRIM = 50
"""Tokens of room from which on the beginning of what does not fit is shown."""
OF_LINES = 0.25
"""Share of the room for lines outside of definitions."""
ROUNDS = 8
"""Times that a context is put together before it is cut."""
SIGNATURES = 'Signatures of what it may touch, by line'
"""What the list of signatures is called in its heading."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a file stands in a context.

    Attributes:
        path: the file.
        ranges: lines that are shown: the first, from 0, and the one behind the last.
        signatures: definitions of which the signature is shown.
    """

    path: str
    ranges: tuple[Range, ...]
    signatures: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What of a workspace concerns a prompt.

    Attributes:
        text: what goes into a request; never over the budget.
        tokens: of the text.
        budget: tokens that were given.
        files: what is shown of each file.
        read: files that were read.
        left_out: definitions that have to do with the prompt and are not shown at all.
        method: how far the count can be trusted.
    """

    text: str
    tokens: int
    budget: int
    files: tuple[Shown, ...]
    read: int
    left_out: int
    method: Method


def composed(reads: Sequence[Read], prompt: str, budget: int, counter: Counter, how: str) -> Context:
    """What of files that are read concerns a prompt; see `context.context_for`. Pure."""
    graph = graph_of(reads)
    named = seeds(prompt, graph, reads)
    draft = _Draft({read.path: read for read in reads}, graph, needed(graph, named), named, counter, how)
    room = budget
    for _ in range(ROUNDS):
        draft.fill(prompt, room)
        text = draft.text()
        tokens = counter.count(text)
        if tokens <= budget:
            break
        room -= max(tokens - budget + 8, room // 50)
    else:
        # Names of files or single lines longer than all: the beginning is a context too.
        text = counter.fit(text, budget)
    return draft.done(text, budget)


class _Draft:
    """A context on its way."""

    def __init__(
        self,
        files: dict[str, Read],
        graph: Graph,
        scores: list[float],
        named: dict[int, float],
        counter: Counter,
        how: str,
    ) -> None:
        self._files = files
        self._graph = graph
        self._scores = scores
        self._named = named
        self._counter = counter
        self._how = how
        self._heads_of: dict[tuple[str, str], list[Definition]] = {}
        for one in graph.definitions:
            if one.role is Role.CONTAINER:
                self._heads_of.setdefault((one.path, one.name), []).append(one)
        self._costs: dict[tuple[str, int, bool], int] = {}
        self._chosen = Chosen()
        self._lines: dict[str, list[Range]] = {}

    def fill(self, prompt: str, room: int) -> None:
        """Chooses what goes into so many tokens."""
        left = self._take_lines(prompt, int(room * OF_LINES))
        room -= int(room * OF_LINES) - left
        self._chosen = chosen(self._graph.definitions, self._scores, self._named, room, self._cost)
        self._trim(room - self._chosen.cost)

    def text(self) -> str:
        """The whole text."""
        sections = [self._section(path) for path in self._in_order()]
        signatures = self._signatures()
        if signatures:
            name = f'{SIGNATURES}; {self._how} FILE:LINE for more'
            text = listed(signatures)
            if self._wanting():
                text += f'\n[{self._wanting():,} more definitions that have to do with it left out]'
            sections.append(Section(name, 'map', Form.WHOLE, text))
        return laid_out(sections, (), self._counter, 0)

    def done(self, text: str, budget: int) -> Context:
        """The context."""
        by_path: dict[str, list[Definition]] = {}
        for one in self._signatures():
            by_path.setdefault(one.path, []).append(one)
        shown = [
            Shown(path, tuple(self._ranges(path)), tuple(by_path.get(path, ())))
            for path in dict.fromkeys([*self._in_order(), *by_path])
        ]
        return Context(
            text,
            self._counter.count(text),
            budget,
            tuple(shown),
            len(self._files),
            self._wanting(),
            self._counter.method,
        )

    def _section(self, path: str) -> Section:
        read = self._files[path]
        ranges = self._ranges(path)
        whole = sum(end - start for start, end in ranges) == len(read.lines)
        text = excerpt(path, read.lines, ranges, self._how)
        return Section(path, read.kind, Form.WHOLE if whole else Form.REDUCED, text)

    def _ranges(self, path: str) -> list[Range]:
        lines = self._files[path].lines
        ranges = list(self._lines.get(path, ()))
        for i in self._chosen.whole:
            one = self._graph.definitions[i]
            if one.path == path:
                ranges.append((one.start, one.end))
                ranges += self._heads(one)
        return merged(ranges, lines)

    def _heads(self, one: Definition) -> list[Range]:
        """The line that says of what a method is one."""
        heads = self._heads_of.get((one.path, one.container), ())
        found = [other for other in heads if other.start < one.start]
        return [(found[-1].named, found[-1].named + 1)] if one.container and found else []

    def _in_order(self) -> list[str]:
        """Files that are shown, what is needed most first."""
        best: dict[str, float] = dict.fromkeys(self._lines, 0.0)
        for i in self._chosen.whole:
            path = self._graph.definitions[i].path
            best[path] = max(best.get(path, 0.0), self._scores[i] + (1.0 if self._named.get(i, 0.0) >= 1 else 0.0))
        return sorted(best, key=lambda path: (-best[path], path))

    def _signatures(self) -> list[Definition]:
        return [self._graph.definitions[i] for i in sorted(self._chosen.signatures)]

    def _wanting(self) -> int:
        """Definitions that have to do with the prompt and are not shown at all."""
        shown = len(self._chosen.whole) + len(self._chosen.signatures)
        return max(0, sum(score >= LEAST for score in self._scores) - shown)

    def _cost(self, one: Definition, whole: bool) -> int:
        key = (one.path, one.start, whole)
        cost = self._costs.get(key)
        if cost is None:
            lines = self._files[one.path].lines[one.start : one.end]
            text = '\n'.join(lines) if whole else signature_line(one)
            cost = self._costs[key] = self._counter.count(text) + 1
        return cost

    def _take_lines(self, prompt: str, room: int) -> int:
        """Takes lines outside of definitions, the best first; returns what is left of the room."""
        self._lines = {}
        for hit in sorted(hits(prompt, list(self._files.values())), key=lambda hit: -hit.score):
            lines = self._files[hit.path].lines
            taken = self._lines.setdefault(hit.path, [])
            if any(start <= hit.line < end for start, end in taken):
                continue
            start, end = around(hit.line, len(lines))
            cost = self._counter.count('\n'.join(lines[start:end])) + 30
            if cost <= room:
                room -= cost
                taken.append((start, end))
        self._lines = {path: taken for path, taken in self._lines.items() if taken}
        return room

    def _trim(self, room: int) -> None:
        """What is named and has no room whole is shown as far as it goes, if that is more than a line or two."""
        for i in sorted(self._named, key=lambda i: -self._scores[i]):
            if room <= TRIM:
                return
            one = self._graph.definitions[i]
            if self._named[i] < 1 or i in self._chosen.whole:
                continue
            lines = self._files[one.path].lines[one.start : one.end]
            count = self._counter.fit('\n'.join(lines), room - TRIM // 2).count('\n')
            if count > one.body - one.start:
                self._lines.setdefault(one.path, []).append((one.start, one.start + count))
                self._chosen.signatures.discard(i)
                room -= self._counter.count('\n'.join(lines[:count]))
