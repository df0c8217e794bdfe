"""`compactor token count` and `compare`: files, folders, pipes, diffs and histories, counted by file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.desk.counting import Counted, Sum, counted, summed
from compactor.cli.desk.texts import Diff, History, Model, PassedOver, Paths, texts
from compactor.cli.screen import as_json, complain, facts, plain, screen, table
from compactor.cli.stores import Json, cost
from compactor.errors import ConfigError

if TYPE_CHECKING:
    from compactor.routing.recommend import Recommendation

SHOWN = 20
"""Files in the table, the largest."""


def count(
    what: Paths = None,
    model: Model = None,
    most: Annotated[
        int | None,
        typer.Option('--max', parser=tokens_from(0), metavar='N', help='End with exit code 1 above so many tokens.'),
    ] = None,
    diff: Diff = None,
    history: History = None,
    verbose: Annotated[bool, typer.Option('--verbose', '-v', help='Every file, and models that it suits.')] = False,
    html: Annotated[Path | None, typer.Option('--html', metavar='FILE', help='Write a page with a map of it.')] = None,
    json: Json = False,
) -> None:
    """Count tokens: with the bound of the error, the share of the window, and what so much input costs.

    A count above --max ends with exit code 1, so that a build can guard a prompt's size.
    """
    from compactor.tokens.counter import counter_for

    passed = PassedOver()
    counter = counter_for(model)
    files = list(counted(texts(what, passed, diff=diff, history=history), counter))
    whole = summed(sum(one.tokens for one in files), counter)
    by_file = [Counted(one.name, counter.scale(one.tokens), one.characters) for one in files]
    by_file.sort(key=lambda one: -one.tokens)
    passed.tell()
    if html is not None:
        from compactor.cli.desk.treemap import page

        try:
            html.write_text(page(by_file, whole, ' '.join(what or ()) or 'tokens'), encoding='utf-8')
        except OSError as error:
            raise ConfigError(f'cannot write {html}: {error.strerror or error}') from None
    if json:
        account = {
            **whole.to_json(),
            'files': [{'name': plain(one.name), 'tokens': one.tokens, 'characters': one.characters} for one in by_file],
            'passed_over': passed.number,
        }
        if verbose:
            account['recommended'] = [one.to_json() for one in _suited(whole)]
        typer.echo(as_json(account))
    else:
        _show(by_file, whole, verbose)
    if most is not None and whole.tokens > most:
        complain(f'{whole.tokens:,} tokens are more than the {most:,} of --max')
        raise typer.Exit(1)


def _show(files: list[Counted], whole: Sum, verbose: bool) -> None:
    out = screen()
    out.print(facts(list(_facts(whole, len(files)))))
    if len(files) > 1:
        shown = files if verbose else files[:SHOWN]
        rows = ((one.name, one.tokens, f'{one.tokens / max(1, whole.tokens):.1%}') for one in shown)
        out.print()
        out.print(table('By file', ('', 'tokens', 'share'), rows))
        if len(shown) < len(files):
            out.print(f'and {len(files) - len(shown):,} more; --verbose shows them')
    if verbose:
        suited = _suited(whole)[:5]
        out.print()
        out.print(table('Models that it suits', ('', 'why'), ((one.model, one.why) for one in suited), wide='why'))


def _facts(whole: Sum, files: int) -> Iterator[tuple[str, object]]:
    bound = '' if whole.least == whole.most else f', probably {whole.least:,} to {whole.most:,}'
    named = whole.model or 'no model named'
    yield 'Token Count', f'{whole.tokens:,} ({whole.method}{bound})'
    yield 'Model', f'{named}, counted by {whole.encoding}'
    if files > 1:
        yield 'Files', f'{files:,}'
    if whole.share is not None and whole.window is not None:
        yield 'Usage', f'{whole.share:.1%} of context ({whole.window:,} tokens)'
        yield 'Budget', f'{whole.budget:,} tokens are 70 % of it'
    elif whole.model:
        yield 'Usage', 'window unknown'
    if whole.model:
        yield 'Cost', f'{cost(whole.cost)} as input'


def _suited(whole: Sum) -> list[Recommendation]:
    from compactor.cli.desk.models import recommended_for

    return recommended_for(whole.base)[0]


def compare(
    what: Paths = None,
    model: Annotated[
        list[str] | None, typer.Option('--model', metavar='NAME', help='A model to compare; repeatable.')
    ] = None,
    diff: Diff = None,
    history: History = None,
    json: Json = False,
) -> None:
    """Compare what the same texts are for several models: tokens, error bound, share of the window, price."""
    from compactor.tokens.counter import counter_for

    names = list(dict.fromkeys(model or ()))
    if len(names) < 2:
        raise ConfigError('name two models at least: --model gpt-4 --model claude-3-opus')
    passed = PassedOver()
    counters = [counter_for(name) for name in names]
    encodings = {one.encoding: one.in_units() for one in counters}
    bases = dict.fromkeys(encodings, 0)
    # Read once: standard input is there only once, and a folder is not read for each model.
    for name, text in texts(what, passed, diff=diff, history=history):
        for encoding, counter in encodings.items():
            bases[encoding] += sum(one.tokens for one in counted([(name, text)], counter))
    passed.tell()
    sums = [summed(bases[one.encoding], one) for one in counters]
    if json:
        typer.echo(as_json([one.to_json() for one in sums]))
        return
    columns = ('', 'tokens', 'at least', 'at most', 'window', 'share', 'cost', 'method')
    screen().print(table('', columns, map(_row, sums)))


def _row(one: Sum) -> tuple[object, ...]:
    window: object = '-' if one.window is None else one.window
    share = '-' if one.share is None else f'{one.share:.1%}'
    return one.model, one.tokens, one.least, one.most, window, share, cost(one.cost), one.method
