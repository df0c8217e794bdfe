# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Usage overview
#
# What a provider's usage export says: sums, sessions, days against a limit, the busiest minutes, each figure with
# its formula. The exports read here are generated (`fixtures/usage/`): two files that overlap by 31 rows. For your
# own, set `COMPACTOR_EXPORTS=export.csv` or change the first line of the next cell.

# %%
from datetime import UTC, datetime
from textwrap import fill

from compactor.analysis.figure import shown
from compactor.analysis.rules import Rules
from compactor.analysis.usage import analyse
from minutes import interval, minutes_of, within
from paper import show, table
from sample import exports
from usage_charts import bursts, days_against, input_by_session

FILES = exports()
RULES = Rules(daily_limit=24_000_000, limit_counts='input', time_zone='UTC', target_tokens=15_000, target_share=0.8)

report = analyse(FILES, RULES)
minutes = minutes_of(FILES)

# %% [markdown]
# ## What was read
#
# A minute that several exports have counts once. Where they disagree, the row with more requests counts, then the
# one with more tokens: an export made while a minute goes on holds only part of it.

# %%
table(
    ('file', 'rows', 'left out', 'with a doubt', 'counted elsewhere'),
    [(one.name, one.rows, one.bad, one.doubted, one.merged) for one in report.sources],
)
print(f'\n{report.merging.identical:,} rows twice, {report.merging.conflicting:,} that contradict another one')

# %% [markdown]
# ## Figures
#
# Each is followed by its formula. *Input tokens a request* is Σ input / Σ requests, not a mean of means: the last
# rows of the table show how far the other readings of "average" lie from it.

# %%
table(('figure', 'value', 'formula'), [(one.name, one.shown, one.formula) for one in report.figures])

# %% [markdown]
# ## Tokens per minute
#
# Input + output of each minute. A session ends where the starts of two successive active minutes lie more than
# `RULES.gap` seconds apart. Providers limit tokens *per minute*, so it is bursts, not sums, that are refused.

# %%
show(bursts(report.sessions, minutes, RULES), 'tokens_per_minute')

# %% [markdown]
# ## Days against the limit
#
# Share = Σ input tokens of a day / daily limit. Whether a provider counts input alone or input and output together
# makes a difference of a few percent; the diamonds show the other way of counting.

# %%
show(days_against(report.days, RULES), 'days')
table(
    ('day', 'requests', 'input', 'output', 'share', 'verdict'),
    [(one.date, one.requests, one.input, one.output, shown(one.share, 'share'), one.verdict) for one in report.days],
)

# %% [markdown]
# ## Input a request, by session
#
# Σ input / Σ requests of each session. The interval (95 %) is made by leaving out one minute after the other
# (jackknife on the logarithm, Student's t): it says how much the figure hangs on single minutes. Neighbouring
# minutes are alike, so it is rather too narrow. Sessions with fewer than three active minutes have none.

# %%
show(input_by_session(report.sessions, minutes, RULES), 'input_by_session')


# %%
def between(ends: tuple[float, float] | None) -> str:
    """An interval for people."""
    return 'too few minutes' if ends is None else f'{ends[0]:,.0f} to {ends[1]:,.0f}'


table(
    ('session', 'began (UTC)', 'minutes', 'requests', 'input a request', 'interval', 'verdict'),
    [
        (
            one.number,
            f'{datetime.fromtimestamp(one.start, UTC):%m-%d %H:%M}',
            one.minutes,
            one.requests,
            one.per_request,
            between(interval(within(one, minutes))),
            one.verdict,
        )
        for one in report.sessions
    ],
)

# %% [markdown]
# ## Do sessions get dearer?
#
# Kendall's rank correlation: of all pairs of sessions, in how many does the later one take fewer input tokens a
# request, in how many more. No line is drawn through points that show no trend.

# %%
print(fill(report.trend.text, 100))
