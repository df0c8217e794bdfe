"""How often a history is rewritten: recorded sessions driven request by request through a `Compactor`.

    python benchmarks/rewrites.py [--limits 100000:50000,30000:15000] [--limit N] [--band SHARE] [--phases]

Before each recorded response the history so far goes through all hooks of a request, as in a run; a rewrite is a
request for which strategies were applied. Prints rewrites per 100 requests, of how many sessions and requests.
Recorded sessions: COMPACTOR_CORPUS. Asserts nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from compactor import Compactor, Policy
from compactor.telemetry.events import Compacted, Event
from retention.laws import mended, size, view
from retention.sessions import recorded
from sides import ENDLESS, Requests, sent_by

LIMITS = '100000:50000,30000:15000'


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each pair of limits."""
    options = _options(arguments)
    for pair in options.limits.split(','):
        trigger, goal = map(int, pair.split(':'))
        print(_line(trigger, goal, options), flush=True)


def _line(trigger: int, goal: int, options: argparse.Namespace) -> str:
    requests, sessions, rewrites = Requests('openai', 'gpt-4o'), 0, 0
    number = 0
    for talk in recorded(least=trigger):
        messages = mended(talk.messages)
        if size(view(messages)) < trigger:
            continue
        if options.limit is not None and sessions >= options.limit:
            break
        found = _session(messages, trigger, goal, options, requests)
        sessions, number, rewrites = sessions + 1, number + found[0], rewrites + found[1]
    share = 100 * rewrites / number if number else 0.0
    counted = f'{rewrites} of {number:,}, {sessions} sessions'
    return f'{trigger:,} -> {goal:,}: {share:.2f} rewrites per 100 requests ({counted})'


def _session(
    messages: list[Any], trigger: int, goal: int, options: argparse.Namespace, requests: Requests
) -> tuple[int, int]:
    """Requests and rewrites of one session."""
    heard: list[Event] = []
    history: dict[str, Any] = {
        'max_input_tokens': 2 * trigger,
        'compaction_threshold': 0.5,
        'goal_ratio': goal / trigger,
        'phases': options.phases,
    }
    if options.band is not None:
        history['band'] = options.band
    policy = Policy.load(environment={}, preset='default', history=history, tokens={'windows': {'*': ENDLESS}})
    compactor: Compactor[None] = Compactor(policy, on_event=heard.append, persist=False)
    number = 0
    for at, message in enumerate(messages):
        if message.kind == 'response' and at:
            sent_by(compactor, requests.pair(messages[:at], 'recorded'))
            number += 1
    return number, sum(isinstance(event, Compacted) for event in heard)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--limits', default=LIMITS, help=f'trigger:goal in tokens, comma-separated (default {LIMITS})')
    parser.add_argument('--limit', type=int, help='at most so many sessions')
    parser.add_argument('--band', type=float, help='history.band (default: by size)')
    parser.add_argument('--phases', action='store_true', help='history.phases')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
