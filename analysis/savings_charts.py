"""The charts of `what_it_saved`: from tokens without to tokens sent, the same by day, money by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compactor.ledger.figures import Figures
from compactor.ledger.savings import Savings
from paper import BLUE, GREEN, GREY, INK, ORANGE, RED, TOKENS, sheet, short

STATIONS = (
    ('compaction', 'by_compaction', BLUE, ''),
    ('outputs', 'by_outputs', ORANGE, '//'),
    ('cache', 'by_cache', GREEN, '..'),
)
"""What saves: its name, its field in `Savings`, its colour and hatching."""


def from_without_to_sent(found: Savings) -> Figure:
    """What it would have been, what each station took off, what saving cost, what was sent."""
    figure, axes = sheet('From tokens without the middleware to tokens sent', 3.0)
    steps = [(name, -getattr(found, field), colour, hatch) for name, field, colour, hatch in STATIONS]
    steps.append(('summaries', found.spent_on_summaries, RED, 'xx'))
    rows = ['without', *(f'{"−" if size < 0 else "+"} {name}' for name, size, _, _ in steps), 'sent']
    axes.barh(0, found.without, color=GREY)
    _beside(axes, 0, found.without, short(found.without))
    level = found.without
    for row, (_, size, colour, hatch) in enumerate(steps, 1):
        axes.barh(row, abs(size), left=min(level, level + size), color=colour, hatch=hatch, edgecolor='white', lw=0)
        axes.plot([level, level], [row - 1.4, row + 0.4], color=INK, lw=0.6)
        _beside(axes, row, max(level, level + size), f'{"−" if size < 0 else "+"}{short(abs(size))}')
        level += size
    axes.plot([level, level], [len(steps) - 0.4, len(steps) + 1.4], color=INK, lw=0.6)
    axes.barh(len(rows) - 1, found.tokens_sent, color=INK)
    _beside(axes, len(rows) - 1, found.tokens_sent, short(found.tokens_sent))
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set_xlim(0, max(found.without, found.tokens_sent, 1) * 1.14)
    axes.xaxis.set_major_formatter(TOKENS)
    axes.set_xlabel('tokens, input and output')
    axes.tick_params(axis='y', length=0)
    return figure


def by_day(days: Sequence[tuple[str, Savings]]) -> Figure:
    """Tokens sent, and on top of them what each station spared; below 0 where one added tokens."""
    figure, axes = sheet('Tokens sent and spared, by day', 3.2)
    places = range(len(days))
    above = [float(one.tokens_sent) for _, one in days]
    below = [0.0] * len(days)
    axes.bar(places, above, 0.72, color=INK, label='sent')
    for name, field, colour, hatch in STATIONS:
        sizes = [float(getattr(one, field)) for _, one in days]
        bottoms = [up if size >= 0 else down for size, up, down in zip(sizes, above, below, strict=True)]
        axes.bar(
            places,
            sizes,
            0.72,
            bottom=bottoms,
            color=colour,
            hatch=hatch,
            edgecolor='white',
            lw=0,
            label=f'spared by {name}',
        )
        above = [up + max(size, 0) for size, up in zip(sizes, above, strict=True)]
        below = [down + min(size, 0) for size, down in zip(sizes, below, strict=True)]
    step = max(1, len(days) // 14)
    axes.set_xticks(places[::step], [day[5:] for day, _ in days][::step])
    axes.tick_params(axis='x', labelsize=8)
    axes.yaxis.set_major_formatter(TOKENS)
    axes.set_ylabel('tokens')
    axes.set_xlabel('day (UTC)')
    figure.legend(loc='outside lower right', ncols=4)
    return figure


def money_by_model(paid: Mapping[str, Figures], spared: Mapping[str, Decimal | None]) -> Figure:
    """Dollars paid and spared by model; where no price is known it says so, and no bar of 0 pretends to know."""
    figure, axes = sheet('Money by model', 1.6 + 0.6 * len(paid))
    for row, (model, figures) in enumerate(paid.items()):
        cost = figures.cost
        if cost is None:
            axes.annotate(
                f'unknown: no price for these {short(figures.tokens)} tokens',
                (0, row),
                (6, 0),
                textcoords='offset points',
                va='center',
                style='italic',
            )
            continue
        axes.barh(row - 0.18, float(cost), 0.34, color=INK)
        missing = f', and {figures.unpriced:,} requests without a price' if figures.unpriced else ''
        _beside(axes, row - 0.18, float(cost), f'${cost:,.2f} paid{missing}')
        if (saved := spared.get(model)) is not None:
            axes.barh(row + 0.18, float(saved), 0.34, color=BLUE, hatch='//', edgecolor='white', lw=0)
            _beside(axes, row + 0.18, max(0.0, float(saved)), f'${saved:,.2f} spared (estimate)')
    axes.axvline(0, color=GREY, lw=0.8)
    axes.set_yticks(range(len(paid)), list(paid))
    axes.set_ylim(len(paid) - 0.4, -0.6)
    known = [float(one) for one in (*(one.cost for one in paid.values()), *spared.values()) if one is not None]
    axes.set_xlim(min([*known, 0.0]) * 1.05, max([*known, 0.01]) * 1.35)
    axes.xaxis.set_major_formatter(lambda value, _: f'${value:,.2f}')
    axes.set_xlabel('dollars')
    axes.tick_params(axis='y', length=0)
    return figure


def _beside(axes: Axes, row: float, at: float, text: str) -> None:
    axes.annotate(text, (at, row), (5, 0), textcoords='offset points', va='center')
