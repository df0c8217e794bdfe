"""`shrink`: one output within its allowance, by what it is, with an honest account of what became of it.

redact ─► clean ─► fits? whole ─► detect ─► reducer of that kind ─► fits? ─► else beginning and end

What tells how a command ended (`logs.endings`) is taken off before, and put around the result again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from compactor.errors import ConfigError
from compactor.outputs.allowance import LEAST, Allowance
from compactor.outputs.clean import clean
from compactor.outputs.data_urls import without_data_urls
from compactor.outputs.detect import detect
from compactor.outputs.ends import heads_tails, parses, quoted, truncated
from compactor.outputs.errors import errors_of
from compactor.outputs.frame import around, between
from compactor.outputs.hint import Hint, hint_of
from compactor.outputs.kind import Kind
from compactor.outputs.level import Level, Narrowing
from compactor.outputs.logs.endings import Framed, framed
from compactor.outputs.own import OutputKind
from compactor.outputs.question import words_of
from compactor.outputs.reducers import REDUCERS, Reducer
from compactor.outputs.reducers.text import reduce_text
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets, redact
from compactor.tokens.counter import Counter, counter_for

Name = TypeVar('Name', Kind, Narrowing)


@dataclass(frozen=True)
class Shrunk:
    """An output as it goes to the model.

    Attributes:
        text: what is left of it.
        kind: what it was taken for.
        level: what became of it.
        why: what gave its kind away, in a few words.
        name: of a kind of the application's own, its name; else that of the kind.
    """

    text: str
    kind: Kind
    level: Level
    why: str
    original: str = field(repr=False)
    counter: Counter = field(repr=False)
    own: str = ''

    @property
    def name(self) -> str:
        """See the class."""
        return self.own or self.kind.value

    @cached_property
    def tokens_before(self) -> int:
        """Tokens of what came in; counted when first asked for."""
        return self.counter.count(self.original)

    @cached_property
    def tokens_after(self) -> int:
        """Tokens of `text`."""
        return self.counter.count(self.text)


def shrink(
    text: str,
    max_tokens: int,
    *,
    tool: str | None = None,
    kind: Kind | str | None = None,
    narrowing: Narrowing | str | None = None,
    failed: bool | None = None,
    arguments: Mapping[str, Any] | None = None,
    question: str = '',
    model: str | None = None,
    handle: str | None = None,
    reducers: Sequence[OutputKind] = (),
    head_lines: int | None = None,
    tail_lines: int | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
) -> Shrunk:
    """Brings the output of a tool within a number of tokens; pure, where `compactor.shrink` tells what it did.

    The arguments, and what is raised, are told there (`run.told.shrink`).
    """
    if max_tokens < LEAST:
        raise ConfigError(f'max_tokens must be at least {LEAST}, got {max_tokens}')
    own = next((each for each in reducers if each.name == kind), None)
    known = named(Kind, kind) if kind is not None and own is None else None
    how = named(Narrowing, narrowing) if narrowing is not None else Narrowing.SMART_SUMMARY
    hint = hint_of(tool, arguments or {})
    allowance = Allowance(
        max_tokens,
        counter_for(model),
        question=words_of(question, hint.arguments),
        path=hint.path,
        failed=failed,
        handle=handle,
        head_lines=head_lines,
        tail_lines=tail_lines,
    )
    bare = text if secrets is None else redact(text, secrets)
    return reduced(
        bare, allowance, hint, kind=known, narrowing=how, reducers=(own,) if own is not None else reducers, sure=own
    )


def reduced(
    text: str,
    allowance: Allowance,
    hint: Hint,
    *,
    kind: Kind | None = None,
    narrowing: Narrowing,
    reducers: Sequence[OutputKind] = (),
    sure: OutputKind | None = None,
) -> Shrunk:
    """`shrink` for a caller that knows more; what comes in has been redacted. `sure` is known to be the text's kind."""
    cleaned = clean(text)
    if kind is None and reducers and (own := _owned(cleaned, text, allowance, hint, narrowing, reducers, sure)):
        return own
    plain = cleaned if allowance.holds(cleaned) else without_data_urls(cleaned)
    if plain is not cleaned:
        shrunk = _of_kind(plain, text, allowance, hint, kind, narrowing)
        return replace(shrunk, level=Level.SUMMARIZED) if shrunk.level is Level.FULL else shrunk
    return _of_kind(cleaned, text, allowance, hint, kind, narrowing)


def _owned(
    cleaned: str,
    text: str,
    allowance: Allowance,
    hint: Hint,
    narrowing: Narrowing,
    reducers: Sequence[OutputKind],
    sure: OutputKind | None,
) -> Shrunk | None:
    """The text by a kind of the application's own; None where it is of none, or that cannot make it small enough."""
    own, why = sure, 'the caller said so'
    if own is None:
        found = next(((each, reason) for each in reducers if (reason := each.reason(cleaned, hint))), None)
        if found is None:
            return None
        own, why = found
    if allowance.holds(cleaned):
        return Shrunk(cleaned, Kind.OWN, Level.FULL, why, text, allowance.counter, own.name)
    if narrowing is not Narrowing.SMART_SUMMARY:
        return None
    frame = framed(cleaned)
    attempt = _tried(own.reduce, frame.body, between(frame, allowance))
    if not isinstance(attempt, str) or not attempt:
        return None
    result = around(frame, attempt, allowance)
    if len(result) >= len(text) or not allowance.holds(result):
        return None
    return Shrunk(result, Kind.OWN, Level.SUMMARIZED, why, text, allowance.counter, own.name)


def _of_kind(
    cleaned: str, text: str, allowance: Allowance, hint: Hint, kind: Kind | None, narrowing: Narrowing
) -> Shrunk:
    """The text by one of the built-in kinds."""
    if kind is None:
        found = detect(cleaned, hint)
        kind, why = found.kind, found.why
    else:
        why = 'the caller said so'
    if allowance.holds(cleaned):
        return Shrunk(cleaned, kind, Level.FULL, why, text, allowance.counter)
    whole = kind is Kind.JSON and parses(cleaned)
    frame = Framed('', cleaned, '') if whole else framed(cleaned)
    inner = between(frame, allowance)
    for level, attempt in _attempts(frame.body, inner, kind, narrowing):
        if attempt is None or not attempt:
            continue
        result = around(frame, attempt, allowance)
        if len(result) < len(text) and allowance.holds(result):
            return Shrunk(result, kind, level, why, text, allowance.counter)
    last = quoted(cleaned, allowance) if whole else truncated(cleaned, allowance)
    return Shrunk(last, kind, Level.TRUNCATED, why, text, allowance.counter)


def _attempts(text: str, allowance: Allowance, kind: Kind, narrowing: Narrowing) -> Iterator[tuple[Level, str | None]]:
    """Ever plainer ways to make the text smaller; the next is tried where one does not end within the allowance."""
    if kind is Kind.JSON and parses(text):  # JSON stays JSON, however it is to be made smaller
        yield Level.SUMMARIZED, _tried(REDUCERS[kind], text, allowance)
        return
    if narrowing is Narrowing.ERROR_ONLY:
        yield Level.ERROR_ONLY, errors_of(text, allowance)
    elif narrowing is Narrowing.SMART_SUMMARY:
        yield Level.SUMMARIZED, _tried(REDUCERS[kind], text, allowance)
        yield Level.SUMMARIZED, reduce_text(text, allowance)
    yield Level.TRUNCATED, heads_tails(text, allowance)


def _tried(reducer: Reducer, text: str, allowance: Allowance) -> str | None:
    """What a reducer makes of a text; of one that raises, nothing, and a plainer way is tried."""
    try:
        return reducer(text, allowance)
    except Exception:  # noqa: BLE001 - tools return anything, and the agent must go on; the tests call reducers bare
        return None


def named(of: type[Name], name: str) -> Name:
    """The member of an enumeration by its value; `ConfigError` lists them if there is no such."""
    try:
        return of(name)
    except ValueError:
        raise ConfigError(f'unknown {of.__name__.lower()} {name!r}; there are: {", ".join(of)}') from None
