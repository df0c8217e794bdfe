"""What the response cache changes: hits, latency, tokens and cost of 1,000 requests, before and after.

    python -m benchmarks.cache [--requests 1000] [--json]

The traffic is generated: questions drawn by Zipf's law from as many as there are requests, at three exponents: the
greater, the more often the most common ones are asked. The model is a function that answers by the question alone and
says what a provider would have taken: seconds (a first token after .25 to .6 s, then 60 to 110 tokens a second, drawn
with a fixed seed), and tokens as counted for `gpt-4o-mini`. These seconds are not slept but added to what was measured,
so that latency is the model's plus everything that the cache does on SQLite in a file. Cost is by the price list of
`genai-prices`. Each traffic runs three times: without a cache, with `CachedModel`, and with hot answers in memory too.
Exits with 1 where a cache gives another answer than the model would have.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter, time

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import CachedModel
from compactor.ledger.prices import Prices
from compactor.tokens.counter import counter_for

SEED = 9
NAME = 'gpt-4o-mini'
EXPONENTS = (0.6, 0.9, 1.2)
"""Exponents of Zipf's law."""
HOT = 8 * 1024 * 1024
COUNTER = counter_for(f'openai:{NAME}')
INSTRUCTIONS = 'You answer questions about the orders of a shop, briefly and with the number of the order. ' * 12
WORDS = [
    'where',
    'is',
    'my',
    'order',
    'refund',
    'broken',
    'late',
    'address',
    'invoice',
    'change',
    'cancel',
    'parcel',
    'card',
    'login',
    'voucher',
    'return',
    'size',
]


@dataclass(frozen=True)
class Row:
    """One traffic in one way.

    Attributes:
        exponent: of the traffic.
        way: 'model', 'cache' or 'cache, hot'.
        requests: how many.
        hits: of them answered by the cache.
        mean_ms: latency in the mean.
        p50_ms: in the middle.
        p95_ms: of the slowest twentieth, at least.
        hit_ms: of hits alone, in the middle; None without any.
        tokens: that were paid.
        dollars: that they cost.
        differing: answers that are not the model's.
    """

    exponent: float
    way: str
    requests: int
    hits: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    hit_ms: float | None
    tokens: int
    dollars: float
    differing: int


def traffic(requests: int, exponent: float) -> list[str]:
    """Questions in the order in which they are asked."""
    source = random.Random(SEED)
    asked = [f'{" ".join(source.choices(WORDS, k=source.randrange(5, 40)))}, number {n}?' for n in range(requests)]
    return source.choices(asked, [1 / (n + 1) ** exponent for n in range(requests)], k=requests)


class Provider:
    """Answers by the question alone, and says how long that would have taken."""

    def __init__(self) -> None:
        self.asked = 0
        self.seconds = 0.0

    def answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """The answer to the newest question."""
        self.asked += 1
        asked = messages[-1].parts[-1]
        assert isinstance(asked, UserPromptPart)
        question = str(asked.content)
        source = random.Random(question)
        text = answer_to(question)
        output = COUNTER.count(text)
        self.seconds = source.uniform(0.25, 0.6) + output / source.uniform(60, 110)
        usage = RequestUsage(input_tokens=COUNTER.count(INSTRUCTIONS + question), output_tokens=output)
        return ModelResponse(parts=[TextPart(text)], usage=usage, model_name=NAME, finish_reason='stop')


def answer_to(question: str) -> str:
    """What the model says."""
    source = random.Random(f'answer {question}')
    return f'Order {source.randrange(10**6)}: {" ".join(source.choices(WORDS, k=source.randrange(30, 160)))}.'


async def run(requests: int, exponent: float, way: str) -> Row:
    """Sends a traffic in one way."""
    provider = Provider()
    model: Model = FunctionModel(provider.answer, model_name=NAME)
    took: list[float] = []
    hit: list[float] = []
    paid = RequestUsage()
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        if way != 'model':
            model = CachedModel(model, store=Path(folder) / 'store.db', hot_bytes=HOT if way == 'cache, hot' else 0)
        for question in traffic(requests, exponent):
            asked = ModelRequest(parts=[SystemPromptPart(INSTRUCTIONS), UserPromptPart(question)])
            before, start = provider.asked, perf_counter()
            response = await model.request([asked], None, ModelRequestParameters())
            measured = perf_counter() - start
            was_hit = provider.asked == before
            took.append(measured + (0 if was_hit else provider.seconds))
            if was_hit:
                hit.append(measured)
            paid = paid + response.usage
            differing += response.parts != [TextPart(answer_to(question))]
        if isinstance(model, CachedModel):
            model.store.close()
    cuts = quantiles(took, n=20)
    return Row(
        exponent,
        way,
        requests,
        len(hit),
        round(mean(took) * 1_000, 1),
        round(cuts[9] * 1_000, 1),
        round(cuts[18] * 1_000, 1),
        round(median(hit) * 1_000, 2) if hit else None,
        paid.input_tokens + paid.output_tokens,
        dollars(paid),
        differing,
    )


def dollars(usage: RequestUsage) -> float:
    """What so many tokens cost."""
    cost = Prices().of_tokens(
        NAME, 'openai', at=time(), input_tokens=usage.input_tokens, output_tokens=usage.output_tokens
    )
    return float('nan') if cost is None else round(float(cost), 4)


def rows(requests: int, exponents: Sequence[float] = EXPONENTS) -> list[Row]:
    """All traffics in all ways."""
    ways = ('model', 'cache', 'cache, hot')
    return [asyncio.run(run(requests, exponent, way)) for exponent in exponents for way in ways]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--requests', type=int, default=1_000)
    parser.add_argument('--json', action='store_true')
    args = parser.parse_args()
    found = rows(args.requests)
    if args.json:
        print(json.dumps([asdict(row) for row in found]))
    else:
        columns = ('exponent', 'way', 'hits', 'mean ms', 'p50 ms', 'p95 ms', 'hit ms', 'tokens', 'dollars')
        print(''.join(f'{column:>12}' for column in columns))
        for row in found:
            shown = (
                f'{row.exponent}',
                row.way,
                f'{row.hits / row.requests:.1%}',
                *(f'{value:,.1f}' for value in (row.mean_ms, row.p50_ms, row.p95_ms)),
                '-' if row.hit_ms is None else f'{row.hit_ms:.2f}',
                f'{row.tokens:,}',
                f'{row.dollars:.4f}',
            )
            print(''.join(f'{value:>12}' for value in shown))
        print(f"\nanswers that are not the model's: {sum(row.differing for row in found)}")
    sys.exit(any(row.differing for row in found))


if __name__ == '__main__':
    main()
