"""The charts of `before_after`: the sessions of both periods, the change with its interval, every other split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import exp, log

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from compactor.analysis.compare import Comparison, Span, compare
from compactor.analysis.sessions import Session
from paper import BLUE, GREY, INK, ORANGE, PALE, TOKENS, sheet, short

CHANGES = (-0.99, -0.95, -0.9, -0.75, -0.5, 0.0, 1.0, 3.0, 9.0, 49.0, 999.0)
"""Where an axis of factors has its marks, as changes."""
SPLITS = 24
"""So many other splits are shown at most, evenly spread."""


def two_periods(sessions: Sequence[Session], found: Comparison) -> Figure:
    """Input a request of each session, and of each period together."""
    figure, axes = sheet('Input tokens a request: sessions, and the two periods together', 3.2, 18)
    place, most = 0, max((one.requests for one in sessions), default=1)
    ticks, marks = [], []
    for side, colour, name, marker in ((found.before, BLUE, 'before', 'o'), (found.after, ORANGE, 'after', 's')):
        some = [one for one in sessions if one.per_request is not None and side.span.holds(one.start)]
        if not some or side.per_request is None:
            continue
        places = list(range(place, place + len(some)))
        values = [one.per_request or 0.0 for one in some]
        sizes = [25 + 200 * one.requests / most for one in some]
        axes.scatter(places, values, sizes, color=colour, marker=marker, alpha=0.85, edgecolor='white')
        axes.plot([place - 0.4, places[-1] + 0.4], [side.per_request] * 2, color=INK, lw=1.5)
        if name == 'after':
            axes.axvspan(place - 0.5, places[-1] + 0.5, color=PALE, lw=0, zorder=0)
        middle = (place + places[-1]) / 2, 1.02
        text = f'{name}: {side.per_request:,.0f}'
        axes.annotate(text, middle, xycoords=('data', 'axes fraction'), ha='center', weight='bold')
        ticks += places
        marks += [str(one.number) for one in some]
        place = places[-1] + 2
    step = max(1, len(ticks) // 20)
    axes.set_xticks(ticks[::step], marks[::step])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(TOKENS)
    axes.set_xlabel('session (the area shows how many requests; a line is Σ input / Σ requests of the period)')
    axes.set_ylabel('input tokens a request')
    return figure


def other_splits(sessions: Sequence[Session], chosen: Comparison) -> list[tuple[float, Comparison]]:
    """The same comparison at the start of other sessions, where both sides have sessions enough.

    A moment that parts the sessions as the chosen one does is left out.
    """
    starts = [one.start for one in sessions if one.requests][1:]
    step = max(1, -(-len(starts) // SPLITS))
    every = [(at, compare(sessions, Span(None, at), Span(at, None))) for at in starts[::step]]
    return [(at, found) for at, found in every if found.low is not None and _parts(found) != _parts(chosen)]


def _parts(found: Comparison) -> tuple[int, int]:
    return found.before.sessions, found.after.sessions


def changes(chosen: Comparison, others: Sequence[tuple[float, Comparison]]) -> Figure:
    """The change with its interval, and what the same arithmetic says of other moments."""
    rows = [('the split you chose', chosen)]
    rows += [(f'at {datetime.fromtimestamp(at, UTC):%m-%d %H:%M}', found) for at, found in others]
    figure, axes = sheet('Change of input tokens a request, with 95 % intervals', 1.3 + 0.32 * len(rows))
    for row, (_, found) in enumerate(rows):
        if found.change is None:
            continue
        colour = BLUE if row == 0 else GREY
        if found.low is not None and found.high is not None:
            axes.plot([factor(found.low), factor(found.high)], [row, row], color=colour, lw=3 if row == 0 else 1.5)
        axes.plot([factor(found.change)], [row], 'D' if row == 0 else 'o', color=colour, ms=7 if row == 0 else 5)
        samples = f'{found.change:+.0%}   {found.before.sessions} | {found.after.sessions} sessions'
        axes.annotate(samples, (1.01, row), xycoords=('axes fraction', 'data'), va='center', color=colour)
    axes.axvline(0, color=INK, lw=0.8, ls='--')
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(FixedLocator([factor(one) for one in CHANGES]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f'{exp(value) - 1:+.0%}' if value else '0')
    ends = [factor(end) for _, one in rows for end in (one.low, one.high, one.change, -0.55, 1.1) if end is not None]
    axes.set_xlim(min(ends) - 0.1, max(ends) + 0.1)
    axes.set_xlabel('after / before - 1 (logarithmic: halves and doubles are as far from 0)')
    axes.tick_params(axis='y', length=0)
    return figure


def factor(change: float) -> float:
    """Where a change lies on an axis of factors."""
    return log(max(1 + change, 1e-9))


def mix(sessions: Sequence[Session], found: Comparison) -> Figure:
    """What else differs: size of sessions and output a request, which no compaction of the input explains."""
    figure, axes = sheet('What else differs between the periods', 3.0)
    for side, colour, name, marker in ((found.before, BLUE, 'before', 'o'), (found.after, ORANGE, 'after', 's')):
        some = [one for one in sessions if one.requests and side.span.holds(one.start)]
        axes.scatter(
            [one.requests for one in some],
            [one.output / one.requests for one in some],
            60,
            color=colour,
            marker=marker,
            edgecolor='white',
            label=name,
        )
        for one in some[:40]:
            at = (one.requests, one.output / one.requests)
            axes.annotate(str(one.number), at, (6, 4), textcoords='offset points', color=GREY)
    axes.set_xscale('log')
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
    axes.set_ylim(0, axes.get_ylim()[1] * 1.1)
    axes.set_xlabel('requests in a session (logarithmic); a number is a session')
    axes.set_ylabel('output tokens a request')
    figure.legend(loc='outside lower right', ncols=2)
    return figure
