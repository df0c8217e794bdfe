"""How much processor time a digest of a recorded session takes: the first, the same again, and the next in a chain.

    python benchmarks/digest.py [--cut 120000] [--target 15000] [--rounds 3] [--json]

Each recorded session (COMPACTOR_CORPUS) is cut where it first has so many tokens. It is read and counted as it is in
a run, message by message as it arrives, which is not part of the figures. Then, in milliseconds, the least of some
rounds:

- *first*: the compaction by the default strategies in a process that has never seen a line of it.
- *ahead*: the same where the lines were read on arrival, as a run does past half of its trigger.
- *second*: the same compaction once more.
- *chain*: the compaction after that, of its result and what followed it up to as many tokens.

Asserts nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.compaction import Compaction, RequestContext
from compactor.digest.evidence import lines_of
from compactor.history.message import Message
from compactor.history.track import Tracker
from compactor.pipeline import drive, fit
from compactor.policy import HistoryPolicy
from compactor.tokens.counter import counter_for
from compactor.tokens.encodings import encoding
from compactor.tokens.memo import TextMemo
from retention.sessions import recorded

COUNTER = counter_for('gpt-4o')
CONTEXT = RequestContext(counter=COUNTER)


@dataclass(frozen=True)
class Row:
    """One session; times in milliseconds of processor time, None where the session is too short for it."""

    session: str
    messages: int
    tokens: int
    first: float
    ahead: float
    second: float
    chain: float | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each session and their median."""
    options = _options(arguments)
    rows = []
    for talk in recorded(least=options.cut):
        at = _cut(talk.messages, options.cut)
        if at is None:
            continue
        rows.append(_row(f'{talk.source}/{talk.id[:12]}', talk.messages, at, options))
        if not options.json:
            _print(rows[-1])
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    elif rows:
        _print(
            Row(
                'median',
                round(median(row.messages for row in rows)),
                round(median(row.tokens for row in rows)),
                median(row.first for row in rows),
                median(row.ahead for row in rows),
                median(row.second for row in rows),
                median([row.chain for row in rows if row.chain is not None] or [0.0]),
            )
        )


def _row(name: str, messages: list[ModelMessage], at: int, options: argparse.Namespace) -> Row:
    first, ahead, chain = [], [], []
    second: list[float] = []
    for _ in range(options.rounds):
        tracker = _arrived(messages[:at])
        took, compacted = _timed(tracker, options.target)
        first.append(took)
        second.append(_timed(tracker, options.target)[0])
        tracker = _arrived(messages[:at])
        for message in tracker.messages:
            for part in message.parts:
                lines_of(part)
        ahead.append(_timed(tracker, options.target)[0])
        grown = [*FORMAT.write(compacted.messages), *messages[at:]]
        end = _cut(grown, options.cut)
        if end is not None:
            tracker = Tracker(FORMAT.reader(COUNTER))
            tracker.update(grown[:end])
            chain.append(_timed(tracker, options.target)[0])
    tokens = tracker.tokens
    return Row(name, at, tokens, min(first), min(ahead), min(second), min(chain) if chain else None)


def _arrived(messages: list[ModelMessage]) -> Tracker:
    """The history as a run has it: read and counted, nothing else of it known."""
    _forget()
    tracker = Tracker(FORMAT.reader(COUNTER))
    for n in range(1, len(messages) + 1):
        tracker.update(messages[:n])
    return tracker


def _timed(tracker: Tracker, target: int) -> tuple[float, Compaction[Message]]:
    gc.collect()
    began = time.process_time()
    compacted = drive(fit(tracker, HistoryPolicy(), CONTEXT, target=target))
    return (time.process_time() - began) * 1_000, compacted


def _cut(messages: Sequence[ModelMessage], tokens: int) -> int | None:
    """Where a history first has so many tokens, before a response; None if it never has."""
    total = 0
    for index, message in enumerate(FORMAT.reader(COUNTER).read(messages)):
        if total >= tokens and message.role == 'response' and index:
            return index
        total += message.tokens
    return None


def _forget() -> None:
    """Everything that is remembered of texts."""
    for memo in _MEMOS:
        memo.clear()
    for forget in _CACHES:
        forget()


def _memos() -> list[TextMemo[Any]]:
    encoding(COUNTER.encoding)
    return [one for one in gc.get_objects() if isinstance(one, TextMemo)]


def _caches() -> list[Callable[[], None]]:
    modules = [module for name, module in sys.modules.items() if name.startswith('compactor.digest')]
    return [one.cache_clear for module in modules for one in vars(module).values() if hasattr(one, 'cache_clear')]


_MEMOS = _memos()
_CACHES = _caches()


def _print(row: Row) -> None:
    chain = f'{row.chain:7.1f}' if row.chain is not None else '      -'
    print(
        f'{row.session:34} {row.messages:5} messages {row.tokens:8,} tokens   first {row.first:7.1f}   ahead'
        f' {row.ahead:7.1f}   second {row.second:7.1f}   chain {chain}',
        flush=True,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cut', type=int, default=120_000, help='tokens at which sessions are cut (default 120,000)')
    parser.add_argument('--target', type=int, default=15_000, help='tokens of the compacted history (default 15,000)')
    parser.add_argument('--rounds', type=int, default=3, help='of which the least counts (default 3)')
    parser.add_argument('--json', action='store_true', help='rows as JSON')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
