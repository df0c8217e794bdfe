"""Reads pydantic-ai messages into the neutral view; what each part is say the tables of `parts.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelRequest, ModelResponse

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.messages.measured import Measured, Reading
from compactor.adapters.pydantic_ai.messages.media import texts_of
from compactor.adapters.pydantic_ai.messages.parts import describe
from compactor.adapters.pydantic_ai.messages.places import AHEAD
from compactor.errors import HistoryError
from compactor.history.beside import Beside
from compactor.history.marks import spoken
from compactor.history.message import FRAMING, PART_FRAMING, By, Kind, Message, Part, is_plain
from compactor.history.seal import NOBODY, Seal
from compactor.secrets.redact import redact
from compactor.tokens.counter import Counter

_NOTHING = object()
NO_PROVIDER = (None, '', 'function', 'test')
"""Providers of the framework's own stand-in models, whose usage is made up."""


class MessageReader:
    """Reads pydantic-ai messages, counted in the units of one counter's encoding.

    Args:
        counter: counts.
        beside: what tools' hooks have seen of the words beside results; None where there were no hooks.
        seal: by which notes of ours are known, or what gives it whenever something is read.
    """

    def __init__(
        self, counter: Counter, beside: Beside | None = None, seal: Seal | Callable[[], Seal] = NOBODY
    ) -> None:
        self._counter = counter.in_units()
        self._sizes = counter.family, counter.ratio
        self._seal = seal
        self._beside = beside or Beside()

    def read(self, raws: Sequence[Any]) -> list[Message]:
        """The neutral view of each message.

        Raises:
            HistoryError: one is no message, or a part holds what JSON cannot hold.
        """
        seal = self._seal if isinstance(self._seal, Seal) else self._seal()
        reading = Reading(*self._sizes, seal)
        described = [self._describe(raw, i, reading) for i, raw in enumerate(raws)]
        sizes = iter(self._counter.base_many([part.counted for parts in described for part in parts]))
        messages: list[Message] = []
        for raw, parts in zip(raws, described, strict=True):
            words = self._words_beside(raw, parts, messages[-1] if messages else None)
            found = [_part(part, next(sizes), words.get(j)) for j, part in enumerate(parts)]
            messages.append(_message(raw, found))
        return messages

    def unchanged(self, raw: Any, message: Message) -> bool:
        """Whether the message still has the parts and texts that were read."""
        parts = raw.parts
        if len(parts) != len(message.parts):
            return False
        for now, was in zip(parts, message.parts, strict=True):
            if now is not was.raw:
                return False
            body = was.body
            if body and type(body) is str:
                said = getattr(now, 'content', _NOTHING)
                if body is not (getattr(now, 'args', body) if said is _NOTHING else said):
                    return False
        return True

    def _describe(self, raw: Any, index: int, reading: Reading) -> list[Measured]:
        response = isinstance(raw, ModelResponse)
        if not response and not isinstance(raw, ModelRequest):
            raise HistoryError(
                f'item {index} is a {type(raw).__name__}, not a pydantic-ai message: pass a list of ModelRequest'
                ' and ModelResponse, such as result.all_messages()'
            )
        parts = [self._described(part, response, index, reading) for part in raw.parts]
        if response:
            return [_tied(part) for part in parts] if _ties(parts) else parts
        return (
            [
                replace(part, kind=Kind.MARK, foreign='') if _is_ahead(part, after, reading.seal) else part
                for part, after in zip(parts, [*parts[1:], None], strict=True)
            ]
            if len(parts) > 1
            else parts
        )

    def _described(self, part: Any, response: bool, index: int, reading: Reading) -> Measured:
        try:
            return describe(part, reading, response)
        except (ValueError, TypeError, RecursionError) as error:  # what pydantic and `json` raise
            name = getattr(part, 'tool_name', None)
            of = f' of {redact(name)}' if name else ''
            said = redact(str(error))[:200]
            raise HistoryError(
                f'message {index}: the {getattr(part, "part_kind", type(part).__name__)} part{of} holds what JSON'
                f' cannot hold, so no provider can be sent it ({type(error).__name__}: {said})'
            ) from error

    def _words_beside(self, raw: Any, parts: Sequence[Measured], before: Message | None) -> dict[int, By]:
        """By place, who put the user content of a request beside the results in it."""
        results = [part for part in parts if part.kind is Kind.RESULT]
        if not results or len(results) == len(parts):
            return {}
        beside = {j: part.raw for j, part in enumerate(parts) if getattr(part.raw, 'part_kind', '') == 'user-prompt'}
        if _ended(raw, results, before):
            return dict.fromkeys(beside, 'person')
        calls = [part.call_id for part in results]
        return {j: self._who(part.content, calls) for j, part in beside.items()}

    def _who(self, content: Any, calls: Sequence[str]) -> By:
        if not isinstance(content, str) and any(compat.is_framed(item) for item in content):
            return 'tool'  # a capability put it there, such as the output of a tool that runs in the background
        return self._beside.by(calls, content if isinstance(content, str) else texts_of(content))


def sealed_reader(counter: Counter, seal: Seal = NOBODY) -> MessageReader:
    """A reader of messages of which no hook has seen anything."""
    return MessageReader(counter, seal=seal)


def _is_ahead(part: Measured, after: Measured | None, seal: Seal) -> bool:
    """Whether a text is the note of ours whose seal the summary right behind it has in its metadata."""
    if part.foreign != 'mark' or after is None or after.kind is not Kind.MARK or part.kind is not Kind.USER:
        return False
    if not isinstance(part.body, str) or after.raw.part_kind != 'compaction':
        return False
    return seal.holds('mark', spoken(part.body), compat.ahead_of(after.raw), AHEAD)


def _ties(parts: Sequence[Measured]) -> bool:
    """Whether a response holds what its provider looks up by ids that need its thinking: nothing in it may change."""
    kinds = {part.kind for part in parts}
    return Kind.NATIVE_CALL in kinds and any(part.kind is Kind.THINKING and part.item for part in parts)


def _tied(part: Measured) -> Measured:
    return replace(part, signed=True) if part.kind in (Kind.TEXT, Kind.CALL) else part


def _ended(raw: Any, results: Sequence[Measured], before: Message | None) -> bool:
    """Whether the results only say that a run had its answer: what stands beside them is the next run's prompt."""
    run = compat.run_id(raw)
    if run is not None and (before is None or before.run_id in (None, run)):
        return False
    return all(part.body in ACKNOWLEDGED for part in results)


ACKNOWLEDGED = (
    'Final result processed.',
    'Output tool not used - a final result was already processed.',
    'Tool not executed - a final result was already processed.',
)
"""What the framework answers calls with that end a run, in every version."""


def _part(part: Measured, size: int, by: By | None) -> Part:
    """The part, counted. What nobody but a person may say is taken for it only where a person is known to have."""
    kind, protected = part.kind, part.protected
    if by is not None and by != 'person':
        kind, protected = Kind.USER, False
    return Part(
        kind,
        part.raw,
        size + part.extra + PART_FRAMING.get(kind, 0),
        part.body,
        part.call_id,
        part.tool,
        protected,
        part.media,
        part.signed,
        part.failed,
        part.cache_points,
        closing=part.closing,
        retried=part.retried,
        without_media=part.without_media,
        by=by or '',
        states=part.states,
        refers=part.refers,
        item=part.item,
        ours=part.ours and (by is None or by == 'person'),
        foreign=part.foreign if by is None or by == 'person' else '',
        otherwise=part.otherwise,
        denied=part.denied,
    )


def _message(raw: Any, parts: list[Part]) -> Message:
    tokens = FRAMING + sum(part.tokens for part in parts)
    run_id = compat.run_id(raw)
    if isinstance(raw, ModelRequest):
        return Message('request', tuple(parts), raw, tokens, run_id, plain=is_plain(parts))
    usage, vouched = raw.usage, raw.provider_name not in NO_PROVIDER
    total = usage.input_tokens + usage.output_tokens if usage.input_tokens > 0 else None
    return Message(
        'response',
        tuple(parts),
        raw,
        tokens,
        run_id,
        total if vouched else None,
        raw.provider_name,
        raw.model_name,
        any(part.kind is Kind.SUMMARY for part in parts),
        output=max(0, usage.output_tokens),
        claimed=None if vouched else total,
        plain=is_plain(parts),
    )
