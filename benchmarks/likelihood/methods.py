"""What is compared: the default policy, the same without bands, version 0.1, and the official harness's strategies.

The harness gets the largest target whose result is not larger than ours: it overshoots what it is told.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

from compactor import HistoryPolicy, Policy, compact
from retention import harness
from retention.laws import MODEL, size, view

History = Sequence[ModelMessage]
Method = Callable[[History, int], History]
EARLIER = 'LIKELIHOOD_EARLIER'
"""The environment variable that names the `src` folder of version 0.1 (commit eeedc34)."""
STEPS = 12
"""Halvings in which a target is found."""
_EARLIER = """
import sys
from pydantic_ai.messages import ModelMessagesTypeAdapter as of
from compactor import compact
made = compact(of.validate_json(sys.stdin.buffer.read()), target_tokens=int(sys.argv[1]), model=sys.argv[2])
sys.stdout.buffer.write(of.dump_json(list(made.messages)))
"""


def ours(history: History, target: int) -> History:
    """The default policy."""
    return compact(history, target_tokens=target, model=MODEL).messages


def banded(share: float) -> Method:
    """The default policy with this share of the target for bands; 0 is the digest alone."""
    policy = Policy(history=HistoryPolicy(band=share))
    return lambda history, target: compact(history, policy, target_tokens=target, model=MODEL).messages


def earlier(history: History, target: int) -> History:
    """Version 0.1, in a process of its own.

    Raises:
        SystemExit: nobody said where it is.
    """
    source = os.environ.get(EARLIER)
    if not source:
        raise SystemExit(f'{EARLIER} names no src folder of version 0.1: git worktree add PATH eeedc34')
    made = subprocess.run(
        [sys.executable, '-c', _EARLIER, str(target), MODEL],
        input=ModelMessagesTypeAdapter.dump_json(list(history)),
        env={**os.environ, 'PYTHONPATH': source},
        capture_output=True,
        check=True,
    )
    return ModelMessagesTypeAdapter.validate_json(made.stdout)


def within(method: Method) -> Method:
    """A peer at the largest target whose result is not larger than ours."""

    def run(history: History, target: int) -> History:
        most = size(view(ours(history, target)))
        low, high, best = 0, target * 2, method(history, 1)
        for _ in range(STEPS):
            middle = (low + high) // 2
            found = method(history, middle)
            if size(view(found)) <= most:
                low, best = middle, found
            else:
                high = middle
        return best

    return run


def window(history: History, target: int) -> History:
    """Our window alone."""
    policy = Policy(history=HistoryPolicy(strategies=('window', 'clamp')))
    return compact(history, policy, target_tokens=target, model=MODEL).messages


METHODS: Mapping[str, Method] = {
    'ours': ours,
    'digest': banded(0),
    **{f'band .{tenths}': banded(tenths / 10) for tenths in range(1, 8)},
    'v0.1': earlier,
    'harness tiered': within(harness.tiered),
    'harness sliding': within(harness.sliding),
    'window': window,
}
