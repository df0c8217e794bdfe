"""What telemetry costs a request, where OpenTelemetry is not configured and where it is.

    python benchmarks/telemetry.py [--repeat 7] [--json]

How often a request comes to the way out (`Outlet`) is counted in real runs of an agent with all stations at work: a
chain, windows, tasks, a store, compactions. Then each of those calls is timed, and a request's cost is their sum. The
second part does the same with OpenTelemetry's SDK and an exporter that does nothing, if the SDK is installed (`pip
install opentelemetry-sdk`; it comes with Logfire). Nothing is asserted, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from statistics import median
from timeit import timeit
from typing import Any

from opentelemetry import trace
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import CapacityModel, Compactor, HistoryPolicy, LedgerPolicy, Policy, Store, TaskPolicy
from compactor.capacity.limits import Limit
from compactor.capacity.windows import WindowState
from compactor.policy import CapacityPolicy, TelemetryPolicy
from compactor.request.task import Task
from compactor.telemetry import events
from compactor.telemetry.outlet import Outlet

REQUESTS = 60
WANTED = 10.0
"""Microseconds of a request, unconfigured, that telemetry may take."""


@dataclass(frozen=True)
class Row:
    """One kind of call: how often a request makes it, and microseconds of one (median of the repeats)."""

    name: str
    calls: float
    us: float

    @property
    def of_request(self) -> float:
        """Microseconds that a request pays for it."""
        return self.calls * self.us


@contextmanager
def counting(made: Counter[str], told: list[events.Event], states: list[tuple[WindowState, ...]]) -> Iterator[None]:
    """Counts every call of the way out, and keeps what it was called with."""
    kept = {name: vars(Outlet)[name] for name in ('open', 'send', 'left', 'spent')}

    def is_open(self: Outlet) -> bool:
        made['open'] += 1
        return bool(kept['open'].fget(self))

    def send(self: Outlet, event: events.Event) -> None:
        made[f'send {type(event).__name__}'] += 1
        told.append(event)

    def left(self: Outlet, found: tuple[WindowState, ...]) -> None:
        made['left'] += 1
        states.append(found)

    def spent(self: Outlet, kind: str, model: str, cost: Decimal | None) -> None:
        made['spent'] += 1

    for name, value in (('open', property(is_open)), ('send', send), ('left', left), ('spent', spent)):
        setattr(Outlet, name, value)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(Outlet, name, value)


def live() -> None:
    """A run with every station at work."""
    policy = Policy(
        history=HistoryPolicy(max_input_tokens=10_000, compaction_threshold=0.4),
        tasks=TaskPolicy(max_output_by_task={Task.CODE_GENERATION: 400}),
        capacity=CapacityPolicy(limits=(Limit('*', 'tokens', 'minute', 10_000_000),)),
        ledger=LedgerPolicy(prices={'*': {'input': Decimal(1), 'output': Decimal(4)}}),
    )
    asked = 0

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        nonlocal asked
        asked += 1
        return ModelResponse(parts=[TextPart('Done.') if asked == REQUESTS else ToolCallPart('read', {'n': asked})])

    store = Store.open('sqlite://')
    compactor: Compactor[None] = Compactor(policy, store=store)
    agent = Agent(CapacityModel(FunctionModel(answer), policy=policy), capabilities=[compactor])

    @agent.tool_plain
    def read(n: int) -> str:
        return ' '.join(f'word{n + i}' for i in range(200))

    asyncio.run(_to_its_end(agent))
    store.close()


async def _to_its_end(agent: Agent[None, Any]) -> None:
    from pydantic_ai.usage import UsageLimits

    await agent.run('Implement the parser.', usage_limits=UsageLimits(request_limit=None))


def calls() -> tuple[dict[str, float], dict[str, Callable[[], object]]]:
    """How often each call is made in a request, and how to make it."""
    made: Counter[str] = Counter()
    told: list[events.Event] = []
    states: list[tuple[WindowState, ...]] = []
    with counting(made, told, states):
        live()
    outlet = Outlet(TelemetryPolicy())
    sample = {type(event).__name__: event for event in told}
    found = next((one for one in states if one), ())
    how: dict[str, Callable[[], object]] = {
        'open': lambda: outlet.open,
        'left': lambda: outlet.left(found),
        'spent': lambda: outlet.spent('request', 'openai:gpt-5', Decimal('0.01')),
    }
    for name, event in sample.items():
        how[f'send {name}'] = partial(outlet.send, event)
    return {name: n / REQUESTS for name, n in made.items()}, how


def measured(repeat: int) -> list[Row]:
    """Every call of a request, as it is configured now."""
    often, how = calls()
    rows = []
    for name, calls_ in sorted(often.items()):
        times = [timeit(how[name], number=2_000) / 2_000 * 1e6 for _ in range(repeat)]
        rows.append(Row(name, calls_, median(times)))
    return rows


def configure() -> bool:
    """Configures OpenTelemetry with an exporter that does nothing; False where the SDK is not installed."""
    try:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
    except ImportError:
        return False

    class Nowhere(SpanExporter):
        def export(self, spans: object) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    trace.set_tracer_provider(provider)
    return True


def shown(title: str, rows: list[Row], wanted: float | None) -> None:
    """Prints a table, and its sum."""
    width = max(len(row.name) for row in rows)
    print(f'{title:{width + 12}}  calls a request  us a call  us a request')
    for row in rows:
        print(f'{row.name:{width + 12}}  {row.calls:15.2f}  {row.us:9.2f}  {row.of_request:12.2f}')
    total = sum(row.of_request for row in rows)
    verdict = '' if wanted is None else f'  < {wanted:g}  {"ok" if total < wanted else "MISSED"}'
    print(f'{"in all":{width + 12}}  {"":15}  {"":9}  {total:12.2f}{verdict}\n')


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeat', type=int, default=7, help='samples of 2,000 calls a figure; it is their median')
    parser.add_argument('--json', action='store_true', help='print JSON instead of the tables')
    options = parser.parse_args()
    plain = measured(options.repeat)
    with_sdk = measured(options.repeat) if configure() else []
    if options.json:
        told = {'unconfigured': plain, 'configured': with_sdk}
        print(json.dumps({name: [asdict(row) for row in rows] for name, rows in told.items()}, indent=2))
        return
    shown('unconfigured', plain, WANTED)
    if with_sdk:
        shown('SDK, exporter that does nothing', with_sdk, None)
    else:
        print('opentelemetry-sdk is not installed, so that is all.', file=sys.stderr)


if __name__ == '__main__':
    main()
