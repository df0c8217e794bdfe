"""Builds the tree, message by message, and repairs once what arrives broken.

The rules (they handled every shape seen in 1,126 recorded conversations):

1. Within a request, results are read first.
2. A result answers the oldest open call with its id, in the current step first, then anywhere before; a result
   that answers nothing is dropped.
3. A response with no request since the last one joins its step; empty responses are dropped.
4. A user part is genuine unless it stands beside results and shares a run with the response before it; where it is
   known who put it there (`Part.by`), that decides.
5. An unanswered call gets a marked result, except where an answer may still come: the history ends in its
   response (or, between runs, in its step).
6. A native call whose result sits in a later response joins the steps between them.
7. A message whose parts are all kept in their order stays the same object (`write.py`).

Every repair is reported. The parser is fed once per message; a snapshot costs work only for what changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Literal

from compactor.history.growing import GrowingExchange, GrowingStep, unanswered
from compactor.history.marks import (
    MISPLACED_TOKENS,
    OPENING_TOKENS,
    misplaced,
    opening,
)
from compactor.history.message import (
    CALL,
    MARK,
    NATIVE_CALL,
    NATIVE_RESULT,
    RESULT,
    TEXT,
    USER,
    Message,
    Part,
    message_of,
)
from compactor.history.turns import Exchange, History, Segment, step_of

Defect = Literal[
    'orphan_result',
    'unanswered_call',
    'moved_result',
    'results_not_first',
    'consecutive_responses',
    'empty_message',
    'missing_beginning',
]


@dataclass(frozen=True, slots=True)
class Repair:
    """One defect that was mended.

    Attributes:
        defect: what was wrong.
        tool: the tool concerned, if any.
        call_id: the call concerned, if any.
    """

    defect: Defect
    tool: str = ''
    call_id: str = ''


@dataclass(frozen=True, slots=True)
class Parsed:
    """A snapshot of the tree with what was mended to get there."""

    history: History
    repairs: tuple[Repair, ...]


class Parser:
    """Grows the tree with every message it is fed."""

    def __init__(self) -> None:
        self._exchanges: list[GrowingExchange] = []
        self._step: GrowingStep | None = None
        self._open: dict[str, deque[tuple[GrowingExchange, GrowingStep, Part]]] = {}
        self._native: dict[str, GrowingStep] = {}
        self._repairs: list[Repair] = []
        self._tokens = 0
        self._fed = 0
        self._last: Message | None = None
        self._response_run: str | None = None
        self._empty: Message | None = None
        self._live: GrowingStep | None = None
        self._hollow: Message | None = None

    @property
    def broken(self) -> bool:
        """Whether anything so far needed mending (unanswered calls at the very end aside)."""
        return bool(self._repairs) or bool(self._open)

    def feed(self, messages: Iterable[Message]) -> None:
        """Takes the next messages of the history."""
        for message in messages:
            if self._empty is not None:  # an empty request counts only where a history starts or ends with it
                self._repair('empty_message')
                self._empty = None
            self._hollow = None
            if message.role == 'response':
                self._response(message)
            elif message.parts or self._fed == 0:
                self._request(message)
            else:
                self._empty = message
            self._fed += 1

    def snapshot(self, sending: bool = True) -> Parsed:
        """The tree now. `sending`: the history is about to be sent, so no answer can come any more."""
        repairs = list(self._repairs)
        live = self._step
        if live is not None and sending and (self._last is None or self._last.role == 'request'):
            live = None
        if live is not self._live and self._exchanges:
            self._exchanges[-1].frozen = None
            self._live = live
        tokens = self._tokens
        for exchange, step, call in (entry for queue in self._open.values() for entry in queue):
            if step is not live:
                exchange.frozen = None
                repairs.append(Repair('unanswered_call', call.tool, call.call_id))
                tokens += message_of('request', (unanswered(call),)).tokens
        exchanges = [exchange.freeze(live) for exchange in self._exchanges]
        if self._hollow is not None and sending and _ends_in_response(exchanges):
            note = Part(MARK, None, MISPLACED_TOKENS, misplaced())
            exchanges.append(Exchange((Segment(self._hollow, (note,)),), ()))
            tokens += message_of('request', (note,)).tokens
        if self._empty is not None:
            tail = exchanges.pop() if exchanges else Exchange((), ())
            exchanges.append(_with_last(tail, self._empty))
            tokens += self._empty.tokens
        if exchanges and not exchanges[0].prompts and exchanges[0].steps:
            first = opening_message()
            exchanges[0] = Exchange((Segment(first, first.parts),), exchanges[0].steps)
            tokens += first.tokens
            repairs.append(Repair('missing_beginning'))
        return Parsed(History(tuple(exchanges), tokens), tuple(repairs))

    def _repair(self, defect: Defect, part: Part | None = None) -> None:
        self._repairs.append(Repair(defect, part.tool, part.call_id) if part else Repair(defect))

    def _response(self, message: Message) -> None:
        calls: list[Part] = []
        native = spoken = False
        for part in message.parts:
            if part.kind is CALL:
                calls.append(part)
            elif part.kind is NATIVE_CALL or part.kind is NATIVE_RESULT:
                native = True
            else:
                spoken = spoken or part.kind is not TEXT or bool(part.text.strip())
        if not (calls or native or spoken):
            self._repair('empty_message')
            return
        exchange = self._exchanges[-1] if self._exchanges else self._open_exchange()
        step = self._step
        if step is not None and self._last is not None and self._last.role == 'response':
            self._repair('consecutive_responses')
        else:
            step = GrowingStep()
            exchange.steps.append(step)
        if native:
            step = self._join_native(exchange, step, message)
        step.add(Segment(message, message.parts))
        for call in calls:
            step.unanswered.setdefault(id(call), []).append(call)
            self._open.setdefault(call.call_id, deque()).append((exchange, step, call))
        for part in message.parts if native else ():
            if part.kind is NATIVE_CALL:
                self._native[part.call_id] = step
            elif part.kind is NATIVE_RESULT:
                self._native.pop(part.call_id, None)
        exchange.frozen = None
        self._step, self._last, self._response_run = step, message, message.run_id
        self._tokens += message.tokens

    def _join_native(self, exchange: GrowingExchange, step: GrowingStep, message: Message) -> GrowingStep:
        """Folds `step` and its predecessors into the step whose native call this response answers."""
        own = {part.call_id for part in message.parts if part.kind is NATIVE_CALL}
        for part in message.parts:
            if part.kind is not NATIVE_RESULT or part.call_id in own:
                continue
            owner = self._native.get(part.call_id)
            if owner is None or owner is step or owner not in exchange.steps:
                continue
            at = exchange.steps.index(owner)
            for later in exchange.steps[at + 1 :]:
                for segment in later.segments:
                    owner.add(segment)
                owner.unanswered.update(later.unanswered)
                self._reown(later, owner)
            del exchange.steps[at + 1 :]
            step = owner
        return step

    def _reown(self, old: GrowingStep, new: GrowingStep) -> None:
        for queue in self._open.values():
            for i, (exchange, step, call) in enumerate(queue):
                if step is old:
                    queue[i] = (exchange, new, call)
        for call_id, step in self._native.items():
            if step is old:
                self._native[call_id] = new

    def _request(self, message: Message) -> None:
        bound: list[Part] = []
        others: list[Part] = []
        lost = 0
        for part in message.parts:
            if part.kind is not RESULT:
                others.append(part)
                continue
            if others and not lost:
                self._repair('results_not_first', part)
                lost = 1
            owner = self._answer(part)
            if owner is None:
                self._repair('orphan_result', part)
            elif owner[1] is self._step and not self._step.noted:
                bound.append(part)
            else:
                exchange, step, call = owner
                step.add_result(Segment(message, (part,)), call)
                exchange.frozen = None
                self._tokens += message_of('request', (part,)).tokens
                self._repair('moved_result', part)
        self._place(message, bound, others)

    def _answer(self, result: Part) -> tuple[GrowingExchange, GrowingStep, Part] | None:
        """The call that a result answers: the oldest open one with its id, in the current step first."""
        queue = self._open.get(result.call_id)
        if not queue:
            return None
        if len(queue) == 1:
            owner = queue[0]
            del self._open[result.call_id]
        else:
            owner = next((entry for entry in queue if entry[1] is self._step), queue[0])
            queue.remove(owner)
        step, call = owner[1], owner[2]
        step.unanswered.pop(id(call), None)
        return owner

    def _place(self, message: Message, bound: list[Part], others: list[Part]) -> None:
        """Gives a request's parts to the current step, or to the prompts of an exchange."""
        if bound and not others and self._step is not None:  # nearly every request is one with results alone
            share = _share(message, bound)
            self._step.add(share)
            self._exchanges[-1].frozen = None
            self._last = message
            self._tokens += share.tokens
            return
        ours = bool(bound) and message.run_id is not None and message.run_id == self._response_run
        opens = any(part.kind is MARK or _is_prompt(part, ours) for part in others)
        if self._step is not None:
            notes = len(others) if not opens else _leading_notes(others, ours)
            bound, others = bound + others[:notes], others[notes:]
        if self._step is not None and bound:
            self._step.add(_share(message, bound))
            self._exchanges[-1].frozen = None
        group: list[Part] = []
        for part in others:
            if part.kind is USER and self._begins_exchange(bool(group)):
                self._prompt(message, group)
                group = []
                self._open_exchange()
            group.append(part)
            if part.kind is MARK:
                if self._exchanges and self._exchanges[-1].steps:
                    self._open_exchange()
                self._prompt(message, group)
                group = []
                self._exchanges[-1].sealed = True
        if group or not message.parts:
            self._prompt(message, group)
        if bound or others or not message.parts:
            self._last = message
            self._tokens += _share(message, bound + others).tokens
        else:
            self._hollow = message

    def _begins_exchange(self, pending: bool) -> bool:
        """Whether a genuine prompt opens a new exchange rather than adding to the prompts of the last one."""
        last = self._exchanges[-1] if self._exchanges else None
        if last is None:
            return not pending
        return bool(last.steps) or last.sealed

    def _prompt(self, message: Message, parts: list[Part]) -> None:
        """Adds parts to the prompts of the current exchange."""
        if not parts and message.parts:
            return
        exchange = self._exchanges[-1] if self._exchanges else self._open_exchange()
        if exchange.steps and exchange.steps[-1] is self._step and self._step is not None:
            # Bookkeeping ahead of a prompt stays behind the last step, in one share with the results beside it.
            last = self._step.segments[-1]
            if last.message is message:
                self._step.segments.pop()
                parts = [*last.parts, *parts]
            self._step.add(_share(message, parts))
        else:
            exchange.prompts.append(_share(message, parts))
        exchange.frozen = None

    def _open_exchange(self) -> GrowingExchange:
        exchange = GrowingExchange()
        self._exchanges.append(exchange)
        self._step = None
        return exchange


def _is_prompt(part: Part, ours: bool) -> bool:
    """Whether a person asks something here; `ours`: the part stands beside results of its own run."""
    return part.kind is USER and (part.by == 'person' or (not part.by and not ours))


def _leading_notes(parts: Sequence[Part], ours: bool) -> int:
    """How many parts at the beginning are what tools put beside their results."""
    return next((i for i, p in enumerate(parts) if p.kind is not USER or _is_prompt(p, ours)), len(parts))


def parse(messages: Iterable[Message], sending: bool = True) -> Parsed:
    """The tree of a whole history; see `Parser.snapshot` for `sending`."""
    parser = Parser()
    parser.feed(messages)
    return parser.snapshot(sending)


def opening_message() -> Message:
    """The request that opens a history whose beginning is missing."""
    return message_of('request', (Part(MARK, None, OPENING_TOKENS, opening()),))


def _ends_in_response(exchanges: list[Exchange]) -> bool:
    steps = exchanges[-1].steps if exchanges else ()
    return bool(steps) and steps[-1].segments[-1].message.role == 'response'


def _share(message: Message, parts: list[Part]) -> Segment:
    """A segment over `parts`; a whole message keeps its own tuple, which says that it is whole."""
    whole = len(parts) == len(message.parts) and all(map(is_, parts, message.parts))
    return Segment(message, message.parts if whole else tuple(parts))


def _with_last(exchange: Exchange, empty: Message) -> Exchange:
    """The exchange followed by an empty last request, which a resumed run may end with."""
    segment = Segment(empty, empty.parts)
    if not exchange.steps:
        return Exchange((*exchange.prompts, segment), ())
    return Exchange(exchange.prompts, (*exchange.steps[:-1], step_of((*exchange.steps[-1].segments, segment))))
