"""A compacted history as lines to be searched, and whether it answers a probe."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pydantic_ai.messages import ModelMessage

from compactor.digest.document import read
from compactor.digest.evidence import told
from compactor.digest.files import touched
from compactor.history.message import Kind, Message
from retention.laws import size, view

ENOUGH = 0.8
"""Share of a sentence's content words that have to stand on one line."""
POLARITY = re.compile(
    r"\b(?:never|not|no|only|always|must|don't|without|avoid|nie|nicht|kein\w*|nur|immer|muss)\b|不|禁止|必须|只|勿",
    re.IGNORECASE,
)
PAST = re.compile(r'\b(?:was|were|old|before|past|earlier|former\w*|superseded|until)\b|->|→', re.IGNORECASE)
"""What says on a line that a value holds no more."""
_WORD = re.compile(r'[\w./\-]{3,}|[\u4e00-\u9fff]')
_COMMON = re.compile(r'the|and|for|that|this|with|you|are|was|have|has|will|can|from|into|when|then|than|but')


def content_words(text: str) -> frozenset[str]:
    """The words of a sentence that say something; of Chinese each character."""
    words = (word.lower().strip('./-') for word in _WORD.findall(text))
    return frozenset(word for word in words if _COMMON.fullmatch(word) is None)


def windows(line: str) -> list[str]:
    """A line, or where it is longer than any sentence, stretches of it that overlap: a bare list of all names of a
    session on one line would otherwise hold the words of every sentence."""
    if len(line) <= WIDE:
        return [line] if line else []
    return [line[at : at + WIDE] for at in range(0, len(line) - WIDE // 2, WIDE // 2)]


WIDE = 600
"""Characters of a line in which the words of a sentence are looked for."""


def squeezed(text: str) -> str:
    """White space aside."""
    return ' '.join(text.split())


@dataclass(frozen=True, slots=True)
class Probe:
    """A question about the removed part.

    Attributes:
        kind: its class.
        origin: where a rule came from; of other classes ''.
        exact: spans that must stand, white space aside.
        sentence: a sentence of which enough must stand on one line, with a word that forbids if it has one.
        beside: spans of which one must stand with `sentence` or the first of `exact`, at most two lines away.
        stale: spans that must not stand on a line that does not also say that they are past.
        file: a path with what was done to it last.
    """

    kind: str
    origin: str = ''
    exact: tuple[str, ...] = ()
    sentence: str = ''
    beside: str = ''
    stale: tuple[str, ...] = ()
    file: tuple[str, str] | None = None


@dataclass
class Kept:
    """What stands in a compacted history."""

    messages: Sequence[ModelMessage]
    _words: dict[int, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def view(self) -> list[Message]:
        """The neutral view."""
        return view(list(self.messages))

    @cached_property
    def tokens(self) -> int:
        """Its size."""
        return size(self.view)

    @cached_property
    def lines(self) -> list[str]:
        """Every line of what is sent; a call is told as its tool and arguments."""
        return [line for text in self._texts for raw in text.split('\n') for line in windows(squeezed(raw))]

    @cached_property
    def _texts(self) -> list[str]:
        return [told(p.tool, p.text) if p.kind is Kind.CALL else p.text for m in self.view for p in m.parts]

    @cached_property
    def text(self) -> str:
        """All of it on one line."""
        return squeezed(' '.join(self._texts))

    @cached_property
    def files(self) -> dict[str, str]:
        """What was done to each file last, by the ledger of a digest and by the calls that stand."""
        known = {}
        for message in self.view:
            for part in message.parts:
                digest = read(part.text) if part.text.startswith('[compactor ') else None
                known.update(digest.files if digest is not None else {})
        calls = ((0, part) for message in self.view for part in message.parts)
        return {path: file.last for path, file in touched(calls, known).items()}

    @cached_property
    def obligations(self) -> list[str]:
        """The texts that are to hold what binds."""
        texts = [part.text for message in self.view for part in message.parts if part.kind in (Kind.USER, Kind.MARK)]
        return [text for text in texts if text.startswith('[compactor ') and 'Digest of' not in text[:60]]

    def answers(self, probe: Probe) -> bool:
        """Whether a probe is answered, and by nothing that is stale."""
        return self._holds(probe) and not self.misleads(probe)

    def misleads(self, probe: Probe) -> bool:
        """Whether a value that holds no more stands as if it did."""
        return any(span in line and not PAST.search(line) for line in self.lines for span in probe.stale)

    def _holds(self, probe: Probe) -> bool:
        if probe.file is not None:
            path, action = probe.file
            ends = {path, path.lstrip('/')}
            return any(
                last == action and (one in ends or path.endswith('/' + one) or one.endswith('/' + path))
                for one, last in self.files.items()
            )
        if not all(squeezed(span) in self.text for span in probe.exact):
            return False
        at = [i for i in range(len(self.lines)) if self._says(i, probe.sentence)] if probe.sentence else []
        if probe.sentence and not at:
            return False
        if not probe.beside:
            return True
        return any(squeezed(probe.beside) in ' '.join(self.lines[max(0, i - 2) : i + 3]) for i in at)

    def _says(self, i: int, sentence: str) -> bool:
        line = self.lines[i]
        if sentence in line:
            return True
        wanted = content_words(sentence)
        if i not in self._words:
            self._words[i] = content_words(line)
        if len(wanted & self._words[i]) < ENOUGH * len(wanted):
            return False
        return POLARITY.search(sentence) is None or POLARITY.search(line) is not None
