"""What a prompt is after in a workspace: definitions and files that it names, lines that hold its names, its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compactor.outputs.question import words_of
from compactor.packing.relevance import Question, relevances
from compactor.workspace.definitions import Definition, Read
from compactor.workspace.graph import Graph

ELSEWHERE = 0.15
"""What a definition of a named name counts where the prompt names another file that has one."""
IN_FILE = 0.3
"""What any definition of a named file counts, where the prompt names nothing in it."""
MEMBER = 0.4
"""What a method counts whose class the prompt names."""
WORDS, BESIDE = 0.4, 0.08
"""What the definition counts that has most of the prompt's words: where it names none, and beside what it names."""
LINE = 0.25
"""What a line outside of definitions counts for each name of the prompt in it."""
FEW = 64
"""Lines of a file that are looked at around names of the prompt."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line outside of definitions that holds names of the prompt."""

    path: str
    line: int
    score: float


def seeds(prompt: str, graph: Graph, reads: Sequence[Read]) -> dict[int, float]:
    """What of the definitions the prompt is after, by their places in the graph."""
    names = words_of(prompt) | _bare(prompt, graph)
    files = {read.path for read in reads if read.path in prompt or read.path.rsplit('/', 1)[-1] in names}
    found: dict[int, float] = {}
    called = [i for i, one in enumerate(graph.definitions) if one.name in names]
    for group in _by_name(graph.definitions, called):
        # Of names that several files define, those of a class or a file that is named too are meant.
        own = [i for i in group if graph.definitions[i].container in names]
        own = own or [i for i in group if graph.definitions[i].path in files] or group
        found.update((i, 1.0 if i in own else ELSEWHERE) for i in group)
    heads = {(graph.definitions[i].path, graph.definitions[i].name) for i, share in found.items() if share == 1.0}
    for i, one in enumerate(graph.definitions):
        if (one.path, one.container) in heads:
            found.setdefault(i, MEMBER)
    for path in files:
        own = [i for i, one in enumerate(graph.definitions) if one.path == path]
        if not any(found.get(i, 0.0) == 1.0 for i in own):
            found.update((i, IN_FILE) for i in own if i not in found)
    most = BESIDE if found else WORDS
    for i, share in enumerate(_by_words(prompt, graph, reads)):
        if share > 0.3:
            found[i] = max(found.get(i, 0.0), most * share * share)
    return found


def _bare(prompt: str, graph: Graph) -> frozenset[str]:
    """Words of the prompt that only a definition is called by: with a capital or an underscore, or in brackets."""
    known = {one.name for one in graph.definitions if len(one.name) > 2}
    words = {word.strip('`\'"().,:;!?[]{}') for word in prompt.split()}
    parts = {part for word in words for part in word.replace('::', '.').split('.')}
    return frozenset(part for part in parts if part in known and (part != part.lower() or f'{part}(' in prompt))


def _by_name(definitions: Sequence[Definition], places: Sequence[int]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for i in places:
        groups.setdefault(definitions[i].name, []).append(i)
    return list(groups.values())


def _by_words(prompt: str, graph: Graph, reads: Sequence[Read]) -> list[float]:
    texts = {read.path: read.lines for read in reads}
    titles = [f'{one.path} {one.container} {one.name}' for one in graph.definitions]
    return relevances(
        Question(prompt), titles, ['\n'.join(texts[one.path][one.start : one.end]) for one in graph.definitions]
    )


def hits(prompt: str, reads: Sequence[Read]) -> list[Hit]:
    """Lines outside of definitions that hold names of the prompt: of settings, documents, and what modules do."""
    names = sorted(name.lower() for name in words_of(prompt))
    found: list[Hit] = []
    for read in reads:
        whole = '\n'.join(read.lines).lower()
        present = [name for name in names if name in whole]
        if not present:
            continue
        covered = {i for one in read.definitions for i in range(one.start, one.end)}
        own: list[Hit] = []
        for i, line in enumerate(whole.split('\n')):
            if i not in covered and (held := sum(name in line for name in present)):
                own.append(Hit(read.path, i, min(1.0, LINE * held)))
                if len(own) >= FEW:
                    break
        found += own
    return found
