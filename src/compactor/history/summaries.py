"""Summaries by providers, taken out of the responses that hold them where a history is rewritten.

No other provider is sent them: what they say in words is then a summary in a request. A provider that goes on from its
own reads nothing of what stands before it: where such a history has grown too large all the same, even what is sealed
has to go before anything can be rewritten.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from compactor.history.handles import Counts
from compactor.history.marks import summed
from compactor.history.message import SUMMARY, Part, message_of
from compactor.history.turns import Exchange, History, Segment, Step, history_of, step_of


def released(history: History, counts: Counts, *, sealed: bool) -> History:
    """The history without the summaries in its responses; what they say in words stands ahead of their step.

    Args:
        history: the history.
        counts: sizes texts.
        sealed: whether those go that hold no words.
    """
    told = (s for s in history.segments if s.message.role == 'response' and not s.message.plain)
    gone = [part for segment in told for part in segment.parts if _goes(part, sealed)]
    if not gone:
        return history
    return history_of(tuple(_released(exchange, counts, set(map(id, gone))) for exchange in history.exchanges))


def _released(exchange: Exchange, counts: Counts, gone: Container[int]) -> Exchange:
    prompts = list(exchange.prompts)
    steps: list[Step] = []
    for step in exchange.steps:
        found = [part for part in step.parts if id(part) in gone]
        if not found:
            steps.append(step)
            continue
        notes = [_note(part.text, counts) for part in found if part.text.strip()]
        if steps:
            steps[-1] = step_of((*steps[-1].segments, *notes))
        else:
            prompts += notes
        rest = step.only(lambda part: None if id(part) in gone else part)
        if rest is not None:
            steps.append(rest)
    return replace(exchange, prompts=tuple(prompts), steps=tuple(steps))


def _goes(part: Part, sealed: bool) -> bool:
    return part.kind is SUMMARY and (sealed or bool(part.text.strip()))


def _note(text: str, counts: Counts) -> Segment:
    tokens = counts.count(text) + counts.frame if counts.frame else counts.count(summed(text))
    note = message_of('request', (Part(SUMMARY, None, tokens, text),))
    return Segment(note, note.parts)
