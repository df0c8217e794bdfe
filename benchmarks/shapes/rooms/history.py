"""Histories, strategies, tokens and the archive: a text in every place of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor import compact, inspect
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.archive import manifest
from compactor.archive.archive import MemoryArchive
from compactor.archive.manifest import Manifest
from compactor.archive.recall import recall, recall_output
from compactor.archive.spaces import put_in
from compactor.compaction import RequestContext
from compactor.digest.narrative import SummaryRefused
from compactor.history import marks, stubs
from compactor.history.message import Kind
from compactor.history.parse import parse
from compactor.history.rules import check
from compactor.history.track import Tracker
from compactor.pipeline import drive, fit
from compactor.policy import HistoryPolicy
from compactor.strategies import Summarise, prune
from compactor.tokens.batch import count_batch
from compactor.tokens.families import family_of
from compactor.tokens.image_size import image_size
from compactor.tokens.media import media_tokens
from compactor.tokens.windows import context_window

from .prepared import COUNTER, Prepare, applied, conversation, part, pieces, room, short_messages

TARGET = 1_500
"""Tokens that conversations are compacted to."""


def _compacted(make: Callable[[str], list[ModelMessage]], *strategies: str) -> Prepare:
    """A whole compaction, by all strategies or by some."""

    def prepare(text: str) -> Callable[[], object]:
        messages = make(text)
        if not strategies:
            return lambda: compact(messages, target_tokens=TARGET)
        tracker = Tracker(FORMAT.reader(COUNTER))
        tracker.update(messages)
        policy = HistoryPolicy(strategies=strategies, clamp_prompts=True)
        return lambda: drive(fit(tracker, policy, RequestContext(counter=COUNTER), target=TARGET))

    return prepare


def _again(text: str) -> Callable[[], object]:
    """The same text returned three times, two of them of a file that is edited in between."""
    messages = conversation(returned=text, command='cat a.py')
    messages += conversation(returned=text, command='sed -n 1,80p a.py')[1:]
    messages += conversation(returned='ok', command=f'*** Update File: a.py\n{text}')[1:]
    tracker = Tracker(FORMAT.reader(COUNTER))
    tracker.update(messages)
    policy = HistoryPolicy(strategies=('dedupe',))
    return lambda: drive(fit(tracker, policy, RequestContext(counter=COUNTER), target=TARGET))


def _read(make: Callable[[str], list[ModelMessage]]) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        messages = make(text)
        return lambda: FORMAT.reader(COUNTER).read(messages)

    return prepare


def _parsed(text: str) -> Callable[[], object]:
    messages = FORMAT.reader(COUNTER).read(short_messages(text))
    return lambda: (parse(messages), check(messages, messages))


def _summarised(text: str) -> Callable[[], object]:
    """The answer of a summariser."""
    tracker = Tracker(FORMAT.reader(COUNTER))
    tracker.update(conversation(returned='a line\n' * 90_000))
    history = tracker.snapshot().history

    def summarise() -> object:
        steps: Any = Summarise().apply(history, room(TARGET * 4))
        try:
            next(steps)
            steps.send(text)
        except (StopIteration, SummaryRefused) as end:  # it is made, or the answer is not taken
            return end
        return None

    return summarise


def _recalled(**asked: Any) -> Prepare:
    """What `recall` finds in an archived step that is the text."""

    def prepare(text: str) -> Callable[[], object]:
        archive, handle = _archived(text)
        return lambda: recall(archive, handle, fit=COUNTER.fit, **asked)

    return prepare


def _pattern(text: str) -> Callable[[], object]:
    archive, handle = _archived('a line of the step\n' * 200)
    return lambda: recall(archive, handle, None, pattern=text, fit=COUNTER.fit)


def _lines(text: str) -> Callable[[], object]:
    archive, handle = _archived('a line of the step\n' * 200)
    return lambda: recall(archive, handle, 1, lines=text, fit=COUNTER.fit)


def _output(text: str) -> Callable[[], object]:
    archive, _ = _archived('a step')
    key = archive.put(text.encode('utf-8', 'surrogatepass'))
    return lambda: recall_output(archive, key[:16], page=10_000, fit=COUNTER.fit)


def _archived(text: str) -> tuple[MemoryArchive, str]:
    archive = MemoryArchive()
    made = Manifest(None, 0, 1, (), {1: archive.put(put_in('step', text.encode('utf-8', 'surrogatepass')))})
    archive.put(made.entry)
    return archive, made.handle


def _stored(text: str) -> Callable[[], object]:
    data = text.encode('utf-8', 'surrogatepass')
    return lambda: manifest.parse(data)


def _bytes(function: Callable[[bytes], object], before: bytes) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        data = before + text.encode('utf-8', 'surrogatepass')
        return lambda: function(data)

    return prepare


HISTORY: Mapping[str, Prepare] = {
    'compact, a result': _compacted(lambda text: conversation(returned=text)),
    'compact, a command': _compacted(lambda text: conversation(command=text)),
    'compact, an answer': _compacted(lambda text: conversation(said=text)),
    'compact, a prompt': _compacted(lambda text: conversation(prompt=text)),
    'compact, a thought': _compacted(lambda text: conversation(thought=text)),
    'compact, short messages': _compacted(short_messages),
    'prune and dedupe': _compacted(lambda text: conversation(returned=text), 'prune', 'dedupe'),
    'dedupe, read again': _again,
    'clear': _compacted(lambda text: conversation(returned=text), 'clear'),
    'window': _compacted(short_messages, 'window'),
    'clamp, a result': _compacted(lambda text: conversation(returned=text), 'clamp'),
    'clamp, a command': _compacted(lambda text: conversation(command=text), 'clamp'),
    'clamp, a prompt': _compacted(lambda text: conversation(prompt=text), 'clamp'),
    'summarise': _summarised,
    'prune.acknowledges': applied(prune.acknowledges),
    'prune.refused': applied(lambda text: prune._refused(part(Kind.RESULT, text), 3, room(9_000))),
    'inspect': applied(lambda text: inspect(conversation(returned=text))),
    'read a result': _read(lambda text: conversation(returned=text)),
    'read a prompt': _read(lambda text: conversation(prompt=text)),
    'parse and check': _parsed,
    'marks.is_mark': applied(marks.is_mark),
    'marks.left_out': lambda text: (lambda made: lambda: marks.left_out(made))(marks.mark(text)),
    'marks.body_of': lambda text: (lambda made: lambda: marks.body_of(made))(marks.mark(text)),
    'marks.handle_of': lambda text: (lambda made: lambda: marks.handle_of(made))(marks.mark(text)),
    'stubs.is_stub': applied(stubs.is_stub),
    'stubs.lost_media': applied(stubs.lost_media),
    'stubs.cuts': applied(lambda text: list(stubs.cuts(text))),
    'tokens.count': applied(COUNTER.count),
    'tokens.fit': applied(lambda text: COUNTER.fit(text, 1_000)),
    'tokens.fit, nearly all': applied(lambda text: COUNTER.fit(text, len(text) // 5)),
    'tokens.fit_end': applied(lambda text: COUNTER.fit_end(text, 1_000)),
    'tokens.exceeds': applied(lambda text: COUNTER.exceeds(text, 1_000)),
    'tokens.count_batch': applied(lambda text: count_batch(pieces(text))),
    'tokens.family_of': applied(family_of),
    'tokens.context_window': applied(context_window),
    'tokens.image_size': _bytes(image_size, b'\xff\xd8'),
    'tokens.media_tokens': _bytes(lambda data: media_tokens('application/pdf', data, 'openai'), b'%PDF'),
    'recall a pattern': _recalled(step=None, pattern=r'(a+)+$|key_?\d+'),
    'recall a slow pattern': _recalled(step=None, pattern=r'(?:(a|aa|.)+)+(?!.)\1!'),
    'recall a word': _recalled(step=None, pattern='value'),
    'recall the last page': _recalled(step=1, page=10_000),
    'recall the last lines': _recalled(step=1, lines='100-'),
    'recall by the pattern': _pattern,
    'recall by the lines': _lines,
    'recall_output': _output,
    'manifest.parse': _stored,
}
