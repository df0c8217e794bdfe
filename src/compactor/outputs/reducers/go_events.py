"""Events of `go test -json`: they stay a value of JSON a line, a line for each failing test and what it said.

{"Action":"fail","Package":"acme/cart","Test":"TestTotal/line_7","Output":"cart_test.go:5: want 22, got 21"}
{"Action":"fail","Package":"acme/cart"}
"[334 of 340 events left out]"
"""

from __future__ import annotations

import json

from compactor.outputs.allowance import Allowance
from compactor.outputs.json_text.parts import dumped
from compactor.outputs.logs.cards import Card, cards_of
from compactor.outputs.logs.runners import from_go_json, holds_go_events
from compactor.outputs.logs.stacks import stacks_of
from compactor.outputs.logs.testlog import read
from compactor.outputs.pieces import Piece, pick, unmarked
from compactor.outputs.reducers.failures import fitted

RAW = 300
"""Characters of a line that is no event."""


def reduce_go_events(text: str, allowance: Allowance) -> str | None:
    """See the module; None where the text is something else."""
    plain = from_go_json(text) if holds_go_events(text) else None
    if plain is None:
        return None
    lines = plain.split('\n')
    log = read(lines)
    heads = frozenset(i for stack in stacks_of(lines) for i in stack.heads)
    cards = cards_of(lines, log, heads)
    packages = _packages(text)
    pieces = [Piece(dumped(line[:RAW]), -0.5) for line in text.split('\n') if line.strip() and not line.startswith('{')]
    shown = {card.failure.start for card in cards}
    pieces += [_failed(card, error, packages) for card, error in zip(cards, fitted(cards, allowance), strict=True)]
    pieces += [Piece(_event(action='fail', package=package), -0.4, 1) for package in packages.failed]
    pieces += [
        Piece(_event(action='output', output=lines[i]), 0.4)
        for i in log.outside
        if lines[i].strip() and _complains(lines[i])
    ]
    for card in cards:
        used = set(card.used)
        pieces += [
            Piece(_event(action='output', test=card.failure.name, output=lines[i]), 3.0 + min(n, 90) * 0.01)
            for n, i in enumerate(card.failure.lines[: allowance.tokens])
            if i not in used and i not in shown
        ]
    total = text.count('\n') + 1
    bare = Allowance(allowance.tokens - 4, allowance.counter, handle=allowance.handle)
    result = pick(pieces, bare, unit='events', of=max(total, sum(piece.lines for piece in pieces)), gap=unmarked)
    if result is None:
        return None
    head, _, last = result.rpartition('\n')
    return f'{head}\n{dumped(last)}' if last.startswith('[') and head else result


class _Packages:
    """Which packages failed, and in which package each test is."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.of: dict[str, str] = {}


def _packages(text: str) -> _Packages:
    found = _Packages()
    for line in text.split('\n'):
        if '"fail"' not in line:
            continue
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get('Action') == 'fail':
            package, test = str(event.get('Package', '')), event.get('Test')
            if isinstance(test, str):
                found.of.setdefault(test, package)
            elif package:
                found.failed.append(package)
    return found


def _failed(card: Card, error: str, packages: _Packages) -> Piece:
    name = card.failure.name
    return Piece(
        _event(action='fail', package=packages.of.get(name, ''), test=name, output=error), -1.0, len(card.used)
    )


def _event(*, action: str, package: str = '', test: str = '', output: str = '') -> str:
    """An event as JSON, without what it does not say."""
    pairs = {'Action': action, 'Package': package, 'Test': test, 'Output': output}
    return '{' + ','.join(f'{dumped(key)}:{dumped(value)}' for key, value in pairs.items() if value) + '}'


def _complains(line: str) -> bool:
    return line.startswith(('# ', 'panic', 'FAIL\t')) or '.go:' in line
