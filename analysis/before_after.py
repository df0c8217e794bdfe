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
# # Before and after
#
# Input tokens a request in two periods, with an interval, and with what such a comparison cannot say. The exports
# read here are generated (`fixtures/usage/`); nothing was switched on between the periods. For your own, set
# `COMPACTOR_EXPORTS=export.csv` and change `SPLIT` to the moment at which you changed something.

# %%
from datetime import UTC, datetime
from textwrap import fill

from compactor.analysis.compare import Span
from compactor.analysis.usage import analyse
from comparison_charts import changes, mix, other_splits, two_periods
from paper import show, table
from sample import exports

SPLIT = datetime(2026, 3, 30, tzinfo=UTC)

at = SPLIT.timestamp()
report = analyse(exports(), periods=(Span(None, at), Span(at, None)))
found = report.comparison
assert found is not None  # two periods were asked for

# %% [markdown]
# ## The answer, and what it is not
#
# Change = (Σ input / Σ requests after) / (Σ input / Σ requests before) - 1. Requests of a session are alike (one
# task, one growing history), so sessions are the sample: the interval leaves out one session after the other
# (jackknife on the logarithm of each ratio, Student's t with Welch's degrees of freedom).
#
# **It is correlation.** Tasks, people, repositories and models change between two periods as well, and are in the
# difference. What one change to your set-up caused, only the same work done both ways can tell: `compactor`'s
# ledger counts what it spared of each request, see `what_it_saved`.

# %%
print(fill(found.text, 100))
print()
print(fill(found.caveat, 100))

# %%
table(
    ('period', 'sessions', 'that straddle', 'requests', 'input', 'input a request'),
    [
        (name, side.sessions, side.straddling, side.requests, side.input, side.per_request)
        for name, side in (('before', found.before), ('after', found.after))
    ],
)

# %% [markdown]
# ## The sessions behind it
#
# A session belongs to the period that it begins in. Two or three sessions make a period whose mean a single task
# decides.

# %%
show(two_periods(report.sessions, found), 'two_periods')

# %% [markdown]
# ## The same comparison at every other moment
#
# If moments at which nothing changed show as large a difference, with intervals off zero too, then yours is no
# evidence. In the generated data no moment has a cause.


# %%
def signed(change: float | None) -> str:
    """A change for people."""
    return '-' if change is None else f'{change:+.1%}'


others = other_splits(report.sessions, found)
show(changes(found, others), 'changes')
table(
    ('split (UTC)', 'change', 'low', 'high'),
    [
        (f'{datetime.fromtimestamp(moment, UTC):%m-%d %H:%M}', *map(signed, (other.change, other.low, other.high)))
        for moment, other in others
    ],
)
off = sum(other.high is not None and other.low is not None and not other.low <= 0 <= other.high for _, other in others)
print(f'\n{off} of {len(others)} other moments have an interval that leaves 0 out')

# %% [markdown]
# ## What else differs
#
# Sessions of another size, or with longer answers, are other work. Where the two clouds lie apart, the periods are
# not alike, and no statistics on the input mends that.

# %%
show(mix(report.sessions, found), 'mix')
