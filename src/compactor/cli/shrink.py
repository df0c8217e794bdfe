"""`compactor shrink`: what a model would be shown of an output, for trying budgets out and for pipes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.screen import as_json, complain
from compactor.errors import ConfigError
from compactor.sources import STANDARD_INPUT


def shrink(
    file: Annotated[Path, typer.Argument(metavar='FILE', help='What a tool returned; - for standard input.')],
    tokens: Annotated[
        int,
        typer.Option('--tokens', '-n', parser=tokens_from(16), metavar='N', help='Tokens at most, such as 2000 or 2k.'),
    ] = 2_000,
    tool: Annotated[str | None, typer.Option('--tool', metavar='NAME', help='The tool that returned it.')] = None,
    command: Annotated[
        str | None, typer.Option('--command', metavar='LINE', help='The command line, where it was a shell.')
    ] = None,
    kind: Annotated[
        str | None, typer.Option('--kind', metavar='KIND', help='What it is (default: it is detected).')
    ] = None,
    narrowing: Annotated[
        str | None, typer.Option('--narrowing', metavar='HOW', help='smart_summary, heads_tails or error_only.')
    ] = None,
    question: Annotated[
        str, typer.Option('--question', metavar='TEXT', help='What it is wanted for; what it names is kept first.')
    ] = '',
    model: Annotated[str | None, typer.Option('--model', metavar='NAME', help='Model to count for.')] = None,
    keep_secrets: Annotated[bool, typer.Option('--keep-secrets', help='Redact nothing.')] = False,
    explain: Annotated[bool, typer.Option('--explain', help='Say why it was taken for what it is.')] = False,
    json: Annotated[bool, typer.Option('--json', help='Print JSON: text, kind, level and sizes.')] = False,
) -> None:
    """Bring the output of a tool within a number of tokens, by what it is.

    The result goes to standard output, what became of it to standard error.
    """
    text = _text(file)
    from compactor.outputs.shrink import shrink as shrunk_to
    from compactor.secrets.redact import HIGH_CONFIDENCE

    shrunk = shrunk_to(
        text,
        tokens,
        tool=tool,
        kind=kind,
        narrowing=narrowing,
        arguments={'command': command} if command else {},
        question=question,
        model=model,
        secrets=None if keep_secrets else HIGH_CONFIDENCE,
    )
    if json:
        account = {
            'text': shrunk.text,
            'kind': shrunk.kind.value,
            'why': shrunk.why,
            'level': shrunk.level.value,
            'tokens_before': shrunk.tokens_before,
            'tokens_after': shrunk.tokens_after,
        }
        typer.echo(as_json(account))
        return
    typer.echo(shrunk.text)
    if explain:
        from compactor.outputs.clean import clean
        from compactor.outputs.detect import explained
        from compactor.outputs.hint import hint_of

        for line in explained(clean(text), hint_of(tool, {'command': command} if command else {})):
            complain(line)
    complain(
        f'{shrunk.kind.value} ({shrunk.why}): {shrunk.level.value},'
        f' {shrunk.tokens_before:,} -> {shrunk.tokens_after:,} tokens'
    )


def _text(file: Path) -> str:
    """What the file holds, whichever of the usual encodings it is in."""
    try:
        data = sys.stdin.buffer.read() if str(file) == STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise ConfigError(f'cannot read {file}: {error.strerror or error}') from None
    from compactor.outputs.encodings import decoded

    text = decoded(data)
    return text if text is not None else data.decode('utf-8', 'replace')
