"""What each part of a request is: one row for every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.messages.measured import Measured, Reading, Row, keeps_state, opaque_text
from compactor.adapters.pydantic_ai.messages.media import (
    MediaTokens,
    is_cache_point,
    is_medium,
    text_of,
    texts_of,
    without_media,
)
from compactor.adapters.pydantic_ai.messages.places import SUMMARY, place_of
from compactor.adapters.pydantic_ai.messages.statements import of_system_prompt, stated
from compactor.history.drafts import foreign
from compactor.history.marks import is_mark, is_pin, summary_in
from compactor.history.message import Kind
from compactor.tokens.json_text import as_json

RETRY_CLOSING = '\n\nFix the errors and try again.'
"""What `RetryPromptPart.model_response` puts behind its content."""


def _system(part: Any, media: MediaTokens) -> Measured:
    return Measured(Kind.SYSTEM, part, part.content, part.content, protected=True, states=of_system_prompt(part))


def _user(part: Any, media: Reading) -> Measured:
    content, seal = part.content, media.seal
    if isinstance(content, str):
        if is_mark(content, seal, place_of(part)):
            summary = summary_in(content)
            if summary is not None:
                return Measured(Kind.SUMMARY, part, lambda: summary, content)
            return Measured(Kind.MARK, part, content, content)
        pinned = is_pin(content, seal)
        other = '' if pinned else foreign((content,))
        return Measured(Kind.USER, part, content, content, protected=pinned, foreign=other)
    texts: list[str] = []
    extra = 0
    holds_media = False
    clearable = True
    points: list[Any] = []
    for item in content:
        text = text_of(item)
        if text is not None:
            texts.append(text)
        elif is_cache_point(item):
            points.append(item)
        else:
            holds_media = True
            clearable = clearable and is_medium(item)
            extra += media.of(item)
    text = '\n'.join(texts)
    marked = not holds_media and is_mark(text, seal, place_of(part))
    pinned = any(is_pin(one, seal) for one in texts)
    return Measured(
        Kind.MARK if marked and not points else Kind.USER,
        part,
        lambda: text,
        text,
        extra,
        protected=pinned,
        media=holds_media,
        cache_points=tuple(points),
        without_media=(lambda: texts_of(without_media(content))) if holds_media and clearable else None,
        ours=marked,
        foreign='' if marked or pinned else foreign(texts),
    )


def _said(part: Any, media: MediaTokens) -> Measured:
    """A person's spoken words: what is sent of them is the transcript, and nothing where there is none."""
    text = part.transcript or ''
    return Measured(Kind.USER, part, text, text)


def _result(part: Any, media: MediaTokens) -> Measured:
    content = part.content
    failed = compat.outcome(part) != 'success'
    items = content if isinstance(content, list | tuple) else [content]
    files = [item for item in items if is_medium(item)]
    extra = sum(media.of(item) for item in files)
    body: str | Callable[[], str] = content if isinstance(content, str) else _rendered(part, bool(files))
    return Measured(
        Kind.RESULT,
        part,
        body,
        body if isinstance(body, str) else body(),
        extra,
        part.tool_call_id,
        part.tool_name,
        protected=keeps_state(part),
        media=bool(files),
        failed=failed,
        retried=compat.outcome(part) == 'retried',
        denied=compat.outcome(part) == 'denied',
        without_media=(lambda: _plain(without_media(items))) if files else None,
    )


def _rendered(part: Any, files: bool) -> Callable[[], str]:
    """The text of a structured result as the model sees it; files are counted apart."""
    if not files:
        render: Callable[[], str] = part.model_response_str
        return render

    def texts_only() -> str:
        items = part.content if isinstance(part.content, list | tuple) else []
        return _plain(item for item in items if not is_medium(item))

    return texts_only


def _plain(items: Iterable[Any]) -> str:
    """The items of a result as one text."""
    return '\n'.join(item if isinstance(item, str) else as_json(item) for item in items)


def _retry(part: Any, media: MediaTokens) -> Measured:
    render: Callable[[], str] = part.model_response
    if not part.tool_name:
        return Measured(Kind.FEEDBACK, part, render, render())
    text = render()
    return Measured(
        Kind.RESULT,
        part,
        render,
        text,
        0,
        part.tool_call_id,
        part.tool_name,
        failed=True,
        retried=True,
        closing=RETRY_CLOSING if text.endswith(RETRY_CLOSING) else '',
    )


def _feedback(part: Any, media: MediaTokens) -> Measured:
    text = opaque_text(part)
    return Measured(Kind.FEEDBACK, part, lambda: text, text)


def _told(part: Any, media: MediaTokens) -> Measured:
    """Bookkeeping that the model is told of."""
    render = getattr(part, 'render', None)
    text = str(render()) if render is not None else opaque_text(part)
    return Measured(Kind.DELTA, part, lambda: text, text, protected=True, states=stated(part))


def _untold(part: Any, media: MediaTokens) -> Measured:
    """Bookkeeping that is never sent."""
    return Measured(Kind.DELTA, part, '', '', protected=True, states=stated(part))


def _request_summary(part: Any, media: Reading) -> Measured:
    """A summary that stands in a request: ours, or an application's own."""
    text = part.content or ''
    claimed = compat.is_ours(part)
    ours = claimed and is_mark(text, media.seal, SUMMARY)
    other = 'mark' if claimed and not ours else foreign((text,)) if not ours else ''
    kind = Kind.MARK if ours else Kind.SUMMARY
    return Measured(kind, part, text, text, compat.SUMMARY_FRAME, foreign=other, otherwise=Kind.SUMMARY)


def _unknown_request(part: Any, media: MediaTokens) -> Measured:
    text = opaque_text(part)
    return Measured(Kind.DELTA, part, lambda: text, text, protected=True)


REQUEST: dict[str, Row] = {
    'system-prompt': Row(Kind.SYSTEM, _system),
    'user-prompt': Row(Kind.USER, _user),
    'speech': Row(Kind.USER, _said, '2.30'),
    'tool-return': Row(Kind.RESULT, _result),
    'retry-prompt': Row(Kind.RESULT, _retry),
    'retry-feedback': Row(Kind.FEEDBACK, _feedback, '2.62'),
    'compaction': Row(Kind.SUMMARY, _request_summary, '2.62'),
    'instruction-delta': Row(Kind.DELTA, _told, '2.62'),
    'instruction-baseline': Row(Kind.DELTA, _untold, '2.62'),
    'model-settings-delta': Row(Kind.DELTA, _untold, '2.62'),
    'tool-availability-delta': Row(Kind.DELTA, _told, '2.30'),
    'capability-load-delta': Row(Kind.DELTA, _untold, '2.64'),
}
"""Parts of requests, by `part_kind`."""

UNKNOWN = Row(Kind.DELTA, _unknown_request, '')
"""A kind that no release looked at has: it stays as it is, and is counted by whatever it holds."""
