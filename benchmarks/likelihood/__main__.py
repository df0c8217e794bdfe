"""`python -m benchmarks.likelihood`: how likely a real model finds the recorded next actions after each compaction.

    run   --model GGUF --out FILE [--target 8000] [--cuts 24] [--methods ours,v0.1,harness tiered]
    table FILE [--methods ...] [--base ours]

`run` goes cut by cut, writes a line after each method, and skips what the file has: it may be stopped at any time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retention.laws import size, view
from retention.measure import score

from .cuts import Cut, case, cuts
from .table import losing, printed

METHODS = 'ours,v0.1,harness tiered'


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what is asked for."""
    options = _options(arguments)
    options.run(options)


def run(options: argparse.Namespace) -> None:
    """Reads cuts, and writes a line for each cut and method."""
    from .asked import asked, rendered
    from .gemma import Gemma
    from .methods import METHODS as KNOWN
    from .vocabulary import Vocabulary

    vocabulary, model = Vocabulary(options.model), Gemma(options.model)
    done = {(row['id'], row['target'], row['method']) for row in _rows(options.out)}
    for cut in cuts()[: options.cuts]:
        methods = [one for one in options.methods.split(',') if (cut.id, options.target, one) not in done]
        if not methods:
            continue
        talk, prepared = case(cut)
        suffixes = asked(prepared.history, talk.messages[cut.step :], vocabulary)
        for name in methods:
            began = time.process_time()
            made = KNOWN[name](prepared.history, options.target)
            context = vocabulary.tokens(rendered(made), first=True)
            nats = model.score(context, [one.tokens for one in suffixes])
            kept = score(prepared, made)
            row = {
                **_of(cut, name, options.target),
                'tokens': size(view(made)),
                'context': len(context),
                'evidence': kept.evidence,
                'actions': kept.actions,
                'unlawful': kept.unlawful,
                'nats': _sums(suffixes, nats),
                'cpu': round(time.process_time() - began, 1),
            }
            with options.out.open('a', encoding='utf-8') as file:
                file.write(json.dumps(row) + '\n')
            means = {key: round(total / number, 3) for key, (number, total) in row['nats'].items() if number}
            print(cut.source[:6], cut.id[:8], name, row['tokens'], means, row['cpu'], flush=True)


def table(options: argparse.Namespace) -> None:
    """Prints what a file holds."""
    cuts: dict[tuple[str, int], dict[str, Any]] = {}
    for row in _rows(options.out):
        if not options.target or row['target'] == options.target:
            cuts.setdefault((row['id'], row['target']), {})[row['method']] = row
    methods = options.methods.split(',')
    print(printed(list(cuts.values()), methods, options.base))
    for method in methods:
        if method != options.base:
            worst = losing(list(cuts.values()), options.base, method)
            print(f'\nlater better after {method}: ' + ', '.join(f'{id} {by:+.2f}' for by, id in worst[:5]))


def _sums(suffixes: Sequence[Any], nats: Sequence[Sequence[float]]) -> dict[str, tuple[int, float]]:
    """Tokens and nats by what was asked, all and of old names."""
    sums = dict.fromkeys(('next', 'next_old', 'later', 'later_old'), (0, 0.0))
    for one, values in zip(suffixes, nats, strict=True):
        for mark, value in zip(one.marks, values, strict=True):
            keys = () if mark < 0 else (one.kind,) if mark == 0 else (one.kind, f'{one.kind}_old')
            for key in keys:
                sums[key] = sums[key][0] + 1, sums[key][1] + value
    return sums


def _of(cut: Cut, method: str, target: int) -> dict[str, Any]:
    return {'source': cut.source, 'id': cut.id, 'step': cut.step, 'target': target, 'method': method}


def _rows(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding='utf-8').splitlines()]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.likelihood', description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, function in (('run', run), ('table', table)):
        command = commands.add_parser(name)
        command.add_argument('--out', type=Path, required=True, help='the file of results, a line each')
        command.add_argument('--methods', default=METHODS, help=f'comma-separated (default {METHODS})')
        command.add_argument('--target', type=int, default=8_000 if name == 'run' else 0, help='tokens of a result')
        command.set_defaults(run=function)
        if name == 'run':
            command.add_argument('--model', type=Path, required=True, help='a Gemma 3 as GGUF')
            command.add_argument('--cuts', type=int, default=24, help='only the first so many')
        else:
            command.add_argument('--base', default='ours', help='what the others are compared with')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
