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
# # What the middleware saved
#
# From the ledger: what was sent, what each station took off, what saving cost, in tokens and in money. **The ledger
# read here is invented** (`sample.py`, from a seed): it shows what these charts can show, and says nothing about
# what the library achieves. For your own, set `COMPACTOR_LEDGER=file.db`, or a database's URL.

# %%
from datetime import UTC, datetime
from decimal import Decimal

from compactor.ledger.figures import by, overall
from compactor.ledger.report import day_of
from compactor.ledger.savings import savings
from paper import show, table
from sample import ledger
from savings_charts import by_day, from_without_to_sent, money_by_model

DAYS = 14

book = ledger()
until = day_of(book.store.clock() - 1)[1]
since = until - DAYS * 86_400
totals = book.totals(since, until)
whole = savings(totals, book.prices, at=until)

# %% [markdown]
# ## Tokens
#
# Tokens without = tokens sent + spared by compaction + spared by outputs within budgets + spared by the response
# cache - tokens of the requests that wrote summaries. The ledger counts what each request would have had besides; a
# station that added tokens counts as negative.

# %%
table(
    ('', 'tokens'),
    [
        ('sent (input + output)', whole.tokens_sent),
        ('spared by compaction', whole.by_compaction),
        ('spared by outputs within budgets', whole.by_outputs),
        ('spared by the response cache', whole.by_cache),
        ('spent on summaries', -whole.spent_on_summaries),
        ('saved = spared - spent', whole.net),
        ('without = sent + saved', whole.without),
    ],
)
print('\nshare saved = saved / without =', 'unknown' if whole.share is None else f'{whole.share:.1%}')

# %%
show(from_without_to_sent(whole), 'from_without_to_sent')

# %% [markdown]
# ## By day
#
# The same sums for each day of UTC. Compaction spares the more, the longer conversations go on after it: every
# later request would have carried what it removed.

# %%
days = []
for start in range(int(since), int(until), 86_400):
    day = f'{datetime.fromtimestamp(start, UTC):%Y-%m-%d}'
    days.append((day, savings(book.totals(start, start + 86_400), book.prices, at=until)))
show(by_day(days), 'by_day')

# %% [markdown]
# ## Money
#
# Spared dollars are an estimate: spared input is priced like the model's other input of the period, a spared answer
# like the model's mean request, less what summaries cost. Where a price is missing the amount is *unknown*, not 0,
# and so is every sum that needs it.


# %%
def dollars(amount: Decimal | None) -> str:
    """An amount for people."""
    return 'unknown' if amount is None else f'${amount:,.2f}'


paid = by('model', totals)
spared = {
    model: savings([one for one in totals if one.group.model == model], book.prices, at=until).cost_saved
    for model in paid
}
table(
    ('model', 'requests', 'tokens', 'paid', 'spared (estimate)'),
    [(model, one.requests, one.tokens, dollars(one.cost), dollars(spared[model])) for model, one in paid.items()],
)
everything = overall(totals)
print(f'\npaid, as far as prices are known: {dollars(everything.cost)}', end='')
print(f', and {everything.unpriced:,} requests without a known price' if everything.unpriced else '')
print(f'spared, all models together: {dollars(whole.cost_saved)}')

# %%
show(money_by_model(paid, spared), 'money')
book.store.close()
