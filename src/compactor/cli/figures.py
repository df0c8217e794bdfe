"""The figures that matter: the same session without and with a compactor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from compactor.adapters.pydantic_ai.played.playback import Reduced, Request


@dataclass(frozen=True, slots=True)
class Figures:
    """One performance of a session, in figures.

    Attributes:
        requests: model requests that were made, refused ones included.
        sent_over: requests that were sent although they were at or over the hard limit.
        refused: requests that were refused at or over the hard limit, and so never sent.
        input_tokens: tokens of all requests that were sent.
        largest: tokens of the largest request that was sent.
        compactions: requests whose history was rewritten.
        missed: compactions that could not reach their goal.
        outputs_cut: tools' outputs that were made smaller.
        outputs_before: about how many tokens these had.
        outputs_after: how many they have.
        seconds: time spent in the compactor, all requests together.
        first_seconds: the same for the first request, which loads the tokenizer.
        median_seconds: the same per request, half of them took less.
    """

    requests: int
    sent_over: int
    refused: int
    input_tokens: int
    largest: int
    compactions: int
    missed: int
    outputs_cut: int
    outputs_before: int
    outputs_after: int
    seconds: float
    first_seconds: float
    median_seconds: float


def figures_of(requests: Sequence[Request], hard_limit: int, reduced: Sequence[Reduced] = ()) -> Figures:
    """The figures of what was played."""
    sent = [request.tokens_after for request in requests if not request.refused]
    times = [request.seconds for request in requests]
    return Figures(
        requests=len(requests),
        sent_over=sum(tokens >= hard_limit for tokens in sent),
        refused=len(requests) - len(sent),
        input_tokens=sum(sent),
        largest=max(sent, default=0),
        compactions=sum(bool(request.strategies) for request in requests),
        missed=sum(request.missed for request in requests),
        outputs_cut=len(reduced),
        outputs_before=sum(one.tokens_before for one in reduced),
        outputs_after=sum(one.tokens_after for one in reduced),
        seconds=sum(times),
        first_seconds=times[0] if times else 0.0,
        median_seconds=median(times) if times else 0.0,
    )


def rows(without: Figures, with_: Figures, hard_limit: int) -> list[tuple[str, object, object]]:
    """The lines of the table: what, without, with. Refusals are named only where there are any."""
    found: list[tuple[str, object, object]] = [
        ('model requests', without.requests, with_.requests),
        (f'sent over the hard limit ({hard_limit:,})', without.sent_over, with_.sent_over),
    ]
    if with_.refused:
        found.append(('refused at the hard limit, not sent', '-', with_.refused))
        found.append(('not made, because their run was refused', '-', without.requests - with_.requests))
    return [
        *found,
        ('input tokens, all requests', without.input_tokens, with_.input_tokens),
        ('largest request, tokens', without.largest, with_.largest),
        *_outputs(with_),
        ('compactions', '-', with_.compactions),
        *([('compactions that missed their goal', '-', with_.missed)] if with_.missed else []),
        ('time in the compactor: all requests', '-', _time(with_.seconds)),
        ('first request, loading the tokenizer', '-', _time(with_.first_seconds)),
        ('median request', '-', _time(with_.median_seconds)),
    ]


def _outputs(with_: Figures) -> list[tuple[str, object, object]]:
    if not with_.outputs_cut:
        return []
    return [
        ('tool outputs made smaller', '-', with_.outputs_cut),
        ('their tokens, when they were born', with_.outputs_before, with_.outputs_after),
    ]


def _time(seconds: float) -> str:
    return f'{seconds:.2f} s' if seconds >= 1 else f'{seconds * 1000:.1f} ms'


def saved(without: Figures, with_: Figures) -> float | None:
    """Share of the input tokens that was saved, or None where the two cannot be compared (refused runs)."""
    if with_.refused or not without.input_tokens:
        return None
    return 1 - with_.input_tokens / without.input_tokens
