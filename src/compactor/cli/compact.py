"""`compactor compact`: brings a history file within a budget, or shows what that would do."""

from __future__ import annotations

import os
import tempfile
from collections import Counter as Tally
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.policies import Preset, policy_of
from compactor.cli.screen import as_json, facts, plain, screen, table
from compactor.cli.sessions import File, Line, Session, load
from compactor.errors import ConfigError

if TYPE_CHECKING:
    from compactor.compaction import Compaction

DECIDED = {
    'below': 'nothing to do: below the trigger of {limits.trigger:,} tokens (--target N compacts anyway)',
    'compacted': 'compacted',
    'held_back': 'put off to the next exchange, because the provider binds thinking to the history',
    'stood_aside': 'left alone, because the provider keeps this history itself',
    'paused': 'not tried again yet',
    'incompressible': 'nothing left to shrink',
}


def compact(
    file: File,
    target: Annotated[
        int | None,
        typer.Option(
            '--target',
            parser=tokens_from(1),
            metavar='N',
            help="Tokens to compact to, such as 15k (default: the preset's rules).",
        ),
    ] = None,
    preset: Preset = None,
    model: Annotated[
        str | None, typer.Option('--model', metavar='NAME', help='Model to count for; sets the window too.')
    ] = None,
    output: Annotated[
        Path | None, typer.Option('--output', '-o', metavar='FILE', help='Where to write the compacted messages.')
    ] = None,
    force: Annotated[bool, typer.Option('--force', help='Let --output overwrite FILE itself.')] = False,
    line: Line = None,
    json: Annotated[
        bool, typer.Option('--json', help='Print JSON; without --output it holds the messages too.')
    ] = False,
) -> None:
    """Compact a history file; without --output and --json, only show what that would do."""
    if output is not None and not force and _same_file(output, file):
        raise ConfigError(f'{output} is the input itself: name another file, or add --force')
    session = load(file, line)
    session.tell_left_out()
    policy = policy_of(preset, model)
    # Imported here, so that `--help` and typing mistakes do not wait for pydantic-ai.
    from compactor.adapters.pydantic_ai.messages.compact import compact as compacted
    from compactor.adapters.pydantic_ai.messages.stored import as_json as stored

    compaction = compacted(session.messages, policy, target_tokens=target, model=model)
    data = stored(compaction.messages)
    if output is not None:
        _write(output, data + b'\n')
    if json:
        typer.echo(as_json(account(session, compaction, output, data)))
    else:
        _show(session, compaction, output)


def _same_file(output: Path, file: Path) -> bool:
    with suppress(OSError):
        return output.samefile(file)
    return output.absolute() == file.absolute()


def _write(path: Path, data: bytes) -> None:
    """Writes the file whole or not at all: whoever reads it meanwhile sees the old content or the new."""
    target = path.resolve()  # a link stays a link
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f'.{target.name}.')
        try:
            with os.fdopen(handle, 'wb') as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ConfigError(f'cannot write {path}: {error.strerror or error}') from None


def _umask() -> int:
    """The process's mask; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _removed(compaction: Compaction[Any]) -> Iterator[tuple[str, int, int, int]]:
    """What went, most tokens first: name, parts dropped, parts reduced, tokens freed."""
    dropped: Tally[str] = Tally()
    reduced: Tally[str] = Tally()
    freed: Tally[str] = Tally()
    for one in compaction.removed:
        name = f'{one.kind.value} of {one.tool}' if one.tool else one.kind.value
        (dropped if one.how == 'dropped' else reduced)[name] += 1
        freed[name] += one.tokens
    scale = compaction.context.counter.scale
    for name, tokens in freed.most_common():
        yield name, dropped[name], reduced[name], scale(tokens)


def _repairs(compaction: Compaction[Any]) -> Tally[str]:
    return Tally(f'{r.defect} ({r.tool})' if r.tool else r.defect for r in compaction.repairs)


def _verdict(compaction: Compaction[Any]) -> str:
    if compaction.outcome in ('below', 'stood_aside', 'held_back', 'paused'):
        return DECIDED[compaction.outcome].format(limits=compaction.limits)
    what = DECIDED[compaction.outcome]
    if compaction.fits:
        return f'{what}; fits the target of {compaction.target:,}'
    over = compaction.tokens_after - compaction.target
    return f'{what}; {over:,} over the target of {compaction.target:,}, see below'


def _show(session: Session, compaction: Compaction[Any], output: Path | None) -> None:
    out = screen()
    counter = compaction.context.counter
    before, after = compaction.tokens_before, compaction.tokens_after
    rows: list[tuple[str, object]] = [
        ('history', session.name),
        ('tokens', f'{before:,} -> {after:,}' if after != before else f'{before:,}'),
        ('messages', f'{len(session.messages):,} -> {len(compaction.messages):,}'),
        ('counted', f'{counter.method}, by {counter.encoding}'),
        ('result', _verdict(compaction)),
    ]
    if compaction.repairs:
        named = ', '.join(f'{number} x {defect}' for defect, number in _repairs(compaction).most_common())
        rows.append(('repairs', named))
    rows += [(f'failed: {failure.strategy}', failure.reason) for failure in compaction.failures]
    out.print(facts(rows))
    tables = [
        table('Strategies', ('', 'before', 'after'), _strategies(compaction)) if compaction.applied else None,
        table('Removed', ('', 'dropped', 'reduced', 'tokens'), _removed(compaction)) if compaction.removed else None,
        table('What holds the tokens', ('', 'tokens', 'begins'), _holders(compaction), wide='begins')
        if compaction.incompressible
        else None,
    ]
    for one in tables:
        if one is not None:
            out.print()
            out.print(one)
    out.print()
    if output is not None:
        out.print(f'written to {plain(output)}', soft_wrap=True)
    elif compaction.changed:
        out.print('nothing was written: add --output FILE')


def _strategies(compaction: Compaction[Any]) -> Iterator[tuple[str, int, int]]:
    return ((one.strategy, one.tokens_before, one.tokens_after) for one in compaction.applied)


def _holders(compaction: Compaction[Any]) -> Iterator[tuple[str, int, str]]:
    for one in compaction.incompressible:
        name = f'{one.kind} of {one.tool}' if one.tool else one.kind
        yield f'{name}, message {one.message}', one.tokens, one.begins


def account(session: Session, compaction: Compaction[Any], output: Path | None, data: bytes) -> dict[str, Any]:
    """The JSON object: what the text says, and the messages where they are not written to a file."""
    from pydantic_core import from_json

    counter = compaction.context.counter
    said = {
        'history': plain(session.name),
        'outcome': compaction.outcome,
        'changed': compaction.changed,
        'fits': compaction.fits,
        'target': compaction.target,
        'tokens_before': compaction.tokens_before,
        'tokens_after': compaction.tokens_after,
        'messages_before': len(session.messages),
        'messages_after': len(compaction.messages),
        'method': counter.method,
        'encoding': counter.encoding,
        'limits': asdict(compaction.limits),
        'strategies': [asdict(one) for one in compaction.applied],
        'failures': [asdict(one) for one in compaction.failures],
        'removed': [
            {'what': name, 'dropped': dropped, 'reduced': reduced, 'tokens': tokens}
            for name, dropped, reduced, tokens in _removed(compaction)
        ],
        'repairs': dict(_repairs(compaction)),
        'incompressible': [asdict(one) for one in compaction.incompressible],
        'left_out': [asdict(one) for one in session.left_out],
        'output': None if output is None else str(output),
    }
    return said if output is not None else {**said, 'messages': from_json(data)}
