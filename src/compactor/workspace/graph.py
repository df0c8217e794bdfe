"""How much each definition has to do with a prompt: what it names, whom that calls, who calls it, tests above all.

A definition is taken to be needed with a probability. What the prompt names is needed for certain; a call hands that on
to what it may mean, the more doubtful the more definitions have the name; several ways add up, as in a noisy or.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from compactor.outputs.code_text.signatures import Role
from compactor.packing.item import Content
from compactor.workspace.definitions import Definition, Read

CALLED = {'self': 0.75, 'call': 0.75, 'dot': 0.6, 'name': 0.35, 'attribute': 0.15, 'prefix': 0.3}
"""What a definition hands on to what it uses, by how it uses it."""
CALLER, TEST = 0.3, 0.6
"""What a definition that the prompt names hands back to who uses it, and to tests of it."""
BUILT_IN = frozenset(name for kind in (dict, list, str, set, tuple, bytes) for name in dir(kind) if name[0] != '_') | {
    'read',
    'write',
    'close',
    'open',
    'push',
    'map',
    'filter',
    'next',
    'then',
    'send',
    'run',
    'set',
    'has',
    'add',
    'size',
}
"""Methods that objects of every language have: called of an object, they are probably none of the workspace's."""
DOUBTED = 0.25
"""What is left of a share for those."""
OVERRIDDEN = 0.3
"""What a method hands on to those of the same name that a subclass has, where it would to its own."""
NEARBY, IN_FILE, ANYWHERE = 0.04, 0.015, 0.001
"""What the most needed of a class, or of a file, is worth for the rest of it, and what any other definition is worth:
what fills room that is left over."""
VAGUE = 24
"""Definitions of one name beyond which a use of it says nothing, unless one stands in the same file."""
BACK = 3
"""Uses that are followed back."""
DEEP = 8
"""Calls that are followed."""
INHERITED = 4
"""Levels of classes that are looked through."""
MADE_BY = frozenset(['__init__', '__new__', '__post_init__', 'constructor', 'initialize', 'new', '__construct'])
"""What runs when an object is made."""
LEAST = 0.01
"""Probabilities below are none."""


@dataclass(frozen=True)
class Graph:
    """Definitions, and what each hands on to which.

    Attributes:
        definitions: all of them.
        kinds: of the file of each.
        onwards: of each, the definitions that it may use with the share that it hands on.
    """

    definitions: tuple[Definition, ...]
    kinds: tuple[str, ...]
    onwards: tuple[tuple[tuple[int, float], ...], ...]


def graph_of(reads: Sequence[Read]) -> Graph:
    """The graph of all definitions of some files."""
    definitions = tuple(one for read in reads for one in read.definitions)
    kinds = tuple(read.kind for read in reads for _ in read.definitions)
    by_name: dict[str, list[int]] = defaultdict(list)
    inside: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, one in enumerate(definitions):
        if one.name:
            by_name[one.name].append(i)
            inside[one.container, one.name].append(i)
    known = _Known(definitions, kinds, by_name, inside, _below(definitions))
    return Graph(definitions, kinds, tuple(known.onwards(i) for i in range(len(definitions))))


def _below(definitions: Sequence[Definition]) -> dict[str, set[str]]:
    """Of each class, by its name, those that inherit from it."""
    below: dict[str, set[str]] = defaultdict(set)
    for one in definitions:
        for base in one.bases:
            below[base].add(one.name)
    for _ in range(INHERITED):
        for subs in list(below.values()):
            subs.update(*(below.get(sub, ()) for sub in list(subs)))
    return below


@dataclass(frozen=True)
class _Known:
    definitions: tuple[Definition, ...]
    kinds: tuple[str, ...]
    by_name: dict[str, list[int]]
    inside: dict[tuple[str, str], list[int]]
    below: dict[str, set[str]]
    looked: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)

    def onwards(self, i: int) -> tuple[tuple[int, float], ...]:
        one = self.definitions[i]
        found: dict[int, float] = {}
        if one.role is Role.CONTAINER:
            for maker in MADE_BY:
                for j in self._method(one, maker):
                    found[j] = max(found.get(j, 0.0), CALLED['call'])
            return tuple(found.items())
        for name, how in one.uses.items():
            if how == 'prefix':
                for j in self._beginning(one, name):
                    found[j] = max(found.get(j, 0.0), CALLED[how])
                continue
            if how == 'self' and one.container:
                for sub in self.below.get(one.container, ()):
                    for j in self.inside.get((sub, name), ()):
                        found[j] = max(found.get(j, 0.0), OVERRIDDEN)
            meant = self._meant(i, name, how)
            for j in meant:
                share = CALLED[how] / len(meant) * (DOUBTED if how == 'dot' and name in BUILT_IN else 1.0)
                found[j] = max(found.get(j, 0.0), share)
        found.pop(i, None)
        return tuple(found.items())

    def _beginning(self, one: Definition, prefix: str) -> list[int]:
        """Methods of a class, or of what inherits from it, whose names begin with something."""
        classes = {one.container, *self.below.get(one.container, ())} if one.container else set()
        return [
            j
            for j, other in enumerate(self.definitions)
            if other.name.startswith(prefix) and other.container in classes and other.container
        ]

    def _meant(self, i: int, name: str, how: str) -> list[int]:
        """The definitions that a name may stand for where it is used."""
        every = self.by_name.get(name)
        if not every:
            return []
        one = self.definitions[i]
        if how == 'self' and one.container and (own := self._inherited(one.container, name)):
            return own
        some = [j for j in every if self._within_reach(i, j)]
        here = [j for j in some if self.definitions[j].path == one.path]
        if how in ('call', 'name'):
            # Without an object before it a name is no method, but for languages that leave `this` out.
            free = [j for j in here if not self.definitions[j].container]
            free = free or [j for j in some if not self.definitions[j].container]
            return free or (self._inherited(one.container, name) if how == 'call' and one.container else [])
        return some if len(some) <= VAGUE else here

    def _within_reach(self, i: int, j: int) -> bool:
        """Nothing but tests uses what tests define, and they share files of helpers only."""
        if self.kinds[j] != Content.TESTS or self.definitions[i].path == self.definitions[j].path:
            return True
        name = self.definitions[j].path.rsplit('/', 1)[-1]
        return self.kinds[i] == Content.TESTS and 'test' not in name.replace('conftest', '')

    def _inherited(self, container: str, name: str, depth: int = 0) -> list[int]:
        """The methods of a name that a class has, or the nearest class that it inherits from."""
        key = (container, name, depth)
        if key not in self.looked:
            self.looked[key] = []  # for circles
            self.looked[key] = self.inside.get((container, name)) or self._of_bases(container, name, depth)
        return self.looked[key]

    def _of_bases(self, container: str, name: str, depth: int) -> list[int]:
        if depth > INHERITED:
            return []
        for i in self.by_name.get(container, ()):
            for base in sorted(self.definitions[i].bases):
                if base in self.by_name and (found := self._inherited(base, name, depth + 1)):
                    return found
        return []

    def _method(self, container: Definition, name: str) -> list[int]:
        found = self._inherited(container.name, name)
        same = [j for j in found if self.definitions[j].path == container.path]
        return same or found


def needed(graph: Graph, seeds: dict[int, float]) -> list[float]:
    """The probability of each definition to be needed, from those that the prompt is after."""
    base = [0.0] * len(graph.definitions)
    for i, share in seeds.items():
        base[i] = share
    for i, share in _users(graph, seeds).items():
        base[i] = 1 - (1 - base[i]) * (1 - share)
    scores = list(base)
    for _ in range(DEEP):
        missed = [1.0 - share for share in base]
        for i, score in enumerate(scores):
            if score >= LEAST:
                for j, share in graph.onwards[i]:
                    missed[j] *= 1.0 - score * share
        after = [1.0 - share for share in missed]
        if max((abs(a - b) for a, b in zip(after, scores, strict=True)), default=0.0) < LEAST:
            break
        scores = after
    return _with_neighbours(graph, scores)


def _users(graph: Graph, seeds: dict[int, float]) -> dict[int, float]:
    """Who uses what is named, who uses those, and so on: of each the best way to it."""
    found: dict[int, float] = {}
    edge = {i: share for i, share in seeds.items() if share > 0.5}
    for _ in range(BACK):
        ahead: dict[int, float] = {}
        for i, onwards in enumerate(graph.onwards):
            if i in seeds:
                continue
            handed = TEST if graph.kinds[i] == Content.TESTS else CALLER
            best = max((handed * share * edge[j] for j, share in onwards if j in edge), default=0.0)
            if best > max(LEAST, found.get(i, 0.0)):
                found[i] = ahead[i] = best
        edge = ahead
    return found


def _with_neighbours(graph: Graph, scores: Sequence[float]) -> list[float]:
    """The scores, with a little for what stands beside what is needed."""
    classes: dict[tuple[str, str], float] = defaultdict(float)
    files: dict[str, float] = defaultdict(float)
    for one, score in zip(graph.definitions, scores, strict=True):
        if one.container:
            classes[one.path, one.container] = max(classes[one.path, one.container], score)
        files[one.path] = max(files[one.path], score)
    return [
        max(
            score,
            NEARBY * classes[one.path, one.container] if one.container else 0.0,
            IN_FILE * files[one.path],
            ANYWHERE,
        )
        if kind != Content.TESTS
        else score
        for one, kind, score in zip(graph.definitions, graph.kinds, scores, strict=True)
    ]
