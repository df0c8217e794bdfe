"""The charts of `usage_overview`: bursts by session, days against the limit, input a request with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from compactor.analysis.days import Day
from compactor.analysis.rules import Rules
from compactor.analysis.sessions import Session
from minutes import Minute, interval, within
from paper import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, SHARES, TOKENS, sheet, short

MINUTES, SESSIONS = 600, 40
"""A chart has room for so many minutes of use and so many sessions, the newest."""
VERDICTS = {'below target': BLUE, 'above target': ORANGE, 'limit reached': RED, 'no limit': GREY}


def bursts(sessions: Sequence[Session], minutes: Sequence[Minute], rules: Rules) -> Figure:
    """Tokens of each minute, sessions side by side: pauses between them are left out, those within them are not."""
    figure, axes = sheet('Tokens per minute, pauses between sessions left out', 3.2, 18)
    shown = newest(sessions)
    space = max(4.0, sum(_length(one) for one in shown) * 0.05)
    left = 0.0
    for place, session in enumerate(shown):
        length = _length(session)
        if place % 2 == 0:
            axes.axvspan(left - space / 2, left + length + space / 2, color=PALE, lw=0, zorder=0)
        axes.annotate(
            str(session.number), (left + length / 2, 1), xycoords=('data', 'axes fraction'), ha='center', va='bottom'
        )
        some = within(session, minutes)
        starts = [left + (one.start - session.start) / 60 for one in some]
        rates = [(one.input + one.output) * 60 / one.lasts for one in some]
        high = [rate >= rules.high_total for rate in rates]
        axes.bar(
            starts, rates, [one.lasts / 60 for one in some], align='edge', color=[RED if h else BLUE for h in high]
        )
        left += length + space
    axes.axhline(rules.high_total, color=INK, lw=0.8, ls='--')
    axes.set_xlim(-space / 2, max(left - space / 2, 1))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(TOKENS)
    axes.set_ylabel('tokens a minute\n(input + output)')
    axes.set_xlabel('minutes of use; a number is a session, shaded in turn')
    figure.legend(
        handles=[
            Patch(color=BLUE, label='a minute'),
            Patch(color=RED, label='high burn'),
            Line2D([], [], color=INK, lw=0.8, ls='--', label=f'{short(rules.high_total)} tokens'),
        ],
        loc='outside lower right',
        ncols=3,
    )
    return figure


def newest(sessions: Sequence[Session]) -> list[Session]:
    """The newest sessions that a chart has room for, oldest of them first; one at least."""
    found: list[Session] = []
    room = float(MINUTES)
    for session in reversed(sessions[-SESSIONS:]):
        room -= _length(session)
        if found and room < 0:
            break
        found.insert(0, session)
    return found


def _length(session: Session) -> float:
    return (session.end - session.start) / 60


def days_against(days: Sequence[Day], rules: Rules) -> Figure:
    """Each day's share of the daily limit; its tokens, where there is no limit."""
    limit = rules.daily_limit
    title = (
        'Tokens by day (no daily limit is known)'
        if limit is None
        else f'Use of the daily limit of {short(limit)} tokens'
    )
    figure, axes = sheet(title, 3.0)
    counted = [(one.input, one.input + one.output) for one in days]
    sums = [pair if rules.limit_counts == 'input' else pair[::-1] for pair in counted]
    heights, others = ([pair[i] / (limit or 1) for pair in sums] for i in (0, 1))
    places = range(len(days))
    bars = axes.bar(places, heights, 0.62, color=[VERDICTS[day.verdict] for day in days])
    other = 'input + output' if rules.limit_counts == 'input' else 'input only'
    axes.plot(places, others, 'D', color=INK, ms=4, mfc='white', label=f'counted as {other}')
    if len(days) <= 16:
        texts = [short(one) if limit is None else f'{one:.0%}' for one in heights]
        axes.bar_label(bars, texts, label_type='center', color='white', weight='bold')
    if limit is not None:
        axes.axhline(1, color=INK, lw=1, label='limit')
        axes.axhline(rules.target_share, color=GREEN, lw=1, ls='--', label=f'target: below {rules.target_share:.0%}')
    step = max(1, len(days) // 10)
    axes.set_xticks(places[::step], [day.date[5:] for day in days][::step])
    axes.set_xlabel(f'day ({rules.time_zone})')
    axes.set_ylabel(
        f'{rules.limit_counts} tokens' if limit is None else f'share of the limit\n({rules.limit_counts} tokens)'
    )
    axes.yaxis.set_major_formatter(TOKENS if limit is None else SHARES)
    axes.set_ylim(0, max([1.1, *heights, *others]) * 1.08)
    figure.legend(loc='outside lower right', ncols=3)
    return figure


def input_by_session(sessions: Sequence[Session], minutes: Sequence[Minute], rules: Rules) -> Figure:
    """Input tokens a request of each session, with an interval where it has minutes enough."""
    figure, axes = sheet('Input tokens a request, by session', 3.2)
    shown = [one for one in sessions if one.per_request is not None][-SESSIONS:]
    for place, session in enumerate(shown):
        value = session.per_request or 0.0
        ends = interval(within(session, minutes))
        colour = GREEN if session.verdict == 'below target' else RED
        marker = 'v' if session.verdict == 'below target' else '^'
        if ends is not None:
            axes.plot([place, place], ends, '_-', color=colour, lw=2, ms=9, mew=1.5)
        axes.plot([place], [value], marker, color=colour, mfc=colour if ends else 'white', ms=6)
        if len(shown) <= 16:
            label = axes.annotate(short(value), (place, value), (9, 0), textcoords='offset points', va='center')
            label.set_bbox({'facecolor': 'white', 'edgecolor': 'none', 'pad': 0.8})
    axes.axhline(rules.target_tokens, color=INK, lw=0.8, ls='--')
    step = max(1, len(shown) // 20)
    axes.set_xticks(range(len(shown))[::step], [f'{one.number}\n{one.requests:,}' for one in shown][::step])
    axes.set_xlim(-0.6, len(shown) - 0.1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(TOKENS)
    axes.set_xlabel('session, and its requests')
    axes.set_ylabel('input tokens a request')
    figure.legend(
        handles=[
            Line2D([], [], color=RED, marker='^', lw=2, label='above target'),
            Line2D([], [], color=GREEN, marker='v', lw=2, label='below'),
            Line2D([], [], color=GREY, marker='v', mfc='white', lw=0, label='too few minutes for an interval'),
            Line2D([], [], color=INK, lw=0.8, ls='--', label=f'target: {short(rules.target_tokens)}'),
        ],
        loc='outside lower right',
        ncols=4,
    )
    return figure
