"""The measure: `prepare` once a conversation and cut, `score` every compacted history of it.

A conversation is cut where its history first reaches N tokens, before a response. What the agent does in its next 40
messages says what it needed: the identifiers (`grammar.py`) in its calls and texts that the history holds outside its
last 4,000 tokens, for each token the longest form that is held.

- *recall*: the share of them that stand in the compacted history.
- *evidence*: for each, of its past occurrences the one whose line (90 characters each side) shares most words with
  what the agent wrote around its first later mention (200 characters each side), the newest of equals; credit is the
  share of that line's words that stand on one line (200 characters each side) with the identifier in the compacted
  history, at its best place. A line without other words gives its credit for the identifier alone.
- *actions*: the share of later calls and texts all of whose such identifiers stand in the compacted history; those
  with none are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse

from compactor.history.message import Message

from . import facts
from .grammar import TOKEN, forms, near, plain, said, text_of, texts, words
from .laws import mended, size, view, view_of_result, violations
from .sessions import Recorded

NEXT = 40
RECENT = 4_000
PAST_WIDTH = 90
LATER_WIDTH = 200
KEPT_WIDTH = 200


@dataclass(frozen=True)
class Case:
    """One cut of one conversation, with all that a score needs; made once, pickled, shared by every row.

    Attributes:
        id: source and id of the conversation.
        cut: tokens at which it was cut.
        history: the cut history, repaired; the input of every row.
        tokens: its size.
        evidence: each old identifier the agent used later, with the words of the past line that matters most.
        actions: the old identifiers of each later call or text that has any.
        user_pieces: the users' words in pieces.
        user_tokens: size of the users' prompts.
        files: for each file read or edited, the identifiers any of which names it.
        errors: the most telling lines of the errors still open.
    """

    id: str
    cut: int
    history: list[ModelMessage]
    tokens: int
    evidence: dict[str, frozenset[str]]
    actions: tuple[frozenset[str], ...]
    user_pieces: tuple[str, ...]
    user_tokens: int
    files: tuple[frozenset[str], ...]
    errors: tuple[str, ...]

    @cached_property
    def before(self) -> list[Message]:
        """The neutral view of the history."""
        return view(self.history)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """Every identifier a score looks for."""
        return frozenset(self.evidence).union(*self.files) if self.files else frozenset(self.evidence)

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Score:
    """What one compacted history kept: shares from 0 to 1, None where there was nothing to keep.

    Attributes:
        tokens: its size.
        unlawful: the laws it breaks, in words.
    """

    evidence: float
    recall: float
    actions: float
    user_words: float | None
    files: float | None
    errors: float | None
    tokens: int
    unlawful: tuple[str, ...]


def prepare(conversation: Recorded, cut: int) -> Case | None:
    """The case of a conversation cut at `cut` tokens; None if it is too short, or needs nothing old later."""
    total = 0
    for index, message in enumerate(view(conversation.messages)):
        if total >= cut and message.role == 'response' and index:
            return prepare_at(conversation, index, cut)
        total += message.tokens
    return None


def prepare_at(conversation: Recorded, index: int, cut: int) -> Case | None:
    """The case of a conversation cut before its message `index`."""
    history = mended(conversation.messages[:index])
    later = list(_actions(conversation.messages[index : index + NEXT]))
    places = _Places(history, {form for text in later for token in TOKEN.findall(text) for form in forms(token)})
    found: dict[str, frozenset[str]] = {}
    actions: list[frozenset[str]] = []
    for text in later:
        used: set[str] = set()
        for token in TOKEN.finditer(text):
            for form in _held(forms(token.group()), places.old):
                used.add(form)
                if form not in found:
                    context = words(near(text, *token.span(), LATER_WIDTH)) - words(form)
                    found[form] = places.best(form, context)
        if used:
            actions.append(frozenset(used))
    if not found:
        return None
    pieces, user_tokens = facts.user_pieces(history)
    return Case(
        id=f'{conversation.source}/{conversation.id}',
        cut=cut,
        history=history,
        tokens=size(view(history)),
        evidence=found,
        actions=tuple(actions),
        user_pieces=pieces,
        user_tokens=user_tokens,
        files=facts.names_of(facts.files(history)),
        errors=facts.errors(history),
    )


def _actions(later: Sequence[ModelMessage]) -> Iterator[str]:
    """The agent's calls and texts; tools' names and thinking are not counted."""
    for message in later:
        if isinstance(message, ModelResponse):
            for part in message.parts:
                if part.part_kind == 'tool-call':
                    yield plain(said(part.args))
                elif part.part_kind == 'text':
                    yield plain(part.content)


def _held(candidates: tuple[str, ...], old: set[str]) -> list[str]:
    """Of a token's forms those to look for: the longest that is held, or of a name in parts each part."""
    whole = next((form for form in candidates if form in old), None)
    if whole is None or '/' in candidates[0] or whole == candidates[0]:
        return [whole] if whole else []
    return [form for form in candidates if form in old]


class _Places:
    """Where the identifiers of interest stand in a history."""

    def __init__(self, history: Sequence[ModelMessage], interest: set[str]) -> None:
        self._interest = interest
        self._lines: list[str] = []
        self._at: dict[str, list[tuple[int, int, int]]] = {}
        self.old: set[str] = set()
        """The identifiers held by the history, but not by its last `RECENT` tokens."""
        fresh: set[str] = set()
        left = size(messages := view(history))
        for message, counted in zip(history, messages, strict=True):
            recent = left <= RECENT
            left -= counted.tokens
            for part in message.parts:
                for line in text_of(part).splitlines():
                    self._take(line, fresh if recent else self.old)
        self.old -= fresh

    def _take(self, line: str, held: set[str]) -> None:
        number = len(self._lines)
        self._lines.append(line)
        for token in TOKEN.finditer(line):
            for form in forms(token.group()):
                if form not in self._interest:
                    continue
                self._at.setdefault(form, []).append((number, *token.span()))
                held.add(form)

    def best(self, identifier: str, context: set[str]) -> frozenset[str]:
        """The words of the past line that shares most with `context`, the newest of equals."""
        own = words(identifier)
        most, best = -1, frozenset[str]()
        seen: set[str] = set()
        for number, start, end in reversed(self._at[identifier]):
            window = near(self._lines[number], start, end, PAST_WIDTH)
            if window in seen:
                continue
            seen.add(window)
            there = words(window) - own
            shared = len(there & context)
            if shared > most:
                most, best = shared, frozenset(there)
        return best


def score(case: Case, messages: Sequence[ModelMessage]) -> Score:
    """What `messages`, a compaction of `case.history`, kept."""
    after = view_of_result(case.before, messages)
    there, credit = _credit(case, texts(messages))
    verbatim = '\n'.join(facts.squeezed(text) for text in texts(messages))
    return Score(
        evidence=sum(credit.values()) / len(case.evidence),
        recall=sum(identifier in there for identifier in case.evidence) / len(case.evidence),
        actions=sum(used <= there for used in case.actions) / len(case.actions),
        user_words=_share([(piece in verbatim, len(piece)) for piece in case.user_pieces]),
        files=_share([(not names.isdisjoint(there), 1) for names in case.files]),
        errors=_share([(line in verbatim, 1) for line in case.errors]),
        tokens=size(after),
        unlawful=violations(case.before, after),
    )


def _credit(case: Case, kept: Iterator[str]) -> tuple[set[str], dict[str, float]]:
    """The wanted identifiers that are there, and for those used later the best share of their past line's words."""
    there: set[str] = set()
    credit: dict[str, float] = {}
    for line in {line for text in kept for line in text.splitlines()}:
        for token in TOKEN.finditer(line):
            for form in forms(token.group()):
                if form not in case.wanted:
                    continue
                there.add(form)
                past = case.evidence.get(form)
                if past is None or credit.get(form) == 1:
                    continue
                now = words(near(line, *token.span(), KEPT_WIDTH))
                share = len(past & now) / len(past) if past else 1.0
                if share > credit.get(form, -1):
                    credit[form] = share
    return there, credit


def _share(kept: list[tuple[bool, int]]) -> float | None:
    whole = sum(weight for _, weight in kept)
    return sum(weight for yes, weight in kept if yes) / whole if whole else None
