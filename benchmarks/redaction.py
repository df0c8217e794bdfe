"""Secrets: what is found by rule and by context, what is redacted in vain, and which copies hold any.

    python -m benchmarks.redaction [--channels] [--by-rule]

Every row of the tables has a made-up sample; each stands in each context. Recorded outputs and conversations
(`COMPACTOR_CORPUS`) hold no secret, so whatever changes in them changes in vain. Exits with 1 where a copy holds one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.corpus import corpus_root, tool_outputs
from tests.secrets.channels import COPIES, lived
from tests.secrets.samples import DRESSES, KEY_DRESSES, bodies, key_lines, rows, whole

from compactor.archive.bare import bare_message
from compactor.secrets.redact import HIGH_CONFIDENCE, redact
from compactor.secrets.rule import contexts, services, tokens

SEEDS = tuple('ab')
OWN_FORM = {**tokens(), **contexts()}


def found(name: str, dress: str, seed: str) -> bool:
    """Whether a row's secret is gone from its text, also in the two halves that a colour makes of it."""
    text, secret = whole(rows()[name], seed)
    shown = redact(DRESSES[dress](text))
    return secret not in shown and secret[:9] + '\x1b[31m' + secret[9:] not in shown


def recall(by_rule: bool) -> None:
    """By context over all rules with a form of their own; by rule over all contexts, where it is not all."""
    missed = [(n, d) for n in OWN_FORM for d in DRESSES if not all(found(n, d, seed) for seed in SEEDS)]
    print(f'{len(OWN_FORM)} rules with a form of their own, {len(services())} services by name\n')
    print(f'{"context":<16}{"found":>8}')
    for dress in DRESSES:
        print(f'{dress:<16}{1 - sum(d == dress for _, d in missed) / len(OWN_FORM):>8.3f}')
    total = len(OWN_FORM) * len(DRESSES)
    print(f'{"all":<16}{1 - len(missed) / total:>8.3f}\n')
    lines = key_lines()
    left = {dress: sum(line in redact(made(lines)) for line in bodies(lines)) for dress, made in KEY_DRESSES.items()}
    print(f'lines left of a private key in {len(left)} readers: {sum(left.values())}\n')
    if by_rule:
        for name in OWN_FORM:
            where = [d for n, d in missed if n == name]
            print(f'{name:<40}{1 - len(where) / len(DRESSES):>8.3f}  {", ".join(where)}')


def messages() -> Iterator[Any]:
    """Every message of every recorded conversation."""
    root = corpus_root()
    assert root is not None
    for file in sorted((root / 'conversations').glob('*.jsonl.gz')):
        with gzip.open(file, 'rt', encoding='utf-8') as lines:
            for line in lines:
                yield from json.loads(line)['messages']


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else [*value, *value.values()]:
            yield from texts(item)


def in_vain() -> None:
    """What changes of recorded outputs, of the texts of conversations, and of their messages as an archive has them."""
    if corpus_root() is None:
        print('recorded conversations not found: set COMPACTOR_CORPUS')
        return
    outputs = [output.text for output in tool_outputs()]
    print(f'recorded outputs     {sum(redact(text) is not text for text in outputs):>4} of {len(outputs):,}')
    said: set[str] = set()
    dumped: set[bytes] = set()
    for message in messages():
        dumped.add(json.dumps([message], ensure_ascii=False).encode('utf-8', 'surrogatepass'))
        for part in message['parts']:
            said.update(texts([part.get(name) for name in ('content', 'args', 'tool_name')]))
    print(f'texts                {sum(redact(text) is not text for text in said):>4} of {len(said):,}')
    began = time.process_time()
    changed = sum(bare_message(data, HIGH_CONFIDENCE) is not data for data in dumped)
    spent = (time.process_time() - began) / sum(map(len, dumped)) * 40_000 * 1_000
    print(f'messages in archives {changed:>4} of {len(dumped):,}, {spent:.2f} ms of the processor for 40 KB\n')


def channels() -> int:
    """How often each channel's secret is found in each copy; how many copies hold any."""
    with tempfile.TemporaryDirectory() as folder:
        table = lived(Path(folder)).table()
    columns = (*COPIES, 'record', 'wire')
    for number, name in enumerate(columns, 1):
        print(f'{number:>3} {name}')
    print('\n' + f'{"channel":<24}' + ''.join(f'{number:>4}' for number in range(1, len(columns) + 1)))
    for channel, row in table.items():
        print(f'{channel:<24}' + ''.join(f'{row[name]:>4}' for name in columns))
    return sum(row[copy] for row in table.values() for copy in COPIES)


def main() -> int:
    """The tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--channels', action='store_true', help='only the table of channels and copies')
    parser.add_argument('--by-rule', action='store_true', help='also each rule with the contexts in which it is missed')
    wanted = parser.parse_args()
    if not wanted.channels:
        recall(wanted.by_rule)
        in_vain()
    return 1 if channels() else 0


if __name__ == '__main__':
    sys.exit(main())
