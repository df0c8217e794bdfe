"""A day of several processes on one store, against a provider that counts: ledger, budgets and provider have to agree.

    python -m benchmarks.day [--processes 8] [--requests 250] [--store URL] [--json]

Each process sends its requests through the real SDK: plain and streamed ones, some that are cancelled, some that time
out, some that fail, some that a chain sends on to its second model, and some that a cache answers. What a provider
answered is compared token by token. Nobody tells what an answer took that nobody waited for: such a request counts as
what was set aside for it, in ledger and budgets alike, and has to be there once. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from compactor import CachedModel, CapacityModel, Compactor, LedgerPolicy, Policy, Store
from compactor.ledger.budget import Budget
from compactor.store.entries import Ledger
from compactor.store.reservations import usage
from compactor.testing import Failure, Recorded, Reply, StrictProvider, Turn
from compactor.tokens.counter import counter_for

KINDS = ('plain', 'streamed', 'plain', 'cancelled', 'streamed', 'failed', 'plain', 'late', 'failover', 'cached')
"""What a process sends, one after the other, over and over."""
GIVEN_UP = ('cancelled', 'late')
PATIENCE = 0.6
"""Seconds after which a client gives up."""
SLOW = 3 * PATIENCE
"""Seconds that a provider takes whose answer nobody waits for."""
MODEL = 'gpt-4o'
RESERVED = 500
TOKENS = Budget(name='tokens', limit=10**12, unit='tokens', period='day')
REQUESTS = Budget(name='requests', limit=10**9, unit='requests', period='day')
POLICY = Policy(ledger=LedgerPolicy(budgets=(TOKENS, REQUESTS), reserve_output=RESERVED))
ABOUT = 1.15
"""What is counted before a request is sent is an estimate of what its provider counts."""
Row = tuple[str, int, int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Lives through the day, and prints how the figures compare."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows = day(options.processes, options.requests, options.store or str(Path(folder) / 'store.db'))
    if options.json:
        print(json.dumps([{'figure': name, 'one': one, 'other': other} for name, one, other in rows]))
    else:
        for name, one, other in rows:
            print(f'{name:58} {one:>10,} {other:>10,}  {"" if agrees((name, one, other)) else "DIFFER"}')
    sys.exit(any(not agrees(row) for row in rows))


def agrees(row: Row) -> bool:
    """Whether two figures are one; of an estimate, whether it is near."""
    name, one, other = row
    return max(one, other) <= ABOUT * min(one, other) if name.startswith('about') else one == other


def day(processes: int, requests: int, url: str) -> list[Row]:
    """Rows of a figure's name, and the two numbers that have to be one, or near where the name begins so."""
    Store.open(url).close()
    with StrictProvider(_answer, count=counter_for(MODEL).base, latency=_latency) as server:
        spawn = multiprocessing.get_context('spawn')
        running = [
            spawn.Process(target=_live, args=(number, requests, url, server.openai_url)) for number in range(processes)
        ]
        for one in running:
            one.start()
        for one in running:
            one.join()
        if any(one.exitcode for one in running):
            raise SystemExit('a process of the day ended with an error')
        time.sleep(SLOW + 0.2)  # the last answers that nobody waits for
        seen = list(server.requests)
    with Store(url) as store:
        return _compared(store, seen)


def _compared(store: Store, seen: Sequence[Recorded]) -> list[Row]:
    entries = list(Ledger(store).entries())
    at_provider: dict[str, list[Recorded]] = {}
    for one in seen:
        at_provider.setdefault(_kind(one.body), []).append(one)
    given_up = [one for kind in GIVEN_UP for one in at_provider.get(kind, ())]
    failed = [one for one in seen if one.status != 200]
    answered = [one for one in seen if one.status == 200 and _kind(one.body) not in GIVEN_UP]
    count = counter_for(MODEL).base
    paid = [entry for entry in entries if entry.kind == 'request' and not entry.estimated and not entry.error]
    guessed = [entry for entry in entries if entry.estimated]
    hits = Counter(entry.kind for entry in entries)['cache']
    whole = sum(entry.input_tokens + entry.output_tokens for entry in entries if not entry.cache_hit)
    used = {budget.unit: usage(store, budget, time.time()) for budget in (TOKENS, REQUESTS)}
    return [
        ('answered requests: provider, ledger', len(answered), len(paid)),
        ('their input tokens', sum(one.tokens for one in answered), sum(entry.input_tokens for entry in paid)),
        (
            'their output tokens',
            sum(count(_said(one.body)) for one in answered),
            sum(entry.output_tokens for entry in paid),
        ),
        ('requests that were given up: provider, ledger', len(given_up), len(guessed)),
        (
            'about: their input tokens, provider and before sending',
            sum(one.tokens for one in given_up),
            sum(entry.input_tokens for entry in guessed),
        ),
        ('failed requests: provider, ledger', len(failed), sum(1 for e in entries if e.error and not e.estimated)),
        ('answers of the cache: asked again, ledger', len(at_provider.get('cached', ())), hits),
        ('tokens: ledger, budget', whole, int(used['tokens'].used)),
        ('requests: ledger, budget', len(paid) + len(guessed), int(used['requests'].used)),
        ('still set aside', 0, int(used['tokens'].reserved + used['requests'].reserved)),
    ]


# -- the provider --------------------------------------------------------------------------------------------------


def _prompt(body: Any) -> str:
    said = next((m['content'] for m in body.get('messages', ()) if m.get('role') == 'user'), '')
    return said if isinstance(said, str) else ''.join(part.get('text', '') for part in said)


def _kind(body: Any) -> str:
    return _prompt(body).partition(' ')[0]


def _said(body: Any) -> str:
    return 'The answer to ' + _prompt(body)[:40]


def _answer(turn: Turn) -> Reply | Failure:
    kind = _kind(turn.body)
    if kind == 'failed' or (kind == 'failover' and turn.body.get('model') == 'first'):
        return Failure(500)
    return Reply(_said(turn.body))


def _latency(turn: Turn) -> float:
    return SLOW if _kind(turn.body) in GIVEN_UP else 0.0


# -- a process -----------------------------------------------------------------------------------------------------


def _live(number: int, requests: int, url: str, provider: str) -> None:
    asyncio.run(_process(number, requests, url, provider))


async def _process(number: int, requests: int, url: str, provider: str) -> None:
    client = AsyncOpenAI(base_url=provider, api_key='test', max_retries=0)
    hasty = AsyncOpenAI(base_url=provider, api_key='test', max_retries=0, timeout=PATIENCE)
    store = Store(url, wait=60.0)
    compactor: Compactor[None] = Compactor(POLICY, store=store)

    def model(name: str, sdk: AsyncOpenAI = client) -> OpenAIChatModel:
        return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=sdk))

    plain = Agent(model(MODEL), capabilities=[compactor])
    impatient = Agent(model(MODEL, hasty), capabilities=[compactor])
    chain = Agent(CapacityModel(model('first'), model(MODEL)), capabilities=[compactor])
    cached = Agent(CachedModel(model(MODEL), store=store), capabilities=[compactor])
    await plain.run(f'plain warms process {number} up')
    await impatient.run(f'plain warms process {number} up again')
    for n in range(requests):
        kind = KINDS[n % len(KINDS)]
        prompt = f'{kind} request {n} of process {number}: ' + 'please look at the next row of the table. ' * (n % 7)
        if kind == 'streamed':
            async with plain.run_stream(prompt) as stream:
                await stream.get_output()
        elif kind == 'cancelled':
            with suppress(TimeoutError):
                await asyncio.wait_for(plain.run(prompt), PATIENCE)
        elif kind == 'late':
            with suppress(ModelAPIError):
                await impatient.run(prompt)
        elif kind == 'failed':
            with suppress(ModelAPIError):
                await plain.run(prompt)
        elif kind == 'failover':
            await chain.run(prompt)
        elif kind == 'cached':
            await cached.run(prompt)
            await cached.run(prompt)
        else:
            await plain.run(prompt)
    store.close()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0] if __doc__ else None)
    parser.add_argument('--processes', type=int, default=8)
    parser.add_argument('--requests', type=int, default=250)
    parser.add_argument('--store', help='URL or path; default: a file that goes afterwards')
    parser.add_argument('--json', action='store_true')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
